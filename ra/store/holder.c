#include "ra/store/holder.h"

#include <stdio.h>

#include "ra/store/store_priv.h"

enum pki_status
ra_holder_add(struct ra_store *store, const char *id, struct pki_err *err)
{
	uint8_t wrapped[RA_WRAPPED];
	sqlite3_stmt *stmt;
	PKI_TRY(ra_vault_key(store->vault, id, wrapped, err));
	PKI_TRY(ra_sql(store, RA_SQL_ADD_HOLDER, &stmt, err, "tb", id,
		(struct pki_bytes){ wrapped, sizeof wrapped }));
	return ra_sql_run(store, stmt, NULL, err);
}

enum pki_status
ra_holder_key(struct ra_store *store, const char *id, struct pki_buf *wrapped,
	struct pki_err *err)
{
	PKI_CLEANUP(ra_sql_done) sqlite3_stmt *stmt = NULL;
	bool row;
	PKI_TRY(ra_sql(store, RA_SQL_HOLDER_KEY, &stmt, err, "t", id));
	PKI_TRY(ra_sql_step(store, stmt, &row, err));
	if (!row)
		return pki_fail(err, PKI_NOTFOUND,
			"no holder of this id is in the applications store; find the holder with pki-ra search");
	return pki_buf_append(wrapped, sqlite3_column_blob(stmt, 0),
		(size_t)sqlite3_column_bytes(stmt, 0), err);
}

enum pki_status
ra_holder_check_kept(struct ra_store *store, const char *id, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf wrapped = { 0 };
	PKI_TRY(ra_holder_key(store, id, &wrapped, err));
	if (wrapped.len == 0)
		return pki_fail(err, PKI_STATE,
			"the personal data of holder %s was erased; the person applies again as a new holder: pki-ra submit without --holder",
			id);
	return PKI_OK;
}

enum pki_status
ra_holder_need(struct ra_store *store, const char *id, struct pki_err *err)
{
	enum pki_status status = ra_holder_check_kept(store, id, err);
	if (status != PKI_OK)
		pki_err_object(err, "%s", id);
	return status;
}

enum pki_status
ra_holder_get(struct ra_store *store, const char *id, struct ra_holder *out,
	struct pki_err *err)
{
	PKI_CLEANUP(ra_sql_done) sqlite3_stmt *stmt = NULL;
	bool row;
	PKI_TRY(ra_sql(store, RA_SQL_HOLDER, &stmt, err, "t", id));
	PKI_TRY(ra_sql_step(store, stmt, &row, err));
	*out = (struct ra_holder){
		.applications = (uint64_t)sqlite3_column_int64(stmt, 0),
		.changed = sqlite3_column_int64(stmt, 1),
	};
	snprintf(out->id, sizeof out->id, "%s", id);
	return PKI_OK;
}

enum pki_status
ra_holder_each_idle(struct ra_store *store, pki_msec before, ra_holder_fn fn, void *ctx,
	struct pki_err *err)
{
	PKI_CLEANUP(ra_sql_done) sqlite3_stmt *stmt = NULL;
	PKI_TRY(ra_sql(store, RA_SQL_IDLE, &stmt, err, "i", (int64_t)before));
	for (;;) {
		struct ra_holder holder = { 0 };
		bool row;
		PKI_TRY(ra_sql_step(store, stmt, &row, err));
		if (!row)
			return PKI_OK;
		ra_sql_text(stmt, 0, holder.id, sizeof holder.id);
		holder.applications = (uint64_t)sqlite3_column_int64(stmt, 1);
		holder.changed = sqlite3_column_int64(stmt, 2);
		PKI_TRY(fn(ctx, &holder, err));
	}
}
