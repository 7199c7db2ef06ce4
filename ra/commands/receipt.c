#include <stdio.h>

#include "libpki/host/api.h"
#include "ra/commands/commands.h"
#include "ra/print.h"
#include "ra/receipt.h"

const struct pki_option ra_cmd_receipt_options[] = {
	{ "out", "FILE", "where to write it (CMS, DER)", 1 },
	{ 0 },
};

static enum pki_status
receipt(struct ra *ra, const char *order, const char *path, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *reply = NULL;
	char url[64];
	if (!pki_id_valid(order, 'O'))
		return pki_fail(err, PKI_USAGE,
			"the operand is not an order: O-, then 32 hex digits");
	if (path == NULL)
		return pki_fail(err, PKI_USAGE, "give --out FILE");
	snprintf(url, sizeof url, "/v1/receipts/%s", order);
	PKI_TRY(pki_api_call(
		ra->conf->socket, url, NULL, (struct pki_bytes){ 0 }, &reply, err));
	PKI_TRY(ra_receipt_write(reply, path, err));
	PKI_CLEANUP(pki_json_free) struct pki_json json = pki_json_object();
	pki_json_text(&json, "order", order);
	pki_json_text(&json, "receipt", path);
	return ra_print_result(
		ra, &json, err, "receipt of %s written to %s\n", order, path);
}

enum pki_status
ra_cmd_receipt(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	PKI_CLEANUP(ra_close) struct ra ra;
	PKI_TRY(ra_open_without_store(args, &ra, err));
	enum pki_status status =
		receipt(&ra, args->operands[0], pki_arg(args, "out"), err);
	if (status != PKI_OK)
		pki_err_object(err, "%.60s", args->operands[0]);
	return status;
}
