/* A limit of requests per signer and time. */
#ifndef CA_FRONT_RATE_H
#define CA_FRONT_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "libpki/base/serial.h"

/* More officers than send orders within one burst; where there are more, the signer who was
 * quiet the longest is forgotten. */
#define RATE_SIGNERS 256

/*
 * The generic cell rate algorithm (ITU-T I.371): each request of a signer moves the signer's
 * due time on by `interval`, and a request is within the rate while the due time is less
 * than `burst` intervals ahead of the clock. A due time that has passed need not be known.
 */
struct rate {
	int64_t interval; /* microseconds from one request to the next */
	int64_t burst; /* requests at once, at least 1 */
	struct {
		struct pki_serial who;
		int64_t due; /* microseconds, monotonic clock */
	} signers[RATE_SIGNERS];
};

/* Counts a request at the time `now`, microseconds of the monotonic clock, if the request is
 * within the signer's rate. */
bool rate_take(struct rate *rate, const struct pki_serial *who, int64_t now);

#endif
