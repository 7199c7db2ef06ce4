#include "ca/front/reply.h"

#include "libpki/host/api.h"

static const struct pki_http_header json_headers[] = {
	{ "Content-Type", "application/json" },
	{ "Retry-After", "1" },
};

void
reply_send(struct pki_http_request *req, struct pki_json *json, const struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf body = { 0 };
	struct pki_err own = *err;
	unsigned code = 200;
	if (own.status != PKI_OK || pki_json_write(json, &body, &own) != PKI_OK) {
		pki_buf_reset(&body);
		if (pki_api_error_body(&own, &body, &code, NULL) != PKI_OK)
			code = 500;
	}
	pki_http_reply(
		req, code, json_headers, code == 503 ? 2 : 1, pki_buf_bytes(&body));
}
