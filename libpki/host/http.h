/*
 * HTTP: a server on libmicrohttpd (Unix socket or TCP), a client on libcurl. Requests have
 * limits of size and time; the server itself answers requests that it cannot parse.
 */
#ifndef LIBPKI_HOST_HTTP_H
#define LIBPKI_HOST_HTTP_H

#include <stdatomic.h>
#include <sys/types.h>

#include "libpki/base/mem.h"
#include "libpki/base/time.h"

struct pki_http_server;
struct pki_http_request; /* alive until answered */

/* Called with a complete request. Answer now, or keep the request and answer later from any
 * thread, exactly once. */
typedef void (*pki_http_handler)(void *ctx, struct pki_http_request *req);

struct pki_http_config {
	const char
		*listen; /* "unix:/path" (mode 0660) or "127.0.0.1:8880", "[::1]:8880" */
	unsigned
		threads; /* 1: a single event loop; more: a pool, handlers run in parallel */
	size_t body_max; /* larger requests get 413 */
	unsigned
		connections_max; /* above the limit, the connection that waits longest for its
		 * client gets 503 and is shut */
	unsigned idle_seconds; /* slow and idle connections are closed */
	pki_http_handler handler;
	void *ctx;
};

enum pki_status pki_http_start(const struct pki_http_config *config,
	struct pki_http_server **out, struct pki_err *err) PKI_MUST_CHECK;
/* pki_http_start() in two steps, with a sandbox in between: entered before the first thread,
 * the sandbox forbids new addresses. */
enum pki_status pki_http_listen(const struct pki_http_config *config,
	struct pki_http_server **out, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status pki_http_begin(
	struct pki_http_server *server, struct pki_err *err) PKI_MUST_CHECK;
/* No new connections; waits for the handler's answers, and a few seconds for slow readers. */
void pki_http_stop(struct pki_http_server *server);

const char *pki_http_method(const struct pki_http_request *req);
/* As sent, without the query: percent escapes are left to the handler, also below. */
const char *pki_http_path(const struct pki_http_request *req);
struct pki_bytes pki_http_body(const struct pki_http_request *req);
/* NULL: no such header. */
const char *pki_http_get_header(const struct pki_http_request *req, const char *name);

/*
 * Does the client of a GET or HEAD have the answer already (RFC 9110 13.1.2, 13.1.3)? By its
 * If-None-Match, else by If-Modified-Since. etag: with its quotation marks; modified: seconds.
 */
bool pki_http_not_modified(
	const struct pki_http_request *req, const char *etag, pki_time modified);
/* Does Accept-Encoding name gzip (RFC 9110 12.5.3)? */
bool pki_http_accepts_gzip(const struct pki_http_request *req);

struct pki_http_header {
	const char *name;
	const char *value;
};
/* body is copied. Frees the request. */
void pki_http_reply(struct pki_http_request *req, unsigned code,
	const struct pki_http_header *headers, size_t header_count,
	struct pki_bytes body);

/* An answer made ready once and sent many times, by any thread. */
struct pki_http_ready;
enum pki_status pki_http_ready_new(const struct pki_http_header *headers,
	size_t header_count, struct pki_bytes body, struct pki_http_ready **out,
	struct pki_err *err) PKI_MUST_CHECK;
/* Before sending: brings the answer into the processor's cache meanwhile. */
void pki_http_ready_fetch(const struct pki_http_ready *ready);
void pki_http_ready_up(struct pki_http_ready *ready); /* adds an owner */
void pki_http_ready_free(struct pki_http_ready *ready); /* removes an owner */
/* With 304 the headers go alone. Owns ready while sending. Frees the request. */
void pki_http_reply_ready(
	struct pki_http_request *req, unsigned code, struct pki_http_ready *ready);

/* 200 with the first size octets of a file, which is taken over. */
void pki_http_reply_file(struct pki_http_request *req,
	const struct pki_http_header *headers, size_t header_count, int fd,
	uint64_t size);

/* The user at the other end of a Unix socket, as of its connect(); false for other sockets. */
bool pki_http_peer(const struct pki_http_request *req, uid_t *user);

/* Client. url_base: "unix:/path", "http://host:port" or "https://host:port". */
struct pki_http_response {
	long code;
	struct pki_buf body;
	char content_type[80];
	pki_time date; /* the server's Date; 0: none */
};
/* A request that a client sends. */
struct pki_http_outgoing {
	const char *url_base;
	const char *method;
	const char *path;
	const char *content_type; /* NULL: application/octet-stream */
	struct pki_bytes body; /* data NULL: none */
	size_t max; /* octets of the answer's body */
	const char *credentials; /* USER:PASSWORD; NULL: none */
	struct pki_bytes ca; /* PEM, trusted CAs; data NULL: the system's */
	bool lasting; /* the request changes something: a lost answer is UNKNOWN */
	unsigned stall_seconds; /* give up after so many seconds of silence; 0: never */
	const atomic_bool
		*stop; /* once set, the call ends within a second; may be NULL */
};
/* UNAVAILABLE: no answer; UNKNOWN: the same, after a lasting request was sent; LIMIT: the answer is above max. Any HTTP status counts as success. */
enum pki_status pki_http_send(const struct pki_http_outgoing *call,
	struct pki_http_response *out, struct pki_err *err) PKI_MUST_CHECK;
/* The same with GET and the defaults. */
enum pki_status pki_http_get(const char *url_base, const char *path, size_t max,
	struct pki_http_response *out, struct pki_err *err) PKI_MUST_CHECK;
void pki_http_response_free(struct pki_http_response *response);

#endif
