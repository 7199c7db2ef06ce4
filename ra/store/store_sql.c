#include "ra/store/store_sql.h"

#include <stdarg.h>
#include <stdio.h>

#define APPLICATION \
	"id, renewal, state, holder, invitation, order_id, verified_by, approved_by, " \
	"created, changed"
#define MATCHES \
	" FROM application WHERE (?1 < 0 OR state = ?1) AND (?2 = '' OR holder = ?2)" \
	" AND (?3 = 0 OR id IN (SELECT application FROM found))"

static const char *const sql[RA_SQL_LAST] = {
	[RA_SQL_BEGIN] = "BEGIN IMMEDIATE",
	[RA_SQL_COMMIT] = "COMMIT",
	[RA_SQL_ROLLBACK] = "ROLLBACK",
	[RA_SQL_META] = "SELECT key_check FROM meta",
	[RA_SQL_ADD_META] = "INSERT INTO meta VALUES (1, ?)",
	[RA_SQL_ADD_HOLDER] = "INSERT INTO holder VALUES (?, ?) ON CONFLICT DO NOTHING",
	[RA_SQL_HOLDER_KEY] = "SELECT wrapped_key FROM holder WHERE id = ?",
	[RA_SQL_ADD_INVITATION] =
		"INSERT INTO invitation VALUES (?, ?, ?, ?, ?, ?, NULL)",
	/* by the code's first octets; the whole is compared by the caller */
	[RA_SQL_INVITATIONS] = "SELECT id, code, department, created, expires, cms, "
			       "ifnull(application, '') FROM invitation "
			       "WHERE substr(code, 1, 4) = ?",
	[RA_SQL_INVITATION] = "SELECT id, code, department, created, expires, cms, "
			      "ifnull(application, '') FROM invitation WHERE id = ?",
	[RA_SQL_USE_INVITATION] = "UPDATE invitation SET application = ?2 "
				  "WHERE id = ?1 AND application IS NULL",
	[RA_SQL_ADD_APPLICATION] = "INSERT INTO application (" APPLICATION ") "
				   "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[RA_SQL_APPLICATION] = "SELECT " APPLICATION " FROM application WHERE id = ?",
	[RA_SQL_MOVE] =
		"UPDATE application SET state = ?3, order_id = ?4, verified_by = ?5, "
		"approved_by = ?6, changed = ?7 WHERE id = ?1 AND state = ?2",
	[RA_SQL_LIST] = "SELECT " APPLICATION MATCHES
			" ORDER BY seq DESC LIMIT ?5 OFFSET ?4",
	[RA_SQL_COUNT] = "SELECT count(*)" MATCHES,
	[RA_SQL_PUT] = "INSERT INTO part VALUES (?, ?, ?) "
		       "ON CONFLICT DO UPDATE SET sealed = excluded.sealed",
	[RA_SQL_PART] = "SELECT sealed FROM part WHERE application = ? AND name = ?",
	[RA_SQL_ADD_WORD] = "INSERT INTO word VALUES (?, ?) ON CONFLICT DO NOTHING",
	[RA_SQL_WORD_HOLDER] = "SELECT a.holder FROM word w JOIN application a "
			       "ON a.id = w.application WHERE w.token = ? "
			       "ORDER BY a.seq DESC LIMIT 1",
	[RA_SQL_CLEAR_FOUND] = "DELETE FROM found",
	[RA_SQL_ADD_FOUND] = "INSERT INTO found SELECT application, ?2 FROM word "
			     "WHERE token = ?1",
	[RA_SQL_KEEP_FOUND] =
		"DELETE FROM found WHERE application NOT IN (SELECT application "
		"FROM found GROUP BY application HAVING count(*) = ?)",
	[RA_SQL_ERASURE] = "SELECT order_id, cms, ifnull(erased, 0) FROM erasure "
			   "WHERE holder = ?",
	[RA_SQL_ORDER_ERASURE] = "INSERT INTO erasure (holder, order_id, cms) "
				 "VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET "
				 "order_id = excluded.order_id, cms = excluded.cms",
	[RA_SQL_ERASE] = "UPDATE erasure SET cms = ?2, erased = ?3 WHERE holder = ?1",
	[RA_SQL_DESTROY_KEY] = "UPDATE holder SET wrapped_key = NULL WHERE id = ?",
	[RA_SQL_DESTROY_PARTS] = "DELETE FROM part WHERE application IN "
				 "(SELECT id FROM application WHERE holder = ?)",
	[RA_SQL_DESTROY_WORDS] = "DELETE FROM word WHERE application IN "
				 "(SELECT id FROM application WHERE holder = ?)",
	[RA_SQL_END_EVENTS] = "INSERT INTO outbox (type, actor, detail) "
			      "SELECT 'application-rejected', ?2, "
			      "json_object('application', id, 'order', ?3) "
			      "FROM application WHERE holder = ?1 AND state < 3",
	[RA_SQL_END_OPEN] = "UPDATE application SET state = 5, changed = ?2 "
			    "WHERE holder = ?1 AND state < 3",
	[RA_SQL_UNSWEPT] =
		"SELECT a.id FROM erasure e JOIN application a "
		"ON a.holder = e.holder WHERE e.swept = 0 AND e.erased IS NOT NULL",
	[RA_SQL_SWEPT] = "UPDATE erasure SET swept = 1 WHERE swept = 0 AND erased <= ?",
	[RA_SQL_IDLE] = "SELECT h.id, count(*), max(a.changed) FROM holder h "
			"JOIN application a ON a.holder = h.id "
			"WHERE h.wrapped_key IS NOT NULL GROUP BY h.id "
			"HAVING max(a.changed) <= ?",
	[RA_SQL_HOLDER] = "SELECT count(*), ifnull(max(changed), 0) FROM application "
			  "WHERE holder = ?",
	[RA_SQL_ADD_EVENT] = "INSERT INTO outbox (type, actor, detail) VALUES (?, ?, ?)",
	[RA_SQL_EVENTS] = "SELECT seq, type, actor, detail FROM outbox "
			  "WHERE seq > ? ORDER BY seq LIMIT 1",
	[RA_SQL_EVENT_SENT] = "DELETE FROM outbox WHERE seq = ?",
	[RA_SQL_EVENT_COUNT] = "SELECT count(*) FROM outbox",
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
		{ SQLITE_CONSTRAINT, PKI_STATE, "look at it again with pki-ra show" },
	};
	int code = sqlite3_errcode(store->db) & 0xff;
	const char *text = sqlite3_errmsg(store->db);
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
	enum pki_status st = ra_sql_step(store, stmt, &row, err);
	if (st == PKI_OK && changed != NULL)
		*changed = sqlite3_changes(store->db);
	ra_sql_done(&stmt);
	return st;
}

void
ra_sql_text(sqlite3_stmt *stmt, int column, char *out, size_t size)
{
	const unsigned char *text = sqlite3_column_text(stmt, column);
	snprintf(out, size, "%s", text != NULL ? (const char *)text : "");
}
