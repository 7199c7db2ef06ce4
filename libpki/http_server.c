#include "libpki/http.h"

#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Per connection: request line, headers and read buffer. An OCSP request in a GET is under
 * 8 kB. */
#define CONNECTION_MEMORY ((size_t)16 << 10)
/* How much more than body_max is read and dropped so that a client sees the 413. */
#define DISCARD_MAX ((size_t)1 << 20)
/* "[" IPv6 address "]" */
#define HOST_TEXT 64

struct pki_http_server {
	struct MHD_Daemon *daemon;
	struct pki_http_config config;
	char *socket_path; /* Unix socket: removed at the end; else NULL */
	int listener; /* -1 once the daemon has it */
	atomic_bool stopping;
	atomic_uint under_way; /* handed to the handler, answer not sent yet */
};

/* Who moves it last resumes the connection. */
enum progress { RECEIVING, HANDED, SUSPENDED, ANSWERED };

struct pki_http_request {
	struct pki_http_server *server;
	struct MHD_Connection *connection;
	struct MHD_Response *response;
	const char *method;
	const char *path;
	struct pki_buf body;
	size_t dropped; /* octets beyond body_max */
	unsigned code;
	bool counted;
	_Atomic enum progress progress;
};

static enum MHD_Result
answer_code(struct MHD_Connection *connection, unsigned code)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	if (response == NULL)
		return MHD_NO;
	MHD_add_response_header(response, "Connection", "close");
	enum MHD_Result result = MHD_queue_response(connection, code, response);
	MHD_destroy_response(response);
	return result;
}

static struct pki_http_request *
request_new(struct pki_http_server *server, struct MHD_Connection *connection,
	const char *url, const char *method)
{
	struct pki_http_request *req = calloc(1, sizeof *req);
	if (req == NULL)
		return NULL;
	req->server = server;
	req->connection = connection;
	req->method = method;
	req->path = url;
	return req;
}

/* Some clients read no answer before all is sent: those get it after the draining. */
static bool
far_too_large(const struct pki_http_request *req)
{
	const char *length = MHD_lookup_connection_value(
		req->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
	return length != NULL &&
	       strtoull(length, NULL, 10) > req->server->config.body_max + DISCARD_MAX;
}

/* Keep what fits; what does not is dropped and answered with 413 once it is over. */
static enum MHD_Result
receive(struct pki_http_request *req, const char *data, size_t *size)
{
	size_t len = *size;
	*size = 0;
	if (req->dropped > 0 || len > req->server->config.body_max - req->body.len) {
		req->dropped += len;
		return req->dropped <= DISCARD_MAX ? MHD_YES : MHD_NO;
	}
	struct pki_err err = { 0 };
	return pki_buf_append(&req->body, data, len, &err) == PKI_OK ? MHD_YES : MHD_NO;
}

static enum MHD_Result
send_answer(struct pki_http_request *req)
{
	if (req->response == NULL)
		return answer_code(req->connection, MHD_HTTP_INTERNAL_SERVER_ERROR);
	if (atomic_load_explicit(&req->server->stopping, memory_order_relaxed))
		MHD_add_response_header(req->response, "Connection", "close");
	return MHD_queue_response(req->connection, req->code, req->response);
}

static enum MHD_Result
hand_over(struct pki_http_request *req)
{
	struct pki_http_server *server = req->server;
	req->counted = true;
	atomic_fetch_add(&server->under_way, 1);
	if (atomic_load(&server->stopping))
		return answer_code(req->connection, MHD_HTTP_SERVICE_UNAVAILABLE);
	struct MHD_Connection *connection = req->connection;
	atomic_store(&req->progress, HANDED);
	server->config.handler(server->config.ctx, req);
	if (atomic_load(&req->progress) == ANSWERED)
		return send_answer(req);
	MHD_suspend_connection(connection);
	enum progress expected = HANDED;
	if (!atomic_compare_exchange_strong(&req->progress, &expected, SUSPENDED))
		MHD_resume_connection(connection);
	return MHD_YES;
}

static enum MHD_Result
on_request(void *cls, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *data, size_t *size,
	void **state)
{
	(void)version;
	struct pki_http_server *server = cls;
	struct pki_http_request *req = *state;
	if (req == NULL) {
		*state = req = request_new(server, connection, url, method);
		if (req == NULL)
			return MHD_NO;
		if (far_too_large(req))
			return answer_code(connection, MHD_HTTP_CONTENT_TOO_LARGE);
		return MHD_YES;
	}
	if (*size > 0)
		return receive(req, data, size);
	if (atomic_load(&req->progress) == ANSWERED)
		return send_answer(req);
	if (req->dropped > 0)
		return answer_code(connection, MHD_HTTP_CONTENT_TOO_LARGE);
	return hand_over(req);
}

static void
on_completed(void *cls, struct MHD_Connection *connection, void **state,
	enum MHD_RequestTerminationCode code)
{
	(void)connection;
	(void)code;
	struct pki_http_server *server = cls;
	struct pki_http_request *req = *state;
	if (req == NULL)
		return;
	*state = NULL;
	if (req->response != NULL)
		MHD_destroy_response(req->response);
	if (req->counted)
		atomic_fetch_sub(&server->under_way, 1);
	pki_buf_free(&req->body);
	free(req);
}

void
pki_http_reply(struct pki_http_request *req, unsigned code,
	const struct pki_http_header *headers, size_t header_count, struct pki_bytes body)
{
	/* MHD's interface lacks a const; it copies */
	union {
		const uint8_t *in;
		void *out;
	} data = { .in = body.data };
	req->code = code;
	req->response = MHD_create_response_from_buffer(
		body.len, body.len > 0 ? data.out : NULL, MHD_RESPMEM_MUST_COPY);
	for (size_t i = 0; req->response != NULL && i < header_count; i++)
		MHD_add_response_header(req->response, headers[i].name, headers[i].value);
	if (atomic_exchange(&req->progress, ANSWERED) == SUSPENDED)
		MHD_resume_connection(req->connection);
}

const char *
pki_http_method(const struct pki_http_request *req)
{
	return req->method;
}

const char *
pki_http_path(const struct pki_http_request *req)
{
	return req->path;
}

struct pki_bytes
pki_http_body(const struct pki_http_request *req)
{
	return pki_buf_bytes(&req->body);
}

const char *
pki_http_get_header(const struct pki_http_request *req, const char *name)
{
	return MHD_lookup_connection_value(req->connection, MHD_HEADER_KIND, name);
}

const char *
pki_http_get_query(const struct pki_http_request *req, const char *name)
{
	return MHD_lookup_connection_value(req->connection, MHD_GET_ARGUMENT_KIND, name);
}

/* Paths and arguments stay as they were sent. */
static size_t
keep_escaped(void *cls, struct MHD_Connection *connection, char *text)
{
	(void)cls;
	(void)connection;
	return strlen(text);
}

static bool
somebody_answers(const struct sockaddr_un *address)
{
	PKI_CLEANUP(pki_close_fd)
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return fd < 0 ||
	       connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 ||
	       errno != ECONNREFUSED;
}

static enum pki_status
bind_unix(int fd, const char *path, struct pki_err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct stat st;
	if (strlen(path) >= sizeof address.sun_path)
		return pki_fail(err, PKI_CONFIG,
			"%s: the path of a Unix socket has at most %zu octets; choose a "
			"shorter one",
			path, sizeof address.sun_path - 1);
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (lstat(path, &st) == 0) {
		if (!S_ISSOCK(st.st_mode))
			return pki_fail(err, PKI_CONFIG,
				"%s is there and is not a socket; move it away or choose "
				"another path",
				path);
		if (somebody_answers(&address))
			return pki_fail(err, PKI_LOCKED,
				"another process serves %s; stop it first", path);
		unlink(path);
	}
	if (bind(fd, (const struct sockaddr *)&address, sizeof address) != 0)
		return pki_fail_errno(err, PKI_IO, errno, "bind %s", path);
	/* nobody can connect before listen() */
	if (chmod(path, 0660) != 0)
		return pki_fail_errno(err, PKI_IO, errno, "mode of %s", path);
	return PKI_OK;
}

static enum pki_status
resolve(const char *listen_at, struct addrinfo **out, struct pki_err *err)
{
	const char *colon = strrchr(listen_at, ':');
	size_t len = colon != NULL ? (size_t)(colon - listen_at) : 0;
	char host[HOST_TEXT];
	if (colon == NULL || len == 0 || len >= sizeof host)
		return pki_fail(err, PKI_CONFIG,
			"%s: give an address and a port, as 127.0.0.1:8880 or [::1]:8880",
			listen_at);
	bool v6 = listen_at[0] == '[' && listen_at[len - 1] == ']';
	size_t skip = v6 ? 1 : 0;
	memcpy(host, listen_at + skip, len - 2 * skip);
	host[len - 2 * skip] = '\0';
	struct addrinfo hints = {
		.ai_family = v6 ? AF_INET6 : AF_INET,
		.ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
	};
	int rc = getaddrinfo(host, colon + 1, &hints, out);
	if (rc != 0)
		return pki_fail(err, PKI_CONFIG, "%s: %s", listen_at, gai_strerror(rc));
	return PKI_OK;
}

static enum pki_status
bind_tcp(const char *listen_at, int *fd, struct pki_err *err)
{
	struct addrinfo *info = NULL;
	PKI_TRY(resolve(listen_at, &info, err));
	if (info == NULL)
		return pki_fail(err, PKI_CONFIG, "%s: no such address", listen_at);
	*fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int on = 1;
	int rc = *fd;
	if (rc >= 0)
		rc = setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (rc >= 0)
		rc = bind(*fd, info->ai_addr, info->ai_addrlen);
	int saved = errno;
	freeaddrinfo(info);
	if (rc < 0)
		return pki_fail_errno(err, saved == EADDRINUSE ? PKI_LOCKED : PKI_IO, saved,
			"listen at %s", listen_at);
	return PKI_OK;
}

static enum pki_status
open_listener(struct pki_http_server *server, int *fd, struct pki_err *err)
{
	const char *where = server->config.listen;
	if (strncmp(where, "unix:", 5) == 0) {
		*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (*fd < 0)
			return pki_fail_errno(err, PKI_IO, errno, "socket for %s", where);
		PKI_TRY(bind_unix(*fd, where + 5, err));
		server->socket_path = strdup(where + 5);
		if (server->socket_path == NULL)
			return pki_fail(err, PKI_MEMORY, "listen at %s", where);
	} else {
		PKI_TRY(bind_tcp(where, fd, err));
	}
	if (listen(*fd, SOMAXCONN) != 0)
		return pki_fail_errno(err, PKI_LOCKED, errno, "listen at %s", where);
	return PKI_OK;
}

static enum pki_status
start_daemon(struct pki_http_server *server, int *fd, struct pki_err *err)
{
	const struct pki_http_config *config = &server->config;
	unsigned pool = config->threads > 1 ? config->threads : 0;
	unsigned connections = config->connections_max;
	if (connections < config->threads)
		connections = config->threads;
	server->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD |
						  MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC |
						  MHD_USE_TURBO,
		0, NULL, NULL, on_request, server, MHD_OPTION_LISTEN_SOCKET, *fd,
		MHD_OPTION_CONNECTION_LIMIT, connections, MHD_OPTION_CONNECTION_TIMEOUT,
		config->idle_seconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
		MHD_OPTION_UNESCAPE_CALLBACK, keep_escaped, NULL,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_THREAD_POOL_SIZE, pool,
		MHD_OPTION_END);
	if (server->daemon == NULL)
		return pki_fail_errno(
			err, PKI_INTERNAL, errno, "HTTP server at %s", config->listen);
	*fd = -1;
	return PKI_OK;
}

static void
server_free(struct pki_http_server *server)
{
	if (server->socket_path != NULL)
		unlink(server->socket_path);
	pki_close_fd(&server->listener);
	free(server->socket_path);
	free(server);
}

enum pki_status
pki_http_listen(const struct pki_http_config *config, struct pki_http_server **out,
	struct pki_err *err)
{
	struct pki_http_server *server = calloc(1, sizeof *server);
	if (server == NULL)
		return pki_fail(err, PKI_MEMORY, "HTTP server");
	server->config = *config;
	server->listener = -1;
	enum pki_status status = open_listener(server, &server->listener, err);
	if (status != PKI_OK) {
		server_free(server);
		return status;
	}
	*out = server;
	return PKI_OK;
}

enum pki_status
pki_http_begin(struct pki_http_server *server, struct pki_err *err)
{
	return start_daemon(server, &server->listener, err);
}

enum pki_status
pki_http_start(const struct pki_http_config *config, struct pki_http_server **out,
	struct pki_err *err)
{
	struct pki_http_server *server = NULL;
	PKI_TRY(pki_http_listen(config, &server, err));
	enum pki_status status = pki_http_begin(server, err);
	if (status != PKI_OK) {
		server_free(server);
		return status;
	}
	*out = server;
	return PKI_OK;
}

void
pki_http_stop(struct pki_http_server *server)
{
	if (server == NULL)
		return;
	if (server->daemon == NULL) {
		server_free(server);
		return;
	}
	int listener = MHD_quiesce_daemon(server->daemon);
	atomic_store(&server->stopping, true);
	/* the end of the process: waking up each millisecond costs nothing */
	while (atomic_load(&server->under_way) > 0)
		usleep(1000);
	MHD_stop_daemon(server->daemon);
	if (listener >= 0)
		close(listener);
	server_free(server);
}
