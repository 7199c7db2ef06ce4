#include "crl/service.h"
#include "libpki/host/conf_crl.h"

/* A list that is due takes this long until it is out; so may a revocation (rule 53). */
#define GRACE ((pki_time)60)

/* All partitions as one: the oldest, the first to end, the highest number. */
static const char *const lists[] = { "root", "ca", "partitions", NULL };
static const char *const results[] = { "published", "refused", "failed", NULL };
static const char *const put_results[] = { "done", "failed", NULL };
static const char *const answers[] = { "agrees", "contradicts", "silent", NULL };
static const char *responders[PKI_RESPONDERS_MAX + 1]; /* the configuration's */
/* What the configuration says at the start: without it there is none that could be shown.
 */
static size_t partitions;
static const char *places[PKI_MIRRORS_MAX + 1]; /* the configuration's */

#define PARTITION \
	{ \
		"partition", NULL, &partitions \
	}

static const struct pki_metric metrics[] = {
	[CRL_AGE] = { "pki_crl_age_seconds", PKI_AGE,
		"Since thisUpdate of the published list.", { { "list", lists, NULL } } },
	[CRL_LEFT] = { "pki_crl_left_seconds", PKI_LEFT,
		"Until nextUpdate of the published list.", { { "list", lists, NULL } } },
	[CRL_NUMBER] = { "pki_crl_number", PKI_GAUGE, "CRLNumber of the published list.",
		{ { "list", lists, NULL } } },
	[CRL_ENTRIES] = { "pki_crl_entries", PKI_GAUGE, "Entries of the published list.",
		{ { "list", lists, NULL } } },
	[CRL_BYTES] = { "pki_crl_bytes", PKI_GAUGE, "Size of the published list.",
		{ { "list", lists, NULL } } },
	[CRL_PUBLISHED] = { "pki_crl_published_age_seconds", PKI_AGE,
		"Since the list was published.", { { "list", lists, NULL } } },
	[CRL_RESULTS] = { "pki_crl_publications_total", PKI_COUNTER,
		"Attempts to publish a list; refused: by the gate.",
		{ { "list", lists, NULL }, { "result", results, NULL } } },
	[CRL_REFUSED] = { "pki_crl_refused", PKI_GAUGE,
		"Whether the gate refuses the newest list.",
		{ { "list", lists, NULL } } },
	[CRL_BACKLOG] = { "pki_crl_backlog", PKI_GAUGE,
		"Revocations that are not on the published list.", { { 0 } } },
	[CRL_BACKLOG_AGE] = { "pki_crl_backlog_age_seconds", PKI_AGE,
		"Since the oldest of them.", { { 0 } } },
	[CRL_FAILING] = { "pki_crl_failing_seconds", PKI_AGE,
		"Since the service has been failing, whatever the cause.", { { 0 } } },
	[CRL_COMPARISONS] = { "pki_crl_ocsp_comparisons_total", PKI_COUNTER,
		"Lists that a responder was asked about before they went out.",
		{ { "responder", responders, NULL }, { "result", answers, NULL } } },
	[CRL_CONTRADICTED] = { "pki_crl_ocsp_contradicts", PKI_GAUGE,
		"Whether a responder contradicted the newest list that it was asked about.",
		{ { "responder", responders, NULL } } },
	[CRL_SILENT_SINCE] = { "pki_crl_ocsp_silent_seconds", PKI_AGE,
		"Since a responder could not be asked.",
		{ { "responder", responders, NULL } } },
	[CRL_PUTS] = { "pki_crl_puts_total", PKI_COUNTER,
		"Files sent to a place, fetched back and compared.",
		{ { "place", places, NULL }, { "result", put_results, NULL } } },
	[CRL_PUT_PENDING] = { "pki_crl_put_pending", PKI_GAUGE,
		"Files that a place does not have yet.", { { "place", places, NULL } } },
	[CRL_PUT_DONE] = { "pki_crl_put_done_age_seconds", PKI_AGE,
		"Since a place was last seen to have all files.",
		{ { "place", places, NULL } } },
	[CRL_PUT_FAILING] = { "pki_crl_put_failing_seconds", PKI_AGE,
		"Since a place has been failing.", { { "place", places, NULL } } },
	[CRL_PART_AGE] = { "pki_crl_partition_age_seconds", PKI_AGE,
		"Since thisUpdate of the published partition.", { PARTITION } },
	[CRL_PART_NUMBER] = { "pki_crl_partition_number", PKI_GAUGE,
		"CRLNumber of the published partition; 0: none.", { PARTITION } },
	[CRL_PART_ENTRIES] = { "pki_crl_partition_entries", PKI_GAUGE,
		"Entries of the published partition.", { PARTITION } },
	[CRL_PART_BYTES] = { "pki_crl_partition_bytes", PKI_GAUGE,
		"Size of the published partition.", { PARTITION } },
	{ 0 },
};

enum { ROOT, CA, PARTITIONS };

static size_t
index_of(const struct crld_list *list)
{
	return list->issuer == PKI_ISSUER_ROOT ? ROOT
	       : list->partition == 0          ? CA
					       : PARTITIONS;
}

static pki_time
get(const struct crld *d, enum crl_metric metric, size_t which)
{
	return pki_monitor_get(d->monitor, metric, which);
}

static void
check_age(const struct crld *d, size_t list, struct pki_health *health)
{
	pki_time made = get(d, CRL_AGE, list), age = pki_time_now() - made;
	if (made == 0 && list == CA)
		pki_health_wrong(health, "ca: no list is published");
	if (get(d, CRL_LEFT, list) == PKI_CRL_LAST)
		return;
	if (made != 0 && age > d->conf->crl->interval + GRACE)
		pki_health_wrong(health,
			"%s: the list is %lld s old; a new one is due every %lld s",
			lists[list], (long long)age, (long long)d->conf->crl->interval);
}

static void
check_lists(const struct crld *d, struct pki_health *health)
{
	pki_time now = pki_time_now();
	check_age(d, CA, health);
	check_age(d, PARTITIONS, health);
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
check_responders(const struct crld *d, struct pki_health *health)
{
	for (size_t i = 0; i < d->conf->crl->responder_count; i++)
		if (get(d, CRL_CONTRADICTED, i) != 0)
			pki_health_wrong(health, "%s: it contradicts the newest list",
				responders[i]);
}

static void
check_health(void *ctx, struct pki_health *health)
{
	const struct crld *d = ctx;
	pki_time now = pki_time_now(), since = get(d, CRL_BACKLOG_AGE, 0);
	check_lists(d, health);
	check_responders(d, health);
	if (since != 0 && now - since > GRACE)
		pki_health_wrong(health, "%lld revocations are on no list, since %lld s",
			(long long)get(d, CRL_BACKLOG, 0), (long long)(now - since));
	for (size_t i = 0; i < d->conf->crl->mirror_count; i++) {
		since = get(d, CRL_PUT_FAILING, i);
		if (since != 0)
			pki_health_wrong(health,
				"%s: files do not get there, since %lld s", places[i],
				(long long)(now - since));
	}
}

enum pki_status
monitor_listen(struct crld *d, const char *address, struct pki_err *err)
{
	const struct pki_monitor_config config = {
		.listen = address,
		.metrics = metrics,
		.sets = 1 + d->conf->crl->mirror_count,
		.health = check_health,
		.ctx = d,
	};
	partitions = d->conf->ca_urls.partitions;
	for (size_t i = 0; i < d->conf->crl->responder_count; i++)
		responders[i] = d->conf->crl->responders[i];
	responders[d->conf->crl->responder_count] = NULL;
	for (size_t i = 0; i < d->conf->crl->mirror_count; i++)
		places[i] = d->conf->crl->mirrors[i].url;
	return pki_monitor_listen(&config, &d->monitor, err);
}

static void
set(struct crld *d, enum crl_metric metric, size_t which, int64_t value)
{
	pki_cells_set(pki_monitor_cells(d->monitor, 0), metric, which, value);
}

static int64_t
count_refused(const struct crld *d, const struct crld_list *list)
{
	int64_t refused = 0;
	if (index_of(list) != PARTITIONS)
		return list->refused;
	for (unsigned k = 1; k <= d->urls.partitions; k++)
		refused += d->lists[k].refused;
	return refused;
}

void
monitor_result(struct crld *d, const struct crld_list *list, enum crl_result result)
{
	size_t i = index_of(list);
	pki_cells_add(pki_monitor_cells(d->monitor, 0), CRL_RESULTS,
		i * CRL_RESULT_COUNT + result, 1);
	set(d, CRL_REFUSED, i, count_refused(d, list));
}

static pki_time
earlier(pki_time a, pki_time b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

/* What is out of those lists, as of one. */
static void
sum_up(struct crld *d, size_t i, const struct crld_list *of, size_t count)
{
	pki_time made = 0, end = 0, published = 0;
	int64_t number = 0, entries = 0, bytes = 0;
	for (size_t k = 0; k < count; k++) {
		if (of[k].out.number == 0)
			continue;
		made = earlier(made, of[k].out.this_update);
		end = earlier(end, of[k].out.next_update);
		published = earlier(published, of[k].out.published);
		entries += (int64_t)of[k].out.entries;
		bytes += (int64_t)of[k].out.bytes;
		if ((int64_t)of[k].out.number > number)
			number = (int64_t)of[k].out.number;
	}
	set(d, CRL_AGE, i, made);
	set(d, CRL_LEFT, i, end);
	set(d, CRL_PUBLISHED, i, published);
	set(d, CRL_NUMBER, i, number);
	set(d, CRL_ENTRIES, i, entries);
	set(d, CRL_BYTES, i, bytes);
}

static void
show_partition(struct crld *d, size_t i, const struct crld_list *list)
{
	bool out = list->out.number != 0;
	set(d, CRL_PART_AGE, i, out ? list->out.this_update : 0);
	set(d, CRL_PART_NUMBER, i, (int64_t)list->out.number);
	set(d, CRL_PART_ENTRIES, i, out ? (int64_t)list->out.entries : 0);
	set(d, CRL_PART_BYTES, i, out ? (int64_t)list->out.bytes : 0);
}

void
monitor_lists(struct crld *d)
{
	int64_t pending = 0;
	pki_time since = 0;
	sum_up(d, ROOT, &d->root, 1);
	if (d->lists == NULL)
		return;
	sum_up(d, CA, d->lists, 1);
	sum_up(d, PARTITIONS, d->lists + 1, d->urls.partitions);
	for (unsigned k = 1; k <= d->urls.partitions && k <= partitions; k++)
		show_partition(d, k - 1, &d->lists[k]);
	for (unsigned k = 0; k <= d->urls.partitions; k++) {
		pending += (int64_t)d->lists[k].pending;
		since = earlier(since, d->lists[k].since);
	}
	set(d, CRL_BACKLOG, 0, pending);
	set(d, CRL_BACKLOG_AGE, 0, since);
}

void
monitor_responder(struct crld *d, size_t i, enum crl_answer answer)
{
	pki_cells_add(pki_monitor_cells(d->monitor, 0), CRL_COMPARISONS,
		i * CRL_ANSWER_COUNT + answer, 1);
	set(d, CRL_CONTRADICTED, i, answer == CRL_CONTRADICTS);
	if (answer != CRL_SILENT)
		set(d, CRL_SILENT_SINCE, i, 0);
	else if (get(d, CRL_SILENT_SINCE, i) == 0)
		set(d, CRL_SILENT_SINCE, i, pki_time_now());
}

void
monitor_working(struct crld *d, bool works)
{
	if (works)
		set(d, CRL_FAILING, 0, 0);
	else if (get(d, CRL_FAILING, 0) == 0)
		set(d, CRL_FAILING, 0, pki_time_now());
}
