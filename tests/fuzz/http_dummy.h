/*
 * A stand-in for libpki's HTTP client: the linker takes these functions instead of
 * libpki/host/http_client.c. Each call gets the next of the replies in http_dummy.
 */
#ifndef TESTS_FUZZ_HTTP_DUMMY_H
#define TESTS_FUZZ_HTTP_DUMMY_H

#include <string.h>

#include "libpki/host/http.h"

struct http_reply {
	long code;
	struct pki_bytes body;
};

static struct http_dummy {
	struct http_reply replies[4];
	size_t count, sent;
} http_dummy;

enum pki_status
pki_http_send(const struct pki_http_outgoing *call, struct pki_http_response *out,
	struct pki_err *err)
{
	*out = (struct pki_http_response){ 0 };
	if (http_dummy.sent >= http_dummy.count)
		return pki_fail(err, PKI_UNAVAILABLE, "nobody answers");
	const struct http_reply *reply = &http_dummy.replies[http_dummy.sent++];
	if (reply->body.len > call->max)
		return pki_fail(
			err, PKI_LIMIT, "the reply has more than %zu octets", call->max);
	out->code = reply->code;
	return reply->body.len == 0 ? PKI_OK
				    : pki_buf_append(&out->body, reply->body.data,
					      reply->body.len, err);
}

enum pki_status
pki_http_get(const char *url_base, const char *path, size_t max,
	struct pki_http_response *out, struct pki_err *err)
{
	const struct pki_http_outgoing call = {
		.url_base = url_base, .method = "GET", .path = path, .max = max
	};
	return pki_http_send(&call, out, err);
}

void
pki_http_response_free(struct pki_http_response *response)
{
	pki_buf_free(&response->body);
	*response = (struct pki_http_response){ 0 };
}

/*
 * Read the replies from an input. Each reply is an octet for the HTTP status, two octets for the
 * length of the body, and the body. The last body takes the rest of the input.
 */
static inline void
http_dummy_read(const uint8_t *data, size_t size, const long *codes, size_t code_count)
{
	http_dummy = (struct http_dummy){ 0 };
	while (size >= 3 && http_dummy.count < PKI_COUNT(http_dummy.replies)) {
		struct http_reply *reply = &http_dummy.replies[http_dummy.count++];
		size_t len = (size_t)data[1] << 8 | data[2];
		reply->code = codes[data[0] % code_count];
		data += 3;
		size -= 3;
		if (len > size || http_dummy.count == PKI_COUNT(http_dummy.replies))
			len = size;
		reply->body = (struct pki_bytes){ data, len };
		data += len;
		size -= len;
	}
}

#endif
