/* The store's database handle and prepared statements (statements.sql). */
#ifndef RA_STORE_STORE_PRIV_H
#define RA_STORE_STORE_PRIV_H

#include <limits.h>
#include <sqlite3.h>

#include "ra/store/store.h"
#include "ra/store/vault.h"

enum ra_sql {
	RA_SQL_BEGIN,
	RA_SQL_COMMIT,
	RA_SQL_ROLLBACK,
	RA_SQL_META,
	RA_SQL_ADD_META,
	RA_SQL_ADD_HOLDER,
	RA_SQL_HOLDER_KEY,
	RA_SQL_ADD_INVITATION,
	RA_SQL_INVITATIONS,
	RA_SQL_INVITATION,
	RA_SQL_EACH_INVITATION,
	RA_SQL_USE_INVITATION,
	RA_SQL_ADD_APPLICATION,
	RA_SQL_APPLICATION,
	RA_SQL_MOVE,
	RA_SQL_LIST,
	RA_SQL_COUNT,
	RA_SQL_PUT,
	RA_SQL_PART,
	RA_SQL_ADD_WORD,
	RA_SQL_WORD_HOLDER,
	RA_SQL_CLEAR_FOUND,
	RA_SQL_ADD_FOUND,
	RA_SQL_KEEP_FOUND,
	RA_SQL_ERASURE,
	RA_SQL_ORDER_ERASURE,
	RA_SQL_ERASE,
	RA_SQL_DESTROY_KEY,
	RA_SQL_DESTROY_PARTS,
	RA_SQL_DESTROY_WORDS,
	RA_SQL_END_EVENTS,
	RA_SQL_END_OPEN,
	RA_SQL_UNSWEPT,
	RA_SQL_SWEPT,
	RA_SQL_IDLE,
	RA_SQL_HOLDER,
	RA_SQL_ADD_EVENT,
	RA_SQL_EVENTS,
	RA_SQL_EVENT_SENT,
	RA_SQL_EVENT_COUNT,
	RA_SQL_LAST,
};

struct ra_store {
	sqlite3 *db;
	struct ra_vault *vault;
	sqlite3_stmt *statements[RA_SQL_LAST]; /* prepared at first use */
	char dir[PATH_MAX];
	bool in_transaction;
};

/* SQLite's error as a status and a message: what failed, SQLite's text, the remedy. */
enum pki_status ra_sql_fail(
	struct ra_store *store, const char *what, struct pki_err *err);

/*
 * A prepared statement with bound arguments. types has a letter for each argument: t text
 * (const char *), i integer (int64_t), b octets (struct pki_bytes, by value). Text and
 * octets are borrowed until ra_sql_done().
 */
enum pki_status ra_sql(struct ra_store *store, enum ra_sql which, sqlite3_stmt **out,
	struct pki_err *err, const char *types, ...) PKI_MUST_CHECK;
/* The next row; *row false at the end. */
enum pki_status ra_sql_step(struct ra_store *store, sqlite3_stmt *stmt, bool *row,
	struct pki_err *err) PKI_MUST_CHECK;
void ra_sql_done(sqlite3_stmt **stmt); /* for PKI_CLEANUP */
/* For a statement without rows: *changed (may be NULL) counts the changed rows. */
enum pki_status ra_sql_run(struct ra_store *store, sqlite3_stmt *stmt, int *changed,
	struct pki_err *err) PKI_MUST_CHECK;
void ra_sql_text(sqlite3_stmt *stmt, int column, char *out, size_t size);

#endif
