#include "tools/audit/workers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A busy writer commits every few milliseconds; all readers begin within less than a
 * millisecond. */
#define SNAPSHOT_TRIES 200
#define SNAPSHOT_USEC 500

struct workers {
	struct audit *members; /* each owns reader, cache and issuers */
	size_t count;
	struct pki_ledger *viewer; /* takes views, which a reader in a snapshot cannot */
};

void
workers_free(struct workers *workers)
{
	if (workers == NULL)
		return;
	for (size_t i = 0; i < workers->count; i++) {
		struct audit *member = &workers->members[i];
		for (size_t k = 0; k < PKI_COUNT(member->issuers); k++)
			pki_cert_free(member->issuers[k]);
		pki_cms_cache_free(member->cache);
		pki_ledger_close(member->ledger);
	}
	pki_ledger_close(workers->viewer);
	free(workers->members);
	free(workers);
}

static void
workers_cleanup(struct workers **workers)
{
	workers_free(*workers);
}

enum pki_status
workers_new(const struct audit *a, size_t jobs, struct workers **out, struct pki_err *err)
{
	PKI_CLEANUP(workers_cleanup) struct workers *workers = calloc(1, sizeof *workers);
	if (workers != NULL)
		workers->members = calloc(jobs, sizeof *workers->members);
	if (workers == NULL || workers->members == NULL)
		return pki_fail(err, PKI_MEMORY, "%zu threads", jobs);
	if (jobs > 1)
		PKI_TRY(pki_ledger_open_beside(a->ledger, &workers->viewer, err));
	while (workers->count + 1 < jobs) {
		struct audit *member = &workers->members[workers->count++];
		PKI_TRY(pki_cms_cache_new(&member->cache, err));
		PKI_TRY(pki_ledger_open_beside(a->ledger, &member->ledger, err));
	}
	*out = workers;
	workers = NULL;
	return PKI_OK;
}

void
workers_release(struct audit *a)
{
	pki_ledger_release(a->ledger);
	for (size_t i = 0; i < a->workers->count; i++)
		pki_ledger_release(a->workers->members[i].ledger);
}

static enum pki_status
snapshots(struct audit *a, struct pki_err *err)
{
	enum pki_status status = pki_ledger_snapshot(a->ledger, err);
	for (size_t i = 0; status == PKI_OK && i < a->workers->count; i++)
		status = pki_ledger_snapshot(a->workers->members[i].ledger, err);
	return status;
}

enum pki_status
workers_snapshot(struct audit *a, struct pki_err *err)
{
	struct pki_ledger_view before, after;
	if (a->workers->count == 0)
		return pki_ledger_snapshot(a->ledger, err);
	for (int i = 0; i < SNAPSHOT_TRIES; i++) {
		PKI_TRY(pki_ledger_view(a->workers->viewer, &before, err));
		enum pki_status status = snapshots(a, err);
		if (status == PKI_OK)
			status = pki_ledger_view(a->workers->viewer, &after, err);
		if (status == PKI_OK && pki_ledger_view_equal(&before, &after))
			return PKI_OK;
		workers_release(a);
		PKI_TRY(status);
		usleep(SNAPSHOT_USEC);
	}
	return pki_fail(err, PKI_BUSY,
		"the ledger is written all the time; audit a copy, or with --jobs 1");
}

enum pki_status
workers_read_issuers(struct audit *a, struct pki_err *err)
{
	for (size_t i = 0; i < a->workers->count; i++)
		for (int k = PKI_ISSUER_ROOT; k <= PKI_ISSUER_CA; k++) {
			struct audit *member = &a->workers->members[i];
			PKI_TRY(pki_ledger_issuer(
				member->ledger, k, &member->issuers[k], err));
		}
	return PKI_OK;
}

/* A run of a task. */
struct run {
	const struct workers_task *task;
	void *state;
	uint64_t total;
	pthread_mutex_t lock; /* of the members below, and of state */
	uint64_t taken;
	bool ended;
	struct pki_err err;
};

struct worker {
	struct run *run;
	struct audit *audit;
	pthread_t thread;
	bool main; /* the audit's first thread */
};

static size_t
take(struct worker *worker, void *batch)
{
	struct run *run = worker->run;
	size_t count = 0;
	pthread_mutex_lock(&run->lock);
	if (!run->ended)
		run->ended = run->task->take(worker->audit, run->state, batch, &count,
				     &run->err) != PKI_OK ||
			     count == 0;
	run->taken += count;
	uint64_t taken = run->taken;
	pthread_mutex_unlock(&run->lock);
	if (worker->main)
		pki_progress(run->task->name, taken, run->total);
	return count;
}

static void *
work(void *arg)
{
	struct worker *worker = arg;
	void *batch = calloc(1, worker->run->task->batch_size);
	size_t count;
	if (batch == NULL && worker->main)
		(void)!pki_fail(&worker->run->err, PKI_MEMORY, "a batch");
	while (batch != NULL && (count = take(worker, batch)) > 0)
		worker->run->task->check(worker->audit, batch, count);
	free(batch);
	return NULL;
}

/* The member knows all facts of a; its counts begin with 0. */
static void
copy_facts(struct audit *member, const struct audit *a)
{
	struct audit own = *member;
	*member = *a;
	member->ledger = own.ledger;
	member->cache = own.cache;
	memcpy(member->issuers, own.issuers, sizeof own.issuers);
	member->counts = (struct audit_counts){ 0 };
}

static void
add_up(struct audit *a, const struct audit *member)
{
#define X(name) a->counts.name += member->counts.name;
	AUDIT_COUNTS(X)
#undef X
}

enum pki_status
workers_run(struct audit *a, const struct workers_task *task, void *state, uint64_t total,
	struct pki_err *err)
{
	struct run run = { .task = task, .state = state, .total = total };
	struct worker threads[WORKERS_MAX] = {
		{ .run = &run, .audit = a, .main = true }
	};
	size_t started = 1;
	pthread_mutex_init(&run.lock, NULL);
	for (; started <= a->workers->count; started++) {
		struct worker *worker = &threads[started];
		*worker = (struct worker){ .run = &run,
			.audit = &a->workers->members[started - 1] };
		copy_facts(worker->audit, a);
		if (pthread_create(&worker->thread, NULL, work, worker) != 0)
			break; /* the threads started so far do all the work */
	}
	work(&threads[0]);
	for (size_t i = 1; i < started; i++) {
		pthread_join(threads[i].thread, NULL);
		add_up(a, threads[i].audit);
	}
	pthread_mutex_destroy(&run.lock);
	return pki_err_move(err, &run.err);
}
