#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "libpki/base/err.h"
#include "libpki/base/mem.h"

static void
innermost_message_wins(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	assert_int_equal(pki_fail(&err, PKI_INPUT, "line %d", 7), PKI_INPUT);
	assert_int_equal(pki_fail(&err, PKI_IO, "later"), PKI_INPUT);
	assert_int_equal(pki_refuse(&err, PKI_RULE_VALIDITY, "later"), PKI_INPUT);
	assert_int_equal(pki_fail_errno(&err, PKI_IO, ENOENT, "later"), PKI_INPUT);
	assert_int_equal(pki_fail_ssl(&err, PKI_IO, "later"), PKI_INPUT);
	assert_string_equal(err.msg, "line 7");
	assert_int_equal(err.rule, PKI_RULE_NONE);
	pki_err_object(&err, "%s", "inner");
	pki_err_object(&err, "%s", "outer");
	assert_string_equal(err.object, "inner");
}

static void
null_error_gives_the_status_alone(void **state)
{
	(void)state;
	assert_int_equal(pki_fail(NULL, PKI_INPUT, "x"), PKI_INPUT);
	assert_int_equal(pki_fail(NULL, PKI_OK, "x"), PKI_INTERNAL);
	assert_int_equal(pki_refuse(NULL, PKI_RULE_VALIDITY, "x"), PKI_REFUSED);
	assert_int_equal(pki_refuse(NULL, PKI_RULE_ROLE, "x"), PKI_OFFICER);
	assert_int_equal(pki_fail_rule(NULL, PKI_CLOCK, PKI_RULE_CLOCK, "x"), PKI_CLOCK);
	assert_int_equal(pki_fail_errno(NULL, PKI_IO, ENOENT, "x"), PKI_IO);
	assert_int_equal(pki_fail_errno(NULL, PKI_IO, ENOSPC, "x"), PKI_FULL);
	assert_null(EVP_MD_fetch(NULL, "no-such-digest", NULL));
	assert_int_equal(pki_fail_ssl(NULL, PKI_INPUT, "x"), PKI_INPUT);
	assert_int_equal(ERR_peek_error(), 0);
	pki_err_object(NULL, "%s", "nobody reads it");
}

static void
moving_an_error(void **state)
{
	(void)state;
	struct pki_err to = { 0 }, from = { 0 };
	assert_int_equal(pki_err_move(&to, &from), PKI_OK);
	assert_int_equal(to.status, PKI_OK);
	pki_refuse(&from, PKI_RULE_VALIDITY, "first");
	pki_err_object(&from, "req-1");
	assert_int_equal(pki_err_move(&to, &from), PKI_REFUSED);
	assert_int_equal(from.status, PKI_OK);
	assert_string_equal(from.msg, "");
	assert_string_equal(from.object, "");
	assert_int_equal(to.status, PKI_REFUSED);
	assert_int_equal(to.rule, PKI_RULE_VALIDITY);
	assert_string_equal(to.object, "req-1");
	assert_string_equal(to.msg, "first");
	/* the first error stays; the status is that of the second */
	pki_fail(&from, PKI_IO, "second");
	assert_int_equal(pki_err_move(&to, &from), PKI_IO);
	assert_int_equal(from.status, PKI_OK);
	assert_string_equal(to.msg, "first");
	pki_fail(&from, PKI_BUSY, "nobody reads it");
	assert_int_equal(pki_err_move(NULL, &from), PKI_BUSY);
	assert_int_equal(from.status, PKI_OK);
}

static void
failing_with_ok_is_internal(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	assert_int_equal(pki_fail(&err, PKI_OK, "x"), PKI_INTERNAL);
	err = (struct pki_err){ 0 };
	assert_int_equal(pki_fail_errno(&err, PKI_OK, ENOENT, "x"), PKI_INTERNAL);
	err = (struct pki_err){ 0 };
	assert_int_equal(pki_fail_ssl(&err, PKI_OK, "x"), PKI_INTERNAL);
	err = (struct pki_err){ 0 };
	assert_int_equal(pki_fail_rule(&err, PKI_OK, PKI_RULE_CLOCK, "x"), PKI_INTERNAL);
}

static void
refusals_carry_rule_and_status(void **state)
{
	(void)state;
	static const struct {
		enum pki_rule rule;
		enum pki_status want;
	} cases[] = {
		{ PKI_RULE_VALIDITY, PKI_REFUSED },
		{ PKI_RULE_ORDER_USED, PKI_REFUSED },
		{ PKI_RULE_ROLE, PKI_OFFICER },
		{ PKI_RULE_OFFICER_STATUS, PKI_OFFICER },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err err = { 0 };
		assert_int_equal(pki_refuse(&err, cases[i].rule, "no"), cases[i].want);
		assert_int_equal(err.rule, cases[i].rule);
	}
}

static void
errno_decides_the_status(void **state)
{
	(void)state;
	static const struct {
		int errnum;
		enum pki_status want;
		const char *want_msg;
	} cases[] = {
		{ ENOENT, PKI_IO, "file: No such file or directory" },
		{ ENOSPC, PKI_FULL, "file: No space left on device" },
		{ EDQUOT, PKI_FULL, "file: Disk quota exceeded" },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err err = { 0 };
		assert_int_equal(pki_fail_errno(&err, PKI_IO, cases[i].errnum, "file"),
			cases[i].want);
		assert_string_equal(err.msg, cases[i].want_msg);
	}
}

static void
openssl_text_is_kept_and_drained(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	assert_int_equal(
		pki_fail_ssl(&err, PKI_INTERNAL, "nothing in the queue"), PKI_INTERNAL);
	assert_string_equal(err.msg, "nothing in the queue");
	assert_null(EVP_MD_fetch(NULL, "no-such-digest", NULL));
	err = (struct pki_err){ 0 };
	assert_int_equal(pki_fail_ssl(&err, PKI_INTERNAL, "fetch"), PKI_INTERNAL);
	assert_non_null(strstr(err.msg, "fetch (error:"));
	assert_int_equal(ERR_peek_error(), 0);
	/* drained even if the message does not count */
	assert_null(EVP_MD_fetch(NULL, "no-such-digest", NULL));
	assert_int_equal(pki_fail_ssl(&err, PKI_IO, "later"), PKI_INTERNAL);
	assert_int_equal(ERR_peek_error(), 0);
}

static void
text_names_object_rule_and_clause(void **state)
{
	(void)state;
	char text[1024];
	struct pki_err err = { 0 };
	pki_refuse(&err, PKI_RULE_VALIDITY, "notAfter is %d days after notBefore", 1096);
	pki_err_text(&err, text, sizeof text);
	assert_string_equal(text,
		"rule 4 three-years (RFC 5280 4.1.2.5, terms of issue): notAfter is 1096 days after notBefore");
	pki_err_object(&err, "req-17");
	pki_err_text(&err, text, sizeof text);
	assert_string_equal(text,
		"req-17: rule 4 three-years (RFC 5280 4.1.2.5, terms of issue): notAfter is 1096 days after notBefore");
	err = (struct pki_err){ 0 };
	pki_fail(&err, PKI_IO, "gone");
	pki_err_object(&err, "a.csr");
	pki_err_text(&err, text, sizeof text);
	assert_string_equal(text, "a.csr: gone");
	pki_err_text(&err, text, 6);
	assert_string_equal(text, "a.csr");
}

static void
overlong_text_is_cut(void **state)
{
	(void)state;
	char lengthy[2000];
	memset(lengthy, 'x', sizeof lengthy - 1);
	lengthy[sizeof lengthy - 1] = '\0';
	struct pki_err err = { 0 };
	pki_fail_errno(&err, PKI_IO, ENOENT, "%s", lengthy);
	pki_err_object(&err, "%s", lengthy);
	assert_int_equal(strlen(err.msg), sizeof err.msg - 1);
	assert_int_equal(strlen(err.object), sizeof err.object - 1);
}

static void
status_names_round_trip(void **state)
{
	(void)state;
	for (int i = PKI_OK; i <= PKI_MEMORY; i++) {
		enum pki_status status = (enum pki_status)i;
		assert_int_equal(pki_status_by_name(pki_status_name(status)), status);
		assert_true(pki_status_text(status)[0] != '\0');
	}
	assert_int_equal(pki_status_by_name("no-such-status"), PKI_INTERNAL);
	assert_string_equal(pki_status_name((enum pki_status)99), "internal");
	assert_string_equal(pki_status_text((enum pki_status)99), "internal error");
}

static void
rule_names_round_trip(void **state)
{
	(void)state;
#define X(id, number, name, clause) \
	assert_int_equal(pki_rule_info(PKI_RULE_##id)->rule, number); \
	assert_int_equal(pki_rule_by_name(name), number);
	PKI_RULES(X)
#undef X
	assert_int_equal(pki_rule_by_name("no-such-rule"), PKI_RULE_NONE);
	assert_int_equal(pki_rule_info((enum pki_rule)9999)->rule, PKI_RULE_NONE);
}

static enum pki_status
try_twice(enum pki_status first, int *steps)
{
	PKI_TRY(first);
	++*steps;
	return PKI_OK;
}

static void
try_returns_early(void **state)
{
	(void)state;
	int steps = 0;
	assert_int_equal(try_twice(PKI_BUSY, &steps), PKI_BUSY);
	assert_int_equal(steps, 0);
	assert_int_equal(try_twice(PKI_OK, &steps), PKI_OK);
	assert_int_equal(steps, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(innermost_message_wins),
		cmocka_unit_test(null_error_gives_the_status_alone),
		cmocka_unit_test(moving_an_error),
		cmocka_unit_test(failing_with_ok_is_internal),
		cmocka_unit_test(refusals_carry_rule_and_status),
		cmocka_unit_test(errno_decides_the_status),
		cmocka_unit_test(openssl_text_is_kept_and_drained),
		cmocka_unit_test(text_names_object_rule_and_clause),
		cmocka_unit_test(overlong_text_is_cut),
		cmocka_unit_test(status_names_round_trip),
		cmocka_unit_test(rule_names_round_trip),
		cmocka_unit_test(try_returns_early),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
