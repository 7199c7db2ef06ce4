#include "tools/audit/report/figure.h"

#include <stdio.h>
#include <string.h>

#include "tools/audit/report/html.h"
#include "tools/audit/report/plot.h"

/* In a calendar with more rows, empty rows are left out. */
#define ROWS_SHORT 8

void
figure_number(FILE *out, const char *element, int64_t n)
{
	char text[HTML_NUMBER];
	html_number(n, text);
	html_leaf(out, element, text, "class", n == 0 ? "zero" : NULL, HTML_END);
}

void
figure_open_table(FILE *out, const char *id, const char *name)
{
	char box[64];
	snprintf(box, sizeof box, "%s-table", id);
	html_open(out, "div", "class", "table", "id", box, "role", "region", "aria-label",
		name, "tabindex", "0", HTML_END);
}

/* Nothing happened; or with sums so far, nothing new. */
static bool
left_out(const struct grid *g, size_t i, bool sums)
{
	const struct grid_row *row = &g->rows[i];
	if (row->start == 0 || g->row_count <= ROWS_SHORT || i + 1 == g->row_count)
		return false;
	if (sums)
		return i > 0 && memcmp(row->cells, row[-1].cells, sizeof row->cells) == 0;
	for (size_t c = 0; c < g->column_count; c++)
		if (row->cells[c] != 0)
			return false;
	return true;
}

static void
put_table(FILE *out, const struct grid *g, const char *title, const char *caption,
	bool sums)
{
	figure_open_table(out, g->key, title);
	html_open(out, "table", "id", g->key, HTML_END);
	html_leaf(out, "caption", caption, HTML_END);
	html_open(out, "thead", HTML_END);
	html_open(out, "tr", HTML_END);
	html_leaf(out, "th", g->row_name, "scope", "col", HTML_END);
	for (size_t c = 0; c < g->column_count; c++)
		html_leaf(out, "th", g->columns[c].name, "scope", "col", HTML_END);
	html_close(out, "tr");
	html_close(out, "thead");
	html_open(out, "tbody", HTML_END);
	for (size_t i = 0; i < g->row_count; i++) {
		const struct grid_row *row = &g->rows[i];
		if (left_out(g, i, sums))
			continue;
		html_open(out, "tr", HTML_END);
		html_open(out, "th", "scope", "row", HTML_END);
		html_text(out, row->label);
		if (row->name[0] != '\0')
			html_leaf(out, "small", row->name, HTML_END);
		else if (row->note[0] != '\0')
			html_leaf(out, "small", row->note, "class", "serial", HTML_END);
		html_close(out, "th");
		for (size_t c = 0; c < g->column_count; c++)
			figure_number(out, "td", row->cells[c]);
		html_close(out, "tr");
	}
	html_close(out, "tbody");
	if (!sums && !g->unlike && g->row_count > 1) {
		html_open(out, "tfoot", HTML_END);
		html_open(out, "tr", HTML_END);
		html_leaf(out, "th", "sum", "scope", "row", HTML_END);
		for (size_t c = 0; c < g->column_count; c++)
			figure_number(out, "td", grid_sum(g, c));
		html_close(out, "tr");
		html_close(out, "tfoot");
	}
	html_close(out, "table");
	html_close(out, "div");
}

static void
put_plot(FILE *out, const struct grid *g, enum figure_form form, const char *title,
	int64_t target)
{
	plot_legend(out, g, form == FIGURE_LINES);
	if (form == FIGURE_ROWS)
		plot_rows(out, g, title);
	else if (form == FIGURE_LINES)
		plot_lines(out, g, title, target);
	else
		plot_bars(out, g, title, form == FIGURE_BARS);
}

void
figure_put(FILE *out, const struct grid *g, enum figure_form form, const char *title,
	int64_t target)
{
	html_leaf(out, "h3", title, HTML_END);
	if (g->row_count == 0) {
		html_leaf(out, "p", "None in this period.", "class", "soft", HTML_END);
		return;
	}
	html_open(out, "figure", "class", g->column_count > 5 ? "wide" : NULL, HTML_END);
	html_open(out, "div", "class", "drawing", HTML_END);
	put_plot(out, g, form, title, target);
	html_close(out, "div");
	put_table(out, g, title,
		form == FIGURE_LINES ? "So many up to then" : "The same in numbers",
		form == FIGURE_LINES);
	html_close(out, "figure");
}
