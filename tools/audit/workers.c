#include "tools/audit/workers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A writer commits each few milliseconds; all readers begin within a fraction of one. */
#define SNAPSHOT_TRIES 200
#define SNAPSHOT_USEC 500

struct crew {
	struct audit *members; /* own their reader, cache and issuers */
	size_t count;
	struct pki_ledger *lookout; /* takes views: no reader within a snapshot can */
};

void
crew_free(struct crew *crew)
{
	if (crew == NULL)
		return;
	for (size_t i = 0; i < crew->count; i++) {
		struct audit *member = &crew->members[i];
		for (size_t k = 0; k < PKI_COUNT(member->issuers); k++)
			pki_cert_free(member->issuers[k]);
		pki_cms_cache_free(member->cache);
		pki_ledger_close(member->ledger);
	}
	pki_ledger_close(crew->lookout);
	free(crew->members);
	free(crew);
}

static void
crew_cleanup(struct crew **crew)
{
	crew_free(*crew);
}

enum pki_status
crew_new(const struct audit *a, size_t jobs, struct crew **out, struct pki_err *err)
{
	PKI_CLEANUP(crew_cleanup) struct crew *crew = calloc(1, sizeof *crew);
	if (crew != NULL)
		crew->members = calloc(jobs, sizeof *crew->members);
	if (crew == NULL || crew->members == NULL)
		return pki_fail(err, PKI_MEMORY, "%zu threads", jobs);
	if (jobs > 1)
		PKI_TRY(pki_ledger_open_beside(a->ledger, &crew->lookout, err));
	while (crew->count + 1 < jobs) {
		struct audit *member = &crew->members[crew->count++];
		PKI_TRY(pki_cms_cache_new(&member->cache, err));
		PKI_TRY(pki_ledger_open_beside(a->ledger, &member->ledger, err));
	}
	*out = crew;
	crew = NULL;
	return PKI_OK;
}

void
crew_release(struct audit *a)
{
	pki_ledger_release(a->ledger);
	for (size_t i = 0; i < a->crew->count; i++)
		pki_ledger_release(a->crew->members[i].ledger);
}

static enum pki_status
snapshots(struct audit *a, struct pki_err *err)
{
	enum pki_status status = pki_ledger_snapshot(a->ledger, err);
	for (size_t i = 0; status == PKI_OK && i < a->crew->count; i++)
		status = pki_ledger_snapshot(a->crew->members[i].ledger, err);
	return status;
}

enum pki_status
crew_snapshot(struct audit *a, struct pki_err *err)
{
	struct pki_ledger_view before, after;
	if (a->crew->count == 0)
		return pki_ledger_snapshot(a->ledger, err);
	for (int i = 0; i < SNAPSHOT_TRIES; i++) {
		PKI_TRY(pki_ledger_view(a->crew->lookout, &before, err));
		enum pki_status status = snapshots(a, err);
		if (status == PKI_OK)
			status = pki_ledger_view(a->crew->lookout, &after, err);
		if (status == PKI_OK && pki_ledger_view_equal(&before, &after))
			return PKI_OK;
		crew_release(a);
		PKI_TRY(status);
		usleep(SNAPSHOT_USEC);
	}
	return pki_fail(err, PKI_BUSY,
		"the ledger is written all the time; audit a copy, or with --jobs 1");
}

enum pki_status
crew_issuers(struct audit *a, struct pki_err *err)
{
	for (size_t i = 0; i < a->crew->count; i++)
		for (int k = PKI_ISSUER_ROOT; k <= PKI_ISSUER_CA; k++) {
			struct audit *member = &a->crew->members[i];
			PKI_TRY(pki_ledger_issuer(
				member->ledger, k, &member->issuers[k], err));
		}
	return PKI_OK;
}

/* One run. */
struct shift {
	const struct crew_part *part;
	void *state;
	uint64_t total;
	pthread_mutex_t lock; /* over what follows, and the state */
	uint64_t taken;
	bool ended;
	struct pki_err err;
};

struct hand {
	struct shift *shift;
	struct audit *audit;
	pthread_t thread;
	bool leads; /* the audit's own thread */
};

static size_t
take(struct hand *hand, void *batch)
{
	struct shift *shift = hand->shift;
	size_t count = 0;
	pthread_mutex_lock(&shift->lock);
	if (!shift->ended)
		shift->ended = shift->part->take(hand->audit, shift->state, batch, &count,
				       &shift->err) != PKI_OK ||
			       count == 0;
	shift->taken += count;
	uint64_t taken = shift->taken;
	pthread_mutex_unlock(&shift->lock);
	if (hand->leads)
		pki_progress(shift->part->name, taken, shift->total);
	return count;
}

static void *
work(void *arg)
{
	struct hand *hand = arg;
	void *batch = calloc(1, hand->shift->part->batch_size);
	size_t count;
	if (batch == NULL && hand->leads)
		(void)!pki_fail(&hand->shift->err, PKI_MEMORY, "a batch");
	while (batch != NULL && (count = take(hand, batch)) > 0)
		hand->shift->part->look(hand->audit, batch, count);
	free(batch);
	return NULL;
}

/* What the others know, and counts from 0. */
static void
brief(struct audit *member, const struct audit *a)
{
	struct audit own = *member;
	*member = *a;
	member->ledger = own.ledger;
	member->cache = own.cache;
	memcpy(member->issuers, own.issuers, sizeof own.issuers);
#define X(name) member->name = 0;
	AUDIT_COUNTS(X)
#undef X
}

static void
add_up(struct audit *a, const struct audit *member)
{
#define X(name) a->name += member->name;
	AUDIT_COUNTS(X)
#undef X
}

enum pki_status
crew_run(struct audit *a, const struct crew_part *part, void *state, uint64_t total,
	struct pki_err *err)
{
	struct shift shift = { .part = part, .state = state, .total = total };
	struct hand hands[CREW_MAX] = { { .shift = &shift, .audit = a, .leads = true } };
	size_t started = 1;
	pthread_mutex_init(&shift.lock, NULL);
	for (; started <= a->crew->count; started++) {
		struct hand *hand = &hands[started];
		*hand = (struct hand){ .shift = &shift,
			.audit = &a->crew->members[started - 1] };
		brief(hand->audit, a);
		if (pthread_create(&hand->thread, NULL, work, hand) != 0)
			break; /* the others do its work */
	}
	work(&hands[0]);
	for (size_t i = 1; i < started; i++) {
		pthread_join(hands[i].thread, NULL);
		add_up(a, hands[i].audit);
	}
	pthread_mutex_destroy(&shift.lock);
	*err = shift.err;
	return shift.err.status;
}
