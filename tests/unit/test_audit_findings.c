#include "tools/audit/findings.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/common/expect.h"

static struct findings *
new_findings(void)
{
	struct findings *findings = NULL;
	struct pki_err err = { 0 };
	assert_int_equal(findings_new(&findings, &err), PKI_OK);
	return findings;
}

static void
put(struct findings *findings, uint64_t position, enum pki_status status,
	enum pki_rule rule)
{
	struct pki_err err = { 0 };
	(void)pki_fail_rule(&err, status, rule, "finding %ju", (uintmax_t)position);
	pki_err_object(&err, "thing %ju", (uintmax_t)position);
	findings_put(findings, &(struct finding_position){ 1, position }, &err);
}

static json_t *
report(struct findings *findings)
{
	struct pki_json builder = pki_json_object();
	json_t *json = NULL;
	findings_json(findings, &builder);
	assert_int_equal(pki_json_take(&builder, &json, NULL), PKI_OK);
	return json;
}

static const char *
text_of(const json_t *json, size_t i, const char *name)
{
	return json_string_value(json_object_get(
		json_array_get(json_object_get(json, "findings"), i), name));
}

static void
severities(void **state)
{
	(void)state;
	static const struct {
		enum pki_status status;
		enum pki_rule rule;
		enum severity want;
	} cases[] = {
		{ PKI_TAMPERED, PKI_RULE_RECORD, SEVERITY_CRITICAL },
		{ PKI_TAMPERED, PKI_RULE_APPEND_ONLY, SEVERITY_CRITICAL },
		{ PKI_INPUT, PKI_RULE_ORDER_FORM, SEVERITY_CRITICAL },
		{ PKI_TAMPERED, PKI_RULE_NONE, SEVERITY_CRITICAL },
		{ PKI_NOTFOUND, PKI_RULE_NONE, SEVERITY_CRITICAL },
		{ PKI_TAMPERED, PKI_RULE_LOG_TILES, SEVERITY_CRITICAL },
		{ PKI_NOTFOUND, PKI_RULE_LOG_TILES, SEVERITY_MINOR },
		{ PKI_TAMPERED, PKI_RULE_STATUS_AGREE, SEVERITY_CRITICAL },
		{ PKI_STATE, PKI_RULE_STATUS_AGREE, SEVERITY_MINOR },
		{ PKI_TAMPERED, PKI_RULE_LOG_EVENT, SEVERITY_CRITICAL },
		{ PKI_NOTFOUND, PKI_RULE_LOG_EVENT, SEVERITY_MAJOR },
		{ PKI_TAMPERED, PKI_RULE_VALIDITY, SEVERITY_MAJOR },
		{ PKI_OFFICER, PKI_RULE_ROLE, SEVERITY_MAJOR },
		{ PKI_MEMORY, PKI_RULE_NONE, SEVERITY_MAJOR },
		{ PKI_IO, PKI_RULE_NONE, SEVERITY_MINOR },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err err = { .status = cases[i].status, .rule = cases[i].rule };
		struct judgement is = severity_judge(&err);
		if (is.severity != cases[i].want || is.remedy[0] == '\0')
			fail_msg("case %zu: %s", i, severity_name(is.severity));
	}
}

static void
none(void **state)
{
	(void)state;
	struct findings *findings = new_findings();
	json_t *json = report(findings);
	assert_int_equal(findings_count(findings), 0);
	assert_int_equal(findings_worst(findings), SEVERITY_NONE);
	assert_true(json_is_true(json_object_get(json, "ok")));
	json_decref(json);
	findings_free(findings);
}

static void
worst_first_and_in_order(void **state)
{
	(void)state;
	struct findings *findings = new_findings();
	put(findings, 9, PKI_REFUSED, PKI_RULE_VALIDITY);
	put(findings, 7, PKI_TAMPERED, PKI_RULE_RECORD);
	put(findings, 2, PKI_TAMPERED, PKI_RULE_RECORD);
	put(findings, 1, PKI_NOTFOUND, PKI_RULE_LOG_TILES);
	put(findings, 2, PKI_TAMPERED, PKI_RULE_LOG_HASH);
	static const struct {
		const char *object, *severity, *name;
	} want[] = {
		{ "thing 2", "critical", "issuance-record" },
		{ "thing 2", "critical", "log-hashing" },
		{ "thing 7", "critical", "issuance-record" },
		{ "thing 9", "major", "three-years" },
		{ "thing 1", "minor", "log-tiles" },
	};
	json_t *json = report(findings);
	for (size_t i = 0; i < PKI_COUNT(want); i++) {
		assert_string_equal(text_of(json, i, "object"), want[i].object);
		assert_string_equal(text_of(json, i, "severity"), want[i].severity);
		assert_string_equal(text_of(json, i, "name"), want[i].name);
	}
	assert_int_equal(findings_worst(findings), SEVERITY_CRITICAL);
	assert_false(json_is_true(json_object_get(json, "ok")));
	json_decref(json);
	findings_free(findings);
}

static void *
put_many(void *arg)
{
	/* from the end, so that what is kept is replaced again and again */
	for (uint64_t i = FINDINGS_MAX; i-- > 0;)
		put(arg, i, PKI_TAMPERED, PKI_RULE_RECORD);
	return NULL;
}

static void
the_first_are_kept_whoever_is_first(void **state)
{
	(void)state;
	struct findings *findings = new_findings();
	pthread_t threads[3];
	for (size_t i = 0; i < PKI_COUNT(threads); i++)
		assert_int_equal(
			pthread_create(&threads[i], NULL, put_many, findings), 0);
	for (size_t i = 0; i < PKI_COUNT(threads); i++)
		pthread_join(threads[i], NULL);
	json_t *json = report(findings);
	assert_int_equal(findings_count(findings), 3 * FINDINGS_MAX);
	assert_int_equal(
		json_array_size(json_object_get(json, "findings")), FINDINGS_MAX);
	for (size_t i = 0; i < FINDINGS_MAX; i++) {
		char want[32];
		snprintf(want, sizeof want, "thing %zu", i / 3);
		assert_string_equal(text_of(json, i, "object"), want);
	}
	json_decref(json);
	findings_free(findings);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(severities),
		cmocka_unit_test(none),
		cmocka_unit_test(worst_first_and_in_order),
		cmocka_unit_test(the_first_are_kept_whoever_is_first),
	};
	return cmocka_run_group_tests_name("audit_findings", tests, NULL, NULL);
}
