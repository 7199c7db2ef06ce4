/* What parses keeps within the limits that the responder counts on. */
#include "libpki/ocsp/ocsp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_ocsp_request_cleanup) struct pki_ocsp_request *req = NULL;
	if (pki_ocsp_request_parse((struct pki_bytes){ data, size }, &req, &err) !=
		PKI_OK)
		return 0;
	size_t count = pki_ocsp_request_count(req);
	if (count < 1 || count > PKI_OCSP_CERTIDS_MAX ||
		pki_ocsp_request_nonce(req).len > PKI_OCSP_NONCE_MAX)
		abort();
	for (size_t i = 0; i < count; i++) {
		const struct pki_serial *serial = pki_ocsp_request_serial(req, i);
		if (serial != NULL && (serial->len < 1 || serial->len > PKI_SERIAL_MAX))
			abort();
	}
	return 0;
}
