#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libpki/base/file.h"
#include "libpki/state/ledger_priv.h"

static const char *const statements[SQL_COUNT] = {
#include "libpki/state/ledger_statements.sql.inc"
};

static enum pki_status
take_lock(struct pki_ledger *ledger, const char *path, struct pki_err *err)
{
	char name[PATH_MAX], owner[PKI_FILE_OWNER_TEXT];
	if ((size_t)snprintf(name, sizeof name, "%s.lock", path) >= sizeof name)
		return pki_fail(err, PKI_CONFIG, "the path is too long");
	ledger->lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (ledger->lock < 0)
		return pki_fail(err, PKI_IO, "lock file %s: %s%s", name, strerror(errno),
			pki_file_owner(name, errno, owner));
	if (flock(ledger->lock, LOCK_EX | LOCK_NB) == 0)
		return PKI_OK;
	if (errno == EWOULDBLOCK)
		return pki_fail(err, PKI_LOCKED,
			"another process writes the ledger; stop it (pki-ca serve) first");
	return pki_fail_errno(err, PKI_IO, errno, "lock file %s", name);
}

enum pki_status
ledger_setup(struct pki_ledger *ledger, enum ledger_sql sql, struct pki_err *err)
{
	return ledger_exec(ledger, statements[sql], err);
}

/* The writer's files at its path now; zeros for a missing file. The database comes last: see
 * check_place(). */
static void
look_at_place(const char *path, uint64_t out[LEDGER_WRITTEN])
{
	char wal[PATH_MAX];
	struct stat st;
	memset(out, 0, LEDGER_WRITTEN * sizeof *out);
	snprintf(wal, sizeof wal, "%s-wal", path);
	if (stat(wal, &st) == 0) {
		out[2] = st.st_dev;
		out[3] = st.st_ino;
	}
	if (stat(path, &st) == 0) {
		out[0] = st.st_dev;
		out[1] = st.st_ino;
	}
}

/* A file that was moved away takes what is written with it: readers, and the next start,
 * read the file at the path. Whoever replaces a ledger replaces the database, perhaps alone;
 * so no other system call follows the look at the database. */
static enum pki_status
check_place(struct pki_ledger *ledger, enum pki_status status, struct pki_err *err)
{
	uint64_t now[LEDGER_WRITTEN];
	look_at_place(ledger->place, now);
	if (memcmp(now, ledger->opened_files, sizeof now) == 0)
		return PKI_OK;
	ledger->failed = true;
	return pki_fail(err, status,
		"%s or its WAL was replaced while it was written; start pki-ca again on the newest ledger",
		ledger->place);
}

/* 16 MB of WAL between checkpoints; a batch of 64 orders writes about 1 MB. */
#define CHECKPOINT_PAGES 4000

/* SQLite's own hook ignores a failed fsync. */
static int
on_commit(void *ctx, sqlite3 *db, const char *name, int pages)
{
	struct pki_ledger *ledger = ctx;
	if (pages < CHECKPOINT_PAGES)
		return SQLITE_OK;
	int code = sqlite3_wal_checkpoint_v2(
		db, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	if ((code & 0xff) == SQLITE_IOERR && !ledger_no_room(db))
		ledger->failed = true;
	return SQLITE_OK;
}

/* Notes which files SQLite has opened: the database before `before` was taken, the WAL after,
 * unless SQLite has made the WAL. */
static enum pki_status
note_place(struct pki_ledger *ledger, const char *path, struct pki_err *err)
{
	uint64_t *before = ledger->opened_files, now[LEDGER_WRITTEN];
	int moved = 0;
	look_at_place(path, now);
	sqlite3_file_control(ledger->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
	bool wal = before[3] == 0 || memcmp(before + 2, now + 2, 16) == 0;
	if (moved != 0 || !wal)
		return pki_fail(err, PKI_IO, "was replaced while it was opened");
	memcpy(ledger->opened_files, now, sizeof now);
	ledger->place = strdup(path);
	return ledger->place != NULL ? PKI_OK : pki_fail(err, PKI_MEMORY, "a ledger");
}

static enum pki_status
connect_writer(struct pki_ledger *ledger, const char *path, enum pki_ledger_mode mode,
	struct pki_err *err)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
	char owner[PKI_FILE_OWNER_TEXT];
	if (mode == PKI_LEDGER_CREATE)
		flags |= SQLITE_OPEN_CREATE;
	else if (access(path, R_OK | W_OK) != 0)
		return pki_fail(err, PKI_IO, "the ledger cannot be written: %s%s",
			strerror(errno), pki_file_owner(path, errno, owner));
	PKI_TRY(take_lock(ledger, path, err));
	if (sqlite3_open_v2(path, &ledger->db, flags, NULL) != SQLITE_OK)
		return ledger_fail(ledger, "open", err);
	sqlite3_busy_timeout(ledger->db, LEDGER_BUSY_MSEC);
	sqlite3_db_config(ledger->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	int persist =
		1; /* readers under another user cannot create the WAL or WAL-index */
	sqlite3_file_control(ledger->db, "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
	look_at_place(path, ledger->opened_files);
	PKI_TRY(ledger_setup(ledger, SQL_WRITER, err));
	sqlite3_wal_hook(ledger->db, on_commit, ledger);
	return PKI_OK;
}

static struct pki_ledger *
ledger_new(void)
{
	struct pki_ledger *ledger = calloc(1, sizeof *ledger);
	if (ledger != NULL)
		ledger->lock = -1;
	return ledger;
}

/* Hands the ledger over after success; closes the ledger after an error. */
static enum pki_status
opened(struct pki_ledger *ledger, const char *path, enum pki_status status,
	struct pki_ledger **out, struct pki_err *err)
{
	if (status != PKI_OK) {
		pki_err_object(err, "%s", path);
		pki_ledger_close(ledger);
		return status;
	}
	*out = ledger;
	return PKI_OK;
}

enum pki_status
pki_ledger_open(const char *path, enum pki_ledger_mode mode, struct pki_ledger **out,
	struct pki_err *err)
{
	struct pki_ledger *ledger = ledger_new();
	if (ledger == NULL)
		return pki_fail(err, PKI_MEMORY, "a ledger");
	enum pki_status status = mode == PKI_LEDGER_READ
					 ? ledger_open_reader(ledger, path, NULL, err)
					 : connect_writer(ledger, path, mode, err);
	if (status == PKI_OK && mode != PKI_LEDGER_READ)
		status = ledger_migrate(ledger, mode, err);
	if (status == PKI_OK && mode != PKI_LEDGER_READ)
		status = note_place(ledger, path, err);
	return opened(ledger, path, status, out, err);
}

enum pki_status
pki_ledger_open_beside(
	const struct pki_ledger *reader, struct pki_ledger **out, struct pki_err *err)
{
	struct pki_ledger *ledger = ledger_new();
	if (ledger == NULL)
		return pki_fail(err, PKI_MEMORY, "a ledger");
	enum pki_status status = ledger_open_reader(ledger, reader->path, reader, err);
	return opened(ledger, reader->path, status, out, err);
}

void
ledger_disconnect(struct pki_ledger *ledger)
{
	for (size_t i = 0; i < SQL_COUNT; i++) {
		sqlite3_finalize(ledger->statements[i]);
		ledger->statements[i] = NULL;
	}
	ledger->index = NULL;
	/* the next start begins from the disk */
	if (ledger->failed)
		sqlite3_db_config(
			ledger->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
	sqlite3_close(ledger->db);
	ledger->db = NULL;
	ledger_leave(ledger);
}

void
pki_ledger_close(struct pki_ledger *ledger)
{
	if (ledger == NULL)
		return;
	ledger_disconnect(ledger);
	ledger_close_reader(ledger);
	pki_close_fd(&ledger->lock);
	free(ledger->place);
	free(ledger);
}

void
pki_ledger_cleanup(struct pki_ledger **ledger)
{
	pki_ledger_close(*ledger);
}

enum pki_status
ledger_prepared(struct pki_ledger *ledger, enum ledger_sql sql, sqlite3_stmt **out,
	struct pki_err *err)
{
	sqlite3_stmt **slot = &ledger->statements[sql];
	if (*slot == NULL && sqlite3_prepare_v3(ledger->db, statements[sql], -1,
				     SQLITE_PREPARE_PERSISTENT, slot, NULL) != SQLITE_OK)
		return ledger_fail(ledger, "prepare a statement", err);
	if (sqlite3_stmt_busy(*slot))
		return pki_fail(
			err, PKI_INTERNAL, "a statement of the ledger within itself");
	*out = *slot;
	return PKI_OK;
}

enum pki_status
ledger_statement(struct pki_ledger *ledger, enum ledger_sql sql, sqlite3_stmt **out,
	struct pki_err *err)
{
	PKI_TRY(ledger_refresh(ledger, err));
	return ledger_prepared(ledger, sql, out, err);
}

/* Run a statement without parameters and rows. */
static enum pki_status
run(struct pki_ledger *ledger, enum ledger_sql sql, const char *what, struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *statement = NULL;
	PKI_TRY(ledger_statement(ledger, sql, &statement, err));
	return ledger_run(ledger, statement, what, err);
}

enum pki_status
pki_ledger_begin(struct pki_ledger *ledger, struct pki_err *err)
{
	if (ledger->failed)
		return pki_fail(err, PKI_IO,
			"an earlier write failed; this process must end, and start again");
	if (ledger->place != NULL)
		PKI_TRY(check_place(ledger, PKI_IO, err));
	return run(ledger, SQL_BEGIN, "begin", err);
}

bool
pki_ledger_failed(const struct pki_ledger *writer)
{
	return writer->failed;
}

/* A commit that failed was not written, or its commit record may be in the WAL: the next
 * start then finds the record, or does not. */
static bool
is_undone(sqlite3 *db)
{
	int code = sqlite3_errcode(db) & 0xff;
	return code == SQLITE_BUSY || code == SQLITE_LOCKED ||
	       code == SQLITE_CONSTRAINT || ledger_no_room(db);
}

enum pki_status
pki_ledger_commit(struct pki_ledger *ledger, struct pki_err *err)
{
	struct pki_err own = { 0 };
	enum pki_status status = run(ledger, SQL_COMMIT, "commit", &own);
	if (status == PKI_OK)
		return ledger->place != NULL ? check_place(ledger, PKI_UNKNOWN, err)
					     : PKI_OK;
	if (is_undone(ledger->db)) {
		pki_ledger_rollback(ledger);
		return pki_err_move(err, &own);
	}
	ledger->failed = true;
	pki_ledger_rollback(ledger);
	return pki_fail(err, PKI_UNKNOWN,
		"%s: whether it is done shows at the next start", own.msg);
}

void
pki_ledger_rollback(struct pki_ledger *ledger)
{
	/* SQLite rolls back without a ROLLBACK if the disk is full */
	if (ledger->db != NULL && !sqlite3_get_autocommit(ledger->db))
		(void)!run(ledger, SQL_ROLLBACK, "rollback", NULL);
}

enum pki_status
pki_ledger_mark(struct pki_ledger *ledger, struct pki_err *err)
{
	if (sqlite3_get_autocommit(ledger->db))
		return pki_fail(err, PKI_INTERNAL, "a mark outside of a transaction");
	return run(ledger, SQL_MARK, "mark", err);
}

enum pki_status
pki_ledger_keep(struct pki_ledger *ledger, struct pki_err *err)
{
	return run(ledger, SQL_KEEP, "keep", err);
}

void
pki_ledger_undo(struct pki_ledger *ledger)
{
	if (run(ledger, SQL_UNDO, "undo", NULL) == PKI_OK)
		(void)!run(ledger, SQL_KEEP, "undo", NULL);
}

enum pki_status
pki_ledger_snapshot(struct pki_ledger *ledger, struct pki_err *err)
{
	PKI_TRY(run(ledger, SQL_SNAPSHOT, "snapshot", err));
	/* the snapshot begins with the first read */
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *statement = NULL;
	bool row = false;
	enum pki_status status =
		ledger_statement(ledger, SQL_SNAPSHOT_READ, &statement, err);
	if (status == PKI_OK)
		status = ledger_step(ledger, statement, &row, "snapshot", err);
	if (status != PKI_OK) {
		ledger_reset(&statement);
		statement = NULL;
		pki_ledger_rollback(ledger);
	}
	return status;
}

void
pki_ledger_release(struct pki_ledger *ledger)
{
	pki_ledger_rollback(ledger);
}

/* The first column of the first row; 0 for NULL and for no row. */
static enum pki_status
read_one(
	struct pki_ledger *ledger, enum ledger_sql sql, int64_t *out, struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *statement = NULL;
	bool row = false;
	PKI_TRY(ledger_statement(ledger, sql, &statement, err));
	PKI_TRY(ledger_step(ledger, statement, &row, "read", err));
	*out = row ? sqlite3_column_int64(statement, 0) : 0;
	return PKI_OK;
}

enum pki_status
pki_ledger_last_event(struct pki_ledger *ledger, pki_msec *out, struct pki_err *err)
{
	return read_one(ledger, SQL_LAST_EVENT, out, err);
}

enum pki_status
pki_ledger_entry_count(struct pki_ledger *ledger, uint64_t *out, struct pki_err *err)
{
	int64_t count = 0;
	PKI_TRY(read_one(ledger, SQL_ENTRY_COUNT, &count, err));
	*out = (uint64_t)count;
	return PKI_OK;
}

enum pki_status
pki_ledger_count(
	struct pki_ledger *ledger, struct pki_ledger_figures *out, struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *statement = NULL;
	bool row = false;
	PKI_TRY(ledger_statement(ledger, SQL_FIGURES, &statement, err));
	PKI_TRY(ledger_step(ledger, statement, &row, "read", err));
	out->certificates = (uint64_t)sqlite3_column_int64(statement, 0);
	out->revocations = (uint64_t)sqlite3_column_int64(statement, 1);
	out->orders = (uint64_t)sqlite3_column_int64(statement, 2);
	out->entries = (uint64_t)sqlite3_column_int64(statement, 3);
	return PKI_OK;
}
