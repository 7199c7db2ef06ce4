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
 * The connection limit. Connections whose next step is the client's (a request to finish, an
 * answer to read) form a ring. Above the limit, the connection that has waited longest is shut,
 * so that slow and idle clients cannot keep new clients out.
 */
struct pki_http_entry {
	struct pki_http_entry *prev, *next; /* NULL: the server's turn */
	int fd;
};

struct pki_http_limit {
	pthread_mutex_t lock;
	struct pki_http_entry waiting; /* the ring's head: longest waiting first */
	unsigned count, max;
};

void pki_http_limit_init(struct pki_http_limit *limit, unsigned max);
void pki_http_limit_free(struct pki_http_limit *limit);
/* NULL without memory: the connection is then never shut. */
struct pki_http_entry *pki_http_limit_add(struct pki_http_limit *limit, int fd);
/* Before the descriptor is closed. */
void pki_http_limit_remove(struct pki_http_limit *limit, struct pki_http_entry *entry);
/* The next step is the client's; or the server's. */
void pki_http_limit_wait(struct pki_http_limit *limit, struct pki_http_entry *entry);
void pki_http_limit_serve(struct pki_http_limit *limit, struct pki_http_entry *entry);
/* Shut all connections that wait for a client. */
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
