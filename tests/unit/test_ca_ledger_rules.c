#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ca/front/ledger_rules.h"
#include "libpki/x509/certify.h"
#include "tests/unit/common/chain.h"

#define NOW ((pki_msec)CHAIN_NOW * 1000)
#define ALICE "H-00000000000000000000000000000001"
#define BRUNO "H-00000000000000000000000000000002"
#define CARLA "H-00000000000000000000000000000003"
#define ISSUED_CARLA "O-00000000000000000000000000000006"
#define ISSUED "O-00000000000000000000000000000001"
#define ISSUED_BRUNO "O-00000000000000000000000000000004"
#define DISMISSED "O-00000000000000000000000000000005"
#define RENEWED "O-00000000000000000000000000000002"
#define REVOKED "O-00000000000000000000000000000003"
#define FRESH "O-00000000000000000000000000000009"
#define INVITED "I-00000000000000000000000000000001"

/* By the first octet of their serials, keys and names. */
enum {
	OFFICER = 1,
	FORMER,
	COLLEAGUE, /* registration, as OFFICER */
	GUARD, /* security */
	GUARD_TWO,
	NAMELESS, /* auditor, without an identifier */
	ALICE_AUTH,
	ALICE_SIGN,
	BRUNO_AUTH,
	BRUNO_AGAIN,
	BRUNO_LOST,
	CARLA_AUTH,
	CARLA_LOST,
	FREE
};

static struct {
	char path[64];
	struct chain chain;
	struct pki_policy *policy;
	struct pki_ledger *ledger;
} world;

static void
must(enum pki_status status, const struct pki_err *err)
{
	if (status != PKI_OK)
		fail_msg("%s", err->msg);
}

static struct pki_serial
serial(uint8_t n)
{
	struct pki_serial out = { .octets = { n, 1, 2, 3 }, .len = 4 };
	return out;
}

static void
fill(uint8_t out[PKI_SHA256], uint8_t n)
{
	memset(out, n, PKI_SHA256);
}

static void
add_order(const char *id, enum pki_action action, const char *holder, uint8_t n)
{
	struct pki_err err = { 0 };
	struct pki_order_row row = { .action = action, .committed = NOW - 1000 };
	strcpy(row.id, id);
	strcpy(row.holder, holder);
	fill(row.digest, n);
	must(pki_buf_append(&row.cms, "cms", 3, &err), &err);
	must(pki_ledger_add_order(world.ledger, &row, &err), &err);
	pki_order_row_free(&row);
}

static void
set_name(struct facts *facts, uint8_t name)
{
	fill(facts->certs[0].name_hash, name);
	fill(facts->certs[0].name_key, name);
}

static void
add_certificate(uint8_t n, const char *holder, const char *profile, const char *order,
	uint8_t name)
{
	struct pki_err err = { 0 };
	struct pki_cert_row row = { .issuer = PKI_ISSUER_CA,
		.serial = serial(n),
		.not_before = CHAIN_NOW - 1000,
		.not_after = CHAIN_NOW + 100 * PKI_DAY,
		.issued = NOW - 1000 };
	strcpy(row.holder, holder);
	strcpy(row.profile, profile);
	strcpy(row.order, order);
	fill(row.key_hash, n);
	fill(row.name_hash, name);
	snprintf(row.identifier, sizeof row.identifier, "PASFR%d", name);
	fill(row.name_key, name);
	must(pki_buf_append(&row.der, &n, 1, &err), &err);
	must(pki_ledger_add_certificate(world.ledger, &row, &err), &err);
	pki_cert_row_free(&row);
}

/* A real certificate: the ledger rules read the person in it. */
static void
add_officer(uint8_t n, const char *profile, const char *identifier, const char *name)
{
	struct pki_err err = { 0 };
	struct pki_key *key = NULL;
	struct pki_cert *cert = NULL;
	struct pki_name subject = { .country = "MC" };
	snprintf(subject.serial_number, sizeof subject.serial_number, "%s", identifier);
	snprintf(subject.common_name, sizeof subject.common_name, "%s", name);
	must(pki_key_generate(PKI_ALG_P256, &key, &err), &err);
	struct pki_cert_spec spec = chain_spec(&world.chain, PKI_KIND_OFFICER, key);
	spec.subject = &subject;
	must(pki_certify(&spec, world.chain.ca_key, &cert, &err), &err);
	struct pki_bytes der = pki_cert_get0_der(cert);
	struct pki_cert_row row = { .issuer = PKI_ISSUER_CA,
		.serial = serial(n),
		.not_before = CHAIN_NOW - 1000,
		.not_after = CHAIN_NOW + 100 * PKI_DAY,
		.issued = NOW - 1000 };
	strcpy(row.profile, profile);
	fill(row.key_hash, n);
	fill(row.name_hash, n);
	fill(row.name_key, n);
	must(pki_buf_append(&row.der, der.data, der.len, &err), &err);
	must(pki_ledger_add_certificate(world.ledger, &row, &err), &err);
	if (identifier[0] != '\0')
		must(pki_ledger_add_officer(world.ledger, row.id, identifier, &err),
			&err);
	pki_cert_row_free(&row);
	pki_cert_free(cert);
	pki_key_free(key);
}

static void
lose(uint8_t n, const char *order)
{
	struct pki_err err = { 0 };
	struct pki_revocation_row row = { .issuer = PKI_ISSUER_CA,
		.serial = serial(n),
		.reason = PKI_REASON_KEY_COMPROMISE,
		.reported = NOW - 900,
		.committed = NOW - 800 };
	strcpy(row.order, order);
	must(pki_ledger_add_revocation(world.ledger, &row, &err), &err);
}

static int
setup(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	snprintf(
		world.path, sizeof world.path, "/tmp/test_ca_standing.%d", (int)getpid());
	chain_make(&world.chain);
	must(pki_policy_load("policy", &world.policy, &err), &err);
	must(pki_ledger_open(world.path, PKI_LEDGER_CREATE, &world.ledger, &err), &err);
	must(pki_ledger_begin(world.ledger, &err), &err);
	must(pki_ledger_add_issuer(world.ledger, PKI_ISSUER_ROOT, world.chain.root, &err),
		&err);
	must(pki_ledger_add_issuer(world.ledger, PKI_ISSUER_CA, world.chain.ca, &err),
		&err);
	must(pki_ledger_add_entry(world.ledger, 0, NOW - 1000,
		     (struct pki_bytes){ (const uint8_t *)"{}", 2 }, &err),
		&err);
	add_officer(OFFICER, "officer-registration", "OF:MC-1", "TEST Claire");
	add_officer(FORMER, "officer-registration", "OF:MC-2", "TEST Former");
	add_officer(COLLEAGUE, "officer-registration", "OF:MC-3", "TEST David");
	add_officer(GUARD, "officer-security", "OF:MC-4", "TEST Sofia");
	add_officer(GUARD_TWO, "officer-security", "OF:MC-5", "TEST Stella");
	add_officer(NAMELESS, "officer-auditor", "", "TEST Victor");
	add_order(ISSUED, PKI_ACTION_ISSUE, ALICE, 1);
	add_order(RENEWED, PKI_ACTION_RENEW, BRUNO, 2);
	add_order(REVOKED, PKI_ACTION_REVOKE, BRUNO, 3);
	add_order(ISSUED_BRUNO, PKI_ACTION_ISSUE, BRUNO, 5);
	add_order(DISMISSED, PKI_ACTION_REVOKE, "", 6);
	add_order(ISSUED_CARLA, PKI_ACTION_ISSUE, CARLA, 7);
	add_order(INVITED, PKI_ACTION_INVITE, "", 4);
	add_certificate(ALICE_AUTH, ALICE, "holder-authentication", ISSUED, ALICE_AUTH);
	add_certificate(ALICE_SIGN, ALICE, "holder-signature", ISSUED, ALICE_AUTH);
	add_certificate(
		BRUNO_AUTH, BRUNO, "holder-authentication", ISSUED_BRUNO, BRUNO_AUTH);
	add_certificate(BRUNO_AGAIN, BRUNO, "holder-authentication", RENEWED, BRUNO_AUTH);
	add_certificate(BRUNO_LOST, BRUNO, "holder-signature", RENEWED, BRUNO_AUTH);
	add_certificate(
		CARLA_AUTH, CARLA, "holder-authentication", ISSUED_CARLA, CARLA_AUTH);
	add_certificate(CARLA_LOST, CARLA, "holder-signature", ISSUED_CARLA, CARLA_AUTH);
	lose(CARLA_LOST, REVOKED);
	lose(FORMER, DISMISSED);
	lose(BRUNO_LOST, REVOKED);
	must(pki_ledger_commit(world.ledger, &err), &err);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	static const char *const parts[] = { "", "-wal", "-shm", ".lock" };
	pki_ledger_close(world.ledger);
	pki_policy_free(world.policy);
	chain_free(&world.chain);
	for (size_t i = 0; i < PKI_COUNT(parts); i++) {
		char path[80];
		snprintf(path, sizeof path, "%s%s", world.path, parts[i]);
		unlink(path);
	}
	return 0;
}

static struct job
good(enum pki_action action, const char *holder)
{
	struct job job = { .kind = JOB_ORDER };
	struct facts *f = &job.facts;
	strcpy(f->order.id, FRESH);
	strcpy(f->order.holder, holder);
	f->order.action = action;
	f->created = NOW;
	f->officers[0] = serial(OFFICER);
	f->roles[0] = PKI_ROLE_REGISTRATION;
	f->officer_count = 1;
	if (action != PKI_ACTION_REVOKE) {
		strcpy(f->certs[0].profile, "holder-authentication");
		fill(f->certs[0].key_hash, FREE);
		f->cert_count = 1;
	}
	return job;
}

static struct job
good_issue(void)
{
	struct job job = good(PKI_ACTION_ISSUE, "H-00000000000000000000000000000005");
	set_name(&job.facts, FREE);
	return job;
}

/* The first certificate of a new officer. */
static struct job
good_officer(void)
{
	struct job job = good(PKI_ACTION_ISSUE, "");
	struct facts *f = &job.facts;
	strcpy(f->certs[0].profile, "officer-registration");
	strcpy(f->subject.country, "MC");
	strcpy(f->subject.serial_number, "OF:MC-9");
	strcpy(f->subject.common_name, "TEST Nina");
	fill(f->certs[0].name_hash, FREE);
	f->officers[1] = serial(GUARD);
	f->roles[1] = PKI_ROLE_SECURITY;
	f->officer_count = 2;
	return job;
}

/* COLLEAGUE's next certificate. */
static struct job
good_successor(void)
{
	struct job job = good_officer();
	struct facts *f = &job.facts;
	f->order.action = PKI_ACTION_RENEW;
	f->serials[0] = f->officers[2] = serial(COLLEAGUE);
	f->serial_count = 1;
	f->officer_count = 3;
	strcpy(f->subject.serial_number, "OF:MC-3");
	strcpy(f->subject.common_name, "TEST David");
	return job;
}

static struct job
dismissal(uint8_t n, const char *cause)
{
	struct job job = good(PKI_ACTION_REVOKE, "");
	job.facts.serials[0] = serial(n);
	job.facts.serial_count = 1;
	job.facts.roles[0] = PKI_ROLE_SECURITY;
	strcpy(job.facts.cause, cause);
	return job;
}

static struct job
good_renew(void)
{
	struct job job = good(PKI_ACTION_RENEW, ALICE);
	set_name(&job.facts, ALICE_AUTH);
	job.facts.serials[0] = serial(ALICE_AUTH);
	job.facts.serial_count = 1;
	return job;
}

static void
expect(struct job *job, enum pki_status want, enum pki_rule rule)
{
	struct pki_err err = { 0 };
	enum pki_status got = ledger_rules_check(
		world.ledger, world.policy, world.chain.ca, NOW, job, &err);
	if (got != want || err.rule != rule)
		fail_msg("%s (rule %d), not %s (rule %d): %s", pki_status_name(got),
			(int)err.rule, pki_status_name(want), (int)rule, err.msg);
}

static void
good_orders_pass(void **state)
{
	(void)state;
	struct job issue = good_issue(), renew = good_renew();
	expect(&issue, PKI_OK, PKI_RULE_NONE);
	expect(&renew, PKI_OK, PKI_RULE_NONE);
}

static void
r203_an_order_counts_once(void **state)
{
	(void)state;
	struct job job = good_issue();
	strcpy(job.facts.order.id, ISSUED);
	expect(&job, PKI_REFUSED, PKI_RULE_ORDER_USED);
}

static void
r206_an_invitation_counts_once(void **state)
{
	(void)state;
	struct job job = good_issue();
	strcpy(job.facts.invitation.id, INVITED);
	expect(&job, PKI_REFUSED, PKI_RULE_INVITATION);
}

static void
r205_officers_are_known_and_not_revoked(void **state)
{
	(void)state;
	static const uint8_t bad[] = { FORMER, FREE };
	for (size_t i = 0; i < PKI_COUNT(bad); i++) {
		struct job job = good_issue();
		job.facts.officers[1] = serial(bad[i]);
		job.facts.officer_count = 2;
		expect(&job, PKI_OFFICER, PKI_RULE_OFFICER_STATUS);
		job = good_issue();
		strcpy(job.facts.invitation.id, "I-00000000000000000000000000000008");
		job.facts.inviters[0] = serial(bad[i]);
		job.facts.inviter_count = 1;
		expect(&job, PKI_OFFICER, PKI_RULE_OFFICER_STATUS);
	}
}

static void
r15_a_name_stays_with_its_holder(void **state)
{
	(void)state;
	struct job job = good_issue();
	set_name(&job.facts, ALICE_AUTH);
	expect(&job, PKI_REFUSED, PKI_RULE_DN_REASSIGNED);
	set_name(&job.facts, OFFICER);
	expect(&job, PKI_REFUSED, PKI_RULE_DN_REASSIGNED);
	/* a service's certificate is replaced by one of the same name */
	job = good(PKI_ACTION_ISSUE, "");
	set_name(&job.facts, OFFICER);
	expect(&job, PKI_OK, PKI_RULE_NONE);
	set_name(&job.facts, ALICE_AUTH);
	expect(&job, PKI_REFUSED, PKI_RULE_DN_REASSIGNED);
}

static void
r109_an_identifier_stays_with_its_holder(void **state)
{
	(void)state;
	struct job job = good_issue(), renew = good_renew();
	snprintf(job.facts.certs[0].identifier, PKI_IDENTIFIER_TEXT, "PASFR%d",
		ALICE_AUTH);
	expect(&job, PKI_REFUSED, PKI_RULE_IDENTIFIER);
	strcpy(job.facts.order.holder, ALICE);
	expect(&job, PKI_OK, PKI_RULE_NONE);
	/* two orders of one batch */
	job = good_issue();
	strcpy(renew.facts.order.id, ISSUED);
	fill(renew.facts.certs[0].key_hash, OFFICER);
	assert_false(ledger_rules_conflict(&job.facts, &renew.facts));
	strcpy(renew.facts.certs[0].identifier, "PASFR77");
	job = good_issue();
	strcpy(job.facts.certs[0].identifier, "PASFR77");
	assert_true(ledger_rules_conflict(&job.facts, &renew.facts));
}

static void
r31_r36_keys_are_new(void **state)
{
	(void)state;
	struct job job = good_issue();
	fill(job.facts.certs[0].key_hash, ALICE_AUTH);
	expect(&job, PKI_REFUSED, PKI_RULE_REKEY);
	fill(job.facts.certs[0].key_hash, BRUNO_LOST);
	expect(&job, PKI_REFUSED, PKI_RULE_WEAK_KEY);
}

static void
r46_renewals_rest_on_live_predecessors(void **state)
{
	(void)state;
	struct job job = good_renew();
	job.facts.serials[0] = serial(BRUNO_AUTH);
	expect(&job, PKI_REFUSED, PKI_RULE_RENEWAL);
	job = good_renew();
	job.facts.serial_count = 0;
	expect(&job, PKI_REFUSED, PKI_RULE_RENEWAL);
	job = good_renew();
	set_name(&job.facts, FREE);
	expect(&job, PKI_REFUSED, PKI_RULE_RENEWAL);
	job = good_renew();
	job.facts.serials[0] = serial(FREE);
	expect(&job, PKI_NOTFOUND, PKI_RULE_NONE);
	job = good_renew();
	struct pki_err err = { 0 };
	assert_int_equal(ledger_rules_check(world.ledger, world.policy, world.chain.ca,
				 NOW + 200 * PKI_DAY * 1000, &job, &err),
		PKI_REFUSED);
	assert_int_equal(err.rule, PKI_RULE_RENEWAL);
}

/* Neither what a renewal made nor what it replaced is renewed again. */
static void
r46_the_second_renewal_identifies_afresh(void **state)
{
	(void)state;
	static const uint8_t predecessors[] = { BRUNO_AUTH, BRUNO_AGAIN };
	for (size_t i = 0; i < PKI_COUNT(predecessors); i++) {
		struct job job = good_renew();
		strcpy(job.facts.order.holder, BRUNO);
		set_name(&job.facts, BRUNO_AUTH);
		job.facts.serials[0] = serial(predecessors[i]);
		expect(&job, PKI_REFUSED, PKI_RULE_RENEWAL);
	}
}

static void
r46_r58_nothing_is_renewed_after_a_revocation(void **state)
{
	(void)state;
	struct job job;
	for (int n = CARLA_AUTH; n <= CARLA_LOST; n++) {
		job = good_renew();
		strcpy(job.facts.order.holder, CARLA);
		set_name(&job.facts, CARLA_AUTH);
		job.facts.serials[0] = serial((uint8_t)n);
		expect(&job, PKI_REFUSED, PKI_RULE_RENEWAL);
	}
	/* nor is what was ordered before it */
	job = good(PKI_ACTION_ISSUE, BRUNO);
	set_name(&job.facts, BRUNO_AUTH);
	job.facts.created = NOW - 5000;
	expect(&job, PKI_REFUSED, PKI_RULE_ORDER_AGE);
	job.facts.created = NOW - 801; /* a millisecond before, in the same second */
	expect(&job, PKI_REFUSED, PKI_RULE_ORDER_AGE);
	job.facts.created = NOW - 799;
	expect(&job, PKI_OK, PKI_RULE_NONE);
}

static void
r47_a_loss_takes_all_that_is_valid(void **state)
{
	(void)state;
	struct job job = good(PKI_ACTION_REVOKE, ALICE);
	job.facts.serials[0] = serial(ALICE_SIGN);
	job.facts.serial_count = 1;
	expect(&job, PKI_OK, PKI_RULE_NONE);
	assert_int_equal(job.target_count, 1);
	job.facts.whole_holder = true;
	expect(&job, PKI_OK, PKI_RULE_NONE);
	assert_int_equal(job.target_count, 2);
	job = good(PKI_ACTION_REVOKE, BRUNO);
	expect(&job, PKI_OK, PKI_RULE_NONE);
	assert_int_equal(job.target_count, 2);
	job.facts.serials[0] = serial(ALICE_SIGN);
	job.facts.serial_count = 1;
	expect(&job, PKI_REFUSED, PKI_RULE_REVOCATION);
}

static void
r47_a_report_is_not_older_than_the_certificates(void **state)
{
	(void)state;
	struct job job = good(PKI_ACTION_REVOKE, ALICE);
	struct pki_cert_row row = { 0 };
	struct pki_err err = { 0 };
	struct pki_serial first = serial(ALICE_AUTH);
	assert_int_equal(
		pki_ledger_issued(world.ledger, &first, &row, NULL, &err), PKI_OK);
	job.facts.reported = row.issued - PKI_CLOCK_SKEW_MS - 1;
	expect(&job, PKI_REFUSED, PKI_RULE_REVOCATION);
	job.facts.reported = row.issued - PKI_CLOCK_SKEW_MS;
	expect(&job, PKI_OK, PKI_RULE_NONE);
	pki_cert_row_free(&row);
}

static void
r58_a_revocation_is_final(void **state)
{
	(void)state;
	struct job job = good(PKI_ACTION_REVOKE, BRUNO);
	job.facts.serials[0] = serial(BRUNO_LOST);
	job.facts.serial_count = 1;
	expect(&job, PKI_OK, PKI_RULE_NONE);
	assert_true(job.repeated);
	assert_int_equal(job.target_count, 1);
	job = good(PKI_ACTION_REVOKE, "H-00000000000000000000000000000007");
	expect(&job, PKI_NOTFOUND, PKI_RULE_NONE);
}

/* A registration officer signs for holders, not for officers. */
static void
r201_officers_are_revoked_by_the_security_officer(void **state)
{
	(void)state;
	struct job job = good(PKI_ACTION_REVOKE, "");
	job.facts.serials[0] = serial(OFFICER);
	job.facts.serial_count = 1;
	expect(&job, PKI_OFFICER, PKI_RULE_ROLE);
	job.facts.roles[0] = PKI_ROLE_SECURITY;
	expect(&job, PKI_OK, PKI_RULE_NONE);
}

static void
r121_a_person_has_one_valid_certificate(void **state)
{
	(void)state;
	static const struct {
		const char *profile, *identifier, *name;
		enum pki_rule want;
	} cases[] = {
		{ "officer-registration", "OF:MC-9", "TEST Nina", PKI_RULE_NONE },
		{ "officer-registration", "OF:MC-9", "TEST Claire", PKI_RULE_NONE },
		{ "officer-registration", "OF:MC-2", "TEST Former", PKI_RULE_NONE },
		{ "officer-registration", "OF:MC-1", "TEST Claire", PKI_RULE_PERSONS },
		{ "officer-registration", "OF:MC-1", "TEST Klara", PKI_RULE_PERSONS },
		{ "officer-auditor", "OF:MC-8", "TEST  victor", PKI_RULE_PERSONS },
		{ "officer-security", "OF:MC-1", "TEST Claire", PKI_RULE_STAFF },
		{ "officer-auditor", "OF:MC-4", "TEST Sonia", PKI_RULE_STAFF },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct job job = good_officer();
		strcpy(job.facts.certs[0].profile, cases[i].profile);
		strcpy(job.facts.subject.serial_number, cases[i].identifier);
		strcpy(job.facts.subject.common_name, cases[i].name);
		expect(&job, cases[i].want == PKI_RULE_NONE ? PKI_OK : PKI_REFUSED,
			cases[i].want);
		assert_int_equal(job.target_count, 0);
	}
}

static void
r121_a_renewal_replaces_one_certificate(void **state)
{
	(void)state;
	struct job job = good_successor();
	expect(&job, PKI_OK, PKI_RULE_NONE);
	assert_int_equal(job.target_count, 1);
	assert_memory_equal(
		&job.targets[0].serial, &job.facts.serials[0], sizeof(struct pki_serial));
	assert_int_equal(job.facts.reason, PKI_REASON_SUPERSEDED);
	job = good_successor();
	strcpy(job.facts.certs[0].profile, "officer-security");
	expect(&job, PKI_REFUSED, PKI_RULE_STAFF);
	job = good_successor();
	strcpy(job.facts.subject.serial_number, "OF:MC-1"); /* another officer's */
	expect(&job, PKI_REFUSED, PKI_RULE_PERSONS);
	job = good_successor();
	strcpy(job.facts.subject.serial_number, "OF:MC-77");
	job.facts.serials[0] = serial(ALICE_AUTH);
	strcpy(job.facts.subject.common_name, "TEST Nina");
	expect(&job, PKI_REFUSED, PKI_RULE_RENEWAL);
}

/* Two of three registration officers are gone at once, then nothing is issued by the
 * role but for successors. */
static void
r120_a_role_with_too_few_officers_issues_nothing(void **state)
{
	(void)state;
	struct job job = good_issue();
	struct pki_err err = { 0 };
	expect(&job, PKI_OK, PKI_RULE_NONE);
	must(pki_ledger_begin(world.ledger, &err), &err);
	lose(COLLEAGUE, DISMISSED);
	expect(&job, PKI_REFUSED, PKI_RULE_STAFF);
	job = good_officer();
	expect(&job, PKI_OK, PKI_RULE_NONE);
	strcpy(job.facts.certs[0].profile, "officer-auditor");
	expect(&job, PKI_REFUSED, PKI_RULE_STAFF);
	lose(GUARD_TWO, DISMISSED);
	strcpy(job.facts.certs[0].profile, "officer-security");
	expect(&job, PKI_OK, PKI_RULE_NONE);
	pki_ledger_rollback(world.ledger);
}

static void
r120_only_two_causes_ask_for_the_successor_first(void **state)
{
	(void)state;
	static const struct {
		uint8_t who;
		const char *cause;
		enum pki_rule want;
	} cases[] = {
		{ GUARD, "officer-compromise", PKI_RULE_NONE },
		{ GUARD, "service-ended", PKI_RULE_NONE },
		{ GUARD, "officer-left", PKI_RULE_STAFF },
		{ GUARD, "superseded", PKI_RULE_STAFF },
		{ COLLEAGUE, "officer-left", PKI_RULE_STAFF },
		{ NAMELESS, "officer-left", PKI_RULE_NONE },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct job job = dismissal(cases[i].who, cases[i].cause);
		bool good = cases[i].want == PKI_RULE_NONE;
		expect(&job, good ? PKI_OK : PKI_REFUSED, cases[i].want);
	}
}

static void
orders_that_hang_together_conflict(void **state)
{
	(void)state;
	struct job a = good_issue(), b = good_renew();
	strcpy(b.facts.order.id, RENEWED);
	fill(b.facts.certs[0].key_hash, OFFICER);
	assert_false(ledger_rules_conflict(&a.facts, &b.facts));
	strcpy(b.facts.order.id, a.facts.order.id);
	assert_true(ledger_rules_conflict(&a.facts, &b.facts));
	strcpy(b.facts.order.id, RENEWED);
	fill(b.facts.certs[0].key_hash, FREE);
	assert_true(ledger_rules_conflict(&a.facts, &b.facts));
	fill(b.facts.certs[0].key_hash, OFFICER);
	strcpy(b.facts.order.holder, a.facts.order.holder);
	assert_true(ledger_rules_conflict(&a.facts, &b.facts));
	a = good(PKI_ACTION_REVOKE, "");
	strcpy(b.facts.order.holder, ALICE);
	assert_true(ledger_rules_conflict(&a.facts, &b.facts));
	assert_false(ledger_rules_conflict(&b.facts, &a.facts));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_orders_pass),
		cmocka_unit_test(r203_an_order_counts_once),
		cmocka_unit_test(r206_an_invitation_counts_once),
		cmocka_unit_test(r205_officers_are_known_and_not_revoked),
		cmocka_unit_test(r15_a_name_stays_with_its_holder),
		cmocka_unit_test(r109_an_identifier_stays_with_its_holder),
		cmocka_unit_test(r31_r36_keys_are_new),
		cmocka_unit_test(r46_renewals_rest_on_live_predecessors),
		cmocka_unit_test(r46_the_second_renewal_identifies_afresh),
		cmocka_unit_test(r46_r58_nothing_is_renewed_after_a_revocation),
		cmocka_unit_test(r47_a_loss_takes_all_that_is_valid),
		cmocka_unit_test(r47_a_report_is_not_older_than_the_certificates),
		cmocka_unit_test(r58_a_revocation_is_final),
		cmocka_unit_test(r121_a_person_has_one_valid_certificate),
		cmocka_unit_test(r121_a_renewal_replaces_one_certificate),
		cmocka_unit_test(r120_a_role_with_too_few_officers_issues_nothing),
		cmocka_unit_test(r120_only_two_causes_ask_for_the_successor_first),
		cmocka_unit_test(r201_officers_are_revoked_by_the_security_officer),
		cmocka_unit_test(orders_that_hang_together_conflict),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
