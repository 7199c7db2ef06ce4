/*
 * C2SP signed-note, tlog-checkpoint and tlog-cosignature: text, Ed25519 signatures of a log and
 * the log's witnesses, verifier keys in the form NAME+HASH+BASE64.
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

/* Sign a checkpoint. The name of the key is the origin. */
enum pki_status pki_checkpoint_sign(const struct pki_checkpoint *cp, struct pki_key *key,
	struct pki_buf *note, struct pki_err *err) PKI_MUST_CHECK;
/* Parse; rules 81, 82: TAMPERED unless a signature of vkey is there and right; CONFIG if vkey is
 * no verifier key. */
enum pki_status pki_checkpoint_open(struct pki_bytes note, const char *vkey,
	struct pki_checkpoint *out, struct pki_err *err) PKI_MUST_CHECK;
/* Check the form, not the signatures: for checkpoints of the own ledger. */
enum pki_status pki_checkpoint_parse(struct pki_bytes note, struct pki_checkpoint *out,
	struct pki_err *err) PKI_MUST_CHECK;

/*
 * A cosignature says: until this time the witness had seen no larger tree of the log, and no
 * tree that is inconsistent with this tree (rule 84). Appends the signature line.
 */
enum pki_status pki_checkpoint_cosign(struct pki_bytes note, const char *name,
	struct pki_key *key, pki_time at, struct pki_buf *line,
	struct pki_err *err) PKI_MUST_CHECK;
/* When the witness of vkey cosigned last: a look-up (*at is 0 if
 * absent). TAMPERED if a cosignature of the witness is wrong, CONFIG if vkey is no witness's. */
enum pki_status pki_checkpoint_cosigned(struct pki_bytes note, const char *vkey,
	pki_time *at, bool *found, struct pki_err *err) PKI_MUST_CHECK;

/* "name+hash+base64" of a public key, for the configuration of verifiers. */
enum pki_status pki_note_vkey(enum pki_note_type type, const char *name,
	const struct pki_key *key, struct pki_buf *out,
	struct pki_err *err) PKI_MUST_CHECK;
/* The name in a verifier key; CONFIG unless vkey is a verifier key of this type. */
enum pki_status pki_note_vkey_name(enum pki_note_type type, const char *vkey,
	char name[PKI_ORIGIN_TEXT], struct pki_err *err) PKI_MUST_CHECK;

/* To put a note together anew: a view of the note's text; and a look-up of the first signature
 * line of vkey, which is verified and appended with the newline. TAMPERED if a line of vkey is
 * wrong. */
enum pki_status pki_note_text(struct pki_bytes note, struct pki_bytes *text,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status pki_note_pick(struct pki_bytes note, enum pki_note_type type,
	const char *vkey, struct pki_buf *line, bool *found,
	struct pki_err *err) PKI_MUST_CHECK;

/* Lines of notes and of requests to witnesses: the next line without the newline, and rest moves
 * behind the line; a decimal number without leading zeros, below 2^63. */
bool pki_note_next_line(struct pki_bytes *rest, struct pki_bytes *line);
bool pki_note_size(struct pki_bytes line, uint64_t *out);

#endif
