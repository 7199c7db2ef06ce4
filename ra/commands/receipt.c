#include <stdio.h>
#include <string.h>

#include "libpki/base/file.h"
#include "libpki/host/api.h"
#include "ra/ra.h"

const struct pki_option ra_receipt_options[] = {
	{ "out", "FILE", "where to write it (CMS, DER)", 1 },
	{ 0 },
};

enum pki_status
ra_write_receipt(const json_t *reply, const char *path, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 };
	const char *text = json_string_value(json_object_get(reply, "receipt"));
	if (text == NULL)
		return pki_fail(err, PKI_INPUT, "pki-ca's answer has no receipt");
	PKI_TRY(pki_base64_decode(text, strlen(text), &der, err));
	return pki_file_publish(path, der.data, der.len, 0644, err);
}

static enum pki_status
receipt(struct ra *ra, const char *order, const char *path, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *reply = NULL;
	char url[64];
	if (!pki_id_valid(order, 'O'))
		return pki_fail(err, PKI_USAGE, "not an order: O-, then 32 hex digits");
	if (path == NULL)
		return pki_fail(err, PKI_USAGE, "give --out FILE");
	snprintf(url, sizeof url, "/v1/receipts/%s", order);
	PKI_TRY(pki_api_call(
		ra->conf->socket, url, NULL, (struct pki_bytes){ 0 }, &reply, err));
	PKI_TRY(ra_write_receipt(reply, path, err));
	ra_print(ra, json_pack("{s:s, s:s}", "order", order, "receipt", path),
		"receipt of %s written to %s\n", order, path);
	return PKI_OK;
}

enum pki_status
ra_receipt(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	PKI_CLEANUP(ra_close) struct ra ra;
	PKI_TRY(ra_open(args, &ra, err));
	enum pki_status st = receipt(&ra, args->operands[0], pki_arg(args, "out"), err);
	if (st != PKI_OK)
		pki_err_object(err, "%.60s", args->operands[0]);
	return st;
}
