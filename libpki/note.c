#include "libpki/note.h"

#include <stdio.h>
#include <string.h>

/* em dash, space */
#define SIGNATURE_MARK "\xe2\x80\x94 "
#define TYPE_ED25519 0x01
#define KEY_ID ((size_t)4)
#define ED25519_KEY 32
#define ED25519_SIGNATURE 64

struct verifier {
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
key_id(const char *name, const uint8_t raw[ED25519_KEY], uint8_t out[KEY_ID],
	struct pki_err *err)
{
	uint8_t digest[PKI_SHA256];
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	PKI_TRY(pki_buf_printf(&text, err, "%s\n%c", name, TYPE_ED25519));
	PKI_TRY(pki_buf_append(&text, raw, ED25519_KEY, err));
	PKI_TRY(pki_sha256(text.data, text.len, digest, err));
	memcpy(out, digest, KEY_ID);
	return PKI_OK;
}

enum pki_status
pki_note_vkey(const char *name, const struct pki_key *key, struct pki_buf *out,
	struct pki_err *err)
{
	uint8_t typed[1 + ED25519_KEY] = { TYPE_ED25519 }, id[KEY_ID];
	char id_hex[KEY_ID * 2 + 1];
	if (!name_valid(name, strlen(name)))
		return pki_fail(err, PKI_CONFIG,
			"log origin \"%s\": give printable ASCII without space and plus, "
			"under "
			"%d characters",
			name, PKI_ORIGIN_TEXT);
	PKI_TRY(pki_key_raw_public(key, typed + 1, err));
	PKI_TRY(key_id(name, typed + 1, id, err));
	pki_hex_encode(id, sizeof id, id_hex);
	PKI_TRY(pki_buf_printf(out, err, "%s+%s+", name, id_hex));
	return pki_base64_encode(typed, sizeof typed, out, err);
}

static enum pki_status
verifier_parse(const char *vkey, struct verifier *out, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf typed = { 0 };
	struct pki_err detail = { 0 };
	uint8_t id[KEY_ID];
	size_t name_len = strcspn(vkey, "+"), id_len = 0;
	const char *hex = vkey + name_len + (vkey[name_len] == '+');
	const char *base64 = hex + KEY_ID * 2 + 1;
	char id_hex[KEY_ID * 2 + 1] = { 0 };
	if (!name_valid(vkey, name_len) || strlen(hex) < sizeof id_hex || base64[-1] != '+')
		goto malformed;
	memcpy(out->name, vkey, name_len);
	memcpy(id_hex, hex, KEY_ID * 2);
	if (pki_hex_decode(id_hex, id, sizeof id, &id_len, &detail) != PKI_OK ||
		pki_base64_decode(base64, strcspn(base64, "\n"), &typed, &detail) != PKI_OK)
		goto malformed;
	if (typed.len != 1 + ED25519_KEY || typed.data[0] != TYPE_ED25519)
		goto malformed;
	PKI_TRY(key_id(out->name, typed.data + 1, out->id, err));
	if (memcmp(out->id, id, KEY_ID) != 0)
		goto malformed;
	return pki_key_from_raw_ed25519(typed.data + 1, &out->key, err);
malformed:
	return pki_fail_rule(err, PKI_CONFIG, PKI_RULE_LOG_NOTE,
		"the log's verifier key is not of the form NAME+HASH+BASE64 of an Ed25519 "
		"key; "
		"copy it from log/vkey");
}

enum pki_status
pki_checkpoint_sign(const struct pki_checkpoint *cp, struct pki_key *key,
	struct pki_buf *note, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 }, sig = { 0 }, vkey = { 0 };
	uint8_t raw[ED25519_KEY], id[KEY_ID];
	PKI_TRY(pki_note_vkey(cp->origin, key, &vkey, err)); /* checks the origin */
	PKI_TRY(pki_buf_printf(&text, err, "%s\n%ju\n", cp->origin, (uintmax_t)cp->size));
	PKI_TRY(pki_base64_encode(cp->root.octets, sizeof cp->root.octets, &text, err));
	PKI_TRY(pki_buf_append(&text, "\n", 1, err));
	PKI_TRY(pki_key_raw_public(key, raw, err));
	PKI_TRY(key_id(cp->origin, raw, id, err));
	PKI_TRY(pki_buf_append(&sig, id, sizeof id, err));
	PKI_TRY(pki_key_sign(key, text.data, text.len, &sig, err));
	PKI_TRY(pki_buf_append(note, text.data, text.len, err));
	PKI_TRY(pki_buf_printf(note, err, "\n%s%s ", SIGNATURE_MARK, cp->origin));
	PKI_TRY(pki_base64_encode(sig.data, sig.len, note, err));
	return pki_buf_append(note, "\n", 1, err);
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

/* The line at *p without its newline; *p moves behind it. false at the end. */
static bool
next_line(const char **p, const char *end, struct pki_bytes *line)
{
	const char *newline = *p < end ? memchr(*p, '\n', (size_t)(end - *p)) : NULL;
	if (newline == NULL)
		return false;
	*line = (struct pki_bytes){ (const uint8_t *)*p, (size_t)(newline - *p) };
	*p = newline + 1;
	return true;
}

/* One signature line; *verified grows if it is the verifier's and right. */
static enum pki_status
check_signature(struct pki_bytes line, struct pki_bytes text,
	const struct verifier *verifier, int *verified, struct pki_err *err)
{
	static const char malformed[] = "a signature line of the note is malformed";
	PKI_CLEANUP(pki_buf_free) struct pki_buf sig = { 0 };
	struct pki_err detail = { 0 };
	const char *name = (const char *)line.data + strlen(SIGNATURE_MARK);
	const char *end = (const char *)line.data + line.len;
	if (line.len <= strlen(SIGNATURE_MARK) ||
		memcmp(line.data, SIGNATURE_MARK, strlen(SIGNATURE_MARK)) != 0)
		return broken(err, PKI_RULE_LOG_NOTE, malformed);
	const char *space = memchr(name, ' ', (size_t)(end - name));
	if (space == NULL || space == name ||
		memchr(name, '+', (size_t)(space - name)) != NULL ||
		pki_base64_decode(space + 1, (size_t)(end - space - 1), &sig, &detail) !=
			PKI_OK ||
		sig.len <= KEY_ID)
		return broken(err, PKI_RULE_LOG_NOTE, malformed);
	size_t name_len = (size_t)(space - name);
	if (name_len != strlen(verifier->name) ||
		memcmp(name, verifier->name, name_len) != 0 ||
		memcmp(sig.data, verifier->id, KEY_ID) != 0)
		return PKI_OK; /* a key that we do not know: ignored */
	struct pki_bytes octets = { sig.data + KEY_ID, sig.len - KEY_ID };
	if (octets.len != ED25519_SIGNATURE || pki_key_verify(verifier->key, text.data,
						       text.len, octets, &detail) != PKI_OK)
		return broken(err, PKI_RULE_LOG_NOTE, "the log's signature is wrong");
	++*verified;
	return PKI_OK;
}

static enum pki_status
check_signatures(struct pki_bytes signatures, struct pki_bytes text,
	const struct verifier *verifier, struct pki_err *err)
{
	const char *p = (const char *)signatures.data, *end = p + signatures.len;
	struct pki_bytes line;
	int verified = 0, count = 0;
	while (next_line(&p, end, &line)) {
		if (++count > PKI_NOTE_SIGNATURES_MAX)
			return broken(
				err, PKI_RULE_LOG_NOTE, "the note has over 32 signatures");
		PKI_TRY(check_signature(line, text, verifier, &verified, err));
	}
	if (p != end)
		return broken(
			err, PKI_RULE_LOG_NOTE, "the note does not end with a newline");
	if (verified == 0)
		return broken(
			err, PKI_RULE_LOG_NOTE, "the note has no signature of the log");
	return PKI_OK;
}

/* The note's text ends with the newline before the last empty line. */
static enum pki_status
split(struct pki_bytes note, struct pki_bytes *text, struct pki_bytes *signatures,
	struct pki_err *err)
{
	if (note.len == 0 || note.len > PKI_NOTE_MAX)
		return broken(
			err, PKI_RULE_LOG_NOTE, "the note is empty or larger than 64 kB");
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

static bool
parse_size(struct pki_bytes line, uint64_t *out)
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
	const char *p = (const char *)text.data, *end = p + text.len;
	struct pki_bytes origin, size, root, extension;
	PKI_CLEANUP(pki_buf_free) struct pki_buf octets = { 0 };
	struct pki_err detail = { 0 };
	*out = (struct pki_checkpoint){ 0 };
	if (!next_line(&p, end, &origin) || origin.len == 0 ||
		origin.len >= sizeof out->origin)
		return broken(
			err, PKI_RULE_LOG_CHECKPOINT, "the checkpoint has no origin line");
	if (!next_line(&p, end, &size) || !parse_size(size, &out->size))
		return broken(
			err, PKI_RULE_LOG_CHECKPOINT, "the checkpoint's size is no number");
	if (!next_line(&p, end, &root) ||
		pki_base64_decode((const char *)root.data, root.len, &octets, &detail) !=
			PKI_OK ||
		octets.len != sizeof out->root.octets)
		return broken(
			err, PKI_RULE_LOG_CHECKPOINT, "the checkpoint's root is no hash");
	while (next_line(&p, end, &extension))
		if (extension.len == 0)
			return broken(err, PKI_RULE_LOG_CHECKPOINT,
				"the checkpoint has an empty line");
	memcpy(out->origin, origin.data, origin.len);
	memcpy(out->root.octets, octets.data, octets.len);
	return PKI_OK;
}

enum pki_status
pki_checkpoint_parse(struct pki_bytes note, struct pki_checkpoint *out, struct pki_err *err)
{
	struct pki_bytes text, signatures;
	PKI_TRY(split(note, &text, &signatures, err));
	return parse_text(text, out, err);
}

enum pki_status
pki_checkpoint_open(struct pki_bytes note, const char *vkey, struct pki_checkpoint *out,
	struct pki_err *err)
{
	struct verifier verifier = { 0 };
	struct pki_bytes text, signatures;
	PKI_TRY(split(note, &text, &signatures, err));
	PKI_TRY(verifier_parse(vkey, &verifier, err));
	enum pki_status status = check_signatures(signatures, text, &verifier, err);
	pki_key_free(verifier.key);
	PKI_TRY(status);
	PKI_TRY(parse_text(text, out, err));
	if (strcmp(out->origin, verifier.name) != 0)
		return broken(err, PKI_RULE_LOG_CHECKPOINT,
			"the checkpoint's origin is not the verifier key's name");
	return PKI_OK;
}
