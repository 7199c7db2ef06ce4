#include "ra/store/store_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const sql[RA_SQL_LAST] = {
#include "ra/store/statements.sql.inc"
};

enum pki_status
ra_sql_fail(struct ra_store *store, const char *what, struct pki_err *err)
{
	static const struct {
		int code;
		enum pki_status status;
		const char *remedy;
	} causes[] = {
		{ SQLITE_BUSY, PKI_LOCKED, "another pki-ra is writing; try again" },
		{ SQLITE_LOCKED, PKI_LOCKED, "another pki-ra is writing; try again" },
		{ SQLITE_FULL, PKI_FULL, "make room and try again" },
		{ SQLITE_CORRUPT, PKI_TAMPERED, "restore the store from its backup" },
		{ SQLITE_NOTADB, PKI_TAMPERED, "restore the store from its backup" },
		{ SQLITE_CANTOPEN, PKI_IO, "check the folder's owner and mode" },
		{ SQLITE_READONLY, PKI_IO, "check the folder's owner and mode" },
		{ SQLITE_PERM, PKI_IO, "check the folder's owner and mode" },
		{ SQLITE_IOERR, PKI_IO, "check the disk" },
		{ SQLITE_CONSTRAINT, PKI_STATE,
			"look at the application with pki-ra show" },
	};
	int code = sqlite3_errcode(store->db) & 0xff, cause = 0;
	const char *text = sqlite3_errmsg(store->db);
	/* SQLite reports a read that failed with EIO as a malformed database */
	(void)sqlite3_file_control(store->db, "main", SQLITE_FCNTL_LAST_ERRNO, &cause);
	if (code == SQLITE_CORRUPT && cause != 0) {
		code = SQLITE_IOERR;
		text = strerror(cause);
	}
	pki_err_object(err, "%s/applications.db", store->dir);
	for (size_t i = 0; i < PKI_COUNT(causes); i++)
		if (causes[i].code == code)
			return pki_fail(err, causes[i].status, "%s: %s; %s", what, text,
				causes[i].remedy);
	return pki_fail(err, PKI_INTERNAL, "%s: %s", what, text);
}

static int
bind_all(sqlite3_stmt *stmt, const char *types, va_list ap)
{
	int rc = SQLITE_OK;
	for (int i = 1; types[i - 1] != '\0' && rc == SQLITE_OK; i++) {
		if (types[i - 1] == 't') {
			rc = sqlite3_bind_text(
				stmt, i, va_arg(ap, const char *), -1, SQLITE_STATIC);
		} else if (types[i - 1] == 'i') {
			rc = sqlite3_bind_int64(stmt, i, va_arg(ap, int64_t));
		} else {
			struct pki_bytes b = va_arg(ap, struct pki_bytes);
			rc = sqlite3_bind_blob64(stmt, i, b.data, b.len, SQLITE_STATIC);
		}
	}
	return rc;
}

enum pki_status
ra_sql(struct ra_store *store, enum ra_sql which, sqlite3_stmt **out, struct pki_err *err,
	const char *types, ...)
{
	sqlite3_stmt **stmt = &store->statements[which];
	if (*stmt == NULL && sqlite3_prepare_v3(store->db, sql[which], -1,
				     SQLITE_PREPARE_PERSISTENT, stmt, NULL) != SQLITE_OK)
		return ra_sql_fail(store, "a statement of the store", err);
	va_list ap;
	va_start(ap, types);
	int rc = bind_all(*stmt, types, ap);
	va_end(ap);
	if (rc != SQLITE_OK)
		return ra_sql_fail(store, "a statement of the store", err);
	*out = *stmt;
	return PKI_OK;
}

enum pki_status
ra_sql_step(struct ra_store *store, sqlite3_stmt *stmt, bool *row, struct pki_err *err)
{
	int rc = sqlite3_step(stmt);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		return ra_sql_fail(store, "applications store", err);
	*row = rc == SQLITE_ROW;
	return PKI_OK;
}

void
ra_sql_done(sqlite3_stmt **stmt)
{
	if (*stmt == NULL)
		return;
	sqlite3_reset(*stmt);
	sqlite3_clear_bindings(*stmt);
}

enum pki_status
ra_sql_run(struct ra_store *store, sqlite3_stmt *stmt, int *changed, struct pki_err *err)
{
	bool row;
	enum pki_status status = ra_sql_step(store, stmt, &row, err);
	if (status == PKI_OK && changed != NULL)
		*changed = sqlite3_changes(store->db);
	ra_sql_done(&stmt);
	return status;
}

void
ra_sql_text(sqlite3_stmt *stmt, int column, char *out, size_t size)
{
	const unsigned char *text = sqlite3_column_text(stmt, column);
	snprintf(out, size, "%s", text != NULL ? (const char *)text : "");
}
