/* The other programs read replies of pki-ca. */
#include "libpki/host/api.h"
#include "tests/fuzz/http_dummy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const long codes[] = { 200, 400, 403, 404, 409, 413, 500, 503, 0, 302 };

/* The error of a call must have a body that pki-ca could send. */
static void
check_error(const struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf body = { 0 };
	struct pki_err fail = { 0 };
	unsigned code = 0;
	if (err->status == PKI_OK || err->msg[sizeof err->msg - 1] != '\0' ||
		err->object[sizeof err->object - 1] != '\0' ||
		pki_api_error_body(err, &body, &code, &fail) != PKI_OK || code < 400)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct pki_bytes order = { (const uint8_t *)"{}", 2 };
	PKI_CLEANUP(pki_json_cleanup) json_t *reply = NULL;
	struct pki_err err = { 0 };
	http_dummy_read(data, size, codes, PKI_COUNT(codes));
	bool ok = http_dummy.count > 0 && http_dummy.replies[0].code == 200;
	enum pki_status status = pki_api_call("/run/pki/ca.sock", "/v1/orders",
		"application/json", order, &reply, &err);
	if ((status == PKI_OK) != (reply != NULL) || (status == PKI_OK && !ok) ||
		status != err.status)
		abort();
	if (status != PKI_OK)
		check_error(&err);
	err = (struct pki_err){ 0 };
	if (pki_api_event("/run/pki/ca.sock", "pki-ra", "login-failed", "", NULL, &err) !=
		PKI_OK)
		check_error(&err);
	return 0;
}
