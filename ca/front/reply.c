#include "ca/front/reply.h"

#include "libpki/host/api.h"

static const struct pki_http_header json_headers[] = {
	{ "Content-Type", "application/json" },
	{ "Retry-After", "1" },
};

void
reply_make(struct pki_json *json, const struct pki_err *err, struct reply *out)
{
	struct pki_err own = *err;
	*out = (struct reply){ .code = 200 };
	if (own.status == PKI_OK && pki_json_write(json, &out->body, &own) == PKI_OK)
		return;
	pki_buf_reset(&out->body);
	if (pki_api_error_body(&own, &out->body, &out->code, NULL) != PKI_OK)
		out->code = 500;
}

void
reply_give(struct pki_http_request *req, const struct reply *reply)
{
	pki_http_reply(req, reply->code, json_headers, reply->code == 503 ? 2 : 1,
		pki_buf_bytes(&reply->body));
}

void
reply_free(struct reply *reply)
{
	pki_buf_free(&reply->body);
}

void
reply_send(struct pki_http_request *req, struct pki_json *json, const struct pki_err *err)
{
	PKI_CLEANUP(reply_free) struct reply reply;
	reply_make(json, err, &reply);
	reply_give(req, &reply);
}
