/* The HTTP server's own parts. */
#ifndef LIBPKI_HOST_HTTP_PRIV_H
#define LIBPKI_HOST_HTTP_PRIV_H

#include <microhttpd.h>
#include <pthread.h>

#include "libpki/host/http.h"

/* A listening socket, "unix:/path" or "127.0.0.1:8880". *fd is the caller's in any case. */
enum pki_status pki_http_open_listener(
	const char *where, int *fd, struct pki_err *err) PKI_MUST_CHECK;

/*
 * The connection limit. A connection waits for its client (for a request, or for the rest of a
 * request), is served, or its client reads an answer. Above the limit, room is made: the
 * connection that has waited longest for its client gets 503 and is shut, so that slow and
 * idle clients cannot keep new clients out. A connection with unread octets waits for the
 * server and stays. An answer that its client does not read gives way after some seconds.
 * Where there is no room to make, the limit is exceeded: a request that was taken gets its
 * answer.
 */
struct pki_http_entry {
	struct pki_http_entry *prev, *next; /* NULL: in no ring */
	int fd;
	bool shut;
	int64_t until; /* the client should have read the answer; ms, monotonic clock */
};

struct pki_http_limit {
	pthread_mutex_t lock;
	struct pki_http_entry waiting,
		reading; /* the rings' heads: longest there first */
	unsigned count, max; /* without the connections that are shut */
};

void pki_http_limit_init(struct pki_http_limit *limit, unsigned max);
void pki_http_limit_free(struct pki_http_limit *limit);
/* Waits for the client. NULL without memory: the connection is then never shut. */
struct pki_http_entry *pki_http_limit_add(struct pki_http_limit *limit, int fd);
/* Before the descriptor is closed. */
void pki_http_limit_remove(struct pki_http_limit *limit, struct pki_http_entry *entry);
/* The connection waits for its client. */
void pki_http_limit_wait(struct pki_http_limit *limit, struct pki_http_entry *entry);
/* The server has a whole request. False: the connection was shut, nobody would read the
 * answer. */
bool pki_http_limit_serve(struct pki_http_limit *limit, struct pki_http_entry *entry);
/* The answer is being sent. */
void pki_http_limit_answer(struct pki_http_limit *limit, struct pki_http_entry *entry);
/* Shut all connections that are not served. */
void pki_http_limit_shut_all(struct pki_http_limit *limit);

/* http_ready.c. Five headers' names and values are prefetched; further headers cost cache
 * misses. */
#define READY_PARTS 10
struct pki_http_ready {
	atomic_uint owners;
	struct MHD_Response *response; /* the last owner of all this */
	size_t part_count, body_len;
	const char *parts[READY_PARTS]; /* the response's names and values */
	uint8_t body[];
};
/* response may be NULL. */
void pki_http_add_headers(struct MHD_Response *response,
	const struct pki_http_header *headers, size_t header_count);

#endif
