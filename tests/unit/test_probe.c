#include "libpki/host/probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct pki_probe probe; /* what the command tells */
static struct pki_err failure; /* OK: none */

static enum pki_status
run(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	*err = failure;
	return pki_probe_report(args, "PKI-TEST", &probe, failure.status, err);
}

static const struct pki_option options[] = { PKI_PROBE_OPTIONS, { 0 } };
static const struct pki_command commands[] = {
	{ "check", "", "check", options, 0, 0, run },
	{ 0 },
};
static const struct pki_program program = { "pki-test", "a test", commands };

/* Arguments after "check --monitor", at most two; the line without its newline. */
static int
tell(const char *first, const char *second, char *line, size_t size)
{
	char words[4][64] = { "pki-test", "check", "--monitor" };
	char more[2][64];
	char *argv[6] = { words[0], words[1], words[2] };
	int argc = 3;
	const char *given[] = { first, second };
	for (size_t i = 0; i < 2 && given[i] != NULL; i++) {
		snprintf(more[i], sizeof more[i], "%s", given[i]);
		argv[argc++] = more[i];
	}
	fflush(stdout);
	int saved = dup(1);
	FILE *out = tmpfile();
	dup2(fileno(out), 1);
	int status = pki_cli_main(&program, argc, argv, NULL);
	fflush(stdout);
	dup2(saved, 1);
	close(saved);
	rewind(out);
	size_t n = fread(line, 1, size - 1, out);
	line[n] = '\0';
	fclose(out);
	assert_true(n > 0);
	assert_ptr_equal(strchr(line, '\n'), line + n - 1); /* one line */
	return status;
}

/* No case stands at a threshold, or at a text's end: seconds may pass. */
static const struct {
	pki_time left;
	pki_msec offset;
	bool clock_unknown, critical;
	const char *first, *second;
	int want_status;
	const char *want; /* a part */
} told[] = {
	{ .left = 7250, .want_status = 0, .want = "PKI-TEST OK - list 7, 72" },
	{ .left = 1750, .want_status = 1, .want = "PKI-TEST WARNING - list 7, 17" },
	{ .left = 250, .want_status = 2, .want = "PKI-TEST CRITICAL - list 7, 2" },
	{ .left = 7200, .first = "--warning=3h", .want_status = 1, .want = "WARNING" },
	{ .left = 7200,
		.first = "--warning=4h",
		.second = "--critical=3h",
		.want_status = 2,
		.want = "CRITICAL" },
	{ .left = 290,
		.first = "--warning=200s",
		.second = "--critical=100s",
		.want_status = 0,
		.want = "OK" },
	{ .left = 7200,
		.offset = 10001,
		.want_status = 1,
		.want = "10.0 s ahead of ours" },
	{ .left = 7200,
		.offset = -10001,
		.want_status = 1,
		.want = "10.0 s behind ours" },
	{ .left = 7200, .offset = 10000, .want_status = 0, .want = "OK" },
	{ .left = 7200, .offset = -300001, .want_status = 2, .want = "CRITICAL" },
	{ .left = 7200,
		.clock_unknown = true,
		.want_status = 0,
		.want = "clock not known" },
	{ .left = 7200, .critical = true, .want_status = 2, .want = "CRITICAL - list 7" },
	{ .left = 7200,
		.first = "--warning=4m",
		.want_status = 3,
		.want = "UNKNOWN - --warning must not be shorter than --critical" },
	{ .left = 7200, .first = "--critical=x", .want_status = 3, .want = "UNKNOWN" },
	{ .left = 7200,
		.first = "--never",
		.want_status = 3,
		.want = "UNKNOWN - unknown" },
};

static void
lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < PKI_COUNT(told); i++) {
		char line[1024];
		pki_time now = pki_time_now();
		failure = (struct pki_err){ 0 };
		probe = (struct pki_probe){ .text = "list 7",
			.critical = told[i].critical,
			.this_update = now - 60,
			.next_update = now + told[i].left,
			.clock_known = !told[i].clock_unknown,
			.offset = told[i].offset };
		int status = tell(told[i].first, told[i].second, line, sizeof line);
		if (status != told[i].want_status || strstr(line, told[i].want) == NULL)
			fail_msg("case %zu: %d %s", i, status, line);
	}
}

static void
data(void **state)
{
	(void)state;
	char line[1024];
	failure = (struct pki_err){ 0 };
	probe = (struct pki_probe){ .text = "a|b",
		.this_update = 1000,
		.next_update = 4102444800, /* 2100 */
		.clock_known = true,
		.offset = -1500,
		.counts = { { "number", 7 }, { "entries", 5 } } };
	assert_int_equal(tell("--warning=1h", "--critical=30m", line, sizeof line), 0);
	assert_non_null(strstr(line, "PKI-TEST OK - a/b, "));
	assert_non_null(strstr(line, " s left, clock 1.5 s behind ours | left="));
	assert_non_null(strstr(line, "s;3600:;1800: age="));
	assert_non_null(
		strstr(line, "s offset=-1.500s;-10:10;-300:300 number=7 entries=5\n"));
}

static void
failures(void **state)
{
	(void)state;
	static const struct {
		enum pki_status status;
		int want;
	} cases[] = { { PKI_UNAVAILABLE, 2 }, { PKI_BUSY, 2 }, { PKI_INPUT, 2 },
		{ PKI_STATE, 2 }, { PKI_CLOCK, 2 }, { PKI_TAMPERED, 2 }, { PKI_LIMIT, 2 },
		{ PKI_CONFIG, 3 }, { PKI_IO, 3 }, { PKI_USAGE, 3 }, { PKI_MEMORY, 3 },
		{ PKI_INTERNAL, 3 } };
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		char line[1024];
		probe = (struct pki_probe){ 0 };
		failure = (struct pki_err){ 0 };
		(void)pki_fail(&failure, cases[i].status, "no\nway | out");
		pki_err_object(&failure, "http://a.test/");
		assert_int_equal(tell(NULL, NULL, line, sizeof line), cases[i].want);
		assert_non_null(strstr(line,
			cases[i].want == 2 ? "CRITICAL - http://a.test/: no?way / out\n"
					   : "UNKNOWN - http://a.test/: no?way / out\n"));
	}
}

static void
clocks(void **state)
{
	(void)state;
	static const struct {
		pki_time date;
		pki_msec before, after;
		bool want_known;
		pki_msec want;
	} cases[] = {
		{ 0, 5000, 6000, false, 0 }, { 5, 5000, 5010, true, 0 },
		{ 5, 5900, 6100, true, 0 }, /* within its second */
		{ 5, 6000, 6100, true, -1 }, { 5, 9999, 12000, true, -4000 },
		{ 5, 4000, 4990, true, 10 }, { 5, 1000, 4000, true, 1000 },
		{ 5, 1000, 9000, true, 0 }, /* a long way */
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		const struct pki_http_response response = { .date = cases[i].date };
		struct pki_probe p = { 0 };
		pki_probe_clock(&p, &response, cases[i].before, cases[i].after);
		assert_int_equal(p.clock_known, cases[i].want_known);
		assert_int_equal(p.offset, cases[i].want);
	}
	struct pki_probe p = { 0 };
	char text[PKI_OFFSET_TEXT];
	pki_probe_ahead(&p, 5, 5000);
	assert_false(p.clock_known); /* what lies behind says nothing */
	PKI_CLEANUP(pki_json_cleanup) json_t *none = pki_probe_offset_json(&p);
	assert_true(json_is_null(none));
	pki_probe_ahead(&p, 7, 5000);
	assert_true(p.clock_known);
	assert_int_equal(p.offset, 2000);
	pki_probe_ahead(&p, 6, 5000);
	assert_int_equal(p.offset, 2000);
	pki_probe_offset_text(&p, text);
	assert_string_equal(text, "2.0 s ahead of ours");
	PKI_CLEANUP(pki_json_cleanup) json_t *json = pki_probe_offset_json(&p);
	assert_true(json_real_value(json) == 2.0);
	p.offset = 0;
	pki_probe_offset_text(&p, text);
	assert_string_equal(text, "as ours");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test(data),
		cmocka_unit_test(failures),
		cmocka_unit_test(clocks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
