/*
 * C2SP signed-note, tlog-checkpoint and tlog-cosignature: text, Ed25519 signatures of a log and
 * its witnesses, verifier keys in the form NAME+HASH+BASE64.
 */
#ifndef LIBPKI_TLOG_NOTE_H
#define LIBPKI_TLOG_NOTE_H

#include "libpki/base/time.h"
#include "libpki/tlog/merkle.h"
#include "libpki/x509/key.h"

/* 16 signatures of post-quantum size, nearly 5 kB each, in base64: C2SP signed-note */
#define PKI_NOTE_MAX ((size_t)128 << 10)
#define PKI_NOTE_SIGNATURES_MAX 32 /* C2SP: at least 16 accepted */
#define PKI_ORIGIN_TEXT 128
/* A signature line each, and the log's own, are fewer than any reader of signed notes takes. */
#define PKI_WITNESSES_MAX 8

enum pki_note_type { /* C2SP signed-note: signature type identifier octets */
	PKI_NOTE_LOG = 0x01,
	PKI_NOTE_WITNESS = 0x04,
};

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
/* Form alone, whoever signed: for the log's own, from its own ledger. */
enum pki_status pki_checkpoint_parse(struct pki_bytes note, struct pki_checkpoint *out,
	struct pki_err *err) PKI_MUST_CHECK;

/*
 * A cosignature says: at this time the witness had seen no larger tree of the log, and none
 * that this one does not contain (rule 84). Appends its signature line.
 */
enum pki_status pki_checkpoint_cosign(struct pki_bytes note, const char *name,
	struct pki_key *key, pki_time at, struct pki_buf *line,
	struct pki_err *err) PKI_MUST_CHECK;
/* When the witness of vkey cosigned last: a look-up (*at is 0 if it did
 * not). TAMPERED if one of its cosignatures is
 * wrong, CONFIG if vkey is no witness's. */
enum pki_status pki_checkpoint_cosigned(struct pki_bytes note, const char *vkey,
	pki_time *at, bool *found, struct pki_err *err) PKI_MUST_CHECK;

/* "name+hash+base64" of a public key: what verifiers are configured with. */
enum pki_status pki_note_vkey(enum pki_note_type type, const char *name,
	const struct pki_key *key, struct pki_buf *out,
	struct pki_err *err) PKI_MUST_CHECK;
/* The name in one; CONFIG unless it is a verifier key of that type. */
enum pki_status pki_note_vkey_name(enum pki_note_type type, const char *vkey,
	char name[PKI_ORIGIN_TEXT], struct pki_err *err) PKI_MUST_CHECK;

/* To put a note together anew: its text, a view of it; and a look-up of the first signature
 * line of vkey, which is verified and appended with its newline. TAMPERED if a line of vkey is
 * wrong. */
enum pki_status pki_note_text(struct pki_bytes note, struct pki_bytes *text,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status pki_note_pick(struct pki_bytes note, enum pki_note_type type,
	const char *vkey, struct pki_buf *line, bool *found,
	struct pki_err *err) PKI_MUST_CHECK;

/* Lines of notes, and of what goes with them to a witness: the next one without its newline,
 * rest moves behind it; a decimal number without leading zeros, below 2^63. */
bool pki_note_next_line(struct pki_bytes *rest, struct pki_bytes *line);
bool pki_note_size(struct pki_bytes line, uint64_t *out);

#endif
