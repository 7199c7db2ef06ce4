/*
 * What the search finds: words of letters and digits, case-folded. "Anne-Marie" gives "anne",
 * "marie" and "annemarie"; an e-mail address, a number with what stands between its digits:
 * their parts and the whole.
 */
#ifndef RA_STORE_WORDS_H
#define RA_STORE_WORDS_H

#include "libpki/base/mem.h"

/* A word's octets at most, and the NUL: the longest name has 64 characters. */
#define RA_WORD 260

typedef enum pki_status (*ra_word_fn)(void *ctx, const char *word, struct pki_err *err);

/* Calls fn for each word of text, some perhaps twice. */
enum pki_status ra_words(
	const char *text, ra_word_fn fn, void *ctx, struct pki_err *err) PKI_MUST_CHECK;

/* The text as one word; "" if it has neither letter nor digit. */
void ra_word_fold(const char *text, size_t len, char out[RA_WORD]);

#endif
