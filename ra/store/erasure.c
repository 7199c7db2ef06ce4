/* Erasing a holder: the key first, then every octet. */
#include "ra/store/erasure.h"

#include <stdio.h>
#include <string.h>

#include "libpki/base/file.h"
#include "ra/store/application.h"
#include "ra/store/evidence.h"
#include "ra/store/index.h"
#include "ra/store/store_priv.h"

void
ra_erasure_free(struct ra_erasure *erasure)
{
	pki_buf_free(&erasure->cms);
}

enum pki_status
ra_erasure_get(struct ra_store *store, const char *holder, struct ra_erasure *out,
	bool *found, struct pki_err *err)
{
	PKI_CLEANUP(ra_sql_done) sqlite3_stmt *stmt = NULL;
	bool row;
	*out = (struct ra_erasure){ 0 };
	PKI_TRY(ra_sql(store, RA_SQL_ERASURE, &stmt, err, "t", holder));
	PKI_TRY(ra_sql_step(store, stmt, &row, err));
	if (!row && found == NULL)
		return pki_fail(err, PKI_NOTFOUND,
			"no officer has ordered the erasure of holder %s", holder);
	if (found != NULL)
		*found = row;
	if (!row)
		return PKI_OK;
	snprintf(out->holder, sizeof out->holder, "%s", holder);
	ra_sql_text(stmt, 0, out->order, sizeof out->order);
	out->erased = sqlite3_column_int64(stmt, 2);
	return pki_buf_append(&out->cms, sqlite3_column_blob(stmt, 1),
		(size_t)sqlite3_column_bytes(stmt, 1), err);
}

enum pki_status
ra_erasure_order(
	struct ra_store *store, const struct ra_erasure *erasure, struct pki_err *err)
{
	sqlite3_stmt *stmt;
	PKI_TRY(ra_sql(store, RA_SQL_ORDER_ERASURE, &stmt, err, "ttb", erasure->holder,
		erasure->order, pki_buf_bytes(&erasure->cms)));
	return ra_sql_run(store, stmt, NULL, err);
}

static enum pki_status
end_open(struct ra_store *store, const struct ra_erasure *erasure, const char *actor,
	struct pki_err *err)
{
	sqlite3_stmt *stmt;
	PKI_TRY(ra_sql(store, RA_SQL_END_EVENTS, &stmt, err, "ttt", erasure->holder,
		actor, erasure->order));
	PKI_TRY(ra_sql_run(store, stmt, NULL, err));
	PKI_TRY(ra_sql(store, RA_SQL_END_OPEN, &stmt, err, "ti", erasure->holder,
		(int64_t)erasure->erased));
	return ra_sql_run(store, stmt, NULL, err);
}

/* Ids are no personal data: the search finds an erased holder's applications by them. */
static enum pki_status
index_ids(void *ctx, const struct ra_application *a, struct pki_err *err)
{
	struct ra_store *store = ctx;
	const char *const ids[] = { a->id, a->holder, a->invitation, a->order };
	for (size_t i = 0; i < PKI_COUNT(ids); i++)
		PKI_TRY(ra_index_text(store, a->id, ids[i], err));
	return PKI_OK;
}

enum pki_status
ra_erasure_execute(struct ra_store *store, const struct ra_erasure *erasure,
	const char *actor, struct pki_err *err)
{
	static const enum ra_sql destroy[] = { RA_SQL_DESTROY_KEY, RA_SQL_DESTROY_PARTS,
		RA_SQL_DESTROY_WORDS };
	const struct ra_filter all = {
		.state = -1, .holder = erasure->holder, .limit = -1
	};
	sqlite3_stmt *stmt;
	int changed = 0;
	PKI_TRY(ra_sql(store, RA_SQL_ERASE, &stmt, err, "tbi", erasure->holder,
		pki_buf_bytes(&erasure->cms), (int64_t)erasure->erased));
	PKI_TRY(ra_sql_run(store, stmt, &changed, err));
	if (changed != 1)
		return pki_fail(err, PKI_STATE,
			"no officer has ordered the erasure of holder %s",
			erasure->holder);
	for (size_t i = 0; i < PKI_COUNT(destroy); i++) {
		PKI_TRY(ra_sql(store, destroy[i], &stmt, err, "t", erasure->holder));
		PKI_TRY(ra_sql_run(store, stmt, NULL, err));
	}
	PKI_TRY(end_open(store, erasure, actor, err));
	return ra_application_each(store, &all, index_ids, store, NULL, err);
}

static enum pki_status
sweep_evidence(struct ra_store *store, bool *any, struct pki_err *err)
{
	PKI_CLEANUP(ra_sql_done) sqlite3_stmt *stmt = NULL;
	char path[PATH_MAX + 96];
	PKI_TRY(ra_sql(store, RA_SQL_UNSWEPT, &stmt, err, ""));
	for (*any = false;; *any = true) {
		char application[PKI_ID_TEXT];
		bool row;
		PKI_TRY(ra_sql_step(store, stmt, &row, err));
		if (!row)
			return PKI_OK;
		ra_sql_text(stmt, 0, application, sizeof application);
		ra_evidence_discard(store, application);
		snprintf(path, sizeof path, "%s/evidence/%s", store->dir, application);
		if (pki_file_exists(path)) {
			pki_err_object(err, "%s", path);
			return pki_fail(err, PKI_IO,
				"the folder of erased evidence cannot be removed; remove the folder");
		}
	}
}

enum pki_status
ra_erasure_sweep(struct ra_store *store, struct pki_err *err)
{
	sqlite3_stmt *stmt;
	bool any;
	PKI_TRY(sweep_evidence(store, &any, err));
	if (!any)
		return PKI_OK;
	/* secure_delete overwrites a deleted row, but not the copies of the row that
	 * split pages keep. VACUUM waits for writers: the erasures before now are then
	 * out of the file. */
	pki_msec now = pki_msec_now();
	if (sqlite3_exec(store->db, "VACUUM", NULL, NULL, NULL) != SQLITE_OK)
		return ra_sql_fail(store, "the applications store", err);
	PKI_TRY(ra_sql(store, RA_SQL_SWEPT, &stmt, err, "i", (int64_t)now));
	return ra_sql_run(store, stmt, NULL, err);
}
