#include <stdio.h>
#include <string.h>

#include "ra/store/store_priv.h"
#include "ra/store/words.h"

static const char *const states[] = {
#define X(id, name) [RA_##id] = name,
	RA_STATES(X)
#undef X
};

const char *
ra_state_name(enum ra_state state)
{
	return states[state];
}

bool
ra_state_by_name(const char *name, enum ra_state *out)
{
	for (size_t i = 0; i < PKI_COUNT(states); i++) {
		if (strcmp(states[i], name) == 0) {
			*out = (enum ra_state)i;
			return true;
		}
	}
	return false;
}

enum pki_status
ra_store_add_holder(struct ra_store *store, const char *holder, struct pki_err *err)
{
	uint8_t wrapped[RA_WRAPPED];
	sqlite3_stmt *stmt;
	PKI_TRY(ra_vault_key(store->vault, holder, wrapped, err));
	PKI_TRY(ra_sql(store, RA_SQL_ADD_HOLDER, &stmt, err, "tb", holder,
		(struct pki_bytes){ wrapped, sizeof wrapped }));
	return ra_sql_run(store, stmt, NULL, err);
}

/* Empty once erased; NOTFOUND */
static enum pki_status
holder_key(struct ra_store *store, const char *holder, struct pki_buf *wrapped,
	struct pki_err *err)
{
	PKI_CLEANUP(ra_sql_done) sqlite3_stmt *stmt = NULL;
	bool row;
	PKI_TRY(ra_sql(store, RA_SQL_HOLDER_KEY, &stmt, err, "t", holder));
	PKI_TRY(ra_sql_step(store, stmt, &row, err));
	if (!row)
		return pki_fail(err, PKI_NOTFOUND,
			"no holder of this id is in the applications store; look for it with pki-ra search");
	return pki_buf_append(wrapped, sqlite3_column_blob(stmt, 0),
		(size_t)sqlite3_column_bytes(stmt, 0), err);
}

enum pki_status
ra_store_check_kept(struct ra_store *store, const char *holder, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf wrapped = { 0 };
	PKI_TRY(holder_key(store, holder, &wrapped, err));
	if (wrapped.len == 0)
		return pki_fail(err, PKI_STATE,
			"the personal data of holder %s was erased; the person applies as at first, as a new holder: pki-ra submit without --holder",
			holder);
	return PKI_OK;
}

enum pki_status
ra_store_need_holder(struct ra_store *store, const char *holder, struct pki_err *err)
{
	enum pki_status st = ra_store_check_kept(store, holder, err);
	if (st != PKI_OK)
		pki_err_object(err, "%s", holder);
	return st;
}

void
ra_invitation_free(struct ra_invitation *invitation)
{
	pki_buf_free(&invitation->cms);
}

enum pki_status
ra_store_add_invitation(struct ra_store *store, const struct ra_invitation *invitation,
	struct pki_err *err)
{
	sqlite3_stmt *stmt;
	PKI_TRY(ra_sql(store, RA_SQL_ADD_INVITATION, &stmt, err, "tbtiib", invitation->id,
		(struct pki_bytes){ invitation->code, PKI_SHA256 },
		invitation->department, (int64_t)invitation->created,
		(int64_t)invitation->expires, pki_buf_bytes(&invitation->cms)));
	return ra_sql_run(store, stmt, NULL, err);
}

static enum pki_status
read_invitation(sqlite3_stmt *stmt, struct ra_invitation *out, struct pki_err *err)
{
	ra_sql_text(stmt, 0, out->id, sizeof out->id);
	if (sqlite3_column_bytes(stmt, 1) == PKI_SHA256)
		memcpy(out->code, sqlite3_column_blob(stmt, 1), PKI_SHA256);
	ra_sql_text(stmt, 2, out->department, sizeof out->department);
	out->created = sqlite3_column_int64(stmt, 3);
	out->expires = sqlite3_column_int64(stmt, 4);
	ra_sql_text(stmt, 6, out->application, sizeof out->application);
	return pki_buf_append(&out->cms, sqlite3_column_blob(stmt, 5),
		(size_t)sqlite3_column_bytes(stmt, 5), err);
}

enum pki_status
ra_store_invitation(struct ra_store *store, const uint8_t code[PKI_SHA256],
	const char *id, struct ra_invitation *out, struct pki_err *err)
{
	PKI_CLEANUP(ra_sql_done) sqlite3_stmt *stmt = NULL;
	bool row;
	*out = (struct ra_invitation){ 0 };
	if (id != NULL)
		PKI_TRY(ra_sql(store, RA_SQL_INVITATION, &stmt, err, "t", id));
	else
		PKI_TRY(ra_sql(store, RA_SQL_INVITATIONS, &stmt, err, "b",
			(struct pki_bytes){ code, 4 }));
	for (;;) {
		PKI_TRY(ra_sql_step(store, stmt, &row, err));
		if (!row)
			return pki_fail(err, PKI_NOTFOUND, "no such invitation");
		if (id != NULL ||
			pki_bytes_equal(code, PKI_SHA256, sqlite3_column_blob(stmt, 1),
				(size_t)sqlite3_column_bytes(stmt, 1)))
			return read_invitation(stmt, out, err);
	}
}

enum pki_status
ra_store_use_invitation(struct ra_store *store, const char *id, const char *application,
	struct pki_err *err)
{
	sqlite3_stmt *stmt;
	int changed = 0;
	PKI_TRY(ra_sql(store, RA_SQL_USE_INVITATION, &stmt, err, "tt", id, application));
	PKI_TRY(ra_sql_run(store, stmt, &changed, err));
	if (changed != 1)
		return pki_refuse(err, PKI_RULE_INVITATION,
			"the invitation is used already; the department issues a new one");
	return PKI_OK;
}

enum pki_status
ra_store_add(struct ra_store *store, const struct ra_application *a, struct pki_err *err)
{
	sqlite3_stmt *stmt;
	PKI_TRY(ra_sql(store, RA_SQL_ADD_APPLICATION, &stmt, err, "tiitttttii", a->id,
		(int64_t)a->renewal, (int64_t)a->state, a->holder, a->invitation,
		a->order, a->verified_by, a->approved_by, (int64_t)a->created,
		(int64_t)a->changed));
	return ra_sql_run(store, stmt, NULL, err);
}

static enum pki_status
read_application(sqlite3_stmt *stmt, struct ra_application *out, struct pki_err *err)
{
	int64_t state = sqlite3_column_int64(stmt, 2);
	if (state < RA_SUBMITTED || state > RA_REJECTED)
		return pki_fail(
			err, PKI_TAMPERED, "an application in state %d", (int)state);
	*out = (struct ra_application){
		.renewal = sqlite3_column_int(stmt, 1) != 0,
		.state = (enum ra_state)state,
		.created = sqlite3_column_int64(stmt, 8),
		.changed = sqlite3_column_int64(stmt, 9),
	};
	ra_sql_text(stmt, 0, out->id, sizeof out->id);
	ra_sql_text(stmt, 3, out->holder, sizeof out->holder);
	ra_sql_text(stmt, 4, out->invitation, sizeof out->invitation);
	ra_sql_text(stmt, 5, out->order, sizeof out->order);
	ra_sql_text(stmt, 6, out->verified_by, sizeof out->verified_by);
	ra_sql_text(stmt, 7, out->approved_by, sizeof out->approved_by);
	return PKI_OK;
}

enum pki_status
ra_store_get(struct ra_store *store, const char *id, struct ra_application *out,
	struct pki_err *err)
{
	PKI_CLEANUP(ra_sql_done) sqlite3_stmt *stmt = NULL;
	bool row;
	PKI_TRY(ra_sql(store, RA_SQL_APPLICATION, &stmt, err, "t", id));
	PKI_TRY(ra_sql_step(store, stmt, &row, err));
	if (!row) {
		pki_err_object(err, "%s", id);
		return pki_fail(err, PKI_NOTFOUND,
			"no such application; pki-ra list shows them, pki-ra search finds them");
	}
	return read_application(stmt, out, err);
}

enum pki_status
ra_store_move(struct ra_store *store, struct ra_application *a, enum ra_state from,
	struct pki_err *err)
{
	sqlite3_stmt *stmt;
	int changed = 0;
	a->changed = pki_msec_now();
	PKI_TRY(ra_sql(store, RA_SQL_MOVE, &stmt, err, "tiittti", a->id, (int64_t)from,
		(int64_t)a->state, a->order, a->verified_by, a->approved_by,
		(int64_t)a->changed));
	PKI_TRY(ra_sql_run(store, stmt, &changed, err));
	if (changed == 1)
		return PKI_OK;
	pki_err_object(err, "%s", a->id);
	return pki_fail(err, PKI_STATE,
		"the application is no longer %s: somebody else was faster; look at it again with pki-ra show",
		ra_state_name(from));
}

/* The applications that a word finds go into the temporary table, as the term's. */
static enum pki_status
add_found(struct ra_store *store, const char *word, int64_t term, struct pki_err *err)
{
	uint8_t token[RA_TOKEN];
	sqlite3_stmt *stmt;
	PKI_TRY(ra_vault_token(store->vault, word, token, err));
	PKI_TRY(ra_sql(store, RA_SQL_ADD_FOUND, &stmt, err, "bi",
		(struct pki_bytes){ token, sizeof token }, term));
	return ra_sql_run(store, stmt, NULL, err);
}

/* All terms of the text, or the text as one word ("+33 6 00 ..."). */
static enum pki_status
find(struct ra_store *store, const char *text, struct pki_err *err)
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
		ra_word_fold(p, len, word);
		if (word[0] != '\0')
			PKI_TRY(add_found(store, word, ++terms, err));
		p += len;
	}
	PKI_TRY(ra_sql(store, RA_SQL_KEEP_FOUND, &stmt, err, "i", terms));
	PKI_TRY(ra_sql_run(store, stmt, NULL, err));
	ra_word_fold(text, strlen(text), word);
	return add_found(store, word, 0, err);
}

static enum pki_status
count(struct ra_store *store, const struct ra_filter *filter, uint64_t *total,
	struct pki_err *err)
{
	PKI_CLEANUP(ra_sql_done) sqlite3_stmt *stmt = NULL;
	bool row;
	PKI_TRY(ra_sql(store, RA_SQL_COUNT, &stmt, err, "iti", (int64_t)filter->state,
		filter->holder != NULL ? filter->holder : "",
		(int64_t)(filter->text != NULL)));
	PKI_TRY(ra_sql_step(store, stmt, &row, err));
	*total = (uint64_t)sqlite3_column_int64(stmt, 0);
	return PKI_OK;
}

enum pki_status
ra_store_each(struct ra_store *store, const struct ra_filter *filter,
	ra_application_fn fn, void *ctx, uint64_t *total, struct pki_err *err)
{
	PKI_CLEANUP(ra_sql_done) sqlite3_stmt *stmt = NULL;
	if (filter->text != NULL)
		PKI_TRY(find(store, filter->text, err));
	if (total != NULL)
		PKI_TRY(count(store, filter, total, err));
	PKI_TRY(ra_sql(store, RA_SQL_LIST, &stmt, err, "itiii", (int64_t)filter->state,
		filter->holder != NULL ? filter->holder : "",
		(int64_t)(filter->text != NULL), (int64_t)filter->offset,
		(int64_t)filter->limit));
	for (;;) {
		struct ra_application application;
		bool row;
		PKI_TRY(ra_sql_step(store, stmt, &row, err));
		if (!row)
			return PKI_OK;
		PKI_TRY(read_application(stmt, &application, err));
		PKI_TRY(fn(ctx, &application, err));
	}
}

/* "A-...|record": what a sealed part is bound to, besides its holder */
#define PLACE_TEXT 96

enum pki_status
ra_store_seal(struct ra_store *store, const char *application, const char *holder,
	const char *part, struct pki_bytes plain, struct pki_buf *out,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf wrapped = { 0 };
	char place[PLACE_TEXT];
	snprintf(place, sizeof place, "%s|%s", application, part);
	PKI_TRY(holder_key(store, holder, &wrapped, err));
	return ra_vault_seal(
		store->vault, holder, pki_buf_bytes(&wrapped), place, plain, out, err);
}

enum pki_status
ra_store_unseal(struct ra_store *store, const char *application, const char *holder,
	const char *part, struct pki_bytes sealed, struct pki_buf *out,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf wrapped = { 0 };
	char place[PLACE_TEXT];
	snprintf(place, sizeof place, "%s|%s", application, part);
	PKI_TRY(holder_key(store, holder, &wrapped, err));
	return ra_vault_unseal(
		store->vault, holder, pki_buf_bytes(&wrapped), place, sealed, out, err);
}

enum pki_status
ra_store_put(struct ra_store *store, const struct ra_application *application,
	const char *part, struct pki_bytes plain, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf sealed = { 0 };
	sqlite3_stmt *stmt;
	PKI_TRY(ra_store_seal(
		store, application->id, application->holder, part, plain, &sealed, err));
	PKI_TRY(ra_sql(store, RA_SQL_PUT, &stmt, err, "ttb", application->id, part,
		pki_buf_bytes(&sealed)));
	return ra_sql_run(store, stmt, NULL, err);
}

static enum pki_status
read_part(struct ra_store *store, const struct ra_application *application,
	const char *part, struct pki_buf *out, struct pki_err *err)
{
	PKI_CLEANUP(ra_sql_done) sqlite3_stmt *stmt = NULL;
	bool row;
	PKI_TRY(ra_sql(store, RA_SQL_PART, &stmt, err, "tt", application->id, part));
	PKI_TRY(ra_sql_step(store, stmt, &row, err));
	if (!row) {
		PKI_TRY(ra_store_check_kept(store, application->holder, err));
		return pki_fail(err, PKI_NOTFOUND, "the application has no %s", part);
	}
	struct pki_bytes sealed = { sqlite3_column_blob(stmt, 0),
		(size_t)sqlite3_column_bytes(stmt, 0) };
	return ra_store_unseal(
		store, application->id, application->holder, part, sealed, out, err);
}

enum pki_status
ra_store_part(struct ra_store *store, const struct ra_application *application,
	const char *part, struct pki_buf *out, struct pki_err *err)
{
	enum pki_status st = read_part(store, application, part, out, err);
	if (st != PKI_OK)
		pki_err_object(err, "%s", application->id);
	return st;
}

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
ra_store_index_word(struct ra_store *store, const char *application, const char *word,
	struct pki_err *err)
{
	return index_word(&(struct indexing){ store, application }, word, err);
}

enum pki_status
ra_store_index(struct ra_store *store, const char *application, const char *text,
	bool whole, struct pki_err *err)
{
	char word[RA_WORD];
	if (whole) {
		ra_word_fold(text, strlen(text), word);
		PKI_TRY(ra_store_index_word(store, application, word, err));
	}
	return ra_words(text, index_word, &(struct indexing){ store, application }, err);
}

enum pki_status
ra_store_find_holder(struct ra_store *store, const char *word, char holder[PKI_ID_TEXT],
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
