/* Readers: each read uses the files that are at the path now, also after files were
 * replaced. */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libpki/base/file.h"
#include "libpki/state/ledger_priv.h"

enum { FILE_DEVICE, FILE_DATABASE, FILE_WAL, FILE_INDEX };

/* SQLite maps its WAL-index in regions of this size (walformat.html 2). */
#define INDEX_REGION 32768

#define LOOK_NS ((int64_t)PKI_LEDGER_LOOK_MSEC * 1000000)

/* An octet of a path takes up to three octets in a URI (%XX). */
#define URI_TEXT (sizeof "file:?readonly_shm=1" + (size_t)PATH_MAX * 3)

/* Out all zeros: the file does not exist. */
static enum pki_status
stat_beside(const char *path, const char *suffix, struct stat *out, struct pki_err *err)
{
	char name[PATH_MAX];
	if ((size_t)snprintf(name, sizeof name, "%s%s", path, suffix) >= sizeof name)
		return pki_fail(err, PKI_CONFIG, "the path is too long");
	memset(out, 0, sizeof *out);
	(void)!stat(name, out);
	return PKI_OK;
}

/*
 * Connections of this process. All connections to one file share the WAL-index that
 * SQLite mapped for the first connection, even after the WAL-index at the path was
 * replaced. No writer changes the old WAL-index any more, so the connections would miss
 * all commits.
 */
static struct {
	pthread_mutex_t lock;
	struct pki_ledger *first;
} connected = { .lock = PTHREAD_MUTEX_INITIALIZER };

static bool
in_the_way(const uint64_t theirs[LEDGER_FILES], const uint64_t ours[LEDGER_FILES])
{
	return theirs[FILE_DEVICE] == ours[FILE_DEVICE] &&
	       theirs[FILE_DATABASE] == ours[FILE_DATABASE] && theirs[FILE_WAL] != 0 &&
	       ours[FILE_WAL] != 0 &&
	       (theirs[FILE_WAL] != ours[FILE_WAL] ||
		       theirs[FILE_INDEX] != ours[FILE_INDEX]);
}

static enum pki_status
join(struct pki_ledger *ledger, struct pki_err *err)
{
	bool room = true;
	pthread_mutex_lock(&connected.lock);
	for (struct pki_ledger *l = connected.first; l != NULL; l = l->next)
		room = room && !in_the_way(l->opened, ledger->seen.files);
	if (room) {
		memcpy(ledger->opened, ledger->seen.files, sizeof ledger->opened);
		ledger->next = connected.first;
		connected.first = ledger;
		ledger->joined = true;
	}
	pthread_mutex_unlock(&connected.lock);
	return room ? PKI_OK
		    : pki_fail(err, PKI_STATE,
			      "the ledger's WAL or its index was replaced; this program reads on once all of it has let go of the old, or is restarted");
}

void
ledger_leave(struct pki_ledger *ledger)
{
	if (!ledger->joined)
		return;
	pthread_mutex_lock(&connected.lock);
	struct pki_ledger **at = &connected.first;
	while (*at != ledger)
		at = &(*at)->next;
	*at = ledger->next;
	pthread_mutex_unlock(&connected.lock);
	ledger->joined = false;
}

/* A copy without a WAL, perhaps on a read-only file system, is opened as immutable. Only
 * the writer writes to the WAL-index: readers have no right to write, or do not use the
 * right. */
static void
reader_uri(const char *path, const struct ledger_state *seen, char uri[URI_TEXT])
{
	const char *option = "";
	if (seen->files[FILE_WAL] == 0)
		option = "?immutable=1";
	else if (seen->files[FILE_INDEX] != 0)
		option = "?readonly_shm=1";
	char *p = uri + sprintf(uri, "file:");
	for (; *path != '\0'; path++)
		if (strchr("?#%", *path) != NULL)
			p += sprintf(p, "%%%02X", (unsigned char)*path);
		else
			*p++ = *path;
	sprintf(p, "%s", option);
}

/*
 * The WAL-index is memory that SQLite shares between processes; this connection has
 * mapped the WAL-index. A commit changes the header of the WAL-index before the writer's
 * call returns (walformat.html 2.1). Comparing the header replaces PRAGMA data_version,
 * without a system call.
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
	/* no writer, or a writer that has not begun */
	if (code == SQLITE_READONLY_CANTINIT || code == SQLITE_BUSY)
		return PKI_OK;
	if (code != SQLITE_OK && code != SQLITE_READONLY)
		return pki_fail(
			err, PKI_IO, "the WAL-index cannot be mapped (SQLite %d)", code);
	ledger->index = index;
	return PKI_OK;
}

/* SQLite creates a missing WAL-index if permissions allow. */
static enum pki_status
note_index(struct pki_ledger *ledger, struct pki_err *err)
{
	struct stat st;
	if (ledger->seen.files[FILE_WAL] == 0 || ledger->seen.files[FILE_INDEX] != 0)
		return PKI_OK;
	PKI_TRY(stat_beside(ledger->path, "-shm", &st, err));
	pthread_mutex_lock(&connected.lock);
	ledger->opened[FILE_INDEX] = st.st_ino;
	pthread_mutex_unlock(&connected.lock);
	ledger->seen.files[FILE_INDEX] = st.st_ino;
	return PKI_OK;
}

static enum pki_status
connect_reader(struct pki_ledger *ledger, struct pki_err *err)
{
	char uri[URI_TEXT], owner[PKI_FILE_OWNER_TEXT];
	if (access(ledger->path, R_OK) != 0)
		return pki_fail(err, PKI_IO, "the ledger cannot be read: %s%s",
			strerror(errno), pki_file_owner(ledger->path, errno, owner));
	PKI_TRY(join(ledger, err));
	reader_uri(ledger->path, &ledger->seen, uri);
	int flags = SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX;
	if (sqlite3_open_v2(uri, &ledger->db, flags, NULL) != SQLITE_OK)
		return ledger_fail(ledger, "open", err);
	sqlite3_busy_timeout(ledger->db, LEDGER_BUSY_MSEC);
	PKI_TRY(ledger_setup(ledger, SQL_READER, err));
	PKI_TRY(ledger_migrate(ledger, PKI_LEDGER_READ, err));
	return note_index(ledger, err);
}

/* Identifies the files at the path. SQLite keeps the opened files, even after a backup
 * replaced the files or a WAL was added to a file opened as immutable. */
static enum pki_status
look(const char *path, struct ledger_state *out, struct pki_err *err)
{
	struct stat st, wal = { 0 }, index = { 0 };
	memset(out, 0, sizeof *out);
	if (stat(path, &st) != 0)
		return pki_fail_errno(err, PKI_IO, errno, "the ledger cannot be read");
	out->files[FILE_DEVICE] = st.st_dev;
	out->files[FILE_DATABASE] = st.st_ino;
	PKI_TRY(stat_beside(path, "-wal", &wal, err));
	PKI_TRY(stat_beside(path, "-shm", &index, err));
	/* SQLite would wait for a FIFO */
	if (!S_ISREG(st.st_mode) || (wal.st_ino != 0 && !S_ISREG(wal.st_mode)) ||
		(index.st_ino != 0 && !S_ISREG(index.st_mode)))
		return pki_fail(err, PKI_INPUT,
			"the ledger, its WAL or the WAL's index is no regular file");
	out->files[FILE_WAL] = wal.st_ino;
	if (wal.st_ino != 0) {
		out->files[FILE_INDEX] = index.st_ino;
	} else {
		out->changed[0] = st.st_mtim.tv_sec;
		out->changed[1] = st.st_mtim.tv_nsec;
	}
	return PKI_OK;
}

static bool
same_files(const struct ledger_state *a, const struct ledger_state *b)
{
	return memcmp(a->files, b->files, sizeof a->files) == 0 &&
	       memcmp(a->changed, b->changed, sizeof a->changed) == 0;
}

/* A new file may get a deleted file's inode, and all empty WALs have equal headers. The
 * number of log entries tells such files apart. */
bool
pki_ledger_view_equal(const struct pki_ledger_view *a, const struct pki_ledger_view *b)
{
	return a->entries == b->entries &&
	       memcmp(a->state, b->state, sizeof a->state) == 0;
}

/* The ledger never deletes a row. A reader of a ledger with fewer log entries than before
 * would report revoked certificates as good. */
static enum pki_status
raise_mark(struct ledger_mark *mark, uint64_t least, uint64_t count, struct pki_err *err)
{
	uint64_t most = atomic_load(&mark->entries);
	while (count > most &&
		!atomic_compare_exchange_weak(&mark->entries, &most, count))
		;
	if (count >= least)
		return PKI_OK;
	return pki_fail(err, PKI_TAMPERED,
		"the ledger was replaced by an older one, %ju log entries after %ju; restore the newest, or restart this program",
		(uintmax_t)count, (uintmax_t)least);
}

/* Raises the shared mark to the state's number of entries before a row of the state is
 * read, so that no reader beside falls back behind the state. */
static enum pki_status
note_state(
	struct pki_ledger *ledger, const struct ledger_state *state, struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	bool row = false;
	uint64_t least = atomic_load(&ledger->mark->entries);
	PKI_TRY(ledger_prepared(ledger, SQL_NEWEST, &s, err));
	PKI_TRY(ledger_step(ledger, s, &row, "read", err));
	uint64_t entries = row ? (uint64_t)sqlite3_column_int64(s, 0) : 0;
	PKI_TRY(raise_mark(ledger->mark, least, entries, err));
	ledger->entries = entries;
	ledger->last_event = row ? sqlite3_column_int64(s, 1) : 0;
	ledger->seen = *state;
	ledger->noted = true;
	return PKI_OK;
}

/* Without a WAL-index, size and mtime of the WAL replace the header of the WAL-index. */
static enum pki_status
read_commit(
	struct pki_ledger *ledger, uint32_t commit[LEDGER_COMMIT], struct pki_err *err)
{
	struct stat st;
	if (ledger->index == NULL)
		PKI_TRY(map_index(ledger, err));
	if (ledger->index != NULL) {
		for (size_t i = 0; i < LEDGER_COMMIT; i++)
			commit[i] = __atomic_load_n(&ledger->index[i], __ATOMIC_ACQUIRE);
		return PKI_OK;
	}
	memset(commit, 0, sizeof *commit * LEDGER_COMMIT);
	if (ledger->seen.files[FILE_WAL] == 0)
		return PKI_OK;
	PKI_TRY(stat_beside(ledger->path, "-wal", &st, err));
	commit[0] = (uint32_t)st.st_size;
	commit[1] = (uint32_t)st.st_mtim.tv_sec;
	commit[2] = (uint32_t)st.st_mtim.tv_nsec;
	return PKI_OK;
}

/* The commit is read first: rows read later are at least as young as the commit. */
static enum pki_status
see_state(struct pki_ledger *ledger, struct pki_err *err)
{
	struct ledger_state now = ledger->seen;
	PKI_TRY(read_commit(ledger, now.commit, err));
	if (ledger->noted &&
		memcmp(now.commit, ledger->seen.commit, sizeof now.commit) == 0)
		return PKI_OK;
	return note_state(ledger, &now, err);
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

/* SQLite reads a WAL with its index alone, and makes a missing index in the folder. */
static enum pki_status
explain(struct pki_ledger *ledger, struct pki_err *own, struct pki_err *err)
{
	struct stat index = { 0 };
	bool missing = ledger->seen.files[FILE_WAL] != 0 &&
		       stat_beside(ledger->path, "-shm", &index, NULL) == PKI_OK &&
		       index.st_ino == 0;
	if (own->status != PKI_IO || !missing || access(ledger->path, R_OK) != 0)
		return pki_err_move(err, own);
	return pki_fail(err, PKI_IO,
		"the WAL is there, its index ledger.db-shm is not, and it cannot be made in this folder; copy ledger.db and ledger.db-wal to a folder that can be written, or take a copy without a WAL: sqlite3 ledger.db \"VACUUM INTO 'copy.db'\"");
}

static enum pki_status
connect_patiently(struct pki_ledger *ledger, struct pki_err *err)
{
	unsigned tries = 0;
	ledger->noted = false;
	for (;;) {
		struct pki_err own = { 0 };
		if (connect_reader(ledger, &own) == PKI_OK)
			return PKI_OK;
		if (!ledger_try_again(ledger, &tries))
			return explain(ledger, &own, err);
		ledger_disconnect(ledger);
	}
}

/* Reconnects unless the open files are still the files at the path. */
static enum pki_status
look_again(struct pki_ledger *ledger, struct pki_err *err)
{
	struct ledger_state now;
	PKI_TRY(look(ledger->path, &now, err));
	ledger->looked = monotonic_ns();
	if (ledger->db != NULL && same_files(&now, &ledger->seen))
		return PKI_OK;
	ledger_disconnect(ledger);
	ledger->seen =
		now; /* before opening: the next look sees a change made meanwhile */
	return connect_patiently(ledger, err);
}

static enum pki_status
refresh(struct pki_ledger *ledger, bool must_look, struct pki_err *err)
{
	enum pki_status status = PKI_OK;
	if (must_look || ledger->db == NULL || monotonic_ns() - ledger->looked >= LOOK_NS)
		status = look_again(ledger, err);
	if (status == PKI_OK)
		status = see_state(ledger, err);
	/* after a failure the next read must connect and check again */
	if (status != PKI_OK)
		ledger_disconnect(ledger);
	return status;
}

enum pki_status
ledger_refresh(struct pki_ledger *ledger, struct pki_err *err)
{
	if (ledger->path == NULL || in_use(ledger))
		return PKI_OK;
	return refresh(ledger, true, err);
}

enum pki_status
pki_ledger_view(
	struct pki_ledger *reader, struct pki_ledger_view *out, struct pki_err *err)
{
	if (reader->path == NULL || in_use(reader))
		return pki_fail(err, PKI_INTERNAL, "a view from within a transaction");
	PKI_TRY(refresh(reader, false, err));
	out->entries = reader->entries;
	out->last_event = reader->last_event;
	static_assert(sizeof out->state == sizeof reader->seen, "a view holds a state");
	memcpy(out->state, &reader->seen, sizeof out->state);
	return PKI_OK;
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
