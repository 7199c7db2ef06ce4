#include "libpki/state/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/common/expect.h"

#define HEX32 "0123456789abcdef0123456789abcdef"
#define A "\"application\":\"A-" HEX32 "\""
#define H "\"holder\":\"H-" HEX32 "\""
#define O "\"order\":\"O-" HEX32 "\""
#define SHA256 "\"" HEX32 HEX32 "\""
#define DIGEST "\"order_digest\":" SHA256
#define MSEC "\"2026-11-22T13:03:00.000Z\""
#define ORDERED O "," DIGEST "," H ",\"officers\":[\"0a\",\"0b\"],"
#define CERTIFICATES \
	"\"certificates\":[{\"profile\":\"holder-signature\",\"serial\":\"0c\",\"digest\":" SHA256 \
	"}]"
#define CRL \
	"\"issuer\":2,\"number\":7,\"partition\":0,\"digest\":" SHA256 ",\"entries\":0"

/* An event of each form in the table of types. */
static const struct {
	const char *type, *source, *actor, *detail;
} right[] = {
	{ "application-approved", "pki-ra", "0a", "{" A "," O "," DIGEST "}" },
	{ "application-rejected", "pki-ra", "0a",
		"{" A ",\"decision_digest\":" SHA256 "}" },
	{ "application-rejected", "pki-ra", "0a", "{" A "," O "}" },
	{ "application-submitted", "pki-ra", "",
		"{" A "," H ",\"kind\":\"new\",\"evidence\":2,\"invitation\":\"I-" HEX32
		"\"}" },
	{ "application-submitted", "pki-ra", "",
		"{" A "," H ",\"kind\":\"renewal\",\"evidence\":0}" },
	{ "application-verified", "pki-ra", "0a",
		"{" A "," O "," DIGEST ",\"method\":\"in-person\"}" },
	{ "ca-ended", "pki-ca", "", "{\"issuer\":2,\"lists\":3}" },
	{ "ca-started", "pki-ca", "", "{\"rules\":2}" },
	{ "ca-stopped", "pki-ca", "", "{}" },
	{ "ceremony-completed", "pki-ca", "",
		"{\"root\":\"0a\",\"ca\":\"0b\",\"seal\":\"0c\",\"officers\":[\"0d\"],\"digests\":[" SHA256
		"],\"profiles\":[\"root\"]}" },
	{ "certificate-accepted", "pki-ra", "",
		"{" A "," H "," O ",\"statement_digest\":" SHA256 "}" },
	{ "certificate-issued", "pki-ca", "0a",
		"{" ORDERED "\"action\":\"issue\",\"invitation\":\"\"," CERTIFICATES
		"}" },
	{ "certificate-renewed", "pki-ca", "0a",
		"{" ORDERED "\"action\":\"renew\"," CERTIFICATES "}" },
	{ "certificate-renewed", "pki-ca", "0a",
		"{" ORDERED "\"action\":\"renew\"," CERTIFICATES
		",\"reason\":\"superseded\",\"reported\":" MSEC
		",\"serials\":[\"0c\"]}" },
	{ "certificate-revoked", "pki-ca", "0a",
		"{" ORDERED
		"\"action\":\"revoke\",\"reason\":\"keyCompromise\",\"reported\":" MSEC
		",\"serials\":[\"0c\"]}" },
	{ "crl-issued", "pki-ca", "", "{" CRL "}" },
	{ "crl-partitioned", "pki-ca", "", "{\"issuer\":2,\"partitions\":4}" },
	{ "crl-published", "pki-ca", "",
		"{\"issuer\":1,\"number\":7,\"published\":" MSEC "}" },
	{ "crl-service-started", "pki-crl", "", "{}" },
	{ "crl-service-stopped", "pki-crl", "", "{}" },
	{ "erasure-ordered", "pki-ra", "0a",
		"{" H "," O "," DIGEST ",\"applications\":1}" },
	{ "holder-erased", "pki-ra", "0a",
		"{" H "," O "," DIGEST ",\"applications\":2}" },
	{ "invitation-made", "pki-ra", "0a",
		"{\"invitation\":\"I-" HEX32 "\"," DIGEST
		",\"expires\":\"2026-11-22T13:03:00Z\"}" },
	{ "issuing-failed", "pki-ca", "", "{\"orders\":1}" },
	{ "login-failed", "pki-ra", "0a", "{\"officer\":\"0a\"}" },
	{ "order-refused", "pki-ca", "",
		"{" O "," DIGEST
		",\"status\":\"refused\",\"rule\":\"order-used\",\"officers\":[]}" },
	{ "policy-loaded", "pki-ca", "", "{\"digest\":" SHA256 "}" },
	{ "responder-certificate-ordered", "pki-ocspd", "", "{\"serial\":\"0a\"}" },
	{ "responder-started", "pki-ocspd", "", "{\"serial\":\"0a\"}" },
	{ "responder-stopped", "pki-ocspd", "", "{\"serial\":\"0a\"}" },
	{ "revocation-repeated", "pki-ca", "0a",
		"{" ORDERED "\"action\":\"revoke\",\"reported\":" MSEC
		",\"already\":[\"0c\"]}" },
	{ "root-crl-recorded", "pki-ca", "", "{" CRL "}" },
	{ "unissued-asked", "pki-ocspd", "", "{\"count\":1}" },
};

/* Values that no member of any type may have. */
static const char *const wrong[] = { "\"Alice Martin\"", "\"caf\u00e9\"",
	"\"x\\nca-stopped\"", "null", "true", "1.5", "-1", "[]", "[[]]", "{}",
	"\"A-0123456789ABCDEF0123456789ABCDEF\"", "\"0A\"", "\"00aa\"",
	"\"2026-11-22T13:03:00.00Z\"", "\"alice martin\"",
	"\"a-word-of-a-length-that-no-list-of-words-has-ever-had\"" };

static enum pki_status
check(size_t i, const char *actor, json_t *detail, struct pki_err *err)
{
	const struct pki_event event = { right[i].type, right[i].source, actor, 1, detail,
		0 };
	return pki_event_check(&event, err);
}

static void
is_refused(size_t i, const char *actor, json_t *detail, const char *what)
{
	struct pki_err err = { 0 };
	if (check(i, actor, detail, &err) != PKI_INPUT)
		fail_msg("%s: %s was taken", right[i].type, what);
	assert_int_equal(err.rule, PKI_RULE_EVENT_FORM);
}

static json_t *
read_detail(size_t i)
{
	json_t *detail = json_loads(right[i].detail, 0, NULL);
	if (detail == NULL)
		fail_msg("%s: the test's detail is no JSON", right[i].type);
	return detail;
}

static void
r122_each_form_is_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < PKI_COUNT(right); i++) {
		PKI_CLEANUP(pki_json_cleanup) json_t *detail = read_detail(i);
		ok(check(i, right[i].actor, detail, &err));
		assert_string_equal(pki_event_source(right[i].type), right[i].source);
	}
}

static void
r122_no_member_is_missing_added_or_of_another_form(void **state)
{
	(void)state;
	for (size_t i = 0; i < PKI_COUNT(right); i++) {
		const char *name;
		json_t *value, *next;
		PKI_CLEANUP(pki_json_cleanup) json_t *detail = read_detail(i);
		PKI_CLEANUP(pki_json_cleanup) json_t *whole = read_detail(i);
		json_object_set_new(whole, "who", json_string("alice"));
		is_refused(i, right[i].actor, whole, "a further member");
		json_object_foreach (detail, name, value) {
			PKI_CLEANUP(pki_json_cleanup) json_t *other = read_detail(i);
			for (size_t k = 0; k < PKI_COUNT(wrong); k++) {
				bool none = strcmp(name, "officers") == 0 &&
					    strcmp(wrong[k], "[]") == 0 &&
					    strcmp(right[i].type, "order-refused") == 0;
				if (none)
					continue;
				next = json_loads(wrong[k], JSON_DECODE_ANY, NULL);
				assert_non_null(next);
				json_object_set_new(other, name, next);
				is_refused(i, right[i].actor, other, wrong[k]);
			}
			json_object_del(other, name);
			is_refused(i, right[i].actor, other, name);
		}
	}
}

static void
r122_lists_and_their_objects_have_limits(void **state)
{
	(void)state;
	for (size_t i = 0; i < PKI_COUNT(right); i++) {
		const char *name;
		json_t *list;
		PKI_CLEANUP(pki_json_cleanup) json_t *detail = read_detail(i);
		json_object_foreach (detail, name, list) {
			json_t *item = json_array_get(list, 0);
			if (item == NULL)
				continue;
			PKI_CLEANUP(pki_json_cleanup) json_t *part = json_copy(detail);
			json_t *long_list = json_array();
			for (size_t n = 0; n < 5000; n++)
				json_array_append(long_list, item);
			json_object_set_new(part, name, long_list);
			is_refused(i, right[i].actor, part, "a long list");
			if (!json_is_object(item))
				continue;
			json_object_set_new(item, "subject", json_string("alice"));
			is_refused(i, right[i].actor, detail, "a further member inside");
			json_object_del(item, "subject");
			json_object_del(item, "serial");
			is_refused(
				i, right[i].actor, detail, "an object without a member");
		}
	}
}

static void
r122_the_actor_is_an_officer_or_nobody(void **state)
{
	(void)state;
	for (size_t i = 0; i < PKI_COUNT(right); i++) {
		PKI_CLEANUP(pki_json_cleanup) json_t *detail = read_detail(i);
		bool acts = right[i].actor[0] != '\0';
		is_refused(i, acts ? "" : "0a", detail, "another actor");
		is_refused(i, "Alice", detail, "a name for an actor");
		is_refused(i, "000a", detail, "a second spelling of a serial number");
	}
	/* login-failed: the officer is the actor */
	PKI_CLEANUP(pki_json_cleanup)
	json_t *detail = json_pack("{s:s}", "officer", "0b");
	const struct pki_event login = { "login-failed", "pki-ra", "0a", 1, detail, 0 };
	fails(pki_event_check(&login, &err), INPUT);
}

static void
r77_r122_a_type_belongs_to_one_program(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	const struct pki_event unknown = { "ca-exploded", "pki-ca", "", 1, NULL, 0 };
	const struct pki_event foreign = { "ca-started", "pki-ra", "", 1, NULL, 0 };
	assert_int_equal(pki_event_check(&unknown, &err), PKI_INPUT);
	assert_int_equal(err.rule, PKI_RULE_LOG_EVENT);
	assert_false(pki_event_known("ca-exploded"));
	assert_null(pki_event_source("ca-exploded"));
	err = (struct pki_err){ 0 };
	assert_int_equal(pki_event_check(&foreign, &err), PKI_INPUT);
	assert_int_equal(err.rule, PKI_RULE_EVENT_FORM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(r122_each_form_is_taken),
		cmocka_unit_test(r122_no_member_is_missing_added_or_of_another_form),
		cmocka_unit_test(r122_lists_and_their_objects_have_limits),
		cmocka_unit_test(r122_the_actor_is_an_officer_or_nobody),
		cmocka_unit_test(r77_r122_a_type_belongs_to_one_program),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
