/*
 * C2SP signed-note and tlog-checkpoint: text, Ed25519 signatures, verifier keys in the form
 * NAME+HASH+BASE64.
 */
#ifndef LIBPKI_NOTE_H
#define LIBPKI_NOTE_H

#include "libpki/merkle.h"
#include "libpki/key.h"

#define PKI_NOTE_MAX ((size_t)64 << 10)
#define PKI_NOTE_SIGNATURES_MAX 32 /* C2SP: at least 16 accepted */
#define PKI_ORIGIN_TEXT 128

struct pki_checkpoint {
	char origin[PKI_ORIGIN_TEXT];
	uint64_t size;
	struct pki_hash root;
};

/* A signed checkpoint of key, whose name is the origin. */
enum pki_status pki_checkpoint_sign(const struct pki_checkpoint *cp, struct pki_key *key,
	struct pki_buf *note, struct pki_err *err) PKI_MUST_CHECK;
/* Parse; rules 81, 82: TAMPERED unless a signature of vkey is there and right; CONFIG if vkey is
 * no verifier key. */
enum pki_status pki_checkpoint_open(struct pki_bytes note, const char *vkey,
	struct pki_checkpoint *out, struct pki_err *err) PKI_MUST_CHECK;
/* Without a look at the signatures: for the log's own, from its own ledger. */
enum pki_status pki_checkpoint_parse(struct pki_bytes note, struct pki_checkpoint *out,
	struct pki_err *err) PKI_MUST_CHECK;

/* "origin+hash+base64" of a public key: what verifiers are configured with. */
enum pki_status pki_note_vkey(const char *name, const struct pki_key *key, struct pki_buf *out,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
