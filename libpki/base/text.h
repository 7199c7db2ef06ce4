/*
 * Unicode text in UTF-8, by libunistring: how texts are compared, stored and refused.
 * Texts are NUL-terminated. INPUT if a text is not UTF-8.
 */
#ifndef LIBPKI_BASE_TEXT_H
#define LIBPKI_BASE_TEXT_H

#include "libpki/base/mem.h"

/*
 * Appends the text as RFC 4518 2 prepares a text for comparison (RFC 5280 7.1): ignorable
 * characters map to nothing and spaces to U+0020 (2.2), then full case folding and NFKC
 * (2.3), then insignificant spaces go: at the ends all, within the text all but one
 * (2.6.1). Two texts are equal if the octets appended are equal. Characters that 2.4
 * prohibits stay, because texts of earlier versions hold some; pki_text_unfit() finds them.
 */
enum pki_status pki_text_prepare(
	const char *text, struct pki_buf *out, struct pki_err *err) PKI_MUST_CHECK;

/* Appends the text prepared, and without accents: "Muller" for "M\u00fcller". For search. */
enum pki_status pki_text_plain(
	const char *text, struct pki_buf *out, struct pki_err *err) PKI_MUST_CHECK;

/* Appends the text in NFC, the form in which texts are stored. */
enum pki_status pki_text_nfc(
	const char *text, struct pki_buf *out, struct pki_err *err) PKI_MUST_CHECK;

/*
 * The first character that no name may hold: a control, a bidirectional control, a
 * character without a shape, a space other than U+0020, a noncharacter, a character for
 * private use or not assigned, U+FFFD, a combining mark at the start of a word.
 * NULL: none; else the reason with the remedy, and the character in *c.
 */
const char *pki_text_unfit(const char *text, uint32_t *c);

/*
 * Is there a word with letters of two scripts, as "Cl\u0430ire" with a Cyrillic a? Chinese,
 * Japanese and Korean words mix their own scripts. The scripts' names are static; word is
 * a view of text. A space or a hyphen ends a word.
 */
struct pki_text_mix {
	struct pki_bytes word;
	const char *scripts[2];
};
bool pki_text_mixed(const char *text, struct pki_text_mix *out);

/* The number of characters of valid UTF-8; cuts the text after `max` characters, and spaces
 * before the cut. */
size_t pki_text_chars(const char *text);
void pki_text_cut(char *text, size_t max);

#endif
