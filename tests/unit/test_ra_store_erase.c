#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ftw.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libpki/base/file.h"
#include "ra/store/erasure.h"
#include "ra/store/evidence.h"
#include "ra/store/holder.h"
#include "ra/store/index.h"
#include "ra/store/outbox.h"
#include "ra/store/vault.h"

#define PARTS 3
#define PERSON_PARTS (PARTS + 2) /* "wrapped" stands beside them, and the evidence */
#define WORDS 4
#define WHEN 1000000

static char dir[] = "/tmp/test-ra-erase-XXXXXX";
static char store_dir[64], database[96], evidence_file[64];
static struct pki_err err;

#define OK(call) \
	do { \
		err = (struct pki_err){ 0 }; \
		if ((call) != PKI_OK) \
			fail_msg("%s: %s", err.object, err.msg); \
	} while (0)
#define FAILS(want, call) \
	do { \
		err = (struct pki_err){ 0 }; \
		assert_int_equal(call, want); \
		assert_int_equal(err.status, want); \
	} while (0)

static int
remove_one(const char *path, const struct stat *sb, int flag, struct FTW *ftw)
{
	(void)sb, (void)flag, (void)ftw;
	return remove(path);
}

static int
first(void **state)
{
	(void)state;
	return mkdtemp(dir) == NULL ? -1 : 0;
}

static int
setup(void **state)
{
	(void)state;
	snprintf(store_dir, sizeof store_dir, "%s/ra", dir);
	snprintf(database, sizeof database, "%s/applications.db", store_dir);
	snprintf(evidence_file, sizeof evidence_file, "%s/page", dir);
	return pki_file_publish(evidence_file, "a passport's page", 17, 0600, &err) !=
	       PKI_OK;
}

static int
teardown(void **state)
{
	(void)state;
	unlink(evidence_file);
	nftw(store_dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	return 0;
}

static int
last(void **state)
{
	(void)state;
	return rmdir(dir);
}

static struct ra_store *
opened(void)
{
	struct ra_store *store = NULL;
	OK(ra_store_open(store_dir, RA_STORE_NEW, &store, &err));
	return store;
}

struct person {
	struct ra_application a;
	struct pki_buf destroyed[PERSON_PARTS +
				 WORDS]; /* octets that stand in files until then */
	size_t count;
};

/* In a transaction: a person with sealed parts of `size` octets and more, words, a file of
 * evidence. */
static void
put(struct ra_store *store, size_t size, struct person *p)
{
	static const char *const names[PARTS] = { "record", "order", "answer" };
	struct ra_record record = { 0 };
	char word[PKI_ID_TEXT + 8];
	uint8_t plain[8192] = { 0 };
	*p = (struct person){ .a = { .renewal = true } };
	OK(pki_id_make('A', p->a.id, &err));
	OK(pki_id_make('H', p->a.holder, &err));
	p->a.created = p->a.changed = WHEN;
	OK(ra_holder_add(store, p->a.holder, &err));
	OK(ra_evidence_add(store, &p->a, evidence_file, &record, &err));
	OK(ra_application_add(store, &p->a, &err));
	for (size_t i = 0; i < PARTS; i++)
		for (int again = 0; again < 2;
			again++) /* what is replaced must go, too */
			OK(ra_part_put(store, &p->a, names[i],
				(struct pki_bytes){ plain, size + i * 300 }, &err));
	for (size_t i = 0; i < WORDS; i++) {
		snprintf(word, sizeof word, "w%zu%s", i, p->a.id + 2);
		OK(ra_index_word(store, p->a.id, word, &err));
	}
	OK(ra_index_text(store, p->a.id, p->a.holder, &err));
}

static void
add(struct ra_store *store, size_t size, struct person *p)
{
	OK(ra_store_begin(store, &err));
	put(store, size, p);
	OK(ra_store_commit(store, &err));
}

static void
keep(struct person *p, const void *data, size_t len)
{
	assert_true(p->count < PKI_COUNT(p->destroyed));
	OK(pki_buf_append(&p->destroyed[p->count++], data, len, &err));
}

/* Reads the person's octets as they lie in the files. */
static void
remember(struct person *p)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	char sql[512], path[192];
	PKI_CLEANUP(pki_buf_free) struct pki_buf file = { 0 };
	assert_int_equal(sqlite3_open(database, &db), SQLITE_OK);
	snprintf(sql, sizeof sql,
		"SELECT wrapped_key FROM holder WHERE id = '%s' UNION ALL SELECT sealed FROM part WHERE application = '%s'",
		p->a.holder, p->a.id);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW)
		keep(p, sqlite3_column_blob(stmt, 0),
			(size_t)sqlite3_column_bytes(stmt, 0));
	assert_int_equal(p->count, PARTS + 1);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	snprintf(path, sizeof path, "%s/evidence/%s/0", store_dir, p->a.id);
	OK(pki_file_read(path, PKI_FILE_MAX, &file, &err));
	keep(p, file.data, file.len);
	struct ra_vault *vault = NULL;
	snprintf(path, sizeof path, "%s/store.key", store_dir);
	OK(ra_vault_open(path, false, &vault, &err));
	for (size_t i = 0; i < WORDS; i++) {
		char word[PKI_ID_TEXT + 8];
		uint8_t token[RA_TOKEN];
		snprintf(word, sizeof word, "w%zu%s", i, p->a.id + 2);
		OK(ra_vault_token(vault, word, token, &err));
		keep(p, token, sizeof token);
	}
	ra_vault_free(vault);
}

static void
forget(struct person *p)
{
	for (size_t i = 0; i < p->count; i++)
		pki_buf_free(&p->destroyed[i]);
}

static struct pki_buf contents; /* of all files of the store */

static int
append_one(const char *path, const struct stat *sb, int flag, struct FTW *ftw)
{
	(void)sb, (void)ftw;
	if (flag == FTW_F)
		OK(pki_file_read(path, (size_t)64 << 20, &contents, &err));
	return 0;
}

/* How many of the person's octets (in pieces of 16) the files hold. */
static size_t
left(const struct person *p)
{
	size_t found = 0;
	pki_buf_reset(&contents);
	assert_int_equal(nftw(store_dir, append_one, 8, FTW_PHYS), 0);
	for (size_t i = 0; i < p->count; i++)
		for (size_t at = 0; at + 16 <= p->destroyed[i].len; at += 112)
			found += memmem(contents.data, contents.len,
					 p->destroyed[i].data + at, 16) != NULL;
	return found;
}

/* In a transaction. */
static enum pki_status
destroy(struct ra_store *store, const struct person *p, struct pki_err *e)
{
	struct ra_erasure erasure = { .erased = pki_msec_now() };
	PKI_CLEANUP(pki_json_free) struct pki_json detail = pki_json_object();
	snprintf(erasure.holder, sizeof erasure.holder, "%s", p->a.holder);
	PKI_TRY(pki_id_make('O', erasure.order, e));
	PKI_TRY(pki_buf_append(&erasure.cms, "cms", 3, e));
	enum pki_status status = ra_erasure_order(store, &erasure, e);
	if (status == PKI_OK)
		status = ra_erasure_execute(store, &erasure, "0a", e);
	if (status == PKI_OK)
		status = ra_outbox_add(store, "holder-erased", "0a", &detail, e);
	ra_erasure_free(&erasure);
	return status;
}

static enum pki_status
erase(struct ra_store *store, const struct person *p, struct pki_err *e)
{
	PKI_TRY(ra_store_begin(store, e));
	enum pki_status status = destroy(store, p, e);
	if (status == PKI_OK)
		status = ra_store_commit(store, e);
	ra_store_rollback(store);
	return status;
}

static void
r79_not_an_octet_is_left(void **state)
{
	(void)state;
	enum { PEOPLE = 200 };
	static struct person people[PEOPLE];
	struct ra_store *store = opened();
	PKI_CLEANUP(pki_buf_free) struct pki_buf out = { 0 };
	OK(ra_store_begin(store, &err));
	for (size_t i = 0; i < PEOPLE; i++)
		put(store, 200 + i * 611 % 5000, &people[i]);
	OK(ra_store_commit(store, &err));
	for (size_t i = 0; i < PEOPLE; i++)
		remember(&people[i]);
	assert_true(left(&people[0]) > 8);
	OK(ra_store_begin(store, &err));
	for (size_t i = 0; i < PEOPLE; i += 2)
		OK(destroy(store, &people[i], &err));
	OK(ra_store_commit(store, &err));
	OK(ra_erasure_sweep(store, &err));
	for (size_t i = 0; i < PEOPLE; i++) {
		bool erased = i % 2 == 0;
		if ((left(&people[i]) != 0) == erased)
			fail_msg("person %zu: %zu pieces are left", i, left(&people[i]));
		if (erased)
			FAILS(PKI_STATE,
				ra_part_get(store, &people[i].a, "record", &out, &err));
		else
			OK(ra_part_get(store, &people[i].a, "record", &out, &err));
	}
	ra_store_close(store);
	for (size_t i = 0; i < PEOPLE; i++)
		forget(&people[i]);
}

static void
r79_without_a_commit_all_is_there(void **state)
{
	(void)state;
	struct person p;
	struct ra_store *store = opened();
	struct ra_erasure erasure = { .erased = WHEN };
	PKI_CLEANUP(pki_buf_free) struct pki_buf out = { 0 };
	add(store, 400, &p);
	remember(&p);
	size_t before = left(&p);
	snprintf(erasure.holder, sizeof erasure.holder, "%s", p.a.holder);
	OK(pki_id_make('O', erasure.order, &err));
	OK(pki_buf_append(&erasure.cms, "cms", 3, &err));
	OK(ra_store_begin(store, &err));
	FAILS(PKI_STATE,
		ra_erasure_execute(store, &erasure, "0a", &err)); /* not ordered */
	OK(ra_erasure_order(store, &erasure, &err));
	OK(ra_erasure_execute(store, &erasure, "0a", &err));
	ra_store_rollback(store);
	OK(ra_erasure_sweep(store, &err));
	assert_int_equal(left(&p), before);
	OK(ra_part_get(store, &p.a, "record", &out, &err));
	ra_erasure_free(&erasure);
	ra_store_close(store);
	forget(&p);
}

static enum pki_status
count_one(void *ctx, const struct ra_application *application, struct pki_err *e)
{
	(void)application, (void)e;
	(*(int *)ctx)++;
	return PKI_OK;
}

static enum pki_status
count_holder(void *ctx, const struct ra_holder *holder, struct pki_err *e)
{
	(void)e;
	assert_int_equal(holder->applications, 1);
	assert_int_equal(holder->changed, WHEN);
	(*(int *)ctx)++;
	return PKI_OK;
}

static void
r79_what_stays_is_an_ended_application(void **state)
{
	(void)state;
	struct person p, other;
	struct ra_store *store = opened();
	struct ra_erasure erasure = { 0 };
	bool found;
	int idle = 0, seen = 0;
	add(store, 400, &p);
	add(store, 400, &other);
	OK(ra_holder_each_idle(store, WHEN, count_holder, &idle, &err));
	assert_int_equal(idle, 2);
	OK(ra_holder_each_idle(store, WHEN - 1, count_holder, &idle, &err));
	assert_int_equal(idle, 2);
	OK(ra_erasure_get(store, p.a.holder, &erasure, &found, &err));
	assert_false(found);
	OK(erase(store, &p, &err));
	FAILS(PKI_STATE, erase(store, &p, &err)); /* final */
	FAILS(PKI_STATE, ra_holder_need(store, p.a.holder, &err));
	FAILS(PKI_STATE,
		ra_part_put(store, &p.a, "record", (struct pki_bytes){ 0 }, &err));
	OK(ra_erasure_get(store, p.a.holder, &erasure, &found, &err));
	assert_true(found);
	assert_true(erasure.erased > WHEN);
	ra_erasure_free(&erasure);
	idle = 0;
	OK(ra_holder_each_idle(store, WHEN, count_holder, &idle, &err));
	assert_int_equal(idle, 1);
	OK(ra_application_get(store, p.a.id, &p.a, &err));
	assert_int_equal(p.a.state, RA_REJECTED);
	const struct ra_filter by_id = { .state = -1, .text = p.a.holder, .limit = -1 };
	OK(ra_application_each(store, &by_id, count_one, &seen, NULL, &err));
	assert_int_equal(seen, 1);
	ra_store_close(store);
}

static void
what_cannot_be_swept_is_swept_later(void **state)
{
	(void)state;
	struct person p;
	char foreign[192];
	struct ra_store *store = opened();
	add(store, 3000, &p);
	remember(&p);
	snprintf(foreign, sizeof foreign, "%s/evidence/%s/foreign", store_dir, p.a.id);
	OK(pki_file_publish(foreign, "x", 1, 0600, &err));
	OK(erase(store, &p, &err));
	FAILS(PKI_IO, ra_erasure_sweep(store, &err));
	assert_int_equal(unlink(foreign), 0);
	OK(ra_erasure_sweep(store, &err));
	assert_int_equal(left(&p), 0);
	OK(ra_erasure_sweep(store, &err));
	ra_store_close(store);
	forget(&p);
}

/* Is the child about to change a file? */
static bool
changes(pid_t pid)
{
	static const long calls[] = { SYS_pwrite64, SYS_write, SYS_fdatasync, SYS_fsync,
		SYS_unlink, SYS_rmdir, SYS_ftruncate };
	struct __ptrace_syscall_info info;
	ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info);
	for (size_t i = 0; i < PKI_COUNT(calls); i++)
		if (info.op == PTRACE_SYSCALL_INFO_ENTRY &&
			info.entry.nr == (uint64_t)calls[i])
			return true;
	return false;
}

static void
erase_in_child(const struct person *p)
{
	struct pki_err e = { 0 };
	struct ra_store *store = NULL;
	if (ra_store_open(store_dir, RA_STORE_NEW, &store, &e) != PKI_OK)
		_exit(1);
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	_exit(erase(store, p, &e) != PKI_OK || ra_erasure_sweep(store, &e) != PKI_OK);
}

/* The child is killed before it changes files for the n-th time; false: it did not so
 * often. */
static bool
killed_before(int n, const struct person *p)
{
	int status = 0;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		erase_in_child(p);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status));
	ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	while (WIFSTOPPED(status)) {
		ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (WIFSTOPPED(status) && changes(pid) && n-- == 0) {
			kill(pid, SIGKILL);
			waitpid(pid, &status, 0);
			return true;
		}
	}
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	return false;
}

static int
events(void)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	assert_int_equal(sqlite3_open(database, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_prepare_v2(db,
			"SELECT count(*) FROM outbox WHERE type = 'holder-erased'", -1,
			&stmt, NULL),
		SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	int count = sqlite3_column_int(stmt, 0);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return count;
}

static void
r79_a_kill_at_any_write_leaves_all_or_nothing(void **state)
{
	(void)state;
	struct person p;
	struct pki_buf out = { 0 };
	int whole = 0, erased = 0, before = 0;
	struct ra_store *store = opened();
	add(store, 400, &p);
	remember(&p);
	ra_store_close(store);
	/* every write of the erasure, some of the sweep */
	for (int n = 0; killed_before(n, &p); n += erased == 0 ? 1 : 9) {
		store = opened();
		err = (struct pki_err){ 0 };
		pki_buf_reset(&out);
		enum pki_status status = ra_part_get(store, &p.a, "record", &out, &err);
		int now = events();
		assert_int_equal(now, before + (status == PKI_STATE));
		if (status == PKI_OK) {
			assert_int_equal(out.len, 400);
			whole++;
		} else {
			assert_int_equal(status, PKI_STATE);
			OK(ra_erasure_sweep(store, &err));
			assert_int_equal(left(&p), 0);
			erased++;
			before = now;
			forget(&p);
			add(store, 400, &p); /* the next one to be killed at */
			remember(&p);
		}
		ra_store_close(store);
	}
	print_message("# killed %d times before, %d times after\n", whole, erased);
	assert_true(whole > 5);
	assert_true(erased > 3);
	assert_int_equal(left(&p), 0);
	forget(&p);
	pki_buf_free(&out);
	pki_buf_free(&contents);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
		T(r79_not_an_octet_is_left),
		T(r79_without_a_commit_all_is_there),
		T(r79_what_stays_is_an_ended_application),
		T(what_cannot_be_swept_is_swept_later),
		T(r79_a_kill_at_any_write_leaves_all_or_nothing),
	};
	return cmocka_run_group_tests(tests, first, last);
}
