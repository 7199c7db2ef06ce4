#include "tools/audit/report/grid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static pki_time
at(const char *text)
{
	struct pki_err err = { 0 };
	pki_time t = 0;
	assert_int_equal(pki_time_parse(text, &t, &err), PKI_OK);
	return t;
}

static void
calendars(void **state)
{
	static const struct {
		const char *from, *to;
		size_t want_rows;
		const char *want_unit, *want_first, *want_last;
	} cases[] = {
		{ "2026-11-25T10:00:00Z", "2026-11-25T11:00:00Z", 1, "day", "2026-11-25",
			"2026-11-25" },
		{ "2026-12-30T23:59:59Z", "2027-01-02", 4, "day", "2026-12-30",
			"2027-01-02" },
		/* a Wednesday to a Monday */
		{ "2026-11-25", "2027-02-01", 11, "week (from Monday)", "2026-11-23",
			"2027-02-01" },
		{ "2026-11-30", "2028-02-29T23:59:59Z", 16, "month", "2026-11",
			"2028-02" },
		{ "2026-11-25", "2033-01-01", 26, "quarter", "2026 Q4", "2033 Q1" },
		{ "2026-11-25", "2050-01-01", 25, "year", "2026", "2050" },
	};
	(void)state;
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		PKI_CLEANUP(grid_free) struct grid g = { .key = "x" };
		struct pki_err err = { 0 };
		const char *unit = NULL;
		assert_int_equal(grid_calendar(&g, at(cases[i].from), at(cases[i].to),
					 &unit, &err),
			PKI_OK);
		assert_string_equal(unit, cases[i].want_unit);
		assert_int_equal(g.row_count, cases[i].want_rows);
		assert_string_equal(g.rows[0].label, cases[i].want_first);
		assert_string_equal(g.rows[g.row_count - 1].label, cases[i].want_last);
		assert_ptr_equal(grid_at(&g, at(cases[i].from)), &g.rows[0]);
		assert_ptr_equal(grid_at(&g, at(cases[i].to)), &g.rows[g.row_count - 1]);
		assert_null(grid_at(&g, g.rows[0].start - 1));
	}
}

static void
months_do_not_skip_short_ones(void **state)
{
	PKI_CLEANUP(grid_free) struct grid g = { .key = "x" };
	struct pki_err err = { 0 };
	(void)state;
	assert_int_equal(grid_months(&g, at("2027-01-31T12:00:00Z"), 3, &err), PKI_OK);
	assert_int_equal(g.row_count, 3);
	assert_string_equal(g.rows[1].label, "2027-02");
	assert_ptr_equal(grid_at(&g, at("2027-02-28T23:59:59Z")), &g.rows[1]);
	assert_ptr_equal(grid_at(&g, at("2027-03-01")), &g.rows[2]);
}

static void
fill(struct grid *g)
{
	static const struct {
		const char *label;
		int64_t a, c;
	} rows[] = { { "few", 1, 0 }, { "most", 5, 4 }, { "some", 2, 2 },
		{ "one", 0, 1 } };
	*g = (struct grid){ .key = "x",
		.column_count = 3,
		.columns = { { "a", "A" }, { "b", "B" }, { "c", "C" } } };
	for (size_t i = 0; i < PKI_COUNT(rows); i++) {
		struct grid_row *row = NULL;
		struct pki_err err = { 0 };
		assert_int_equal(grid_row(g, rows[i].label, &row, &err), PKI_OK);
		row->cells[0] = rows[i].a;
		row->cells[2] = rows[i].c;
	}
}

static void
the_largest_rows_come_first(void **state)
{
	PKI_CLEANUP(grid_free) struct grid g;
	(void)state;
	fill(&g);
	grid_rank(&g, 3);
	assert_int_equal(g.row_count, 3);
	assert_string_equal(g.rows[0].label, "most");
	assert_string_equal(g.rows[1].label, "some");
	assert_string_equal(g.rows[2].label, "2 others");
	assert_int_equal(g.rows[2].cells[0], 1);
	assert_int_equal(g.rows[2].cells[2], 1);
	assert_int_equal(grid_sum(&g, 0), 8);
}

static void
empty_columns_go(void **state)
{
	PKI_CLEANUP(grid_free) struct grid g;
	(void)state;
	fill(&g);
	grid_narrow(&g);
	assert_int_equal(g.column_count, 2);
	assert_string_equal(g.columns[1].key, "c");
	assert_int_equal(g.rows[1].cells[1], 4);
	for (size_t i = 0; i < g.row_count; i++)
		memset(g.rows[i].cells, 0, sizeof g.rows[i].cells);
	grid_narrow(&g);
	assert_int_equal(g.column_count, 1);
}

static void
a_label_has_one_row(void **state)
{
	PKI_CLEANUP(grid_free) struct grid g;
	struct pki_err err = { 0 };
	struct grid_row *row = NULL;
	(void)state;
	fill(&g);
	assert_int_equal(grid_row(&g, "some", &row, &err), PKI_OK);
	assert_ptr_equal(row, &g.rows[2]);
	assert_int_equal(g.row_count, 4);
	assert_int_equal(grid_row_sum(&g, row), 4);
	g.plotted = 1;
	assert_int_equal(grid_row_sum(&g, row), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calendars),
		cmocka_unit_test(months_do_not_skip_short_ones),
		cmocka_unit_test(the_largest_rows_come_first),
		cmocka_unit_test(empty_columns_go),
		cmocka_unit_test(a_label_has_one_row),
	};
	return cmocka_run_group_tests_name("audit_report_grid", tests, NULL, NULL);
}
