#include "ra/store/words.h"

#include <limits.h>
#include <locale.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "libpki/base/text.h"

static const char blanks[] = " \t\r\n";

/* Append the first character of text, folded, if the character is a letter or digit;
 * return the character's length. */
static size_t
fold_one(const char *text, size_t left, char *word, size_t *len, bool *taken)
{
	wchar_t wide = 0;
	mbstate_t state = { 0 };
	size_t used = mbrtowc(&wide, text, left, &state);
	*taken = false;
	if (used == 0 || used > left)
		return 1; /* not UTF-8: the octet is no letter */
	char out[MB_LEN_MAX];
	mbstate_t back = { 0 };
	size_t made = wcrtomb(out, (wchar_t)towlower((wint_t)wide), &back);
	if (!iswalnum((wint_t)wide) || made > MB_LEN_MAX || *len + made >= RA_WORD)
		return used;
	memcpy(word + *len, out, made);
	*len += made;
	word[*len] = '\0';
	*taken = true;
	return used;
}

/* The words of a text without blanks: the runs of letters and digits, and the whole
 * text. */
static enum pki_status
each_run(const char *text, size_t size, ra_word_fn fn, void *ctx, struct pki_err *err)
{
	char whole[RA_WORD] = "", run[RA_WORD] = "";
	size_t whole_len = 0, run_len = 0;
	bool taken;
	for (size_t at = 0; at < size;) {
		fold_one(text + at, size - at, whole, &whole_len, &taken);
		at += fold_one(text + at, size - at, run, &run_len, &taken);
		if (run_len != 0 && (!taken || at >= size)) {
			PKI_TRY(fn(ctx, run, err));
			run_len = 0;
		}
	}
	return whole_len != 0 ? fn(ctx, whole, err) : PKI_OK;
}

static enum pki_status
each_piece(const char *text, ra_word_fn fn, void *ctx, struct pki_err *err)
{
	for (text += strspn(text, blanks); *text != '\0'; text += strspn(text, blanks)) {
		size_t len = strcspn(text, blanks);
		PKI_TRY(each_run(text, len, fn, ctx, err));
		text += len;
	}
	return PKI_OK;
}

/* The thread's locale is C.UTF-8 during a walk, so that case folding covers Unicode. */
struct folding {
	locale_t utf8;
	locale_t before;
};

static void
fold_begin(struct folding *folding)
{
	folding->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (folding->utf8 != (locale_t)0)
		folding->before = uselocale(folding->utf8);
}

static void
fold_end(struct folding *folding)
{
	if (folding->utf8 == (locale_t)0)
		return;
	uselocale(folding->before);
	freelocale(folding->utf8);
}

enum pki_status
ra_words_each(const char *text, ra_word_fn fn, void *ctx, struct pki_err *err)
{
	struct folding folding;
	fold_begin(&folding);
	enum pki_status status = each_piece(text, fn, ctx, err);
	fold_end(&folding);
	return status;
}

void
ra_words_fold(const char *text, size_t len, char out[RA_WORD])
{
	struct folding folding;
	size_t used = 0;
	bool taken;
	out[0] = '\0';
	fold_begin(&folding);
	for (size_t at = 0; at < len;)
		at += fold_one(text + at, len - at, out, &used, &taken);
	fold_end(&folding);
}

enum pki_status
ra_words_plain(const char *word, char out[RA_WORD], struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf plain = { 0 };
	out[0] = '\0';
	PKI_TRY(pki_text_plain(word, &plain, err));
	if (plain.len < RA_WORD && plain.len != 0)
		memcpy(out, plain.data, plain.len + 1);
	return PKI_OK;
}

enum pki_status
ra_words_prefixes(const char *word, ra_word_fn fn, void *ctx, struct pki_err *err)
{
	char prefix[RA_WORD];
	size_t chars = pki_text_chars(word);
	for (size_t n = RA_PREFIX_MIN; n < chars && n <= RA_PREFIX_MAX; n++) {
		memcpy(prefix, word, strlen(word) + 1);
		pki_text_cut(prefix, n);
		PKI_TRY(fn(ctx, prefix, err));
	}
	return PKI_OK;
}
