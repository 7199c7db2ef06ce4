/* The path of a GET, and what the responder reads from it. */
#include <string.h>

#include "libpki/ocsp/ocsp.h"
#include "ocsp/over_http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PKI_CLEANUP(pki_free_ptr) char *path = strndup((const char *)data, size);
	PKI_CLEANUP(pki_buf_free) struct pki_buf plain = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf below = { 0 };
	PKI_CLEANUP(pki_ocsp_request_cleanup) struct pki_ocsp_request *req = NULL;
	struct pki_err err = { 0 };
	if (path == NULL || over_http_read_path(path, "", &plain) !=
				    (path[0] == '/' || path[0] == '\0' ? 200 : 404))
		abort();
	if (over_http_read_path(path, "/ocsp", &below) == 200 &&
		strncmp(path, "/ocsp", 5) != 0)
		abort();
	(void)!pki_ocsp_request_parse(pki_buf_bytes(&plain), &req, &err);
	return 0;
}
