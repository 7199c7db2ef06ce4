#include "ra/store/application.h"

#include <stdio.h>
#include <string.h>

#include "ra/store/index.h"
#include "ra/store/store_priv.h"

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
ra_application_add(
	struct ra_store *store, const struct ra_application *a, struct pki_err *err)
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
		return pki_fail(err, PKI_TAMPERED,
			"an application has the unknown state %d; restore the store from its backup",
			(int)state);
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
ra_application_get(struct ra_store *store, const char *id, struct ra_application *out,
	struct pki_err *err)
{
	PKI_CLEANUP(ra_sql_done) sqlite3_stmt *stmt = NULL;
	bool row;
	PKI_TRY(ra_sql(store, RA_SQL_APPLICATION, &stmt, err, "t", id));
	PKI_TRY(ra_sql_step(store, stmt, &row, err));
	if (!row) {
		pki_err_object(err, "%s", id);
		return pki_fail(err, PKI_NOTFOUND,
			"the application is not in the store; pki-ra list shows all applications, pki-ra search finds one");
	}
	return read_application(stmt, out, err);
}

enum pki_status
ra_application_move(struct ra_store *store, struct ra_application *a, enum ra_state from,
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
		"the application is no longer %s: another officer was faster; look at the application with pki-ra show",
		ra_state_name(from));
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
ra_application_each(struct ra_store *store, const struct ra_filter *filter,
	ra_application_fn fn, void *ctx, uint64_t *total, struct pki_err *err)
{
	PKI_CLEANUP(ra_sql_done) sqlite3_stmt *stmt = NULL;
	if (filter->text != NULL)
		PKI_TRY(ra_index_search(store, filter->text, err));
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
