#include "libpki/host/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "libpki/base/mem.h"

static int
open_passwd(void)
{
	int fd = open("/etc/passwd", O_RDONLY);
	return fd < 0 ? errno : 0;
}

static int
write_tmp(void)
{
	char path[64];
	snprintf(path, sizeof path, "/tmp/test_sandbox.%d", (int)getpid());
	int fd = open(path, O_WRONLY | O_CREAT, 0600);
	unlink(path);
	return fd < 0 ? errno : 0;
}

static int
make_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) < 0;
}

static int
make_netlink(void)
{
	return socket(AF_NETLINK, SOCK_RAW, 0) >= 0 || errno != EAFNOSUPPORT;
}

static int
make_packet_socket(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0) < 0;
}

/* From the hosts file, as the library does it: with AI_ADDRCONFIG and several addresses. */
static int
resolve(void)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_ADDRCONFIG };
	struct addrinfo *found = NULL;
	if (getaddrinfo("localhost", "80", &hints, &found) != 0)
		return 1;
	freeaddrinfo(found);
	return 0;
}

static int
listen_unix(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	return bind(fd, (struct sockaddr *)&address, sizeof(sa_family_t));
}

static int
make_process(void)
{
	return fork() == 0;
}

static int
exec_shell(void)
{
	return execl("/bin/true", "true", (char *)NULL);
}

static int
executable_memory(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0) == MAP_FAILED
		       ? errno
		       : 0;
}

static void *
nothing(void *arg)
{
	return arg;
}

static int
make_thread(void)
{
	pthread_t thread;
	return pthread_create(&thread, NULL, nothing, NULL) != 0 ||
	       pthread_join(thread, NULL) != 0;
}

/* What the signer lives on. */
static int
plain_work(void)
{
	time_t now = time(NULL);
	struct tm tm;
	void *p = malloc((size_t)1 << 20);
	if (p == NULL || localtime_r(&now, &tm) == NULL)
		return 1;
	free(p);
	struct rlimit core;
	return getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max != 0;
}

static int
by_octet(const void *a, const void *b)
{
	return *(const uint8_t *)a - *(const uint8_t *)b;
}

static int
work_and_exit(void)
{
	uint8_t list[4096] = { 1 };
	qsort(list, sizeof list, 1, by_octet);
	if (list[sizeof list - 1] != 1)
		return 1;
	time_t now = time(NULL);
	struct tm tm;
	void *p = malloc((size_t)1 << 20);
	bool ok = p != NULL && gmtime_r(&now, &tm) != NULL;
	free(p);
	json_t *json = json_object();
	ok = ok && json != NULL;
	json_decref(json);
	return ok ? 0 : 1;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true
#else
#define SANITIZED false
#endif

static void
forbidden_calls_end_the_process(void **state)
{
	(void)state;
	static const char *const writable[] = { "/tmp", NULL };
	static const struct {
		enum pki_sandbox kind;
		const char *const *writable;
		int (*act)(void);
		int want_exit; /* -SIGSYS: killed */
		bool native; /* sanitizers' builds allow it */
	} cases[] = {
		{ PKI_SANDBOX_SIGNER, NULL, work_and_exit, 0, false },
		{ PKI_SANDBOX_SIGNER, NULL, open_passwd, -SIGSYS, true },
		{ PKI_SANDBOX_SIGNER, NULL, make_socket, -SIGSYS, false },
		{ PKI_SANDBOX_SIGNER, NULL, make_process, -SIGSYS, true },
		{ PKI_SANDBOX_SIGNER, NULL, make_thread, -SIGSYS, true },
		{ PKI_SANDBOX_SIGNER, NULL, exec_shell, -SIGSYS, false },
		{ PKI_SANDBOX_SIGNER, NULL, executable_memory, -SIGSYS, true },
		{ PKI_SANDBOX_SERVER, writable, plain_work, 0, false },
		{ PKI_SANDBOX_SERVER, writable, make_thread, 0, true },
		{ PKI_SANDBOX_SERVER, writable, write_tmp, 0, false },
		{ PKI_SANDBOX_SERVER, writable, make_socket, -SIGSYS, false },
		{ PKI_SANDBOX_SERVER, writable, listen_unix, -SIGSYS, false },
		{ PKI_SANDBOX_SERVER, writable, make_process, -SIGSYS, true },
		{ PKI_SANDBOX_SERVER, writable, exec_shell, -SIGSYS, false },
		{ PKI_SANDBOX_CLIENT, writable, make_socket, 0, false },
		{ PKI_SANDBOX_CLIENT, writable, make_netlink, 0, false },
		{ PKI_SANDBOX_CLIENT, writable, resolve, 0, false },
		{ PKI_SANDBOX_CLIENT, writable, executable_memory, EACCES, true },
		{ PKI_SANDBOX_CLIENT, writable, make_thread, 0, true },
		{ PKI_SANDBOX_CLIENT, writable, make_packet_socket, -SIGSYS, false },
		{ PKI_SANDBOX_CLIENT, writable, listen_unix, -SIGSYS, false },
		{ PKI_SANDBOX_CLIENT, writable, make_process, -SIGSYS, true },
		{ PKI_SANDBOX_CLIENT, writable, exec_shell, -SIGSYS, false },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		if (SANITIZED && cases[i].native)
			continue;
		pid_t pid = fork();
		if (pid == 0) {
			struct pki_err err = { 0 };
			if (pki_sandbox_enter(cases[i].kind, cases[i].writable, NULL,
				    &err) != PKI_OK)
				_exit(99);
			_exit(cases[i].act());
		}
		int status = 0;
		waitpid(pid, &status, 0);
		int got = WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
		if (got != cases[i].want_exit)
			fail_msg("case %zu: %d, not %d", i, got, cases[i].want_exit);
	}
}

/* Landlock: nothing outside the folders. */
static void
files_outside_are_refused(void **state)
{
	(void)state;
	static const char *const writable[] = { "/tmp", NULL };
	pid_t pid = fork();
	if (pid == 0) {
		struct pki_err err = { 0 };
		if (pki_sandbox_enter(PKI_SANDBOX_SERVER, writable, NULL, &err) != PKI_OK)
			_exit(99);
		bool landlock = strcmp(pki_sandbox_text(), "seccomp+landlock") == 0;
		_exit(open_passwd() != (landlock ? EACCES : 0));
	}
	int status = 0;
	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void
missing_folder_is_named(void **state)
{
	(void)state;
	static const char *const readable[] = { "/nonexistent/folder", NULL };
	struct pki_err err = { 0 };
	assert_string_equal(pki_sandbox_text(), "none");
	if (pki_sandbox_enter(PKI_SANDBOX_SERVER, NULL, readable, &err) == PKI_OK)
		skip(); /* no Landlock here: the folders do not matter */
	assert_int_equal(err.status, PKI_IO);
	assert_non_null(strstr(err.msg, "/nonexistent/folder"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forbidden_calls_end_the_process),
		cmocka_unit_test(files_outside_are_refused),
		cmocka_unit_test(missing_folder_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
