#include "witness/cosigner.h"

#include <stdio.h>
#include <string.h>

#include "libpki/host/http.h"
#include "libpki/state/log.h"

/* Signature lines of a witness with several keys. */
#define REPLY_MAX ((size_t)16 << 10)
/* Nothing moves for so long: the witness hangs. */
#define STALL_SECONDS 10

/* C2SP tlog-witness: "old N", the proof from N, an empty line, the checkpoint. */
static enum pki_status
write_request(const struct cosigning *cosigning, uint64_t known, struct pki_buf *out,
	struct pki_err *err)
{
	struct pki_log_tiles tiles = { cosigning->log_dir, cosigning->checkpoint.size };
	struct pki_merkle_source source = pki_log_tiles_source(&tiles);
	struct pki_proof proof = { .count = 0 };
	if (known > 0 && known < tiles.size)
		PKI_TRY(pki_merkle_consistency(known, tiles.size, &source, &proof, err));
	PKI_TRY(pki_buf_printf(out, err, "old %ju\n", (uintmax_t)known));
	for (size_t i = 0; i < proof.count; i++) {
		PKI_TRY(pki_base64_encode(proof.hashes[i].octets, PKI_SHA256, out, err));
		PKI_TRY(pki_buf_append(out, "\n", 1, err));
	}
	PKI_TRY(pki_buf_append(out, "\n", 1, err));
	return pki_buf_append(out, cosigning->note.data, cosigning->note.len, err);
}

static enum pki_status
send_request(const struct cosigning *cosigning, uint64_t known,
	struct pki_http_response *response, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf body = { 0 };
	PKI_TRY(write_request(cosigning, known, &body, err));
	const struct pki_http_outgoing out = {
		.url_base = cosigning->witness->url,
		.method = "POST",
		.path = "/add-checkpoint",
		.content_type = "text/plain; charset=utf-8",
		.body = pki_buf_bytes(&body),
		.max = REPLY_MAX,
		.stall_seconds = STALL_SECONDS,
		.stop = cosigning->stop,
	};
	return pki_http_send(&out, response, err);
}

/* The answer's lines behind the checkpoint make a note; ours to find is the witness's. */
static enum pki_status
take_line(const struct cosigning *cosigning, const struct pki_http_response *response,
	struct pki_buf *line, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf note = { 0 };
	PKI_TRY(pki_buf_append(&note, cosigning->note.data, cosigning->note.len, err));
	PKI_TRY(pki_buf_append(&note, response->body.data, response->body.len, err));
	return pki_note_pick(pki_buf_bytes(&note), PKI_NOTE_WITNESS,
		cosigning->witness->vkey, line, NULL, err);
}

/* 409: the size of the witness's last cosignature. */
static enum pki_status
learn(const struct cosigning *cosigning, const struct pki_http_response *response,
	uint64_t *known, struct pki_err *err)
{
	struct pki_bytes rest = pki_buf_bytes(&response->body), line;
	uint64_t size = 0;
	if (!pki_note_next_line(&rest, &line) || rest.len != 0 ||
		!pki_note_size(line, &size))
		return pki_fail_rule(err, PKI_INPUT, PKI_RULE_WITNESS,
			"the witness answers 409 without the size that it knows");
	if (size > cosigning->checkpoint.size)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_WITNESS,
			"has cosigned %ju entries of this log, which publishes %ju: the ledger is older than what was published; restore a newer one",
			(uintmax_t)size, (uintmax_t)cosigning->checkpoint.size);
	if (size == *known)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_WITNESS,
			"has cosigned another tree of %ju entries: the log was rewritten",
			(uintmax_t)size);
	*known = size;
	return PKI_OK;
}

static enum pki_status
refused(const struct pki_http_response *response, struct pki_err *err)
{
	struct pki_bytes rest = pki_buf_bytes(&response->body), line = { 0 };
	char why[200] = "";
	(void)pki_note_next_line(&rest, &line);
	if (line.len > 0)
		snprintf(why, sizeof why, ": %.*s", (int)line.len,
			(const char *)line.data);
	enum pki_status status = response->code == 422  ? PKI_TAMPERED
				 : response->code < 500 ? PKI_STATE
							: PKI_UNAVAILABLE;
	return pki_fail_rule(err, status, PKI_RULE_WITNESS,
		"the witness answers HTTP %ld%s", response->code, why);
}

static enum pki_status
call(const struct cosigning *cosigning, uint64_t *known, struct pki_buf *line,
	struct pki_err *err)
{
	for (int attempt = 0; attempt < 2; attempt++) {
		PKI_CLEANUP(pki_http_response_free)
		struct pki_http_response response = { 0 };
		uint64_t old = *known < cosigning->checkpoint.size
				       ? *known
				       : cosigning->checkpoint.size;
		PKI_TRY(send_request(cosigning, old, &response, err));
		if (response.code == 200) {
			PKI_TRY(take_line(cosigning, &response, line, err));
			*known = cosigning->checkpoint.size;
			return PKI_OK;
		}
		if (response.code != 409)
			return refused(&response, err);
		*known = old;
		PKI_TRY(learn(cosigning, &response, known, err));
	}
	return pki_fail(
		err, PKI_BUSY, "another process calls the witness at the same time");
}

enum pki_status
cosigner_call(const struct cosigning *cosigning, uint64_t *known, struct pki_buf *line,
	struct pki_err *err)
{
	enum pki_status status = call(cosigning, known, line, err);
	if (status != PKI_OK)
		pki_err_object(err, "%s", cosigning->witness->name);
	return status;
}
