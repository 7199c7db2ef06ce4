#include "witness/request.h"

#include <string.h>

static enum pki_status
malformed(const char *what, struct pki_err *err)
{
	return pki_fail_rule(err, PKI_INPUT, PKI_RULE_WITNESS, "%s", what);
}

static enum pki_status
read_old(struct pki_bytes line, uint64_t *out, struct pki_err *err)
{
	static const char word[] = "old ";
	size_t len = sizeof word - 1;
	if (line.len <= len || memcmp(line.data, word, len) != 0 ||
		!pki_note_size(
			(struct pki_bytes){ line.data + len, line.len - len }, out))
		return malformed("the first line is not \"old N\"", err);
	return PKI_OK;
}

static enum pki_status
read_hash(struct pki_bytes line, struct pki_proof *proof, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf octets = { 0 };
	if (proof->count == REQUEST_PROOF_MAX)
		return malformed("the proof has more than 63 lines", err);
	struct pki_hash *hash = &proof->hashes[proof->count];
	if (pki_base64_decode((const char *)line.data, line.len, &octets, NULL) !=
			PKI_OK ||
		octets.len != sizeof hash->octets)
		return malformed("a line of the proof is no hash in base64", err);
	memcpy(hash->octets, octets.data, octets.len);
	proof->count++;
	return PKI_OK;
}

enum pki_status
request_parse(struct pki_bytes body, struct request *out, struct pki_err *err)
{
	struct pki_bytes line = { 0 };
	struct pki_err own = { 0 };
	out->proof.count = 0;
	if (!pki_note_next_line(&body, &line))
		return malformed("the first line is not \"old N\"", err);
	PKI_TRY(read_old(line, &out->old, err));
	for (;;) {
		if (!pki_note_next_line(&body, &line))
			return malformed(
				"no empty line separates the proof from a checkpoint",
				err);
		if (line.len == 0)
			break;
		PKI_TRY(read_hash(line, &out->proof, err));
	}
	if (body.len > REQUEST_NOTE_MAX)
		return malformed("the checkpoint is too large", err);
	out->note = body;
	if (pki_checkpoint_parse(body, &out->checkpoint, &own) != PKI_OK)
		return malformed(own.msg, err);
	if (out->old > out->checkpoint.size)
		return malformed("the old size is larger than the checkpoint's", err);
	return PKI_OK;
}
