/* A grid of counts: a plot draws it, the table beside the plot shows it, JSON holds it. */
#ifndef TOOLS_AUDIT_REPORT_GRID_H
#define TOOLS_AUDIT_REPORT_GRID_H

#include "libpki/base/json.h"
#include "libpki/base/time.h"

#define GRID_COLUMNS 10
#define GRID_TEXT 64
struct grid_column {
	const char *key; /* in JSON */
	const char *name;
};
struct grid_row {
	char label[GRID_TEXT];
	char note[2 * GRID_TEXT]; /* shown below the label; "": none */
	char name[2 * GRID_TEXT]; /* shown in place of the note; "": the note */
	pki_time start; /* of a calendar's row */
	int64_t cells[GRID_COLUMNS];
};
struct grid {
	const char *key;
	const char *row_name;
	const char *note_name; /* NULL: the rows have no notes */
	struct grid_column columns[GRID_COLUMNS];
	size_t column_count;
	size_t plotted; /* the number of columns in the plot; 0: all */
	bool unlike; /* rows are different things: the table has no sum */
	struct grid_row *rows;
	size_t row_count;
};
void grid_free(struct grid *g);
/* The row with this label, appended if the grid has none. The label may be any text of
 * any length; pki_cli_clean() makes the label fit for a terminal. */
enum pki_status grid_row(struct grid *g, const char *label, struct grid_row **out,
	struct pki_err *err) PKI_MUST_CHECK;
/* Rows for all days, weeks, months, quarters or years from `from` to `to`: the shortest
 * unit with few enough rows for a plot. *unit: the unit's name. */
enum pki_status grid_calendar(struct grid *g, pki_time from, pki_time to,
	const char **unit, struct pki_err *err) PKI_MUST_CHECK;
/* Rows for `count` months, beginning with the month of `from`. */
enum pki_status grid_months(
	struct grid *g, pki_time from, int count, struct pki_err *err) PKI_MUST_CHECK;
/* The row in whose time t lies; NULL before the first row. */
struct grid_row *grid_at(const struct grid *g, pki_time t);
int64_t grid_sum(const struct grid *g, size_t column);
int64_t grid_row_sum(const struct grid *g, const struct grid_row *row);
size_t grid_plotted(const struct grid *g);
/* Sort, largest rows first; all rows beyond `most` become one row. */
void grid_rank(struct grid *g, size_t most);
/* Drop columns of zeros, but keep at least one column. */
void grid_narrow(struct grid *g);
struct pki_json grid_json(const struct grid *g);

#endif
