#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libpki/base/file.h"
#include "libpki/x509/csr.h"
#include "ra/check.h"
#include "ra/code.h"

static char dir[] = "/tmp/test-ra-form-XXXXXX";
static char path[64];
static struct pki_policy *policy;
static struct pki_err err;

static const struct ra_form good = {
	.given_name = "TEST Alice",
	.surname = "Martin",
	.country = "FR",
	.birth_date = "1990-04-12",
	.birth_place = "Nice",
	.nationality = "FR",
	.email = "alice@example.test",
	.phone = "+33600000000",
	.document_type = "passport",
	.document_country = "FR",
	.document_number = "12AB34567",
	.document_expires = "2035-05-01",
	.terms_version = "1.0",
	.terms_accepted = "true",
	.requested = "2026-11-01",
};

static const char good_text[] =
	"given_name: TEST Alice\nsurname: Martin\ncountry: FR\nbirth_date: 1990-04-12\n"
	"birth_place: Nice\nnationality: FR\nemail: alice@example.test\n"
	"phone: \"+33600000000\"\n"
	"document: { type: passport, country: FR, number: 12AB34567, expires: 2035-05-01 }\n"
	"terms: { version: \"1.0\", accepted: true }\nrequested: 2026-11-01\n";

/* 2026-11-22T12:00:00Z */
#define NOW ((pki_msec)1795348800 * 1000)

static int
setup(void **state)
{
	(void)state;
	if (mkdtemp(dir) == NULL)
		return -1;
	snprintf(path, sizeof path, "%s/form.yaml", dir);
	return pki_policy_load("policy", &policy, &err) == PKI_OK ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	pki_policy_free(policy);
	unlink(path);
	return rmdir(dir);
}

static enum pki_status
read_text(const char *text, struct ra_form *form)
{
	err = (struct pki_err){ 0 };
	assert_int_equal(pki_file_publish(path, text, strlen(text), 0600, &err), PKI_OK);
	return ra_form_read(path, form, &err);
}

static void
a_form_is_read_and_survives_json(void **state)
{
	(void)state;
	struct ra_form form, again;
	json_t *json = NULL;
	if (read_text(good_text, &form) != PKI_OK)
		fail_msg("%s", err.msg);
	assert_memory_equal(&form, &good, sizeof form);
	assert_int_equal(ra_form_to_json(&form, &json, &err), PKI_OK);
	assert_int_equal(ra_form_from_json(json, &again, &err), PKI_OK);
	assert_memory_equal(&form, &again, sizeof form);
	json_object_del(json, "email");
	assert_int_equal(ra_form_from_json(json, &again, &err), PKI_TAMPERED);
	json_decref(json);
}

static void
each_wrong_field_is_named(void **state)
{
	(void)state;
	static const struct {
		const char *from, *to, *want_named;
	} cases[] = {
		{ "Martin", "\"\"", "surname" },
		{ "Martin", "\"x\\u0007\"", "surname" },
		{ "country: FR\nbirth", "country: fr\nbirth", "country" },
		{ "1990-04-12", "1990-13-12", "birth_date" },
		{ "1990-04-12", "12.4.1990", "birth_date" },
		{ "nationality: FR", "nationality: FRA", "nationality" },
		{ "alice@example.test", "alice", "email" },
		{ "alice@example.test", "a@b@c.test", "email" },
		{ "+33600000000", "0600000000", "phone" },
		{ "+33600000000", "+123", "phone" },
		{ "number: 12AB34567", "number: \"\"", "document.number" },
		{ "number: 12AB34567", "number: \"12/34\"", "document.number" },
		{ "expires: 2035-05-01", "expires: never", "document.expires" },
		{ "accepted: true", "accepted: perhaps", "terms.accepted" },
		{ "requested: 2026-11-01\n", "", "requested" },
		{ "requested", "pin: 12345\nrequested", "pin" },
		{ "terms: { version: \"1.0\", accepted: true }", "terms: yes",
			"terms.version" },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		char text[1024];
		struct ra_form form;
		const char *at = strstr(good_text, cases[i].from);
		assert_non_null(at);
		snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good_text), good_text,
			cases[i].to, at + strlen(cases[i].from));
		if (read_text(text, &form) != PKI_INPUT ||
			strstr(err.msg, cases[i].want_named) == NULL)
			fail_msg("%s: %s", cases[i].to, err.msg);
	}
}

static void
all_wrong_fields_at_once_without_their_values(void **state)
{
	(void)state;
	static const char *const want[] = { "surname", "country", "birth_place", "email",
		"document.type", "terms.accepted", "requested", "secret_key" };
	struct ra_form form;
	assert_int_equal(read_text("given_name: Quirinal\ncountry: zz\nemail: zoltane\n"
				   "secret_key: 1\n",
				 &form),
		PKI_INPUT);
	for (size_t i = 0; i < PKI_COUNT(want); i++)
		if (strstr(err.msg, want[i]) == NULL)
			fail_msg("%s is not in: %s", want[i], err.msg);
	assert_null(strstr(err.msg, "zoltane"));
	assert_null(strstr(err.msg, "Quirinal"));
}

static void
no_form_at_all(void **state)
{
	(void)state;
	struct ra_form form;
	assert_int_equal(read_text("", &form), PKI_INPUT);
	assert_int_equal(read_text("- a\n- b\n", &form), PKI_INPUT);
	assert_int_equal(read_text("\x80\x81garbage: [", &form), PKI_INPUT);
	err = (struct pki_err){ 0 };
	assert_int_equal(ra_form_read("/nowhere/form.yaml", &form, &err), PKI_IO);
}

static void
r11_r12_r13_r207_r208_r211_the_rules_of_a_form(void **state)
{
	(void)state;
#define FIELD(member) offsetof(struct ra_form, member)
	static const struct {
		const char *label;
		size_t field;
		const char *value;
		enum pki_rule want_rule; /* NONE: accepted */
	} cases[] = {
		{ "good", FIELD(surname), "Martin", PKI_RULE_NONE },
		{ "no TEST prefix", FIELD(given_name), "Alice", PKI_RULE_SUBJECT },
		{ "last day of the document", FIELD(document_expires), "2026-11-22",
			PKI_RULE_NONE },
		{ "expired document", FIELD(document_expires), "2026-11-21",
			PKI_RULE_DOCUMENT },
		{ "document not accepted", FIELD(document_type), "library-card",
			PKI_RULE_DOCUMENT },
		{ "90 days", FIELD(requested), "2026-08-24", PKI_RULE_NONE },
		{ "a soft hyphen", FIELD(given_name), "TEST Al\u00adice",
			PKI_RULE_NAMES },
		{ "NBSP at the end", FIELD(given_name), "TEST Alice\u00a0",
			PKI_RULE_NAMES },
		{ "nothing to see", FIELD(surname), "\u2060", PKI_RULE_NAMES },
		{ "an invisible birthplace", FIELD(birth_place), "Nice\u206a",
			PKI_RULE_NAMES },
		{ "a decomposed letter", FIELD(surname), "Rene\u0301", PKI_RULE_NONE },
		{ "no country", FIELD(country), "UK", PKI_RULE_COUNTRY },
		{ "no issuer", FIELD(document_country), "UK", PKI_RULE_COUNTRY },
		{ "old request", FIELD(requested), "2026-08-23", PKI_RULE_REQUEST_AGE },
		{ "request of tomorrow", FIELD(requested), "2026-11-23",
			PKI_RULE_REQUEST_AGE },
		{ "terms not accepted", FIELD(terms_accepted), "false", PKI_RULE_TERMS },
		{ "other terms", FIELD(terms_version), "0.9", PKI_RULE_TERMS },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct ra_form form = good;
		strcpy((char *)&form + cases[i].field, cases[i].value);
		err = (struct pki_err){ 0 };
		enum pki_status status = ra_check_form(policy, &form, NOW, &err);
		if (err.rule != cases[i].want_rule ||
			(status == PKI_OK) != (cases[i].want_rule == PKI_RULE_NONE))
			fail_msg("%s: rule %d: %s", cases[i].label, (int)err.rule,
				err.msg);
	}
}

static void
r13_one_document_is_one_serial_number(void **state)
{
	(void)state;
	static const char *const numbers[] = { "12AB34567", "12ab 34567", "12-AB-34567" };
	for (size_t i = 0; i < PKI_COUNT(numbers); i++) {
		struct ra_form form = good;
		struct pki_name name;
		snprintf(form.document_number, sizeof form.document_number, "%s",
			numbers[i]);
		assert_int_equal(ra_check_subject(policy, &form, &name, &err), PKI_OK);
		assert_string_equal(name.serial_number, "PASFR-12AB34567");
		assert_string_equal(name.common_name, "TEST Alice Martin");
	}
}

/* EN 319 412-2 4.2.4: the common name always fits. */
static void
r11_long_names_are_shortened(void **state)
{
	(void)state;
	static const struct {
		const char *given, *surname, *want;
	} cases[] = {
		{ "TEST Maria da Concei\u00e7\u00e3o Francisca",
			"de Albuquerque e Vasconcelos Coutinho",
			"TEST Maria da Concei\u00e7\u00e3o de Albuquerque e Vasconcelos Coutinho" },
		{ "TEST",
			"Aaaaaaaaaa Bbbbbbbbbb Cccccccccc Dddddddddd Eeeeeeeeee Ffffffff",
			"TEST Aaaaaaaaaa Bbbbbbbbbb Cccccccccc Dddddddddd Eeeeeeeeee" },
		{ "TEST",
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
			"TEST aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" },
		{ "TEST Rene\u0301", "Dupont", "TEST Ren\u00e9 Dupont" },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct ra_form form = good;
		struct pki_name name;
		err = (struct pki_err){ 0 };
		strcpy(form.given_name, cases[i].given);
		strcpy(form.surname, cases[i].surname);
		enum pki_status status = ra_check_subject(policy, &form, &name, &err);
		if (status != PKI_OK)
			fail_msg("%s", err.msg);
		assert_string_equal(name.common_name, cases[i].want);
	}
}

static void
write_csr(const char *name, enum pki_key_alg alg, struct pki_key **key)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 };
	char file[96];
	snprintf(file, sizeof file, "%s/%s", dir, name);
	if (*key == NULL)
		assert_int_equal(pki_key_generate(alg, key, &err), PKI_OK);
	assert_int_equal(pki_csr_make(*key, &der, &err), PKI_OK);
	if (strcmp(name, "broken") == 0)
		der.data[der.len - 1] ^= 1;
	assert_int_equal(pki_file_publish(file, der.data, der.len, 0600, &err), PKI_OK);
}

static void
r10_r39_r94_the_requests(void **state)
{
	(void)state;
	static const struct {
		const char *auth, *sign;
		enum pki_status want;
		enum pki_rule want_rule;
	} cases[] = {
		{ "a", "b", PKI_OK, PKI_RULE_NONE },
		{ "a", "a2", PKI_REFUSED, PKI_RULE_DISTINCT_KEYS },
		{ "a", "broken", PKI_REFUSED, PKI_RULE_POSSESSION },
		{ "a", "missing", PKI_IO, PKI_RULE_NONE },
		{ "a", NULL, PKI_USAGE, PKI_RULE_NONE },
	};
	static const char *const files[] = { "a", "a2", "b", "broken" };
	PKI_CLEANUP(pki_key_cleanup) struct pki_key *a = NULL;
	PKI_CLEANUP(pki_key_cleanup) struct pki_key *b = NULL;
	char paths[2][96];
	err = (struct pki_err){ 0 };
	write_csr("a", PKI_ALG_P256, &a);
	write_csr("a2", PKI_ALG_P256, &a);
	write_csr("b", PKI_ALG_P256, &b);
	write_csr("broken", PKI_ALG_P256, &b);
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		PKI_CLEANUP(ra_record_free) struct ra_record record = { 0 };
		snprintf(paths[0], sizeof paths[0], "%s/%s", dir, cases[i].auth);
		snprintf(paths[1], sizeof paths[1], "%s/%s", dir,
			cases[i].sign != NULL ? cases[i].sign : "");
		err = (struct pki_err){ 0 };
		enum pki_status status = ra_check_requests(policy, paths[0],
			cases[i].sign != NULL ? paths[1] : NULL, &record, &err);
		if (status != cases[i].want || err.rule != cases[i].want_rule)
			fail_msg("%s, %s: %d rule %d: %s", cases[i].auth,
				cases[i].sign != NULL ? cases[i].sign : "-", status,
				(int)err.rule, err.msg);
	}
	for (size_t i = 0; i < PKI_COUNT(files); i++) {
		snprintf(paths[0], sizeof paths[0], "%s/%s", dir, files[i]);
		unlink(paths[0]);
	}
}

static void
r206_a_code_is_the_same_however_it_is_typed(void **state)
{
	(void)state;
	static const struct {
		const char *code;
		bool want_same;
	} cases[] = {
		{ "01234-56789-ABCDE-FGHJK", true },
		{ "0123456789abcdefghjk", true },
		{ "o l234 56789 abcde fghjk", true },
		{ "01234-56789-ABCDE-FGHJX", false },
		{ "01234-56789-ABCDE-FGHJK0", false },
		{ "01234-56789-ABCDE-FGHJ", false },
		{ "", false },
	};
	uint8_t want[PKI_SHA256], got[PKI_SHA256];
	assert_int_equal(ra_code_digest(cases[0].code, want, &err), PKI_OK);
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		assert_int_equal(ra_code_digest(cases[i].code, got, &err), PKI_OK);
		if ((memcmp(want, got, sizeof want) == 0) != cases[i].want_same)
			fail_msg("%s", cases[i].code);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_form_is_read_and_survives_json),
		cmocka_unit_test(each_wrong_field_is_named),
		cmocka_unit_test(all_wrong_fields_at_once_without_their_values),
		cmocka_unit_test(no_form_at_all),
		cmocka_unit_test(r11_r12_r13_r207_r208_r211_the_rules_of_a_form),
		cmocka_unit_test(r13_one_document_is_one_serial_number),
		cmocka_unit_test(r11_long_names_are_shortened),
		cmocka_unit_test(r10_r39_r94_the_requests),
		cmocka_unit_test(r206_a_code_is_the_same_however_it_is_typed),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
