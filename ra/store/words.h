/*
 * Words of the search: letters and digits, case-folded. "Anne-Marie" gives "anne",
 * "marie" and "annemarie". An e-mail address and a number with blanks or hyphens give
 * their parts and the whole.
 */
#ifndef RA_STORE_WORDS_H
#define RA_STORE_WORDS_H

#include "libpki/base/mem.h"

/* Octets of a word at most, with the NUL: the longest name has 64 characters. */
#define RA_WORD 260

typedef enum pki_status (*ra_word_fn)(void *ctx, const char *word, struct pki_err *err);

/* Call fn for each word of text; fn may get a word twice. */
enum pki_status ra_words_each(
	const char *text, ra_word_fn fn, void *ctx, struct pki_err *err) PKI_MUST_CHECK;

/* A word without accents; equal to the word for most. */
enum pki_status ra_words_plain(
	const char *word, char out[RA_WORD], struct pki_err *err) PKI_MUST_CHECK;
/* Calls fn for the beginnings of the word, of RA_PREFIX_MIN to RA_PREFIX_MAX characters. */
#define RA_PREFIX_MIN 3
#define RA_PREFIX_MAX 8 /* bounds the rows of the index */
enum pki_status ra_words_prefixes(
	const char *word, ra_word_fn fn, void *ctx, struct pki_err *err) PKI_MUST_CHECK;

/* The text as one word; "" if text has neither letter nor digit. */
void ra_words_fold(const char *text, size_t len, char out[RA_WORD]);

#endif
