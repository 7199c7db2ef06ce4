/* What a policy that can be loaded may still be wrong in. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "libpki/base/file.h"
#include "libpki/state/policy.h"

#define ANY_POLICY "2.5.29.32.0" /* RFC 5280 4.2.1.4 */

unsigned
pki_policy_signatures(const struct pki_order_rule *rule)
{
	unsigned total = 0;
	for (size_t i = 0; i < rule->need_count; i++)
		total += (unsigned)rule->needs[i].count;
	return total;
}

bool
pki_policy_needs_two(const struct pki_policy *policy, const struct pki_order_rule *rule)
{
	if (rule->action != PKI_ACTION_ISSUE)
		return false;
	/* a responder renews its own short-lived certificate */
	for (size_t i = 0; i < rule->profile_count; i++) {
		const struct pki_profile *profile =
			pki_policy_profile(policy, rule->profiles[i]);
		if (profile != NULL && profile->kind != PKI_KIND_RESPONDER)
			return true;
	}
	return false;
}

static enum pki_status
check_order_rules(const struct pki_policy *policy, struct pki_err *err)
{
	for (size_t i = 0; i < policy->order_count; i++) {
		const struct pki_order_rule *rule = &policy->orders[i];
		if (pki_policy_needs_two(policy, rule) && pki_policy_signatures(rule) < 2)
			return pki_fail_rule(err, PKI_CONFIG, PKI_RULE_SIGNATURES,
				"one signature issues %s; a first issue takes two officers: raise count, or add a line of signatures",
				rule->profiles[0]);
	}
	return PKI_OK;
}

/* The text is terms-VERSION.txt beside rules.yaml. */
static enum pki_status
check_terms(const struct pki_policy *policy, const char *dir, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	char path[PATH_MAX], digest[PKI_SHA256_HEX];
	int len = snprintf(
		path, sizeof path, "%s/terms-%s.txt", dir, policy->terms_version);
	if (len < 0 || (size_t)len >= sizeof path ||
		strchr(policy->terms_version, '/') != NULL)
		return pki_fail_rule(err, PKI_CONFIG, PKI_RULE_TERMS,
			"the version of the terms makes no file name");
	PKI_TRY(pki_file_read(path, PKI_FILE_MAX, &text, err));
	PKI_TRY(pki_sha256_hex(text.data, text.len, digest, err));
	if (strcmp(digest, policy->terms_digest) == 0)
		return PKI_OK;
	return pki_fail_rule(err, PKI_CONFIG, PKI_RULE_TERMS,
		"the digest of the terms is not that of terms-%s.txt, whose sha256sum is %s; correct digest or text",
		policy->terms_version, digest);
}

static enum pki_status
check_profile(const struct pki_policy *policy, const struct pki_profile *profile,
	struct pki_err *err)
{
	for (size_t i = 0; i < PKI_POLICY_OIDS; i++)
		if (!profile->ca && strcmp(profile->policies[i], ANY_POLICY) == 0)
			return pki_fail_rule(err, PKI_CONFIG, PKI_RULE_POLICIES,
				"anyPolicy (" ANY_POLICY
				") in a certificate that is no CA's says nothing about the certificate; name its policy");
	if (profile->kind == PKI_KIND_OFFICER)
		return PKI_OK;
	const struct pki_profile *first = pki_policy_kind(policy, profile->kind);
	if (first != profile)
		return pki_fail(err, PKI_CONFIG,
			"kind %s is that of profile %s too; keep one of the two files",
			pki_kind_name(profile->kind), first->name);
	return PKI_OK;
}

enum pki_status
pki_policy_check(const struct pki_policy *policy, const char *dir, struct pki_err *err)
{
	struct pki_err own = { 0 };
	enum pki_status status = PKI_OK;
	for (size_t i = 0; i < policy->profile_count && status == PKI_OK; i++) {
		status = check_profile(policy, &policy->profiles[i], &own);
		if (status != PKI_OK)
			pki_err_object(&own, "%s/%s.yaml", dir, policy->profiles[i].name);
	}
	if (status == PKI_OK)
		status = check_order_rules(policy, &own);
	if (status == PKI_OK)
		status = check_terms(policy, dir, &own);
	if (status != PKI_OK)
		pki_err_object(&own, "%s/rules.yaml", dir);
	return pki_err_move(err, &own);
}
