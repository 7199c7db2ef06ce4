#include <stdio.h>

#include "crl/cmd.h"
#include "crl/mirror.h"
#include "crl/monitor.h"
#include "crl/pending.h"
#include "crl/root.h"
#include "crl/rounds.h"
#include "crl/service.h"
#include "libpki/base/json.h"

enum pki_status
crl_cmd_once(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	PKI_CLEANUP(service_close) struct service d = { 0 };
	PKI_TRY(service_open(&d, pki_arg(args, "config"), err));
	PKI_TRY(monitor_listen(&d, "", err));
	PKI_TRY(mirrors_open(&d, err));
	PKI_TRY(root_publish(&d, err));
	bool more = false;
	PKI_TRY(pending_look(&d, err));
	enum rounds_force force = pki_arg_flag(args, "all") ? ROUNDS_ALL : ROUNDS_FULL;
	PKI_TRY(rounds_publish(&d, force, &more, err));
	PKI_TRY(mirrors_once(d.mirrors, err));
	uint64_t number = d.crls[0].last.number;
	if (!pki_arg_flag(args, "json")) {
		printf("CRL %llu published\n", (unsigned long long)number);
		return PKI_OK;
	}
	PKI_CLEANUP(pki_json_free) struct pki_json json = pki_json_object();
	pki_json_number(&json, "number", (int64_t)number);
	return pki_json_print(&json, stdout, err);
}
