#include "libpki/host/http.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "libpki/base/time.h"

#define BODY_MAX ((size_t)64 << 10)
#define CONNECTIONS_MAX 64
#define IDLE_SECONDS 2

static char socket_path[64];
static char base[80];

static void *
answer_later(void *arg)
{
	struct pki_http_request *req = arg;
	usleep(2000);
	pki_http_reply(req, 200, NULL, 0, pki_http_body(req));
	return NULL;
}

/* "/echo" at once, "/later" from another thread, else method, path, header. */
static void
handle(void *ctx, struct pki_http_request *req)
{
	(void)ctx;
	static const struct pki_http_header type = { "Content-Type", "text/plain" };
	if (strcmp(pki_http_path(req), "/later") == 0) {
		pthread_t thread;
		assert_int_equal(pthread_create(&thread, NULL, answer_later, req), 0);
		pthread_detach(thread);
		return;
	}
	if (strcmp(pki_http_path(req), "/echo") == 0) {
		pki_http_reply(req, 200, &type, 1, pki_http_body(req));
		return;
	}
	char text[512];
	const char *agent = pki_http_get_header(req, "content-type");
	snprintf(text, sizeof text, "%s %s %s", pki_http_method(req), pki_http_path(req),
		agent != NULL ? agent : "-");
	pki_http_reply(req, 404, &type, 1,
		(struct pki_bytes){ (const uint8_t *)text, strlen(text) });
}

static struct pki_http_server *
start_with(unsigned threads, unsigned idle_seconds)
{
	struct pki_http_config config = { .listen = base,
		.threads = threads,
		.body_max = BODY_MAX,
		.connections_max = CONNECTIONS_MAX,
		.idle_seconds = idle_seconds,
		.handler = handle };
	struct pki_http_server *server = NULL;
	struct pki_err err = { 0 };
	if (pki_http_start(&config, &server, &err) != PKI_OK)
		fail_msg("%s", err.msg);
	return server;
}

static struct pki_http_server *
start(unsigned threads)
{
	return start_with(threads, IDLE_SECONDS);
}

static long
call(const char *method, const char *path, size_t body_len, struct pki_buf *out)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf body = { 0 };
	struct pki_err err = { 0 };
	assert_int_equal(pki_buf_reserve(&body, body_len, &err), PKI_OK);
	memset(body.data, 'x', body_len);
	body.len = body_len;
	struct pki_bytes view = pki_buf_bytes(&body);
	if (strcmp(method, "GET") == 0)
		view.data = NULL;
	struct pki_http_response response;
	const struct pki_http_outgoing request = { .url_base = base,
		.method = method,
		.path = path,
		.content_type = "text/plain",
		.body = view,
		.max = (size_t)4 << 20 };
	if (pki_http_send(&request, &response, &err) != PKI_OK)
		fail_msg("%s", err.msg);
	*out = response.body;
	return response.code;
}

static void
requests_are_answered(void **state)
{
	(void)state;
	static const struct {
		const char *method;
		const char *path;
		size_t body;
		long want_code;
		const char *want_body; /* NULL: the body again */
	} cases[] = {
		{ "GET", "/a%2Fb?q=1", 0, 404, "GET /a%2Fb -" },
		{ "POST", "/x", 10, 404, "POST /x text/plain" },
		{ "POST", "/echo", 0, 200, NULL },
		{ "POST", "/echo", 1, 200, NULL },
		{ "POST", "/echo", BODY_MAX, 200, NULL },
		{ "POST", "/later", BODY_MAX / 2, 200, NULL },
		{ "POST", "/echo", BODY_MAX + 1, 413, "" },
		{ "POST", "/echo", BODY_MAX * 10, 413, "" },
	};
	struct pki_http_server *server = start(1);
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		PKI_CLEANUP(pki_buf_free) struct pki_buf out = { 0 };
		assert_int_equal(
			call(cases[i].method, cases[i].path, cases[i].body, &out),
			cases[i].want_code);
		if (cases[i].want_body == NULL)
			assert_int_equal(out.len, cases[i].body);
		else
			assert_string_equal(
				out.len > 0 ? (char *)out.data : "", cases[i].want_body);
	}
	pki_http_stop(server);
	assert_int_equal(access(socket_path, F_OK), -1);
}

static void *
many_calls(void *arg)
{
	(void)arg;
	for (int i = 0; i < 50; i++) {
		PKI_CLEANUP(pki_buf_free) struct pki_buf out = { 0 };
		if (call("POST", i % 2 == 0 ? "/later" : "/echo", 1000, &out) != 200 ||
			out.len != 1000)
			return arg;
	}
	return NULL;
}

static void
answers_from_other_threads(void **state)
{
	(void)state;
	struct pki_http_server *server = start(2);
	pthread_t threads[8];
	for (size_t i = 0; i < PKI_COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, many_calls, base), 0);
	for (size_t i = 0; i < PKI_COUNT(threads); i++) {
		void *result = NULL;
		pthread_join(threads[i], &result);
		assert_null(result);
	}
	pki_http_stop(server);
}

static int
raw_connect(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(address.sun_path, sizeof address.sun_path, "%s", socket_path);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

/* What is not HTTP, and who says nothing, is dealt with by the server. */
static void
bad_clients(void **state)
{
	(void)state;
	static const char *const sent[] = { "\r\n\r\n\x01\x02 garbage\r\n\r\n",
		"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n",
		("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
		 "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
		"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nshort" };
	struct pki_http_server *server = start(1);
	for (size_t i = 0; i < PKI_COUNT(sent); i++) {
		PKI_CLEANUP(pki_close_fd) int fd = raw_connect();
		assert_int_equal(write(fd, sent[i], strlen(sent[i])), strlen(sent[i]));
		char answer[512];
		ssize_t n;
		size_t total = 0;
		while ((n = read(fd, answer + total, sizeof answer - 1 - total)) > 0)
			total += (size_t)n;
		answer[total] = '\0';
		if (total > 0)
			assert_memory_equal(answer, "HTTP/1.1 4", 10);
	}
	PKI_CLEANUP(pki_buf_free) struct pki_buf out = { 0 };
	assert_int_equal(call("POST", "/echo", 5, &out), 200);
	pki_http_stop(server);
}

/* Three times as many as the server takes: who comes next is answered at once all the same.
 */
static void
the_connection_limit_shuts_idle_connections(void **state)
{
	(void)state;
	enum { CROWD = 3 * CONNECTIONS_MAX, IDLE = 30 };
	static const char begun[] = "POST /echo HTTP/1.1\r\nHost: x\r\n";
	struct pki_http_server *server = start_with(2, IDLE);
	int fds[CROWD];
	for (size_t i = 0; i < CROWD; i++) {
		fds[i] = raw_connect();
		if (i % 2 == 0)
			assert_int_equal(send(fds[i], begun, strlen(begun), MSG_NOSIGNAL),
				strlen(begun));
	}
	pki_msec before = pki_msec_now();
	PKI_CLEANUP(pki_buf_free) struct pki_buf out = { 0 };
	assert_int_equal(call("POST", "/echo", 5, &out), 200);
	assert_true(pki_msec_now() - before < IDLE * 1000 / 2);
	/* the first to wait was the first to go */
	char answer[128] = "";
	assert_true(read(fds[0], answer, sizeof answer - 1) > 0);
	assert_non_null(strstr(answer, "503"));
	assert_non_null(strstr(answer, "Retry-After: 1"));
	assert_true(read(fds[0], answer, 1) <= 0);
	for (size_t i = 0; i < CROWD; i++)
		close(fds[i]);
	pki_http_stop(server);
}

static void
absolute_form(void **state)
{
	(void)state;
	static const char sent[] =
		"GET http://h:1/path HTTP/1.1\r\nHost: h:1\r\nConnection: close\r\n\r\n";
	char answer[512] = "";
	struct pki_http_server *server = start(1);
	PKI_CLEANUP(pki_close_fd) int fd = raw_connect();
	assert_int_equal(write(fd, sent, strlen(sent)), strlen(sent));
	ssize_t n;
	for (size_t total = 0;
		(n = read(fd, answer + total, sizeof answer - 1 - total)) > 0;)
		total += (size_t)n;
	assert_non_null(strstr(answer, "GET /path -"));
	pki_http_stop(server);
}

static void
socket_taken_or_stale(void **state)
{
	(void)state;
	struct pki_http_server *server = start(1);
	struct stat st;
	assert_int_equal(stat(socket_path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0660);

	struct pki_http_config config = {
		.listen = base, .threads = 1, .handler = handle
	};
	struct pki_http_server *second = NULL;
	struct pki_err err = { 0 };
	assert_int_equal(pki_http_start(&config, &second, &err), PKI_LOCKED);
	pki_http_stop(server);

	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(address.sun_path, sizeof address.sun_path, "%s", socket_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	close(fd);
	pki_http_stop(start(1));

	FILE *f = fopen(socket_path, "w");
	fclose(f);
	err = (struct pki_err){ 0 };
	assert_int_equal(pki_http_start(&config, &second, &err), PKI_CONFIG);
	assert_int_equal(access(socket_path, F_OK), 0);
	unlink(socket_path);
}

static void
bad_addresses(void **state)
{
	(void)state;
	static const char *const wrong[] = { "", "8880", "localhost:8880", "127.0.0.1",
		"127.0.0.1:http", "[::1:80", ":80" };
	for (size_t i = 0; i < PKI_COUNT(wrong); i++) {
		struct pki_http_config config = {
			.listen = wrong[i], .threads = 1, .handler = handle
		};
		struct pki_http_server *server = NULL;
		struct pki_err err = { 0 };
		assert_int_equal(pki_http_start(&config, &server, &err), PKI_CONFIG);
	}
}

static void
client_failures(void **state)
{
	(void)state;
	struct pki_http_response response;
	struct pki_err err = { 0 };
	assert_int_equal(pki_http_get(base, "/", 100, &response, &err), PKI_UNAVAILABLE);

	struct pki_http_server *server = start(1);
	static const uint8_t body[101] = { 0 };
	err = (struct pki_err){ 0 };
	const struct pki_http_outgoing echo = { .url_base = base,
		.method = "POST",
		.path = "/echo",
		.body = { body, sizeof body },
		.max = 100 };
	assert_int_equal(pki_http_send(&echo, &response, &err), PKI_LIMIT);
	assert_int_equal(pki_http_send(&echo, &response, NULL), PKI_LIMIT);
	/* the environment cannot send it elsewhere */
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	PKI_CLEANUP(pki_buf_free) struct pki_buf out = { 0 };
	assert_int_equal(call("POST", "/echo", 5, &out), 200);
	pki_http_stop(server);
}

/* "/hold" is kept until the test lets it go. */
static struct pki_http_request *_Atomic held;

static void
handle_and_hold(void *ctx, struct pki_http_request *req)
{
	if (strcmp(pki_http_path(req), "/hold") == 0)
		held = req;
	else
		handle(ctx, req);
}

static void *
stop_later(void *arg)
{
	while (held == NULL)
		usleep(1000);
	usleep(50000);
	atomic_store((atomic_bool *)arg, true);
	return NULL;
}

static void
a_server_that_hangs(void **state)
{
	(void)state;
	atomic_bool stop = false;
	const struct pki_http_config config = { .listen = base,
		.threads = 1,
		.body_max = BODY_MAX,
		.connections_max = CONNECTIONS_MAX,
		.idle_seconds = 60,
		.handler = handle_and_hold };
	struct pki_http_outgoing calls[] = {
		{ .url_base = base,
			.method = "GET",
			.path = "/hold",
			.stall_seconds = 3 },
		{ .url_base = base, .method = "GET", .path = "/hold", .stop = &stop },
	};
	for (size_t i = 0; i < PKI_COUNT(calls); i++) {
		struct pki_http_server *server = NULL;
		struct pki_err err = { 0 };
		struct pki_http_response response;
		pthread_t thread;
		stop = false;
		held = NULL;
		assert_int_equal(pki_http_start(&config, &server, &err), PKI_OK);
		assert_int_equal(pthread_create(&thread, NULL, stop_later, &stop), 0);
		assert_int_equal(
			pki_http_send(&calls[i], &response, &err), PKI_UNAVAILABLE);
		pthread_join(thread, NULL);
		pki_http_reply(held, 200, NULL, 0, (struct pki_bytes){ 0 });
		pki_http_stop(server);
	}
}

static void
put_and_date(void **state)
{
	(void)state;
	struct pki_http_server *server = start(1);
	const struct pki_http_outgoing call = { .url_base = base,
		.method = "PUT",
		.path = "/ca.crl",
		.content_type = "application/pkix-crl",
		.body = { (const uint8_t *)"x", 1 },
		.max = 1000 };
	struct pki_http_response response;
	struct pki_err err = { 0 };
	pki_time before = pki_time_now();
	assert_int_equal(pki_http_send(&call, &response, &err), PKI_OK);
	assert_string_equal(
		(char *)response.body.data, "PUT /ca.crl application/pkix-crl");
	assert_true(response.date >= before - 1 && response.date <= pki_time_now());
	pki_http_response_free(&response);
	pki_http_stop(server);
}

/* "/block" stops the server's only thread until the test opens the gate, "/later" is counted
 * and answered by another thread. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool blocked, open;
	atomic_uint taken;
} gate = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, false, 0 };

static void
handle_at_gate(void *ctx, struct pki_http_request *req)
{
	if (strcmp(pki_http_path(req), "/block") != 0) {
		gate.taken++;
		handle(ctx, req);
		return;
	}
	pthread_mutex_lock(&gate.lock);
	gate.blocked = true;
	pthread_cond_broadcast(&gate.changed);
	while (!gate.open)
		pthread_cond_wait(&gate.changed, &gate.lock);
	pthread_mutex_unlock(&gate.lock);
	pki_http_reply(req, 200, NULL, 0, (struct pki_bytes){ 0 });
}

/* The code of one whole answer; 0 if the connection ends before. */
static int
read_answer(int fd)
{
	char answer[1024] = "";
	for (size_t total = 0; total < sizeof answer - 1;) {
		const char *end = strstr(answer, "\r\n\r\n");
		const char *length = strstr(answer, "Content-Length: ");
		if (end != NULL && length != NULL &&
			strlen(end + 4) >= strtoul(length + 16, NULL, 10))
			return (int)strtol(answer + strlen("HTTP/1.1 "), NULL, 10);
		ssize_t n = read(fd, answer + total, sizeof answer - 1 - total);
		if (n <= 0)
			return 0;
		total += (size_t)n;
	}
	return 0;
}

static void
say(int fd, const char *path)
{
	char request[128];
	int len = snprintf(request, sizeof request,
		"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab", path);
	assert_int_equal(send(fd, request, (size_t)len, MSG_NOSIGNAL), len);
}

/* Six times as many clients as the limit: the first have been answered and ask again, the
 * others come while the server is busy. */
static void
each_request_that_is_taken_is_answered(void **state)
{
	(void)state;
	enum { EARLY = CONNECTIONS_MAX - 1, ALL = 6 * CONNECTIONS_MAX };
	const struct pki_http_config config = { .listen = base,
		.threads = 1,
		.body_max = BODY_MAX,
		.connections_max = CONNECTIONS_MAX,
		.idle_seconds = 60,
		.handler = handle_at_gate };
	struct pki_http_server *server = NULL;
	struct pki_err err = { 0 };
	assert_int_equal(pki_http_start(&config, &server, &err), PKI_OK);
	int fds[ALL], block = raw_connect();
	for (size_t i = 0; i < EARLY; i++) {
		fds[i] = raw_connect();
		say(fds[i], "/later");
		assert_int_equal(read_answer(fds[i]), 200);
	}
	gate.taken = 0;
	say(block, "/block");
	pthread_mutex_lock(&gate.lock);
	while (!gate.blocked)
		pthread_cond_wait(&gate.changed, &gate.lock);
	pthread_mutex_unlock(&gate.lock);
	for (size_t i = 0; i < ALL; i++) {
		if (i >= EARLY)
			fds[i] = raw_connect();
		say(fds[i], "/later");
	}
	pthread_mutex_lock(&gate.lock);
	gate.open = true;
	pthread_cond_broadcast(&gate.changed);
	pthread_mutex_unlock(&gate.lock);
	assert_int_equal(read_answer(block), 200);
	unsigned answered = 0, refused = 0;
	for (size_t i = 0; i < ALL; i++) {
		int code = read_answer(fds[i]);
		answered += code == 200;
		refused += code == 503;
		close(fds[i]);
	}
	close(block);
	assert_int_equal(answered, gate.taken);
	assert_int_equal(answered + refused, ALL);
	pki_http_stop(server);
}

int
main(void)
{
	snprintf(socket_path, sizeof socket_path, "/tmp/test_http.%d", (int)getpid());
	snprintf(base, sizeof base, "unix:%s", socket_path);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_answered),
		cmocka_unit_test(answers_from_other_threads),
		cmocka_unit_test(bad_clients),
		cmocka_unit_test(the_connection_limit_shuts_idle_connections),
		cmocka_unit_test(each_request_that_is_taken_is_answered),
		cmocka_unit_test(absolute_form),
		cmocka_unit_test(socket_taken_or_stale),
		cmocka_unit_test(bad_addresses),
		cmocka_unit_test(client_failures),
		cmocka_unit_test(a_server_that_hangs),
		cmocka_unit_test(put_and_date),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
