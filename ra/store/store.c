#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libpki/base/file.h"
#include "ra/store/store_priv.h"

/* "RAap", by which file(1) and migrate() recognize the database */
#define APPLICATION_ID 0x52416170
/* Two officers at two terminals: a commit takes milliseconds. */
#define BUSY_MS 5000

/* The steps of the schema; user_version counts the applied steps. */
enum { APPLICATIONS, ERASURES };
static const char *const migrations[] = {
#include "ra/store/schema.sql.inc"
};
static const int migration_count = PKI_COUNT(migrations);

static enum pki_status
pragma(struct ra_store *store, const char *name, int *out, struct pki_err *err)
{
	char text[64];
	sqlite3_stmt *stmt = NULL;
	snprintf(text, sizeof text, "PRAGMA %s", name);
	bool ok = sqlite3_prepare_v2(store->db, text, -1, &stmt, NULL) == SQLITE_OK &&
		  sqlite3_step(stmt) == SQLITE_ROW;
	if (ok)
		*out = sqlite3_column_int(stmt, 0);
	enum pki_status status = ok ? PKI_OK : ra_sql_fail(store, name, err);
	sqlite3_finalize(stmt);
	return status;
}

static enum pki_status
run_text(struct ra_store *store, const char *text, struct pki_err *err)
{
	if (sqlite3_exec(store->db, text, NULL, NULL, NULL) != SQLITE_OK)
		return ra_sql_fail(store, "applications store", err);
	return PKI_OK;
}

static enum pki_status
migrate_from(struct ra_store *store, int version, struct pki_err *err)
{
	char text[96];
	for (; version < migration_count; version++)
		PKI_TRY(run_text(store, migrations[version], err));
	snprintf(text, sizeof text,
		"PRAGMA user_version = %d; PRAGMA application_id = %d", version,
		APPLICATION_ID);
	return run_text(store, text, err);
}

static enum pki_status
no_database(struct pki_err *err)
{
	return pki_fail(err, PKI_NOTFOUND,
		"the folder has no applications.db, or an empty one; restore the store from its backup");
}

static enum pki_status
migrate(struct ra_store *store, enum ra_store_mode mode, struct pki_err *err)
{
	int version = 0, id = 0;
	PKI_TRY(pragma(store, "application_id", &id, err));
	PKI_TRY(pragma(store, "user_version", &version, err));
	if (id != 0 && id != APPLICATION_ID)
		return pki_fail(err, PKI_TAMPERED,
			"the database belongs to another program; set ra.store in pki.yaml to a folder of its own");
	if (version > migration_count)
		return pki_fail(err, PKI_VERSION,
			"the store has version %d, and this pki-ra knows versions up to %d; use the newer pki-ra",
			version, migration_count);
	if (version == migration_count)
		return PKI_OK;
	if (version == 0 && mode == RA_STORE_KNOWN)
		return no_database(err);
	PKI_TRY(ra_store_begin(store, err));
	/* another process may have migrated the store while this process waited */
	enum pki_status status = pragma(store, "user_version", &version, err);
	if (status == PKI_OK && version < migration_count)
		status = migrate_from(store, version, err);
	if (status == PKI_OK)
		status = ra_store_commit(store, err);
	ra_store_rollback(store);
	return status;
}

/* No record may be sealed under a wrong store.key. */
static enum pki_status
check_key(struct ra_store *store, struct pki_err *err)
{
	uint8_t token[RA_TOKEN];
	PKI_CLEANUP(ra_sql_done) sqlite3_stmt *stmt = NULL;
	bool row;
	PKI_TRY(ra_vault_token(store->vault, "|check|", token, err));
	PKI_TRY(ra_sql(store, RA_SQL_META, &stmt, err, ""));
	PKI_TRY(ra_sql_step(store, stmt, &row, err));
	if (row) {
		if (pki_bytes_equal(token, sizeof token, sqlite3_column_blob(stmt, 0),
			    (size_t)sqlite3_column_bytes(stmt, 0)))
			return PKI_OK;
		return pki_fail(err, PKI_TAMPERED,
			"%s/store.key is not this store's key; restore the key from the backup",
			store->dir);
	}
	sqlite3_stmt *add;
	PKI_TRY(ra_sql(store, RA_SQL_ADD_META, &add, err, "b",
		(struct pki_bytes){ token, sizeof token }));
	return ra_sql_run(store, add, NULL, err);
}

/*
 * synchronous EXTRA: in the rollback journal's mode a transaction is committed by removing
 * the journal, and FULL does not sync the folder afterwards: a power cut could bring the
 * journal back, and with it the state before. A WAL is no choice for this store: erased
 * personal data would stay in the WAL until a checkpoint, past secure_delete.
 */
static enum pki_status
open_database(struct ra_store *store, const char *path, enum ra_store_mode mode,
	struct pki_err *err)
{
	int flags = O_RDWR | O_CLOEXEC | (mode == RA_STORE_NEW ? O_CREAT : 0);
	/* SQLite gives its journal the mode of the database */
	PKI_CLEANUP(pki_close_fd) int fd = open(path, flags, 0600);
	char owner[PKI_FILE_OWNER_TEXT];
	if (fd < 0)
		return pki_fail(err, errno == ENOSPC ? PKI_FULL : PKI_IO,
			"cannot open the store: %s%s", strerror(errno),
			pki_file_owner(path, errno, owner));
	if (sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
		return ra_sql_fail(store, "cannot open the store", err);
	sqlite3_busy_timeout(store->db, BUSY_MS);
	PKI_TRY(run_text(store,
		"PRAGMA foreign_keys = ON; PRAGMA synchronous = EXTRA;PRAGMA secure_delete = ON; PRAGMA temp_store = MEMORY;CREATE TEMP TABLE found (application TEXT, term INTEGER)",
		err));
	PKI_TRY(migrate(store, mode, err));
	return check_key(store, err);
}

static enum pki_status
open_all(struct ra_store *store, enum ra_store_mode mode, struct pki_err *err)
{
	char db[PATH_MAX + 32], key[PATH_MAX + 32];
	struct stat sb;
	snprintf(db, sizeof db, "%s/applications.db", store->dir);
	snprintf(key, sizeof key, "%s/store.key", store->dir);
	if (mode == RA_STORE_KNOWN && stat(db, &sb) != 0 && errno == ENOENT)
		return no_database(err);
	if (mode == RA_STORE_NEW)
		PKI_TRY(pki_file_mkdirs(store->dir, 0700, err));
	if (stat(store->dir, &sb) == 0 && (sb.st_mode & 077) != 0)
		return pki_fail(err, PKI_CONFIG,
			"others can read the folder of the applications store; make the folder private with chmod 700");
	/* a database without its key must not get a new key: no part would open */
	PKI_TRY(ra_vault_open(key, !pki_file_exists(db), &store->vault, err));
	return open_database(store, db, mode, err);
}

bool
ra_store_was_used(const char *dir)
{
	char path[PATH_MAX];
	return snprintf(path, sizeof path, "%s/evidence", dir) < (int)sizeof path &&
	       pki_file_exists(path);
}

enum pki_status
ra_store_open(const char *dir, enum ra_store_mode mode, struct ra_store **out,
	struct pki_err *err)
{
	PKI_CLEANUP(ra_store_cleanup) struct ra_store *store = calloc(1, sizeof *store);
	if (store == NULL)
		return pki_fail(err, PKI_MEMORY, "the applications store");
	snprintf(store->dir, sizeof store->dir, "%s", dir);
	enum pki_status status = open_all(store, mode, err);
	if (status != PKI_OK) {
		pki_err_object(err, "%s", dir);
		return status;
	}
	*out = store;
	store = NULL;
	return PKI_OK;
}

void
ra_store_close(struct ra_store *store)
{
	if (store == NULL)
		return;
	ra_store_rollback(store);
	for (size_t i = 0; i < RA_SQL_LAST; i++)
		sqlite3_finalize(store->statements[i]);
	sqlite3_close(store->db);
	ra_vault_free(store->vault);
	free(store);
}

void
ra_store_cleanup(struct ra_store **store)
{
	ra_store_close(*store);
}

const char *
ra_store_dir(const struct ra_store *store)
{
	return store->dir;
}

enum pki_status
ra_store_begin(struct ra_store *store, struct pki_err *err)
{
	sqlite3_stmt *stmt;
	PKI_TRY(ra_sql(store, RA_SQL_BEGIN, &stmt, err, ""));
	PKI_TRY(ra_sql_run(store, stmt, NULL, err));
	store->in_transaction = true;
	return PKI_OK;
}

enum pki_status
ra_store_commit(struct ra_store *store, struct pki_err *err)
{
	sqlite3_stmt *stmt;
	PKI_TRY(ra_sql(store, RA_SQL_COMMIT, &stmt, err, ""));
	PKI_TRY(ra_sql_run(store, stmt, NULL, err));
	store->in_transaction = false;
	return PKI_OK;
}

void
ra_store_rollback(struct ra_store *store)
{
	sqlite3_stmt *stmt;
	if (!store->in_transaction)
		return;
	/* ROLLBACK fails only if SQLite has rolled back */
	if (ra_sql(store, RA_SQL_ROLLBACK, &stmt, NULL, "") == PKI_OK &&
		ra_sql_run(store, stmt, NULL, NULL) != PKI_OK)
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	store->in_transaction = false;
}
