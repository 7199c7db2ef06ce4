#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/common/orders.h"

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
	orders_set_buf(&o->certs[1].csr, world.csrs[1].data, world.csrs[1].len);
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
		{ "no holder", good_issue, no_holder, { CLAIRE, DAVID },
			PKI_RULE_RECORD },
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
		{ "country in small letters", good_issue, small_country,
			{ CLAIRE, DAVID }, PKI_RULE_DOCUMENT },
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
		{ "text", good_issue, other_terms_text, { CLAIRE, DAVID },
			PKI_RULE_TERMS },
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
	orders_set_buf(&o->invitation, "garbage", 7);
}

static void
invited_by_claire(struct pki_order *o)
{
	struct pki_order invite = good_invite();
	orders_attach(o, &invite, (const enum who[]){ CLAIRE, NOBODY });
}

static void
invited_elsewhere(struct pki_order *o)
{
	struct pki_order invite = good_invite();
	strcpy(invite.authority, "TEST Other RA");
	orders_attach(o, &invite, (const enum who[]){ DENIS, NOBODY });
}

static void
invited_late(struct pki_order *o)
{
	struct pki_order invite = good_invite();
	invite.created = world.now + 1000;
	orders_attach(o, &invite, (const enum who[]){ DENIS, NOBODY });
}

static void
invited_long_ago(struct pki_order *o)
{
	struct pki_order invite = good_invite();
	invite.expires = world.now / 1000 - 60;
	orders_attach(o, &invite, (const enum who[]){ DENIS, NOBODY });
}

static void
invited_by_revocation(struct pki_order *o)
{
	struct pki_order revoke = good_revoke();
	orders_attach(o, &revoke, (const enum who[]){ RENE, NOBODY });
}

static void
r206_the_invitation_holds(void **state)
{
	(void)state;
	static const struct bad_case cases[] = {
		{ "none", good_issue, not_invited, { CLAIRE, DAVID },
			PKI_RULE_INVITATION },
		{ "garbage", good_issue, invitation_garbage, { CLAIRE, DAVID },
			PKI_RULE_INVITATION },
		{ "by a registration officer", good_issue, invited_by_claire,
			{ CLAIRE, DAVID }, PKI_RULE_INVITATION },
		{ "to another authority", good_issue, invited_elsewhere,
			{ CLAIRE, DAVID }, PKI_RULE_INVITATION },
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
	orders_set_buf(&o->certs[1].csr, world.csrs[0].data, world.csrs[0].len);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(r44_an_officer_is_not_the_subject),
		cmocka_unit_test(r11_r12_r13_names),
		cmocka_unit_test(r35_r43_r45_the_record_is_complete),
		cmocka_unit_test(r208_the_request_is_fresh),
		cmocka_unit_test(r207_the_document_is_accepted_and_valid),
		cmocka_unit_test(r46_r211_the_terms_in_force_are_accepted),
		cmocka_unit_test(r206_the_invitation_holds),
		cmocka_unit_test(r10_a_pair_with_two_keys),
		cmocka_unit_test(r39_r94_keys),
	};
	return cmocka_run_group_tests(tests, orders_setup, orders_teardown);
}
