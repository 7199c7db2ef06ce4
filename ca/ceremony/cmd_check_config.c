/* Before a ceremony: do pki.yaml, rules.yaml and the profiles hold? */
#include <stdio.h>

#include "ca/commands.h"
#include "ca/quorum.h"

static enum pki_status
print(const struct pki_policy *policy, const struct pki_args *args, struct pki_err *err)
{
	if (!pki_arg_flag(args, "json")) {
		printf("%-14s %zu profiles, digest %s\n", "policy", policy->profile_count,
			policy->digest);
		printf("%-14s version %s\n", "terms", policy->terms_version);
		printf("configuration and policy are accepted\n");
		return PKI_OK;
	}
	PKI_CLEANUP(pki_json_free) struct pki_json json = pki_json_object();
	pki_json_text(&json, "policy", policy->digest);
	pki_json_number(&json, "profiles", (int64_t)policy->profile_count);
	pki_json_text(&json, "terms", policy->terms_version);
	return pki_json_print(&json, stdout, err);
}

enum pki_status
ca_cmd_check_config(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	PKI_CLEANUP(pki_conf_cleanup) struct pki_conf *conf = NULL;
	PKI_CLEANUP(pki_policy_cleanup) struct pki_policy *policy = NULL;
	(void)ctx;
	PKI_TRY(pki_conf_load(pki_arg(args, "config"), &conf, err));
	PKI_TRY(pki_policy_load(conf->policy, &policy, err));
	PKI_TRY(pki_policy_check(policy, conf->policy, err));
	PKI_TRY(quorum_configured(conf, policy, err));
	return print(policy, args, err);
}
