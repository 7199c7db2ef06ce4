#include "ca/front/screen.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/common/orders.h"

/* Long enough that no test outlasts it. */
#define HOUR ((int64_t)3600 * 1000000)
#define BURST 3

static char path[64];
static struct pki_ledger *ledger;
static struct pki_monitor *metrics;
static struct screen screen;
static const struct pki_err friend; /* OK */

static const enum who registration[] = { CLAIRE, DAVID, NOBODY };
static const enum who revocation[] = { RENE, NOBODY };
static const enum who service[] = { OSCAR, NOBODY };

static void
must(enum pki_status status, const struct pki_err *err)
{
	if (status != PKI_OK)
		fail_msg("%s", err->msg);
}

static void
add_certificate(enum who who, const char *profile, pki_time not_after)
{
	struct pki_err err = { 0 };
	const struct pki_cert *cert = world.ids[who].cert;
	struct pki_cert_row row = { .issuer = PKI_ISSUER_CA,
		.serial = *pki_cert_get0_serial(cert),
		.not_before = not_after - 100 * PKI_DAY,
		.not_after = not_after,
		.issued = world.now };
	snprintf(row.profile, sizeof row.profile, "%s", profile);
	memset(row.key_hash, (int)who, sizeof row.key_hash);
	memset(row.name_hash, (int)who, sizeof row.name_hash);
	must(pki_buf_append(&row.der, "der", 3, &err), &err);
	must(pki_ledger_add_certificate(ledger, &row, &err), &err);
	pki_cert_row_free(&row);
}

/* A day passed since the last event. CLAIRE_AGAIN's certificate had expired before, DENIS's
 * has by the clock alone, SOPHIE's is revoked, PLAIN's is a seal's, AUDREY's is
 * nobody's. */
static void
fill_ledger(void)
{
	struct pki_err err = { 0 };
	pki_time now = world.now / 1000;
	must(pki_ledger_begin(ledger, &err), &err);
	must(pki_ledger_add_issuer(ledger, PKI_ISSUER_ROOT, world.ca.cert, &err), &err);
	must(pki_ledger_add_issuer(ledger, PKI_ISSUER_CA, world.ca.cert, &err), &err);
	must(pki_ledger_add_entry(ledger, 0, world.now - PKI_DAY * 1000,
		     (struct pki_bytes){ (const uint8_t *)"{}", 2 }, &err),
		&err);
	add_certificate(CLAIRE, "officer-registration", now + 99 * PKI_DAY);
	add_certificate(DAVID, "officer-registration", now + 99 * PKI_DAY);
	add_certificate(CLAIRE_AGAIN, "officer-registration", now - 2 * PKI_DAY);
	add_certificate(DENIS, "officer-department", now - PKI_DAY / 2);
	add_certificate(RENE, "officer-revocation", now + 99 * PKI_DAY);
	add_certificate(SOPHIE, "officer-security", now + 99 * PKI_DAY);
	add_certificate(OSCAR, "service-responder", now + 99 * PKI_DAY);
	add_certificate(PLAIN, "records-seal", now + 99 * PKI_DAY);
	struct pki_order_row order = { .id = "O-00000000000000000000000000000001",
		.action = PKI_ACTION_REVOKE,
		.committed = world.now };
	must(pki_buf_append(&order.cms, "cms", 3, &err), &err);
	must(pki_ledger_add_order(ledger, &order, &err), &err);
	struct pki_revocation_row lost = { .issuer = PKI_ISSUER_CA,
		.serial = *pki_cert_get0_serial(world.ids[SOPHIE].cert),
		.reason = PKI_REASON_SUPERSEDED,
		.reported = world.now,
		.committed = world.now };
	memcpy(lost.order, order.id, sizeof lost.order);
	must(pki_ledger_add_revocation(ledger, &lost, &err), &err);
	pki_order_row_free(&order);
	must(pki_ledger_commit(ledger, &err), &err);
}

static int
setup(void **state)
{
	struct pki_err err = { 0 };
	orders_setup(state);
	snprintf(path, sizeof path, "/tmp/test_ca_screen.%d", (int)getpid());
	must(pki_ledger_open(path, PKI_LEDGER_CREATE, &ledger, &err), &err);
	fill_ledger();
	must(metrics_open(&metrics, &err), &err);
	screen = (struct screen){
		.policy = world.policy, .ledger = ledger, .metrics = metrics
	};
	must(screen_open(&screen, 1, &err), &err);
	screen.orders.interval = screen.evidence.interval = HOUR;
	screen.orders.burst = BURST;
	return 0;
}

static int
teardown(void **state)
{
	static const char *const parts[] = { "", "-wal", "-shm", ".lock" };
	screen_close(&screen);
	pki_monitor_stop(metrics);
	pki_ledger_close(ledger);
	for (size_t i = 0; i < PKI_COUNT(parts); i++) {
		char file[80];
		snprintf(file, sizeof file, "%s%s", path, parts[i]);
		unlink(file);
	}
	return orders_teardown(state);
}

static int64_t
counted(const char *reason)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *all = NULL;
	struct pki_json json = metrics_json(metrics);
	struct pki_err err = { 0 };
	must(pki_json_take(&json, &all, &err), &err);
	return json_integer_value(json_object_get(all, reason));
}

/* Takes the order over. */
static struct pki_buf
signed_by(struct pki_order order, const enum who *signers)
{
	struct pki_buf cms = orders_sign(&order, signers);
	pki_order_free(&order);
	return cms;
}

/* reason NULL: nothing is counted. */
static void
expect(const struct pki_buf *cms, enum pki_status want, enum pki_rule rule,
	const char *reason)
{
	struct pki_err err = { 0 };
	bool revokes = false;
	int64_t before = reason != NULL ? counted(reason) : 0;
	enum pki_status got =
		screen_order(&screen, pki_buf_bytes(cms), &friend, &revokes, &err);
	if (got != want || err.rule != rule)
		fail_msg("%s (rule %d), not %s (rule %d): %s", pki_status_name(got),
			(int)err.rule, pki_status_name(want), (int)rule, err.msg);
	if (reason != NULL)
		assert_int_equal(counted(reason), before + 1);
}

static void
good_orders_go_on(void **state)
{
	(void)state;
	const struct {
		struct pki_buf cms;
		bool revokes;
	} cases[] = {
		{ signed_by(good_issue(), registration), false },
		{ signed_by(good_renew(), registration), false },
		{ signed_by(good_responder(), service), false },
		{ signed_by(good_revoke(), revocation), true },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err err = { 0 };
		struct pki_buf cms = cases[i].cms;
		bool revokes = !cases[i].revokes;
		must(screen_order(&screen, pki_buf_bytes(&cms), &friend, &revokes, &err),
			&err);
		assert_int_equal(revokes, cases[i].revokes);
		pki_buf_free(&cms);
	}
}

static void
r210_no_order_goes_on(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	static const char junk[] = "{\"version\":1,\"type\":\"order\"}";
	struct pki_buf cms = { 0 };
	must(pki_buf_append(&cms, junk, strlen(junk), &err), &err);
	expect(&cms, PKI_INPUT, PKI_RULE_ORDER_FORM, "form");
	pki_buf_free(&cms);
	const struct fixture_id *claire = &world.ids[CLAIRE];
	must(pki_cms_sign((struct pki_bytes){ (const uint8_t *)junk, strlen(junk) },
		     claire->key, claire->cert, &cms, &err),
		&err);
	expect(&cms, PKI_INPUT, PKI_RULE_ORDER_FORM, "form");
	must(pki_buf_reserve(&cms, PKI_CMS_MAX + 1, &err), &err);
	cms.len = PKI_CMS_MAX + 1;
	expect(&cms, PKI_LIMIT, PKI_RULE_NONE, "form");
	pki_buf_free(&cms);
}

/* Not even a rate is used up. */
static void
r122_a_stranger_only_revokes(void **state)
{
	(void)state;
	struct pki_err stranger = { 0 }, err = { 0 };
	assert_int_equal(
		pki_refuse(&stranger, PKI_RULE_EVENT_FORM, "no peer"), PKI_REFUSED);
	struct pki_buf cms = signed_by(good_issue(), registration);
	bool revokes = true;
	for (int i = 0; i < 2 * BURST; i++) {
		err = (struct pki_err){ 0 };
		assert_int_equal(screen_order(&screen, pki_buf_bytes(&cms), &stranger,
					 &revokes, &err),
			PKI_REFUSED);
		assert_int_equal(err.rule, PKI_RULE_EVENT_FORM);
	}
	assert_int_equal(counted("peer"), 2 * BURST);
	expect(&cms, PKI_OK, PKI_RULE_NONE, NULL);
	pki_buf_free(&cms);
	cms = signed_by(good_revoke(), revocation);
	err = (struct pki_err){ 0 };
	must(screen_order(&screen, pki_buf_bytes(&cms), &stranger, &revokes, &err), &err);
	assert_true(revokes);
	pki_buf_free(&cms);
}

static void
r201_r205_only_officers_and_services_go_on(void **state)
{
	(void)state;
	static const struct {
		enum who signers[3];
		enum pki_rule rule;
	} cases[] = {
		{ { AUDREY, NOBODY }, PKI_RULE_OFFICER_STATUS }, /* not in the ledger */
		{ { CLAIRE, AUDREY, NOBODY }, PKI_RULE_OFFICER_STATUS },
		{ { CLAIRE_AGAIN, NOBODY }, PKI_RULE_OFFICER_STATUS }, /* expired */
		{ { CLAIRE, PLAIN, NOBODY }, PKI_RULE_ROLE }, /* the seal */
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_buf issue = signed_by(good_issue(), cases[i].signers);
		expect(&issue, PKI_OFFICER, cases[i].rule, "signer");
		pki_buf_free(&issue);
		struct pki_buf revoke = signed_by(good_revoke(), cases[i].signers);
		expect(&revoke, PKI_OFFICER, cases[i].rule, "signer");
		pki_buf_free(&revoke);
	}
}

static void
r209_a_clock_that_leapt_stops_no_revocation(void **state)
{
	(void)state;
	static const enum who denis[] = { DENIS, NOBODY };
	struct pki_buf cms = signed_by(good_revoke(), denis);
	expect(&cms, PKI_OK, PKI_RULE_NONE, NULL);
	pki_buf_free(&cms);
}

/* The first goes on: signer and ledger refuse it, and the log names the officer. */
static void
r205_a_revoked_key_goes_on_once(void **state)
{
	(void)state;
	static const enum who sophie[] = { SOPHIE, NOBODY };
	struct pki_err err = { 0 };
	struct pki_buf cms = signed_by(good_revoke(), sophie);
	bool revokes = true;
	must(screen_order(&screen, pki_buf_bytes(&cms), &friend, &revokes, &err), &err);
	assert_false(revokes); /* in no revocation's place */
	for (int i = 0; i < 3; i++)
		expect(&cms, PKI_OFFICER, PKI_RULE_OFFICER_STATUS, "signer");
	pki_buf_free(&cms);
}

static void
r203_a_used_order_goes_on_once(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	struct pki_order order = good_revoke();
	struct pki_order_row row = { .action = PKI_ACTION_REVOKE,
		.committed = world.now };
	memcpy(row.id, order.id, sizeof row.id);
	struct pki_buf cms = signed_by(order, revocation);
	must(pki_sha256(cms.data, cms.len, row.digest, &err), &err);
	must(pki_buf_append(&row.cms, cms.data, cms.len, &err), &err);
	must(pki_ledger_begin(ledger, &err), &err);
	must(pki_ledger_add_order(ledger, &row, &err), &err);
	must(pki_ledger_commit(ledger, &err), &err);
	pki_order_row_free(&row);
	expect(&cms, PKI_OK, PKI_RULE_NONE, NULL);
	for (int i = 0; i < 3; i++)
		expect(&cms, PKI_REFUSED, PKI_RULE_ORDER_USED, "replay");
	pki_buf_free(&cms);
}

static void
r210_a_forged_revocation_takes_no_place(void **state)
{
	(void)state;
	struct pki_buf cms = signed_by(good_revoke(), revocation);
	cms.data[cms.len - 1] ^= 1;
	for (int i = 0; i < 2 * BURST; i++)
		expect(&cms, PKI_INPUT, PKI_RULE_ORDER_FORM, "signature");
	pki_buf_free(&cms);
	cms = signed_by(good_revoke(), revocation);
	expect(&cms, PKI_OK, PKI_RULE_NONE, NULL);
	pki_buf_free(&cms);
}

static void
a_signer_has_a_rate(void **state)
{
	(void)state;
	for (int i = 0; i < BURST; i++) {
		struct pki_buf cms = signed_by(good_issue(), registration);
		expect(&cms, PKI_OK, PKI_RULE_NONE, NULL);
		pki_buf_free(&cms);
	}
	struct pki_buf cms = signed_by(good_issue(), registration);
	expect(&cms, PKI_BUSY, PKI_RULE_NONE, "rate");
	pki_buf_free(&cms);
	/* the others go on */
	cms = signed_by(good_responder(), service);
	expect(&cms, PKI_OK, PKI_RULE_NONE, NULL);
	pki_buf_free(&cms);
}

static void
no_rate_stops_a_revocation(void **state)
{
	(void)state;
	for (int i = 0; i < 3 * BURST; i++) {
		struct pki_buf cms = signed_by(good_revoke(), revocation);
		expect(&cms, PKI_OK, PKI_RULE_NONE, NULL);
		pki_buf_free(&cms);
	}
}

static struct pki_serial
serial(size_t n)
{
	return (struct pki_serial){ .octets = { 1, (uint8_t)(n >> 8), (uint8_t)n },
		.len = 3 };
}

static void
the_rate_is_by_signer_and_time(void **state)
{
	(void)state;
	static struct rate rate = { .interval = 10, .burst = 3 };
	const struct pki_serial a = serial(1), b = serial(2);
	for (int i = 0; i < 3; i++)
		assert_true(rate_take(&rate, &a, 1000));
	assert_false(rate_take(&rate, &a, 1000));
	assert_false(rate_take(&rate, &a, 1009));
	assert_true(rate_take(&rate, &b, 1009));
	assert_true(rate_take(&rate, &a, 1010)); /* one more for each interval */
	assert_false(rate_take(&rate, &a, 1010));
	for (int i = 0; i < 3; i++)
		assert_true(rate_take(&rate, &a, 5000)); /* never more than the burst */
	assert_false(rate_take(&rate, &a, 5000));
	/* the table holds the busy, whoever else comes */
	for (size_t i = 0; i < RATE_SIGNERS - 1; i++) {
		const struct pki_serial other = serial(100 + i);
		assert_true(rate_take(&rate, &other, 5000));
	}
	assert_false(rate_take(&rate, &a, 5000));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(good_orders_go_on),
		TEST(r210_no_order_goes_on),
		TEST(r122_a_stranger_only_revokes),
		TEST(r201_r205_only_officers_and_services_go_on),
		TEST(r209_a_clock_that_leapt_stops_no_revocation),
		TEST(r205_a_revoked_key_goes_on_once),
		TEST(r203_a_used_order_goes_on_once),
		TEST(r210_a_forged_revocation_takes_no_place),
		TEST(a_signer_has_a_rate),
		TEST(no_rate_stops_a_revocation),
		cmocka_unit_test(the_rate_is_by_signer_and_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
