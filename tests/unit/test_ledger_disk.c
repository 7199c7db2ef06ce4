/* What the disk does under the writer: files are replaced, an fsync fails, a read fails. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libpki/base/file.h"
#include "tests/unit/common/ledger_rows.h"

/* The call that fails, counted down to 0; below 0: none does. */
static int syncs_left = -1, reads_left = -1;
static int sync_errno, fired;

static bool
fails_now(int *left, int cause)
{
	if (*left < 0 || (*left)-- > 0)
		return false;
	errno = cause;
	fired++;
	return true;
}

/* In place of the C library's. */
int
fsync(int fd)
{
	return fails_now(&syncs_left, sync_errno) ? -1 : (int)syscall(SYS_fsync, fd);
}

int
fdatasync(int fd)
{
	return fails_now(&syncs_left, sync_errno) ? -1 : (int)syscall(SYS_fdatasync, fd);
}

static bool
of_ledger(int fd)
{
	char link[64], path[256];
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t len = readlink(link, path, sizeof path - 1);
	path[len > 0 ? len : 0] = '\0';
	return strstr(path, "ledger.db") != NULL;
}

ssize_t
read(int fd, void *out, size_t len)
{
	if (reads_left >= 0 && of_ledger(fd) && fails_now(&reads_left, EIO))
		return -1;
	return syscall(SYS_read, fd, out, len);
}

ssize_t
pread64(int fd, void *out, size_t len, off_t at)
{
	if (reads_left >= 0 && of_ledger(fd) && fails_now(&reads_left, EIO))
		return -1;
	return syscall(SYS_pread64, fd, out, len, at);
}

ssize_t
pread(int fd, void *out, size_t len, off_t at)
{
	return pread64(fd, out, len, at);
}

static enum pki_status
one_commit(struct pki_ledger *ledger, uint64_t n, struct pki_err *err)
{
	PKI_TRY(pki_ledger_begin(ledger, err));
	enum pki_status status = add_entry(ledger, n, START * 1000, err);
	if (status != PKI_OK) {
		pki_ledger_rollback(ledger);
		return status;
	}
	return pki_ledger_commit(ledger, err);
}

static uint64_t
entries(const char *path)
{
	PKI_CLEANUP(pki_ledger_cleanup) struct pki_ledger *reader = NULL;
	uint64_t count = 0;
	ok(pki_ledger_open(path, PKI_LEDGER_READ, &reader, &err));
	ok(pki_ledger_entry_count(reader, &count, &err));
	return count;
}

static void
a_failed_fsync_is_the_last_call(void **state)
{
	struct fixture *f = *state;
	static const int causes[] = { EIO, ENOSPC, EDQUOT };
	uint64_t n = 0;
	for (size_t i = 0; i < PKI_COUNT(causes); i++) {
		struct pki_err unknown = { 0 };
		ok(one_commit(f->ledger, n++, &err));
		sync_errno = causes[i];
		syncs_left = 0;
		assert_int_equal(one_commit(f->ledger, n, &unknown), PKI_UNKNOWN);
		assert_null(strstr(unknown.msg, "Success"));
		assert_true(pki_ledger_failed(f->ledger));
		/* the next fsync would succeed, and prove nothing */
		fails(one_commit(f->ledger, n, &err), IO);
		pki_ledger_close(f->ledger);
		f->ledger = NULL;
		ok(pki_ledger_open(f->path, PKI_LEDGER_WRITE, &f->ledger, &err));
		ok(pki_ledger_check(f->ledger, &err));
		uint64_t found = 0;
		ok(pki_ledger_entry_count(f->ledger, &found, &err));
		assert_in_range(found, n, n + 1);
		n = found;
	}
	assert_int_equal(fired, PKI_COUNT(causes));
}

static void
a_failed_fsync_of_a_checkpoint_too(void **state)
{
	struct fixture *f = *state;
	static const uint8_t large[60000] = { 1 };
	uint64_t n = 0;
	sync_errno = EIO;
	fired = 0;
	ok(pki_ledger_begin(f->ledger, &err));
	while (n < 300)
		ok(pki_ledger_add_entry(f->ledger, n++, START * 1000,
			(struct pki_bytes){ large, sizeof large }, &err));
	syncs_left = 1; /* the commit's own fsync succeeds */
	ok(pki_ledger_commit(f->ledger, &err));
	syncs_left = -1;
	assert_int_equal(fired, 1);
	fails(one_commit(f->ledger, n, &err), IO);
	pki_ledger_close(f->ledger);
	f->ledger = NULL;
	assert_int_equal(entries(f->path), n);
}

static void
a_failed_read_is_no_damage(void **state)
{
	struct fixture *f = *state;
	ok(one_commit(f->ledger, 0, &err));
	pki_ledger_close(f->ledger);
	f->ledger = NULL;
	fired = 0;
	int points = 0;
	for (bool done = false; !done; points++) {
		struct pki_err own = { 0 };
		PKI_CLEANUP(pki_ledger_cleanup) struct pki_ledger *reader = NULL;
		reads_left = points;
		enum pki_status status =
			pki_ledger_open(f->path, PKI_LEDGER_READ, &reader, &own);
		if (status == PKI_OK)
			status = pki_ledger_check(reader, &own);
		done = reads_left >= 0;
		reads_left = -1;
		if (status != PKI_OK) {
			assert_int_equal(status, PKI_IO);
			assert_null(strstr(own.msg, "Success"));
		}
	}
	print_message("# %d reads failed\n", fired);
	assert_true(fired > 10);
}

#define BEGINS 4242L
#define ENDS 4243L

static void
commit_in_child(const char *path)
{
	struct pki_err own = { 0 };
	struct pki_ledger *ledger = NULL;
	uint64_t n = 0;
	if (pki_ledger_open(path, PKI_LEDGER_WRITE, &ledger, &own) != PKI_OK ||
		pki_ledger_entry_count(ledger, &n, &own) != PKI_OK)
		_exit(99);
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGSTOP);
	syscall(SYS_getpgid, BEGINS);
	enum pki_status status = one_commit(ledger, n, &own);
	syscall(SYS_getpgid, ENDS);
	_exit((int)status);
}

/* The two names change places before the n-th system call of the commit. *fire: the commit had
 * so many. Returns the child's status. */
static int
swapped_before(int n, const char *path, const char *a, const char *b, bool *fire)
{
	int status = 0;
	bool counts = false;
	*fire = false;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		commit_in_child(path);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status));
	ptrace(PTRACE_SETOPTIONS, pid, NULL, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	while (WIFSTOPPED(status)) {
		struct __ptrace_syscall_info info = { 0 };
		ptrace(PTRACE_SYSCALL, pid, NULL, NULL);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (!WIFSTOPPED(status))
			break;
		ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info);
		if (info.op != PTRACE_SYSCALL_INFO_ENTRY)
			continue;
		if (info.entry.nr == SYS_getpgid && info.entry.args[0] >= BEGINS)
			counts = info.entry.args[0] == BEGINS;
		else if (counts && n-- == 0) {
			*fire = true;
			assert_int_equal(
				renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE), 0);
		}
	}
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int
swap_everywhere(const char *path, const char *a, const char *b)
{
	bool fire = true;
	int n = 0, unknown = 0;
	for (; fire; n++) {
		int status = swapped_before(n, path, a, b, &fire);
		if (!fire) {
			assert_int_equal(status, PKI_OK);
			continue;
		}
		if (status != PKI_IO)
			assert_int_equal(status, PKI_UNKNOWN);
		unknown += status == PKI_UNKNOWN;
		assert_int_equal(renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE), 0);
	}
	print_message("# replaced at %d points\n", n - 1);
	assert_true(n > 10 && unknown > 5);
	return n;
}

/* pki_ledger_open() of the copy, as a restored backup: without a WAL, or with one. */
static void
no_commit_into_replaced_files_succeeds(void **state)
{
	struct fixture *f = *state;
	char live[64], copy[64], path[96], other[96], command[640];
	ok(one_commit(f->ledger, 0, &err));
	pki_ledger_close(f->ledger);
	f->ledger = NULL;
	snprintf(live, sizeof live, "%s/live", f->dir);
	snprintf(copy, sizeof copy, "%s/copy", f->dir);
	snprintf(path, sizeof path, "%s/ledger.db", live);
	snprintf(other, sizeof other, "%s/other.db", live);
	snprintf(command, sizeof command,
		"mkdir '%s' && cp '%s' '%s' && cp '%s' '%s' && cp -r '%s' '%s'", live,
		f->path, path, f->path, other, live, copy);
	assert_int_equal(system(command), 0);
	swap_everywhere(path, live, copy);
	swap_everywhere(path, path, other);
	assert_true(entries(path) >= 2);
	snprintf(command, sizeof command, "rm -r '%s' '%s'", live, copy);
	assert_int_equal(system(command), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_failed_fsync_is_the_last_call),
		TEST(a_failed_fsync_of_a_checkpoint_too),
		TEST(a_failed_read_is_no_damage),
		TEST(no_commit_into_replaced_files_succeeds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
