#include "tools/audit/report/plot.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/audit/report/html.h"

/* Units of the drawing; the page scales the drawing. */
#define WIDTH 720.0
#define HEIGHT 270.0
#define LEFT 52.0
#define RIGHT 26.0
#define TOP 14.0
#define BOTTOM 30.0
#define BAR_MOST 52.0
#define LETTER 6.6 /* widest letter of a tick */
#define ROW 28.0
#define ROW_LABEL 214.0
#define ROW_VALUE 60.0

/* A target so far above everything would press the lines flat. */
#define TARGET_FAR 3

struct axis {
	double top, bottom; /* on the drawing */
	int64_t most, step;
};

static double
height_of(const struct axis *axis, int64_t value)
{
	return axis->bottom -
	       (axis->bottom - axis->top) * (double)value / (double)axis->most;
}

/* 1, 2 or 5 times a power of ten; five ticks at most. */
static struct axis
make_axis(int64_t most)
{
	struct axis axis = { .top = TOP, .bottom = HEIGHT - BOTTOM, .step = 1 };
	static const int64_t steps[] = { 1, 2, 5 };
	int64_t power = 1;
	for (size_t i = 0; most > axis.step * 5; i++) {
		if (i % 3 == 0 && i > 0)
			power *= 10;
		axis.step = steps[i % 3] * power;
	}
	axis.most = (most / axis.step + (most % axis.step != 0)) * axis.step;
	if (axis.most == 0)
		axis.most = 1;
	return axis;
}

static void
begin(FILE *out, double height, const char *title)
{
	char box[64];
	snprintf(box, sizeof box, "0 0 %.0f %.0f", WIDTH, height);
	html_open(out, "svg", "xmlns", "http://www.w3.org/2000/svg", "class", "plot",
		"viewBox", box, "role", "img", "aria-label", title, HTML_END);
	fputc('\n', out);
	html_leaf(out, "title", title, HTML_END);
}

static void
put_text(FILE *out, const char *class, const char *anchor, double x, double y,
	const char *text)
{
	char at_x[24], at_y[24];
	snprintf(at_x, sizeof at_x, "%.1f", x);
	snprintf(at_y, sizeof at_y, "%.1f", y);
	html_leaf(out, "text", text, "class", class, "text-anchor", anchor, "x", at_x,
		"y", at_y, HTML_END);
}

static void
put_line(FILE *out, const char *class, double x1, double y1, double x2, double y2)
{
	fprintf(out,
		"<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
		class, x1, y1, x2, y2);
}

static void
draw_axis(FILE *out, const struct axis *axis)
{
	for (int64_t v = 0; v <= axis->most; v += axis->step) {
		char number[HTML_NUMBER];
		double y = height_of(axis, v);
		put_line(out, v == 0 ? "base" : "grid", LEFT, y, WIDTH - RIGHT, y);
		html_number(v, number);
		put_text(out, "tick", "end", LEFT - 8, y + 4, number);
	}
}

static double
slot_of(const struct grid *g)
{
	return (WIDTH - LEFT - RIGHT) / (double)(g->row_count > 0 ? g->row_count : 1);
}

static double
middle_of(const struct grid *g, size_t row)
{
	return LEFT + slot_of(g) * ((double)row + 0.5);
}

/* As many labels as have room. */
static void
draw_labels(FILE *out, const struct grid *g)
{
	size_t longest = 1;
	for (size_t i = 0; i < g->row_count; i++)
		if (strlen(g->rows[i].label) > longest)
			longest = strlen(g->rows[i].label);
	size_t every = (size_t)((LETTER * (double)longest + 14) / slot_of(g)) + 1;
	for (size_t i = 0; i < g->row_count; i += every)
		put_text(out, "tick", "middle", middle_of(g, i), HEIGHT - BOTTOM + 18,
			g->rows[i].label);
}

static void
put_bar(FILE *out, const struct grid *g, const struct grid_row *row, size_t column,
	const double box[4])
{
	if (row->cells[column] == 0)
		return;
	fprintf(out,
		"<rect class=\"f%zu\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\">",
		column + 1, box[0], box[1], box[2], box[3]);
	fputs("<title>", out);
	html_textf(out, "%s: %s %" PRId64, row->label, g->columns[column].name,
		row->cells[column]);
	fputs("</title></rect>\n", out);
}

static int64_t
largest(const struct grid *g, bool sums)
{
	int64_t most = 0;
	for (size_t i = 0; i < g->row_count; i++) {
		int64_t sum = grid_row_sum(g, &g->rows[i]);
		if (sums && sum > most)
			most = sum;
		for (size_t c = 0; !sums && c < grid_plotted(g); c++)
			if (g->rows[i].cells[c] > most)
				most = g->rows[i].cells[c];
	}
	return most;
}

void
plot_bars(FILE *out, const struct grid *g, const char *title, bool stacked)
{
	struct axis axis = make_axis(largest(g, stacked));
	double columns = stacked ? 1 : (double)grid_plotted(g);
	double width = slot_of(g) * 0.74 / columns;
	width = width > BAR_MOST ? BAR_MOST : width;
	begin(out, HEIGHT, title);
	draw_axis(out, &axis);
	for (size_t i = 0; i < g->row_count; i++) {
		double x = middle_of(g, i) - width * columns / 2;
		int64_t below = 0;
		for (size_t c = 0; c < grid_plotted(g); c++) {
			int64_t value = g->rows[i].cells[c];
			double top = height_of(&axis, below + value);
			double high = height_of(&axis, below) - top;
			put_bar(out, g, &g->rows[i], c,
				(const double[4]){ x, top, width, high });
			if (stacked)
				below += value;
			else
				x += width;
		}
	}
	draw_labels(out, g);
	html_close(out, "svg");
}

static void
draw_line(FILE *out, const struct grid *g, const struct axis *axis, size_t column)
{
	fprintf(out, "<polyline class=\"s%zu\" points=\"", column + 1);
	for (size_t i = 0; i < g->row_count; i++)
		fprintf(out, "%s%.1f,%.1f", i > 0 ? " " : "", middle_of(g, i),
			height_of(axis, g->rows[i].cells[column]));
	fputs("\"/>\n", out);
	for (size_t i = 0; i < g->row_count; i++) {
		fprintf(out,
			"<circle class=\"f%zu\" cx=\"%.1f\" cy=\"%.1f\" r=\"%s\"><title>",
			column + 1, middle_of(g, i),
			height_of(axis, g->rows[i].cells[column]),
			i + 1 == g->row_count ? "4" : "2.2");
		html_textf(out, "%s: %s %" PRId64, g->rows[i].label,
			g->columns[column].name, g->rows[i].cells[column]);
		fputs("</title></circle>\n", out);
	}
}

void
plot_lines(FILE *out, const struct grid *g, const char *title, int64_t target)
{
	int64_t most = largest(g, false);
	if (target > TARGET_FAR * most)
		target = 0;
	struct axis axis = make_axis(target > most ? target : most);
	begin(out, HEIGHT, title);
	draw_axis(out, &axis);
	for (size_t c = 0; c < grid_plotted(g); c++)
		draw_line(out, g, &axis, c);
	if (target > 0) {
		double y = height_of(&axis, target);
		put_line(out, "target", LEFT, y, WIDTH - RIGHT, y);
		put_text(out, "tick", "start", LEFT + 6, y - 5, "target");
	}
	draw_labels(out, g);
	html_close(out, "svg");
}

void
plot_rows(FILE *out, const struct grid *g, const char *title)
{
	int64_t most = largest(g, true);
	double scale = (WIDTH - ROW_LABEL - ROW_VALUE) / (double)(most > 0 ? most : 1);
	begin(out, ROW * (double)g->row_count + 4, title);
	for (size_t i = 0; i < g->row_count; i++) {
		const struct grid_row *row = &g->rows[i];
		double x = ROW_LABEL, y = ROW * (double)i + 4;
		char number[HTML_NUMBER];
		put_text(out, "name", "end", ROW_LABEL - 10, y + 14, row->label);
		for (size_t c = 0; c < grid_plotted(g); c++) {
			double width = scale * (double)row->cells[c];
			put_bar(out, g, row, c,
				(const double[4]){ x, y, width, ROW - 10 });
			x += width;
		}
		html_number(grid_row_sum(g, row), number);
		put_text(out, "tick", "start", x + 8, y + 14, number);
	}
	put_line(out, "base", ROW_LABEL, 0, ROW_LABEL, ROW * (double)g->row_count + 4);
	html_close(out, "svg");
}

void
plot_legend(FILE *out, const struct grid *g, bool lines)
{
	if (grid_plotted(g) < 2)
		return;
	html_open(out, "ul", "class", "legend", "aria-hidden", "true", HTML_END);
	for (size_t c = 0; c < grid_plotted(g); c++) {
		fputs("<li><svg xmlns=\"http://www.w3.org/2000/svg\" width=\"22\" height=\"12\">",
			out);
		if (lines)
			fprintf(out,
				"<polyline class=\"s%zu\" points=\"0,6 22,6\"/><circle class=\"f%zu\" cx=\"11\" cy=\"6\" r=\"3\"/>",
				c + 1, c + 1);
		else
			fprintf(out, "<rect class=\"f%zu\" width=\"22\" height=\"12\"/>",
				c + 1);
		fputs("</svg>", out);
		html_text(out, g->columns[c].name);
		html_close(out, "li");
	}
	html_close(out, "ul");
}

void
plot_patterns(FILE *out)
{
	static const char patterns[] = {
#include "tools/audit/report/patterns.html.inc"
	};
	fputs(patterns, out);
}
