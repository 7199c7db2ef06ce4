/* Plots of grids, as SVG: text apart, everything is a number. Classes f1, f2, ... fill and s1, s2,
 * ... stroke; report.css gives the colours. */
#ifndef TOOLS_AUDIT_REPORT_PLOT_H
#define TOOLS_AUDIT_REPORT_PLOT_H

#include <stdio.h>

#include "tools/audit/report/grid.h"

/* Bars over time, stacked or side by side. */
void plot_bars(FILE *out, const struct grid *g, const char *title, bool stacked);
/* Lines over time; a dashed line at target, unless target is 0. */
void plot_lines(FILE *out, const struct grid *g, const char *title, int64_t target);
/* A horizontal bar for each row. */
void plot_rows(FILE *out, const struct grid *g, const char *title);
void plot_legend(FILE *out, const struct grid *g, bool lines);
/* The fill patterns of report.css for print in black and white; once in a page. */
void plot_patterns(FILE *out);

#endif
