/* Prepared orders to a running pki-ca, over many connections at once. */
#ifndef TESTS_BENCH_SUBMIT_H
#define TESTS_BENCH_SUBMIT_H

#include "libpki/base/mem.h"
#include "tests/bench/common/hist.h"

#define SUBMIT_CONNECTIONS_MAX 256

struct submission {
	const char *socket;
	const struct pki_buf *orders; /* CMS */
	size_t count;
	size_t connections;
	double rate; /* orders per second, on the dot; 0: as fast as they are answered */
	/* results */
	size_t failed; /* not 200; the first few on stderr */
	double seconds;
	struct hist hist; /* nanoseconds from when an order was due to its answer */
};

void submit(struct submission *all);

#endif
