#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "libpki/base/json.h"
#include "libpki/cms/order.h"
#include "tests/unit/common/fixture.h"

#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HEX32 "00112233445566778899aabbccddeeff"

static const char issue_text[] =
	"{\"action\":\"issue\",\"application\":\"A-" HEX32
	"\",\"authority\":\"TEST RA\",\"certificates\":[{\"csr\":\"MAA=\",\"not_after\":\"2027-01-31T23:59:59Z\",\"profile\":\"holder-authentication\"},{\"csr\":\"MQA=\",\"profile\":\"holder-signature\"}],\"created\":\"2026-11-22T10:00:00.123Z\",\"document\":{\"country\":\"FR\",\"digest\":\"" DIGEST
	"\",\"expires\":\"2030-01-31T23:59:59Z\",\"type\":\"passport\"},\"evidence\":[\"" DIGEST
	"\"],\"holder\":\"H-" HEX32 "\",\"id\":\"O-" HEX32
	"\",\"identity_method\":\"in-person\",\"invitation\":\"MAA=\",\"requested\":\"2026-11-20T00:00:00Z\",\"subject\":{\"common_name\":\"TEST Zo\xc3\xa9 D\",\"country\":\"MC\",\"given_name\":\"Zo\xc3\xa9\",\"organization\":\"O\",\"organizational_unit\":\"U\",\"serial_number\":\"PASFR-1\",\"surname\":\"D\"},\"terms\":{\"digest\":\"" DIGEST
	"\",\"version\":\"1.0\"},\"type\":\"order\",\"version\":1}";

static const char renew_text[] =
	"{\"action\":\"renew\",\"authority\":\"TEST RA\",\"certificates\":[{\"csr\":\"MAA=\",\"profile\":\"holder-signature\"}],\"created\":\"2026-11-22T10:00:00.000Z\",\"id\":\"O-" HEX32
	"\",\"serials\":[\"01ff\"],\"subject\":{\"common_name\":\"TEST Z\",\"country\":\"MC\",\"pseudonym\":\"Z\"},\"type\":\"order\",\"version\":1}";

static const char revoke_text[] =
	"{\"action\":\"revoke\",\"authentication\":\"security-questions\",\"authority\":\"TEST RA\",\"cause\":\"lost-phone\",\"created\":\"2026-11-22T10:00:00.000Z\",\"holder\":\"H-" HEX32
	"\",\"id\":\"O-" HEX32
	"\",\"reported\":\"2026-11-22T09:59:00.000Z\",\"requester\":\"holder\",\"serials\":[\"0a\",\"7fffffffffffffffffffffffffffffffffffffff\"],\"type\":\"order\",\"version\":1}";

static const char invite_text[] =
	"{\"action\":\"invite\",\"applicant_digest\":\"" DIGEST
	"\",\"authority\":\"TEST RA\",\"created\":\"2026-11-22T10:00:00.000Z\",\"department\":\"TEST Digital Department\",\"expires\":\"2026-12-22T10:00:00Z\",\"id\":\"I-" HEX32
	"\",\"type\":\"order\",\"version\":1}";

static const char erase_text[] =
	"{\"action\":\"erase\",\"authority\":\"TEST RA\",\"created\":\"2026-11-22T10:00:00.000Z\",\"holder\":\"H-" HEX32
	"\",\"id\":\"O-" HEX32 "\",\"type\":\"order\",\"version\":1}";

static const char *const texts[] = { issue_text, renew_text, revoke_text, invite_text,
	erase_text };

static struct pki_bytes
bytes(const char *text)
{
	return (struct pki_bytes){ (const uint8_t *)text, strlen(text) };
}

static void
what_is_read_is_written_again(void **state)
{
	(void)state;
	for (size_t i = 0; i < PKI_COUNT(texts); i++) {
		struct pki_err err = { 0 };
		struct pki_order order;
		PKI_CLEANUP(pki_buf_free) struct pki_buf again = { 0 };
		if (pki_order_decode(bytes(texts[i]), &order, &err) != PKI_OK)
			fail_msg("%zu: %s", i, err.msg);
		if (pki_order_encode(&order, &again, &err) != PKI_OK)
			fail_msg("%zu: %s", i, err.msg);
		assert_string_equal((char *)again.data, texts[i]);
		pki_order_free(&order);
	}
}

static void
every_member_reaches_its_field(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	struct pki_order o;
	assert_int_equal(pki_order_decode(bytes(issue_text), &o, &err), PKI_OK);
	assert_int_equal(o.action, PKI_ACTION_ISSUE);
	assert_string_equal(o.id, "O-" HEX32);
	assert_string_equal(o.subject.given_name, "Zo\xc3\xa9");
	assert_string_equal(o.document_country, "FR");
	assert_int_equal(o.created % 1000, 123);
	assert_int_equal(o.document_end % PKI_DAY, PKI_DAY - 1);
	assert_int_equal(o.cert_count, 2);
	assert_int_equal(o.certs[0].csr.len, 2);
	assert_int_equal(o.certs[0].not_after % PKI_DAY, PKI_DAY - 1);
	assert_int_equal(o.certs[1].not_after, 0);
	assert_string_equal(o.certs[1].profile, "holder-signature");
	assert_int_equal(o.evidence_count, 1);
	assert_string_equal(o.evidence[0], DIGEST);
	assert_string_equal(o.terms_version, "1.0");
	assert_int_equal(o.invitation.len, 2);
	pki_order_free(&o);
	assert_int_equal(pki_order_decode(bytes(revoke_text), &o, &err), PKI_OK);
	assert_int_equal(o.serial_count, 2);
	assert_int_equal(o.serials[0].octets[0], 10);
	assert_string_equal(o.cause, "lost-phone");
	assert_int_equal(o.created - o.reported, 60000);
	pki_order_free(&o);
}

/* Each required member missing, each member of another order, each of another type. */
static void
r210_members_are_exact(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *optional; /* may be missing, space-separated with both ends */
	} cases[] = {
		{ issue_text,
			" application document evidence holder identity_method invitation requested terms " },
		{ renew_text, " " },
		{ revoke_text, " holder serials " },
		{ invite_text, " " },
		{ erase_text, " " },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err ignored = { 0 };
		PKI_CLEANUP(pki_json_cleanup) json_t *good = NULL;
		assert_int_equal(
			pki_json_parse(bytes(cases[i].text), &good, &ignored), PKI_OK);
		for (void *it = json_object_iter(good); it != NULL;
			it = json_object_iter_next(good, it)) {
			const char *key = json_object_iter_key(it);
			char spaced[64];
			snprintf(spaced, sizeof spaced, " %s ", key);
			bool optional = strstr(cases[i].optional, spaced) != NULL;
			json_t *values[] = { NULL, json_null(), json_integer(7),
				json_true(), json_string(""), json_array(),
				json_string("\x01") };
			for (size_t j = 0; j < PKI_COUNT(values); j++) {
				struct pki_err err = { 0 };
				struct pki_order order;
				PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
				PKI_CLEANUP(pki_json_cleanup)
				json_t *bad = json_deep_copy(good);
				if (values[j] == NULL)
					json_object_del(bad, key);
				else
					json_object_set(bad, key, values[j]);
				assert_int_equal(pki_json_dump(bad, &text, &err), PKI_OK);
				enum pki_status got = pki_order_decode(
					pki_buf_bytes(&text), &order, &err);
				pki_order_free(&order);
				if (j == 0 && optional) {
					assert_int_equal(got, PKI_OK);
					continue;
				}
				bool newer = j == 2 && strcmp(key, "version") == 0;
				if (got != (newer ? PKI_VERSION : PKI_INPUT) ||
					(!newer && err.rule != PKI_RULE_ORDER_FORM))
					fail_msg("%zu %s %zu: %d %s", i, key, j, got,
						err.msg);
			}
			for (size_t j = 0; j < PKI_COUNT(values); j++)
				json_decref(values[j]);
		}
	}
}

/* One text of a good order replaced by another. */
static void
r210_values_are_exact(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		const char *old;
		const char *new;
	} cases[] = {
		{ issue_text, "{\"action\"", "{\"unknown\":1,\"action\"" },
		{ issue_text, "{\"action\"", "{\"type\":\"order\",\"action\"" },
		{ issue_text, "{\"action\"", "{\"cause\":\"lost-phone\",\"action\"" },
		{ issue_text, "{\"action\"", "{\"serials\":[\"0a\"],\"action\"" },
		{ invite_text, "{\"action\"", "{\"invitation\":\"MAA=\",\"action\"" },
		{ erase_text, "{\"action\"", "{\"serials\":[\"0a\"],\"action\"" },
		{ erase_text, "\"O-0", "\"I-0" },
		{ issue_text, "\"issue\"", "\"bless\"" },
		{ issue_text, "\"order\"", "\"receipt\"" },
		{ issue_text, "\"O-0", "\"I-0" },
		{ issue_text, "\"O-0", "\"O-A" },
		{ issue_text, "\"O-0", "\"O-" },
		{ invite_text, "\"I-0", "\"O-0" },
		{ issue_text, "\"A-0", "\"H-0" },
		{ issue_text, "10:00:00.123Z", "10:00:00Z" },
		{ issue_text, "10:00:00.123Z", "10:00:00.123+01:00" },
		{ issue_text, "2026-11-22T", "2026-02-30T" },
		{ issue_text, "2026-11-20T00:00:00Z", "2026-11-20" },
		{ issue_text, "2026-11-20T00:00:00Z", "1970-01-01T00:00:00Z" },
		{ issue_text, "\"FR\"", "\"FRA\"" },
		{ issue_text, "\"passport\"", "\"Passport\"" },
		{ issue_text, "in-person", "in person" },
		{ issue_text, "MAA=", "MAA" },
		{ issue_text, "MAA=", "MAB=" },
		{ issue_text, "MAA=", "M AA=" },
		{ issue_text, "\"evidence\":[\"0", "\"evidence\":[\"F" },
		{ issue_text, "\"evidence\":[\"0", "\"evidence\":[\"" },
		{ issue_text, "\"country\":\"MC\"",
			"\"country\":\"MC\",\"street\":\"x\"" },
		{ issue_text, "\"country\":\"MC\",", "" },
		{ issue_text, "\"profile\":\"holder-authentication\"", "\"profile\":1" },
		{ issue_text, "\"surname\":\"D\"", "\"surname\":\"D\\nE\"" },
		{ issue_text, "\"surname\":\"D\"", "\"surname\":\"D\\u0000\"" },
		{ issue_text, "\"version\":1}", "\"version\":0}" },
		{ issue_text, "\"version\":1}", "\"version\":1.0}" },
		{ issue_text, "\"version\":1}", "\"version\":1} {}" },
		{ revoke_text, "\"0a\"", "\"0A\"" },
		{ revoke_text, "\"0a\"", "\"a\"" },
		{ revoke_text, "\"0a\"", "\"00\"" },
		{ revoke_text, "\"0a\"", "\"7fffffffffffffffffffffffffffffffffffffff\"" },
		{ revoke_text, "\"0a\"",
			"\"7fffffffffffffffffffffffffffffffffffffffff\"" },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		char text[4096];
		const char *at = strstr(cases[i].text, cases[i].old);
		assert_non_null(at);
		snprintf(text, sizeof text, "%.*s%s%s", (int)(at - cases[i].text),
			cases[i].text, cases[i].new, at + strlen(cases[i].old));
		struct pki_err err = { 0 };
		struct pki_order order;
		enum pki_status got = pki_order_decode(bytes(text), &order, &err);
		if (got != PKI_INPUT || err.rule != PKI_RULE_ORDER_FORM)
			fail_msg("%zu, %s: %d rule %d: %s", i, cases[i].new, got,
				err.rule, err.msg);
		pki_order_free(&order);
	}
}

static void
r210_lists_have_an_end(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	struct pki_order order;
	PKI_CLEANUP(pki_json_cleanup) json_t *json = NULL;
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	assert_int_equal(pki_json_parse(bytes(issue_text), &json, &err), PKI_OK);
	json_t *evidence = json_object_get(json, "evidence");
	while (json_array_size(evidence) <= PKI_ORDER_EVIDENCE_MAX)
		json_array_append_new(evidence, json_string(DIGEST));
	assert_int_equal(pki_json_dump(json, &text, &err), PKI_OK);
	assert_int_equal(pki_order_decode(pki_buf_bytes(&text), &order, &err), PKI_INPUT);
	assert_int_equal(err.rule, PKI_RULE_ORDER_FORM);
	err = (struct pki_err){ 0 };
	PKI_CLEANUP(pki_free_ptr) uint8_t *big = calloc(1, PKI_CMS_MAX + 1);
	struct pki_bytes too_big = { big, PKI_CMS_MAX + 1 };
	assert_int_equal(pki_order_decode(too_big, &order, &err), PKI_LIMIT);
}

static void
r210_what_cannot_be_read_is_not_written(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	struct pki_order order;
	struct pki_buf out = { 0 };
	assert_int_equal(pki_order_decode(bytes(invite_text), &order, &err), PKI_OK);
	order.department[0] = '\0';
	assert_int_equal(pki_order_encode(&order, &out, &err), PKI_INPUT);
	assert_int_equal(err.rule, PKI_RULE_ORDER_FORM);
	strcpy(order.department, "\xff");
	err = (struct pki_err){ 0 };
	assert_int_equal(pki_order_encode(&order, &out, &err), PKI_INPUT);
	assert_null(out.data);
	pki_order_free(&order);
}

static void
ids_are_random_and_checked(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	char a[PKI_ID_TEXT], b[PKI_ID_TEXT];
	assert_int_equal(pki_id_make('H', a, &err), PKI_OK);
	assert_int_equal(pki_id_make('H', b, &err), PKI_OK);
	assert_true(pki_id_valid(a, 'H'));
	assert_false(pki_id_valid(a, 'O'));
	assert_false(pki_id_valid("H-", 'H'));
	assert_false(pki_id_valid("H", 'H'));
	assert_string_not_equal(a, b);
}

static void
a_signed_order_opens(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	struct fixture_id ca = fixture_ca();
	struct fixture_id officer =
		fixture_make(&(struct fixture_spec){ .common_name = "TEST O" }, &ca);
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 };
	struct pki_signed_order order;
	pki_time now = pki_time_now();
	assert_int_equal(
		pki_cms_sign(bytes(revoke_text), officer.key, officer.cert, &der, &err),
		PKI_OK);
	assert_int_equal(
		pki_order_open(pki_buf_bytes(&der), ca.cert, now, NULL, &order, &err),
		PKI_OK);
	assert_string_equal(order.order.cause, "lost-phone");
	assert_int_equal(order.cms.signer_count, 1);
	pki_order_close(&order);
	pki_buf_reset(&der);
	assert_int_equal(pki_cms_sign(bytes("not an order"), officer.key, officer.cert,
				 &der, &err),
		PKI_OK);
	assert_int_equal(
		pki_order_open(pki_buf_bytes(&der), ca.cert, now, NULL, &order, &err),
		PKI_INPUT);
	assert_int_equal(err.rule, PKI_RULE_ORDER_FORM);
	/* by which the log knows what was refused */
	uint8_t digest[PKI_SHA256];
	assert_int_equal(pki_sha256(der.data, der.len, digest, &err), PKI_OK);
	assert_memory_equal(order.digest, digest, sizeof digest);
	fixture_free(&officer);
	fixture_free(&ca);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_read_is_written_again),
		cmocka_unit_test(every_member_reaches_its_field),
		cmocka_unit_test(r210_members_are_exact),
		cmocka_unit_test(r210_values_are_exact),
		cmocka_unit_test(r210_lists_have_an_end),
		cmocka_unit_test(r210_what_cannot_be_read_is_not_written),
		cmocka_unit_test(ids_are_random_and_checked),
		cmocka_unit_test(a_signed_order_opens),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
