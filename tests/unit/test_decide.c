#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "libpki/csr.h"
#include "libpki/policy.h"
#include "tests/unit/common/fixture.h"

#define ROLE(n) "2.999.492.1.1.1.1.6.1,2.999.492.2." n
#define DIGEST "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

enum who {
	NOBODY,
	CLAIRE, /* registration */
	DAVID, /* registration */
	CLAIRE_AGAIN, /* another certificate of hers */
	RENE, /* revocation */
	SOPHIE, /* security */
	AUDREY, /* auditor */
	DENIS, /* department */
	OSCAR, /* responder */
	PLAIN, /* no role */
	WHO_COUNT,
};

static struct {
	struct fixture_id ca;
	struct fixture_id ids[WHO_COUNT];
	struct pki_policy *policy;
	struct pki_buf csrs[3];
	pki_msec now;
} world;

static int
setup(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		const char *policy;
	} people[WHO_COUNT] = {
		[CLAIRE] = { "TEST Claire", ROLE("1") },
		[DAVID] = { "TEST David", ROLE("1") },
		[CLAIRE_AGAIN] = { "TEST Claire", ROLE("1") },
		[RENE] = { "TEST Rene", ROLE("2") },
		[SOPHIE] = { "TEST Sophie", ROLE("3") },
		[AUDREY] = { "TEST Audrey", ROLE("4") },
		[DENIS] = { "TEST Denis", ROLE("5") },
		[OSCAR] = { "TEST OCSP", ROLE("6") },
		[PLAIN] = { "TEST Plain", "2.999.492.1.1.1.1.6.1" },
	};
	struct pki_err err = { 0 };
	world.ca = fixture_ca();
	world.now = pki_msec_now();
	for (size_t i = CLAIRE; i < WHO_COUNT; i++)
		world.ids[i] =
			fixture_make(&(struct fixture_spec){ .common_name = people[i].name,
					     .policy = people[i].policy },
				&world.ca);
	for (size_t i = 0; i < PKI_COUNT(world.csrs); i++)
		world.csrs[i] = fixture_csr(NULL);
	assert_int_equal(pki_policy_load("policy", &world.policy, &err), PKI_OK);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < WHO_COUNT; i++)
		fixture_free(&world.ids[i]);
	for (size_t i = 0; i < PKI_COUNT(world.csrs); i++)
		pki_buf_free(&world.csrs[i]);
	fixture_free(&world.ca);
	pki_policy_free(world.policy);
	return 0;
}

static void
set_buf(struct pki_buf *buf, const void *data, size_t len)
{
	struct pki_err err = { 0 };
	pki_buf_reset(buf);
	assert_int_equal(pki_buf_append(buf, data, len, &err), PKI_OK);
}

/* Encode, and let each of signers (up to NOBODY) sign. */
static struct pki_buf
sign(const struct pki_order *order, const enum who *signers)
{
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf json = { 0 };
	struct pki_buf cms = { 0 };
	if (pki_order_encode(order, &json, &err) != PKI_OK)
		fail_msg("encode: %s", err.msg);
	for (; *signers != NOBODY; signers++) {
		const struct fixture_id *id = &world.ids[*signers];
		struct pki_buf more = { 0 };
		enum pki_status status = cms.len == 0
						 ? pki_cms_sign(pki_buf_bytes(&json),
							   id->key, id->cert, &more, &err)
						 : pki_cms_cosign(pki_buf_bytes(&cms),
							   id->key, id->cert, &more, &err);
		if (status != PKI_OK)
			fail_msg("sign: %s", err.msg);
		pki_buf_free(&cms);
		cms = more;
	}
	return cms;
}

static void
make_id(char prefix, char out[PKI_ID_TEXT])
{
	struct pki_err err = { 0 };
	assert_int_equal(pki_id_make(prefix, out, &err), PKI_OK);
}

static struct pki_order
good_invite(void)
{
	struct pki_order o = { .action = PKI_ACTION_INVITE,
		.created = world.now - 5 * 86400000 };
	make_id('I', o.id);
	strcpy(o.authority, "TEST RA");
	strcpy(o.department, "TEST Department");
	strcpy(o.applicant_digest, DIGEST);
	o.expires = world.now / 1000 + 20 * PKI_DAY;
	return o;
}

static void
attach_invite(
	struct pki_order *order, const struct pki_order *invite, const enum who *signers)
{
	/* signing-time is the clock's; an invitation of the past is signed late, not early
	 */
	struct pki_buf cms = sign(invite, signers);
	pki_buf_free(&order->invitation);
	order->invitation = cms;
}

static struct pki_order
good_issue(void)
{
	struct pki_order o = { .action = PKI_ACTION_ISSUE, .created = world.now };
	make_id('O', o.id);
	make_id('A', o.application);
	make_id('H', o.holder);
	strcpy(o.authority, "TEST RA");
	strcpy(o.subject.country, "FR");
	strcpy(o.subject.given_name, "Alice");
	strcpy(o.subject.surname, "Martin");
	strcpy(o.subject.serial_number, "PASFR-12AB34567");
	strcpy(o.subject.common_name, "TEST Alice Martin");
	o.requested = world.now / 1000 - 3 * PKI_DAY;
	strcpy(o.identity_method, "in-person");
	strcpy(o.document_type, "passport");
	strcpy(o.document_country, "FR");
	o.document_end = world.now / 1000 + 2000 * PKI_DAY;
	strcpy(o.document_digest, DIGEST);
	strcpy(o.evidence[0], DIGEST);
	o.evidence_count = 1;
	strcpy(o.terms_version, world.policy->terms_version);
	strcpy(o.terms_digest, world.policy->terms_digest);
	strcpy(o.certs[0].profile, "holder-authentication");
	strcpy(o.certs[1].profile, "holder-signature");
	set_buf(&o.certs[0].csr, world.csrs[0].data, world.csrs[0].len);
	set_buf(&o.certs[1].csr, world.csrs[1].data, world.csrs[1].len);
	o.cert_count = 2;
	struct pki_order invite = good_invite();
	attach_invite(&o, &invite, (const enum who[]){ DENIS, NOBODY });
	return o;
}

static struct pki_order
good_renew(void)
{
	struct pki_order o = good_issue();
	o.action = PKI_ACTION_RENEW;
	pki_buf_free(&o.invitation);
	o.serials[0] = *pki_cert_get0_serial(world.ids[PLAIN].cert);
	o.serial_count = 1;
	return o;
}

static struct pki_order
good_service(const char *profile, const char *name)
{
	struct pki_order o = { .action = PKI_ACTION_ISSUE, .created = world.now };
	make_id('O', o.id);
	strcpy(o.authority, "TEST RA");
	strcpy(o.subject.country, "MC");
	strcpy(o.subject.common_name, name);
	strcpy(o.certs[0].profile, profile);
	set_buf(&o.certs[0].csr, world.csrs[0].data, world.csrs[0].len);
	o.cert_count = 1;
	return o;
}

static struct pki_order
good_officer(void)
{
	return good_service("officer-registration", "TEST New Officer");
}

static struct pki_order
good_responder(void)
{
	return good_service("ocsp-responder", "TEST OCSP Responder");
}

static struct pki_order
good_revoke(void)
{
	struct pki_order o = { .action = PKI_ACTION_REVOKE, .created = world.now };
	make_id('O', o.id);
	make_id('H', o.holder);
	strcpy(o.authority, "TEST RA");
	strcpy(o.cause, "lost-phone");
	strcpy(o.requester, "holder");
	strcpy(o.authentication, "security-questions");
	o.reported = world.now - 60000;
	return o;
}

static struct pki_order
good_revoke_officer(void)
{
	struct pki_order o = good_revoke();
	o.holder[0] = '\0';
	o.serials[0] = *pki_cert_get0_serial(world.ids[DAVID].cert);
	o.serial_count = 1;
	strcpy(o.cause, "officer-left");
	strcpy(o.requester, "officer");
	return o;
}

/* Signs, opens and decides; takes order over. */
static enum pki_status
decide(struct pki_order *order, const enum who *signers, struct pki_decision *out,
	struct pki_err *err)
{
	*err = (struct pki_err){ 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf cms = sign(order, signers);
	struct pki_signed_order opened;
	if (pki_order_open(pki_buf_bytes(&cms), world.ca.cert, world.now / 1000, NULL,
		    &opened, err) != PKI_OK)
		fail_msg("open: %s", err->msg);
	enum pki_status status =
		pki_decide(world.policy, &opened, world.ca.cert, world.now, NULL, out, err);
	pki_order_close(&opened);
	pki_order_free(order);
	return status;
}

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
		{ good_responder(), { OSCAR }, 1 },
		{ good_revoke(), { RENE }, 0 },
		{ good_revoke(), { CLAIRE }, 0 },
		{ good_revoke(), { SOPHIE }, 0 },
		{ good_revoke_officer(), { SOPHIE }, 0 },
		{ good_invite(), { DENIS }, 0 },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err err;
		struct pki_decision d;
		struct pki_order order = cases[i].order;
		if (decide(&order, cases[i].signers, &d, &err) != PKI_OK)
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
	assert_int_equal(
		decide(&order, (const enum who[]){ CLAIRE, DAVID, NOBODY }, &d, &err),
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
		enum pki_status got = decide(
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
	struct pki_buf cms = sign(&order, (const enum who[]){ CLAIRE, DAVID, NOBODY });
	struct pki_signed_order opened;
	assert_int_equal(pki_order_open(pki_buf_bytes(&cms), ca.cert, world.now / 1000,
				 NULL, &opened, &err),
		PKI_OK);
	assert_int_equal(
		pki_decide(world.policy, &opened, ca.cert, world.now, NULL, &d, &err),
		PKI_OK);
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
		assert_int_equal(
			decide(&order, (const enum who[]){ RENE, NOBODY }, &d, &err),
			PKI_OK);
		assert_int_equal(d.reason, cases[i].want_reason);
		assert_int_equal(d.whole_holder, cases[i].want_whole);
		pki_decision_free(&d);
	}
}

/* One thing wrong with a good order, by one rule. */
struct bad_case {
	const char *name;
	struct pki_order (*good)(void);
	void (*spoil)(struct pki_order *order);
	enum who signers[5];
	enum pki_rule want_rule;
};

static void
refuse_each(const struct bad_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct pki_err err;
		struct pki_decision d;
		struct pki_order order = cases[i].good();
		if (cases[i].spoil != NULL)
			cases[i].spoil(&order);
		enum pki_status got = decide(&order, cases[i].signers, &d, &err);
		if (got == PKI_OK || err.rule != cases[i].want_rule ||
			err.object[0] == '\0')
			fail_msg("%s: status %d rule %d: %s", cases[i].name, got, err.rule,
				err.msg);
		assert_int_equal(d.cert_count, 0);
	}
}
#define REFUSE_EACH(cases) refuse_each(cases, PKI_COUNT(cases))

static void
r201_only_the_right_roles_sign(void **state)
{
	(void)state;
	static const struct bad_case cases[] = {
		{ "auditor", good_issue, NULL, { CLAIRE, AUDREY }, PKI_RULE_ROLE },
		{ "security for holders", good_issue, NULL, { CLAIRE, SOPHIE },
			PKI_RULE_ROLE },
		{ "no role", good_issue, NULL, { CLAIRE, PLAIN }, PKI_RULE_ROLE },
		{ "one too many, without role", good_issue, NULL, { CLAIRE, DAVID, PLAIN },
			PKI_RULE_ROLE },
		{ "auditor revokes", good_revoke, NULL, { AUDREY }, PKI_RULE_ROLE },
		{ "revoke officer", good_revoke_officer, NULL, { RENE }, PKI_RULE_ROLE },
		{ "registration for OCSP", good_responder, NULL, { CLAIRE },
			PKI_RULE_ROLE },
		{ "responder issues", good_issue, NULL, { OSCAR }, PKI_RULE_ROLE },
		{ "revocation invites", good_invite, NULL, { RENE }, PKI_RULE_ROLE },
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
		{ "one person, two certificates", good_issue, NULL,
			{ CLAIRE, CLAIRE_AGAIN }, PKI_RULE_SIGNATURES },
		{ "two of one role where two roles are asked", good_officer, NULL,
			{ CLAIRE, DAVID }, PKI_RULE_SIGNATURES },
		{ "renew, one of two", good_renew, NULL, { DAVID }, PKI_RULE_SIGNATURES },
	};
	REFUSE_EACH(cases);
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
subject_claire(struct pki_order *o)
{
	strcpy(o->subject.common_name, "TEST  CLAIRE");
}

static void
key_claire(struct pki_order *o)
{
	struct pki_buf csr = fixture_csr(world.ids[CLAIRE].key);
	pki_buf_free(&o->certs[0].csr);
	o->certs[0].csr = csr;
}

static void
r44_an_officer_is_not_the_subject(void **state)
{
	(void)state;
	static const struct bad_case cases[] = {
		{ "holder of her name", good_issue, subject_claire, { CLAIRE, DAVID },
			PKI_RULE_OWN_SUBJECT },
		{ "officer of her name", good_officer, subject_claire, { SOPHIE, CLAIRE },
			PKI_RULE_OWN_SUBJECT },
		{ "her key", good_issue, key_claire, { DAVID, CLAIRE },
			PKI_RULE_OWN_SUBJECT },
	};
	REFUSE_EACH(cases);
}

static void
no_prefix(struct pki_order *o)
{
	strcpy(o->subject.common_name, "Alice Martin");
}

static void
name_and_pseudonym(struct pki_order *o)
{
	strcpy(o->subject.pseudonym, "Al");
}

static void
no_surname(struct pki_order *o)
{
	o->subject.surname[0] = '\0';
}

static void
serial_in_utf8(struct pki_order *o)
{
	strcpy(o->subject.serial_number, "PASFR-\xc3\xa9");
}

static void
serial_without_scheme(struct pki_order *o)
{
	strcpy(o->subject.serial_number, "12AB34567");
}

static void
r11_r12_r13_names(void **state)
{
	(void)state;
	static const struct bad_case cases[] = {
		{ "without TEST", good_issue, no_prefix, { CLAIRE, DAVID },
			PKI_RULE_SUBJECT },
		{ "officer without TEST", good_officer, no_prefix, { CLAIRE, SOPHIE },
			PKI_RULE_SUBJECT },
		{ "name and pseudonym", good_issue, name_and_pseudonym, { CLAIRE, DAVID },
			PKI_RULE_SUBJECT },
		{ "no surname", good_issue, no_surname, { CLAIRE, DAVID },
			PKI_RULE_SUBJECT },
		{ "serial not printable", good_issue, serial_in_utf8, { CLAIRE, DAVID },
			PKI_RULE_SUBJECT_SERIAL },
		{ "serial without scheme", good_issue, serial_without_scheme,
			{ CLAIRE, DAVID }, PKI_RULE_SEMANTICS },
	};
	REFUSE_EACH(cases);
}

static void
no_holder(struct pki_order *o)
{
	o->holder[0] = '\0';
}

static void
no_application(struct pki_order *o)
{
	o->application[0] = '\0';
}

static void
two_officers_at_once(struct pki_order *o)
{
	strcpy(o->certs[1].profile, "officer-auditor");
	set_buf(&o->certs[1].csr, world.csrs[1].data, world.csrs[1].len);
	o->cert_count = 2;
}

static void
method_guess(struct pki_order *o)
{
	strcpy(o->identity_method, "guess");
}

static void
method_file_review(struct pki_order *o)
{
	strcpy(o->identity_method, "file-review");
}

static void
no_evidence(struct pki_order *o)
{
	o->evidence_count = 0;
}

static void
no_request(struct pki_order *o)
{
	o->requested = 0;
}

static void
r35_r43_r45_the_record_is_complete(void **state)
{
	(void)state;
	static const struct bad_case cases[] = {
		{ "no holder", good_issue, no_holder, { CLAIRE, DAVID }, PKI_RULE_RECORD },
		{ "no application", good_issue, no_application, { CLAIRE, DAVID },
			PKI_RULE_RECORD },
		{ "two officers at once", good_officer, two_officers_at_once,
			{ CLAIRE, SOPHIE }, PKI_RULE_RECORD },
		{ "unknown method", good_issue, method_guess, { CLAIRE, DAVID },
			PKI_RULE_IDENTITY },
		{ "file review is for renewals", good_issue, method_file_review,
			{ CLAIRE, DAVID }, PKI_RULE_IDENTITY },
		{ "no evidence", good_issue, no_evidence, { CLAIRE, DAVID },
			PKI_RULE_REGISTRATION },
		{ "no request", good_issue, no_request, { CLAIRE, DAVID },
			PKI_RULE_REGISTRATION },
	};
	REFUSE_EACH(cases);
}

static void
request_old(struct pki_order *o)
{
	o->requested = world.now / 1000 - 91 * PKI_DAY;
}

static void
request_future(struct pki_order *o)
{
	o->requested = world.now / 1000 + PKI_DAY;
}

static void
r208_the_request_is_fresh(void **state)
{
	(void)state;
	static const struct bad_case cases[] = {
		{ "91 days", good_issue, request_old, { CLAIRE, DAVID },
			PKI_RULE_REQUEST_AGE },
		{ "tomorrow", good_issue, request_future, { CLAIRE, DAVID },
			PKI_RULE_REQUEST_AGE },
	};
	REFUSE_EACH(cases);
}

static void
no_document(struct pki_order *o)
{
	o->document_type[0] = '\0';
	o->document_country[0] = '\0';
	o->document_digest[0] = '\0';
	o->document_end = 0;
}

static void
library_card(struct pki_order *o)
{
	strcpy(o->document_type, "library-card");
}

static void
expired_document(struct pki_order *o)
{
	o->document_end = world.now / 1000 - 1;
}

static void
other_scheme(struct pki_order *o)
{
	strcpy(o->document_type, "identity-card");
}

static void
other_country(struct pki_order *o)
{
	strcpy(o->document_country, "IT");
}

static void
small_country(struct pki_order *o)
{
	strcpy(o->document_country, "fr");
}

static void
r207_the_document_is_accepted_and_valid(void **state)
{
	(void)state;
	static const struct bad_case cases[] = {
		{ "none", good_issue, no_document, { CLAIRE, DAVID }, PKI_RULE_DOCUMENT },
		{ "library card", good_issue, library_card, { CLAIRE, DAVID },
			PKI_RULE_DOCUMENT },
		{ "expired", good_issue, expired_document, { CLAIRE, DAVID },
			PKI_RULE_DOCUMENT },
		{ "of another scheme", good_issue, other_scheme, { CLAIRE, DAVID },
			PKI_RULE_DOCUMENT },
		{ "of another country", good_issue, other_country, { CLAIRE, DAVID },
			PKI_RULE_DOCUMENT },
		{ "country in small letters", good_issue, small_country, { CLAIRE, DAVID },
			PKI_RULE_DOCUMENT },
		{ "renewal without one", good_renew, no_document, { CLAIRE, DAVID },
			PKI_RULE_DOCUMENT },
	};
	REFUSE_EACH(cases);
}

static void
other_terms(struct pki_order *o)
{
	strcpy(o->terms_version, "0.9");
}

static void
other_terms_text(struct pki_order *o)
{
	strcpy(o->terms_digest, DIGEST);
}

static void
no_terms(struct pki_order *o)
{
	o->terms_version[0] = '\0';
	o->terms_digest[0] = '\0';
}

static void
r46_r211_the_terms_in_force_are_accepted(void **state)
{
	(void)state;
	static const struct bad_case cases[] = {
		{ "version", good_issue, other_terms, { CLAIRE, DAVID }, PKI_RULE_TERMS },
		{ "text", good_issue, other_terms_text, { CLAIRE, DAVID }, PKI_RULE_TERMS },
		{ "none", good_issue, no_terms, { CLAIRE, DAVID }, PKI_RULE_TERMS },
		{ "changed since, renewal", good_renew, other_terms, { CLAIRE, DAVID },
			PKI_RULE_TERMS },
	};
	REFUSE_EACH(cases);
}

static void
not_invited(struct pki_order *o)
{
	pki_buf_free(&o->invitation);
}

static void
invitation_garbage(struct pki_order *o)
{
	set_buf(&o->invitation, "garbage", 7);
}

static void
invited_by_claire(struct pki_order *o)
{
	struct pki_order invite = good_invite();
	attach_invite(o, &invite, (const enum who[]){ CLAIRE, NOBODY });
}

static void
invited_elsewhere(struct pki_order *o)
{
	struct pki_order invite = good_invite();
	strcpy(invite.authority, "TEST Other RA");
	attach_invite(o, &invite, (const enum who[]){ DENIS, NOBODY });
}

static void
invited_late(struct pki_order *o)
{
	struct pki_order invite = good_invite();
	invite.created = world.now + 1000;
	attach_invite(o, &invite, (const enum who[]){ DENIS, NOBODY });
}

static void
invited_long_ago(struct pki_order *o)
{
	struct pki_order invite = good_invite();
	invite.expires = world.now / 1000 - 60;
	attach_invite(o, &invite, (const enum who[]){ DENIS, NOBODY });
}

static void
invited_by_revocation(struct pki_order *o)
{
	struct pki_order revoke = good_revoke();
	attach_invite(o, &revoke, (const enum who[]){ RENE, NOBODY });
}

static void
r206_the_invitation_holds(void **state)
{
	(void)state;
	static const struct bad_case cases[] = {
		{ "none", good_issue, not_invited, { CLAIRE, DAVID }, PKI_RULE_INVITATION },
		{ "garbage", good_issue, invitation_garbage, { CLAIRE, DAVID },
			PKI_RULE_INVITATION },
		{ "by a registration officer", good_issue, invited_by_claire,
			{ CLAIRE, DAVID }, PKI_RULE_INVITATION },
		{ "to another authority", good_issue, invited_elsewhere, { CLAIRE, DAVID },
			PKI_RULE_INVITATION },
		{ "made after the order", good_issue, invited_late, { CLAIRE, DAVID },
			PKI_RULE_INVITATION },
		{ "expired", good_issue, invited_long_ago, { CLAIRE, DAVID },
			PKI_RULE_INVITATION },
		{ "another order in its place", good_issue, invited_by_revocation,
			{ CLAIRE, DAVID }, PKI_RULE_INVITATION },
	};
	REFUSE_EACH(cases);
}

static void
one_certificate(struct pki_order *o)
{
	pki_buf_free(&o->certs[1].csr);
	o->cert_count = 1;
}

static void
two_for_authentication(struct pki_order *o)
{
	strcpy(o->certs[1].profile, "holder-authentication");
}

static void
same_key(struct pki_order *o)
{
	set_buf(&o->certs[1].csr, world.csrs[0].data, world.csrs[0].len);
}

static void
r10_a_pair_with_two_keys(void **state)
{
	(void)state;
	static const struct bad_case cases[] = {
		{ "one certificate", good_issue, one_certificate, { CLAIRE, DAVID },
			PKI_RULE_DISTINCT_KEYS },
		{ "two of a kind", good_issue, two_for_authentication, { CLAIRE, DAVID },
			PKI_RULE_DISTINCT_KEYS },
		{ "one key", good_issue, same_key, { CLAIRE, DAVID },
			PKI_RULE_DISTINCT_KEYS },
	};
	REFUSE_EACH(cases);
}

static void
bad_proof(struct pki_order *o)
{
	o->certs[0].csr.data[o->certs[0].csr.len - 1] ^= 1;
}

static void
ed25519_key(struct pki_order *o)
{
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_key_cleanup) struct pki_key *key = NULL;
	assert_int_equal(pki_key_generate(PKI_ALG_ED25519, &key, &err), PKI_OK);
	pki_buf_free(&o->certs[0].csr);
	o->certs[0].csr = fixture_csr(key);
}

static void
r39_r94_keys(void **state)
{
	(void)state;
	static const struct bad_case cases[] = {
		{ "no proof of possession", good_issue, bad_proof, { CLAIRE, DAVID },
			PKI_RULE_POSSESSION },
		{ "algorithm that the profile lacks", good_issue, ed25519_key,
			{ CLAIRE, DAVID }, PKI_RULE_ALGORITHM },
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
		cmocka_unit_test(r204_r209_orders_age),
		cmocka_unit_test(r44_an_officer_is_not_the_subject),
		cmocka_unit_test(r11_r12_r13_names),
		cmocka_unit_test(r35_r43_r45_the_record_is_complete),
		cmocka_unit_test(r208_the_request_is_fresh),
		cmocka_unit_test(r207_the_document_is_accepted_and_valid),
		cmocka_unit_test(r46_r211_the_terms_in_force_are_accepted),
		cmocka_unit_test(r206_the_invitation_holds),
		cmocka_unit_test(r10_a_pair_with_two_keys),
		cmocka_unit_test(r39_r94_keys),
		cmocka_unit_test(r47_revocation_requests),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
