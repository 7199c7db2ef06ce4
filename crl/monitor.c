#include "crl/crld.h"

/* A list that is due takes this long until it is out; so may a revocation (rule 53). */
#define GRACE ((pki_time)60)

static const char *const lists[] = { "root", "ca", NULL };
static const char *const results[] = { "published", "refused", "failed", NULL };
static const char *const put_results[] = { "done", "failed", NULL };
static const char *places[PKI_PLACES_MAX + 1]; /* the configuration's */

static const struct pki_metric metrics[] = {
	[CRL_AGE] = { "pki_crl_age_seconds", PKI_AGE,
		"Since thisUpdate of the published list.", { { "list", lists } } },
	[CRL_LEFT] = { "pki_crl_left_seconds", PKI_LEFT,
		"Until nextUpdate of the published list.", { { "list", lists } } },
	[CRL_NUMBER] = { "pki_crl_number", PKI_GAUGE, "CRLNumber of the published list.",
		{ { "list", lists } } },
	[CRL_ENTRIES] = { "pki_crl_entries", PKI_GAUGE, "Entries of the published list.",
		{ { "list", lists } } },
	[CRL_PUBLISHED] = { "pki_crl_published_age_seconds", PKI_AGE,
		"Since the list was published.", { { "list", lists } } },
	[CRL_RESULTS] = { "pki_crl_publications_total", PKI_COUNTER,
		"Attempts to publish a list; refused: by the gate.",
		{ { "list", lists }, { "result", results } } },
	[CRL_REFUSED] = { "pki_crl_refused", PKI_GAUGE,
		"Whether the gate refuses the newest list.", { { "list", lists } } },
	[CRL_BACKLOG] = { "pki_crl_backlog", PKI_GAUGE,
		"Revocations that are not on the published list.", { { 0 } } },
	[CRL_BACKLOG_AGE] = { "pki_crl_backlog_age_seconds", PKI_AGE,
		"Since the oldest of them.", { { 0 } } },
	[CRL_FAILING] = { "pki_crl_failing_seconds", PKI_AGE,
		"Since the service has been failing, whatever the cause.", { { 0 } } },
	[CRL_PUTS] = { "pki_crl_puts_total", PKI_COUNTER,
		"Files sent to a place, fetched back and compared.",
		{ { "place", places }, { "result", put_results } } },
	[CRL_PUT_PENDING] = { "pki_crl_put_pending", PKI_GAUGE,
		"Files that a place does not have yet.", { { "place", places } } },
	[CRL_PUT_DONE] = { "pki_crl_put_done_age_seconds", PKI_AGE,
		"Since a place was last seen to have all files.", { { "place", places } } },
	[CRL_PUT_FAILING] = { "pki_crl_put_failing_seconds", PKI_AGE,
		"Since a place has been failing.", { { "place", places } } },
	{ 0 },
};

static size_t
list_of(int issuer)
{
	return issuer == PKI_ISSUER_ROOT ? 0 : 1;
}

static pki_time
get(const struct crld *d, enum crl_metric metric, size_t which)
{
	return pki_monitor_get(d->monitor, metric, which);
}

static void
check_lists(const struct crld *d, struct pki_health *health)
{
	pki_time now = pki_time_now(), made = get(d, CRL_AGE, list_of(PKI_ISSUER_CA));
	pki_time age = now - made;
	if (made == 0)
		pki_health_wrong(health, "ca: no list is published");
	else if (age > d->conf.crl_interval + GRACE)
		pki_health_wrong(health,
			"ca: the list is %lld s old; a new one is due every %lld s",
			(long long)age, (long long)d->conf.crl_interval);
	for (size_t i = 0; lists[i] != NULL; i++) {
		pki_time end = get(d, CRL_LEFT, i);
		if (end != 0 && end <= now)
			pki_health_wrong(health, "%s: nextUpdate has passed", lists[i]);
		if (get(d, CRL_REFUSED, i) != 0)
			pki_health_wrong(
				health, "%s: the gate refuses the newest list", lists[i]);
	}
}

static void
check_health(void *ctx, struct pki_health *health)
{
	const struct crld *d = ctx;
	pki_time now = pki_time_now(), since = get(d, CRL_BACKLOG_AGE, 0);
	check_lists(d, health);
	if (since != 0 && now - since > GRACE)
		pki_health_wrong(health, "%lld revocations are on no list, since %lld s",
			(long long)get(d, CRL_BACKLOG, 0), (long long)(now - since));
	for (size_t i = 0; i < d->conf.crl_put_count; i++) {
		since = get(d, CRL_PUT_FAILING, i);
		if (since != 0)
			pki_health_wrong(health, "%s: files do not get there, since %lld s",
				places[i], (long long)(now - since));
	}
}

enum pki_status
monitor_listen(struct crld *d, const char *address, struct pki_err *err)
{
	const struct pki_monitor_config config = {
		.listen = address,
		.metrics = metrics,
		.sets = 1 + d->conf.crl_put_count,
		.health = check_health,
		.ctx = d,
	};
	for (size_t i = 0; i < d->conf.crl_put_count; i++)
		places[i] = d->conf.crl_put[i].url;
	return pki_monitor_listen(&config, &d->monitor, err);
}

static void
set(struct crld *d, enum crl_metric metric, size_t which, int64_t value)
{
	pki_cells_set(pki_monitor_cells(d->monitor, 0), metric, which, value);
}

void
monitor_result(struct crld *d, int issuer, enum crl_result result)
{
	size_t list = list_of(issuer);
	pki_cells_add(pki_monitor_cells(d->monitor, 0), CRL_RESULTS,
		list * CRL_RESULT_COUNT + result, 1);
	set(d, CRL_REFUSED, list, result == CRL_REFUSED_IT);
}

/* What the ledger knows about the list that is out: nothing, if that is an old backup. */
static void
note_row(struct crld *d, int issuer, uint64_t number)
{
	struct pki_crl_row row = { 0 };
	struct pki_err none = { 0 };
	if (pki_ledger_crl(d->ledger, issuer, number, &row, &none) != PKI_OK)
		return;
	set(d, CRL_PUBLISHED, list_of(issuer),
		row.published != 0 ? row.published / 1000 : pki_time_now());
	if (issuer == PKI_ISSUER_CA) {
		d->covered = row.revocations;
		set(d, CRL_BACKLOG, 0, 0);
		set(d, CRL_BACKLOG_AGE, 0, 0);
	}
	pki_crl_row_free(&row);
}

void
monitor_list(struct crld *d, int issuer, const struct pki_crl *crl)
{
	size_t list = list_of(issuer);
	int64_t number = (int64_t)pki_crl_number(crl);
	if (get(d, CRL_NUMBER, list) == number)
		return;
	set(d, CRL_AGE, list, pki_crl_this_update(crl));
	set(d, CRL_LEFT, list, pki_crl_next_update(crl));
	set(d, CRL_NUMBER, list, number);
	set(d, CRL_ENTRIES, list, (int64_t)pki_crl_count(crl));
	note_row(d, issuer, pki_crl_number(crl));
}

struct oldest {
	uint64_t skip;
	pki_msec committed;
};

static enum pki_status
on_revocation(void *ctx, const struct pki_revocation_row *row, struct pki_err *err)
{
	struct oldest *oldest = ctx;
	if (oldest->skip-- > 0)
		return PKI_OK;
	oldest->committed = row->committed;
	return pki_fail(err, PKI_STATE, "found");
}

/* The first look may come long after the revocation: the ledger knows. Later ones come
 * within a second of it. */
static pki_time
first_seen(struct crld *d)
{
	struct oldest oldest = { d->covered, 0 };
	struct pki_err none = { 0 };
	if (!d->looked && pki_ledger_each_revocation(d->ledger, PKI_ISSUER_CA,
				  on_revocation, &oldest, &none) == PKI_STATE)
		return oldest.committed / 1000;
	return pki_time_now();
}

void
monitor_backlog(struct crld *d, uint64_t revocations)
{
	if (get(d, CRL_NUMBER, list_of(PKI_ISSUER_CA)) == 0)
		return; /* not known yet what is out */
	uint64_t backlog = revocations > d->covered ? revocations - d->covered : 0;
	bool begins = get(d, CRL_BACKLOG, 0) == 0;
	if (backlog == 0)
		set(d, CRL_BACKLOG_AGE, 0, 0);
	else if (begins)
		set(d, CRL_BACKLOG_AGE, 0, first_seen(d));
	set(d, CRL_BACKLOG, 0, (int64_t)backlog);
	d->looked = true;
}

void
monitor_working(struct crld *d, bool works)
{
	if (works)
		set(d, CRL_FAILING, 0, 0);
	else if (get(d, CRL_FAILING, 0) == 0)
		set(d, CRL_FAILING, 0, pki_time_now());
}
