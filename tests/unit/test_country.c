#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <jansson.h>

#include "libpki/x509/country.h"

/* The table is that of the package iso-codes, no more and no less. */
static void
r110_the_table_is_iso_3166_1(void **state)
{
	(void)state;
	json_t *root =
		json_load_file("/usr/share/iso-codes/json/iso_3166-1.json", 0, NULL);
	const json_t *list = json_object_get(root, "3166-1");
	size_t found = 0;
	assert_true(json_array_size(list) > 200);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *code = json_string_value(
			json_object_get(json_array_get(list, i), "alpha_2"));
		if (!pki_country_assigned(code))
			fail_msg("%s is missing", code);
	}
	for (int a = 'A'; a <= 'Z'; a++)
		for (int b = 'A'; b <= 'Z'; b++)
			found += pki_country_assigned((char[]){ (char)a, (char)b, '\0' });
	assert_int_equal(found, json_array_size(list));
	json_decref(root);
}

static void
r110_what_is_no_country(void **state)
{
	(void)state;
	static const char *const none[] = { "UK", "EU", "XK", "AA", "ZZ", "fr", "F", "",
		"D ", "E A" };
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
		assert_false(pki_country_assigned(none[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(r110_the_table_is_iso_3166_1),
		cmocka_unit_test(r110_what_is_no_country),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
