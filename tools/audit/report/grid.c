#include "tools/audit/report/grid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libpki/host/cli.h"

/* More bars than these are no longer told apart on paper. */
#define DAYS_MOST 45
#define WEEKS_MOST INT64_C(30)
#define MONTHS_MOST INT64_C(48)
#define QUARTERS_MOST INT64_C(60)

enum unit { DAY, WEEK, MONTH, QUARTER, YEAR };

void
grid_free(struct grid *g)
{
	free(g->rows);
	*g = (struct grid){ 0 };
}

static enum pki_status
add_row(struct grid *g, const char *label, struct grid_row **out, struct pki_err *err)
{
	struct grid_row *grown = reallocarray(g->rows, g->row_count + 1, sizeof *grown);
	if (grown == NULL)
		return pki_fail(err, PKI_MEMORY, "%s", g->key);
	g->rows = grown;
	*out = &grown[g->row_count++];
	**out = (struct grid_row){ 0 };
	snprintf((*out)->label, GRID_TEXT, "%s", label);
	return PKI_OK;
}

enum pki_status
grid_row(struct grid *g, const char *label, struct grid_row **out, struct pki_err *err)
{
	char clean[GRID_TEXT];
	pki_cli_clean(label, clean, sizeof clean);
	for (size_t i = 0; i < g->row_count; i++)
		if (strcmp(g->rows[i].label, clean) == 0) {
			*out = &g->rows[i];
			return PKI_OK;
		}
	return add_row(g, clean, out, err);
}

/* The start of the unit `steps` after the unit of t. */
static pki_time
unit_start(enum unit unit, pki_time t, int steps)
{
	struct tm tm;
	time_t seconds = (time_t)t;
	gmtime_r(&seconds, &tm);
	tm.tm_hour = tm.tm_min = tm.tm_sec = 0;
	switch (unit) {
	case DAY:
		tm.tm_mday += steps;
		break;
	case WEEK: /* from Monday */
		tm.tm_mday += 7 * steps - (tm.tm_wday + 6) % 7;
		break;
	case MONTH:
		tm.tm_mday = 1;
		tm.tm_mon += steps;
		break;
	case QUARTER:
		tm.tm_mday = 1;
		tm.tm_mon += 3 * steps - tm.tm_mon % 3;
		break;
	case YEAR:
		tm.tm_mday = 1;
		tm.tm_mon = 0;
		tm.tm_year += steps;
		break;
	}
	return (pki_time)timegm(&tm);
}

static void
unit_label(enum unit unit, pki_time start, char out[GRID_TEXT])
{
	struct tm tm;
	time_t seconds = (time_t)start;
	gmtime_r(&seconds, &tm);
	if (unit == DAY || unit == WEEK)
		strftime(out, GRID_TEXT, "%Y-%m-%d", &tm);
	else if (unit == MONTH)
		strftime(out, GRID_TEXT, "%Y-%m", &tm);
	else if (unit == QUARTER)
		snprintf(out, GRID_TEXT, "%d Q%d", tm.tm_year + 1900, tm.tm_mon / 3 + 1);
	else
		strftime(out, GRID_TEXT, "%Y", &tm);
}

static enum pki_status
add_times(struct grid *g, enum unit unit, pki_time from, pki_time to, struct pki_err *err)
{
	pki_time start = unit_start(unit, from, 0);
	for (int i = 1; start <= to; i++) {
		char label[GRID_TEXT];
		struct grid_row *row;
		unit_label(unit, start, label);
		PKI_TRY(add_row(g, label, &row, err));
		row->start = start;
		start = unit_start(unit, from, i);
	}
	return PKI_OK;
}

enum pki_status
grid_calendar(struct grid *g, pki_time from, pki_time to, const char **unit,
	struct pki_err *err)
{
	static const char *const names[] = { "day", "week (from Monday)", "month",
		"quarter", "year" };
	int64_t days = (to - from) / PKI_DAY + 1;
	enum unit u = days <= DAYS_MOST            ? DAY
		      : days <= 7 * WEEKS_MOST     ? WEEK
		      : days <= 31 * MONTHS_MOST   ? MONTH
		      : days <= 92 * QUARTERS_MOST ? QUARTER
						   : YEAR;
	*unit = g->row_name = names[u];
	return add_times(g, u, from, to, err);
}

enum pki_status
grid_months(struct grid *g, pki_time from, int count, struct pki_err *err)
{
	g->row_name = "month";
	return add_times(g, MONTH, from, unit_start(MONTH, from, count) - 1, err);
}

struct grid_row *
grid_at(const struct grid *g, pki_time t)
{
	size_t low = 0, high = g->row_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (g->rows[middle].start <= t)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? &g->rows[low - 1] : NULL;
}

size_t
grid_plotted(const struct grid *g)
{
	return g->plotted != 0 && g->plotted < g->column_count ? g->plotted
							       : g->column_count;
}

int64_t
grid_sum(const struct grid *g, size_t column)
{
	int64_t sum = 0;
	for (size_t i = 0; i < g->row_count; i++)
		sum += g->rows[i].cells[column];
	return sum;
}

int64_t
grid_row_sum(const struct grid *g, const struct grid_row *row)
{
	int64_t sum = 0;
	for (size_t c = 0; c < grid_plotted(g); c++)
		sum += row->cells[c];
	return sum;
}

static int
larger_first(const void *x, const void *y)
{
	const struct grid_row *a = x, *b = y;
	int64_t as = 0, bs = 0;
	for (size_t c = 0; c < GRID_COLUMNS; c++) {
		as += a->cells[c];
		bs += b->cells[c];
	}
	return as != bs ? (as < bs) - (as > bs) : strcmp(a->label, b->label);
}

void
grid_rank(struct grid *g, size_t most)
{
	if (g->row_count > 0)
		qsort(g->rows, g->row_count, sizeof *g->rows, larger_first);
	if (g->row_count <= most)
		return;
	struct grid_row *rest = &g->rows[most - 1];
	for (size_t i = most; i < g->row_count; i++)
		for (size_t c = 0; c < GRID_COLUMNS; c++)
			rest->cells[c] += g->rows[i].cells[c];
	snprintf(rest->label, sizeof rest->label, "%zu others", g->row_count - most + 1);
	rest->note[0] = rest->name[0] = '\0';
	g->row_count = most;
}

void
grid_narrow(struct grid *g)
{
	size_t kept = 0;
	for (size_t c = 0; c < g->column_count; c++) {
		if (grid_sum(g, c) == 0 && (kept > 0 || c + 1 < g->column_count))
			continue;
		g->columns[kept] = g->columns[c];
		for (size_t i = 0; i < g->row_count; i++)
			g->rows[i].cells[kept] = g->rows[i].cells[c];
		kept++;
	}
	g->column_count = kept;
}

struct pki_json
grid_json(const struct grid *g)
{
	struct pki_json rows = pki_json_array();
	for (size_t i = 0; i < g->row_count; i++) {
		const struct grid_row *row = &g->rows[i];
		struct pki_json json = pki_json_object();
		pki_json_text(&json, "label", row->label);
		if (g->note_name != NULL)
			pki_json_text(&json, "note", row->note);
		for (size_t c = 0; c < g->column_count; c++)
			pki_json_number(&json, g->columns[c].key, row->cells[c]);
		pki_json_append(&rows, &json);
	}
	return rows;
}
