#include "tools/audit/report/page.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "libpki/base/mem.h"
#include "tools/audit/report/figure.h"
#include "tools/audit/report/html.h"
#include "tools/audit/report/plot.h"

/* More findings would make the page too long to read. */
#define FINDINGS_SHOWN 200
/* rule 53 */
#define DAY_MSEC (PKI_DAY * 1000)

static void
format_duration(pki_msec ms, char out[GRID_TEXT])
{
	int64_t s = ms / 1000;
	if (ms < 1000)
		snprintf(out, GRID_TEXT, "%" PRId64 " ms", ms);
	else if (ms < 60000)
		snprintf(
			out, GRID_TEXT, "%" PRId64 ".%02" PRId64 " s", s, ms % 1000 / 10);
	else if (s < 3600)
		snprintf(out, GRID_TEXT, "%" PRId64 " min %" PRId64 " s", s / 60, s % 60);
	else if (s < 2 * PKI_DAY)
		snprintf(out, GRID_TEXT, "%" PRId64 " h %" PRId64 " min", s / 3600,
			s % 3600 / 60);
	else
		snprintf(out, GRID_TEXT, "%" PRId64 " d %" PRId64 " h", s / PKI_DAY,
			s % PKI_DAY / 3600);
}

static void
section(FILE *out, const char *id, const char *title)
{
	html_open(out, "section", "id", id, HTML_END);
	html_leaf(out, "h2", title, HTML_END);
}

/* A box with one figure. */
struct tile {
	const char *id, *name;
	const char *more; /* small text below the figure */
	const char *class; /* "good", "bad"; NULL: none */
};

static void
put_tile(FILE *out, const struct tile *tile, const char *figure)
{
	char classes[32];
	snprintf(classes, sizeof classes, "value %s",
		tile->class != NULL ? tile->class : "");
	html_open(out, "li", "class", "tile", HTML_END);
	html_leaf(out, "span", tile->name, HTML_END);
	html_leaf(out, "span", figure, "class", classes, "id", tile->id, HTML_END);
	html_leaf(out, "small", tile->more, HTML_END);
	html_close(out, "li");
}

static void
put_count(FILE *out, const struct tile *tile, int64_t n)
{
	char number[HTML_NUMBER];
	html_number(n, number);
	put_tile(out, tile, number);
}

static int64_t
sum_of(const struct grid *g)
{
	int64_t sum = 0;
	for (size_t c = 0; c < grid_plotted(g); c++)
		sum += grid_sum(g, c);
	return sum;
}

static void
put_findings_tile(FILE *out, int64_t found, bool verified)
{
	struct tile tile = { "t-findings", "Findings", "! see Findings", "bad" };
	if (found == 0) {
		tile.more = verified ? "\xe2\x9c\x93 everything is in order"
				     : "not verified";
		tile.class = verified ? "good" : NULL;
	}
	if (verified || found > 0)
		put_count(out, &tile, found);
	else
		put_tile(out, &tile, "\xe2\x80\x93");
}

static void
put_worst_tile(FILE *out, const struct spread *crl)
{
	struct tile tile = { "t-worst", "Worst, from report to CRL",
		"allowed: 60 min (24 h by law)", crl->count > 0 ? "good" : NULL };
	char worst[GRID_TEXT];
	if (crl->over_hour > 0) {
		tile.more = "! more than 60 min";
		tile.class = "bad";
	}
	format_duration(crl->worst, worst);
	put_tile(out, &tile, crl->count > 0 ? worst : "\xe2\x80\x93");
}

static void
put_tiles(FILE *out, const struct figures *f, const json_t *findings, bool verified)
{
	const struct grid *issued = &f->grids[GRID_ISSUANCE];
	char renewed[GRID_TEXT], live[GRID_TEXT], applied[GRID_TEXT],
		activated[GRID_TEXT];
	double share = f->issued > 0 ? 100.0 * (double)f->activated / (double)f->issued
				     : 0.0;
	snprintf(renewed, sizeof renewed, "of these %" PRId64 " by renewal",
		grid_sum(issued, 1));
	snprintf(live, sizeof live, "certificates of %" PRId64 " holders",
		f->live_holders);
	snprintf(applied, sizeof applied, "of %" PRId64 " who applied", f->applied);
	snprintf(activated, sizeof activated, "%.1f %% of holders", share);
	const struct {
		struct tile tile;
		int64_t count;
	} counts[] = {
		{ { "t-issued", "Holders' certificates issued", renewed, NULL },
			grid_sum(issued, 0) + grid_sum(issued, 1) },
		{ { "t-revoked", "Certificates revoked", "for ever", NULL },
			sum_of(&f->grids[GRID_REVOCATIONS]) },
		{ { "t-live", "Valid at the end", live, NULL }, f->live[0] },
		{ { "t-refused", "Orders refused", "by the signer and its rules", NULL },
			sum_of(&f->grids[GRID_REFUSALS]) },
		{ { "t-holders", "Holders, ever", applied, NULL }, f->issued },
		{ { "t-activated", "Activated, ever", activated, NULL }, f->activated },
	};
	html_open(out, "ul", "class", "tiles", HTML_END);
	put_findings_tile(out, entry_number(findings, "finding_count"), verified);
	put_worst_tile(out, &f->crl);
	for (size_t i = 0; i < PKI_COUNT(counts); i++)
		put_count(out, &counts[i].tile, counts[i].count);
	html_close(out, "ul");
}

static void
put_fact(FILE *out, const char *name, const char *value)
{
	html_leaf(out, "dt", name, HTML_END);
	html_leaf(out, "dd", value, HTML_END);
}

static void
put_header(FILE *out, const struct figures *f)
{
	char from[PKI_MSEC_TEXT], to[PKI_MSEC_TEXT], made[PKI_TIME_TEXT], text[256];
	pki_msec_format(f->from, from);
	pki_msec_format(f->to, to);
	pki_time_format(pki_time_now(), made);
	html_open(out, "header", HTML_END);
	html_leaf(out, "h1", "Audit report", HTML_END);
	html_leaf(out, "p", f->ca, "class", "ca", HTML_END);
	html_open(out, "dl", HTML_END);
	snprintf(text, sizeof text, "%.10s %.5s to %.10s %.5s UTC", from, from + 11, to,
		to + 11);
	put_fact(out, "Period", text);
	snprintf(text, sizeof text, "%.10s %.5s UTC, pki-audit %s", made, made + 11,
		PKI_SUITE_VERSION);
	put_fact(out, "Made", text);
	if (f->root[0] != '\0')
		snprintf(text, sizeof text,
			"%.120s, %ju entries; its signed checkpoint covers %ju",
			f->origin, (uintmax_t)f->entries, (uintmax_t)f->covered);
	else
		snprintf(text, sizeof text,
			"%ju entries; no checkpoint that the log's key verifies",
			(uintmax_t)f->entries);
	put_fact(out, "Log", text);
	if (f->root[0] != '\0')
		put_fact(out, "Root hash", f->root);
	html_close(out, "dl");
	html_close(out, "header");
}

static void
put_delay(FILE *out, const char *name, const char *id, const struct spread *s)
{
	const pki_msec times[] = { s->p50, s->p99, s->worst };
	char text[GRID_TEXT];
	html_open(out, "tr", "id", id, HTML_END);
	html_leaf(out, "th", name, "scope", "row", HTML_END);
	figure_number(out, "td", (int64_t)s->count);
	for (size_t i = 0; i < PKI_COUNT(times); i++) {
		format_duration(times[i], text);
		html_leaf(out, "td", s->count > 0 ? text : "\xe2\x80\x93", HTML_END);
	}
	figure_number(out, "td", (int64_t)s->over_hour);
	figure_number(out, "td", (int64_t)s->over_day);
	figure_number(out, "td", (int64_t)s->waiting);
	html_close(out, "tr");
}

static void
put_delays(FILE *out, const struct figures *f)
{
	static const char *const headings[] = { "to", "reports", "median (p50)", "p99",
		"worst", "over 60 min", "over 24 h", "not yet" };
	char gap[GRID_TEXT];
	section(out, "status", "From report to status");
	html_leaf(out, "p",
		"How long it took from the moment when a report of loss, or another reason, reached the authority until OCSP answered \"revoked\" (from the ledger's commit on) and until a CRL that says so was published. An order that revokes several certificates is one report; its last one counts.",
		HTML_END);
	figure_open_table(out, "spread", "From report to status");
	html_open(out, "table", "id", "spread", HTML_END);
	html_leaf(out, "caption",
		"Allowed: 24 hours by law, 60 minutes by ETSI EN 319 411-1", HTML_END);
	html_open(out, "thead", HTML_END);
	html_open(out, "tr", HTML_END);
	for (size_t i = 0; i < PKI_COUNT(headings); i++)
		html_leaf(out, "th", headings[i], "scope", "col", HTML_END);
	html_close(out, "tr");
	html_close(out, "thead");
	html_open(out, "tbody", HTML_END);
	put_delay(out, "OCSP", "ocsp", &f->ocsp);
	put_delay(out, "CRL", "crl", &f->crl);
	html_close(out, "tbody");
	html_close(out, "table");
	html_close(out, "div");
	figure_put(out, &f->grids[GRID_DELAYS], FIGURE_SIDE_BY_SIDE,
		"Reports, by the time they took", 0);
	format_duration(f->crl_gap, gap);
	html_open(out, "p", "class", f->crl_gap > DAY_MSEC ? "bad" : NULL, HTML_END);
	html_textf(out,
		"CRLs made in the period: %ju. Longest time between two publications of the issuing CA's full list: %s; allowed: 24 h.",
		(uintmax_t)f->crls, f->crl_gap > 0 ? gap : "there were not two");
	html_close(out, "p");
	html_close(out, "section");
}

static void
put_target(FILE *out, const struct figures *f)
{
	char width[24], x[24];
	if (f->population == 0)
		return;
	double share = 100.0 * (double)f->issued / (double)f->population;
	html_open(out, "p", "id", "target", HTML_END);
	html_textf(out, "%" PRId64 " of a population of %ju have certificates: %.1f %%.",
		f->issued, (uintmax_t)f->population, share);
	if (f->target > 0)
		html_textf(out,
			" The target of %g %% is %" PRId64 " people; %s %" PRId64 ".",
			f->target, f->wanted,
			f->issued < f->wanted ? "still to come:" : "passed by",
			f->issued < f->wanted ? f->wanted - f->issued
					      : f->issued - f->wanted);
	html_close(out, "p");
	snprintf(width, sizeof width, "%.2f", share > 100 ? 100 : share);
	snprintf(x, sizeof x, "%.2f", f->target);
	html_open(out, "svg", "xmlns", "http://www.w3.org/2000/svg", "class",
		"plot meter", "viewBox", "0 0 100 14", "preserveAspectRatio", "none",
		"role", "img", "aria-label", "Share of the population", HTML_END);
	html_empty(
		out, "rect", "class", "track", "width", "100", "height", "14", HTML_END);
	html_empty(out, "rect", "class", "f1", "width", width, "height", "14", HTML_END);
	if (f->target > 0)
		html_empty(out, "rect", "class", "mark", "x", x, "width", "0.3", "height",
			"14", HTML_END);
	html_close(out, "svg");
}

static void
put_adoption(FILE *out, const struct figures *f)
{
	section(out, "adoption-section", "Adoption");
	html_leaf(out, "p",
		"Persons, each counted once: who applied, whose certificates were issued, who activated them by signing their acceptance.",
		HTML_END);
	put_target(out, f);
	figure_put(out, &f->grids[GRID_ADOPTION], FIGURE_LINES,
		"Holders, up to each date", f->wanted);
	figure_put(out, &f->grids[GRID_REGISTRATION], FIGURE_ROWS,
		"Steps of registration in this period", 0);
	html_close(out, "section");
}

static void
put_finding(FILE *out, const json_t *finding)
{
	const char *severity = entry_text(finding, "severity");
	int rule = (int)entry_number(finding, "rule");
	html_open(out, "tr", HTML_END);
	html_leaf(out, "td", severity, "class",
		strcmp(severity, "minor") != 0 ? "bad" : NULL, HTML_END);
	html_leaf(out, "td", entry_text(finding, "object"), HTML_END);
	html_open(out, "td", HTML_END);
	if (rule != 0) {
		html_textf(out, "%d %s", rule, entry_text(finding, "name"));
		html_leaf(out, "small", entry_text(finding, "clause"), HTML_END);
	}
	html_close(out, "td");
	html_open(out, "td", HTML_END);
	html_text(out, entry_text(finding, "message"));
	html_leaf(
		out, "small", entry_text(finding, "remedy"), "class", "remedy", HTML_END);
	html_close(out, "td");
	html_close(out, "tr");
}

static void
put_findings(FILE *out, const json_t *report, const json_t *findings)
{
	static const char *const headings[] = { "severity", "object", "rule",
		"finding, and what to do" };
	const json_t *counts = json_object_get(report, "severities");
	uintmax_t found = (uintmax_t)entry_number(report, "finding_count");
	html_open(out, "p", "class", "bad", HTML_END);
	html_textf(out, "Critical: %jd, major: %jd, minor: %jd.",
		(intmax_t)entry_number(counts, "critical"),
		(intmax_t)entry_number(counts, "major"),
		(intmax_t)entry_number(counts, "minor"));
	if (found > FINDINGS_SHOWN)
		html_textf(out,
			" The worst %d of %ju are shown; pki-audit verify lists more.",
			FINDINGS_SHOWN, found);
	html_close(out, "p");
	figure_open_table(out, "finding-list", "Findings");
	html_open(out, "table", "id", "finding-list", "class", "words", HTML_END);
	html_open(out, "thead", HTML_END);
	html_open(out, "tr", HTML_END);
	for (size_t i = 0; i < PKI_COUNT(headings); i++)
		html_leaf(out, "th", headings[i], "scope", "col", HTML_END);
	html_close(out, "tr");
	html_close(out, "thead");
	html_open(out, "tbody", HTML_END);
	for (size_t n = 0; n < json_array_size(findings) && n < FINDINGS_SHOWN; n++)
		put_finding(out, json_array_get(findings, n));
	html_close(out, "tbody");
	html_close(out, "table");
	html_close(out, "div");
}

static void
put_verification(FILE *out, const json_t *report, const struct audit *a)
{
	const json_t *findings = json_object_get(report, "findings");
	section(out, "findings", "Findings");
	if (a == NULL) {
		html_leaf(out, "p",
			"Nothing was verified: this report was made with --no-verify. Its figures are what the ledger says.",
			HTML_END);
	} else {
		html_open(out, "p", HTML_END);
		html_textf(out,
			"Verified with public keys alone: %ju log entries and %ju hashes under %ju checkpoints, %ju published tiles, %ju orders, %ju certificates, %ju revocations, %ju CRLs, %ju cosignatures of witnesses.",
			(uintmax_t)a->counts.entries, (uintmax_t)a->counts.hashes,
			(uintmax_t)a->counts.checkpoints, (uintmax_t)a->counts.tiles,
			(uintmax_t)a->counts.orders, (uintmax_t)a->counts.certificates,
			(uintmax_t)a->counts.revocations, (uintmax_t)a->counts.crls,
			(uintmax_t)a->counts.cosignatures);
		html_close(out, "p");
	}
	if (json_array_size(findings) > 0)
		put_findings(out, report, findings);
	else if (a != NULL)
		html_leaf(out, "p", "\xe2\x9c\x93 Everything is in order.", "class",
			"good", HTML_END);
	html_close(out, "section");
}

static void
put_officers(FILE *out, const struct figures *f)
{
	section(out, "officers-section", "Officers");
	html_leaf(out, "p",
		"Officers are named as their certificates name them; the serial numbers of the certificates stand in the report's JSON form. Orders to issue, renew and revoke count where the ledger keeps the signature; the other steps, where the registration authority's log says so.",
		HTML_END);
	figure_put(out, &f->grids[GRID_OFFICERS], FIGURE_ROWS, "What each officer signed",
		0);
	figure_put(out, &f->grids[GRID_PAIRS], FIGURE_ROWS,
		"Four eyes: who signed together to issue and to renew", 0);
	html_close(out, "section");
}

static void
put_sections(FILE *out, const struct figures *f)
{
	const struct grid *g = f->grids;
	section(out, "certificates", "Certificates");
	figure_put(out, &g[GRID_ISSUANCE], FIGURE_BARS, "Issued", 0);
	figure_put(out, &g[GRID_REVOCATIONS], FIGURE_BARS, "Revoked, by reason", 0);
	figure_put(out, &g[GRID_CAUSES], FIGURE_ROWS,
		"Orders to revoke, by what was reported", 0);
	html_close(out, "section");
	put_delays(out, f);
	section(out, "expiry", "Expiry forecast");
	html_leaf(out, "p",
		"Certificates that are valid at the end of the period, by the month in which they end.",
		HTML_END);
	figure_put(out, &g[GRID_FORECAST], FIGURE_BARS, "Certificates that end", 0);
	html_close(out, "section");
	put_adoption(out, f);
	put_officers(out, f);
	section(out, "refusals-section", "Refusals");
	figure_put(out, &g[GRID_REFUSALS], FIGURE_ROWS,
		"Orders that the signer refused, by rule", 0);
	html_close(out, "section");
}

/* The page's style sheet. The page is XML, so the style sheet must not contain "<" or
 * "&". */
static const char style[] = {
#include "tools/audit/report/report.css.inc"
};

static enum pki_status
put_head(FILE *out, const struct figures *f, struct pki_err *err)
{
	uint8_t digest[PKI_SHA256];
	char policy[256];
	PKI_CLEANUP(pki_buf_free) struct pki_buf hash = { 0 };
	PKI_TRY(pki_sha256(style, strlen(style), digest, err));
	PKI_TRY(pki_base64_encode(digest, sizeof digest, &hash, err));
	snprintf(policy, sizeof policy,
		"default-src 'none'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'",
		(const char *)hash.data);
	html_open(out, "head", HTML_END);
	html_empty(out, "meta", "charset", "utf-8", HTML_END);
	html_empty(out, "meta", "http-equiv", "Content-Security-Policy", "content",
		policy, HTML_END);
	html_empty(out, "meta", "name", "viewport", "content",
		"width=device-width, initial-scale=1", HTML_END);
	html_empty(
		out, "meta", "name", "color-scheme", "content", "light dark", HTML_END);
	html_open(out, "title", HTML_END);
	html_textf(out, "Audit report: %s", f->ca);
	html_close(out, "title");
	fprintf(out, "<style>%s</style>\n", style);
	html_close(out, "head");
	return PKI_OK;
}

enum pki_status
page_write(FILE *out, const struct figures *f, const json_t *findings,
	const struct audit *a, struct pki_err *err)
{
	fputs("<!DOCTYPE html>\n", out);
	html_open(out, "html", "xmlns", "http://www.w3.org/1999/xhtml", "lang", "en",
		"xml:lang", "en", HTML_END);
	PKI_TRY(put_head(out, f, err));
	html_open(out, "body", HTML_END);
	plot_patterns(out);
	put_header(out, f);
	html_open(out, "main", HTML_END);
	put_tiles(out, f, findings, a != NULL);
	put_verification(out, findings, a);
	put_sections(out, f);
	section(out, "log", "What the log recorded");
	figure_put(out, &f->grids[GRID_EVENTS], FIGURE_ROWS, "Events of this period", 0);
	html_close(out, "section");
	html_close(out, "main");
	html_leaf(out, "footer",
		"All times are UTC. Figures come from the certification authority's ledger and its signed log; this page names officers, tells nothing personal of holders, loads nothing and runs no script. Rows of a calendar in which nothing happened are left out of its table.",
		HTML_END);
	html_close(out, "body");
	html_close(out, "html");
	return PKI_OK;
}
