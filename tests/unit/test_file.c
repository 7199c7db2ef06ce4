#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "libpki/base/file.h"

static char dir[] = "/tmp/test_file.XXXXXX";

static const char *
in_dir(const char *name)
{
	static char path[PATH_MAX];
	snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

static void
write_plain(const char *name, const char *text, mode_t mode)
{
	FILE *f = fopen(in_dir(name), "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(in_dir(name), mode), 0);
}

static void
assert_content(const char *name, const char *want)
{
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf got = { 0 };
	assert_int_equal(pki_file_read(in_dir(name), PKI_FILE_MAX, &got, &err), PKI_OK);
	assert_int_equal(got.len, strlen(want));
	assert_string_equal((char *)got.data, want);
}

/* Entries of the folder, hidden ones too. */
static int
count_files(void)
{
	int count = -2;
	DIR *d = opendir(dir);
	assert_non_null(d);
	while (readdir(d) != NULL)
		count++;
	closedir(d);
	return count;
}

static int
empty_dir(void **state)
{
	(void)state;
	DIR *d = opendir(dir);
	for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;)
		remove(in_dir(e->d_name));
	return d != NULL ? closedir(d) : -1;
}

static void
reading_has_a_limit(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf got = { 0 };
	write_plain("f", "12345", 0644);
	assert_int_equal(pki_buf_append(&got, "<", 1, &err), PKI_OK);
	assert_int_equal(pki_file_read(in_dir("f"), 5, &got, &err), PKI_OK);
	assert_string_equal((char *)got.data, "<12345");
	assert_int_equal(pki_file_read(in_dir("f"), 4, &got, &err), PKI_LIMIT);
	assert_string_equal(err.object, in_dir("f"));
	write_plain("empty", "", 0644);
	assert_content("empty", "");
	err = (struct pki_err){ 0 };
	assert_int_equal(pki_file_read("/dev/zero", PKI_FILE_MAX, &got, &err), PKI_LIMIT);
}

/* Read into one room: sizes around those in which it grows, and around the limit. */
static void
large_files(void **state)
{
	(void)state;
	static const size_t sizes[] = { 255, 256, 16383, 16384, 16385, 65536, 300001 };
	for (size_t i = 0; i < PKI_COUNT(sizes); i++) {
		size_t size = sizes[i];
		struct pki_err err = { 0 };
		PKI_CLEANUP(pki_buf_free) struct pki_buf got = { 0 }, want = { 0 };
		assert_int_equal(pki_buf_reserve(&want, size, &err), PKI_OK);
		for (; want.len < size; want.len++)
			want.data[want.len] = (uint8_t)('a' + want.len * 7 % 26);
		want.data[size] = '\0';
		write_plain("large", (const char *)want.data, 0644);
		assert_int_equal(
			pki_file_read(in_dir("large"), size - 1, &got, &err), PKI_LIMIT);
		pki_buf_reset(&got);
		assert_int_equal(
			pki_file_read(in_dir("large"), size, &got, &err), PKI_OK);
		assert_int_equal(got.len, size);
		assert_memory_equal(got.data, want.data, size + 1);
	}
}

static void
unreadable_files_are_io(void **state)
{
	(void)state;
	static const char *const bad[] = { "/nonexistent", "/tmp", "" };
	for (size_t i = 0; i < PKI_COUNT(bad); i++) {
		struct pki_err err = { 0 };
		PKI_CLEANUP(pki_buf_free) struct pki_buf got = { 0 };
		assert_int_equal(pki_file_read(bad[i], 10, &got, &err), PKI_IO);
		assert_string_equal(err.object, bad[i]);
	}
}

static void
dash_is_stdin(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf got = { 0 };
	write_plain("in", "from stdin", 0644);
	int saved = dup(0);
	int fd = open(in_dir("in"), O_RDONLY);
	dup2(fd, 0);
	close(fd);
	assert_int_equal(pki_file_read("-", 100, &got, &err), PKI_OK);
	assert_int_equal(lseek(0, 0, SEEK_CUR), 10); /* still open */
	dup2(saved, 0);
	close(saved);
	assert_string_equal((char *)got.data, "from stdin");
}

static void
publishing_replaces(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	struct stat st;
	mode_t old = umask(077);
	assert_int_equal(pki_file_publish(in_dir("p"), "one", 3, 0644, &err), PKI_OK);
	assert_int_equal(pki_file_publish(in_dir("p"), "second", 6, 0640, &err), PKI_OK);
	umask(old);
	assert_content("p", "second");
	assert_int_equal(stat(in_dir("p"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(count_files(), 1);
	assert_int_equal(chdir(dir), 0);
	assert_int_equal(pki_file_publish("bare", "", 0, 0644, &err), PKI_OK);
	assert_content("bare", "");
}

static void
creating_never_replaces(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	assert_int_equal(pki_file_create(in_dir("k"), "key", 3, 0600, &err), PKI_OK);
	assert_int_equal(pki_file_create(in_dir("k"), "new", 3, 0600, &err), PKI_STATE);
	assert_string_equal(err.object, in_dir("k"));
	assert_content("k", "key");
	assert_int_equal(count_files(), 1);
	assert_int_equal(symlink("/nonexistent", in_dir("dangling")), 0);
	err = (struct pki_err){ 0 };
	assert_int_equal(
		pki_file_create(in_dir("dangling"), "x", 1, 0600, &err), PKI_STATE);
	assert_int_equal(count_files(), 2);
}

static void
no_folder_is_io(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	char lengthy[PATH_MAX + 10];
	memset(lengthy, 'x', sizeof lengthy - 1);
	lengthy[sizeof lengthy - 1] = '\0';
	assert_int_equal(pki_file_publish(in_dir("no/p"), "x", 1, 0644, &err), PKI_IO);
	assert_string_equal(err.object, in_dir("no/p"));
	err = (struct pki_err){ 0 };
	assert_int_equal(pki_file_publish(lengthy, "x", 1, 0644, &err), PKI_IO);
	err = (struct pki_err){ 0 };
	assert_int_equal(pki_file_publish(dir, "x", 1, 0644, &err), PKI_IO);
	assert_int_equal(count_files(), 0);
}

/* The limit on file sizes stands for a full disk: write() fails half-way. */
static void
full_disk_leaves_the_old_file(void **state)
{
	(void)state;
	static char big[8192];
	struct pki_err err = { 0 };
	struct rlimit old;
	assert_int_equal(pki_file_publish(in_dir("p"), "old", 3, 0644, &err), PKI_OK);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	struct rlimit small = { .rlim_cur = 4096, .rlim_max = old.rlim_max };
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	enum pki_status publish =
		pki_file_publish(in_dir("p"), big, sizeof big, 0644, &err);
	struct pki_err err2 = { 0 };
	enum pki_status create =
		pki_file_create(in_dir("n"), big, sizeof big, 0644, &err2);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(publish, PKI_FULL);
	assert_int_equal(create, PKI_FULL);
	assert_content("p", "old");
	assert_int_equal(count_files(), 1);
	err = (struct pki_err){ 0 };
	assert_int_equal(
		pki_file_publish(in_dir("p"), big, sizeof big, 0644, &err), PKI_OK);
}

static void
writing_to_a_full_device(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	int fd = open("/dev/full", O_WRONLY);
	assert_true(fd >= 0);
	assert_int_equal(pki_fd_write(fd, "x", 1, &err), PKI_FULL);
	close(fd);
	err = (struct pki_err){ 0 };
	assert_int_equal(pki_fd_write(fd, "x", 1, &err), PKI_IO);
}

static void
folders_are_made(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	struct stat st;
	char path[PATH_MAX];
	snprintf(path, sizeof path, "%s/a//b/c/", dir);
	assert_int_equal(pki_file_mkdirs(path, 0700, &err), PKI_OK);
	assert_int_equal(pki_file_mkdirs(path, 0755, &err), PKI_OK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_true(pki_file_exists(path));
	assert_int_equal(rmdir(path), 0);
	assert_false(pki_file_exists(path));
	write_plain("a/b/file", "", 0644);
	snprintf(path, sizeof path, "%s/a/b/file/d", dir);
	assert_int_equal(pki_file_mkdirs(path, 0700, &err), PKI_IO);
	assert_string_equal(err.object, in_dir("a/b/file"));
	err = (struct pki_err){ 0 };
	assert_int_equal(pki_file_mkdirs("", 0700, &err), PKI_IO);
	unlink(in_dir("a/b/file"));
	rmdir(in_dir("a/b"));
}

static void
tick(int number)
{
	(void)number;
}

/* A pipe that is slow, and a timer that interrupts: what goes in comes out. */
static void
interrupted_transfers_are_whole(void **state)
{
	(void)state;
	enum { SIZE = 1 << 20 };
	static uint8_t sent[SIZE], got[SIZE];
	struct pki_err err = { 0 };
	int fds[2];
	for (size_t i = 0; i < SIZE; i++)
		sent[i] = (uint8_t)(i * 31 + (i >> 8));
	assert_int_equal(pipe(fds), 0);
	struct sigaction act = { .sa_handler = tick };
	sigaction(SIGALRM, &act, NULL);
	struct itimerval often = { { 0, 500 }, { 0, 500 } };
	pid_t pid = fork();
	if (pid == 0) {
		setitimer(ITIMER_REAL, &often, NULL);
		close(fds[0]);
		usleep(5000);
		_exit(pki_fd_write(fds[1], sent, SIZE, &err) == PKI_OK ? 0 : 1);
	}
	close(fds[1]);
	setitimer(ITIMER_REAL, &often, NULL);
	assert_int_equal(pki_fd_read(fds[0], got, SIZE, &err), PKI_OK);
	enum pki_status end = pki_fd_read(fds[0], got, 3, &err);
	setitimer(ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
	assert_int_equal(end, PKI_UNAVAILABLE);
	assert_memory_equal(got, sent, SIZE);
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(fds[0]);
}

static void
nobody_reads(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	int fds[2];
	assert_int_equal(pipe(fds), 0);
	close(fds[0]);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pki_fd_write(fds[1], "x", 1, &err), PKI_UNAVAILABLE);
	signal(SIGPIPE, SIG_DFL);
	close(fds[1]);
}

static void
age(const char *name, time_t seconds)
{
	struct timespec then[2] = { { .tv_sec = time(NULL) - seconds } };
	then[1] = then[0];
	assert_int_equal(utimensat(AT_FDCWD, in_dir(name), then, 0), 0);
}

static void
litter_is_swept(void **state)
{
	(void)state;
	static const char *const kept[] = { ".ca.crl.AbCd12", "ca.crl", ".hidden",
		".x.short", ".ca.crl.seven77", "..AbCd12" };
	for (size_t i = 0; i < PKI_COUNT(kept); i++) {
		write_plain(kept[i], "x", 0644);
		age(kept[i], i == 0 ? 60 : 2L * PKI_FILE_LITTER_SECONDS);
	}
	write_plain(".root.crl.Xy9Zz0", "x", 0644);
	age(".root.crl.Xy9Zz0", 2L * PKI_FILE_LITTER_SECONDS);
	pki_file_sweep(dir);
	for (size_t i = 0; i < PKI_COUNT(kept); i++)
		assert_true(pki_file_exists(in_dir(kept[i])));
	assert_false(pki_file_exists(in_dir(".root.crl.Xy9Zz0")));
	pki_file_sweep("/nowhere/at/all");
}

static void
errors_name_the_owner(void **state)
{
	(void)state;
	char text[PKI_FILE_OWNER_TEXT];
	assert_string_equal(pki_file_owner(in_dir("x"), EACCES, text), "");
	if (geteuid() != 0)
		return;
	assert_int_equal(chown(dir, 65534, 65534), 0);
	assert_non_null(
		strstr(pki_file_owner(in_dir("x"), EACCES, text), "runs as user"));
	assert_string_equal(pki_file_owner(in_dir("x"), ENOENT, text), "");
	assert_int_equal(chown(dir, 0, 0), 0);
}

static int
setup(void **state)
{
	(void)state;
	return mkdtemp(dir) != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	return rmdir(dir);
}

#define FILE_TEST(f) cmocka_unit_test_setup_teardown(f, NULL, empty_dir)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FILE_TEST(reading_has_a_limit),
		FILE_TEST(large_files),
		FILE_TEST(unreadable_files_are_io),
		FILE_TEST(dash_is_stdin),
		FILE_TEST(publishing_replaces),
		FILE_TEST(creating_never_replaces),
		FILE_TEST(no_folder_is_io),
		FILE_TEST(full_disk_leaves_the_old_file),
		FILE_TEST(writing_to_a_full_device),
		FILE_TEST(folders_are_made),
		FILE_TEST(interrupted_transfers_are_whole),
		FILE_TEST(nobody_reads),
		FILE_TEST(litter_is_swept),
		FILE_TEST(errors_name_the_owner),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
