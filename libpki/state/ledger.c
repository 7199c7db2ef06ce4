#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "libpki/base/file.h"
#include "libpki/state/ledger_priv.h"

/* 16 MB of WAL between checkpoints: a batch of 64 orders writes about 1 MB. */
#define CHECKPOINT_PAGES "4000"
/* 8 MB of index pages in the writer, of the 32 MB that a daemon may take. */
#define WRITER_CACHE "-8000"

#define CERTIFICATE \
	"SELECT c.id, c.issuer, c.serial, c.holder, c.profile, o.name, c.name_hash," \
	" c.key_hash, c.not_before, c.not_after, c.document_end, c.issued, c.der," \
	" r.committed, r.reason, ro.name, c.partition FROM certificate c" \
	" LEFT JOIN orders o ON o.id = c.order_id" \
	" LEFT JOIN revocation r ON r.certificate = c.id" \
	" LEFT JOIN orders ro ON ro.id = r.order_id "
#define ORDER \
	"SELECT name, action, holder, digest, committed, log_index, cms, id FROM orders "
#define CRL_HEAD \
	"SELECT l.issuer, l.number, l.this_update, l.next_update, l.committed," \
	" p.published, l.revocations, l.partition, l.cutoff"
#define CRL_FROM \
	" FROM crl l LEFT JOIN publication p" \
	" ON p.issuer = l.issuer AND p.number = l.number WHERE l.issuer = ?1 AND "
/* revocations and number of one list grow together */
#define LAST_OF(partition) \
	"(SELECT number FROM crl WHERE issuer = ?1 AND partition = " partition \
	" ORDER BY revocations DESC, number DESC LIMIT 1)"
#define REVOKED \
	"SELECT serial, committed, reason, partition, position FROM revocation" \
	" WHERE issuer = ?1 AND "

static const char *const statements[SQL_COUNT] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_MARK] = "SAVEPOINT mark",
	[SQL_KEEP] = "RELEASE mark",
	[SQL_UNDO] = "ROLLBACK TO mark",
	[SQL_SNAPSHOT] = "BEGIN",
	[SQL_SNAPSHOT_READ] = "SELECT count(*) FROM issuer",
	[SQL_DATA_VERSION] = "PRAGMA data_version",
	[SQL_LAST_EVENT] = "SELECT at FROM entry ORDER BY id DESC LIMIT 1",
	[SQL_NEWEST] = "SELECT id + 1, at FROM entry ORDER BY id DESC LIMIT 1",
	/* nothing is ever deleted: the last row's number is the count */
	[SQL_FIGURES] =
		"SELECT (SELECT max(id) FROM certificate),"
		/* a look for each issuer: GROUP BY walks all rows */
		" (SELECT sum((SELECT max(position) FROM revocation WHERE issuer = i.id)) FROM issuer i), (SELECT max(id) FROM orders), (SELECT max(id) + 1 FROM entry)",
	[SQL_ISSUER_ADD] = "INSERT INTO issuer (id, not_after, der) VALUES (?1, ?2, ?3)",
	[SQL_ISSUER] = "SELECT der FROM issuer WHERE id = ?1",
	[SQL_ORDER_ADD] =
		"INSERT INTO orders (name, action, holder, digest, committed, log_index, cms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[SQL_ORDER] = ORDER "WHERE name = ?1",
	[SQL_ORDER_ROW] = "SELECT id FROM orders WHERE name = ?1",
	[SQL_ORDERS] = ORDER "WHERE id > ?1 ORDER BY id LIMIT ?2",
	[SQL_CERT_ADD] =
		"INSERT INTO certificate (issuer, serial, holder, profile, order_id, name_hash, key_hash, not_before, not_after, document_end, issued, der, partition) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
	[SQL_CERT] = CERTIFICATE "WHERE c.issuer = ?1 AND c.serial = ?2",
	[SQL_CERTS_BY_HOLDER] = CERTIFICATE
	"WHERE c.holder = ?1 AND c.holder <> '' ORDER BY c.id",
	[SQL_CERTS_BY_ORDER] = CERTIFICATE
	"WHERE c.order_id = (SELECT id FROM orders WHERE name = ?1) ORDER BY c.id",
	[SQL_CERTS] = CERTIFICATE "WHERE c.id > ?1 ORDER BY c.id LIMIT ?2",
	[SQL_STATUS] =
		"SELECT r.committed, r.reason FROM certificate c LEFT JOIN revocation r ON r.certificate = c.id WHERE c.issuer = ?1 AND c.serial = ?2",
	[SQL_ALIVE] =
		"SELECT serial, profile, not_after, count(*) OVER () FROM certificate c WHERE issuer = ?1 AND not_after >= ?2 AND NOT EXISTS (SELECT 1 FROM revocation WHERE certificate = c.id) ORDER BY not_after DESC LIMIT 1",
	[SQL_KEY] =
		"SELECT r.certificate FROM certificate c LEFT JOIN revocation r ON r.certificate = c.id WHERE c.key_hash = ?1",
	[SQL_NAME] = "SELECT holder FROM certificate WHERE name_hash = ?1 LIMIT 1",
	[SQL_PARTITIONING_ADD] =
		"INSERT INTO partitioning (issuer, lists, base) VALUES (?1, ?2, ?3)",
	[SQL_PARTITIONING] = "SELECT lists, base FROM partitioning WHERE issuer = ?1",
	[SQL_REVOKE] =
		"INSERT INTO revocation (certificate, issuer, position, reason, order_id, reported, committed, serial, not_after, partition) SELECT id, issuer, (SELECT coalesce(max(position), 0) + 1 FROM revocation WHERE issuer = ?1), ?3, ?4, ?5, ?6, serial, not_after, partition FROM certificate WHERE issuer = ?1 AND serial = ?2",
	[SQL_REVOKED] = REVOKED
	"position > ?2 AND position <= ?4 AND not_after >= ?3 ORDER BY position",
	[SQL_REVOKED_IN] = REVOKED
	"partition = ?5 AND partition > 0 AND position > ?2 AND position <= ?4 AND not_after >= ?3 ORDER BY position",
	[SQL_REVOKED_ENDING] = REVOKED "not_after >= ?2 AND not_after < ?3",
	[SQL_REVOCATIONS] =
		"SELECT r.issuer, c.serial, r.reason, o.name, r.reported, r.committed, c.not_after, c.partition, r.serial = c.serial AND r.not_after = c.not_after AND r.partition = c.partition FROM revocation r JOIN certificate c ON c.id = r.certificate JOIN orders o ON o.id = r.order_id WHERE r.issuer = ?1 ORDER BY r.position",
	[SQL_REVOCATION_COUNT] = "SELECT max(position) FROM revocation WHERE issuer = ?1",
	[SQL_CRL_ADD] =
		"INSERT INTO crl (issuer, number, this_update, next_update, committed, revocations, der, partition, cutoff) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[SQL_CRL] = CRL_HEAD ", l.der" CRL_FROM
			     "l.number = iif(?2 = 0, " LAST_OF("0") ", ?2)",
	[SQL_CRL_HEAD] = CRL_HEAD CRL_FROM "l.number = iif(?2 = 0, " LAST_OF("0") ", ?2)",
	[SQL_CRL_LAST] = CRL_HEAD CRL_FROM
	"l.number = iif(?2 < 0, (SELECT max(number) FROM crl WHERE issuer = ?1)," LAST_OF(
		"?2") ")",
	[SQL_CRL_COVERING] = CRL_HEAD CRL_FROM
	"l.number = (SELECT l.number FROM certificate c JOIN revocation r ON r.certificate = c.id JOIN crl l ON l.issuer = c.issuer AND l.partition = c.partition AND l.revocations >= r.position WHERE c.issuer = ?1 AND c.serial = ?2 ORDER BY l.revocations, l.number LIMIT 1)",
	[SQL_PUBLICATION_ADD] =
		"INSERT INTO publication (issuer, number, published) VALUES (?1, ?2, ?3)",
	[SQL_ENTRY_ADD] = "INSERT INTO entry (id, at, entry) VALUES (?1, ?2, ?3)",
	[SQL_ENTRY] = "SELECT entry FROM entry WHERE id = ?1",
	[SQL_ENTRY_COUNT] = "SELECT max(id) + 1 FROM entry",
	[SQL_HASH_ADD] = "INSERT INTO hash (level, position, hash) VALUES (?1, ?2, ?3)",
	[SQL_HASH] = "SELECT hash FROM hash WHERE level = ?1 AND position = ?2",
	[SQL_CHECKPOINT_ADD] = "INSERT INTO checkpoint (size, note) VALUES (?1, ?2)",
	[SQL_CHECKPOINT] =
		"SELECT note FROM checkpoint WHERE size = iif(?1 = 0, (SELECT max(size) FROM checkpoint), ?1)",
	[SQL_CHECKPOINTS] = "SELECT size, note FROM checkpoint ORDER BY size",
};

static enum pki_status
take_lock(struct pki_ledger *ledger, const char *path, struct pki_err *err)
{
	char name[PATH_MAX];
	if ((size_t)snprintf(name, sizeof name, "%s.lock", path) >= sizeof name)
		return pki_fail(err, PKI_CONFIG, "the path is too long");
	ledger->lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (ledger->lock < 0)
		return pki_fail_errno(err, PKI_IO, errno, "lock file %s", name);
	if (flock(ledger->lock, LOCK_EX | LOCK_NB) == 0)
		return PKI_OK;
	if (errno == EWOULDBLOCK)
		return pki_fail(err, PKI_LOCKED,
			"another process writes the ledger; stop it (pki-ca serve) first");
	return pki_fail_errno(err, PKI_IO, errno, "lock file %s", name);
}

static enum pki_status
connect_writer(struct pki_ledger *ledger, const char *path, enum pki_ledger_mode mode,
	struct pki_err *err)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX;
	if (mode == PKI_LEDGER_CREATE)
		flags |= SQLITE_OPEN_CREATE;
	else if (access(path, R_OK | W_OK) != 0)
		return pki_fail_errno(err, PKI_IO, errno, "the ledger cannot be written");
	PKI_TRY(take_lock(ledger, path, err));
	if (sqlite3_open_v2(path, &ledger->db, flags, NULL) != SQLITE_OK)
		return ledger_fail(ledger, "open", err);
	sqlite3_busy_timeout(ledger->db, LEDGER_BUSY_MSEC);
	sqlite3_db_config(ledger->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	int persist = 1; /* readers of other users cannot make the WAL and its index */
	sqlite3_file_control(ledger->db, "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
	return ledger_exec(ledger,
		"PRAGMA trusted_schema = OFF; PRAGMA recursive_triggers = ON;PRAGMA temp_store = MEMORY;PRAGMA foreign_keys = ON; PRAGMA journal_mode = WAL;PRAGMA synchronous = FULL; PRAGMA cache_size = " WRITER_CACHE
		";PRAGMA wal_autocheckpoint = " CHECKPOINT_PAGES,
		err);
}

static struct pki_ledger *
ledger_new(struct pki_err *err)
{
	struct pki_ledger *ledger = calloc(1, sizeof *ledger);
	if (ledger == NULL)
		(void)!pki_fail(err, PKI_MEMORY, "a ledger");
	else
		ledger->lock = -1;
	return ledger;
}

/* Hand over what was opened, or close it. */
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
	struct pki_ledger *ledger = ledger_new(err);
	if (ledger == NULL)
		return err->status;
	enum pki_status status = mode == PKI_LEDGER_READ
					 ? ledger_open_reader(ledger, path, NULL, err)
					 : connect_writer(ledger, path, mode, err);
	if (status == PKI_OK && mode != PKI_LEDGER_READ)
		status = ledger_migrate(ledger, mode, err);
	return opened(ledger, path, status, out, err);
}

enum pki_status
pki_ledger_open_beside(
	const struct pki_ledger *reader, struct pki_ledger **out, struct pki_err *err)
{
	struct pki_ledger *ledger = ledger_new(err);
	if (ledger == NULL)
		return err->status;
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
		return pki_fail(err, PKI_INTERNAL, "a ledger walk within the same walk");
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
	return run(ledger, SQL_BEGIN, "begin", err);
}

enum pki_status
pki_ledger_commit(struct pki_ledger *ledger, struct pki_err *err)
{
	enum pki_status status = run(ledger, SQL_COMMIT, "commit", err);
	if (status != PKI_OK)
		pki_ledger_rollback(ledger);
	return status;
}

void
pki_ledger_rollback(struct pki_ledger *ledger)
{
	struct pki_err ignored = { 0 };
	/* a full disk has rolled back by itself */
	if (ledger->db != NULL && !sqlite3_get_autocommit(ledger->db))
		(void)!run(ledger, SQL_ROLLBACK, "rollback", &ignored);
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
	struct pki_err ignored = { 0 };
	if (run(ledger, SQL_UNDO, "undo", &ignored) == PKI_OK)
		(void)!run(ledger, SQL_KEEP, "undo", &ignored);
}

enum pki_status
pki_ledger_snapshot(struct pki_ledger *ledger, struct pki_err *err)
{
	PKI_TRY(run(ledger, SQL_SNAPSHOT, "snapshot", err));
	/* the view is taken by the first read */
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
pki_ledger_version(struct pki_ledger *ledger, uint64_t *out, struct pki_err *err)
{
	int64_t version = 0;
	PKI_TRY(read_one(ledger, SQL_DATA_VERSION, &version, err));
	*out = (uint64_t)version;
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
