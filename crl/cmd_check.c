#include <stdio.h>
#include <string.h>

#include "crl/agree.h"
#include "crl/cmd.h"
#include "crl/sample.h"
#include "crl/service.h"
#include "libpki/host/http.h"
#include "libpki/host/probe.h"

/* local time with the name of a zone */
#define LOCAL_TEXT 40

/* The CRL's URL and its signer. */
struct target {
	char url[PKI_URL_TEXT];
	struct pki_cert *issuer;
	char list
		[PKI_URL_TEXT]; /* the URL that a partition must contain; "": a full CRL */
	char ocsp[PKI_URL_TEXT]; /* the responder that must agree; "": none */
};

#define OCSP_DEFAULT "default"

static void
target_cleanup(struct target *target)
{
	pki_cert_free(target->issuer);
}

static enum pki_status
partition_url(
	const char *number, const struct pki_urls *urls, char *url, struct pki_err *err)
{
	char *end;
	unsigned long k = strtoul(number, &end, 10);
	if (*end != '\0' || k < 1 || k > urls->partitions)
		return pki_fail(err, PKI_USAGE,
			"--partition is a number; pki.yaml has crl.partitions: %u",
			urls->partitions);
	pki_crl_url(urls, (unsigned)k, url);
	return PKI_OK;
}

static enum pki_status
from_config(const struct pki_args *args, struct target *out, char issuer[PATH_MAX],
	struct pki_err *err)
{
	PKI_CLEANUP(pki_conf_cleanup) struct pki_conf *conf = NULL;
	const char *partition = pki_arg(args, "partition");
	PKI_TRY(pki_conf_load(pki_arg(args, "config"), &conf, err));
	if (partition != NULL)
		PKI_TRY(partition_url(partition, &conf->ca_urls, out->list, err));
	if (out->url[0] == '\0')
		memcpy(out->url, partition != NULL ? out->list : conf->ca_urls.crl,
			sizeof out->url);
	if (strcmp(out->ocsp, OCSP_DEFAULT) == 0)
		memcpy(out->ocsp, conf->ca_urls.ocsp, sizeof out->ocsp);
	return pki_conf_path(conf->publish, "ca.pem", issuer, err);
}

/* The URL of an option, to out; "" without the option. */
static enum pki_status
take_url(const struct pki_args *args, const char *name, char out[PKI_URL_TEXT],
	struct pki_err *err)
{
	const char *url = pki_arg(args, name) != NULL ? pki_arg(args, name) : "";
	if (strlen(url) >= PKI_URL_TEXT)
		return pki_fail(
			err, PKI_LIMIT, "a URL of more than %d octets", PKI_URL_TEXT - 1);
	memcpy(out, url, strlen(url) + 1);
	return PKI_OK;
}

static enum pki_status
find_target(const struct pki_args *args, struct target *out, struct pki_err *err)
{
	const char *issuer = pki_arg(args, "issuer");
	char issuer_path[PATH_MAX];
	PKI_TRY(take_url(args, "url", out->url, err));
	PKI_TRY(take_url(args, "ocsp", out->ocsp, err));
	if (out->url[0] == '\0' || issuer == NULL || pki_arg(args, "partition") != NULL ||
		strcmp(out->ocsp, OCSP_DEFAULT) == 0)
		PKI_TRY(from_config(args, out, issuer_path, err));
	return pki_cert_read(issuer != NULL ? issuer : issuer_path, &out->issuer, err);
}

static void
note(const struct pki_crl *crl, struct pki_probe *probe)
{
	probe->this_update = pki_crl_this_update(crl);
	probe->next_update = pki_crl_next_update(crl);
	probe->counts[0].label = "number";
	probe->counts[0].value = (int64_t)pki_crl_number(crl);
	probe->counts[1].label = "entries";
	probe->counts[1].value = (int64_t)pki_crl_count(crl);
	snprintf(probe->text, sizeof probe->text, "CRL %llu, %zu entries",
		(unsigned long long)pki_crl_number(crl), pki_crl_count(crl));
}

/* rule 52: a partition contains the very URL that certificates name. */
static enum pki_status
check_scope(const struct target *target, const struct pki_crl *crl, struct pki_err *err)
{
	const char *is = pki_crl_distribution_point(crl);
	const char *want = target->list[0] != '\0' ? target->list : target->url;
	if (is == NULL ? target->list[0] == '\0' : strcmp(is, want) == 0)
		return PKI_OK;
	return pki_fail_rule(err, PKI_INPUT, PKI_RULE_CRL_PARTITION,
		"the CRL at this URL is for %.200s",
		is != NULL ? is : "the full CRL, ca.crl");
}

static enum pki_status
fetch(const struct target *target, struct pki_probe *probe, struct pki_crl **out,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_http_response_free) struct pki_http_response response = { 0 };
	pki_msec before = pki_msec_now();
	PKI_TRY(pki_http_get(target->url, "", CRL_MAX, &response, err));
	pki_msec after = pki_msec_now();
	pki_probe_clock(probe, &response, before, after);
	if (response.code != 200)
		return pki_fail(err, PKI_UNAVAILABLE, "HTTP %ld", response.code);
	if (strcmp(response.content_type, "application/pkix-crl") != 0)
		return pki_fail_rule(err, PKI_INPUT, PKI_RULE_CRL_MEDIA,
			"served as \"%s\"", response.content_type);
	PKI_TRY(pki_crl_adopt(&response.body, out, err));
	PKI_TRY(pki_crl_verify(*out, target->issuer, err));
	PKI_TRY(check_scope(target, *out, err));
	pki_probe_ahead(probe, pki_crl_this_update(*out), after);
	note(*out, probe);
	return PKI_OK;
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

/* rule 76: the responder agrees with the CRL's entries. */
static enum pki_status
check_ocsp(const struct target *target, const struct pki_crl *crl,
	struct pki_probe *probe, struct pki_err *err)
{
	struct sample sample;
	if (target->ocsp[0] == '\0')
		return PKI_OK;
	PKI_TRY(sample_begin(&sample, err));
	PKI_TRY(sample_add_crl(&sample, crl, err));
	for (size_t i = 0; i < sample.count; i++)
		PKI_TRY(agree_query(
			target->ocsp, target->issuer, &sample.entries[i], err));
	probe->counts[2].label = "compared";
	probe->counts[2].value = (int64_t)sample.count;
	return PKI_OK;
}

static enum pki_status
print_json(const struct pki_crl *crl, const struct pki_probe *probe, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_free) struct pki_json json = pki_json_object();
	pki_json_number(&json, "number", (int64_t)pki_crl_number(crl));
	pki_json_number(&json, "entries", (int64_t)pki_crl_count(crl));
	pki_json_time(&json, "this_update", probe->this_update);
	pki_json_time(&json, "next_update", probe->next_update);
	pki_json_number(&json, "age", pki_time_now() - probe->this_update);
	pki_json_value(&json, "clock_offset", pki_probe_offset_json(probe));
	if (probe->counts[2].label != NULL)
		pki_json_number(&json, "compared", probe->counts[2].value);
	return pki_json_print(&json, stdout, err);
}

static void
print_text(const struct pki_crl *crl, const struct pki_probe *probe)
{
	char this_update[LOCAL_TEXT], next_update[LOCAL_TEXT], clock[PKI_OFFSET_TEXT];
	pki_time_format_local(probe->this_update, this_update, sizeof this_update);
	pki_time_format_local(probe->next_update, next_update, sizeof next_update);
	pki_probe_offset_text(probe, clock);
	printf("number       %llu\nentries      %zu\n",
		(unsigned long long)pki_crl_number(crl), pki_crl_count(crl));
	printf("this update  %s, %lld s ago\nnext update  %s\nclock        %s\n",
		this_update, (long long)(pki_time_now() - probe->this_update),
		next_update, clock);
	if (probe->counts[2].label != NULL)
		printf("OCSP         says the same of %lld entries\n",
			(long long)probe->counts[2].value);
}

static enum pki_status
check(const struct pki_args *args, struct pki_probe *probe, struct pki_crl **crl,
	struct pki_err *err)
{
	PKI_CLEANUP(target_cleanup) struct target target = { 0 };
	PKI_TRY(find_target(args, &target, err));
	enum pki_status status = fetch(&target, probe, crl, err);
	if (status == PKI_OK)
		status = check_age(*crl, err);
	if (status == PKI_OK)
		status = check_ocsp(&target, *crl, probe, err);
	if (status != PKI_OK)
		pki_err_object(err, "%s", target.url);
	return status;
}

enum pki_status
crl_cmd_check(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	struct pki_probe probe = { 0 };
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = NULL;
	enum pki_status status = check(args, &probe, &crl, err);
	if (pki_arg_flag(args, "monitor"))
		return pki_probe_report(args, "PKI-CRL", &probe, status, err);
	PKI_TRY(status);
	if (pki_arg_flag(args, "json"))
		return print_json(crl, &probe, err);
	print_text(crl, &probe);
	return PKI_OK;
}
