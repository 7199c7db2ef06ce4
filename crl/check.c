#include <stdio.h>
#include <string.h>

#include "crl/crld.h"

/* RFC 3339, or local time with the name of a zone */
#define LOCAL_TEXT 40

/* Where the CRL is and who must have signed it. */
struct target {
	char url[PKI_URL_TEXT];
	struct pki_cert *issuer;
};

static void
target_cleanup(struct target *target)
{
	pki_cert_free(target->issuer);
}

static enum pki_status
from_config(const struct pki_args *args, const char **url, char issuer[PATH_MAX],
	struct pki_conf *conf, struct pki_err *err)
{
	PKI_TRY(pki_conf_load(pki_arg(args, "config"), conf, err));
	if (*url == NULL)
		*url = conf->ca_urls.crl;
	return pki_conf_path(conf->publish, "ca.pem", issuer, err);
}

static enum pki_status
find_target(const struct pki_args *args, struct target *out, struct pki_err *err)
{
	const char *url = pki_arg(args, "url"), *issuer = pki_arg(args, "issuer");
	char issuer_path[PATH_MAX];
	PKI_CLEANUP(pki_free_ptr) struct pki_conf *conf = calloc(1, sizeof *conf);
	if (conf == NULL)
		return pki_fail(err, PKI_MEMORY, "configuration");
	if (url == NULL || issuer == NULL)
		PKI_TRY(from_config(args, &url, issuer_path, conf, err));
	if (strlen(url) >= sizeof out->url)
		return pki_fail(err, PKI_LIMIT, "a URL of more than %zu octets",
			sizeof out->url - 1);
	snprintf(out->url, sizeof out->url, "%s", url);
	return pki_cert_read(issuer != NULL ? issuer : issuer_path, &out->issuer, err);
}

static enum pki_status
fetch(const struct target *target, struct pki_crl **out, struct pki_err *err)
{
	PKI_CLEANUP(pki_http_response_free) struct pki_http_response response = { 0 };
	PKI_TRY(pki_http_call(target->url, "GET", "", NULL, (struct pki_bytes){ 0 },
		CRLD_MAX, &response, err));
	if (response.code != 200)
		return pki_fail(err, PKI_UNAVAILABLE, "HTTP %ld", response.code);
	if (strcmp(response.content_type, "application/pkix-crl") != 0)
		return pki_fail_rule(err, PKI_INPUT, PKI_RULE_CRL_MEDIA, "served as \"%s\"",
			response.content_type);
	PKI_TRY(pki_crl_parse(pki_buf_bytes(&response.body), out, err));
	return pki_crl_verify(*out, target->issuer, err);
}

static enum pki_status
check_age(const struct pki_crl *crl, struct pki_err *err)
{
	char text[PKI_TIME_TEXT];
	pki_time now = pki_time_now();
	pki_time_format(pki_crl_next_update(crl), text);
	if (pki_crl_next_update(crl) < now)
		return pki_fail_rule(err, PKI_STATE, PKI_RULE_CRL_DAILY,
			"nextUpdate passed on %s; is pki-crl running?", text);
	pki_time_format(pki_crl_this_update(crl), text);
	if (pki_crl_this_update(crl) > now)
		return pki_fail(err, PKI_CLOCK, "thisUpdate %s is in the future", text);
	return PKI_OK;
}

static void
print(const struct pki_crl *crl, bool as_json)
{
	char this_update[LOCAL_TEXT], next_update[LOCAL_TEXT];
	pki_time age = pki_time_now() - pki_crl_this_update(crl);
	pki_time_format(pki_crl_this_update(crl), this_update);
	pki_time_format(pki_crl_next_update(crl), next_update);
	if (as_json) {
		PKI_CLEANUP(pki_json_cleanup)
		json_t *json = json_pack("{s:I, s:I, s:s, s:s, s:I}", "number",
			(json_int_t)pki_crl_number(crl), "entries",
			(json_int_t)pki_crl_count(crl), "this_update", this_update,
			"next_update", next_update, "age", (json_int_t)age);
		pki_cli_json(json, stdout);
		return;
	}
	printf("number       %llu\nentries      %zu\n",
		(unsigned long long)pki_crl_number(crl), pki_crl_count(crl));
	pki_time_format_local(pki_crl_this_update(crl), this_update, sizeof this_update);
	pki_time_format_local(pki_crl_next_update(crl), next_update, sizeof next_update);
	printf("this update  %s, %lld s ago\nnext update  %s\n", this_update,
		(long long)age, next_update);
}

enum pki_status
check_run(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	PKI_CLEANUP(target_cleanup) struct target target = { 0 };
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = NULL;
	PKI_TRY(find_target(args, &target, err));
	enum pki_status status = fetch(&target, &crl, err);
	if (status == PKI_OK)
		status = check_age(crl, err);
	if (status != PKI_OK) {
		pki_err_object(err, "%s", target.url);
		return status;
	}
	print(crl, pki_arg_flag(args, "json"));
	return PKI_OK;
}
