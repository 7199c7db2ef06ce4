#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "libpki/x509/person.h"

#define N32 "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"

static void
r121_an_identifier_has_one_spelling(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool good;
		const char *canonical;
	} cases[] = {
		{ "OF:MC-0017", true, "OF:MC-0017" },
		{ "OF:MC-A", true, "OF:MC-A" },
		{ "OF:MC-" N32, true, "OF:MC-" N32 },
		{ "OF:MC-" N32 "6", false, "" },
		{ "of:mc-0017", false, "OF:MC-0017" },
		{ " OF:MC-00 17", false, "OF:MC-0017" },
		{ "OF:MC-", false, "" },
		{ "OF:M-0017", false, "" },
		{ "OF:MC 0017", false, "" },
		{ "OF:MC-0.17", false, "" },
		{ "PASMC-0017", false, "" },
		{ "XX:MC-0017", false, "" },
		{ "", false, "" },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err err = { 0 };
		struct pki_name name = { 0 };
		char person[PKI_PERSON_TEXT];
		enum pki_status status = pki_person_check(cases[i].text, &err);
		assert_int_equal(status, cases[i].good ? PKI_OK : PKI_REFUSED);
		assert_int_equal(
			err.rule, cases[i].good ? PKI_RULE_NONE : PKI_RULE_PERSONS);
		strcpy(name.serial_number, cases[i].text);
		pki_person_of(&name, person);
		assert_string_equal(person, cases[i].canonical);
	}
}

static void
r121_persons_are_compared_by_identifier_else_by_name(void **state)
{
	(void)state;
	static const struct {
		struct pki_name a, b;
		bool same;
	} cases[] = {
		{ { .serial_number = "OF:MC-1", .common_name = "TEST Claire" },
			{ .serial_number = "of:mc-1", .common_name = "TEST Klara" },
			true },
		{ { .serial_number = "OF:MC-1", .common_name = "TEST Claire" },
			{ .serial_number = "OF:MC-2", .common_name = "TEST Claire" },
			false },
		{ { .serial_number = "OF:MC-1", .common_name = "TEST Claire" },
			{ .common_name = "TEST  CLAIRE" }, true },
		{ { .serial_number = "OF:MC-1", .common_name = "TEST Claire" },
			{ .common_name = "TEST David" }, false },
		{ { .country = "MC", .common_name = "TEST Claire" },
			{ .common_name = "test claire" }, true },
		/* rule 108 */
		{ { .common_name = "TEST Ren\u00e9" },
			{ .common_name = "TEST Rene\u0301\u00ad" }, true },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		bool same = !cases[i].same;
		assert_int_equal(
			pki_person_same(&cases[i].a, &cases[i].b, &same, NULL), PKI_OK);
		assert_int_equal(same, cases[i].same);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(r121_an_identifier_has_one_spelling),
		cmocka_unit_test(r121_persons_are_compared_by_identifier_else_by_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
