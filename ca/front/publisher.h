/*
 * The worker that publishes the log: new tiles and the checkpoint, once a second at most,
 * and the witnesses' cosignatures on the checkpoint.
 */
#ifndef CA_FRONT_PUBLISHER_H
#define CA_FRONT_PUBLISHER_H

#include "libpki/host/conf.h"
#include "libpki/host/report.h"
#include "libpki/host/worker.h"
#include "libpki/state/ledger.h"

/* Borrowed. */
struct publisher_config {
	const struct pki_conf *conf;
	struct pki_ledger *ledger; /* the worker's own */
	const char *dir; /* PUB/log */
	uint64_t published; /* entries that dir has */
};

struct publisher {
	struct publisher_config config;
	struct pki_worker worker;
	struct pki_report publish_report, merge_report;
	/* of the worker's thread alone */
	uint64_t published; /* entries */
	int64_t last; /* publication, ms of the monotonic clock; 0: none */
	/* under the lock */
	pthread_mutex_t lock;
	uint64_t committed; /* entries */
	bool soon; /* orders wait for witnesses */
	bool idle; /* the worker waits for publisher_notify() */
};

enum pki_status publisher_start(struct publisher *publisher,
	const struct publisher_config *config, struct pki_err *err) PKI_MUST_CHECK;
/* Reports the number of committed entries. soon: publish without the pause of a
 * second. */
void publisher_notify(struct publisher *publisher, uint64_t committed, bool soon);
/* Publish the remaining entries, end the worker. */
void publisher_stop(struct publisher *publisher);

#endif
