/* The body of add-checkpoint. */
#include <string.h>

#include "witness/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read, written again, must be what was sent. */
static void
check_same(struct pki_bytes body, const struct request *request)
{
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf again = { 0 };
	if (pki_buf_printf(&again, &err, "old %ju\n", (uintmax_t)request->old) != PKI_OK)
		abort();
	for (size_t i = 0; i < request->proof.count; i++)
		if (pki_base64_encode(request->proof.hashes[i].octets, PKI_SHA256, &again,
			    &err) != PKI_OK ||
			pki_buf_append(&again, "\n", 1, &err) != PKI_OK)
			abort();
	if (pki_buf_append(&again, "\n", 1, &err) != PKI_OK ||
		pki_buf_append(&again, request->note.data, request->note.len, &err) !=
			PKI_OK ||
		!pki_bytes_equal(again.data, again.len, body.data, body.len))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pki_bytes body = { data, size };
	struct request request;
	struct pki_err err = { 0 };
	enum pki_status status = request_parse(body, &request, &err);
	if (status == PKI_OK) {
		if (request.old > request.checkpoint.size ||
			request.proof.count > REQUEST_PROOF_MAX)
			abort();
		check_same(body, &request);
	} else if (status != PKI_INPUT && status != PKI_MEMORY) {
		abort();
	}
	return 0;
}
