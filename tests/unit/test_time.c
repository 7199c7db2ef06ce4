#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libpki/base/mem.h"
#include "libpki/base/time.h"

static void
format_and_parse(void **state)
{
	(void)state;
	static const struct {
		pki_msec t;
		const char *want_msec;
		const char *want_time;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00.000Z", "1970-01-01T00:00:00Z" },
		{ 1795352580123, "2026-11-22T13:03:00.123Z", "2026-11-22T13:03:00Z" },
		{ 1709164800000, "2024-02-29T00:00:00.000Z", "2024-02-29T00:00:00Z" },
		{ 253402300799000, "9999-12-31T23:59:59.000Z", "9999-12-31T23:59:59Z" },
		{ -1, "1969-12-31T23:59:59.999Z", "1969-12-31T23:59:59Z" },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err err = { 0 };
		char msec[PKI_MSEC_TEXT];
		char text[PKI_TIME_TEXT];
		pki_msec ms;
		pki_time t;
		pki_msec_format(cases[i].t, msec);
		assert_string_equal(msec, cases[i].want_msec);
		assert_int_equal(pki_time_parse(msec, &t, &err), PKI_OK);
		pki_time_format(t, text);
		assert_string_equal(text, cases[i].want_time);
		assert_int_equal(pki_msec_parse(msec, &ms, &err), PKI_OK);
		assert_int_equal(ms, cases[i].t);
	}
}

static void
out_of_range_is_clamped(void **state)
{
	(void)state;
	char text[PKI_TIME_TEXT];
	pki_time_format(INT64_MAX, text);
	assert_string_equal(text, "9999-12-31T23:59:59Z");
	pki_time_format(INT64_MIN, text);
	assert_string_equal(text, "0000-01-01T00:00:00Z");
}

static void
date_alone(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	pki_time t;
	assert_int_equal(pki_time_parse("2026-11-22", &t, &err), PKI_OK);
	assert_int_equal(t, 1795305600);
}

static void
malformed_times_are_refused(void **state)
{
	(void)state;
	static const char *const bad[] = { "", "2026", "2026-1-02", "2026-13-01",
		"2026-00-01", "2026-02-29", "2026-02-30", "2026-11-22T", "2026-11-22Z",
		"2026-11-22T13:03Z", "2026-11-22T13:03:00", "2026-11-22T24:00:00Z",
		"2026-11-22T23:60:00Z", "2026-11-22T23:59:60Z", "2026-11-22T13:03:00.1Z",
		"2026-11-22T13:03:00.1234Z", "2026-11-22T13:03:00+01:00",
		"2026-11-22 13:03:00Z", " 2026-11-22", "2026-11-22 ", "+026-11-22",
		"2026-11-22T13:03:00Zx", "22.11.2026" };
	for (size_t i = 0; i < PKI_COUNT(bad); i++) {
		struct pki_err err = { 0 };
		pki_time t;
		pki_msec ms;
		assert_int_equal(pki_time_parse(bad[i], &t, &err), PKI_INPUT);
		assert_int_equal(pki_msec_parse(bad[i], &ms, &err), PKI_INPUT);
	}
}

static void
durations(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t want; /* 0: INPUT */
	} cases[] = {
		{ "90d", 90 * 86400 },
		{ "24h", 86400 },
		{ "30m", 1800 },
		{ "45s", 45 },
		{ "36600d", 36600 * (int64_t)86400 },
		{ "36601d", 0 },
		{ "9223372036854775807d", 0 },
		{ "99999999999999999999999s", 0 },
		{ "0d", 0 },
		{ "-1d", 0 },
		{ "+1d", 0 },
		{ "1", 0 },
		{ "d", 0 },
		{ "", 0 },
		{ "1w", 0 },
		{ "1 d", 0 },
		{ "1d ", 0 },
		{ "1d12h", 0 },
		{ "1.5h", 0 },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err err = { 0 };
		int64_t seconds = 0;
		assert_int_equal(pki_duration_parse(cases[i].text, &seconds, &err),
			cases[i].want != 0 ? PKI_OK : PKI_INPUT);
		assert_int_equal(seconds, cases[i].want);
	}
}

static void
add_years_keeps_the_civil_date(void **state)
{
	(void)state;
	static const struct {
		const char *from;
		int years;
		const char *want;
	} cases[] = {
		{ "2026-11-22T13:03:00Z", 3, "2029-11-22T13:02:59Z" },
		{ "2024-02-29T12:00:00Z", 3, "2027-02-28T11:59:59Z" },
		{ "2024-02-29T12:00:00Z", 4, "2028-02-29T11:59:59Z" },
		{ "2023-03-01T00:00:00Z", 1, "2024-02-29T23:59:59Z" },
		{ "2026-01-01T00:00:00Z", 1, "2026-12-31T23:59:59Z" },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err err = { 0 };
		pki_time t;
		char text[PKI_TIME_TEXT];
		assert_int_equal(pki_time_parse(cases[i].from, &t, &err), PKI_OK);
		pki_time_format(pki_time_add_years(t, cases[i].years), text);
		assert_string_equal(text, cases[i].want);
	}
}

static void
local_time_names_its_zone(void **state)
{
	(void)state;
	char text[64];
	char tiny[4];
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	pki_time_format_local(1795352580, text, sizeof text);
	assert_string_equal(text, "2026-11-22 14:03 CET");
	pki_time_format_local(1795352580, tiny, sizeof tiny);
	assert_string_equal(tiny, "");
}

static void
now_agrees_with_itself(void **state)
{
	(void)state;
	pki_time t = pki_time_now();
	pki_time ms = pki_msec_now() / 1000;
	assert_true(ms >= t && ms <= t + 5);
}

static void
from_digits(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		pki_time want; /* -1: refused */
	} cases[] = {
		{ "19700101000000", 0 },
		{ "20240229123456", 1709210096 },
		{ "99991231235959", 253402300799 },
		{ "20230229000000", -1 },
		{ "21000229000000", -1 },
		{ "20241301000000", -1 },
		{ "20240001000000", -1 },
		{ "20240431000000", -1 },
		{ "20240101240000", -1 },
		{ "20240101006000", -1 },
		{ "20240101000060", -1 },
		{ "2024010100000Z", -1 },
		{ "+0240101000000", -1 },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		pki_time t;
		assert_int_equal(
			pki_time_from_digits(cases[i].text, &t), cases[i].want != -1);
		if (cases[i].want != -1)
			assert_int_equal(t, cases[i].want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(format_and_parse),
		cmocka_unit_test(out_of_range_is_clamped),
		cmocka_unit_test(date_alone),
		cmocka_unit_test(malformed_times_are_refused),
		cmocka_unit_test(durations),
		cmocka_unit_test(add_years_keeps_the_civil_date),
		cmocka_unit_test(local_time_names_its_zone),
		cmocka_unit_test(now_agrees_with_itself),
		cmocka_unit_test(from_digits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
