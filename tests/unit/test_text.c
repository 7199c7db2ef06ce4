#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#include <cmocka.h>

#include "libpki/base/text.h"
#include "tests/unit/common/expect.h"

static struct pki_buf
prepare(const char *text)
{
	struct pki_buf out = { 0 };
	ok(pki_text_prepare(text, &out, &err));
	if (out.data == NULL)
		ok(pki_buf_append(&out, "", 0, &err));
	return out;
}

/* Each pair looks the same, or differs in what RFC 4518 calls insignificant. */
static void
r108_equal_names(void **state)
{
	(void)state;
	static const struct {
		const char *a, *b;
		bool want_same;
	} cases[] = {
		{ "Ren\u00e9", "Rene\u0301", true },
		{ "Claire Officer", "Claire\u00a0Officer", true },
		{ "Claire Officer", "Claire\u3000Officer\u00a0", true },
		{ "Claire Officer", " Claire \t Officer ", true },
		{ "Claire", "Cl\u00adaire", true },
		{ "Claire", "Claire\u061c", true },
		{ "Claire", "Claire\u180e", true },
		{ "Claire", "\u2060Claire\u206a", true },
		{ "Claire", "Claire\ufe0f", true },
		{ "Claire", "Cl\u034faire\ufffc", true },
		{ "Claire", "\u200bClaire\u115f\u3164\uffa0", true },
		{ "Claire", "Claire\U000e0020\U000e0fff", true },
		{ "Claire Officer", "Claire\u2028Officer", true },
		{ "Stra\u00dfe", "STRASSE", true },
		{ "Stra\u1e9ee", "strasse", true },
		{ "Nguy\u1ec5n", "NGUY\u1ec4N", true },
		{ "Nguy\u1ec5n", "Nguye\u0302\u0303n", true },
		{ "\u0386\u03bd\u03bd\u03b1", "\u03ac\u03bd\u03bd\u03b1", true },
		{ "\u03a3\u0399\u03a3\u03a5\u03a6\u039f\u03a3",
			"\u03c3\u03b9\u03c3\u03c5\u03c6\u03bf\u03c2", true },
		{ "\ufb01nn", "FINN", true },
		{ "\uff21\uff4c\uff49\uff43\uff45", "Alice", true },
		{ "\u01c4ivo", "d\u017eivo", true },
		{ "Rene", "Ren\u00e9", false },
		{ "Claire Officer", "ClaireOfficer", false },
		{ "Cl\u0430ire", "Claire", false },
		{ "Muller", "M\u00fcller", false },
		{ "O'Brien", "O\u2019Brien", false },
		{ "", "\u2060", true },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		PKI_CLEANUP(pki_buf_free) struct pki_buf a = prepare(cases[i].a);
		PKI_CLEANUP(pki_buf_free) struct pki_buf b = prepare(cases[i].b);
		if (pki_bytes_equal(a.data, a.len, b.data, b.len) != cases[i].want_same)
			fail_msg("%s, %s: \"%s\" and \"%s\"", cases[i].a, cases[i].b,
				(char *)a.data, (char *)b.data);
	}
}

static void
need_same(const struct pki_buf *want, uint8_t *text, size_t len, ucs4_t c)
{
	text = realloc(text, len + 1);
	assert_non_null(text);
	text[len] = '\0';
	PKI_CLEANUP(pki_buf_free) struct pki_buf is = prepare((const char *)text);
	if (!pki_bytes_equal(is.data, is.len, want->data, want->len))
		fail_msg("U+%04X: \"%s\", not \"%s\"", (unsigned)c, (char *)is.data,
			(char *)want->data);
	free(text);
}

/* A plane of characters for private use tells no more than its first. */
static bool
is_looked_at(ucs4_t c)
{
	return c < 0x3000 || uc_is_property_default_ignorable_code_point(c) ||
	       !uc_is_general_category_withtable(
		       c, UC_CATEGORY_MASK_Co | UC_CATEGORY_MASK_Cn);
}

/* For every character of Unicode: preparing twice changes nothing more, and the forms of
 * normalization and the folded form are equal. */
static void
r108_every_character(void **state)
{
	(void)state;
	const uninorm_t forms[] = { UNINORM_NFC, UNINORM_NFD, UNINORM_NFKC,
		UNINORM_NFKD };
	for (ucs4_t c = 1; c <= 0x10ffff; c++) {
		char text[16] = "a";
		int used = u8_uctomb((uint8_t *)text + 1, c, 8);
		if (used < 0 || !is_looked_at(c))
			continue; /* a surrogate, or not assigned */
		text[1 + used] = 'b';
		size_t len = strlen(text), made;
		const uint8_t *octets = (const uint8_t *)text;
		PKI_CLEANUP(pki_buf_free) struct pki_buf want = prepare(text);
		PKI_CLEANUP(pki_buf_free)
		struct pki_buf twice = prepare((char *)want.data);
		if (!pki_bytes_equal(want.data, want.len, twice.data, twice.len))
			fail_msg("U+%04X: preparing is not final", (unsigned)c);
		for (size_t i = 0; i < PKI_COUNT(forms); i++) {
			uint8_t *form = u8_normalize(forms[i], octets, len, NULL, &made);
			need_same(&want, form, made, c);
		}
		uint8_t *folded = u8_casefold(octets, len, NULL, NULL, NULL, &made);
		need_same(&want, folded, made, c);
	}
}

static void
r108_unfit(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint32_t want;
		const char *want_why;
	} cases[] = {
		{ "Jos\u00e9 O'Brien-\u5f20 \u017b\u00f3\u0142\u0107", 0, NULL },
		{ "\u0645\u062d\u0645\u062f \u0928\u0947\u0939\u093e", 0, NULL },
		{ "A\u202eB", 0x202e, "direction" },
		{ "A\u061c", 0x61c, "direction" },
		{ "A\u200f", 0x200f, "direction" },
		{ "A\u2066", 0x2066, "direction" },
		{ "A\u200bB", 0x200b, "seen" },
		{ "A\u00ad", 0xad, "seen" },
		{ "\u2060", 0x2060, "seen" },
		{ "A\u180e", 0x180e, "seen" },
		{ "A\u206a", 0x206a, "seen" },
		{ "A\ufe0f", 0xfe0f, "seen" },
		{ "A\u3164", 0x3164, "seen" },
		{ "A\u2800", 0x2800, "seen" },
		{ "A\ufffc", 0xfffc, "seen" },
		{ "A\U000e0041", 0xe0041, "seen" },
		{ "A\ufeff", 0xfeff, "seen" },
		{ "A\u00a0B", 0xa0, "space" },
		{ "A\u3000", 0x3000, "space" },
		{ "A\u2028", 0x2028, "space" },
		{ "A\ufdd0", 0xfdd0, "no character" },
		{ "A\U0001ffff", 0x1ffff, "no character" },
		{ "A\ue000", 0xe000, "private" },
		{ "A\U0010fffd", 0x10fffd, "private" },
		{ "A\u0378", 0x378, "assigned" },
		{ "A\ufffd", 0xfffd, "lost" },
		{ "A\n", 0xa, "control" },
		{ "A\xc2\x85", 0x85, "control" },
		{ "\u0301A", 0x301, "combining" },
		{ "A \u0301B", 0x301, "combining" },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		uint32_t c = 0;
		const char *why = pki_text_unfit(cases[i].text, &c);
		if ((why == NULL) != (cases[i].want_why == NULL))
			fail_msg("%s: %s", cases[i].text, why != NULL ? why : "fits");
		if (why == NULL || cases[i].want_why == NULL)
			continue;
		assert_int_equal(c, cases[i].want);
		assert_non_null(strstr(why, cases[i].want_why));
	}
}

static void
mixed_scripts(void **state)
{
	(void)state;
	static const struct {
		const char *text, *want_word, *want_first, *want_second;
	} cases[] = {
		{ "Claire Officer", NULL, NULL, NULL },
		{ "Cl\u0430ire Officer", "Cl\u0430ire", "Latin", "Cyrillic" },
		{ "Anna Officer-\u041ci\u0440 Bo", "\u041ci\u0440", "Cyrillic", "Latin" },
		{ "Anna \u041c\u0430\u0440\u0438\u044f", NULL, NULL, NULL },
		{ "Anna-\u041c\u0430\u0440\u0438\u044f", NULL, NULL, NULL },
		{ "\u3042\u5f20\u30a2", NULL, NULL, NULL },
		{ "Ren\u00e9e 2\u0301", NULL, NULL, NULL },
		{ "\u0391lice", "\u0391lice", "Greek", "Latin" },
		{ "", NULL, NULL, NULL },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_text_mix mix;
		bool mixed = pki_text_mixed(cases[i].text, &mix);
		assert_int_equal(mixed, cases[i].want_word != NULL);
		if (!mixed || cases[i].want_word == NULL)
			continue;
		assert_int_equal(mix.word.len, strlen(cases[i].want_word));
		assert_memory_equal(mix.word.data, cases[i].want_word, mix.word.len);
		assert_string_equal(mix.scripts[0], cases[i].want_first);
		assert_string_equal(mix.scripts[1], cases[i].want_second);
	}
}

static void
nfc_and_characters(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_buf_free) struct pki_buf out = { 0 };
	ok(pki_text_nfc("Rene\u0301 \u1100\u1161", &out, &err));
	assert_string_equal((char *)out.data, "Ren\u00e9 \uac00");
	assert_int_equal(pki_text_chars((char *)out.data), 6);
	assert_int_equal(pki_text_chars(""), 0);
	pki_buf_reset(&out);
	ok(pki_text_nfc("", &out, &err));
	assert_int_equal(out.len, 0);
	fails(pki_text_nfc("\xff", &out, &err), INPUT);
	fails(pki_text_prepare("A\xc3", &out, &err), INPUT);
	fails(pki_text_prepare("\xed\xa0\x80", &out, &err), INPUT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(r108_equal_names),
		cmocka_unit_test(r108_every_character),
		cmocka_unit_test(r108_unfit),
		cmocka_unit_test(mixed_scripts),
		cmocka_unit_test(nfc_and_characters),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
