/* Readers while another process commits, comes and goes, or puts other files in place. */
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libpki/base/file.h"
#include "tests/unit/common/ledger_rows.h"

#define READERS 4
#define STRESS_SECONDS 2
/* Beyond PKI_LEDGER_LOOK_MSEC and the clock's grain. */
#define LOOK_AGAIN_USEC 30000

/* In a process of its own, as SQLite shares between the connections of one. */
static void
commit_in_another(const char *path, const char *count)
{
	pid_t child = fork();
	int status = 0;
	if (child == 0) {
		execl("/proc/self/exe", "test_ledger_reader", path, count, (char *)NULL);
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static int
commit_as_the_writer(const char *path, uint64_t count)
{
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_ledger_cleanup) struct pki_ledger *ledger = NULL;
	uint64_t first = 0;
	if (pki_ledger_open(path, PKI_LEDGER_WRITE, &ledger, &err) != PKI_OK ||
		pki_ledger_entry_count(ledger, &first, &err) != PKI_OK)
		return 1;
	for (uint64_t n = first; n < first + count; n++)
		if (pki_ledger_begin(ledger, &err) != PKI_OK ||
			add_entry(ledger, n, START * 1000, &err) != PKI_OK ||
			pki_ledger_commit(ledger, &err) != PKI_OK)
			return 1;
	return 0;
}

/* Faster than any disk: as many commits as there can be, until killed. */
static int
commit_without_end(const char *path)
{
	sqlite3 *db = NULL;
	if (sqlite3_open(path, &db) != SQLITE_OK ||
		sqlite3_exec(db, "PRAGMA synchronous = OFF; PRAGMA busy_timeout = 2000",
			NULL, NULL, NULL) != SQLITE_OK)
		return 1;
	while (sqlite3_exec(db,
		       "INSERT INTO entry (id, at, entry) SELECT coalesce(max(id) + 1, 0), 1767225600000, x'00' FROM entry",
		       NULL, NULL, NULL) == SQLITE_OK)
		;
	return 1;
}

static void
writer_gone(struct fixture *f)
{
	pki_ledger_close(f->ledger);
	f->ledger = NULL;
}

static void
removed(const struct fixture *f, const char *suffix)
{
	char path[80];
	snprintf(path, sizeof path, "%s%s", f->path, suffix);
	assert_int_equal(unlink(path), 0);
}

static uint64_t
count_of(struct pki_ledger *reader)
{
	uint64_t count = 0;
	ok(pki_ledger_entry_count(reader, &count, &err));
	return count;
}

struct looker {
	struct pki_ledger *reader;
	pthread_t thread;
	const atomic_bool *stop;
	uint64_t views;
	uint64_t last;
	struct pki_err err; /* why it ended before its time */
};

static void *
look_on(void *ctx)
{
	struct looker *l = ctx;
	while (!atomic_load(l->stop)) {
		struct pki_ledger_view view;
		uint64_t count;
		if (pki_ledger_view(l->reader, &view, &l->err) != PKI_OK ||
			(l->views % 16 == 0 && pki_ledger_entry_count(l->reader, &count,
						       &l->err) != PKI_OK))
			return NULL;
		if (view.entries < l->last)
			(void)!pki_fail(&l->err, PKI_INTERNAL, "entries went back");
		l->last = view.entries;
		l->views++;
	}
	return NULL;
}

/* None of them is told that what it reads is old, because another read on. */
static void
readers_beside_each_other_read_on(void **state)
{
	struct fixture *f = *state;
	struct looker lookers[READERS] = { 0 };
	atomic_bool stop = false;
	writer_gone(f);
	pid_t child = fork();
	if (child == 0) {
		execl("/proc/self/exe", "test_ledger_reader", f->path, (char *)NULL);
		_exit(1);
	}
	ok(pki_ledger_open(f->path, PKI_LEDGER_READ, &lookers[0].reader, &err));
	for (size_t i = 0; i < READERS; i++) {
		if (i != 0)
			ok(pki_ledger_open_beside(
				lookers[0].reader, &lookers[i].reader, &err));
		lookers[i].stop = &stop;
		pthread_create(&lookers[i].thread, NULL, look_on, &lookers[i]);
	}
	sleep(STRESS_SECONDS);
	atomic_store(&stop, true);
	for (size_t i = 0; i < READERS; i++)
		pthread_join(lookers[i].thread, NULL);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	for (size_t i = 0; i < READERS; i++) {
		if (lookers[i].err.status != PKI_OK)
			fail_msg("after %ju views: %s", (uintmax_t)lookers[i].views,
				lookers[i].err.msg);
		assert_true(lookers[i].last > 0);
		pki_ledger_close(lookers[i].reader);
	}
}

/* A restart of the machine: the responder is there before the custodians. */
static void
readers_need_no_writer(void **state)
{
	struct fixture *f = *state;
	PKI_CLEANUP(pki_ledger_cleanup) struct pki_ledger *a = NULL;
	PKI_CLEANUP(pki_ledger_cleanup) struct pki_ledger *b = NULL;
	struct pki_ledger_view before, after, beside;
	writer_gone(f);
	commit_in_another(f->path, "3");
	ok(pki_ledger_open(f->path, PKI_LEDGER_READ, &a, &err));
	ok(pki_ledger_open_beside(a, &b, &err));
	for (uint64_t n = 3; n < 8; n++) {
		ok(pki_ledger_view(a, &before, &err));
		assert_int_equal(before.entries, n);
		ok(pki_ledger_view(b, &beside, &err));
		assert_true(pki_ledger_view_equal(&before, &beside));
		commit_in_another(f->path, "1");
		ok(pki_ledger_view(a, &after, &err));
		assert_false(pki_ledger_view_equal(&before, &after));
		assert_int_equal(count_of(a), n + 1);
		assert_int_equal(count_of(b), n + 1);
	}
}

/* Readers do not write the WAL-index, which is how one that was there before the writer
 * would take part in what the writer does. */
static void
readers_leave_the_index_alone(void **state)
{
	struct fixture *f = *state;
	PKI_CLEANUP(pki_ledger_cleanup) struct pki_ledger *reader = NULL;
	char path[80];
	PKI_CLEANUP(pki_buf_free) struct pki_buf before = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf after = { 0 };
	writer_gone(f);
	commit_in_another(f->path, "3");
	snprintf(path, sizeof path, "%s-shm", f->path);
	ok(pki_file_read(path, PKI_FILE_MAX, &before, &err));
	ok(pki_ledger_open(f->path, PKI_LEDGER_READ, &reader, &err));
	assert_int_equal(count_of(reader), 3);
	ok(pki_file_read(path, PKI_FILE_MAX, &after, &err));
	assert_true(pki_bytes_equal(before.data, before.len, after.data, after.len));
}

/* SQLite would go on with the index that no writer writes to any more, and nothing new
 * would be seen for ever. All readers let go of it; then the one at the path is read. */
static void
a_replaced_index_is_not_read(void **state)
{
	static const char *const gone[][2] = { { "-shm", NULL }, { "-shm", "-wal" },
		{ "-wal", NULL } };
	struct fixture *f = *state;
	writer_gone(f);
	for (size_t i = 0; i < PKI_COUNT(gone); i++) {
		PKI_CLEANUP(pki_ledger_cleanup) struct pki_ledger *a = NULL;
		PKI_CLEANUP(pki_ledger_cleanup) struct pki_ledger *b = NULL;
		struct pki_ledger_view view;
		commit_in_another(f->path, "3");
		/* into the database: what is removed then is missed by nobody */
		commit_in_another(f->path, "0");
		ok(pki_ledger_open(f->path, PKI_LEDGER_READ, &a, &err));
		ok(pki_ledger_open_beside(a, &b, &err));
		assert_true(count_of(b) > 0);
		for (size_t g = 0; g < 2 && gone[i][g] != NULL; g++)
			removed(f, gone[i][g]);
		commit_in_another(f->path, "1");
		usleep(LOOK_AGAIN_USEC);
		fails(pki_ledger_view(b, &view, &err), STATE);
		fails(pki_ledger_view(b, &view, &err), STATE);
		uint64_t count = count_of(a); /* the last to let go */
		assert_int_equal(count_of(b), count);
		commit_in_another(f->path, "1");
		assert_int_equal(count_of(a), count + 1);
		assert_int_equal(count_of(b), count + 1);
	}
}

static void
an_index_that_is_missing_is_made(void **state)
{
	struct fixture *f = *state;
	PKI_CLEANUP(pki_ledger_cleanup) struct pki_ledger *a = NULL;
	PKI_CLEANUP(pki_ledger_cleanup) struct pki_ledger *b = NULL;
	writer_gone(f);
	commit_in_another(f->path, "3");
	removed(f, "-shm");
	ok(pki_ledger_open(f->path, PKI_LEDGER_READ, &a, &err));
	ok(pki_ledger_open_beside(a, &b, &err));
	commit_in_another(f->path, "1");
	assert_int_equal(count_of(a), 4);
	assert_int_equal(count_of(b), 4);
}

/* Files come again with the inodes of others, and empty WALs have the same header. */
static void
views_of_other_entries_are_not_equal(void **state)
{
	struct fixture *f = *state;
	PKI_CLEANUP(pki_ledger_cleanup) struct pki_ledger *reader = NULL;
	struct pki_ledger_view view, other;
	ok(pki_ledger_open(f->path, PKI_LEDGER_READ, &reader, &err));
	ok(pki_ledger_view(reader, &view, &err));
	other = view;
	assert_true(pki_ledger_view_equal(&view, &other));
	other.entries++;
	assert_false(pki_ledger_view_equal(&view, &other));
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(readers_beside_each_other_read_on),
		TEST(readers_need_no_writer),
		TEST(readers_leave_the_index_alone),
		TEST(a_replaced_index_is_not_read),
		TEST(an_index_that_is_missing_is_made),
		TEST(views_of_other_entries_are_not_equal),
	};
	if (argc == 2)
		return commit_without_end(argv[1]);
	if (argc == 3)
		return commit_as_the_writer(argv[1], strtoul(argv[2], NULL, 10));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
