#include "libpki/host/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libpki/host/http_priv.h"

/* Per connection: request line, headers and read buffer. An OCSP request in a GET is under
 * 8 kB. */
#define CONNECTION_MEMORY ((size_t)16 << 10)
/* Octets above body_max that are read and dropped, so that the client sees the 413. */
#define DISCARD_MAX ((size_t)1 << 20)
/* Beside the connections of connections_max: connections that are shut but not yet closed, and
 * connections above the limit while there is no room to make. */
#define ABOVE_MAX 256
/* Files that a daemon opens beside connections. */
#define OTHER_FILES 128
/* At the stop, for clients to read their answers. */
#define STOP_SECONDS 5

struct pki_http_server {
	struct MHD_Daemon *daemon;
	struct pki_http_config config;
	char *socket_path; /* Unix socket: removed at the end; else NULL */
	struct pki_http_limit limit;
	int listener; /* -1: the daemon has the socket */
	atomic_bool stopping;
	atomic_uint under_way; /* handed to the handler, answer not sent yet */
};

/* The thread that changes `progress` last resumes the connection. */
enum progress { RECEIVING, HANDED, SUSPENDED, ANSWERED };

struct pki_http_request {
	struct pki_http_server *server;
	struct MHD_Connection *connection;
	struct pki_http_entry *entry; /* in the connection limit */
	struct MHD_Response *response;
	struct pki_http_ready *ready; /* owns the response; NULL: the request does */
	const char *method;
	const char *path;
	struct pki_buf body;
	size_t dropped; /* octets beyond body_max */
	unsigned code;
	bool counted;
	_Atomic enum progress progress;
};

static enum MHD_Result
answer_code(struct pki_http_request *req, unsigned code)
{
	pki_http_limit_answer(&req->server->limit, req->entry);
	struct MHD_Response *response =
		MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
	if (response == NULL)
		return MHD_NO;
	MHD_add_response_header(response, "Connection", "close");
	if (code == MHD_HTTP_SERVICE_UNAVAILABLE)
		MHD_add_response_header(response, "Retry-After", "1");
	enum MHD_Result result = MHD_queue_response(req->connection, code, response);
	MHD_destroy_response(response);
	return result;
}

/* RFC 9112 3.2.2: a server accepts "GET http://host/path" too. The case of a scheme does not
 * count (RFC 3986 3.1). */
static const char *
origin_form(const char *url)
{
	static const char *const schemes[] = { "http://", "https://" };
	for (size_t i = 0; i < PKI_COUNT(schemes); i++) {
		size_t len = strlen(schemes[i]);
		if (strncasecmp(url, schemes[i], len) != 0)
			continue;
		const char *path = strchr(url + len, '/');
		return path != NULL ? path : "/";
	}
	return url;
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
	req->entry =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
			->socket_context;
	req->method = method;
	req->path = origin_form(url);
	return req;
}

/* Some clients read no answer before their whole body is sent: they get the answer after the
 * rest is read. */
static bool
far_too_large(const struct pki_http_request *req)
{
	const char *length = MHD_lookup_connection_value(
		req->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
	return length != NULL &&
	       strtoull(length, NULL, 10) > req->server->config.body_max + DISCARD_MAX;
}

/* RFC 9112 6.1: two lengths are an attempt to smuggle a request past a proxy. */
static bool
two_lengths(struct MHD_Connection *connection)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
		       MHD_HTTP_HEADER_CONTENT_LENGTH) != NULL &&
	       MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
		       MHD_HTTP_HEADER_TRANSFER_ENCODING) != NULL;
}

/* Keep the octets up to the limit; drop the rest, and answer 413 at the end. */
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
		return answer_code(req, MHD_HTTP_INTERNAL_SERVER_ERROR);
	pki_http_limit_answer(&req->server->limit, req->entry);
	if (req->ready == NULL &&
		atomic_load_explicit(&req->server->stopping, memory_order_relaxed))
		MHD_add_response_header(req->response, "Connection", "close");
	return MHD_queue_response(req->connection, req->code, req->response);
}

static enum MHD_Result
hand_over(struct pki_http_request *req)
{
	struct pki_http_server *server = req->server;
	req->counted = true;
	atomic_fetch_add(&server->under_way, 1);
	if (!pki_http_limit_serve(&server->limit, req->entry) ||
		atomic_load(&server->stopping))
		return answer_code(req, MHD_HTTP_SERVICE_UNAVAILABLE);
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
		if (two_lengths(connection))
			return answer_code(req, MHD_HTTP_BAD_REQUEST);
		if (far_too_large(req))
			return answer_code(req, MHD_HTTP_CONTENT_TOO_LARGE);
		return MHD_YES;
	}
	if (*size > 0)
		return receive(req, data, size);
	if (atomic_load(&req->progress) == ANSWERED)
		return send_answer(req);
	if (req->dropped > 0)
		return answer_code(req, MHD_HTTP_CONTENT_TOO_LARGE);
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
	pki_http_limit_wait(&server->limit, req->entry);
	if (req->ready != NULL)
		pki_http_ready_free(req->ready);
	else if (req->response != NULL)
		MHD_destroy_response(req->response);
	if (req->counted)
		atomic_fetch_sub(&server->under_way, 1);
	pki_buf_free(&req->body);
	free(req);
}

static void
on_connection(void *cls, struct MHD_Connection *connection, void **context,
	enum MHD_ConnectionNotificationCode code)
{
	struct pki_http_server *server = cls;
	if (code == MHD_CONNECTION_NOTIFY_CLOSED)
		pki_http_limit_remove(&server->limit, *context);
	else
		*context = pki_http_limit_add(
			&server->limit, MHD_get_connection_info(connection,
						MHD_CONNECTION_INFO_CONNECTION_FD)
						->connect_fd);
}

void
pki_http_add_headers(struct MHD_Response *response, const struct pki_http_header *headers,
	size_t header_count)
{
	for (size_t i = 0; response != NULL && i < header_count; i++)
		MHD_add_response_header(response, headers[i].name, headers[i].value);
}

static void
reply(struct pki_http_request *req, unsigned code, struct MHD_Response *response)
{
	req->code = code;
	req->response = response;
	if (atomic_exchange(&req->progress, ANSWERED) == SUSPENDED)
		MHD_resume_connection(req->connection);
}

void
pki_http_reply(struct pki_http_request *req, unsigned code,
	const struct pki_http_header *headers, size_t header_count, struct pki_bytes body)
{
	/* MHD's interface lacks a const; MHD copies */
	union {
		const uint8_t *in;
		void *out;
	} data = { .in = body.data };
	struct MHD_Response *response = MHD_create_response_from_buffer(
		body.len, body.len > 0 ? data.out : NULL, MHD_RESPMEM_MUST_COPY);
	pki_http_add_headers(response, headers, header_count);
	reply(req, code, response);
}

void
pki_http_reply_ready(
	struct pki_http_request *req, unsigned code, struct pki_http_ready *ready)
{
	pki_http_ready_up(ready);
	req->ready = ready;
	reply(req, code, ready->response);
}

void
pki_http_reply_file(struct pki_http_request *req, const struct pki_http_header *headers,
	size_t header_count, int fd, uint64_t size)
{
	struct MHD_Response *response = MHD_create_response_from_fd64(size, fd);
	if (response == NULL)
		close(fd);
	pki_http_add_headers(response, headers, header_count);
	reply(req, MHD_HTTP_OK, response);
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

bool
pki_http_peer(const struct pki_http_request *req, uid_t *user)
{
	struct ucred peer = { .pid = 0 };
	socklen_t size = sizeof peer;
	int fd = MHD_get_connection_info(
		req->connection, MHD_CONNECTION_INFO_CONNECTION_FD)
			 ->connect_fd;
	/* pid 0: the socket is none of the Unix family */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.pid == 0)
		return false;
	*user = peer.uid;
	return true;
}

/* Paths and arguments stay as sent. */
static size_t
keep_escaped(void *cls, struct MHD_Connection *connection, char *text)
{
	(void)cls;
	(void)connection;
	return strlen(text);
}

static enum pki_status
open_listener(struct pki_http_server *server, struct pki_err *err)
{
	const char *where = server->config.listen;
	PKI_TRY(pki_http_open_listener(where, &server->listener, err));
	if (strncmp(where, "unix:", 5) != 0)
		return PKI_OK;
	server->socket_path = strdup(where + 5);
	return server->socket_path != NULL
		       ? PKI_OK
		       : pki_fail(err, PKI_MEMORY, "listen at %s", where);
}

static enum pki_status
start_daemon(struct pki_http_server *server, int *fd, struct pki_err *err)
{
	const struct pki_http_config *config = &server->config;
	unsigned pool = config->threads > 1 ? config->threads : 0;
	/* each thread may have all connections; the connection limit keeps the total */
	unsigned connections = (pool != 0 ? pool : 1) * (server->limit.max + ABOVE_MAX);
	server->daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD |
						  MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC |
						  MHD_USE_TURBO,
		0, NULL, NULL, on_request, server, MHD_OPTION_LISTEN_SOCKET, *fd,
		MHD_OPTION_CONNECTION_LIMIT, connections, MHD_OPTION_CONNECTION_TIMEOUT,
		config->idle_seconds, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		CONNECTION_MEMORY, MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
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
	pki_http_limit_free(&server->limit);
	free(server);
}

/* As many connections as the process may have files. */
static unsigned
connections_allowed(unsigned wanted)
{
	struct rlimit files;
	rlim_t need = (rlim_t)wanted + ABOVE_MAX + OTHER_FILES;
	if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= need)
		return wanted;
	files.rlim_cur = need < files.rlim_max ? need : files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= need)
		return wanted;
	rlim_t rest = files.rlim_cur / 2;
	return rest < wanted ? (unsigned)rest : wanted;
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
	pki_http_limit_init(&server->limit, connections_allowed(config->connections_max));
	enum pki_status status = open_listener(server, err);
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
	for (unsigned msec = 0; atomic_load(&server->under_way) > 0; msec++) {
		if (msec >= STOP_SECONDS * 1000)
			pki_http_limit_shut_all(&server->limit);
		usleep(1000);
	}
	MHD_stop_daemon(server->daemon);
	if (listener >= 0)
		close(listener);
	server_free(server);
}
