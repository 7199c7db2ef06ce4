#include <stdlib.h>
#include <string.h>

#include "libpki/host/http_priv.h"

#define CACHE_LINE 64

static enum MHD_Result
note_parts(void *cls, enum MHD_ValueKind kind, const char *name, const char *value)
{
	(void)kind;
	struct pki_http_ready *ready = cls;
	if (ready->part_count + 2 > READY_PARTS)
		return MHD_NO;
	ready->parts[ready->part_count++] = name;
	ready->parts[ready->part_count++] = value;
	return MHD_YES;
}

enum pki_status
pki_http_ready_new(const struct pki_http_header *headers, size_t header_count,
	struct pki_bytes body, struct pki_http_ready **out, struct pki_err *err)
{
	struct pki_http_ready *ready = calloc(1, sizeof *ready + body.len);
	if (ready != NULL) {
		memcpy(ready->body, body.data, body.len);
		ready->response = MHD_create_response_from_buffer_with_free_callback_cls(
			body.len, ready->body, free, ready);
	}
	if (ready == NULL || ready->response == NULL) {
		free(ready);
		return pki_fail(err, PKI_MEMORY, "an HTTP answer");
	}
	atomic_store(&ready->owners, 1);
	ready->body_len = body.len;
	pki_http_add_headers(ready->response, headers, header_count);
	MHD_get_response_headers(ready->response, note_parts, ready);
	*out = ready;
	return PKI_OK;
}

/* The parts lie all over the heap: without prefetching, each would cost a cache miss in
 * turn. */
void
pki_http_ready_fetch(const struct pki_http_ready *ready)
{
	__builtin_prefetch(ready->response);
	for (size_t i = 0; i < ready->part_count; i++)
		__builtin_prefetch(ready->parts[i]);
	for (size_t i = 0; i < ready->body_len; i += CACHE_LINE)
		__builtin_prefetch(ready->body + i);
}

void
pki_http_ready_up(struct pki_http_ready *ready)
{
	atomic_fetch_add(&ready->owners, 1);
}

void
pki_http_ready_free(struct pki_http_ready *ready)
{
	if (ready != NULL && atomic_fetch_sub(&ready->owners, 1) == 1)
		MHD_destroy_response(ready->response);
}
