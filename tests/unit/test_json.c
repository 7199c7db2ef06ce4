#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "libpki/base/json.h"
#include "tests/unit/common/json_memory.h"

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

static const struct pki_serial serial = { { 0x12, 0xab }, 2 };

/* Each function of the builder, and more members than a new table of jansson's holds. */
static enum pki_status
build_all(json_t **out, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_free) struct pki_json root = pki_json_object();
	PKI_CLEANUP(pki_json_free) struct pki_json list = pki_json_array();
	PKI_CLEANUP(pki_json_free) struct pki_json inner = pki_json_object();
	pki_json_text(&inner, "text", "a");
	pki_json_append(&list, &inner);
	pki_json_append_text(&list, "b");
	pki_json_append_number(&list, -1);
	pki_json_append_serial(&list, &serial);
	for (int i = 0; i < 20; i++)
		pki_json_append_value(&list, json_null());
	pki_json_text(&root, "text", "c");
	pki_json_text_if(&root, "absent", NULL);
	pki_json_text_if(&root, "empty", "");
	pki_json_text_if(&root, "present", "d");
	pki_json_number(&root, "number", INT64_MAX);
	pki_json_bool(&root, "true", true);
	pki_json_bool(&root, "false", false);
	pki_json_null(&root, "null");
	pki_json_time(&root, "time", 1);
	pki_json_msec(&root, "msec", 1);
	pki_json_serial(&root, "serial", &serial);
	pki_json_value(&root, "value", json_integer(7));
	pki_json_nest_if(&root, "list", &list);
	list = pki_json_array();
	pki_json_nest_if(&root, "empty", &list);
	return pki_json_take(&root, out, err);
}

#define WANT_ALL \
	"{\"false\":false," \
	"\"list\":[{\"text\":\"a\"},\"b\",-1,\"12ab\"" \
	",null,null,null,null,null,null,null,null,null,null" \
	",null,null,null,null,null,null,null,null,null,null]," \
	"\"msec\":\"1970-01-01T00:00:00.001Z\",\"null\":null," \
	"\"number\":9223372036854775807,\"present\":\"d\",\"serial\":\"12ab\"," \
	"\"text\":\"c\",\"time\":\"1970-01-01T00:00:01Z\",\"true\":true,\"value\":7}"

static void
builder_makes_each_kind_of_value(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_json_cleanup) json_t *json = NULL;
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	assert_int_equal(build_all(&json, &err), PKI_OK);
	assert_int_equal(pki_json_dump(json, &text, &err), PKI_OK);
	assert_string_equal((char *)text.data, WANT_ALL);
}

static void
each_allocation_fails_in_turn(void **state)
{
	(void)state;
	json_memory_use();
	long n = 0;
	for (bool done = false; !done; n++) {
		struct pki_err err = { 0 };
		json_t *json = NULL;
		json_memory.left = n;
		json_memory.failed = false;
		enum pki_status status = build_all(&json, &err);
		done = !json_memory.failed;
		if (done) {
			assert_int_equal(status, PKI_OK);
			assert_int_equal(json_object_size(json), 11);
		} else {
			assert_int_equal(status, PKI_MEMORY);
			assert_null(json);
		}
		json_decref(json);
		assert_int_equal(json_memory.blocks, 0);
	}
	assert_in_range(n, 30, 1000);
	json_memory_restore();
}

static void
failures_stick_and_name_the_member(void **state)
{
	(void)state;
	static const char not_utf8[] = "x\xff";
	for (int i = 0; i < 8; i++) {
		struct pki_err err = { 0 };
		enum pki_status want = i < 4 ? PKI_INPUT : PKI_INTERNAL;
		PKI_CLEANUP(pki_json_free) struct pki_json root = pki_json_object();
		PKI_CLEANUP(pki_json_free) struct pki_json child = { 0 };
		pki_json_text(&root, "first", "fine");
		switch (i) {
		case 0:
			pki_json_text(&root, "second", not_utf8);
			break;
		case 1:
			pki_json_number(&root, not_utf8, 1);
			break;
		case 2:
			child = pki_json_object();
			pki_json_text(&child, "second", not_utf8);
			pki_json_nest(&root, "child", &child);
			break;
		case 3:
			child = pki_json_array();
			pki_json_append_text(&child, not_utf8);
			pki_json_nest(&root, "second", &child);
			break;
		case 4:
			pki_json_text(&root, "second", NULL);
			break;
		case 5: /* an array's function on an object */
			pki_json_append_text(&root, "second");
			break;
		case 6: /* a child that was never begun */
			pki_json_nest_if(&root, "second", &child);
			break;
		case 7:
			pki_json_nest(&root, "second", &child);
			break;
		}
		pki_json_text(&root, "third", "fine");
		json_t *json = NULL;
		assert_int_equal(pki_json_take(&root, &json, &err), want);
		assert_null(json);
		if (i != 1 && i != 5)
			assert_non_null(strstr(err.msg, "second"));
	}
}

static void
shared_values_and_ends(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_json_cleanup) json_t *shared = json_pack("{s:i}", "a", 1);
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	PKI_CLEANUP(pki_json_free) struct pki_json json = pki_json_object();
	pki_json_value(&json, "x", json_incref(shared));
	pki_json_value(&json, "x", json_incref(shared));
	assert_int_equal(pki_json_write(&json, &text, &err), PKI_OK);
	assert_string_equal((char *)text.data, "{\"x\":{\"a\":1}}");
	/* written: empty now */
	assert_int_equal(pki_json_write(&json, &text, NULL), PKI_INTERNAL);
	json = pki_json_array();
	pki_json_append_value(&json, NULL);
	assert_int_equal(pki_json_write(&json, &text, NULL), PKI_MEMORY);
	char printed[32] = "";
	PKI_CLEANUP(pki_close_file) FILE *out = fmemopen(printed, sizeof printed, "w");
	json = pki_json_object();
	pki_json_number(&json, "n", 1);
	assert_int_equal(pki_json_print(&json, out, &err), PKI_OK);
	fflush(out);
	assert_string_equal(printed, "{\n  \"n\": 1\n}\n");
	PKI_CLEANUP(pki_close_file) FILE *full = fopen("/dev/full", "w");
	assert_non_null(full);
	setvbuf(full, NULL, _IONBF, 0);
	json = pki_json_object();
	assert_int_equal(pki_json_print(&json, full, NULL), PKI_FULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_then_canonical),
		cmocka_unit_test(deep_nesting_is_refused),
		cmocka_unit_test(builder_makes_each_kind_of_value),
		cmocka_unit_test(each_allocation_fails_in_turn),
		cmocka_unit_test(failures_stick_and_name_the_member),
		cmocka_unit_test(shared_values_and_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
