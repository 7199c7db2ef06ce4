#include "libpki/tlog/note.h"

#include <stdio.h>
#include <string.h>

/* em dash, space */
#define SIGNATURE_MARK "\xe2\x80\x94 "
#define KEY_ID ((size_t)4)
#define ED25519_KEY 32
#define ED25519_SIGNATURE ((size_t)64)
#define TIMESTAMP ((size_t)8)

struct verifier {
	enum pki_note_type type;
	char name[PKI_ORIGIN_TEXT];
	uint8_t id[KEY_ID];
	struct pki_key *key;
};

static enum pki_status
broken(struct pki_err *err, enum pki_rule rule, const char *what)
{
	return pki_fail_rule(err, PKI_TAMPERED, rule,
		"%s; fetch the checkpoint again, or keep it as evidence", what);
}

static bool
name_valid(const char *name, size_t len)
{
	if (len == 0 || len >= PKI_ORIGIN_TEXT)
		return false;
	for (size_t i = 0; i < len; i++)
		if ((uint8_t)name[i] <= ' ' || (uint8_t)name[i] >= 0x7f || name[i] == '+')
			return false;
	return true;
}

/* SHA-256(name || 0x0A || type || public key)[:4] */
static enum pki_status
key_id(const char *name, const uint8_t typed[1 + ED25519_KEY], uint8_t out[KEY_ID],
	struct pki_err *err)
{
	uint8_t digest[PKI_SHA256];
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	PKI_TRY(pki_buf_printf(&text, err, "%s\n", name));
	PKI_TRY(pki_buf_append(&text, typed, 1 + ED25519_KEY, err));
	PKI_TRY(pki_sha256(text.data, text.len, digest, err));
	memcpy(out, digest, KEY_ID);
	return PKI_OK;
}

enum pki_status
pki_note_vkey(enum pki_note_type type, const char *name, const struct pki_key *key,
	struct pki_buf *out, struct pki_err *err)
{
	uint8_t typed[1 + ED25519_KEY] = { (uint8_t)type }, id[KEY_ID];
	char id_hex[KEY_ID * 2 + 1];
	if (!name_valid(name, strlen(name)))
		return pki_fail(err, PKI_CONFIG,
			"%s \"%s\": give printable ASCII without space and plus, under %d characters",
			type == PKI_NOTE_LOG ? "log origin" : "name of a witness", name,
			PKI_ORIGIN_TEXT);
	PKI_TRY(pki_key_raw_public(key, typed + 1, err));
	PKI_TRY(key_id(name, typed, id, err));
	pki_hex_encode(id, sizeof id, id_hex);
	PKI_TRY(pki_buf_printf(out, err, "%s+%s+", name, id_hex));
	return pki_base64_encode(typed, sizeof typed, out, err);
}

static enum pki_status
vkey_malformed(enum pki_note_type type, struct pki_err *err)
{
	if (type == PKI_NOTE_LOG)
		return pki_fail_rule(err, PKI_CONFIG, PKI_RULE_LOG_NOTE,
			"the log's verifier key is not of the form NAME+HASH+BASE64 of an Ed25519 key; copy it from log/vkey");
	return pki_fail_rule(err, PKI_CONFIG, PKI_RULE_COSIGNATURE,
		"the witness's verifier key is not of the form NAME+HASH+BASE64 of a key for cosignature/v1 (type 0x04); copy the output of pki-witness status");
}

static enum pki_status
verifier_parse(const char *vkey, enum pki_note_type type, struct verifier *out,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf typed = { 0 };
	uint8_t id[KEY_ID];
	size_t name_len = strcspn(vkey, "+"), id_len = 0;
	const char *hex = vkey + name_len + (vkey[name_len] == '+');
	const char *base64 = hex + KEY_ID * 2 + 1;
	char id_hex[KEY_ID * 2 + 1] = { 0 };
	*out = (struct verifier){ .type = type };
	if (!name_valid(vkey, name_len) || strlen(hex) < sizeof id_hex ||
		base64[-1] != '+')
		return vkey_malformed(type, err);
	memcpy(out->name, vkey, name_len);
	memcpy(id_hex, hex, KEY_ID * 2);
	if (pki_hex_decode(id_hex, id, sizeof id, &id_len, NULL) != PKI_OK ||
		pki_base64_decode(base64, strcspn(base64, "\n"), &typed, NULL) != PKI_OK)
		return vkey_malformed(type, err);
	if (typed.len != 1 + ED25519_KEY || typed.data[0] != type)
		return vkey_malformed(type, err);
	PKI_TRY(key_id(out->name, typed.data, out->id, err));
	if (memcmp(out->id, id, KEY_ID) != 0)
		return vkey_malformed(type, err);
	return pki_key_from_raw_ed25519(typed.data + 1, &out->key, err);
}

static void
verifier_free(struct verifier *verifier)
{
	pki_key_free(verifier->key);
}

enum pki_status
pki_note_vkey_name(enum pki_note_type type, const char *vkey, char name[PKI_ORIGIN_TEXT],
	struct pki_err *err)
{
	PKI_CLEANUP(verifier_free) struct verifier verifier = { 0 };
	PKI_TRY(verifier_parse(vkey, type, &verifier, err));
	memcpy(name, verifier.name, sizeof verifier.name);
	return PKI_OK;
}

/* A signature line: base64 of the key's identifier and of sig. */
static enum pki_status
append_line(enum pki_note_type type, const char *name, const struct pki_key *key,
	struct pki_bytes signature, struct pki_buf *out, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf sig = { 0 };
	uint8_t typed[1 + ED25519_KEY] = { (uint8_t)type }, id[KEY_ID];
	PKI_TRY(pki_key_raw_public(key, typed + 1, err));
	PKI_TRY(key_id(name, typed, id, err));
	PKI_TRY(pki_buf_append(&sig, id, sizeof id, err));
	PKI_TRY(pki_buf_append(&sig, signature.data, signature.len, err));
	PKI_TRY(pki_buf_printf(out, err, "%s%s ", SIGNATURE_MARK, name));
	PKI_TRY(pki_base64_encode(sig.data, sig.len, out, err));
	return pki_buf_append(out, "\n", 1, err);
}

enum pki_status
pki_checkpoint_sign(const struct pki_checkpoint *cp, struct pki_key *key,
	struct pki_buf *note, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 }, sig = { 0 }, vkey = { 0 };
	PKI_TRY(pki_note_vkey(PKI_NOTE_LOG, cp->origin, key, &vkey, err)); /* checks it */
	PKI_TRY(pki_buf_printf(&text, err, "%s\n%ju\n", cp->origin, (uintmax_t)cp->size));
	PKI_TRY(pki_base64_encode(cp->root.octets, sizeof cp->root.octets, &text, err));
	PKI_TRY(pki_buf_append(&text, "\n", 1, err));
	PKI_TRY(pki_key_sign(key, text.data, text.len, &sig, err));
	PKI_TRY(pki_buf_append(note, text.data, text.len, err));
	PKI_TRY(pki_buf_append(note, "\n", 1, err));
	return append_line(PKI_NOTE_LOG, cp->origin, key, pki_buf_bytes(&sig), note, err);
}

/* Well-formed UTF-8 without control characters but newline (C2SP signed-note). */
static bool
text_valid(const uint8_t *p, const uint8_t *end)
{
	while (p < end) {
		uint8_t c = *p++;
		if (c < 0x80) {
			if (c < ' ' && c != '\n')
				return false;
			continue;
		}
		int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
		if (c < 0xc2 || c > 0xf4 || end - p < more)
			return false;
		uint8_t least = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
		uint8_t most = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
		if (*p < least || *p > most)
			return false;
		for (; more > 0; more--, p++)
			if ((*p & 0xc0) != 0x80)
				return false;
	}
	return true;
}

bool
pki_note_next_line(struct pki_bytes *rest, struct pki_bytes *line)
{
	const uint8_t *newline = rest->len > 0 ? memchr(rest->data, '\n', rest->len)
					       : NULL;
	if (newline == NULL)
		return false;
	*line = (struct pki_bytes){ rest->data, (size_t)(newline - rest->data) };
	rest->len -= line->len + 1;
	rest->data = newline + 1;
	return true;
}

/* A signature line's name (a view) and the octets of the signature. */
static enum pki_status
read_signature(struct pki_bytes line, struct pki_bytes *name, struct pki_buf *sig,
	struct pki_err *err)
{
	static const char malformed[] = "a signature line of the note is malformed";
	const char *start = (const char *)line.data + strlen(SIGNATURE_MARK);
	const char *end = (const char *)line.data + line.len;
	if (line.len <= strlen(SIGNATURE_MARK) ||
		memcmp(line.data, SIGNATURE_MARK, strlen(SIGNATURE_MARK)) != 0)
		return broken(err, PKI_RULE_LOG_NOTE, malformed);
	const char *space = memchr(start, ' ', (size_t)(end - start));
	if (space == NULL || space == start ||
		memchr(start, '+', (size_t)(space - start)) != NULL ||
		pki_base64_decode(space + 1, (size_t)(end - space - 1), sig, NULL) !=
			PKI_OK ||
		sig->len <= KEY_ID)
		return broken(err, PKI_RULE_LOG_NOTE, malformed);
	*name = (struct pki_bytes){ (const uint8_t *)start, (size_t)(space - start) };
	return PKI_OK;
}

/* C2SP tlog-cosignature: "cosignature/v1", "time N", the note's text. */
static enum pki_status
cosigned_message(
	struct pki_bytes text, uint64_t at, struct pki_buf *out, struct pki_err *err)
{
	PKI_TRY(pki_buf_printf(out, err, "cosignature/v1\ntime %ju\n", (uintmax_t)at));
	return pki_buf_append(out, text.data, text.len, err);
}

static bool
log_signature_right(
	const struct verifier *verifier, struct pki_bytes text, struct pki_bytes sig)
{
	return sig.len == ED25519_SIGNATURE &&
	       pki_key_verify(verifier->key, text.data, text.len, sig, NULL) == PKI_OK;
}

static bool
cosignature_right(const struct verifier *verifier, struct pki_bytes text,
	struct pki_bytes sig, pki_time *at)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf message = { 0 };
	uint64_t stamp = 0;
	if (sig.len != TIMESTAMP + ED25519_SIGNATURE)
		return false;
	for (size_t i = 0; i < TIMESTAMP; i++)
		stamp = stamp << 8 | sig.data[i];
	struct pki_bytes octets = { sig.data + TIMESTAMP, ED25519_SIGNATURE };
	if (stamp > INT64_MAX ||
		cosigned_message(text, stamp, &message, NULL) != PKI_OK ||
		pki_key_verify(verifier->key, message.data, message.len, octets, NULL) !=
			PKI_OK)
		return false;
	if ((pki_time)stamp > *at)
		*at = (pki_time)stamp;
	return true;
}

/* The result of checking the signatures of one verifier. */
struct signed_by {
	const struct verifier *verifier; /* NULL: the lines' form alone */
	int count; /* signatures that verified */
	pki_time at; /* the youngest cosignature's */
	struct pki_buf *line; /* the first verified line is appended; may be NULL */
};

static enum pki_status
check_signature(struct pki_bytes line, struct pki_bytes text, struct signed_by *by,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf sig = { 0 };
	struct pki_bytes name = { 0 };
	const struct verifier *verifier = by->verifier;
	PKI_TRY(read_signature(line, &name, &sig, err));
	if (verifier == NULL ||
		!pki_bytes_equal(
			name.data, name.len, verifier->name, strlen(verifier->name)) ||
		memcmp(sig.data, verifier->id, KEY_ID) != 0)
		return PKI_OK; /* an unknown key: ignored */
	struct pki_bytes octets = { sig.data + KEY_ID, sig.len - KEY_ID };
	if (verifier->type == PKI_NOTE_LOG &&
		!log_signature_right(verifier, text, octets))
		return broken(err, PKI_RULE_LOG_NOTE, "the log's signature is wrong");
	if (verifier->type == PKI_NOTE_WITNESS &&
		!cosignature_right(verifier, text, octets, &by->at))
		return broken(
			err, PKI_RULE_COSIGNATURE, "a witness's cosignature is wrong");
	if (by->count++ > 0 || by->line == NULL)
		return PKI_OK;
	return pki_buf_append(
		by->line, line.data, line.len + 1, err); /* with the newline */
}

static enum pki_status
check_signatures(struct pki_bytes signatures, struct pki_bytes text, struct signed_by *by,
	struct pki_err *err)
{
	struct pki_bytes line;
	int count = 0;
	while (pki_note_next_line(&signatures, &line)) {
		if (++count > PKI_NOTE_SIGNATURES_MAX)
			return broken(err, PKI_RULE_LOG_NOTE,
				"the note has over 32 signatures");
		PKI_TRY(check_signature(line, text, by, err));
	}
	if (signatures.len != 0)
		return broken(
			err, PKI_RULE_LOG_NOTE, "the note does not end with a newline");
	if (count == 0)
		return broken(err, PKI_RULE_LOG_NOTE, "the note has no signature");
	return PKI_OK;
}

/* The note's text ends with the newline before the last empty line. */
static enum pki_status
split(struct pki_bytes note, struct pki_bytes *text, struct pki_bytes *signatures,
	struct pki_err *err)
{
	if (note.len == 0 || note.len > PKI_NOTE_MAX)
		return broken(err, PKI_RULE_LOG_NOTE,
			"the note is empty or larger than 128 kB");
	if (!text_valid(note.data, note.data + note.len))
		return broken(err, PKI_RULE_LOG_NOTE,
			"the note holds control characters or is not UTF-8");
	for (size_t i = note.len - 1; i > 0; i--)
		if (note.data[i] == '\n' && note.data[i - 1] == '\n') {
			*text = (struct pki_bytes){ note.data, i };
			*signatures =
				(struct pki_bytes){ note.data + i + 1, note.len - i - 1 };
			return PKI_OK;
		}
	return broken(
		err, PKI_RULE_LOG_NOTE, "the note has no empty line before signatures");
}

bool
pki_note_size(struct pki_bytes line, uint64_t *out)
{
	if (line.len == 0 || (line.data[0] == '0' && line.len > 1))
		return false;
	uint64_t n = 0;
	for (size_t i = 0; i < line.len; i++) {
		unsigned digit = (unsigned)line.data[i] - '0';
		if (digit > 9 || n > ((uint64_t)INT64_MAX - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*out = n;
	return true;
}

static enum pki_status
parse_text(struct pki_bytes text, struct pki_checkpoint *out, struct pki_err *err)
{
	struct pki_bytes origin, size, root, extension;
	PKI_CLEANUP(pki_buf_free) struct pki_buf octets = { 0 };
	*out = (struct pki_checkpoint){ 0 };
	if (!pki_note_next_line(&text, &origin) || origin.len == 0 ||
		origin.len >= sizeof out->origin)
		return broken(err, PKI_RULE_LOG_CHECKPOINT,
			"the checkpoint has no origin line");
	if (!pki_note_next_line(&text, &size) || !pki_note_size(size, &out->size))
		return broken(err, PKI_RULE_LOG_CHECKPOINT,
			"the checkpoint's size is no number");
	if (!pki_note_next_line(&text, &root) ||
		pki_base64_decode((const char *)root.data, root.len, &octets, NULL) !=
			PKI_OK ||
		octets.len != sizeof out->root.octets)
		return broken(
			err, PKI_RULE_LOG_CHECKPOINT, "the checkpoint's root is no hash");
	while (pki_note_next_line(&text, &extension))
		if (extension.len == 0)
			return broken(err, PKI_RULE_LOG_CHECKPOINT,
				"the checkpoint has an empty line");
	memcpy(out->origin, origin.data, origin.len);
	memcpy(out->root.octets, octets.data, octets.len);
	return PKI_OK;
}

enum pki_status
pki_checkpoint_parse(
	struct pki_bytes note, struct pki_checkpoint *out, struct pki_err *err)
{
	struct pki_bytes text, signatures;
	struct signed_by nobody = { 0 };
	PKI_TRY(split(note, &text, &signatures, err));
	PKI_TRY(check_signatures(signatures, text, &nobody, err));
	return parse_text(text, out, err);
}

enum pki_status
pki_checkpoint_open(struct pki_bytes note, const char *vkey, struct pki_checkpoint *out,
	struct pki_err *err)
{
	PKI_CLEANUP(verifier_free) struct verifier verifier = { 0 };
	struct signed_by log = { .verifier = &verifier };
	struct pki_bytes text, signatures;
	PKI_TRY(split(note, &text, &signatures, err));
	PKI_TRY(verifier_parse(vkey, PKI_NOTE_LOG, &verifier, err));
	PKI_TRY(check_signatures(signatures, text, &log, err));
	if (log.count == 0)
		return broken(
			err, PKI_RULE_LOG_NOTE, "the note has no signature of the log");
	PKI_TRY(parse_text(text, out, err));
	if (strcmp(out->origin, verifier.name) != 0)
		return broken(err, PKI_RULE_LOG_CHECKPOINT,
			"the checkpoint's origin is not the verifier key's name");
	return PKI_OK;
}

enum pki_status
pki_checkpoint_cosign(struct pki_bytes note, const char *name, struct pki_key *key,
	pki_time at, struct pki_buf *line, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf message = { 0 }, sig = { 0 };
	struct pki_bytes text, signatures;
	uint8_t stamp[TIMESTAMP];
	PKI_TRY(split(note, &text, &signatures, err));
	for (size_t i = 0; i < TIMESTAMP; i++)
		stamp[i] = (uint8_t)((uint64_t)at >> (8 * (TIMESTAMP - 1 - i)));
	PKI_TRY(cosigned_message(text, (uint64_t)at, &message, err));
	PKI_TRY(pki_buf_append(&sig, stamp, sizeof stamp, err));
	PKI_TRY(pki_key_sign(key, message.data, message.len, &sig, err));
	return append_line(PKI_NOTE_WITNESS, name, key, pki_buf_bytes(&sig), line, err);
}

enum pki_status
pki_checkpoint_cosigned(struct pki_bytes note, const char *vkey, pki_time *at,
	bool *found, struct pki_err *err)
{
	PKI_CLEANUP(verifier_free) struct verifier verifier = { 0 };
	struct signed_by witness = { .verifier = &verifier };
	struct pki_bytes text, signatures;
	PKI_TRY(split(note, &text, &signatures, err));
	PKI_TRY(verifier_parse(vkey, PKI_NOTE_WITNESS, &verifier, err));
	PKI_TRY(check_signatures(signatures, text, &witness, err));
	*at = witness.at;
	if (found != NULL)
		*found = witness.count != 0;
	else if (witness.count == 0)
		return pki_fail_rule(err, PKI_NOTFOUND, PKI_RULE_COSIGNATURE,
			"the checkpoint has no cosignature of %s", verifier.name);
	return PKI_OK;
}

enum pki_status
pki_note_text(struct pki_bytes note, struct pki_bytes *text, struct pki_err *err)
{
	struct pki_bytes signatures;
	return split(note, text, &signatures, err);
}

enum pki_status
pki_note_pick(struct pki_bytes note, enum pki_note_type type, const char *vkey,
	struct pki_buf *line, bool *found, struct pki_err *err)
{
	PKI_CLEANUP(verifier_free) struct verifier verifier = { 0 };
	struct signed_by by = { .verifier = &verifier, .line = line };
	struct pki_bytes text, signatures;
	PKI_TRY(split(note, &text, &signatures, err));
	PKI_TRY(verifier_parse(vkey, type, &verifier, err));
	PKI_TRY(check_signatures(signatures, text, &by, err));
	if (found != NULL)
		*found = by.count != 0;
	else if (by.count == 0)
		return pki_fail_rule(err, PKI_NOTFOUND, PKI_RULE_LOG_NOTE,
			"the note has no signature of %s", verifier.name);
	return PKI_OK;
}
