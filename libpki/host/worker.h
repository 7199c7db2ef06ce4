/*
 * Threads that wait. All waits are measured by the monotonic clock: a wall clock that is set
 * forward or back neither ends nor stalls them.
 *
 * - struct pki_wait: a lock and a condition, for threads that share data.
 * - struct pki_backoff: growing pauses between attempts that fail.
 * - struct pki_worker: a thread that repeats one job until it is stopped.
 */
#ifndef LIBPKI_HOST_WORKER_H
#define LIBPKI_HOST_WORKER_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "libpki/base/err.h"

/* A time to wait, in milliseconds: without end. */
#define PKI_WAIT_FOREVER (-1)

/*
 * The caller's data is read and written with `lock` held. A wait is a loop over a condition:
 *
 *	int64_t end = pki_wait_end(msec);
 *	pthread_mutex_lock(&wait->lock);
 *	while (!ready && pki_wait_until(wait, end))
 *		;
 */
struct pki_wait {
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

enum pki_status pki_wait_init(struct pki_wait *wait, struct pki_err *err) PKI_MUST_CHECK;
void pki_wait_destroy(struct pki_wait *wait);

/* The moment on the monotonic clock that is msec milliseconds ahead; PKI_WAIT_FOREVER: never. */
int64_t pki_wait_end(long msec);

/* With the lock held: sleep until pki_wait_wake() or the moment `end`. False once `end` has
 * passed. May also return true without a wake-up. */
bool pki_wait_until(struct pki_wait *wait, int64_t end);

/* Wakes every thread that waits. With the lock held or not. */
void pki_wait_wake(struct pki_wait *wait);

/* Pauses of first_msec, twice that, four times, ..., max_msec. */
struct pki_backoff {
	long first_msec, max_msec;
	long next_msec; /* 0: first_msec */
};

/* How long to wait after this failure. */
long pki_backoff_fail(struct pki_backoff *backoff);
/* After a success: the next pause is first_msec again. */
void pki_backoff_reset(struct pki_backoff *backoff);

/*
 * One pass of a worker's job. *wait_msec is how long the worker then waits, at most, and is 0
 * on entry: the next pass follows at once. PKI_WAIT_FOREVER: until pki_worker_wake(). After a
 * failure *wait_msec does not count: the back-off does, and a wake-up does not shorten it.
 */
typedef enum pki_status pki_worker_job(void *ctx, long *wait_msec, struct pki_err *err);

struct pki_report;

struct pki_worker_config {
	const char *name; /* for the error of a thread that cannot start */
	pki_worker_job *job;
	void *ctx;
	struct pki_backoff backoff;
	struct pki_report *report; /* of a job's failures and their end; NULL: nowhere */
	bool waits; /* the first pass follows the first pki_worker_wake() */
};

/* The fields are this module's, `stop` excepted: jobs may read it. */
struct pki_worker {
	atomic_bool stop; /* the job should return soon */
	struct pki_worker_config config;
	struct pki_wait wait;
	unsigned wakes; /* so many wake-ups came */
	pthread_t thread;
	bool initialized, started;
};

/* config is copied; what it points to must outlive the worker. */
enum pki_status pki_worker_init(struct pki_worker *worker,
	const struct pki_worker_config *config, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status pki_worker_start(
	struct pki_worker *worker, struct pki_err *err) PKI_MUST_CHECK;

/* There is work: the next pass begins now, or right after the present one, whatever that
 * one's *wait_msec says. Before pki_worker_start() too. */
void pki_worker_wake(struct pki_worker *worker);

/* Set `stop` and end the present wait; does not wait for the thread. So that several workers
 * end at the same time, ask all, then free each. */
void pki_worker_stop(struct pki_worker *worker);
/* Also waits for the thread to end. Nothing on a worker that is all zeros. */
void pki_worker_free(struct pki_worker *worker);

#endif
