#include "ra/receipt.h"

#include <string.h>

#include "libpki/base/file.h"
#include "libpki/base/hex.h"

enum pki_status
ra_receipt_write(const json_t *reply, const char *path, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 };
	const char *text = json_string_value(json_object_get(reply, "receipt"));
	if (text == NULL || text[0] == '\0')
		return pki_fail(err, PKI_INPUT, "pki-ca's reply has no receipt");
	PKI_TRY(pki_base64_decode(text, strlen(text), &der, err));
	return pki_file_publish(path, der.data, der.len, 0644, err);
}
