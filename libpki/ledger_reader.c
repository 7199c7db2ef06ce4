/* Readers: each sees what stands at the path now, whatever was put there since it opened.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libpki/ledger_priv.h"

enum { FILE_DEVICE, FILE_DATABASE, FILE_WAL, FILE_INDEX };

/* SQLite maps its WAL-index in regions of this size (walformat.html 2). */
#define INDEX_REGION 32768

#define LOOK_NS ((int64_t)PKI_LEDGER_LOOK_MSEC * 1000000)

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

/*
 * SQLite's shared index of the WAL, which this connection has mapped. Its header changes
 * with each commit, after which the writer's call returns (walformat.html 2.1): comparing
 * it tells what PRAGMA data_version tells, without a system call.
 */
static enum pki_status
map_index(struct pki_ledger *ledger, struct pki_err *err)
{
	sqlite3_file *file = NULL;
	void volatile *index = NULL;
	if (ledger->seen.files[FILE_WAL] == 0)
		return PKI_OK;
	if (sqlite3_file_control(ledger->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) !=
			SQLITE_OK ||
		file->pMethods->iVersion < 2)
		return pki_fail(err, PKI_INTERNAL, "SQLite's files have no WAL-index");
	int code = file->pMethods->xShmMap(file, 0, INDEX_REGION, 0, &index);
	if ((code != SQLITE_OK && code != SQLITE_READONLY) || index == NULL)
		return pki_fail(
			err, PKI_IO, "the WAL-index cannot be mapped (SQLite %d)", code);
	ledger->index = index;
	return PKI_OK;
}

static enum pki_status
connect_reader(struct pki_ledger *ledger, struct pki_err *err)
{
	char uri[URI_TEXT];
	if (access(ledger->path, R_OK) != 0)
		return pki_fail_errno(err, PKI_IO, errno, "the ledger cannot be read");
	reader_uri(ledger->path, ledger->seen.files[FILE_WAL] != 0, uri);
	int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;
	if (sqlite3_open_v2(uri, &ledger->db, flags, NULL) != SQLITE_OK)
		return ledger_fail(ledger, "open", err);
	sqlite3_busy_timeout(ledger->db, LEDGER_BUSY_MSEC);
	PKI_TRY(ledger_exec(ledger,
		"PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY;"
		"PRAGMA query_only = ON",
		err));
	PKI_TRY(ledger_migrate(ledger, PKI_LEDGER_READ, err));
	return map_index(ledger, err);
}

/* 0: no such file */
static enum pki_status
inode_of(const char *path, const char *suffix, uint64_t *out, struct pki_err *err)
{
	char name[PATH_MAX];
	struct stat st;
	if ((size_t)snprintf(name, sizeof name, "%s%s", path, suffix) >= sizeof name)
		return pki_fail(err, PKI_CONFIG, "the path is too long");
	*out = stat(name, &st) == 0 ? st.st_ino : 0;
	return PKI_OK;
}

/* Which files a reader reads. SQLite keeps what it opened, also when a backup was put in
 * its place or a WAL has come to a file that it takes for immutable. */
static enum pki_status
look(const char *path, struct pki_ledger_view *out, struct pki_err *err)
{
	struct stat st;
	memset(out, 0, sizeof *out);
	if (stat(path, &st) != 0)
		return pki_fail_errno(err, PKI_IO, errno, "the ledger cannot be read");
	out->files[FILE_DEVICE] = st.st_dev;
	out->files[FILE_DATABASE] = st.st_ino;
	PKI_TRY(inode_of(path, "-wal", &out->files[FILE_WAL], err));
	if (out->files[FILE_WAL] != 0)
		return inode_of(path, "-shm", &out->files[FILE_INDEX], err);
	out->changed[0] = st.st_mtim.tv_sec;
	out->changed[1] = st.st_mtim.tv_nsec;
	return PKI_OK;
}

static bool
same_files(const struct pki_ledger_view *a, const struct pki_ledger_view *b)
{
	return memcmp(a->files, b->files, sizeof a->files) == 0 &&
	       memcmp(a->changed, b->changed, sizeof a->changed) == 0;
}

bool
pki_ledger_view_equal(const struct pki_ledger_view *a, const struct pki_ledger_view *b)
{
	return same_files(a, b) && memcmp(a->commit, b->commit, sizeof a->commit) == 0;
}

/* Nothing is ever deleted: with fewer entries, a reader would unsay revocations. */
static enum pki_status
raise_mark(struct ledger_mark *mark, int64_t count, struct pki_err *err)
{
	int64_t most = atomic_load(&mark->entries);
	while (count > most && !atomic_compare_exchange_weak(&mark->entries, &most, count))
		;
	if (count >= most)
		return PKI_OK;
	return pki_fail(err, PKI_TAMPERED,
		"the ledger was replaced by an older one, %jd log entries after %jd; "
		"restore the newest, or restart this program",
		(intmax_t)count, (intmax_t)most);
}

/* Before anything is read from a state, all readers beside know how young it is. */
static enum pki_status
note_state(struct pki_ledger *ledger, struct pki_ledger_view *view, struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	bool row = false;
	PKI_TRY(ledger_prepared(ledger, SQL_NEWEST, &s, err));
	PKI_TRY(ledger_step(ledger, s, &row, "read", err));
	PKI_TRY(raise_mark(ledger->mark, row ? sqlite3_column_int64(s, 0) : 0, err));
	view->last_event = row ? sqlite3_column_int64(s, 1) : 0;
	ledger->seen = *view;
	ledger->noted = true;
	return PKI_OK;
}

/* The header first: what is read after it is at least as young. */
static enum pki_status
take_view(struct pki_ledger *ledger, struct pki_ledger_view *out, struct pki_err *err)
{
	*out = ledger->seen;
	if (ledger->index != NULL)
		for (size_t i = 0; i < PKI_COUNT(out->commit); i++)
			out->commit[i] =
				__atomic_load_n(&ledger->index[i], __ATOMIC_ACQUIRE);
	if (ledger->noted &&
		memcmp(out->commit, ledger->seen.commit, sizeof out->commit) == 0)
		return PKI_OK;
	return note_state(ledger, out, err);
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

static int64_t
monotonic_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Connect anew unless what is open still stands at the path. */
static enum pki_status
look_again(struct pki_ledger *ledger, struct pki_err *err)
{
	struct pki_ledger_view now;
	PKI_TRY(look(ledger->path, &now, err));
	ledger->looked = monotonic_ns();
	if (ledger->db != NULL && same_files(&now, &ledger->seen))
		return PKI_OK;
	ledger_disconnect(ledger);
	ledger->seen = now; /* before opening: a change meanwhile is seen next time */
	ledger->noted = false;
	return connect_reader(ledger, err);
}

static enum pki_status
refresh(struct pki_ledger *ledger, bool must_look, struct pki_ledger_view *out,
	struct pki_err *err)
{
	enum pki_status status = PKI_OK;
	if (must_look || ledger->db == NULL || monotonic_ns() - ledger->looked >= LOOK_NS)
		status = look_again(ledger, err);
	if (status == PKI_OK)
		status = take_view(ledger, out, err);
	/* what cannot be read, or is too old, is not read the next time either */
	if (status != PKI_OK)
		ledger_disconnect(ledger);
	return status;
}

enum pki_status
ledger_refresh(struct pki_ledger *ledger, struct pki_err *err)
{
	struct pki_ledger_view view;
	if (ledger->path == NULL || in_use(ledger))
		return PKI_OK;
	return refresh(ledger, true, &view, err);
}

enum pki_status
pki_ledger_view(struct pki_ledger *reader, struct pki_ledger_view *out, struct pki_err *err)
{
	if (reader->path == NULL || in_use(reader))
		return pki_fail(err, PKI_INTERNAL, "a view from within a transaction");
	return refresh(reader, false, out, err);
}

enum pki_status
ledger_open_reader(struct pki_ledger *ledger, const char *path,
	const struct pki_ledger *beside, struct pki_err *err)
{
	ledger->path = strdup(path);
	ledger->mark = beside != NULL ? beside->mark : calloc(1, sizeof *ledger->mark);
	if (ledger->mark != NULL)
		atomic_fetch_add(&ledger->mark->readers, 1);
	if (ledger->path == NULL || ledger->mark == NULL)
		return pki_fail(err, PKI_MEMORY, "a ledger");
	return ledger_refresh(ledger, err);
}

void
ledger_close_reader(struct pki_ledger *ledger)
{
	if (ledger->mark != NULL && atomic_fetch_sub(&ledger->mark->readers, 1) == 1)
		free(ledger->mark);
	free(ledger->path);
}
