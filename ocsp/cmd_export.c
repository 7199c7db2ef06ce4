#include <stdio.h>

#include "libpki/base/json.h"
#include "ocsp/cmd.h"
#include "ocsp/export.h"
#include "ocsp/service.h"

static void
exporter_cleanup(struct exporter **ex)
{
	exporter_free(*ex);
}

static enum pki_status
export_all(struct authority *authority, bool as_json, struct pki_err *err)
{
	PKI_CLEANUP(exporter_cleanup) struct exporter *ex = NULL;
	uint64_t written = 0;
	if (authority->conf->ocsp->export[0] == '\0')
		return pki_fail(err, PKI_CONFIG,
			"no folder for the export: set ocsp.export in the configuration");
	PKI_TRY(exporter_new(authority, &ex, err));
	PKI_TRY(exporter_run(ex, &written, err));
	if (!as_json) {
		printf("%llu answers written to %s\n", (unsigned long long)written,
			authority->conf->ocsp->export);
		return PKI_OK;
	}
	PKI_CLEANUP(pki_json_free) struct pki_json json = pki_json_object();
	pki_json_number(&json, "written", (int64_t)written);
	return pki_json_print(&json, stdout, err);
}

enum pki_status
ocspd_cmd_export(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	PKI_CLEANUP(service_close) struct service service = { 0 };
	PKI_TRY(service_open_authority(&service, args, pki_arg(args, "config"), err));
	return export_all(service.authorities[0], pki_arg_flag(args, "json"), err);
}
