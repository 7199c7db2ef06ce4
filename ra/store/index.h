/* The blind index: words (words.h) find applications; the store has the tokens of the
 * words only (ra_vault_token()). */
#ifndef RA_STORE_INDEX_H
#define RA_STORE_INDEX_H

#include "libpki/cms/order.h"
#include "ra/store/store.h"

/* Index the words of text. */
enum pki_status ra_index_text(struct ra_store *store, const char *application,
	const char *text, struct pki_err *err) PKI_MUST_CHECK;
/* Index the words of a name, also without accents, and the beginnings of the words. */
enum pki_status ra_index_name(struct ra_store *store, const char *application,
	const char *text, struct pki_err *err) PKI_MUST_CHECK;
/* Index the words of a number ("+33 6 00 ...", "12-AB 345"), and the number as one
 * word. */
enum pki_status ra_index_number(struct ra_store *store, const char *application,
	const char *text, struct pki_err *err) PKI_MUST_CHECK;
/* Index a word unchanged, without folding. */
enum pki_status ra_index_word(struct ra_store *store, const char *application,
	const char *word, struct pki_err *err) PKI_MUST_CHECK;
/* The holder of the newest application that `word` (exactly as indexed) finds; "" if
 * the word finds none. */
enum pki_status ra_index_holder(struct ra_store *store, const char *word,
	char holder[PKI_ID_TEXT], struct pki_err *err) PKI_MUST_CHECK;
/* Fill the temporary table `found` with the applications found by all words of text, or
 * by text as a single word. */
enum pki_status ra_index_search(
	struct ra_store *store, const char *text, struct pki_err *err) PKI_MUST_CHECK;

#endif
