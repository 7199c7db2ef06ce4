/*
 * An HTTP/1.1 load client for one thread: epoll, one request at a time on each connection.
 * With a rate it is an open loop: requests fall due whether or not earlier ones were answered,
 * and what waits for a connection waits on the clock ("coordinated omission" has no place).
 */
#ifndef TESTS_BENCH_HTTP_LOAD_H
#define TESTS_BENCH_HTTP_LOAD_H

#include <netinet/in.h>

#include "libpki/base/mem.h"

#define HTTP_LOAD_CONNECTIONS_MAX 1024
/* The largest answer; more counts as lost. */
#define HTTP_LOAD_ANSWER_MAX ((size_t)64 << 10)

struct http_call {
	struct pki_bytes wire; /* the whole request; set by ask(), stays until the end */
	size_t item; /* the caller's */
	uint64_t due; /* nsec_now(): when it should have been sent */
	uint64_t sent; /* when it was */
};

struct http_answer {
	unsigned code;
	struct pki_bytes body;
	uint64_t at; /* when it was whole */
};

struct http_load {
	struct sockaddr_in address;
	size_t connections;
	double rate; /* per second; 0: as fast as answers come */
	bool fresh; /* a connection for each request; requests say Connection: close */
	uint64_t start; /* nsec_now(): from when requests fall due ... */
	uint64_t until; /* ... and until when; answers may come 5 s later */
	uint64_t count; /* ask no more than this; 0: no bound */
	void *ctx;
	void (*ask)(void *ctx, struct http_call *call);
	void (*answered)(void *ctx, const struct http_call *call,
		const struct http_answer *answer);
	/* The connection was refused, or ended or lay still before the answer. */
	void (*lost)(void *ctx, const struct http_call *call, const char *why);
};

void http_load_run(const struct http_load *load);

/* "http://127.0.0.1:8880/path": address, and the path ("/" if there is none); exit 2 for anything
 * else. */
const char *http_load_url(const char *url, struct sockaddr_in *out);

#endif
