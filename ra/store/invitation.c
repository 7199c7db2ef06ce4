#include "ra/store/invitation.h"

#include <stdio.h>
#include <string.h>

#include "ra/store/store_priv.h"

void
ra_invitation_free(struct ra_invitation *invitation)
{
	pki_buf_free(&invitation->cms);
}

enum pki_status
ra_invitation_add(struct ra_store *store, const struct ra_invitation *invitation,
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

static enum pki_status
absent(bool *found, struct pki_err *err)
{
	if (found == NULL)
		return pki_fail(err, PKI_NOTFOUND,
			"the invitation is not in the applications store");
	*found = false;
	return PKI_OK;
}

/* The row that a statement is at. */
static enum pki_status
present(sqlite3_stmt *stmt, struct ra_invitation *out, bool *found, struct pki_err *err)
{
	if (found != NULL)
		*found = true;
	return read_invitation(stmt, out, err);
}

enum pki_status
ra_invitation_by_code(struct ra_store *store, const uint8_t code[PKI_SHA256],
	struct ra_invitation *out, bool *found, struct pki_err *err)
{
	PKI_CLEANUP(ra_sql_done) sqlite3_stmt *stmt = NULL;
	bool row;
	*out = (struct ra_invitation){ 0 };
	PKI_TRY(ra_sql(store, RA_SQL_INVITATIONS, &stmt, err, "b",
		(struct pki_bytes){ code, 4 }));
	for (;;) {
		PKI_TRY(ra_sql_step(store, stmt, &row, err));
		if (!row)
			return absent(found, err);
		if (pki_bytes_equal(code, PKI_SHA256, sqlite3_column_blob(stmt, 1),
			    (size_t)sqlite3_column_bytes(stmt, 1)))
			return present(stmt, out, found, err);
	}
}

enum pki_status
ra_invitation_by_id(struct ra_store *store, const char *id, struct ra_invitation *out,
	bool *found, struct pki_err *err)
{
	PKI_CLEANUP(ra_sql_done) sqlite3_stmt *stmt = NULL;
	bool row;
	*out = (struct ra_invitation){ 0 };
	PKI_TRY(ra_sql(store, RA_SQL_INVITATION, &stmt, err, "t", id));
	PKI_TRY(ra_sql_step(store, stmt, &row, err));
	return row ? present(stmt, out, found, err) : absent(found, err);
}

enum pki_status
ra_invitation_each(
	struct ra_store *store, ra_invitation_fn fn, void *ctx, struct pki_err *err)
{
	PKI_CLEANUP(ra_sql_done) sqlite3_stmt *stmt = NULL;
	PKI_TRY(ra_sql(store, RA_SQL_EACH_INVITATION, &stmt, err, ""));
	for (;;) {
		PKI_CLEANUP(ra_invitation_free) struct ra_invitation invitation = { 0 };
		bool row;
		PKI_TRY(ra_sql_step(store, stmt, &row, err));
		if (!row)
			return PKI_OK;
		PKI_TRY(read_invitation(stmt, &invitation, err));
		PKI_TRY(fn(ctx, &invitation, err));
	}
}

enum pki_status
ra_invitation_use(struct ra_store *store, const char *id, const char *application,
	struct pki_err *err)
{
	sqlite3_stmt *stmt;
	int changed = 0;
	PKI_TRY(ra_sql(store, RA_SQL_USE_INVITATION, &stmt, err, "tt", id, application));
	PKI_TRY(ra_sql_run(store, stmt, &changed, err));
	if (changed != 1)
		return pki_refuse(err, PKI_RULE_INVITATION,
			"an application has used the invitation; the department issues a new invitation");
	return PKI_OK;
}
