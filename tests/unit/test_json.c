#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "libpki/base/json.h"

static void
parse_then_canonical(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *want_canonical; /* NULL: INPUT */
	} cases[] = {
		{ "{\"b\": 1, \"a\": [true, null, \"\\u00e9\"]}",
			"{\"a\":[true,null,\"\xc3\xa9\"],\"b\":1}" },
		{ " [ ] ", "[]" },
		{ "", NULL },
		{ "{", NULL },
		{ "{\"a\":1,\"a\":2}", NULL },
		{ "{} {}", NULL },
		{ "{}x", NULL },
		{ "1", NULL },
		{ "{\"a\":\"\\u0000\"}", NULL },
		{ "{\"a\":\"\xff\"}", NULL },
		{ "{\"a\":99999999999999999999}", NULL },
		{ "{'a':1}", NULL },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err err = { 0 };
		struct pki_bytes text = { (const uint8_t *)cases[i].text,
			strlen(cases[i].text) };
		PKI_CLEANUP(pki_json_cleanup) json_t *json = NULL;
		PKI_CLEANUP(pki_buf_free) struct pki_buf out = { 0 };
		enum pki_status status = pki_json_parse(text, &json, &err);
		if (cases[i].want_canonical == NULL) {
			assert_int_equal(status, PKI_INPUT);
			assert_null(json);
			continue;
		}
		assert_int_equal(status, PKI_OK);
		assert_int_equal(pki_json_dump(json, &out, &err), PKI_OK);
		assert_string_equal((char *)out.data, cases[i].want_canonical);
	}
}

static void
deep_nesting_is_refused(void **state)
{
	(void)state;
	static char deep[1 << 16];
	memset(deep, '[', sizeof deep);
	struct pki_err err = { 0 };
	struct pki_bytes text = { (const uint8_t *)deep, sizeof deep };
	json_t *json;
	assert_int_equal(pki_json_parse(text, &json, &err), PKI_INPUT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_then_canonical),
		cmocka_unit_test(deep_nesting_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
