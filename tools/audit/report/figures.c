/* The second step of figures.h: one walk each over certificates, revocations, CRLs and
 * the log. */
#include <stdio.h>
#include <string.h>

#include "tools/audit/report/figures.h"
#include "tools/audit/report/officers.h"

#define HOUR ((pki_msec)3600 * 1000)
#define LABELS_MOST 20
#define EVENTS_MOST 40

/* of the grid of delays */
static const pki_msec ranges[] = { 1000, 10000, HOUR / 60, HOUR / 6, HOUR, 24 * HOUR,
	INT64_MAX };

/* When something first happened to a holder. */
struct mark {
	char holder[PKI_ID_TEXT];
	pki_msec at;
};

enum { APPLIED, ISSUED, ACTIVATED, LIVE, MARKS };

/* One report of loss. The ledger holds its revocations one after the other. */
struct report {
	char order[PKI_ID_TEXT];
	pki_msec reported, committed, published;
	bool waiting;
};

struct gather {
	struct audit *a;
	struct figures *f;
	struct officers *officers;
	struct pki_buf marks[MARKS]; /* of struct mark */
	struct pki_buf ocsp, crl; /* of pki_msec */
	struct report report;
	char order[PKI_ID_TEXT]; /* the last order read, and its action */
	enum pki_action action;
};

static void
gather_free(struct gather *g)
{
	officers_cleanup(&g->officers);
	for (size_t i = 0; i < MARKS; i++)
		pki_buf_free(&g->marks[i]);
	pki_buf_free(&g->ocsp);
	pki_buf_free(&g->crl);
}

static bool
in_period(const struct figures *f, pki_msec at)
{
	return at >= f->from && at <= f->to;
}

static enum pki_status
add_mark(struct gather *g, int kind, const char *holder, pki_msec at, struct pki_err *err)
{
	struct mark mark = { .at = at };
	if (holder[0] == '\0' || at > g->f->to)
		return PKI_OK;
	snprintf(mark.holder, sizeof mark.holder, "%s", holder);
	return pki_buf_append(&g->marks[kind], &mark, sizeof mark, err);
}

static void
count_at(const struct grid *grid, pki_msec at, size_t column)
{
	struct grid_row *row = grid_at(grid, at / 1000);
	if (row != NULL)
		row->cells[column]++;
}

static void
count_issued(struct gather *g, const struct pki_cert_row *row)
{
	bool holder = row->holder[0] != '\0';
	if (!in_period(g->f, row->issued))
		return;
	if (holder && strcmp(row->order, g->order) != 0) {
		PKI_CLEANUP(pki_order_row_free) struct pki_order_row order = { 0 };
		struct pki_err own = { 0 };
		/* `pki-audit verify` reports a missing order */
		if (pki_ledger_order(g->a->ledger, row->order, &order, NULL, &own) !=
			PKI_OK)
			order.action = PKI_ACTION_ISSUE;
		memcpy(g->order, row->order, sizeof g->order);
		g->action = order.action;
	}
	count_at(&g->f->grids[GRID_ISSUANCE], row->issued,
		!holder                         ? 2
		: g->action == PKI_ACTION_RENEW ? 1
						: 0);
}

static enum pki_status
on_certificate(void *ctx, const struct pki_cert_row *row, struct pki_err *err)
{
	struct gather *g = ctx;
	struct figures *f = g->f;
	bool holder = row->holder[0] != '\0';
	if (row->issuer != PKI_ISSUER_CA || row->issued > f->to)
		return PKI_OK;
	count_issued(g, row);
	PKI_TRY(add_mark(g, ISSUED, row->holder, row->issued, err));
	PKI_TRY(officers_add_certificate(g->officers, row, err));
	if ((row->revoked && row->revoked_at <= f->to) || row->not_after < f->to / 1000)
		return PKI_OK;
	f->live[holder ? 0 : 1]++;
	count_at(&f->grids[GRID_FORECAST], row->not_after * 1000, holder ? 0 : 1);
	return add_mark(g, LIVE, row->holder, row->issued, err);
}

/* The time when a CRL with this revocation was first published; 0: not in the period. */
static enum pki_status
first_published(struct gather *g, const struct pki_revocation_row *row, pki_msec *out,
	struct pki_err *err)
{
	struct pki_ledger *ledger = g->a->ledger;
	PKI_CLEANUP(pki_crl_row_free) struct pki_crl_row crl = { 0 };
	bool found = false;
	PKI_TRY(pki_ledger_crl_covering(
		ledger, row->issuer, &row->serial, &crl, &found, err));
	unsigned partition = crl.partition;
	*out = 0;
	for (uint64_t n = crl.number; found && *out == 0; n++) {
		PKI_TRY(pki_ledger_crl_head(ledger, row->issuer, n, &crl, &found, err));
		if (found && crl.partition == partition && crl.published <= g->f->to)
			*out = crl.published;
	}
	return PKI_OK;
}

static void
count_range(struct gather *g, pki_msec delay, size_t column)
{
	size_t i = 0;
	while (delay > ranges[i])
		i++;
	g->f->grids[GRID_DELAYS].rows[i].cells[column]++;
}

static enum pki_status
end_report(struct gather *g, struct pki_err *err)
{
	struct report *r = &g->report;
	if (r->order[0] == '\0')
		return PKI_OK;
	/* clocks of two machines may differ by less than a second (rule 209) */
	pki_msec ocsp = r->committed > r->reported ? r->committed - r->reported : 0;
	pki_msec crl = r->published > r->reported ? r->published - r->reported : 0;
	PKI_TRY(pki_buf_append(&g->ocsp, &ocsp, sizeof ocsp, err));
	count_range(g, ocsp, 0);
	if (r->waiting) {
		g->f->crl.waiting++;
		return PKI_OK;
	}
	count_range(g, crl, 1);
	return pki_buf_append(&g->crl, &crl, sizeof crl, err);
}

static enum pki_status
on_revocation(void *ctx, const struct pki_revocation_row *row, struct pki_err *err)
{
	struct gather *g = ctx;
	pki_msec published = 0;
	if (!in_period(g->f, row->committed))
		return PKI_OK;
	count_at(&g->f->grids[GRID_REVOCATIONS], row->committed,
		figures_reason(row->reason));
	if (strcmp(g->report.order, row->order) != 0) {
		PKI_TRY(end_report(g, err));
		g->report = (struct report){ .reported = row->reported,
			.committed = row->committed };
		memcpy(g->report.order, row->order, sizeof g->report.order);
	}
	PKI_TRY(first_published(g, row, &published, err));
	if (published == 0)
		g->report.waiting = true;
	else if (published > g->report.published)
		g->report.published = published;
	return PKI_OK;
}

static enum pki_status
count_label(struct grid *grid, const char *label, const char *note, struct pki_err *err)
{
	struct grid_row *row;
	PKI_TRY(grid_row(grid, label, &row, err));
	snprintf(row->note, sizeof row->note, "%s", note);
	row->cells[0]++;
	return PKI_OK;
}

static enum pki_status
count_refusal(struct gather *g, const json_t *detail, struct pki_err *err)
{
	const char *name = entry_text(detail, "rule");
	const struct pki_rule_info *info = pki_rule_info(pki_rule_by_name(name));
	char label[GRID_TEXT];
	if (info->rule == PKI_RULE_NONE)
		return count_label(&g->f->grids[GRID_REFUSALS],
			entry_text(detail, "status"), "no numbered rule", err);
	snprintf(label, sizeof label, "%d %s", (int)info->rule, info->name);
	return count_label(&g->f->grids[GRID_REFUSALS], label, info->clause, err);
}

/* The cause stands in the order; entries without a version name it too. */
static enum pki_status
count_cause(struct gather *g, const json_t *detail, struct pki_err *err)
{
	PKI_CLEANUP(pki_order_row_free) struct pki_order_row row = { 0 };
	PKI_CLEANUP(pki_order_close) struct pki_signed_order order = { 0 };
	struct audit *a = g->a;
	if (a->issuers[PKI_ISSUER_CA] == NULL) /* with --no-verify */
		PKI_TRY(pki_ledger_issuer(
			a->ledger, PKI_ISSUER_CA, &a->issuers[PKI_ISSUER_CA], err));
	/* `pki-audit verify` reports a missing or false order */
	if (pki_ledger_order(a->ledger, entry_text(detail, "order"), &row, NULL, NULL) !=
			PKI_OK ||
		pki_order_open(pki_buf_bytes(&row.cms), a->issuers[PKI_ISSUER_CA],
			row.committed / 1000, a->cache, &order, NULL) != PKI_OK)
		snprintf(order.order.cause, sizeof order.order.cause,
			"order not readable");
	return count_label(&g->f->grids[GRID_CAUSES], order.order.cause, "", err);
}

static enum pki_status
count_registration(
	struct gather *g, const char *type, const json_t *detail, struct pki_err *err)
{
	static const struct {
		const char *type, *kind;
	} steps[] = {
		/* the rows of the grid */
		{ "invitation-made", NULL },
		{ "application-submitted", "new" },
		{ "application-submitted", "renewal" },
		{ "application-verified", NULL },
		{ "application-approved", NULL },
		{ "application-rejected", NULL },
		{ "certificate-issued", NULL },
		{ "certificate-renewed", NULL },
		{ "certificate-accepted", NULL },
	};
	if (strncmp(type, "certificate-", 12) == 0 &&
		entry_text(detail, "holder")[0] == '\0')
		return PKI_OK;
	for (size_t i = 0; i < PKI_COUNT(steps); i++)
		if (strcmp(type, steps[i].type) == 0 &&
			(steps[i].kind == NULL ||
				strcmp(steps[i].kind, entry_text(detail, "kind")) == 0))
			g->f->grids[GRID_REGISTRATION].rows[i].cells[0]++;
	if (strcmp(type, "certificate-revoked") == 0)
		return count_cause(g, detail, err);
	return PKI_OK;
}

static enum pki_status
take_entry(struct gather *g, uint64_t index, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *entry = entry_read(g->a->ledger, index);
	const json_t *detail = json_object_get(entry, "detail");
	const char *type = entry_text(entry, "type");
	struct pki_err own = { 0 };
	pki_msec at;
	/* `pki-audit verify` reports an unreadable entry */
	if (pki_msec_parse(entry_text(entry, "at"), &at, &own) != PKI_OK || at > g->f->to)
		return PKI_OK;
	if (strcmp(type, "application-submitted") == 0 &&
		strcmp(entry_text(detail, "kind"), "new") == 0)
		PKI_TRY(add_mark(g, APPLIED, entry_text(detail, "holder"), at, err));
	if (strcmp(type, "certificate-accepted") == 0)
		PKI_TRY(add_mark(g, ACTIVATED, entry_text(detail, "holder"), at, err));
	if (at < g->f->from)
		return PKI_OK;
	PKI_TRY(count_label(&g->f->grids[GRID_EVENTS], type, "", err));
	if (strcmp(type, "order-refused") == 0)
		PKI_TRY(count_refusal(g, detail, err));
	PKI_TRY(count_registration(g, type, detail, err));
	return officers_add_entry(g->officers, type, entry, err);
}

static int
by_holder(const void *x, const void *y)
{
	const struct mark *a = x, *b = y;
	int order = strcmp(a->holder, b->holder);
	return order != 0 ? order : (a->at > b->at) - (a->at < b->at);
}

/* Count each holder once, at the first event; returns the count at the end of the period. */
static int64_t
distinct(struct gather *g, int kind, bool plotted)
{
	struct pki_buf *buf = &g->marks[kind];
	size_t n = buf->len / sizeof(struct mark);
	struct mark *marks = (struct mark *)(void *)buf->data;
	struct grid *grid = &g->f->grids[GRID_ADOPTION];
	int64_t count = 0, before = 0;
	if (n > 0)
		qsort(marks, n, sizeof *marks, by_holder);
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && strcmp(marks[i].holder, marks[i - 1].holder) == 0)
			continue;
		count++;
		if (!plotted)
			continue;
		if (marks[i].at < g->f->from)
			before++;
		else
			count_at(grid, marks[i].at, (size_t)kind);
	}
	for (size_t i = 0; plotted && i < grid->row_count; i++)
		before = grid->rows[i].cells[kind] += before;
	return count;
}

static int
by_size(const void *x, const void *y)
{
	const pki_msec *a = x, *b = y;
	return (*a > *b) - (*a < *b);
}

/* Nearest rank. */
static void
measure(struct pki_buf *times, struct spread *out)
{
	pki_msec *t = (pki_msec *)(void *)times->data;
	size_t n = times->len / sizeof *t;
	out->count = n;
	if (n == 0)
		return;
	qsort(t, n, sizeof *t, by_size);
	out->p50 = t[(n * 50 + 99) / 100 - 1];
	out->p99 = t[(n * 99 + 99) / 100 - 1];
	out->worst = t[n - 1];
	for (size_t i = 0; i < n; i++) {
		out->over_hour += t[i] > HOUR;
		out->over_day += t[i] > 24 * HOUR;
	}
}

/* How often the issuing CA's full list came, and the longest time between two. */
static enum pki_status
count_crls(struct gather *g, struct pki_err *err)
{
	struct figures *f = g->f;
	pki_msec last = 0;
	for (uint64_t n = 1;; n++) {
		PKI_CLEANUP(pki_crl_row_free) struct pki_crl_row row = { 0 };
		bool found = false;
		PKI_TRY(pki_ledger_crl_head(
			g->a->ledger, PKI_ISSUER_CA, n, &row, &found, err));
		if (!found)
			return PKI_OK;
		f->crls += in_period(f, row.committed);
		if (row.partition != 0 || row.published == 0)
			continue;
		if (last != 0 && in_period(f, row.published) &&
			row.published - last > f->crl_gap)
			f->crl_gap = row.published - last;
		last = row.published;
	}
}

static enum pki_status
walk(struct gather *g, struct pki_err *err)
{
	struct pki_ledger *ledger = g->a->ledger;
	struct figures *f = g->f;
	PKI_TRY(pki_ledger_each_certificate(ledger, 0, 0, on_certificate, g, err));
	for (int issuer = PKI_ISSUER_ROOT; issuer <= PKI_ISSUER_CA; issuer++) {
		PKI_TRY(pki_ledger_each_revocation(
			ledger, issuer, on_revocation, g, err));
		PKI_TRY(end_report(g, err));
		g->report = (struct report){ 0 };
	}
	for (uint64_t i = 0; i < f->entries; i++) {
		PKI_TRY(take_entry(g, i, err));
		if (i % 256 == 0)
			pki_progress("figures", i, f->entries);
	}
	return count_crls(g, err);
}

static enum pki_status
gather(struct gather *g, struct pki_err *err)
{
	struct figures *f = g->f;
	PKI_TRY(officers_new(f, &g->officers, err));
	PKI_TRY(walk(g, err));
	PKI_TRY(officers_end(g->officers, err));
	f->applied = distinct(g, APPLIED, true);
	f->issued = distinct(g, ISSUED, true);
	f->activated = distinct(g, ACTIVATED, true);
	f->live_holders = distinct(g, LIVE, false);
	measure(&g->ocsp, &f->ocsp);
	measure(&g->crl, &f->crl);
	grid_rank(&f->grids[GRID_CAUSES], LABELS_MOST);
	grid_rank(&f->grids[GRID_REFUSALS], LABELS_MOST);
	grid_rank(&f->grids[GRID_EVENTS], EVENTS_MOST);
	grid_narrow(&f->grids[GRID_REVOCATIONS]);
	return PKI_OK;
}

enum pki_status
figures_gather(struct audit *a, struct figures *f, struct pki_err *err)
{
	struct gather g = { .a = a, .f = f };
	enum pki_status status = gather(&g, err);
	gather_free(&g);
	return status;
}
