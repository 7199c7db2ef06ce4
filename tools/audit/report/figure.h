/* A figure of the page: a title, a plot, and the table of the plot's numbers. */
#ifndef TOOLS_AUDIT_REPORT_FIGURE_H
#define TOOLS_AUDIT_REPORT_FIGURE_H

#include <stdio.h>

#include "tools/audit/report/grid.h"

enum figure_form { FIGURE_BARS, FIGURE_SIDE_BY_SIDE, FIGURE_LINES, FIGURE_ROWS };
/* target: of FIGURE_LINES; 0: none */
void figure_put(FILE *out, const struct grid *g, enum figure_form form, const char *title,
	int64_t target);
/* A count as an element, "td". */
/* The box around a table. Where the table is wider than the page, the box scrolls: people with
 * a keyboard alone must be able to reach the box, and hear its name. Closed as a div. */
void figure_open_table(FILE *out, const char *id, const char *name);
void figure_number(FILE *out, const char *element, int64_t n);

#endif
