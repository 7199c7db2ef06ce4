#include "ra/store/index.h"

#include <string.h>

#include "ra/store/store_priv.h"
#include "ra/store/words.h"

struct indexing {
	struct ra_store *store;
	const char *application;
};

static enum pki_status
index_word(void *ctx, const char *word, struct pki_err *err)
{
	const struct indexing *to = ctx;
	uint8_t token[RA_TOKEN];
	sqlite3_stmt *stmt;
	PKI_TRY(ra_vault_token(to->store->vault, word, token, err));
	PKI_TRY(ra_sql(to->store, RA_SQL_ADD_WORD, &stmt, err, "bt",
		(struct pki_bytes){ token, sizeof token }, to->application));
	return ra_sql_run(to->store, stmt, NULL, err);
}

enum pki_status
ra_index_word(struct ra_store *store, const char *application, const char *word,
	struct pki_err *err)
{
	return index_word(&(struct indexing){ store, application }, word, err);
}

enum pki_status
ra_index_text(struct ra_store *store, const char *application, const char *text,
	struct pki_err *err)
{
	return ra_words_each(
		text, index_word, &(struct indexing){ store, application }, err);
}

/* The word, as earlier versions indexed the word; without accents; and beginnings. */
static enum pki_status
index_name(void *ctx, const char *word, struct pki_err *err)
{
	char plain[RA_WORD];
	PKI_TRY(index_word(ctx, word, err));
	PKI_TRY(ra_words_plain(word, plain, err));
	if (plain[0] == '\0')
		return PKI_OK;
	PKI_TRY(index_word(ctx, plain, err));
	return ra_words_prefixes(plain, index_word, ctx, err);
}

enum pki_status
ra_index_name(struct ra_store *store, const char *application, const char *text,
	struct pki_err *err)
{
	return ra_words_each(
		text, index_name, &(struct indexing){ store, application }, err);
}

enum pki_status
ra_index_number(struct ra_store *store, const char *application, const char *text,
	struct pki_err *err)
{
	char word[RA_WORD];
	ra_words_fold(text, strlen(text), word);
	PKI_TRY(ra_index_word(store, application, word, err));
	return ra_index_text(store, application, text, err);
}

enum pki_status
ra_index_holder(struct ra_store *store, const char *word, char holder[PKI_ID_TEXT],
	struct pki_err *err)
{
	PKI_CLEANUP(ra_sql_done) sqlite3_stmt *stmt = NULL;
	uint8_t token[RA_TOKEN];
	bool row;
	holder[0] = '\0';
	PKI_TRY(ra_vault_token(store->vault, word, token, err));
	PKI_TRY(ra_sql(store, RA_SQL_WORD_HOLDER, &stmt, err, "b",
		(struct pki_bytes){ token, sizeof token }));
	PKI_TRY(ra_sql_step(store, stmt, &row, err));
	if (row)
		ra_sql_text(stmt, 0, holder, PKI_ID_TEXT);
	return PKI_OK;
}

/* Add the applications that the word finds, with or without its accents, to the temporary
 * table, for the term. */
static enum pki_status
add_found(struct ra_store *store, const char *word, int64_t term, struct pki_err *err)
{
	uint8_t token[RA_TOKEN], without[RA_TOKEN];
	char plain[RA_WORD];
	sqlite3_stmt *stmt;
	PKI_TRY(ra_words_plain(word, plain, err));
	PKI_TRY(ra_vault_token(store->vault, word, token, err));
	PKI_TRY(ra_vault_token(
		store->vault, plain[0] != '\0' ? plain : word, without, err));
	PKI_TRY(ra_sql(store, RA_SQL_ADD_FOUND, &stmt, err, "bib",
		(struct pki_bytes){ token, sizeof token }, term,
		(struct pki_bytes){ without, sizeof without }));
	return ra_sql_run(store, stmt, NULL, err);
}

enum pki_status
ra_index_search(struct ra_store *store, const char *text, struct pki_err *err)
{
	static const char blanks[] = " \t\r\n";
	char word[RA_WORD];
	sqlite3_stmt *stmt;
	int64_t terms = 0;
	PKI_TRY(ra_sql(store, RA_SQL_CLEAR_FOUND, &stmt, err, ""));
	PKI_TRY(ra_sql_run(store, stmt, NULL, err));
	for (const char *p = text + strspn(text, blanks); *p != '\0';
		p += strspn(p, blanks)) {
		size_t len = strcspn(p, blanks);
		ra_words_fold(p, len, word);
		if (word[0] != '\0')
			PKI_TRY(add_found(store, word, ++terms, err));
		p += len;
	}
	PKI_TRY(ra_sql(store, RA_SQL_KEEP_FOUND, &stmt, err, "i", terms));
	PKI_TRY(ra_sql_run(store, stmt, NULL, err));
	ra_words_fold(text, strlen(text), word);
	return add_found(store, word, 0, err);
}
