#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/common/expect.h"
#include "witness/request.h"

/* The example of C2SP tlog-witness. */
#define HASHES \
	"PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n" \
	"jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n" \
	"5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n" \
	"/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n"
#define ROOT "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
#define SIGNATURES \
	"\xe2\x80\x94 example.com/behind-the-sofa " \
	"Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE" \
	"+xeMcTOAYQ8=\n" \
	"\xe2\x80\x94 example.com/behind-the-sofa " \
	"opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovn" \
	"zv++qbSzm9Q=\n"
#define ORIGIN "example.com/behind-the-sofa\n"
#define NOTE ORIGIN "20852163\n" ROOT "\n" SIGNATURES

static enum pki_status
parse(const char *text, struct request *out, struct pki_err *err)
{
	struct pki_bytes body = { (const uint8_t *)text, strlen(text) };
	return request_parse(body, out, err);
}

static void
r85_example_of_the_specification(void **state)
{
	(void)state;
	struct request request;
	static const char body[] = "old 20852014\n" HASHES "\n" NOTE;
	ok(parse(body, &request, &err));
	assert_int_equal(request.old, 20852014);
	assert_int_equal(request.proof.count, 4);
	assert_memory_equal(request.proof.hashes[0].octets, "\x3e\x54\x4d\x0a", 4);
	assert_memory_equal(request.proof.hashes[3].octets, "\xff\xa5\x95\x84", 4);
	assert_string_equal(request.checkpoint.origin, "example.com/behind-the-sofa");
	assert_int_equal(request.checkpoint.size, 20852163);
	assert_int_equal(request.note.len, strlen(NOTE));
	assert_memory_equal(request.note.data, NOTE, strlen(NOTE));
}

static void
r85_forms(void **state)
{
	(void)state;
	static const struct {
		const char *body;
		enum pki_status want;
	} cases[] = {
		{ "old 0\n\n" NOTE, PKI_OK },
		{ "old 20852163\n\n" NOTE, PKI_OK },
		{ "old 20852164\n\n" NOTE, PKI_INPUT },
		{ "old 9223372036854775808\n\n" NOTE, PKI_INPUT },
		{ "", PKI_INPUT },
		{ "\n", PKI_INPUT },
		{ "old 1", PKI_INPUT },
		{ "old 1\n", PKI_INPUT },
		{ "old \n\n" NOTE, PKI_INPUT },
		{ "old\n\n" NOTE, PKI_INPUT },
		{ "old 01\n\n" NOTE, PKI_INPUT },
		{ "old 1 \n\n" NOTE, PKI_INPUT },
		{ "old  1\n\n" NOTE, PKI_INPUT },
		{ "Old 1\n\n" NOTE, PKI_INPUT },
		{ " old 1\n\n" NOTE, PKI_INPUT },
		{ "old 1\r\n\n" NOTE, PKI_INPUT },
		{ "old 1\n" NOTE, PKI_INPUT },
		{ "old 1\n\n", PKI_INPUT },
		{ "old 1\n\n\n" NOTE, PKI_INPUT }, /* no origin */
		{ "old 1\n" HASHES NOTE, PKI_INPUT },
		{ "old 1\nAAAA\n\n" NOTE, PKI_INPUT },
		{ "old 1\n!" HASHES "\n" NOTE, PKI_INPUT },
		{ "old 1\n " HASHES "\n" NOTE, PKI_INPUT },
		{ "old 1\n\n" ORIGIN "2\n" ROOT, PKI_INPUT },
		{ "old 1\n\n" ORIGIN "2\n" ROOT "\n", PKI_INPUT },
		{ "old 1\n\n" ORIGIN "02\n" ROOT "\n" SIGNATURES, PKI_INPUT },
		{ "old 1\n\n" ORIGIN "2\nAAAA\n\n" SIGNATURES, PKI_INPUT },
		{ "old 1\n\n" ORIGIN "2\n" ROOT "extension\n\n" SIGNATURES, PKI_OK },
		{ "old 1\n\n" ORIGIN "2\n" ROOT "\n" SIGNATURES "more\n", PKI_INPUT },
		{ "old 1\n\n" ORIGIN "2\n" ROOT "\n" SIGNATURES "\xe2\x80\x94 x y\n",
			PKI_INPUT },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct request request;
		struct pki_err err = { 0 };
		if (parse(cases[i].body, &request, &err) != cases[i].want)
			fail_msg("case %zu: %s", i, err.msg);
		if (cases[i].want != PKI_OK)
			assert_int_equal(err.rule, PKI_RULE_WITNESS);
	}
}

static void
r85_lines_of_proof(void **state)
{
	(void)state;
	for (int count = 0; count <= 65; count++) {
		PKI_CLEANUP(pki_buf_free) struct pki_buf body = { 0 };
		struct request request;
		ok(pki_buf_printf(&body, &err, "old 1\n"));
		for (int i = 0; i < count; i++)
			ok(pki_buf_printf(&body, &err, "%s", ROOT));
		ok(pki_buf_printf(&body, &err, "\n%s", NOTE));
		assert_true(count > 63 || body.len <= REQUEST_MAX);
		struct pki_err why = { 0 };
		assert_int_equal(request_parse(pki_buf_bytes(&body), &request, &why),
			count <= 63 ? PKI_OK : PKI_INPUT);
	}
}

/* Long extension lines: what is kept must fit a note. */
static void
r82_large_notes(void **state)
{
	(void)state;
	for (size_t len = REQUEST_NOTE_MAX - 2; len <= REQUEST_NOTE_MAX + 2; len++) {
		PKI_CLEANUP(pki_buf_free) struct pki_buf body = { 0 };
		struct request request;
		struct pki_err why = { 0 };
		size_t fill = len - strlen(ORIGIN "2\n" ROOT "\n\n" SIGNATURES);
		ok(pki_buf_printf(&body, &err, "old 1\n\n" ORIGIN "2\n" ROOT));
		for (size_t i = 0; i < fill; i++)
			ok(pki_buf_append(&body, "x", 1, &err));
		ok(pki_buf_printf(&body, &err, "\n\n" SIGNATURES));
		assert_int_equal(request_parse(pki_buf_bytes(&body), &request, &why),
			len <= REQUEST_NOTE_MAX ? PKI_OK : PKI_INPUT);
		assert_true(body.len <= REQUEST_MAX);
	}
}

static void
r85_every_cut(void **state)
{
	(void)state;
	static const char body[] = "old 20852014\n" HASHES "\n" NOTE;
	/* one signature is enough */
	size_t one = (size_t)(strstr(body, "+xeMcTOAYQ8=\n") - body) +
		     strlen("+xeMcTOAYQ8=\n");
	for (size_t len = 0; len < strlen(body); len++) {
		struct request request;
		struct pki_err err = { 0 };
		struct pki_bytes part = { (const uint8_t *)body, len };
		enum pki_status status = request_parse(part, &request, &err);
		assert_int_equal(status, len == one ? PKI_OK : PKI_INPUT);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(r85_example_of_the_specification),
		cmocka_unit_test(r85_forms),
		cmocka_unit_test(r85_lines_of_proof),
		cmocka_unit_test(r82_large_notes),
		cmocka_unit_test(r85_every_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
