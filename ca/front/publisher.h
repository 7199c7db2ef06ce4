/* A thread that publishes the log's new tiles and its checkpoint, once a second at most, and
 * the cosignatures that came for it. */
#ifndef CA_FRONT_PUBLISHER_H
#define CA_FRONT_PUBLISHER_H

#include <pthread.h>

#include "libpki/host/conf.h"
#include "libpki/state/ledger.h"

struct publisher {
	struct pki_ledger *ledger; /* its own */
	const char *dir;
	const struct pki_conf *conf;
	uint64_t published; /* entries */
	uint64_t committed;
	bool closed;
	bool soon; /* somebody waits for witnesses */
	enum pki_status told; /* of merging */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_t thread;
};

/* dir: PUB/log; published: what stands there. Borrows all pointers. */
enum pki_status publisher_start(struct publisher *publisher, const struct pki_conf *conf,
	struct pki_ledger *ledger, const char *dir, uint64_t published,
	struct pki_err *err) PKI_MUST_CHECK;
/* So many entries are committed now; soon: without the second's rest. */
void publisher_notify(struct publisher *publisher, uint64_t committed, bool soon);
/* Publish what is left, end the thread. */
void publisher_stop(struct publisher *publisher);

#endif
