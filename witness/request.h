/*
 * The body of add-checkpoint, C2SP tlog-witness: "old N", the hashes of a consistency proof, an
 * empty line, the checkpoint.
 */
#ifndef WITNESS_REQUEST_H
#define WITNESS_REQUEST_H

#include "libpki/tlog/note.h"

#define REQUEST_PROOF_MAX 63 /* C2SP tlog-witness */
/* "old N", the proof, a note */
#define REQUEST_MAX (32 + REQUEST_PROOF_MAX * (size_t)45 + 1 + PKI_NOTE_MAX)
/* Room for two signatures: with the log's line and the cosignature, the text is still a
 * readable note. */
#define REQUEST_NOTE_MAX (PKI_NOTE_MAX - 512)

struct request {
	uint64_t old;
	struct pki_proof proof;
	struct pki_bytes note;
	struct pki_checkpoint checkpoint; /* no signature is verified yet */
};

/* *out points into the body. INPUT if the body is malformed. */
enum pki_status request_parse(
	struct pki_bytes body, struct request *out, struct pki_err *err) PKI_MUST_CHECK;

#endif
