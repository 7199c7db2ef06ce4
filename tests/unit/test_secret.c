#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "libpki/base/secret.h"

static enum pki_status
from_pipe(const char *text, size_t len, struct pki_buf *out, struct pki_err *err)
{
	int fds[2];
	char source[16];
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], text, len), len);
	close(fds[1]);
	snprintf(source, sizeof source, "fd:%d", fds[0]);
	enum pki_status status = pki_secret_read(source, "officer", out, err);
	assert_int_equal(fcntl(fds[0], F_GETFD), -1);
	return status;
}

static void
descriptor_gives_one_line(void **state)
{
	(void)state;
	static char most[PKI_SECRET_MAX + 2];
	memset(most, 'p', sizeof most);
	const struct {
		const char *text;
		size_t len;
		enum pki_status want_status;
		size_t want_len;
	} cases[] = {
		{ "pass word\n", 10, PKI_OK, 9 },
		{ "pass", 4, PKI_OK, 4 },
		{ "one\ntwo\n", 8, PKI_OK, 3 },
		{ " a\t\r\n", 5, PKI_OK, 4 },
		{ "a\0b\n", 4, PKI_OK, 3 },
		{ most, PKI_SECRET_MAX, PKI_OK, PKI_SECRET_MAX },
		{ most, PKI_SECRET_MAX + 1, PKI_LIMIT, 0 },
		{ "", 0, PKI_SECRET, 0 },
		{ "\n", 1, PKI_SECRET, 0 },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err err = { 0 };
		PKI_CLEANUP(pki_buf_cleanse) struct pki_buf got = { 0 };
		assert_int_equal(from_pipe(cases[i].text, cases[i].len, &got, &err),
			cases[i].want_status);
		assert_int_equal(got.len, cases[i].want_len);
		if (cases[i].want_status == PKI_OK)
			assert_memory_equal(got.data, cases[i].text, got.len);
		else
			assert_string_equal(err.object, "officer");
	}
}

static void
file_must_be_private(void **state)
{
	(void)state;
	static const struct {
		mode_t mode;
		enum pki_status want;
	} cases[] = {
		{ 0600, PKI_OK },
		{ 0400, PKI_OK },
		{ 0640, PKI_CONFIG },
		{ 0604, PKI_CONFIG },
		{ 0620, PKI_CONFIG },
	};
	char path[] = "/tmp/test_secret.XXXXXX";
	char source[64];
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "first\nsecond\n", 13), 13);
	close(fd);
	snprintf(source, sizeof source, "file:%s", path);
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err err = { 0 };
		PKI_CLEANUP(pki_buf_cleanse) struct pki_buf got = { 0 };
		assert_int_equal(chmod(path, cases[i].mode), 0);
		assert_int_equal(
			pki_secret_read(source, "ca", &got, &err), cases[i].want);
		if (cases[i].want == PKI_OK)
			assert_string_equal((char *)got.data, "first");
		else
			assert_non_null(strstr(err.msg, "chmod 600"));
	}
	unlink(path);
	struct pki_err err = { 0 };
	struct pki_buf got = { 0 };
	assert_int_equal(pki_secret_read(source, "ca", &got, &err), PKI_IO);
}

static void
other_sources_are_usage(void **state)
{
	(void)state;
	static const struct {
		const char *source;
		enum pki_status want;
	} cases[] = {
		{ "hunter2", PKI_USAGE },
		{ "", PKI_USAGE },
		{ "fd:", PKI_USAGE },
		{ "fd:x", PKI_USAGE },
		{ "fd:-1", PKI_USAGE },
		{ "fd:99999999", PKI_USAGE },
		{ "fd:9999999", PKI_IO },
		{ "prompt:", PKI_USAGE },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err err = { 0 };
		struct pki_buf got = { 0 };
		assert_int_equal(
			pki_secret_read(cases[i].source, "x", &got, &err), cases[i].want);
		/* what might be the passphrase itself is not shown */
		assert_null(strstr(err.msg, "hunter2"));
	}
}

/* A child at a terminal of its own that asks for a passphrase; exits 0 if it was "gut". */
static pid_t
start_prompt(int *terminal)
{
	fflush(NULL);
	pid_t pid = forkpty(terminal, NULL, NULL, NULL);
	if (pid != 0)
		return pid;
	struct pki_err err = { 0 };
	struct pki_buf got = { 0 };
	if (pki_secret_read("prompt", "Custodian A", &got, &err) != PKI_OK)
		_exit((int)err.status);
	_exit(got.len == 3 && memcmp(got.data, "gut", 3) == 0 ? 0 : 99);
}

/* Until the terminal has shown text, at most five seconds. */
static void
await_text(int terminal, const char *text, char *seen, size_t size)
{
	size_t used = 0;
	struct pollfd pfd = { .fd = terminal, .events = POLLIN };
	while (used < size - 1 && poll(&pfd, 1, 5000) > 0) {
		ssize_t n = read(terminal, seen + used, size - 1 - used);
		if (n <= 0)
			break;
		used += (size_t)n;
		seen[used] = '\0';
		if (strstr(seen, text) != NULL)
			return;
	}
	fail_msg("\"%s\" was not shown", text);
}

static bool
echoes(int terminal)
{
	struct termios t;
	assert_int_equal(tcgetattr(terminal, &t), 0);
	return (t.c_lflag & ECHO) != 0;
}

static void
prompt_does_not_echo(void **state)
{
	(void)state;
	int terminal;
	char seen[256] = "";
	int status;
	pid_t pid = start_prompt(&terminal);
	await_text(terminal, "Custodian A: ", seen, sizeof seen);
	for (int i = 0; i < 500 && echoes(terminal); i++)
		usleep(10000);
	assert_false(echoes(terminal));
	assert_int_equal(write(terminal, "gut\n", 4), 4);
	await_text(terminal, "\n", seen, sizeof seen);
	assert_null(strstr(seen, "gut"));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	close(terminal);
}

static void
signals_restore_echo(void **state)
{
	(void)state;
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
	for (size_t i = 0; i < PKI_COUNT(signals); i++) {
		int terminal;
		int slave;
		char seen[256] = "";
		char name[64];
		int status;
		pid_t pid = start_prompt(&terminal);
		assert_int_equal(ptsname_r(terminal, name, sizeof name), 0);
		slave = open(name, O_RDWR | O_NOCTTY); /* keeps the settings alive */
		await_text(terminal, "Custodian A: ", seen, sizeof seen);
		for (int j = 0; j < 500 && echoes(terminal); j++)
			usleep(10000);
		assert_false(echoes(terminal));
		kill(pid, signals[i]);
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), signals[i]);
		assert_true(echoes(terminal));
		close(slave);
		close(terminal);
	}
}

static void
no_terminal_is_usage(void **state)
{
	(void)state;
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		struct pki_err err = { 0 };
		struct pki_buf got = { 0 };
		setsid();
		_exit((int)pki_secret_read("prompt", "x", &got, &err));
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), PKI_USAGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(descriptor_gives_one_line),
		cmocka_unit_test(file_must_be_private),
		cmocka_unit_test(other_sources_are_usage),
		cmocka_unit_test(prompt_does_not_echo),
		cmocka_unit_test(signals_restore_echo),
		cmocka_unit_test(no_terminal_is_usage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
