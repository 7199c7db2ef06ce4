#include <stdio.h>
#include <string.h>

#include "libpki/host/conf.h"
#include "libpki/host/probe.h"
#include "ocsp/cmd.h"

static const char *
status_name(enum pki_ocsp_status status)
{
	switch (status) {
	case PKI_OCSP_GOOD:
		return "good";
	case PKI_OCSP_REVOKED:
		return "revoked";
	case PKI_OCSP_UNISSUED:
		return "not issued";
	case PKI_OCSP_UNKNOWN:
		return "unknown";
	}
	return "?";
}

static enum pki_status
default_url(const struct pki_args *args, char out[PKI_URL_TEXT], struct pki_err *err)
{
	const char *url = pki_arg(args, "url");
	PKI_CLEANUP(pki_conf_cleanup) struct pki_conf *conf = NULL;
	if (url == NULL) {
		PKI_TRY(pki_conf_load(pki_arg(args, "config"), &conf, err));
		url = conf->ca_urls.ocsp;
	}
	if (strlen(url) >= PKI_URL_TEXT)
		return pki_fail(
			err, PKI_LIMIT, "a URL of more than %d octets", PKI_URL_TEXT - 1);
	snprintf(out, PKI_URL_TEXT, "%s", url);
	return PKI_OK;
}

static enum pki_status
query(const struct pki_args *args, struct pki_probe *probe,
	struct pki_ocsp_result *result, struct pki_err *err)
{
	const char *issuer_path = pki_arg(args, "issuer"), *hex = pki_arg(args, "serial");
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *issuer = NULL;
	struct pki_serial serial;
	char url[PKI_URL_TEXT];
	if (issuer_path == NULL || hex == NULL)
		return pki_fail(err, PKI_USAGE, "check needs --issuer and --serial");
	PKI_TRY(pki_cert_read(issuer_path, &issuer, err));
	PKI_TRY(pki_serial_read(hex, &serial, err));
	PKI_TRY(default_url(args, url, err));
	return pki_probe_ocsp(url, issuer, &serial, probe, result, err);
}

static enum pki_status
print_json(const struct pki_ocsp_result *r, const struct pki_probe *probe,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_json_free) struct pki_json json = pki_json_object();
	pki_json_text(&json, "status", status_name(r->status));
	pki_json_time(&json, "this_update", r->this_update);
	pki_json_time(&json, "next_update", r->next_update);
	pki_json_value(&json, "clock_offset", pki_probe_offset_json(probe));
	if (r->status == PKI_OCSP_REVOKED) {
		pki_json_time(&json, "revoked_at", r->revoked_at);
		pki_json_text(&json, "reason", pki_reason_name(r->reason));
	}
	return pki_json_print(&json, stdout, err);
}

static void
print_text(const struct pki_ocsp_result *r, const struct pki_probe *probe)
{
	char text[40], clock[PKI_OFFSET_TEXT];
	printf("%s\n", status_name(r->status));
	if (r->status == PKI_OCSP_REVOKED) {
		pki_time_format_local(r->revoked_at, text, sizeof text);
		printf("revoked      %s, %s\n", text, pki_reason_name(r->reason));
	}
	pki_time_format_local(r->this_update, text, sizeof text);
	printf("this update  %s\n", text);
	pki_time_format_local(r->next_update, text, sizeof text);
	pki_probe_offset_text(probe, clock);
	printf("next update  %s\nclock        %s\n", text, clock);
}

/* An unissued certificate is critical: the responder's ledger lacks a certificate. */
static enum pki_status
report(const struct pki_args *args, const struct pki_ocsp_result *r,
	struct pki_probe *probe, enum pki_status status, struct pki_err *err)
{
	if (status == PKI_OK) {
		probe->this_update = r->this_update;
		probe->next_update = r->next_update;
		probe->critical = r->status == PKI_OCSP_UNISSUED;
		snprintf(probe->text, sizeof probe->text, "%s", status_name(r->status));
	}
	return pki_probe_report(args, "PKI-OCSP", probe, status, err);
}

enum pki_status
ocspd_cmd_check(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	struct pki_ocsp_result result = { 0 };
	struct pki_probe probe = { 0 };
	enum pki_status status = query(args, &probe, &result, err);
	if (pki_arg_flag(args, "monitor"))
		return report(args, &result, &probe, status, err);
	PKI_TRY(status);
	if (pki_arg_flag(args, "json"))
		return print_json(&result, &probe, err);
	print_text(&result, &probe);
	return PKI_OK;
}
