/* pki-audit report: figures from ledger and log, and the page that shows them. */
#ifndef TOOLS_AUDIT_REPORT_REPORT_H
#define TOOLS_AUDIT_REPORT_REPORT_H

#include "tools/audit/audit.h"

/* A grid of counts: a plot draws it, the table beside says it, JSON holds it. */
#define GRID_COLUMNS 10
#define GRID_TEXT 64
struct grid_column {
	const char *key; /* in JSON */
	const char *name;
};
struct grid_row {
	char label[GRID_TEXT];
	char note[2 * GRID_TEXT]; /* says more; "" */
	pki_time start; /* of rows that are times */
	int64_t cells[GRID_COLUMNS];
};
struct grid {
	const char *key;
	const char *row_name;
	const char *note_name; /* NULL: its rows have no notes */
	struct grid_column columns[GRID_COLUMNS];
	size_t column_count;
	size_t plotted; /* so many of the columns; 0: all */
	bool unlike; /* its rows are different things: no sum */
	struct grid_row *rows;
	size_t row_count;
};
void grid_free(struct grid *g);
/* The row of that label, new if there is none. */
enum pki_status grid_row(struct grid *g, const char *label, struct grid_row **out,
	struct pki_err *err) PKI_MUST_CHECK;
/* Rows for all days, weeks, months, quarters or years from the one to the other, whichever are
 * few enough to look at; the unit's name. */
enum pki_status grid_calendar(struct grid *g, pki_time from, pki_time to,
	const char **unit, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status grid_months(
	struct grid *g, pki_time from, int count, struct pki_err *err) PKI_MUST_CHECK;
/* Where that time counts; NULL before the first row. */
struct grid_row *grid_at(const struct grid *g, pki_time t);
int64_t grid_sum(const struct grid *g, size_t column);
int64_t grid_row_sum(const struct grid *g, const struct grid_row *row);
size_t grid_plotted(const struct grid *g);
/* Largest rows first; what is beyond `most` becomes one row. */
void grid_rank(struct grid *g, size_t most);
/* Drop the columns that are nothing but zeros; one stays. */
void grid_narrow(struct grid *g);
json_t *grid_json(const struct grid *g);

/* Of times in milliseconds. */
struct spread {
	uint64_t count;
	pki_msec p50, p99, worst;
	uint64_t over_hour, over_day;
	uint64_t waiting; /* not there yet at the end of the period */
};

enum grids {
	GRID_ISSUANCE,
	GRID_REVOCATIONS,
	GRID_CAUSES,
	GRID_DELAYS,
	GRID_FORECAST,
	GRID_OFFICERS,
	GRID_PAIRS,
	GRID_REFUSALS,
	GRID_ADOPTION, /* so many up to then */
	GRID_REGISTRATION,
	GRID_EVENTS,
	GRIDS
};

struct figures {
	pki_msec from, to; /* the period, both ends in it */
	const char *unit;
	uint64_t population; /* 0: not given */
	double target; /* percent of it; 0: not given */
	int64_t wanted; /* that many holders */

	int64_t live[2], live_holders; /* at the end: holders', officers' and services' */
	int64_t applied, issued, activated; /* holders up to the end */
	uint64_t crls;
	pki_msec crl_gap; /* longest between two full lists of the issuing CA */
	struct spread ocsp, crl; /* from report to commit, to publication */

	struct grid grids[GRIDS];

	char ca[PKI_NAME_SIZE], origin[PKI_ORIGIN_TEXT];
	char root[PKI_SHA256_HEX]; /* "": no checkpoint that verifies */
	uint64_t entries, covered;
};
/* a is open; from, to (0: all), population and target are set: the period's ends within what the
 * ledger tells, empty grids, what the log's last checkpoint says. */
enum pki_status figures_prepare(
	struct audit *a, struct figures *f, struct pki_err *err) PKI_MUST_CHECK;
/* Then the figures. What could be read before a failure is in f. */
enum pki_status figures_gather(
	struct audit *a, struct figures *f, struct pki_err *err) PKI_MUST_CHECK;
void figures_free(struct figures *f);
/* The column of a reason in GRID_REVOCATIONS, before it is narrowed. */
size_t figures_reason(enum pki_reason reason);
json_t *figures_json(const struct figures *f);

/* Officers by their certificates' serial numbers: "registration 1". */
struct roster;
enum pki_status roster_new(struct audit *a, struct figures *f, struct roster **out,
	struct pki_err *err) PKI_MUST_CHECK;
void roster_cleanup(struct roster **roster);
/* An officer's certificate is known; what a log entry of the period says of officers. */
enum pki_status roster_certificate(struct roster *r, const struct pki_cert_row *row,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status roster_entry(struct roster *r, const char *type, const json_t *entry,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status roster_end(struct roster *r, struct pki_err *err) PKI_MUST_CHECK;

/* Plots, as SVG: bars over time, stacked or side by side; lines, with a dashed one at `target`
 * unless it is 0; rows. */
void plot_bars(FILE *out, const struct grid *g, const char *title, bool stacked);
void plot_lines(FILE *out, const struct grid *g, const char *title, int64_t target);
void plot_rows(FILE *out, const struct grid *g, const char *title);
void plot_legend(FILE *out, const struct grid *g, bool lines);
/* What some of the plots' fillings refer to on paper, where there is black and white only. */
void plot_patterns(FILE *out);

/* A number in an element of its own; a figure under its title. */
enum plot { PLOT_BARS, PLOT_SIDE_BY_SIDE, PLOT_LINES, PLOT_ROWS };
void page_number(FILE *out, const char *element, int64_t n);
void page_figure(FILE *out, const struct grid *g, enum plot form, const char *title,
	int64_t target);

extern const char report_style[];
/* findings: as findings_json() gives them; a: what was checked; NULL: not verified. */
enum pki_status report_page(FILE *out, const struct figures *f, const json_t *findings,
	const struct audit *a, struct pki_err *err) PKI_MUST_CHECK;

#endif
