/* The grids of a report, its period, and its figures as JSON. */
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

/* Within what the ledger tells: its first event to its youngest. */
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
	first = entry_read(a, 0);
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
	/* without one that verifies root stays "" */
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

static json_t *
spread_json(const struct spread *s)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "count",
		(json_int_t)s->count, "p50", (json_int_t)s->p50, "p99",
		(json_int_t)s->p99, "worst", (json_int_t)s->worst, "over_60min",
		(json_int_t)s->over_hour, "over_24h", (json_int_t)s->over_day, "waiting",
		(json_int_t)s->waiting);
}

json_t *
figures_json(const struct figures *f)
{
	char from[PKI_MSEC_TEXT], to[PKI_MSEC_TEXT];
	pki_msec_format(f->from, from);
	pki_msec_format(f->to, to);
	json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I, s:I}", "ca", f->ca,
		"from", from, "to", to, "unit", f->unit, "log", f->origin, "root",
		f->root, "entries", (json_int_t)f->entries, "covered",
		(json_int_t)f->covered);
	json_object_set_new(json, "totals",
		json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
			"live_holder_certificates", (json_int_t)f->live[0],
			"live_service_certificates", (json_int_t)f->live[1],
			"live_holders", (json_int_t)f->live_holders, "applied",
			(json_int_t)f->applied, "issued", (json_int_t)f->issued,
			"activated", (json_int_t)f->activated, "population",
			(json_int_t)f->population, "wanted", (json_int_t)f->wanted,
			"crls", (json_int_t)f->crls, "crl_gap", (json_int_t)f->crl_gap));
	json_object_set_new(json, "ocsp_delay", spread_json(&f->ocsp));
	json_object_set_new(json, "crl_delay", spread_json(&f->crl));
	for (size_t i = 0; i < GRIDS; i++)
		json_object_set_new(json, f->grids[i].key, grid_json(&f->grids[i]));
	return json;
}
