/*
 * Threads that wait. All waits are measured by the monotonic clock: setting the wall clock
 * neither ends nor stalls a wait.
 *
 * - struct pki_wait: a lock and a condition, for threads with shared data.
 * - struct pki_backoff: growing pauses after failures.
 * - struct pki_worker: a thread that repeats a job until stopped.
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

/* The moment on the monotonic clock in msec milliseconds; PKI_WAIT_FOREVER: never. */
int64_t pki_wait_end(long msec);

/* With the lock held: sleep until pki_wait_wake() or the moment `end`. False once `end` has
 * passed. May also return true without a wake-up. */
bool pki_wait_until(struct pki_wait *wait, int64_t end);

/* Wakes every waiting thread. With the lock held or not. */
void pki_wait_wake(struct pki_wait *wait);

/* Pauses of first_msec, twice first_msec, four times, ..., max_msec. */
struct pki_backoff {
	long first_msec, max_msec;
	long next_msec; /* 0: first_msec */
};

/* How long to wait after this failure. */
long pki_backoff_fail(struct pki_backoff *backoff);
/* After a success: the next pause is first_msec again. */
void pki_backoff_reset(struct pki_backoff *backoff);

/*
 * A pass of a worker's job. *wait_msec is how long the worker then waits, at most, and is 0 on
 * entry: the next pass follows at once. PKI_WAIT_FOREVER: until pki_worker_wake(). After a
 * failure the worker waits for the back-off instead, and a wake-up does not shorten the back-off.
 */
typedef enum pki_status pki_worker_job(void *ctx, long *wait_msec, struct pki_err *err);

struct pki_report;

struct pki_worker_config {
	const char *name; /* for the error if the thread cannot start */
	pki_worker_job *job;
	void *ctx;
	struct pki_backoff backoff;
	struct pki_report *report; /* of the job's failures and their end; NULL: none */
	bool waits; /* the first pass follows the first pki_worker_wake() */
};

/* The fields are private to worker.c, except `stop`: jobs may read `stop`. */
struct pki_worker {
	atomic_bool stop; /* the job should return soon */
	struct pki_worker_config config;
	struct pki_wait wait;
	unsigned wakes; /* so many wake-ups came */
	pthread_t thread;
	bool initialized, started;
};

/* config is copied; all pointers in config must outlive the worker. */
enum pki_status pki_worker_init(struct pki_worker *worker,
	const struct pki_worker_config *config, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status pki_worker_start(
	struct pki_worker *worker, struct pki_err *err) PKI_MUST_CHECK;

/* There is work: the next pass begins now, or right after the present pass, regardless of
 * *wait_msec. Before pki_worker_start(), too. */
void pki_worker_wake(struct pki_worker *worker);

/* Set `stop` and end the present wait, without waiting for the thread. To end several workers
 * together, stop all, then free each. */
void pki_worker_stop(struct pki_worker *worker);
/* Also waits for the thread's end. Nothing happens to a worker of zeros. */
void pki_worker_free(struct pki_worker *worker);

#endif
