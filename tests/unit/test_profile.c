#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "libpki/x509/profile.h"

static void
role_names(void **state)
{
	(void)state;
	for (unsigned bit = PKI_ROLE_REGISTRATION; bit <= PKI_ROLE_RESPONDER; bit <<= 1) {
		const char *name = pki_role_name((enum pki_role)bit);
		assert_non_null(name);
		assert_int_equal(pki_role_by_name(name), bit);
	}
	assert_int_equal(pki_role_by_name("Registration"), PKI_ROLE_NONE);
	assert_int_equal(pki_role_by_name(""), PKI_ROLE_NONE);
	assert_null(pki_role_name(PKI_ROLE_NONE));
}

static void
kind_names(void **state)
{
	(void)state;
	for (int k = PKI_KIND_ROOT; k <= PKI_KIND_HOLDER_SIGN; k++) {
		const char *name = pki_kind_name((enum pki_kind)k);
		enum pki_kind back;
		assert_non_null(name);
		assert_true(pki_kind_by_name(name, &back));
		assert_int_equal(back, k);
	}
	enum pki_kind untouched = PKI_KIND_SEAL;
	assert_false(pki_kind_by_name("holder", &untouched));
	assert_int_equal(untouched, PKI_KIND_SEAL);
}

static void
r03_r04_last_second_counts(void **state)
{
	(void)state;
	static const struct {
		int years, days;
		const char *not_before, *want;
	} cases[] = {
		{ 3, 0, "2026-11-22T10:00:00Z", "2029-11-22T09:59:59Z" },
		{ 3, 0, "2028-02-29T00:00:00Z", "2031-02-27T23:59:59Z" },
		{ 0, 30, "2026-11-22T10:00:00Z", "2026-12-22T09:59:59Z" },
		{ 0, 1, "2026-12-31T00:00:00Z", "2026-12-31T23:59:59Z" },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_profile profile = { .validity_years = cases[i].years,
			.validity_days = cases[i].days };
		struct pki_err err = { 0 };
		pki_time start;
		char text[PKI_TIME_TEXT];
		assert_int_equal(
			pki_time_parse(cases[i].not_before, &start, &err), PKI_OK);
		pki_time_format(pki_profile_not_after(&profile, start), text);
		assert_string_equal(text, cases[i].want);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(role_names),
		cmocka_unit_test(kind_names),
		cmocka_unit_test(r03_r04_last_second_counts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
