#include "crl/monitor.h"

#include "crl/service.h"
#include "libpki/host/conf_crl.h"
#include "libpki/state/staff.h"

/* A due CRL, and a revocation, may take this long to be published (rule 53). */
#define GRACE ((pki_time)60)
/* The end of an officer's certificate is a fault from this time on; two officers must meet
 * before. */
#define STAFF_URGENT (14 * PKI_DAY)

/* The partitions count together: the oldest, the first to end, the highest number. */
static const char *const lists[] = { "root", "ca", "partitions", NULL };
static const char *const results[] = { "published", "refused", "failed", NULL };
static const char *const put_results[] = { "done", "failed", NULL };
static const char *const outcomes[] = { "agrees", "contradicts", "silent", NULL };
static const char *const roles[] = { "registration", "revocation", "security", "auditor",
	"department", "responder", "seal", NULL };
static const char *responders[PKI_RESPONDERS_MAX + 1]; /* the configuration's */
/* As configured at the start; 0: no partition is shown. */
static size_t partitions;
static const char *mirrors[PKI_MIRRORS_MAX + 1]; /* the configuration's */

#define PARTITION \
	{ \
		"partition", NULL, &partitions \
	}

static const struct pki_metric metrics[] = {
	[CRL_AGE] = { "pki_crl_age_seconds", PKI_AGE,
		"Since thisUpdate of the published CRL.", { { "list", lists, NULL } } },
	[CRL_LEFT] = { "pki_crl_left_seconds", PKI_LEFT,
		"Until nextUpdate of the published CRL.", { { "list", lists, NULL } } },
	[CRL_NUMBER] = { "pki_crl_number", PKI_GAUGE, "CRLNumber of the published CRL.",
		{ { "list", lists, NULL } } },
	[CRL_ENTRIES] = { "pki_crl_entries", PKI_GAUGE, "Entries of the published CRL.",
		{ { "list", lists, NULL } } },
	[CRL_BYTES] = { "pki_crl_bytes", PKI_GAUGE, "Size of the published CRL.",
		{ { "list", lists, NULL } } },
	[CRL_PUBLISHED] = { "pki_crl_published_age_seconds", PKI_AGE,
		"Since the CRL was published.", { { "list", lists, NULL } } },
	[CRL_RESULTS] = { "pki_crl_publications_total", PKI_COUNTER,
		"Attempts to publish a CRL; refused: by the gate.",
		{ { "list", lists, NULL }, { "result", results, NULL } } },
	[CRL_REFUSED] = { "pki_crl_refused", PKI_GAUGE,
		"Whether the gate refuses the newest CRL.", { { "list", lists, NULL } } },
	[CRL_BACKLOG] = { "pki_crl_backlog", PKI_GAUGE,
		"Revocations that are not on the published CRL.", { { 0 } } },
	[CRL_BACKLOG_AGE] = { "pki_crl_backlog_age_seconds", PKI_AGE,
		"Since the oldest of them.", { { 0 } } },
	[CRL_FAILING] = { "pki_crl_failing_seconds", PKI_AGE,
		"Since the service has been failing, whatever the cause.", { { 0 } } },
	[CRL_COMPARISONS] = { "pki_crl_ocsp_comparisons_total", PKI_COUNTER,
		"CRLs about which a responder was queried before their publication.",
		{ { "responder", responders, NULL }, { "result", outcomes, NULL } } },
	[CRL_CONTRADICTED] = { "pki_crl_ocsp_contradicts", PKI_GAUGE,
		"Whether a responder contradicted the newest CRL at the last query.",
		{ { "responder", responders, NULL } } },
	[CRL_SILENT_SINCE] = { "pki_crl_ocsp_silent_seconds", PKI_AGE,
		"Since a responder has not answered.",
		{ { "responder", responders, NULL } } },
	[CRL_PUTS] = { "pki_crl_puts_total", PKI_COUNTER,
		"Files sent to a mirror, fetched back and compared.",
		{ { "place", mirrors, NULL }, { "result", put_results, NULL } } },
	[CRL_PUT_PENDING] = { "pki_crl_put_pending", PKI_GAUGE,
		"Files that a mirror does not have yet.",
		{ { "place", mirrors, NULL } } },
	[CRL_PUT_DONE] = { "pki_crl_put_done_age_seconds", PKI_AGE,
		"Since a mirror was last seen to have all files.",
		{ { "place", mirrors, NULL } } },
	[CRL_PUT_FAILING] = { "pki_crl_put_failing_seconds", PKI_AGE,
		"Since a mirror has been failing.", { { "place", mirrors, NULL } } },
	[CRL_PART_AGE] = { "pki_crl_partition_age_seconds", PKI_AGE,
		"Since thisUpdate of the published partition.", { PARTITION } },
	[CRL_PART_NUMBER] = { "pki_crl_partition_number", PKI_GAUGE,
		"CRLNumber of the published partition; 0: none.", { PARTITION } },
	[CRL_PART_ENTRIES] = { "pki_crl_partition_entries", PKI_GAUGE,
		"Entries of the published partition.", { PARTITION } },
	[CRL_PART_BYTES] = { "pki_crl_partition_bytes", PKI_GAUGE,
		"Size of the published partition.", { PARTITION } },
	[CRL_STAFF] = { "pki_officers", PKI_GAUGE,
		"Valid certificates of officers and services.",
		{ { "role", roles, NULL } } },
	[CRL_STAFF_MINIMUM] = { "pki_officers_minimum", PKI_GAUGE,
		"The least number of officers; with fewer the role issues nothing.",
		{ { "role", roles, NULL } } },
	[CRL_STAFF_LEFT] = { "pki_officers_left_seconds", PKI_LEFT,
		"Until the first of these certificates ends.",
		{ { "role", roles, NULL } } },
	{ 0 },
};

enum { ROOT, CA, PARTITIONS };

static size_t
index_of(const struct crl *crl)
{
	return crl->issuer == PKI_ISSUER_ROOT ? ROOT
	       : crl->partition == 0          ? CA
					      : PARTITIONS;
}

static pki_time
get(const struct service *s, enum crl_metric metric, size_t which)
{
	return pki_monitor_get(s->monitor, metric, which);
}

static void
check_age(const struct service *s, size_t which, struct pki_health *health)
{
	pki_time made = get(s, CRL_AGE, which), age = pki_time_now() - made;
	if (made == 0 && which == CA)
		pki_health_wrong(health, "ca: no CRL is published");
	if (get(s, CRL_LEFT, which) == PKI_CRL_LAST)
		return;
	if (made != 0 && age > s->conf->crl->interval + GRACE)
		pki_health_wrong(health,
			"%s: the CRL is %lld s old; a new CRL is due every %lld s",
			lists[which], (long long)age, (long long)s->conf->crl->interval);
}

static void
check_lists(const struct service *s, struct pki_health *health)
{
	pki_time now = pki_time_now();
	check_age(s, CA, health);
	check_age(s, PARTITIONS, health);
	for (size_t i = 0; lists[i] != NULL; i++) {
		pki_time end = get(s, CRL_LEFT, i);
		if (end != 0 && end <= now)
			pki_health_wrong(health, "%s: nextUpdate has passed", lists[i]);
		if (get(s, CRL_REFUSED, i) != 0)
			pki_health_wrong(
				health, "%s: the gate refuses the newest CRL", lists[i]);
	}
}

static void
check_responders(const struct service *s, struct pki_health *health)
{
	for (size_t i = 0; i < s->conf->crl->responder_count; i++)
		if (get(s, CRL_CONTRADICTED, i) != 0)
			pki_health_wrong(health,
				"%s: the responder contradicts the newest CRL",
				responders[i]);
}

/* rule 120, and ends that are near. A CA that has ended needs no officers. */
static void
check_staff(const struct service *s, struct pki_health *health)
{
	pki_time now = pki_time_now();
	if (get(s, CRL_LEFT, CA) == PKI_CRL_LAST)
		return;
	for (size_t i = 0; roles[i] != NULL; i++) {
		int64_t count = get(s, CRL_STAFF, i);
		int64_t least = get(s, CRL_STAFF_MINIMUM, i);
		pki_time end = get(s, CRL_STAFF_LEFT, i);
		if (count < least)
			pki_health_wrong(health,
				"%s: %lld of %lld officers; the role issues nothing",
				roles[i], (long long)count, (long long)least);
		else if (end != 0 && end - now < STAFF_URGENT)
			pki_health_wrong(health, "%s: a certificate ends in %lld days",
				roles[i], (long long)((end - now) / PKI_DAY));
	}
}

static void
check_health(void *ctx, struct pki_health *health)
{
	const struct service *s = ctx;
	pki_time now = pki_time_now(), since = get(s, CRL_BACKLOG_AGE, 0);
	check_lists(s, health);
	check_responders(s, health);
	check_staff(s, health);
	if (since != 0 && now - since > GRACE)
		pki_health_wrong(health, "%lld revocations are on no CRL, for %lld s",
			(long long)get(s, CRL_BACKLOG, 0), (long long)(now - since));
	for (size_t i = 0; i < s->conf->crl->mirror_count; i++) {
		since = get(s, CRL_PUT_FAILING, i);
		if (since != 0)
			pki_health_wrong(health, "%s: files do not arrive, for %lld s",
				mirrors[i], (long long)(now - since));
	}
}

enum pki_status
monitor_listen(struct service *s, const char *address, struct pki_err *err)
{
	const struct pki_monitor_config config = {
		.listen = address,
		.metrics = metrics,
		.sets = 1 + s->conf->crl->mirror_count,
		.health = check_health,
		.ctx = s,
	};
	partitions = s->conf->ca_urls.partitions;
	for (size_t i = 0; i < s->conf->crl->responder_count; i++)
		responders[i] = s->conf->crl->responders[i];
	responders[s->conf->crl->responder_count] = NULL;
	for (size_t i = 0; i < s->conf->crl->mirror_count; i++)
		mirrors[i] = s->conf->crl->mirrors[i].url;
	return pki_monitor_listen(&config, &s->monitor, err);
}

static void
set(struct service *s, enum crl_metric metric, size_t which, int64_t value)
{
	pki_cells_set(pki_monitor_cells(s->monitor, 0), metric, which, value);
}

static int64_t
count_refused(const struct service *s, const struct crl *crl)
{
	int64_t refused = 0;
	if (index_of(crl) != PARTITIONS)
		return crl->refused;
	for (unsigned k = 1; k <= s->urls.partitions; k++)
		refused += s->crls[k].refused;
	return refused;
}

void
monitor_result(struct service *s, const struct crl *crl, enum crl_result result)
{
	size_t i = index_of(crl);
	pki_cells_add(pki_monitor_cells(s->monitor, 0), CRL_RESULTS,
		i * CRL_RESULT_COUNT + result, 1);
	set(s, CRL_REFUSED, i, count_refused(s, crl));
}

static pki_time
earlier(pki_time a, pki_time b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

/* The published state of several CRLs together. */
static void
sum_up(struct service *s, size_t i, const struct crl *of, size_t count)
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
	set(s, CRL_AGE, i, made);
	set(s, CRL_LEFT, i, end);
	set(s, CRL_PUBLISHED, i, published);
	set(s, CRL_NUMBER, i, number);
	set(s, CRL_ENTRIES, i, entries);
	set(s, CRL_BYTES, i, bytes);
}

static void
show_partition(struct service *s, size_t i, const struct crl *crl)
{
	bool out = crl->out.number != 0;
	set(s, CRL_PART_AGE, i, out ? crl->out.this_update : 0);
	set(s, CRL_PART_NUMBER, i, (int64_t)crl->out.number);
	set(s, CRL_PART_ENTRIES, i, out ? (int64_t)crl->out.entries : 0);
	set(s, CRL_PART_BYTES, i, out ? (int64_t)crl->out.bytes : 0);
}

void
monitor_crls(struct service *s)
{
	int64_t pending = 0;
	pki_time since = 0;
	sum_up(s, ROOT, &s->root, 1);
	if (s->crls == NULL)
		return;
	sum_up(s, CA, s->crls, 1);
	sum_up(s, PARTITIONS, s->crls + 1, s->urls.partitions);
	for (unsigned k = 1; k <= s->urls.partitions && k <= partitions; k++)
		show_partition(s, k - 1, &s->crls[k]);
	for (unsigned k = 0; k <= s->urls.partitions; k++) {
		pending += (int64_t)s->crls[k].pending;
		since = earlier(since, s->crls[k].since);
	}
	set(s, CRL_BACKLOG, 0, pending);
	set(s, CRL_BACKLOG_AGE, 0, since);
}

void
monitor_responder(struct service *s, size_t i, enum crl_answer answer)
{
	pki_cells_add(pki_monitor_cells(s->monitor, 0), CRL_COMPARISONS,
		i * CRL_ANSWER_COUNT + answer, 1);
	set(s, CRL_CONTRADICTED, i, answer == CRL_CONTRADICTS);
	if (answer != CRL_SILENT)
		set(s, CRL_SILENT_SINCE, i, 0);
	else if (get(s, CRL_SILENT_SINCE, i) == 0)
		set(s, CRL_SILENT_SINCE, i, pki_time_now());
}

void
monitor_working(struct service *s, bool works)
{
	if (works)
		set(s, CRL_FAILING, 0, 0);
	else if (get(s, CRL_FAILING, 0) == 0)
		set(s, CRL_FAILING, 0, pki_time_now());
}

void
monitor_staff(struct service *s, const struct pki_staff *staff)
{
	for (size_t i = 0; i < PKI_STAFF_ROLES; i++) {
		set(s, CRL_STAFF, i, (int64_t)staff->roles[i].count);
		set(s, CRL_STAFF_MINIMUM, i, (int64_t)staff->roles[i].minimum);
		set(s, CRL_STAFF_LEFT, i, staff->roles[i].first_end);
	}
}
