/* Readers: each sees what stands at the path now, whatever was put there since it opened.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libpki/ledger_priv.h"

/* Each octet of a path may need three. */
#define URI_TEXT (sizeof "file:?immutable=1" + (size_t)PATH_MAX * 3)

/* A copy without a WAL, perhaps where nothing can be written, is read as it stands. */
static void
reader_uri(const char *path, bool wal, char uri[URI_TEXT])
{
	char *p = uri + sprintf(uri, "file:");
	for (; *path != '\0'; path++)
		if (strchr("?#%", *path) != NULL)
			p += sprintf(p, "%%%02X", (unsigned char)*path);
		else
			*p++ = *path;
	sprintf(p, "%s", wal ? "" : "?immutable=1");
}

static enum pki_status
connect_reader(struct pki_ledger *ledger, struct pki_err *err)
{
	char uri[URI_TEXT];
	if (access(ledger->path, R_OK) != 0)
		return pki_fail_errno(err, PKI_IO, errno, "the ledger cannot be read");
	reader_uri(ledger->path, ledger->seen.wal != 0, uri);
	int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;
	if (sqlite3_open_v2(uri, &ledger->db, flags, NULL) != SQLITE_OK)
		return ledger_fail(ledger, "open", err);
	sqlite3_busy_timeout(ledger->db, LEDGER_BUSY_MSEC);
	PKI_TRY(ledger_exec(ledger,
		"PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;"
		"PRAGMA query_only = ON",
		err));
	return ledger_migrate(ledger, PKI_LEDGER_READ, err);
}

/* Which files a reader reads. SQLite keeps what it opened, also when a backup was put in
 * its place or a WAL has come to a file that it takes for immutable. */
static enum pki_status
look(const char *path, struct ledger_files *out, struct pki_err *err)
{
	char wal[PATH_MAX];
	struct stat st;
	memset(out, 0, sizeof *out);
	if ((size_t)snprintf(wal, sizeof wal, "%s-wal", path) >= sizeof wal)
		return pki_fail(err, PKI_CONFIG, "the path is too long");
	if (stat(path, &st) != 0)
		return pki_fail_errno(err, PKI_IO, errno, "the ledger cannot be read");
	out->device = st.st_dev;
	out->inode = st.st_ino;
	struct timespec changed = st.st_mtim;
	if (stat(wal, &st) == 0)
		out->wal = st.st_ino;
	else
		out->changed = changed;
	return PKI_OK;
}

static bool
same_files(const struct ledger_files *a, const struct ledger_files *b)
{
	return a->device == b->device && a->inode == b->inode && a->wal == b->wal &&
	       a->changed.tv_sec == b->changed.tv_sec &&
	       a->changed.tv_nsec == b->changed.tv_nsec;
}

/* Also of a file that is not at its path any more. */
static int64_t
count_entries(struct pki_ledger *ledger)
{
	sqlite3_stmt *s = NULL;
	int64_t count = 0;
	if (ledger->db != NULL &&
		sqlite3_prepare_v2(ledger->db, "SELECT max(id) + 1 FROM entry", -1, &s,
			NULL) == SQLITE_OK &&
		sqlite3_step(s) == SQLITE_ROW)
		count = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return count;
}

/* Nothing is ever deleted: with fewer entries, a reader would unsay revocations. */
static enum pki_status
check_age(struct pki_ledger *ledger, struct pki_err *err)
{
	int64_t count = count_entries(ledger);
	if (count < ledger->entries)
		return pki_fail(err, PKI_TAMPERED,
			"the ledger was replaced by an older one, %jd log entries after "
			"%jd; "
			"restore the newest, or restart this program",
			(intmax_t)count, (intmax_t)ledger->entries);
	return PKI_OK;
}

static bool
in_use(struct pki_ledger *ledger)
{
	if (ledger->db == NULL)
		return false;
	if (!sqlite3_get_autocommit(ledger->db))
		return true;
	for (sqlite3_stmt *s = sqlite3_next_stmt(ledger->db, NULL); s != NULL;
		s = sqlite3_next_stmt(ledger->db, s))
		if (sqlite3_stmt_busy(s))
			return true;
	return false;
}

static enum pki_status
reconnect(struct pki_ledger *ledger, const struct ledger_files *now, struct pki_err *err)
{
	int64_t count = count_entries(ledger);
	if (count > ledger->entries)
		ledger->entries = count;
	ledger_disconnect(ledger);
	ledger->seen = *now; /* before opening: a change meanwhile is seen next time */
	enum pki_status status = connect_reader(ledger, err);
	if (status == PKI_OK)
		status = check_age(ledger, err);
	if (status != PKI_OK)
		ledger_disconnect(ledger);
	return status;
}

enum pki_status
ledger_refresh(struct pki_ledger *ledger, struct pki_err *err)
{
	struct ledger_files now;
	if (ledger->path == NULL)
		return PKI_OK;
	PKI_TRY(look(ledger->path, &now, err));
	if ((ledger->db != NULL && same_files(&now, &ledger->seen)) || in_use(ledger))
		return PKI_OK;
	return reconnect(ledger, &now, err);
}

enum pki_status
ledger_open_reader(struct pki_ledger *ledger, const char *path, struct pki_err *err)
{
	ledger->path = strdup(path);
	if (ledger->path == NULL)
		return pki_fail(err, PKI_MEMORY, "a ledger");
	return ledger_refresh(ledger, err);
}
