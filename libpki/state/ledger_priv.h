/* Shared by ledger*.c: the handle, the SQL statements, the conversion of SQLite's
 * errors. */
#ifndef LIBPKI_STATE_LEDGER_PRIV_H
#define LIBPKI_STATE_LEDGER_PRIV_H

#include <sqlite3.h>
#include <stdatomic.h>

#include "libpki/state/ledger.h"

/* "PKIL", in the database's header */
#define LEDGER_APPLICATION 0x504b494c

/* The wait for a lock. Only a restore or the use of SQLite's own tools locks out this
 * process. */
#define LEDGER_BUSY_MSEC 2000

/* ledger_statements.sql has a section for each statement. */
enum ledger_sql {
	SQL_WRITER, /* SQL_WRITER and SQL_READER: for ledger_setup() alone */
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
	SQL_CERTS_STAFF,
	SQL_STAFF_COUNT,
	SQL_OFFICER_ADD,
	SQL_OFFICER,
	SQL_STATUS,
	SQL_ALIVE,
	SQL_KEY,
	SQL_NAME,
	SQL_IDENTIFIER,
	SQL_IDENTIFIER_ADD,
	SQL_IDENTIFIERS_SHARED,
	SQL_NAME_ADD,
	SQL_NAMES_SHARED,
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
	SQL_ENTRY_TIME,
	SQL_ENTRY_COUNT,
	SQL_HASH_ADD,
	SQL_HASH,
	SQL_CHECKPOINT_ADD,
	SQL_CHECKPOINT,
	SQL_CHECKPOINTS,
	SQL_COUNT,
};

/* The youngest state that any reader of a group saw. pki_ledger_open_beside() adds a
 * reader to the group. */
struct ledger_mark {
	atomic_uint readers;
	_Atomic uint64_t entries;
};

/* Identifies the files that a reader reads, and the files' state. */
#define LEDGER_FILES 4
#define LEDGER_COMMIT 12
struct ledger_state {
	/* device; inodes of the database, WAL and WAL-index */
	uint64_t files[LEDGER_FILES];
	int64_t changed[2]; /* mtime of a file without a WAL: seconds, nanoseconds */
	/* SQLite's WAL-index header, walformat.html 2.1; without a writer: size and
	 * mtime of the WAL */
	uint32_t commit[LEDGER_COMMIT];
};

/* Device and inode of the database, device and inode of the WAL. */
#define LEDGER_WRITTEN 4

struct pki_ledger {
	sqlite3 *db;
	sqlite3_stmt *statements[SQL_COUNT]; /* prepared at the first use */
	int lock; /* descriptor of the writer's flock; -1 in READ mode */
	int64_t version; /* of the schema; a reader's may be older than this suite's */
	/* The fields of a writer; NULL and zeros for a reader. */
	char *place; /* the path that the writer opened */
	uint64_t opened_files[LEDGER_WRITTEN]; /* as opened there */
	bool failed; /* pki_ledger_failed() */
	/* The fields below belong to a reader; NULL and zeros for a writer. */
	char *path;
	struct ledger_mark *mark;
	const volatile uint32_t
		*index; /* SQLite's WAL-index; NULL: a file read as immutable */
	struct ledger_state seen; /* seen.commit is valid if noted */
	bool noted; /* entries and last_event belong to the state `seen` */
	uint64_t entries;
	pki_msec last_event;
	int64_t looked; /* last look at the path, ns of the monotonic clock */
	bool joined; /* in the list of this process's connected readers */
	uint64_t opened[LEDGER_FILES]; /* the files that SQLite has open, if joined */
	struct pki_ledger *next;
};

/* ledger_reader.c; beside: another reader of the same path, or NULL */
enum pki_status ledger_open_reader(struct pki_ledger *ledger, const char *path,
	const struct pki_ledger *beside, struct pki_err *err) PKI_MUST_CHECK;
void ledger_close_reader(struct pki_ledger *ledger);
/* To be called before each read outside of a snapshot or walk. Reconnects if the files at
 * the path were replaced. IO without a file at the path; TAMPERED if the files are older
 * than the state in ledger->mark. */
enum pki_status ledger_refresh(
	struct pki_ledger *ledger, struct pki_err *err) PKI_MUST_CHECK;
void ledger_disconnect(struct pki_ledger *ledger);
void ledger_leave(struct pki_ledger *ledger); /* by ledger_disconnect() alone */

/* ledger_schema.c: migrates an open database to this suite's version, or refuses. */
enum pki_status ledger_migrate(struct pki_ledger *ledger, enum pki_ledger_mode mode,
	struct pki_err *err) PKI_MUST_CHECK;
/* ledger_identifier.c: the version that brought the table of identifiers; the SQL function
 * identifier(), which migration and audit need; the row's identifier becomes the holder's
 * (rule 109). */
#define LEDGER_IDENTIFIERS 4
enum pki_status ledger_define_identifier(
	struct pki_ledger *ledger, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ledger_add_identifier(struct pki_ledger *ledger,
	const struct pki_cert_row *row, struct pki_err *err) PKI_MUST_CHECK;
/* ledger_names.c: the version that brought the table of names, and the SQL function
 * name_key(), which the migration needs. */
#define LEDGER_NAMES 5
enum pki_status ledger_add_name_key(
	struct pki_ledger *ledger, struct pki_err *err) PKI_MUST_CHECK;
/* Records the row's name as the holder's (rule 15). */
enum pki_status ledger_add_name(struct pki_ledger *ledger, const struct pki_cert_row *row,
	struct pki_err *err) PKI_MUST_CHECK;

/* Makes the tables of the versions after `from` up to `to`. */
enum pki_status ledger_make_schema(struct pki_ledger *ledger, int64_t from, int64_t to,
	struct pki_err *err) PKI_MUST_CHECK;

/* SQLite's last error is a write for which there was no room: nothing is written. */
bool ledger_no_room(sqlite3 *db);
/* SQLite's last error as a status. A constraint's text carries the rule. */
enum pki_status ledger_fail(
	struct pki_ledger *ledger, const char *what, struct pki_err *err);
enum pki_status ledger_exec(
	struct pki_ledger *ledger, const char *sql, struct pki_err *err) PKI_MUST_CHECK;

/* Applies the PRAGMAs of SQL_WRITER or SQL_READER to the connection. */
enum pki_status ledger_setup(struct pki_ledger *ledger, enum ledger_sql sql,
	struct pki_err *err) PKI_MUST_CHECK;

/* As ledger_statement(), without ledger_refresh(). */
enum pki_status ledger_prepared(struct pki_ledger *ledger, enum ledger_sql sql,
	sqlite3_stmt **out, struct pki_err *err) PKI_MUST_CHECK;
/* A statement ready to be bound; the caller holds the statement with
 * PKI_CLEANUP(ledger_reset). INTERNAL if the statement runs already. */
enum pki_status ledger_statement(struct pki_ledger *ledger, enum ledger_sql sql,
	sqlite3_stmt **out, struct pki_err *err) PKI_MUST_CHECK;
void ledger_reset(sqlite3_stmt **statement);
/* Steps the statement once: *row is true if the step gave a row. */
enum pki_status ledger_step(struct pki_ledger *ledger, sqlite3_stmt *statement, bool *row,
	const char *what, struct pki_err *err) PKI_MUST_CHECK;
/* After a failed read: true if the read should be tried again. Counts tries, and
 * waits. */
bool ledger_try_again(struct pki_ledger *ledger, unsigned *tries);
/* Runs a statement without result rows. */
enum pki_status ledger_run(struct pki_ledger *ledger, sqlite3_stmt *statement,
	const char *what, struct pki_err *err) PKI_MUST_CHECK;

/*
 * A walk reads rows in batches, all from one state of the ledger. A walk visits a batch
 * while no statement is open, so that a callback may use the handle.
 */
struct ledger_walk;
struct ledger_rows {
	enum ledger_sql sql;
	const char *what; /* for errors: "read the orders" */
	size_t size; /* of an item; load makes a row into an item */
	size_t batch; /* rows read at once; 0: all */
	/* last: the item after which the next batch begins; NULL: the first batch.
	 * limit -1: no limit */
	void (*bind)(sqlite3_stmt *s, const void *query, const void *last, int64_t limit);
	enum pki_status (*load)(sqlite3_stmt *s, void *item, struct pki_err *err);
	enum pki_status (*visit)(
		const struct ledger_walk *walk, const void *item, struct pki_err *err);
	void (*free)(void *item); /* NULL: an item owns nothing */
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
/* A reader's walk outside of a snapshot takes a snapshot for the walk. */
enum pki_status ledger_walk(struct pki_ledger *ledger, const struct ledger_walk *walk,
	struct pki_err *err) PKI_MUST_CHECK;

/* A failed bind leaves NULL, which every column refuses. */
void ledger_bind_blob(sqlite3_stmt *statement, int i, const void *data, size_t len);
void ledger_bind_text(sqlite3_stmt *statement, int i, const char *text);
void ledger_bind_serial(sqlite3_stmt *statement, int i, const struct pki_serial *serial);

/* Read a column; TAMPERED if this suite cannot have written the column's value. */
enum pki_status ledger_column_text(sqlite3_stmt *statement, int i, char *out, size_t size,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ledger_column_fixed(sqlite3_stmt *statement, int i, void *out, size_t len,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ledger_column_serial(sqlite3_stmt *statement, int i,
	struct pki_serial *out, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ledger_column_blob(sqlite3_stmt *statement, int i, struct pki_buf *out,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
