#include "libpki/host/worker.h"

#include <time.h>

#include "libpki/base/time.h"
#include "libpki/host/report.h"

enum pki_status
pki_wait_init(struct pki_wait *wait, struct pki_err *err)
{
	pthread_condattr_t attr;
	if (pthread_mutex_init(&wait->lock, NULL) != 0 ||
		pthread_condattr_init(&attr) != 0)
		return pki_fail(err, PKI_MEMORY, "a lock");
	bool made = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
		    pthread_cond_init(&wait->changed, &attr) == 0;
	pthread_condattr_destroy(&attr);
	return made ? PKI_OK : pki_fail(err, PKI_MEMORY, "a lock");
}

void
pki_wait_destroy(struct pki_wait *wait)
{
	pthread_cond_destroy(&wait->changed);
	pthread_mutex_destroy(&wait->lock);
}

int64_t
pki_wait_end(long msec)
{
	return msec < 0 ? INT64_MAX : pki_monotonic_msec() + msec;
}

bool
pki_wait_until(struct pki_wait *wait, int64_t end)
{
	if (end == INT64_MAX)
		return pthread_cond_wait(&wait->changed, &wait->lock) == 0;
	const struct timespec at = { end / 1000, end % 1000 * 1000000 };
	return pthread_cond_timedwait(&wait->changed, &wait->lock, &at) == 0;
}

void
pki_wait_wake(struct pki_wait *wait)
{
	pthread_cond_broadcast(&wait->changed);
}

long
pki_backoff_fail(struct pki_backoff *backoff)
{
	long now = backoff->next_msec != 0 ? backoff->next_msec : backoff->first_msec;
	backoff->next_msec = now * 2 < backoff->max_msec ? now * 2 : backoff->max_msec;
	return now;
}

void
pki_backoff_reset(struct pki_backoff *backoff)
{
	backoff->next_msec = 0;
}

enum pki_status
pki_worker_init(struct pki_worker *worker, const struct pki_worker_config *config,
	struct pki_err *err)
{
	*worker = (struct pki_worker){ .config = *config };
	PKI_TRY(pki_wait_init(&worker->wait, err));
	worker->initialized = true;
	return PKI_OK;
}

/* Until `stop`, or msec have passed, or (seen not NULL) more wake-ups than *seen came. */
static void
rest(struct pki_worker *worker, long msec, const unsigned *seen)
{
	int64_t end = pki_wait_end(msec);
	pthread_mutex_lock(&worker->wait.lock);
	while (!atomic_load(&worker->stop) && (seen == NULL || worker->wakes == *seen))
		if (!pki_wait_until(&worker->wait, end))
			break;
	pthread_mutex_unlock(&worker->wait.lock);
}

static void
pass(struct pki_worker *worker)
{
	struct pki_worker_config *config = &worker->config;
	struct pki_err err = { 0 };
	long wait_msec = 0;
	pthread_mutex_lock(&worker->wait.lock);
	unsigned seen = worker->wakes;
	pthread_mutex_unlock(&worker->wait.lock);
	if (config->job(config->ctx, &wait_msec, &err) == PKI_OK) {
		pki_report_end(config->report);
		pki_backoff_reset(&config->backoff);
		if (wait_msec != 0)
			rest(worker, wait_msec, &seen);
		return;
	}
	if (!atomic_load(&worker->stop))
		pki_report_trouble(config->report, &err);
	rest(worker, pki_backoff_fail(&config->backoff), NULL);
}

static void *
run(void *ctx)
{
	static const unsigned none = 0;
	struct pki_worker *worker = ctx;
	if (worker->config.waits)
		rest(worker, PKI_WAIT_FOREVER, &none);
	while (!atomic_load(&worker->stop))
		pass(worker);
	return NULL;
}

enum pki_status
pki_worker_start(struct pki_worker *worker, struct pki_err *err)
{
	int rc = pthread_create(&worker->thread, NULL, run, worker);
	worker->started = rc == 0;
	return rc == 0 ? PKI_OK
		       : pki_fail_errno(err, PKI_INTERNAL, rc, "the thread of %s",
				 worker->config.name);
}

void
pki_worker_wake(struct pki_worker *worker)
{
	pthread_mutex_lock(&worker->wait.lock);
	worker->wakes++;
	pki_wait_wake(&worker->wait);
	pthread_mutex_unlock(&worker->wait.lock);
}

void
pki_worker_stop(struct pki_worker *worker)
{
	if (!worker->initialized)
		return;
	pthread_mutex_lock(&worker->wait.lock);
	atomic_store(&worker->stop, true);
	pki_wait_wake(&worker->wait);
	pthread_mutex_unlock(&worker->wait.lock);
}

void
pki_worker_free(struct pki_worker *worker)
{
	if (!worker->initialized)
		return;
	pki_worker_stop(worker);
	if (worker->started)
		pthread_join(worker->thread, NULL);
	pki_wait_destroy(&worker->wait);
	worker->initialized = worker->started = false;
}
