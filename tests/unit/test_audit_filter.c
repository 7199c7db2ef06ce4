#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/common/expect.h"
#include "tools/audit/trail/filter.h"

#define H "H-00112233445566778899aabbccddeeff"
#define O "O-00112233445566778899aabbccddeeff"
#define O2 "O-ffeeddccbbaa99887766554433221100"
#define I "I-00112233445566778899aabbccddeeff"

static const char issued[] =
	"{\"actor\":\"aa01\",\"at\":\"2026-11-22T13:03:00.500Z\",\"detail\":{\"action\":\"issue\",\"certificates\":[{\"digest\":\"dd\",\"profile\":\"p\",\"serial\":\"c1\"},{\"digest\":\"ee\",\"profile\":\"q\",\"serial\":\"c2\"}],\"holder\":\"" H
	"\",\"officers\":[\"aa01\",\"aa02\"],\"order\":\"" O
	"\"},\"source\":\"pki-ca\",\"type\":\"certificate-issued\"}";
static const char refused[] =
	"{\"actor\":\"\",\"at\":\"2026-11-22T13:03:00.500Z\",\"detail\":{\"officers\":[],\"order\":\"" O2
	"\",\"rule\":\"order-used\",\"status\":\"refused\"},\"source\":\"pki-ca\",\"type\":\"order-refused\"}";
static const char ceremony[] =
	"{\"actor\":\"\",\"at\":\"2026-11-22T13:03:00.500Z\",\"detail\":{\"ca\":\"ca01\",\"officers\":[\"aa01\"],\"root\":\"ab\",\"seal\":\"ac\"},\"source\":\"pki-ca\",\"type\":\"ceremony-completed\"}";
static const char invited[] =
	"{\"actor\":\"aa03\",\"at\":\"2026-11-22T13:03:00.500Z\",\"detail\":{\"invitation\":\"" I
	"\"},\"source\":\"pki-ra\",\"type\":\"invitation-made\"}";

/* As main.c has them: filter_parse() finds values by these names. */
static const struct pki_option options[] = {
	{ "type", "", "", PKI_VALUES_MAX },
	{ "action", "", "", PKI_VALUES_MAX },
	{ "holder", "", "", PKI_VALUES_MAX },
	{ "officer", "", "", PKI_VALUES_MAX },
	{ "order", "", "", PKI_VALUES_MAX },
	{ "serial", "", "", PKI_VALUES_MAX },
	{ "rule", "", "", PKI_VALUES_MAX },
	{ "since", "", "", 0 },
	{ "until", "", "", 0 },
	{ 0 },
};

#define GIVEN 3
struct given {
	const char *option, *value;
};

static enum pki_status
parse(const struct given given[GIVEN], struct filter *out, struct pki_err *err)
{
	struct pki_args args = { .options = options };
	for (size_t g = 0; g < GIVEN && given[g].option != NULL; g++)
		for (size_t i = 0; options[i].name != NULL; i++)
			if (strcmp(options[i].name, given[g].option) == 0)
				args.values[i][args.counts[i]++] = given[g].value;
	return filter_parse(&args, out, err);
}

static void
what_is_wanted(void **state)
{
	static const struct {
		const char *entry;
		struct given given[GIVEN];
		bool want;
	} cases[] = {
		{ issued, { { NULL, NULL } }, true },
		{ issued, { { "type", "certificate-issued" } }, true },
		{ issued, { { "type", "certificate-revoked" } }, false },
		/* values of one option: any of them; options: all of them */
		{ issued,
			{ { "type", "certificate-revoked" },
				{ "type", "certificate-issued" } },
			true },
		{ issued, { { "type", "certificate-issued" }, { "holder", H } }, true },
		{ issued, { { "type", "order-refused" }, { "holder", H } }, false },
		{ issued, { { "action", "issue" } }, true },
		{ issued, { { "action", "revoke" } }, false },
		{ refused, { { "action", "issue" } }, false },
		{ refused, { { "holder", H } }, false },
		{ issued, { { "officer", "AA01" } }, true },
		{ issued, { { "officer", "aa02" } }, true },
		{ issued, { { "officer", "00aa02" } }, true },
		{ issued, { { "officer", "c1" } }, false },
		{ invited, { { "officer", "aa03" } }, true },
		{ ceremony, { { "officer", "aa01" } }, true },
		{ issued, { { "order", O } }, true },
		{ issued, { { "order", O2 } }, false },
		{ refused, { { "order", O2 } }, true },
		{ invited, { { "order", I } }, true },
		{ issued, { { "serial", "c1" } }, true },
		{ issued, { { "serial", "C2" } }, true },
		{ issued, { { "serial", "c3" } }, false },
		{ issued, { { "serial", "aa01" } }, false },
		{ ceremony, { { "serial", "ca01" } }, true },
		{ refused, { { "rule", "order-used" } }, true },
		{ refused, { { "rule", "three-years" } }, false },
		{ issued, { { "rule", "order-used" } }, false },
		{ issued, { { "since", "2026-11-22" } }, true },
		{ issued, { { "until", "2026-11-22" } }, true },
		{ issued, { { "until", "2026-11-21" } }, false },
		{ issued, { { "since", "2026-11-23" } }, false },
		{ issued, { { "since", "2026-11-22T13:03:00.500Z" } }, true },
		{ issued, { { "since", "2026-11-22T13:03:00.501Z" } }, false },
		{ issued, { { "until", "2026-11-22T13:03:00.500Z" } }, true },
		{ issued, { { "until", "2026-11-22T13:03:00.499Z" } }, false },
		{ issued, { { "until", "2026-11-22T13:03:00Z" } }, true },
		{ issued, { { "until", "2026-11-22T13:02:59Z" } }, false },
		{ issued,
			{ { "since", "2026-11-22" }, { "until", "2026-11-22" },
				{ "serial", "c2" } },
			true },
	};
	(void)state;
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct filter filter;
		PKI_CLEANUP(pki_json_cleanup)
		json_t *entry = json_loads(cases[i].entry, 0, NULL);
		ok(parse(cases[i].given, &filter, &err));
		if (filter_wants(&filter, entry) != cases[i].want)
			fail_msg("case %zu", i);
	}
}

static void
what_no_entry_can_hold(void **state)
{
	static const struct given cases[][GIVEN] = {
		{ { "type", "certificate-Issued" } },
		{ { "action", "suspend" } },
		{ { "action", "issue" }, { "action", "" } },
		{ { "holder", O } },
		{ { "holder", "Martin" } },
		{ { "officer", "claire" } },
		{ { "order", H } },
		{ { "serial", "0" } },
		{ { "serial", "xy" } },
		{ { "rule", "none" } },
		{ { "rule", "four-years" } },
		{ { "since", "yesterday" } },
		{ { "until", "2026-11-31" } },
		{ { "since", "2026-11-23" }, { "until", "2026-11-22" } },
	};
	(void)state;
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct filter filter;
		struct pki_err err = { 0 };
		if (parse(cases[i], &filter, &err) != PKI_USAGE)
			fail_msg("case %zu", i);
	}
}

static void
how_long_ago(void **state)
{
	struct filter filter;
	(void)state;
	pki_msec before = pki_msec_now();
	ok(parse((struct given[GIVEN]){ { "since", "24h" }, { "until", "30m" } }, &filter,
		&err));
	pki_msec after = pki_msec_now();
	assert_true(filter.since >= before - PKI_DAY * 1000);
	assert_true(filter.since <= after - PKI_DAY * 1000);
	assert_true(filter.until >= before - 30 * 60 * 1000);
	assert_true(filter.until <= after - 30 * 60 * 1000);
}

static void
nothing_older_is_read(void **state)
{
	struct filter filter;
	PKI_CLEANUP(pki_json_cleanup) json_t *entry = json_loads(issued, 0, NULL);
	(void)state;
	ok(parse((struct given[GIVEN]){ { "since", "2026-11-23" } }, &filter, &err));
	assert_true(filter_too_old(&filter, entry));
	ok(parse((struct given[GIVEN]){ { "until", "2026-11-21" } }, &filter, &err));
	assert_false(filter_too_old(&filter, entry));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_wanted),
		cmocka_unit_test(what_no_entry_can_hold),
		cmocka_unit_test(how_long_ago),
		cmocka_unit_test(nothing_older_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
