/* The first step of figures.h, and the figures as JSON. */
#include <stdio.h>
#include <string.h>

#include "tools/audit/report/figures.h"

/* Certificates live for three years at most. */
#define FORECAST_MONTHS 37

static const struct {
	enum pki_reason reason;
	const char *name;
} reasons[] = {
	{ PKI_REASON_KEY_COMPROMISE, "key compromise" },
	{ PKI_REASON_CESSATION_OF_OPERATION, "cessation of operation" },
	{ PKI_REASON_SUPERSEDED, "superseded" },
	{ PKI_REASON_AFFILIATION_CHANGED, "affiliation changed" },
	{ PKI_REASON_PRIVILEGE_WITHDRAWN, "privilege withdrawn" },
	{ PKI_REASON_CA_COMPROMISE, "CA compromise" },
	{ PKI_REASON_UNSPECIFIED, "unspecified" },
};

static const char *const delays[] = { "to 1 s", "to 10 s", "to 60 s", "to 10 min",
	"to 60 min", "to 24 h", "over 24 h" };

static const char *const registration[] = { "invited", "applied", "applied for renewal",
	"verified", "approved", "rejected", "issued", "renewed", "activated" };

static const struct grid grids[GRIDS] = {
	[GRID_ISSUANCE] = { .key = "issuance",
		.column_count = 3,
		.columns = { { "first", "first" }, { "renewed", "renewed" },
			{ "services", "officers, services" } } },
	[GRID_REVOCATIONS] = { .key = "revocations", .column_count = PKI_COUNT(reasons) },
	[GRID_CAUSES] = { .key = "causes",
		.row_name = "cause",
		.column_count = 1,
		.columns = { { "orders", "orders" } } },
	[GRID_DELAYS] = { .key = "delays",
		.row_name = "within",
		.column_count = 2,
		.columns = { { "ocsp", "OCSP" }, { "crl", "CRL" } } },
	[GRID_FORECAST] = { .key = "forecast",
		.column_count = 2,
		.columns = { { "holders", "holders" },
			{ "services", "officers, services" } } },
	[GRID_OFFICERS] = { .key = "officers",
		.row_name = "officer",
		.note_name = "certificate",
		.column_count = 9,
		.plotted = 5,
		.columns = { { "issue", "issue" }, { "renew", "renew" },
			{ "revoke", "revoke" }, { "invite", "invite" },
			{ "refused", "refused" }, { "verified", "verified" },
			{ "approved", "approved" }, { "rejected", "rejected" },
			{ "failed_logins", "failed log-ins" } } },
	[GRID_PAIRS] = { .key = "pairs",
		.row_name = "pair",
		.column_count = 1,
		.columns = { { "orders", "orders" } } },
	[GRID_REFUSALS] = { .key = "refusals",
		.row_name = "rule",
		.note_name = "clause",
		.column_count = 1,
		.columns = { { "orders", "orders" } } },
	[GRID_ADOPTION] = { .key = "adoption",
		.column_count = 3,
		.columns = { { "applied", "applied" }, { "issued", "issued" },
			{ "activated", "activated" } } },
	[GRID_REGISTRATION] = { .key = "registration",
		.unlike = true,
		.row_name = "step",
		.column_count = 1,
		.columns = { { "count", "count" } } },
	[GRID_EVENTS] = { .key = "events",
		.row_name = "event",
		.column_count = 1,
		.columns = { { "count", "count" } } },
};

size_t
figures_reason(enum pki_reason reason)
{
	size_t i = 0;
	while (i < PKI_COUNT(reasons) - 1 && reasons[i].reason != reason)
		i++;
	return i;
}

static enum pki_status
add_rows(struct grid *g, const char *const *labels, size_t count, struct pki_err *err)
{
	struct grid_row *row;
	for (size_t i = 0; i < count; i++)
		PKI_TRY(grid_row(g, labels[i], &row, err));
	return PKI_OK;
}

static enum pki_status
make_grids(struct figures *f, struct pki_err *err)
{
	struct grid *g = f->grids;
	pki_time from = f->from / 1000, to = f->to / 1000;
	memcpy(g, grids, sizeof grids);
	for (size_t i = 0; i < PKI_COUNT(reasons); i++)
		g[GRID_REVOCATIONS].columns[i] = (struct grid_column){
			pki_reason_name(reasons[i].reason), reasons[i].name
		};
	PKI_TRY(grid_calendar(&g[GRID_ISSUANCE], from, to, &f->unit, err));
	PKI_TRY(grid_calendar(&g[GRID_REVOCATIONS], from, to, &f->unit, err));
	PKI_TRY(grid_calendar(&g[GRID_ADOPTION], from, to, &f->unit, err));
	PKI_TRY(grid_months(&g[GRID_FORECAST], to, FORECAST_MONTHS, err));
	PKI_TRY(add_rows(&g[GRID_DELAYS], delays, PKI_COUNT(delays), err));
	return add_rows(
		&g[GRID_REGISTRATION], registration, PKI_COUNT(registration), err);
}

/* Within the ledger's events, from the first to the last. */
static enum pki_status
find_period(struct audit *a, struct figures *f, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *first = NULL;
	pki_msec from = 0, to = 0;
	PKI_TRY(pki_ledger_last_event(a->ledger, &to, err));
	PKI_TRY(pki_ledger_entry_count(a->ledger, &f->entries, err));
	if (f->entries == 0)
		return pki_fail(
			err, PKI_STATE, "the log is empty; there is nothing to report");
	first = entry_read(a->ledger, 0);
	PKI_TRY(pki_msec_parse(entry_text(first, "at"), &from, err));
	f->from = f->from > from ? f->from : from;
	f->to = f->to == 0 || f->to > to ? to : f->to;
	if (f->from > f->to)
		return pki_fail(err, PKI_USAGE,
			"the ledger tells nothing of that period; look at --from and --to");
	return PKI_OK;
}

static enum pki_status
read_names(struct audit *a, struct figures *f, struct pki_err *err)
{
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *ca = NULL;
	PKI_CLEANUP(pki_buf_free) struct pki_buf note = { 0 };
	struct pki_name name;
	struct pki_checkpoint cp = { 0 };
	struct pki_err own = { 0 };
	PKI_TRY(pki_ledger_issuer(a->ledger, PKI_ISSUER_CA, &ca, err));
	PKI_TRY(pki_cert_subject(ca, &name, err));
	snprintf(f->ca, sizeof f->ca, "%s", name.common_name);
	/* without a valid checkpoint, root stays "" */
	if (pki_ledger_checkpoint(a->ledger, 0, &note, NULL, &own) != PKI_OK ||
		pki_checkpoint_open(pki_buf_bytes(&note), a->vkey, &cp, &own) != PKI_OK)
		return PKI_OK;
	memcpy(f->origin, cp.origin, sizeof f->origin);
	pki_hex_encode(cp.root.octets, PKI_SHA256, f->root);
	f->covered = cp.size;
	return PKI_OK;
}

enum pki_status
figures_prepare(struct audit *a, struct figures *f, struct pki_err *err)
{
	PKI_TRY(find_period(a, f, err));
	PKI_TRY(read_names(a, f, err));
	return make_grids(f, err);
}

void
figures_free(struct figures *f)
{
	for (size_t i = 0; i < GRIDS; i++)
		grid_free(&f->grids[i]);
}

static struct pki_json
spread_json(const struct spread *s)
{
	struct pki_json json = pki_json_object();
	pki_json_number(&json, "count", (int64_t)s->count);
	pki_json_number(&json, "p50", s->p50);
	pki_json_number(&json, "p99", s->p99);
	pki_json_number(&json, "worst", s->worst);
	pki_json_number(&json, "over_60min", (int64_t)s->over_hour);
	pki_json_number(&json, "over_24h", (int64_t)s->over_day);
	pki_json_number(&json, "waiting", (int64_t)s->waiting);
	return json;
}

static struct pki_json
totals_json(const struct figures *f)
{
	struct pki_json json = pki_json_object();
	pki_json_number(&json, "live_holder_certificates", f->live[0]);
	pki_json_number(&json, "live_service_certificates", f->live[1]);
	pki_json_number(&json, "live_holders", f->live_holders);
	pki_json_number(&json, "applied", f->applied);
	pki_json_number(&json, "issued", f->issued);
	pki_json_number(&json, "activated", f->activated);
	pki_json_number(&json, "population", (int64_t)f->population);
	pki_json_number(&json, "wanted", f->wanted);
	pki_json_number(&json, "crls", (int64_t)f->crls);
	pki_json_number(&json, "crl_gap", f->crl_gap);
	return json;
}

struct pki_json
figures_json(const struct figures *f)
{
	struct pki_json json = pki_json_object();
	struct pki_json totals = totals_json(f);
	struct pki_json ocsp = spread_json(&f->ocsp), crl = spread_json(&f->crl);
	pki_json_text(&json, "ca", f->ca);
	pki_json_msec(&json, "from", f->from);
	pki_json_msec(&json, "to", f->to);
	pki_json_text(&json, "unit", f->unit);
	pki_json_text(&json, "log", f->origin);
	pki_json_text(&json, "root", f->root);
	pki_json_number(&json, "entries", (int64_t)f->entries);
	pki_json_number(&json, "covered", (int64_t)f->covered);
	pki_json_nest(&json, "totals", &totals);
	pki_json_nest(&json, "ocsp_delay", &ocsp);
	pki_json_nest(&json, "crl_delay", &crl);
	for (size_t i = 0; i < GRIDS; i++) {
		struct pki_json grid = grid_json(&f->grids[i]);
		pki_json_nest(&json, f->grids[i].key, &grid);
	}
	return json;
}
