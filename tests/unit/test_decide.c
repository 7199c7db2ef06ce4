#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/common/orders.h"

static void
good_orders_are_decided(void **state)
{
	(void)state;
	const struct {
		struct pki_order order;
		enum who signers[4];
		size_t want_certs;
	} cases[] = {
		{ good_issue(), { CLAIRE, DAVID }, 2 },
		{ good_renew(), { DAVID, CLAIRE }, 2 },
		{ good_officer(), { CLAIRE, SOPHIE }, 1 },
		{ good_officer(), { SOPHIE, DAVID, CLAIRE }, 1 },
		{ good_renew_officer(), { CLAIRE, SOPHIE, DAVID }, 1 },
		{ good_renew_officer(), { DAVID, SOPHIE, CLAIRE }, 1 },
		{ good_issue(), { OLGA, DAVID }, 2 },
		{ good_responder(), { OSCAR }, 1 },
		{ good_revoke(), { RENE }, 0 },
		{ good_revoke(), { CLAIRE }, 0 },
		{ good_revoke(), { SOPHIE }, 0 },
		{ good_revoke_officer(), { SOPHIE }, 0 },
		{ good_invite(), { DENIS }, 0 },
		{ good_erase(), { CLAIRE, SOPHIE }, 0 },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err err;
		struct pki_decision d;
		struct pki_order order = cases[i].order;
		if (orders_decide(&order, cases[i].signers, &d, &err) != PKI_OK)
			fail_msg("%zu: rule %d: %s", i, err.rule, err.msg);
		assert_int_equal(d.cert_count, cases[i].want_certs);
		assert_non_null(d.rule);
		pki_decision_free(&d);
	}
}

static void
what_an_issue_order_gets(void **state)
{
	(void)state;
	struct pki_err err;
	struct pki_decision d;
	struct pki_order order = good_issue();
	assert_int_equal(orders_decide(&order,
				 (const enum who[]){ CLAIRE, DAVID, NOBODY }, &d, &err),
		PKI_OK);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(d.certs[i].not_before, world.now / 1000);
		assert_int_equal(
			d.certs[i].not_after, pki_time_add_years(world.now / 1000, 3));
		assert_non_null(d.certs[i].csr);
	}
	assert_int_equal(d.certs[0].profile->kind, PKI_KIND_HOLDER_AUTH);
	assert_int_equal(d.invitation->order.action, PKI_ACTION_INVITE);
	pki_decision_free(&d);
}

static void
r04_dates_end_with_the_first_of_their_limits(void **state)
{
	(void)state;
	pki_time now = world.now / 1000;
	const struct {
		pki_time document_end;
		pki_time asked;
		pki_time want; /* 0: refused */
	} cases[] = {
		{ now + 2000 * PKI_DAY, 0, pki_time_add_years(now, 3) },
		{ now + 400 * PKI_DAY, 0, now + 400 * PKI_DAY },
		{ now + 400 * PKI_DAY, now + 300 * PKI_DAY, now + 300 * PKI_DAY },
		{ now + 400 * PKI_DAY, now + 400 * PKI_DAY + 1, 0 },
		{ now + 2000 * PKI_DAY, pki_time_add_years(now, 3) + 1, 0 },
		{ now + 2000 * PKI_DAY, pki_time_add_years(now, 4), 0 },
		{ now + 2000 * PKI_DAY, now - 1, 0 },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err err;
		struct pki_decision d;
		struct pki_order order = good_issue();
		order.document_end = cases[i].document_end;
		order.certs[1].not_after = cases[i].asked;
		enum pki_status got = orders_decide(
			&order, (const enum who[]){ CLAIRE, DAVID, NOBODY }, &d, &err);
		if (cases[i].want == 0) {
			assert_int_equal(got, PKI_REFUSED);
			assert_int_equal(err.rule, PKI_RULE_VALIDITY);
			continue;
		}
		assert_int_equal(got, PKI_OK);
		assert_int_equal(d.certs[1].not_after, cases[i].want);
		pki_decision_free(&d);
	}
}

static void
r04_nothing_outlives_the_issuer(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	struct pki_decision d;
	pki_time end = world.now / 1000 + 100 * PKI_DAY;
	struct fixture_id ca =
		fixture_make(&(struct fixture_spec){ .common_name = "TEST CA",
				     .ca = true,
				     .key = world.ca.key,
				     .not_after = end },
			NULL);
	struct pki_order order = good_issue();
	PKI_CLEANUP(pki_buf_free)
	struct pki_buf cms =
		orders_sign(&order, (const enum who[]){ CLAIRE, DAVID, NOBODY });
	struct pki_signed_order opened;
	assert_int_equal(pki_order_open(pki_buf_bytes(&cms), ca.cert, world.now / 1000,
				 NULL, &opened, &err),
		PKI_OK);
	const struct pki_case c = { .policy = world.policy,
		.order = &opened,
		.issuer = ca.cert,
		.now = world.now };
	assert_int_equal(pki_decide(&c, &d, &err), PKI_OK);
	assert_int_equal(d.certs[0].not_after, end);
	pki_decision_free(&d);
	pki_order_close(&opened);
	pki_order_free(&order);
	fixture_free(&ca);
}

static void
revocation_is_decided_by_the_cause(void **state)
{
	(void)state;
	static const struct {
		const char *cause;
		bool with_serial;
		enum pki_reason want_reason;
		bool want_whole;
	} cases[] = {
		{ "lost-phone", false, PKI_REASON_KEY_COMPROMISE, true },
		{ "stolen-phone", true, PKI_REASON_KEY_COMPROMISE, true },
		{ "superseded", true, PKI_REASON_SUPERSEDED, false },
		{ "superseded", false, PKI_REASON_SUPERSEDED, true },
		{ "name-change", false, PKI_REASON_AFFILIATION_CHANGED, true },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err err;
		struct pki_decision d;
		struct pki_order order = good_revoke();
		strcpy(order.cause, cases[i].cause);
		order.serials[0] = *pki_cert_get0_serial(world.ids[PLAIN].cert);
		order.serial_count = cases[i].with_serial;
		assert_int_equal(orders_decide(&order, (const enum who[]){ RENE, NOBODY },
					 &d, &err),
			PKI_OK);
		assert_int_equal(d.reason, cases[i].want_reason);
		assert_int_equal(d.whole_holder, cases[i].want_whole);
		pki_decision_free(&d);
	}
}

static void
r201_only_the_right_roles_sign(void **state)
{
	(void)state;
	static const struct bad_case cases[] = {
		{ "auditor", good_issue, NULL, { CLAIRE, AUDREY }, PKI_RULE_ROLE },
		{ "security for holders", good_issue, NULL, { CLAIRE, SOPHIE },
			PKI_RULE_ROLE },
		{ "no role", good_issue, NULL, { CLAIRE, PLAIN }, PKI_RULE_ROLE },
		{ "one too many, without role", good_issue, NULL,
			{ CLAIRE, DAVID, PLAIN }, PKI_RULE_ROLE },
		{ "auditor revokes", good_revoke, NULL, { AUDREY }, PKI_RULE_ROLE },
		{ "revoke officer", good_revoke_officer, NULL, { RENE }, PKI_RULE_ROLE },
		{ "registration for OCSP", good_responder, NULL, { CLAIRE },
			PKI_RULE_ROLE },
		{ "responder issues", good_issue, NULL, { OSCAR }, PKI_RULE_ROLE },
		{ "revocation invites", good_invite, NULL, { RENE }, PKI_RULE_ROLE },
		{ "revocation erases", good_erase, NULL, { RENE, SOPHIE },
			PKI_RULE_ROLE },
	};
	REFUSE_EACH(cases);
}

static void
profile_seal(struct pki_order *o)
{
	strcpy(o->certs[0].profile, "records-seal");
}

static void
profile_ca(struct pki_order *o)
{
	strcpy(o->certs[0].profile, "issuing-ca");
}

static void
profile_mixed(struct pki_order *o)
{
	strcpy(o->certs[1].profile, "officer-registration");
}

static void
r201_what_nobody_may_order(void **state)
{
	(void)state;
	static const struct bad_case cases[] = {
		{ "seal", good_officer, profile_seal, { SOPHIE, CLAIRE }, PKI_RULE_ROLE },
		{ "CA", good_officer, profile_ca, { SOPHIE, CLAIRE }, PKI_RULE_ROLE },
		{ "mixed", good_issue, profile_mixed, { CLAIRE, DAVID }, PKI_RULE_ROLE },
	};
	REFUSE_EACH(cases);
}

static void
r202_two_different_officers(void **state)
{
	(void)state;
	static const struct bad_case cases[] = {
		{ "one of two", good_issue, NULL, { CLAIRE }, PKI_RULE_SIGNATURES },
		{ "two of one role where two roles are asked", good_officer, NULL,
			{ CLAIRE, DAVID }, PKI_RULE_SIGNATURES },
		{ "renew, one of two", good_renew, NULL, { DAVID }, PKI_RULE_SIGNATURES },
		{ "erase, one of two", good_erase, NULL, { SOPHIE },
			PKI_RULE_SIGNATURES },
		{ "erase, two of one role", good_erase, NULL, { CLAIRE, DAVID },
			PKI_RULE_SIGNATURES },
	};
	REFUSE_EACH(cases);
}

static void
r121_four_eyes_are_two_persons(void **state)
{
	(void)state;
	static const struct bad_case cases[] = {
		{ "one identifier, two names", good_issue, NULL, { CLAIRE, CLAIRE_AGAIN },
			PKI_RULE_PERSONS },
		{ "... beside a third officer", good_issue, NULL,
			{ CLAIRE, DAVID, CLAIRE_AGAIN }, PKI_RULE_PERSONS },
		{ "no identifier, one name in two spellings", good_issue, NULL,
			{ OLGA, OLGA_AGAIN }, PKI_RULE_PERSONS },
		{ "revocation too", good_revoke, NULL, { CLAIRE, CLAIRE_AGAIN },
			PKI_RULE_PERSONS },
	};
	REFUSE_EACH(cases);
}

static void
no_identifier(struct pki_order *o)
{
	o->subject.serial_number[0] = '\0';
}

static void
lower_case(struct pki_order *o)
{
	strcpy(o->subject.serial_number, "of:mc-99");
}

static void
a_passport(struct pki_order *o)
{
	strcpy(o->subject.serial_number, "PASMC-99");
}

static void
of_claire(struct pki_order *o)
{
	strcpy(o->subject.serial_number, "OF:MC-1");
}

static void
r121_officers_have_identifiers(void **state)
{
	(void)state;
	static const struct bad_case cases[] = {
		{ "none", good_officer, no_identifier, { SOPHIE, CLAIRE },
			PKI_RULE_PERSONS },
		{ "another spelling", good_officer, lower_case, { SOPHIE, CLAIRE },
			PKI_RULE_PERSONS },
		{ "a document's number", good_officer, a_passport, { SOPHIE, CLAIRE },
			PKI_RULE_PERSONS },
		{ "her own, under another name", good_officer, of_claire,
			{ SOPHIE, CLAIRE }, PKI_RULE_OWN_SUBJECT },
		{ "her own, by another certificate", good_officer, of_claire,
			{ SOPHIE, CLAIRE_AGAIN }, PKI_RULE_OWN_SUBJECT },
	};
	REFUSE_EACH(cases);
}

static void
two_predecessors(struct pki_order *o)
{
	o->serials[o->serial_count++] = *pki_cert_get0_serial(world.ids[DAVID].cert);
}

static void
another_person(struct pki_order *o)
{
	strcpy(o->subject.serial_number, "OF:MC-77");
}

static void
another_role(struct pki_order *o)
{
	strcpy(o->certs[0].profile, "officer-security");
}

static void
olga_becomes(struct pki_order *o)
{
	o->serials[0] = *pki_cert_get0_serial(world.ids[OLGA].cert);
}

static void
r39_r121_the_old_key_renews_and_is_no_eye(void **state)
{
	(void)state;
	static const struct bad_case cases[] = {
		{ "without the old key", good_renew_officer, NULL, { SOPHIE, DAVID },
			PKI_RULE_POSSESSION },
		{ "the old key as an eye", good_renew_officer, NULL, { CLAIRE, SOPHIE },
			PKI_RULE_SIGNATURES },
		{ "her other certificate as an eye", good_renew_officer, NULL,
			{ CLAIRE, CLAIRE_AGAIN, SOPHIE }, PKI_RULE_PERSONS },
		{ "two certificates at once", good_renew_officer, two_predecessors,
			{ CLAIRE, SOPHIE, DAVID }, PKI_RULE_RENEWAL },
		{ "for another person", good_renew_officer, another_person,
			{ CLAIRE, SOPHIE, DAVID }, PKI_RULE_RENEWAL },
		{ "for another role", good_renew_officer, another_role,
			{ CLAIRE, SOPHIE, DAVID }, PKI_RULE_STAFF },
		{ "another officer's certificate", good_renew_officer, olga_becomes,
			{ OLGA, SOPHIE, DAVID }, PKI_RULE_RENEWAL },
	};
	REFUSE_EACH(cases);
}

/* Who had no identifier gets one with the next certificate. */
static void
officers_without_an_identifier_order_their_successors(void **state)
{
	(void)state;
	struct pki_err err;
	struct pki_decision d;
	struct pki_order order = good_renew_officer();
	olga_becomes(&order);
	strcpy(order.subject.common_name, "TEST Olga");
	strcpy(order.subject.serial_number, "OF:MC-50");
	if (orders_decide(&order, (const enum who[]){ OLGA, SOPHIE, DAVID, NOBODY }, &d,
		    &err) != PKI_OK)
		fail_msg("%s", err.msg);
	assert_non_null(d.replaced);
	pki_decision_free(&d);
}

/* An audit judges old orders by the rules of their time. */
static void
r121_binds_new_orders_alone(void **state)
{
	(void)state;
	static const struct {
		unsigned rules;
		enum pki_status want;
	} cases[] = { { 1, PKI_OK }, { 2, PKI_REFUSED }, { 0, PKI_REFUSED } };
	struct pki_order order = good_officer();
	no_identifier(&order);
	PKI_CLEANUP(pki_buf_free)
	struct pki_buf cms =
		orders_sign(&order, (const enum who[]){ SOPHIE, CLAIRE, NOBODY });
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err err = { 0 };
		struct pki_decision d;
		struct pki_signed_order opened;
		assert_int_equal(pki_order_open(pki_buf_bytes(&cms), world.ca.cert,
					 world.now / 1000, NULL, &opened, &err),
			PKI_OK);
		const struct pki_case c = { .policy = world.policy,
			.order = &opened,
			.issuer = world.ca.cert,
			.now = world.now,
			.rules = cases[i].rules };
		assert_int_equal(pki_decide(&c, &d, &err), cases[i].want);
		pki_decision_free(&d);
		pki_order_close(&opened);
	}
	pki_order_free(&order);
}

static void
made_yesterday(struct pki_order *o)
{
	o->created -= 86401000;
}

static void
made_tomorrow(struct pki_order *o)
{
	o->created += 301000;
}

static void
open_for_long(struct pki_order *o)
{
	o->expires = world.now / 1000 + 90 * PKI_DAY;
}

static void
r204_r209_orders_age(void **state)
{
	(void)state;
	static const struct bad_case cases[] = {
		{ "older than a day", good_issue, made_yesterday, { CLAIRE, DAVID },
			PKI_RULE_ORDER_AGE },
		{ "revoke older than an hour", good_revoke, made_yesterday, { RENE },
			PKI_RULE_ORDER_AGE },
		{ "invitation open for too long", good_invite, open_for_long, { DENIS },
			PKI_RULE_ORDER_AGE },
		{ "in the future", good_issue, made_tomorrow, { CLAIRE, DAVID },
			PKI_RULE_CLOCK },
	};
	REFUSE_EACH(cases);
}

static void
cause_boredom(struct pki_order *o)
{
	strcpy(o->cause, "boredom");
}

static void
requester_neighbour(struct pki_order *o)
{
	strcpy(o->requester, "neighbour");
}

static void
named_as_the_ca(struct pki_order *o)
{
	struct pki_err err = { 0 };
	assert_int_equal(pki_cert_subject(world.ca.cert, &o->subject, &err), PKI_OK);
}

static void
r15_the_cas_name_is_the_cas_alone(void **state)
{
	(void)state;
	static const struct bad_case cases[] = {
		{ "responder", good_responder, named_as_the_ca, { OSCAR },
			PKI_RULE_DN_REASSIGNED },
	};
	REFUSE_EACH(cases);
}

static void
reported_tomorrow(struct pki_order *o)
{
	o->reported = o->created + 301000;
}

static void
r47_revocation_requests(void **state)
{
	(void)state;
	static const struct bad_case cases[] = {
		{ "cause", good_revoke, cause_boredom, { RENE }, PKI_RULE_REVOCATION },
		{ "requester", good_revoke, requester_neighbour, { RENE },
			PKI_RULE_REVOCATION },
		{ "reported tomorrow", good_revoke, reported_tomorrow, { RENE },
			PKI_RULE_REVOCATION },
	};
	REFUSE_EACH(cases);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_orders_are_decided),
		cmocka_unit_test(what_an_issue_order_gets),
		cmocka_unit_test(r04_dates_end_with_the_first_of_their_limits),
		cmocka_unit_test(r04_nothing_outlives_the_issuer),
		cmocka_unit_test(revocation_is_decided_by_the_cause),
		cmocka_unit_test(r201_only_the_right_roles_sign),
		cmocka_unit_test(r201_what_nobody_may_order),
		cmocka_unit_test(r202_two_different_officers),
		cmocka_unit_test(r121_four_eyes_are_two_persons),
		cmocka_unit_test(r121_officers_have_identifiers),
		cmocka_unit_test(r39_r121_the_old_key_renews_and_is_no_eye),
		cmocka_unit_test(officers_without_an_identifier_order_their_successors),
		cmocka_unit_test(r121_binds_new_orders_alone),
		cmocka_unit_test(r204_r209_orders_age),
		cmocka_unit_test(r15_the_cas_name_is_the_cas_alone),
		cmocka_unit_test(r47_revocation_requests),
	};
	return cmocka_run_group_tests(tests, orders_setup, orders_teardown);
}
