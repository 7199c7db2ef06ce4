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
	PKI_CLEANUP(pki_json_cleanup)
	json_t *json = json_pack("{s:I}", "number", (json_int_t)number);
	if (pki_arg_flag(args, "json"))
		pki_cli_json(json, stdout);
	else
		printf("CRL %llu published\n", (unsigned long long)number);
	return PKI_OK;
}
