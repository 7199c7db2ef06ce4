#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libpki/state/ledger_priv.h"

/* A writer updates the WAL-index within microseconds, unless the writer is stopped
 * meanwhile. */
#define TRIES 1000u
#define TRY_USEC 200

/* ledger_schema.sql names constraints "r36: text" or "state: text"; SQLite puts words in
 * front. */
static enum pki_status
refuse(const char *text, struct pki_err *err)
{
	const char *state = strstr(text, "state: ");
	if (state != NULL)
		return pki_fail(err, PKI_STATE, "%s", state + strlen("state: "));
	for (const char *p = strchr(text, 'r'); p != NULL; p = strchr(p + 1, 'r')) {
		char *end;
		long number = strtol(p + 1, &end, 10);
		if (end != p + 1 && strncmp(end, ": ", 2) == 0)
			return pki_refuse(err, (enum pki_rule)number, "%s", end + 2);
	}
	return pki_refuse(err, PKI_RULE_APPEND_ONLY, "%s", text);
}

/* SQLite reports a read that failed with EIO as a malformed database. The file remembers the
 * error of its last failed call; 0: none. */
static int
last_errno(sqlite3 *db)
{
	int cause = 0;
	sqlite3_file *wal = NULL;
	(void)sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &cause);
	if (cause == 0 &&
		sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal) ==
			SQLITE_OK &&
		wal != NULL && wal->pMethods != NULL)
		(void)wal->pMethods->xFileControl(wal, SQLITE_FCNTL_LAST_ERRNO, &cause);
	return cause;
}

/* SQLite returns FULL for ENOSPC alone. A quota or a file size limit shows as a failed
 * write. */
bool
ledger_no_room(sqlite3 *db)
{
	int cause = last_errno(db);
	return sqlite3_errcode(db) == SQLITE_FULL ||
	       (sqlite3_extended_errcode(db) == SQLITE_IOERR_WRITE &&
		       (cause == EDQUOT || cause == EFBIG));
}

static enum pki_status
damaged_file(sqlite3 *db, const char *what, struct pki_err *err)
{
	const char *text = sqlite3_errmsg(db);
	int cause = last_errno(db);
	if (cause != 0)
		return pki_fail_errno(err, PKI_IO, cause,
			"%s: the file cannot be read; look at the disk", what);
	return pki_fail(err, PKI_TAMPERED, "%s: %s; keep the file and restore a backup",
		what, text);
}

static enum pki_status
input_output(sqlite3 *db, const char *what, struct pki_err *err)
{
	const char *text = sqlite3_errmsg(db);
	int cause = last_errno(db);
	if (cause == 0)
		cause = sqlite3_system_errno(db);
	if (ledger_no_room(db))
		return pki_fail(err, PKI_FULL,
			"%s: %s: a write failed; look for a quota, make room", what,
			text);
	return pki_fail_errno(err, PKI_IO, cause, "%s: %s; look at the disk", what, text);
}

enum pki_status
ledger_fail(struct pki_ledger *ledger, const char *what, struct pki_err *err)
{
	sqlite3 *db = ledger->db;
	const char *text = sqlite3_errmsg(db);
	switch (sqlite3_errcode(db) & 0xff) {
	case SQLITE_CONSTRAINT:
		return refuse(text, err);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL: /* the WAL-index stays locked, or is corrupt */
		return pki_fail(
			err, PKI_LOCKED, "%s: %s; end the other process", what, text);
	case SQLITE_FULL:
		return pki_fail(
			err, PKI_FULL, "%s: %s; make room and try again", what, text);
	case SQLITE_IOERR:
	case SQLITE_CANTOPEN:
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return input_output(db, what, err);
	case SQLITE_NOTADB:
		return pki_fail(err, PKI_INPUT, "%s: %s; name a ledger.db", what, text);
	case SQLITE_CORRUPT:
	case SQLITE_ERROR: /* a table that every ledger has is missing */
		return damaged_file(db, what, err);
	case SQLITE_NOMEM:
		return pki_fail(err, PKI_MEMORY, "%s", what);
	case SQLITE_TOOBIG:
		return pki_fail(err, PKI_LIMIT, "%s: %s", what, text);
	default:
		return pki_fail(err, PKI_INTERNAL, "%s: %s", what, text);
	}
}

enum pki_status
ledger_exec(struct pki_ledger *ledger, const char *sql, struct pki_err *err)
{
	if (sqlite3_exec(ledger->db, sql, NULL, NULL, NULL) != SQLITE_OK)
		return ledger_fail(ledger, "open", err);
	return PKI_OK;
}

void
ledger_reset(sqlite3_stmt **statement)
{
	if (*statement == NULL)
		return;
	sqlite3_reset(*statement);
	sqlite3_clear_bindings(*statement);
}

/*
 * A reader without the right to write the WAL-index may meet a commit half written into
 * the WAL-index. SQLite then reports an interrupted commit (READONLY_RECOVERY) or an
 * unusable WAL-index (READONLY_CANTINIT). A second try succeeds as soon as the commit is
 * complete.
 */
bool
ledger_try_again(struct pki_ledger *ledger, unsigned *tries)
{
	int code = ledger->db != NULL ? sqlite3_extended_errcode(ledger->db) : SQLITE_OK;
	if ((code != SQLITE_READONLY_RECOVERY && code != SQLITE_READONLY_CANTINIT) ||
		++*tries >= TRIES)
		return false;
	usleep(TRY_USEC);
	return true;
}

enum pki_status
ledger_step(struct pki_ledger *ledger, sqlite3_stmt *statement, bool *row,
	const char *what, struct pki_err *err)
{
	unsigned tries = 0;
	int code = sqlite3_step(statement);
	while (code == SQLITE_READONLY && ledger_try_again(ledger, &tries)) {
		sqlite3_reset(statement);
		code = sqlite3_step(statement);
	}
	*row = code == SQLITE_ROW;
	if (code == SQLITE_ROW || code == SQLITE_DONE)
		return PKI_OK;
	return ledger_fail(ledger, what, err);
}

enum pki_status
ledger_run(struct pki_ledger *ledger, sqlite3_stmt *statement, const char *what,
	struct pki_err *err)
{
	bool row = false;
	return ledger_step(ledger, statement, &row, what, err);
}

void
ledger_bind_blob(sqlite3_stmt *statement, int i, const void *data, size_t len)
{
	sqlite3_bind_blob64(statement, i, len != 0 ? data : "", len, SQLITE_STATIC);
}

void
ledger_bind_text(sqlite3_stmt *statement, int i, const char *text)
{
	sqlite3_bind_text(statement, i, text, -1, SQLITE_STATIC);
}

void
ledger_bind_serial(sqlite3_stmt *statement, int i, const struct pki_serial *serial)
{
	ledger_bind_blob(statement, i, serial->octets, serial->len);
}

static enum pki_status
damaged(sqlite3_stmt *statement, int i, struct pki_err *err)
{
	return pki_fail(err, PKI_TAMPERED,
		"column \"%s\" holds what this suite never writes; keep the file and restore a backup",
		sqlite3_column_name(statement, i));
}

enum pki_status
ledger_column_text(
	sqlite3_stmt *statement, int i, char *out, size_t size, struct pki_err *err)
{
	out[0] = '\0';
	const unsigned char *text = sqlite3_column_text(statement, i);
	size_t len = (size_t)sqlite3_column_bytes(statement, i);
	if (len >= size || (text != NULL && strlen((const char *)text) != len))
		return damaged(statement, i, err);
	if (text != NULL)
		memcpy(out, text, len + 1);
	return PKI_OK;
}

enum pki_status
ledger_column_fixed(
	sqlite3_stmt *statement, int i, void *out, size_t len, struct pki_err *err)
{
	const void *blob = sqlite3_column_blob(statement, i);
	if (blob == NULL || (size_t)sqlite3_column_bytes(statement, i) != len)
		return damaged(statement, i, err);
	memcpy(out, blob, len);
	return PKI_OK;
}

enum pki_status
ledger_column_serial(
	sqlite3_stmt *statement, int i, struct pki_serial *out, struct pki_err *err)
{
	const void *blob = sqlite3_column_blob(statement, i);
	size_t len = (size_t)sqlite3_column_bytes(statement, i);
	if (blob == NULL || len == 0 || len > PKI_SERIAL_MAX)
		return damaged(statement, i, err);
	memcpy(out->octets, blob, len);
	out->len = (uint8_t)len;
	return PKI_OK;
}

enum pki_status
ledger_column_blob(
	sqlite3_stmt *statement, int i, struct pki_buf *out, struct pki_err *err)
{
	const void *blob = sqlite3_column_blob(statement, i);
	return pki_buf_append(out, blob, (size_t)sqlite3_column_bytes(statement, i), err);
}
