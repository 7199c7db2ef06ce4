#include "libpki/base/text.h"

#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#define OBJECT_REPLACEMENT 0xfffc
#define REPLACEMENT 0xfffd
#define MONGOLIAN_TODO_SOFT_HYPHEN 0x1806
#define BRAILLE_BLANK 0x2800

static enum pki_status
check_utf8(const char *text, struct pki_err *err)
{
	const uint8_t *octets = (const uint8_t *)text;
	const uint8_t *bad = u8_check(octets, strlen(text));
	return bad == NULL ? PKI_OK
			   : pki_fail(err, PKI_INPUT, "the text is not UTF-8 (octet %td)",
				     bad - octets);
}

static bool
is_in(ucs4_t c, uint32_t categories)
{
	return uc_is_general_category_withtable(c, categories);
}

#define SPACES (UC_CATEGORY_MASK_Zs | UC_CATEGORY_MASK_Zl | UC_CATEGORY_MASK_Zp)

/* RFC 4518 2.2: TAB, LF, VT, FF, CR and NEL count as spaces. */
static bool
is_space(ucs4_t c)
{
	return (c >= 0x09 && c <= 0x0d) || c == 0x85 || is_in(c, SPACES);
}

/* Without a shape of its own. */
static bool
is_ignorable(ucs4_t c)
{
	return is_in(c, UC_CATEGORY_MASK_Cc | UC_CATEGORY_MASK_Cf) ||
	       uc_is_property_default_ignorable_code_point(c) ||
	       c == MONGOLIAN_TODO_SOFT_HYPHEN || c == OBJECT_REPLACEMENT;
}

/* RFC 4518 2.2 */
static enum pki_status
map(const uint8_t *in, size_t len, struct pki_buf *out, struct pki_err *err)
{
	pki_buf_reset(out);
	for (size_t i = 0; i < len;) {
		ucs4_t c;
		size_t used = (size_t)u8_mbtouc(&c, in + i, len - i);
		if (is_space(c))
			PKI_TRY(pki_buf_append(out, " ", 1, err));
		else if (!is_ignorable(c))
			PKI_TRY(pki_buf_append(out, in + i, used, err));
		i += used;
	}
	return PKI_OK;
}

/*
 * Maps, folds and normalizes. The second round meets characters that the first one made;
 * a third would change nothing (tests/unit/test_text.c).
 */
static enum pki_status
fold(const char *text, struct pki_buf *out, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf mapped = { 0 };
	PKI_TRY(map((const uint8_t *)text, strlen(text), &mapped, err));
	for (int round = 0; round < 2; round++) {
		size_t len = 0;
		PKI_CLEANUP(pki_free_ptr)
		uint8_t *folded = u8_casefold(
			mapped.data, mapped.len, NULL, UNINORM_NFKC, NULL, &len);
		if (folded == NULL && mapped.len != 0)
			return pki_fail(err, PKI_MEMORY, "a name");
		PKI_TRY(map(folded, len, round == 0 ? &mapped : out, err));
	}
	return PKI_OK;
}

static bool
is_mark_at(const struct pki_buf *text, size_t at)
{
	ucs4_t c;
	if (at >= text->len)
		return false;
	u8_mbtouc(&c, text->data + at, text->len - at);
	return is_in(c, UC_CATEGORY_MASK_M);
}

enum pki_status
pki_text_prepare(const char *text, struct pki_buf *out, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf folded = { 0 };
	PKI_TRY(check_utf8(text, err));
	PKI_TRY(fold(text, &folded, err));
	size_t begin = out->len;
	bool space = false; /* one is due before the next character */
	for (size_t i = 0; i < folded.len; i++) {
		if (folded.data[i] == ' ' && !is_mark_at(&folded, i + 1)) {
			space = out->len > begin;
			continue;
		}
		if (space)
			PKI_TRY(pki_buf_append(out, " ", 1, err));
		space = false;
		PKI_TRY(pki_buf_append(out, folded.data + i, 1, err));
	}
	return PKI_OK;
}

enum pki_status
pki_text_nfc(const char *text, struct pki_buf *out, struct pki_err *err)
{
	size_t size = strlen(text), len = 0;
	PKI_TRY(check_utf8(text, err));
	PKI_CLEANUP(pki_free_ptr)
	uint8_t *nfc = u8_normalize(UNINORM_NFC, (const uint8_t *)text, size, NULL, &len);
	if (nfc == NULL && size != 0)
		return pki_fail(err, PKI_MEMORY, "a name");
	return pki_buf_append(out, size != 0 ? (const char *)nfc : "", len, err);
}

enum pki_status
pki_text_plain(const char *text, struct pki_buf *out, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf prepared = { 0 };
	PKI_TRY(pki_text_prepare(text, &prepared, err));
	size_t len = 0;
	PKI_CLEANUP(pki_free_ptr)
	uint8_t *parts =
		u8_normalize(UNINORM_NFD, prepared.data, prepared.len, NULL, &len);
	for (size_t i = 0; parts != NULL && i < len;) {
		ucs4_t c;
		size_t used = (size_t)u8_mbtouc(&c, parts + i, len - i);
		if (!is_in(c, UC_CATEGORY_MASK_Mn))
			PKI_TRY(pki_buf_append(out, parts + i, used, err));
		i += used;
	}
	return PKI_OK;
}

static const char *
why_unfit(ucs4_t c, bool word_begins)
{
	if (c == REPLACEMENT)
		return "stands for a character that was lost; type the name again";
	if (uc_is_property_bidi_control(c))
		return "changes the direction of what follows; remove it";
	if (uc_is_property_not_a_character(c))
		return "is no character; remove it";
	if (is_in(c, UC_CATEGORY_MASK_Co))
		return "is for private use and means another thing on each machine; write the name without it";
	if (is_in(c, UC_CATEGORY_MASK_Cc))
		return "is a control character; remove it";
	if (is_ignorable(c) || c == BRAILLE_BLANK)
		return "cannot be seen; remove it";
	if (is_in(c, UC_CATEGORY_MASK_Cn))
		return "is not assigned in Unicode, as this suite's library knows it; write the name without it";
	if (c != ' ' && is_in(c, SPACES))
		return "is a space of another kind; write an ordinary space";
	if (word_begins && is_in(c, UC_CATEGORY_MASK_M))
		return "is a combining mark without a letter before it; type the name again";
	return NULL;
}

const char *
pki_text_unfit(const char *text, uint32_t *c)
{
	const uint8_t *octets = (const uint8_t *)text;
	size_t len = strlen(text);
	bool word_begins = true;
	for (size_t i = 0; i < len;) {
		ucs4_t found;
		i += (size_t)u8_mbtouc(&found, octets + i, len - i);
		*c = found;
		const char *why = why_unfit(found, word_begins);
		if (why != NULL)
			return why;
		word_begins = found == ' ';
	}
	return NULL;
}

/* One name for the scripts that East Asian words mix; NULL: any script's. */
static const char *
script_of(ucs4_t c)
{
	static const char *const together[] = { "Han", "Hiragana", "Katakana", "Bopomofo",
		"Hangul" };
	const uc_script_t *script = uc_script(c);
	if (script == NULL || strcmp(script->name, "Common") == 0 ||
		strcmp(script->name, "Inherited") == 0)
		return NULL;
	for (size_t i = 0; i < PKI_COUNT(together); i++)
		if (strcmp(script->name, together[i]) == 0)
			return together[0];
	return script->name;
}

bool
pki_text_mixed(const char *text, struct pki_text_mix *out)
{
	const uint8_t *octets = (const uint8_t *)text;
	size_t len = strlen(text), begin = 0;
	bool mixed = false;
	const char *first = NULL;
	for (size_t i = 0; i < len;) {
		ucs4_t c;
		size_t at = i;
		i += (size_t)u8_mbtouc(&c, octets + i, len - i);
		if (is_space(c) || is_in(c, UC_CATEGORY_MASK_Pd)) {
			if (mixed)
				len = at;
			else
				begin = i;
			first = mixed ? first : NULL;
			continue;
		}
		const char *script = script_of(c);
		if (mixed || script == NULL || first == script)
			continue;
		mixed = first != NULL;
		if (mixed)
			*out = (struct pki_text_mix){ .scripts = { first, script } };
		else
			first = script;
	}
	if (mixed)
		out->word = (struct pki_bytes){ octets + begin, len - begin };
	return mixed;
}

size_t
pki_text_chars(const char *text)
{
	return u8_mbsnlen((const uint8_t *)text, strlen(text));
}

void
pki_text_cut(char *text, size_t max)
{
	size_t len = strlen(text), at = 0;
	for (; max > 0 && at < len; max--)
		at += (size_t)u8_mblen((const uint8_t *)text + at, len - at);
	bool cut = at < len;
	text[at] = '\0';
	while (cut && at > 0 && text[at - 1] == ' ')
		text[--at] = '\0';
}
