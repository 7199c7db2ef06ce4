/* What the ledger's own files share: the handle, its statements, and SQLite's errors as ours. */
#ifndef LIBPKI_STATE_LEDGER_PRIV_H
#define LIBPKI_STATE_LEDGER_PRIV_H

#include <sqlite3.h>
#include <stdatomic.h>

#include "libpki/state/ledger.h"

/* "PKIL", in the database's header */
#define LEDGER_APPLICATION 0x504b494c

/* Another process holds the write lock only while it restores or looks with its own tools. */
#define LEDGER_BUSY_MSEC 2000

/* ledger_statements.sql has a section for each. */
enum ledger_sql {
	SQL_WRITER, /* this one and the next: for ledger_setup() alone */
	SQL_READER,
	SQL_BEGIN,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_MARK,
	SQL_KEEP,
	SQL_UNDO,
	SQL_SNAPSHOT,
	SQL_SNAPSHOT_READ,
	SQL_LAST_EVENT,
	SQL_NEWEST,
	SQL_FIGURES,
	SQL_ISSUER_ADD,
	SQL_ISSUER,
	SQL_ORDER_ADD,
	SQL_ORDER,
	SQL_ORDER_ROW,
	SQL_ORDERS,
	SQL_CERT_ADD,
	SQL_CERT,
	SQL_CERTS_BY_HOLDER,
	SQL_CERTS_BY_ORDER,
	SQL_CERTS,
	SQL_STATUS,
	SQL_ALIVE,
	SQL_KEY,
	SQL_NAME,
	SQL_PARTITIONING_ADD,
	SQL_PARTITIONING,
	SQL_REVOKE,
	SQL_REVOKED,
	SQL_REVOKED_IN,
	SQL_REVOKED_ENDING,
	SQL_REVOCATIONS,
	SQL_REVOCATION_COUNT,
	SQL_CRL_ADD,
	SQL_CRL,
	SQL_CRL_HEAD,
	SQL_CRL_LAST,
	SQL_CRL_COVERING,
	SQL_PUBLICATION_ADD,
	SQL_ENTRY_ADD,
	SQL_ENTRY,
	SQL_ENTRY_COUNT,
	SQL_HASH_ADD,
	SQL_HASH,
	SQL_CHECKPOINT_ADD,
	SQL_CHECKPOINT,
	SQL_CHECKPOINTS,
	SQL_COUNT,
};

/* What the readers of one file share: the youngest state that any of them saw. */
struct ledger_mark {
	atomic_uint readers;
	_Atomic uint64_t entries;
};

/* Which state of which files a reader reads. */
#define LEDGER_FILES 4
#define LEDGER_COMMIT 12
struct ledger_state {
	/* device and inodes of the database, its WAL and WAL-index */
	uint64_t files[LEDGER_FILES];
	int64_t changed[2]; /* of a file that has no WAL: seconds, nanoseconds */
	/* SQLite's WAL-index header, walformat.html 2.1; while no writer is there, what stat()
	 * says of the WAL */
	uint32_t commit[LEDGER_COMMIT];
};

struct pki_ledger {
	sqlite3 *db;
	sqlite3_stmt *statements[SQL_COUNT]; /* each prepared at its first use */
	int lock; /* flock: the one writer; -1 in READ mode */
	/* of a reader; NULL and zeros in the other modes */
	char *path;
	struct ledger_mark *mark;
	const volatile uint32_t
		*index; /* SQLite's WAL-index; NULL: a file read as immutable */
	struct ledger_state seen; /* its commit counts once noted */
	bool noted; /* these two are of the state that was seen: */
	uint64_t entries;
	pki_msec last_event;
	int64_t looked; /* at the path, in ns of the monotonic clock */
	bool joined; /* the readers of this process that are connected, and to which files: */
	uint64_t opened[LEDGER_FILES];
	struct pki_ledger *next;
};

/* ledger_reader.c; beside: another reader of the same path, or NULL */
enum pki_status ledger_open_reader(struct pki_ledger *ledger, const char *path,
	const struct pki_ledger *beside, struct pki_err *err) PKI_MUST_CHECK;
void ledger_close_reader(struct pki_ledger *ledger);
/* Before each read outside of a snapshot or walk: connect anew if other files are at the path.
 * IO if none are, TAMPERED if they are older than what a reader beside saw. */
enum pki_status ledger_refresh(
	struct pki_ledger *ledger, struct pki_err *err) PKI_MUST_CHECK;
void ledger_disconnect(struct pki_ledger *ledger);
void ledger_leave(struct pki_ledger *ledger); /* by ledger_disconnect() alone */

/* ledger_schema.c: bring an open database to this suite's version, or refuse it. */
enum pki_status ledger_migrate(struct pki_ledger *ledger, enum pki_ledger_mode mode,
	struct pki_err *err) PKI_MUST_CHECK;

/* The last error of the database as a status; constraints carry their rule in their text. */
enum pki_status ledger_fail(
	struct pki_ledger *ledger, const char *what, struct pki_err *err);
enum pki_status ledger_exec(
	struct pki_ledger *ledger, const char *sql, struct pki_err *err) PKI_MUST_CHECK;

/* A connection's own settings. */
enum pki_status ledger_setup(struct pki_ledger *ledger, enum ledger_sql sql,
	struct pki_err *err) PKI_MUST_CHECK;

/* The same without ledger_refresh(). */
enum pki_status ledger_prepared(struct pki_ledger *ledger, enum ledger_sql sql,
	sqlite3_stmt **out, struct pki_err *err) PKI_MUST_CHECK;
/* A statement ready to be bound; to be held with PKI_CLEANUP(ledger_reset). INTERNAL if it
 * runs already. */
enum pki_status ledger_statement(struct pki_ledger *ledger, enum ledger_sql sql,
	sqlite3_stmt **out, struct pki_err *err) PKI_MUST_CHECK;
void ledger_reset(sqlite3_stmt **statement);
/* One step: *row tells whether there is one. */
enum pki_status ledger_step(struct pki_ledger *ledger, sqlite3_stmt *statement, bool *row,
	const char *what, struct pki_err *err) PKI_MUST_CHECK;
/* After a failed read: does it deserve another try? Counts tries, and waits. */
bool ledger_try_again(struct pki_ledger *ledger, unsigned *tries);
/* For a statement that gives no rows. */
enum pki_status ledger_run(struct pki_ledger *ledger, sqlite3_stmt *statement,
	const char *what, struct pki_err *err) PKI_MUST_CHECK;

/*
 * A walk reads its rows in batches of one state and visits them while no statement is open, so
 * that a callback may use the handle.
 */
struct ledger_walk;
struct ledger_rows {
	enum ledger_sql sql;
	const char *what; /* for errors: "read the orders" */
	size_t size; /* of an item, which a row becomes */
	size_t batch; /* rows that are read at once; 0: all */
	/* last: the item after which the next batch begins; NULL: the first batch. limit: -1 for
	 * none */
	void (*bind)(sqlite3_stmt *s, const void *query, const void *last, int64_t limit);
	enum pki_status (*load)(sqlite3_stmt *s, void *item, struct pki_err *err);
	enum pki_status (*visit)(
		const struct ledger_walk *walk, const void *item, struct pki_err *err);
	void (*free)(void *item); /* what it owns; NULL: nothing */
};
struct ledger_walk {
	const struct ledger_rows *rows;
	const void *query; /* for bind */
	uint64_t limit; /* 0: none */
	union {
		pki_order_fn order;
		pki_cert_fn cert;
		pki_revocation_fn revocation;
		pki_revoked_fn revoked;
		pki_checkpoint_fn checkpoint;
	} fn; /* for visit, as ctx */
	void *ctx;
};
/* As a reader outside of a snapshot, takes one for as long as it walks. */
enum pki_status ledger_walk(struct pki_ledger *ledger, const struct ledger_walk *walk,
	struct pki_err *err) PKI_MUST_CHECK;

/* A failed bind leaves NULL, which every column refuses. */
void ledger_bind_blob(sqlite3_stmt *statement, int i, const void *data, size_t len);
void ledger_bind_text(sqlite3_stmt *statement, int i, const char *text);
void ledger_bind_serial(sqlite3_stmt *statement, int i, const struct pki_serial *serial);

/* Columns; TAMPERED if what stands there cannot have been written by this suite. */
enum pki_status ledger_column_text(sqlite3_stmt *statement, int i, char *out, size_t size,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ledger_column_fixed(sqlite3_stmt *statement, int i, void *out, size_t len,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ledger_column_serial(sqlite3_stmt *statement, int i,
	struct pki_serial *out, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ledger_column_blob(sqlite3_stmt *statement, int i, struct pki_buf *out,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
