#include "tools/audit/report/html.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libpki/base/mem.h"

struct written {
	char *text;
	size_t len;
	FILE *out;
};

static int
begin(void **state)
{
	static struct written w;
	w.out = open_memstream(&w.text, &w.len);
	*state = &w;
	return setlocale(LC_CTYPE, "C.UTF-8") == NULL;
}

static int
end(void **state)
{
	struct written *w = *state;
	fclose(w->out);
	free(w->text);
	return 0;
}

static void
want(struct written *w, const char *text)
{
	fflush(w->out);
	assert_string_equal(w->text, text);
}

static void
text_is_escaped(void **state)
{
	struct written *w = *state;
	html_text(w->out, "<script>a && b</script> \"x\" 'y'");
	want(w, "&lt;script&gt;a &amp;&amp; b&lt;/script&gt; &quot;x&quot; 'y'");
}

static void
what_is_no_text_is_replaced(void **state)
{
	struct written *w = *state;
	/* control, malformed, right-to-left override, cut off */
	html_text(w->out, "a\x01"
			  "b\xff"
			  "c\xe2\x80\xae"
			  "d\xc3");
	want(w, "a?b?c?d?");
}

static void
letters_of_all_scripts_stay(void **state)
{
	struct written *w = *state;
	html_text(w->out, "Zo\xc3\xab \xe6\xbc\xa2");
	want(w, "Zo\xc3\xab \xe6\xbc\xa2");
}

static void
attributes_are_escaped(void **state)
{
	struct written *w = *state;
	html_open(w->out, "td", "class", "a\"><b", "id", HTML_END, "scope", "row",
		HTML_END);
	want(w, "<td class=\"a&quot;&gt;&lt;b\" scope=\"row\">");
}

static void
elements_open_and_close(void **state)
{
	struct written *w = *state;
	html_leaf(w->out, "td", "1 < 2", HTML_END);
	html_empty(w->out, "meta", "charset", "utf-8", HTML_END);
	html_textf(w->out, "%d%%", 5);
	html_close(w->out, "tr");
	want(w, "<td>1 &lt; 2</td>\n<meta charset=\"utf-8\"/>\n5%</tr>\n");
}

static void
a_long_text_is_cut(void **state)
{
	struct written *w = *state;
	char text[2 * HTML_TEXT];
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	html_text(w->out, text);
	fflush(w->out);
	assert_int_equal(w->len, HTML_TEXT - 1);
}

static void
numbers_are_grouped(void **state)
{
	static const struct {
		int64_t n;
		const char *want_text;
	} cases[] = {
		{ 0, "0" },
		{ 999, "999" },
		{ 1000, "1\xe2\x80\xaf"
			"000" },
		{ -1234567, "-1\xe2\x80\xaf"
			    "234\xe2\x80\xaf"
			    "567" },
		{ -123, "-123" },
		{ INT64_MIN, "-9\xe2\x80\xaf"
			     "223\xe2\x80\xaf"
			     "372\xe2\x80\xaf"
			     "036\xe2\x80\xaf"
			     "854\xe2\x80\xaf"
			     "775\xe2\x80\xaf"
			     "808" },
	};
	(void)state;
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		char text[HTML_NUMBER];
		html_number(cases[i].n, text);
		assert_string_equal(text, cases[i].want_text);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(text_is_escaped),
		TEST(what_is_no_text_is_replaced),
		TEST(letters_of_all_scripts_stay),
		TEST(attributes_are_escaped),
		TEST(elements_open_and_close),
		TEST(a_long_text_is_cut),
		TEST(numbers_are_grouped),
	};
	return cmocka_run_group_tests_name("audit_html", tests, NULL, NULL);
}
