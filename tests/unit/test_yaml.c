#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "libpki/base/yaml.h"

static enum pki_status
parse(const char *text, struct pki_yaml **root, struct pki_err *err)
{
	return pki_yaml_parse((struct pki_bytes){ (const uint8_t *)text, strlen(text) },
		"t.yaml", root, err);
}

static void
malformed_files_name_their_line(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *want_text;
	} cases[] = {
		{ "", "t.yaml:1: nothing is in the file" },
		{ "# only a comment\n", "t.yaml:2: nothing is in the file" },
		{ "a: 1\nb: 2\na: 3\n",
			"t.yaml:3: \"a\" is there already, on line 1; remove one" },
		{ "a: {b: 1, b: 2}\n",
			"t.yaml:1: \"b\" is there already, on line 1; remove one" },
		{ "a: &x 1\nb: *x\n",
			"t.yaml:1: anchors and aliases are not read here; write it out" },
		{ "a: 1\nb: *x\n",
			"t.yaml:2: anchors and aliases are not read here; write it out" },
		{ "a: &x {b: 1}\n",
			"t.yaml:1: anchors and aliases are not read here; write it out" },
		{ "a:\n  - &x [b]\n",
			"t.yaml:2: anchors and aliases are not read here; write it out" },
		{ "a: !!str 1\n",
			"t.yaml:1: the tag tag:yaml.org,2002:str is not read here; leave it out" },
		{ "a: ! 1\n", "t.yaml:1: the tag ! is not read here; leave it out" },
		{ "!x a: 1\n", "t.yaml:1: the tag !x is not read here; leave it out" },
		{ "%YAML 1.1\n---\na: 1\n",
			"t.yaml:1: directives are not read here; remove the line" },
		{ "a: 1\n---\nb: 1\n",
			"t.yaml:2: a second document begins; one file holds one" },
		{ "a: 1\nb:\n",
			"t.yaml:2: a value is missing; write \"\" for an empty one" },
		{ "{a}\n", "t.yaml:1: a value is missing; write \"\" for an empty one" },
		{ "? [a]\n: b\n", "t.yaml:1: a key is a plain word; write KEY: VALUE" },
		{ "? {a: b}\n: b\n",
			"t.yaml:1: a key is a plain word; write KEY: VALUE" },
		{ "a: 1\nb: \"x\\0y\"\n",
			"t.yaml:2: a NUL character is in the text; remove it" },
		{ "a: 1\nb: \xff\n",
			"t.yaml:2: not YAML in UTF-8: invalid leading UTF-8 octet; save the file as UTF-8" },
		{ "a: [1, 2\n",
			"t.yaml:2: not YAML: did not find expected ',' or ']' while parsing a flow sequence; mend the line" },
		{ "\ta: 1\n",
			"t.yaml:1: not YAML: found character that cannot start any token while scanning for the next token; mend the line" },
		{ "[[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]]",
			"t.yaml:1: nested deeper than 16 levels; flatten it" },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err err = { 0 };
		struct pki_yaml *root;
		char text[1024];
		assert_int_equal(parse(cases[i].text, &root, &err), PKI_CONFIG);
		assert_null(root);
		pki_err_text(&err, text, sizeof text);
		assert_string_equal(text, cases[i].want_text);
	}
}

static void
limits(void **state)
{
	(void)state;
	struct pki_yaml *root;
	struct pki_err err = { 0 };
	static char big[PKI_FILE_MAX + 2];
	memset(big, 'a', sizeof big - 1);
	assert_int_equal(parse(big, &root, &err), PKI_LIMIT);
	for (int count = 1024; count <= 1025; count++) {
		PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
		err = (struct pki_err){ 0 };
		for (int i = 0; i < count; i++)
			assert_int_equal(
				pki_buf_printf(&text, &err, "- %d\n", i), PKI_OK);
		assert_int_equal(parse((char *)text.data, &root, &err),
			count == 1024 ? PKI_OK : PKI_CONFIG);
		if (count == 1024)
			assert_int_equal(pki_yaml_count(root), 1024);
		else
			assert_string_equal(err.object, "t.yaml:1025");
		pki_yaml_free(root);
	}
	PKI_CLEANUP(pki_yaml_cleanup) struct pki_yaml *deep = NULL;
	err = (struct pki_err){ 0 };
	assert_int_equal(parse("[[[[[[[[[[[[[[[[x]]]]]]]]]]]]]]]]", &deep, &err), PKI_OK);
}

static void
values(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_yaml_cleanup) struct pki_yaml *root = NULL;
	struct pki_err err = { 0 };
	const char *text = "s: no\nempty: \"\"\nyes: true\nn: -12\nd: 36h\n"
			   "list: [a, {b: c}]\nmap: {x: 1, y: 2}\n";
	assert_int_equal(parse(text, &root, &err), PKI_OK);
	char s[3] = "zz";
	assert_int_equal(
		pki_yaml_string(pki_yaml_get(root, "s"), s, sizeof s, &err), PKI_OK);
	assert_string_equal(s, "no");
	assert_int_equal(
		pki_yaml_string(pki_yaml_get(root, "absent"), s, sizeof s, &err), PKI_OK);
	assert_string_equal(s, "no");
	assert_int_equal(
		pki_yaml_string(pki_yaml_get(root, "empty"), s, sizeof s, &err), PKI_OK);
	assert_string_equal(s, "");
	bool yes = false;
	assert_int_equal(pki_yaml_bool(pki_yaml_get(root, "yes"), &yes, &err), PKI_OK);
	assert_true(yes);
	long n = 0;
	assert_int_equal(pki_yaml_int(pki_yaml_get(root, "n"), -12, 0, &n, &err), PKI_OK);
	assert_int_equal(n, -12);
	int64_t d = 0;
	assert_int_equal(pki_yaml_duration(pki_yaml_get(root, "d"), &d, &err), PKI_OK);
	assert_int_equal(d, 36 * 3600);
	struct pki_yaml *list = pki_yaml_get(root, "list");
	assert_int_equal(pki_yaml_expect_list(list, &err), PKI_OK);
	assert_int_equal(pki_yaml_count(list), 2);
	assert_string_equal(pki_yaml_text(pki_yaml_item(list, 0)), "a");
	assert_null(pki_yaml_text(pki_yaml_item(list, 1)));
	assert_null(pki_yaml_item(list, 2));
	assert_null(pki_yaml_get(list, "a"));
	struct pki_yaml *map = pki_yaml_get(root, "map");
	assert_int_equal(pki_yaml_expect_map(map, &err), PKI_OK);
	assert_string_equal(pki_yaml_key(map, 1), "y");
	assert_string_equal(pki_yaml_text(pki_yaml_item(map, 1)), "2");
	assert_null(pki_yaml_key(map, 2));
	/* "x" of the map and "b" inside the list were not taken */
	assert_int_equal(pki_yaml_done(root, &err), PKI_CONFIG);
	assert_string_equal(err.object, "t.yaml:6");
	assert_string_equal(
		err.msg, "\"b\" is not a key of this file; mend or remove it");
}

static void
wrong_values_name_key_and_line(void **state)
{
	(void)state;
	enum what { STRING, BOOL, INT, DURATION, LIST, MAP, NEED };
	static const struct {
		const char *text;
		enum what what;
		const char *want_msg;
	} cases[] = {
		{ "\nk: [a]\n", STRING, "k: one value is needed here" },
		{ "\nk: abcd\n", STRING, "k: 4 octets of text; at most 3" },
		{ "\nk: yes\n", BOOL, "k: \"yes\" is neither true nor false" },
		{ "\nk: {a: b}\n", BOOL, "k: one value is needed here" },
		{ "\nk: 11\n", INT, "k: \"11\" is not a number from -10 to 10" },
		{ "\nk: -11\n", INT, "k: \"-11\" is not a number from -10 to 10" },
		{ "\nk: 0x1\n", INT, "k: \"0x1\" is not a number from -10 to 10" },
		{ "\nk: 010\n", INT, "k: \"010\" is not a number from -10 to 10" },
		{ "\nk: +1\n", INT, "k: \"+1\" is not a number from -10 to 10" },
		{ "\nk: \"\"\n", INT, "k: \"\" is not a number from -10 to 10" },
		{ "\nk: 1.5\n", INT, "k: \"1.5\" is not a number from -10 to 10" },
		{ "\nk: 99999999999999999999\n", INT,
			"k: \"99999999999999999999\" is not a number from -10 to 10" },
		{ "\nk: 5\n", DURATION,
			"k: \"5\" is not a duration; write 90d, 24h, 30m or 45s, at most 36600d" },
		{ "\nk: 5\n", LIST,
			"k: a list is needed here; write [A, B] or lines with \"- \"" },
		{ "\nk: 5\n", MAP,
			"k: keys and values are needed here; write lines of KEY: VALUE" },
		{ "\nk: {}\n", NEED, "k: \"m\" is missing; add it" },
		{ "\nk: 5\n", NEED,
			"k: keys and values are needed here; write lines of KEY: VALUE" },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		PKI_CLEANUP(pki_yaml_cleanup) struct pki_yaml *root = NULL;
		struct pki_err err = { 0 };
		char s[4];
		bool b;
		long n;
		int64_t d;
		struct pki_yaml *member;
		enum pki_status status = PKI_OK;
		assert_int_equal(parse(cases[i].text, &root, &err), PKI_OK);
		struct pki_yaml *k = pki_yaml_get(root, "k");
		switch (cases[i].what) {
		case STRING:
			status = pki_yaml_string(k, s, sizeof s, &err);
			break;
		case BOOL:
			status = pki_yaml_bool(k, &b, &err);
			break;
		case INT:
			status = pki_yaml_int(k, -10, 10, &n, &err);
			break;
		case DURATION:
			status = pki_yaml_duration(k, &d, &err);
			break;
		case LIST:
			status = pki_yaml_expect_list(k, &err);
			break;
		case MAP:
			status = pki_yaml_expect_map(k, &err);
			break;
		case NEED:
			status = pki_yaml_need(k, "m", &member, &err);
			break;
		}
		assert_int_equal(status, PKI_CONFIG);
		assert_string_equal(err.msg, cases[i].want_msg);
		assert_string_equal(err.object, "t.yaml:2");
	}
}

static void
long_paths_keep_the_line(void **state)
{
	(void)state;
	char name[400];
	memset(name, 'p', sizeof name);
	memcpy(name + sizeof name - 8, "/x.yaml", 8);
	struct pki_err err = { 0 };
	struct pki_yaml *root;
	assert_int_equal(pki_yaml_parse((struct pki_bytes){ (const uint8_t *)"a:", 2 },
				 name, &root, &err),
		PKI_CONFIG);
	assert_non_null(strstr(err.object, "/x.yaml:1"));
}

static void
absent_sections_have_defaults(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	struct pki_yaml *member;
	assert_null(pki_yaml_get(NULL, "k"));
	assert_int_equal(pki_yaml_expect_map(NULL, &err), PKI_OK);
	assert_int_equal(pki_yaml_expect_list(NULL, &err), PKI_OK);
	assert_int_equal(pki_yaml_count(NULL), 0);
	assert_null(pki_yaml_item(NULL, 0));
	assert_null(pki_yaml_key(NULL, 0));
	assert_null(pki_yaml_text(NULL));
	assert_int_equal(pki_yaml_need(NULL, "k", &member, &err), PKI_CONFIG);
}

/* YAML 1.2 5.2 */
static void
a_byte_order_mark_is_skipped(void **state)
{
	(void)state;
	static const char text[] = "\xef\xbb\xbf"
				   "a: 1\n";
	PKI_CLEANUP(pki_yaml_cleanup) struct pki_yaml *root = NULL;
	struct pki_err err = { 0 };
	struct pki_bytes octets = { (const uint8_t *)text, sizeof text - 1 };
	assert_int_equal(pki_yaml_parse(octets, "x.yaml", &root, &err), PKI_OK);
	assert_non_null(pki_yaml_get(root, "a"));
}

static void
missing_file_is_io(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	struct pki_yaml *root;
	assert_int_equal(pki_yaml_read("/nonexistent/pki.yaml", &root, &err), PKI_IO);
	assert_null(root);
	assert_string_equal(err.object, "/nonexistent/pki.yaml");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(malformed_files_name_their_line),
		cmocka_unit_test(limits),
		cmocka_unit_test(values),
		cmocka_unit_test(wrong_values_name_key_and_line),
		cmocka_unit_test(long_paths_keep_the_line),
		cmocka_unit_test(absent_sections_have_defaults),
		cmocka_unit_test(a_byte_order_mark_is_skipped),
		cmocka_unit_test(missing_file_is_io),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
