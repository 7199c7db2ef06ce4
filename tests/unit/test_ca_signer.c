/* The signer before a front that is an attacker's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ca/signer/signer_clock_priv.h"
#include "ca/signer/signer_crl_priv.h"
#include "ca/signer/signer_history_priv.h"
#include "ca/signer/signer_load_priv.h"
#include "ca/signer/signer_orders_priv.h"
#include "ca/signer/signer_priv.h"
#include "ca/signer/signer_records_priv.h"
#include "libpki/base/json.h"
#include "tests/unit/common/orders.h"

#define HOUR ((pki_time)3600)

static const struct pki_conf_log log_conf = { .origin = "ca.test/log" };
static struct pki_conf conf = { .crl_lifetime = 26 * HOUR, .log = &log_conf };
static struct signer_state s;
static struct pki_err err;

static void
ok(enum pki_status status)
{
	if (status != PKI_OK)
		fail_msg("%s", err.msg);
}

static void
refuses(enum pki_status got, enum pki_status want, enum pki_rule rule)
{
	if (got != want || err.rule != rule)
		fail_msg("status %d rule %d: %s", got, err.rule, err.msg);
	err = (struct pki_err){ 0 };
}

/* Behind the head that ipc_begin() wrote. */
static struct pki_bytes
fields(const struct pki_buf *frame)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf empty = { 0 };
	ok(ipc_begin(&empty, IPC_REPLY, &err));
	return (struct pki_bytes){ frame->data + empty.len, frame->len - empty.len };
}

static enum pki_status
list(const struct pki_revoked *revoked, size_t count)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf frame = { 0 };
	ok(ipc_begin(&frame, IPC_ENTRIES, &err));
	uint8_t octets[8][IPC_REVOKED_SIZE];
	assert_true(count <= PKI_COUNT(octets));
	for (size_t i = 0; i < count; i++)
		ipc_write_revoked(octets[i], &revoked[i]);
	ok(ipc_put(&frame, IPC_BYTES, octets, count * sizeof octets[0], &err));
	return signer_entries(&s, fields(&frame), &err);
}

static enum pki_status
ask_list(uint64_t partition, uint64_t number, pki_time this_update, pki_time lifetime)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf frame = { 0 };
	ok(ipc_begin(&s.reply, IPC_REPLY, &err));
	ok(ipc_begin(&frame, IPC_CRL, &err));
	ok(ipc_put_number(&frame, partition, &err));
	ok(ipc_put_number(&frame, number, &err));
	ok(ipc_put_number(&frame, (uint64_t)this_update, &err));
	ok(ipc_put_number(&frame, (uint64_t)(this_update + lifetime), &err));
	return signer_crl(&s, fields(&frame), &err);
}

static enum pki_status
ask_crl(uint64_t number, pki_time this_update, pki_time lifetime)
{
	return ask_list(0, number, this_update, lifetime);
}

static enum pki_status
ask_expired(const struct pki_cert *cert)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf frame = { 0 };
	struct pki_bytes der = pki_cert_get0_der(cert);
	ok(ipc_begin(&frame, IPC_EXPIRED, &err));
	ok(ipc_put(&frame, IPC_BYTES, der.data, der.len, &err));
	return signer_expired(&s, fields(&frame), &err);
}

static enum pki_status
forget(uint64_t size)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf frame = { 0 };
	ok(ipc_begin(&frame, IPC_FORGET, &err));
	ok(ipc_put_number(&frame, size, &err));
	return signer_forget(&s, fields(&frame), &err);
}

static enum pki_status
ask_checkpoint(uint64_t size, const struct pki_hash *root, const struct pki_proof *proof)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf frame = { 0 };
	ok(ipc_begin(&s.reply, IPC_REPLY, &err));
	ok(ipc_begin(&frame, IPC_CHECKPOINT, &err));
	ok(ipc_put_number(&frame, size, &err));
	ok(ipc_put(&frame, IPC_BYTES, root->octets, sizeof root->octets, &err));
	ok(ipc_put_proof(&frame, proof, &err));
	return signer_checkpoint(&s, fields(&frame), &err);
}

static int
setup(void **state)
{
	orders_setup(state);
	err = (struct pki_err){ 0 };
	s = (struct signer_state){ .conf = &conf, .policy = world.policy };
	strcpy(conf.ca_urls.ca_issuers, "http://ca.test/ca.crt");
	strcpy(conf.ca_urls.crl, "http://ca.test/ca.crl");
	strcpy(conf.ca_urls.ocsp, "http://ca.test/ocsp");
	signer_clock_begin(&s, 0);
	s.ca = world.ca.cert;
	s.ca_key = world.ca.key;
	ok(pki_key_generate(PKI_ALG_ED25519, &s.log_key, &err));
	ok(pki_note_vkey(PKI_NOTE_LOG, conf.log->origin, s.log_key, &s.vkey, &err));
	struct pki_crl_spec spec = {
		.issuer = s.ca,
		.number = 7,
		.this_update = world.now / 1000 - HOUR,
		.next_update = world.now / 1000 + 25 * HOUR,
	};
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = NULL;
	ok(pki_crl_build(&spec, s.ca_key, &crl, &err));
	ok(signer_load_crl(&s, 0, pki_crl_get0_der(crl), &err));
	s.tx.before = s.tx.last;
	return 0;
}

static int
teardown(void **state)
{
	history_free(&s.history);
	transaction_free(&s.tx);
	revoked_set_free(&s.received);
	revoked_set_free(&s.expired);
	pki_crl_free(s.crl);
	conf.crl_keep = false;
	conf.ca_urls = (struct pki_urls){ .partitions = 0 };
	pki_buf_free(&s.reply);
	pki_buf_free(&s.vkey);
	pki_key_free(s.log_key);
	for (size_t i = 0; i < s.pending_count; i++) {
		pki_decision_free(&s.pending[i].decision);
		pki_order_close(&s.pending[i].order);
	}
	return orders_teardown(state);
}

static struct pki_revoked
revoked(enum who who)
{
	return (struct pki_revoked){ .serial = *pki_cert_get0_serial(world.ids[who].cert),
		.revoked_at = world.now / 1000 - 60,
		.reason = PKI_REASON_KEY_COMPROMISE };
}

/* Is it on the CRL that was just made? */
static bool
lists(const struct pki_revoked *revoked)
{
	struct pki_revoked found;
	return pki_crl_find(s.crl, &revoked->serial, &found) &&
	       found.revoked_at == revoked->revoked_at && found.reason == revoked->reason;
}

static void
r49_a_crl_is_the_next_one_and_of_now(void **state)
{
	(void)state;
	static const struct {
		uint64_t number;
		pki_time from, lifetime;
	} cases[] = { { 7, 0, 26 * HOUR }, { 9, 0, 26 * HOUR },
		{ UINT64_MAX, 0, 26 * HOUR }, { 8, 0, 9000 * HOUR }, { 8, 0, -HOUR },
		{ 8, HOUR, 26 * HOUR }, { 8, -HOUR / 2, 26 * HOUR },
		{ 8, -2 * HOUR, 26 * HOUR } };
	pki_time now = pki_time_now();
	for (size_t i = 0; i < PKI_COUNT(cases); i++)
		refuses(ask_crl(cases[i].number, now + cases[i].from, cases[i].lifetime),
			PKI_REFUSED, PKI_RULE_CRL_FIELDS);
	ok(ask_crl(8, now, 26 * HOUR));
	refuses(ask_crl(8, now, 26 * HOUR), PKI_REFUSED, PKI_RULE_CRL_FIELDS);
}

static void
r49_what_was_not_committed_is_made_again(void **state)
{
	(void)state;
	pki_time now = pki_time_now();
	struct pki_revoked gone = revoked(RENE);
	ok(list(&gone, 1));
	ok(ask_crl(8, now, 26 * HOUR));
	ok(forget(0));
	assert_false(signer_has_listed(&s, &gone.serial));
	ok(ask_crl(8, now, 26 * HOUR));
	refuses(forget(99), PKI_STATE, PKI_RULE_NONE);
}

static void
r58_what_is_listed_stays_as_it_is(void **state)
{
	(void)state;
	pki_time now = pki_time_now();
	struct pki_revoked gone[2] = { revoked(RENE), revoked(DAVID) };
	ok(list(gone, 2));
	ok(ask_crl(8, now, 26 * HOUR));
	/* whether it is told again or not */
	ok(ask_crl(9, now, 26 * HOUR));
	assert_true(lists(&gone[0]) && lists(&gone[1]));
	for (size_t i = 0; i < 2; i++) {
		struct pki_revoked changed[2] = { gone[0], gone[1] };
		changed[i].reason = PKI_REASON_SUPERSEDED;
		ok(list(changed, 2));
		refuses(ask_crl(10, now, 26 * HOUR), PKI_REFUSED, PKI_RULE_REVOKED_FINAL);
		changed[i] = gone[i];
		changed[i].revoked_at += 30;
		ok(list(changed, 2));
		refuses(ask_crl(10, now, 26 * HOUR), PKI_REFUSED, PKI_RULE_REVOKED_FINAL);
		/* twice in one telling */
		ok(list(&changed[i], 1));
		ok(list(&gone[i], 1));
		refuses(ask_crl(10, now, 26 * HOUR), PKI_REFUSED, PKI_RULE_REVOKED_FINAL);
	}
	ok(list(gone, 2));
	ok(list(gone, 1));
	ok(ask_crl(10, now, 26 * HOUR));
	assert_true(lists(&gone[0]) && lists(&gone[1]));
	assert_int_equal(pki_crl_count(s.crl), 2);
}

static void
r57_only_expired_certificates_leave(void **state)
{
	(void)state;
	pki_time now = pki_time_now();
	struct fixture_id old =
		fixture_make(&(struct fixture_spec){ .common_name = "TEST Old",
				     .not_before = now - 900 * HOUR,
				     .not_after = now - 2 * HOUR },
			&world.ca);
	struct fixture_id stranger = fixture_ca();
	struct pki_revoked gone = { .serial = *pki_cert_get0_serial(old.cert),
		.revoked_at = now - 60,
		.reason = PKI_REASON_KEY_COMPROMISE };
	struct pki_revoked stays = revoked(DAVID);
	ok(list(&gone, 1));
	ok(list(&stays, 1));
	ok(ask_crl(8, now, 26 * HOUR));
	refuses(ask_expired(world.ids[DAVID].cert), PKI_REFUSED, PKI_RULE_CRL_EXPIRED);
	assert_int_not_equal(ask_expired(stranger.cert), PKI_OK);
	err = (struct pki_err){ 0 };
	ok(ask_crl(9, now, 26 * HOUR));
	assert_true(lists(&gone) && lists(&stays));
	ok(ask_expired(old.cert));
	ok(ask_expired(old.cert));
	ok(ask_crl(10, now, 26 * HOUR));
	assert_true(!lists(&gone) && lists(&stays));
	/* the transaction did not commit: all as before */
	ok(forget(0));
	ok(ask_crl(8, now, 26 * HOUR));
	assert_int_equal(pki_crl_count(s.crl), 0);
	fixture_free(&old);
	fixture_free(&stranger);
}

/* A good entry, and one that a hostile front wrote; the next CRL lists neither. */
static void
nothing_refused_is_kept(void **state)
{
	(void)state;
	static const struct {
		size_t at;
		uint8_t octet;
		const char *what;
	} cases[] = {
		{ 0, 255, "a serial of 255 octets" },
		{ 0, PKI_SERIAL_MAX + 1, "a serial of 21 octets" },
		{ 0, 0, "no serial" },
		{ 1, 0, "a serial that begins with 0" },
		{ 21, 0x80, "a negative time" },
		{ 22, 1, "a time after the year 9999" },
		{ 29, 6, "certificateHold" },
		{ 29, 255, "no reason" },
		{ 31, 1, "a partition, where there is none" },
	};
	struct pki_revoked entry = revoked(RENE);
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		PKI_CLEANUP(pki_buf_free) struct pki_buf frame = { 0 };
		uint8_t octets[2][IPC_REVOKED_SIZE];
		ipc_write_revoked(octets[0], &entry);
		ipc_write_revoked(octets[1], &entry);
		octets[1][cases[i].at] = cases[i].octet;
		ok(ipc_begin(&frame, IPC_ENTRIES, &err));
		ok(ipc_put(&frame, IPC_BYTES, octets, sizeof octets, &err));
		if (signer_entries(&s, fields(&frame), &err) == PKI_OK)
			fail_msg("%s is taken", cases[i].what);
		err = (struct pki_err){ 0 };
		assert_int_equal(s.received.count, 0);
	}
	ok(ask_crl(8, pki_time_now(), 26 * HOUR));
	assert_int_equal(pki_crl_count(s.crl), 0);
}

/* Times at the ends of 64 bits: the sum with a lifetime must not overflow. */
static void
r49_times_are_of_years_with_four_digits(void **state)
{
	(void)state;
	static const uint64_t times[] = { INT64_MAX, UINT64_MAX, (uint64_t)INT64_MAX + 1,
		(uint64_t)PKI_CRL_LAST + 1 };
	for (size_t i = 0; i < PKI_COUNT(times); i++) {
		assert_int_equal(ask_crl(8, (pki_time)times[i], 0), PKI_INPUT);
		err = (struct pki_err){ 0 };
	}
}

/* Else a front could have the signer go back to an older CRL, or past the last one. */
static void
r58_a_serving_signer_loads_no_crl(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_buf_free) struct pki_buf last = { 0 }, cutoff = { 0 };
	struct pki_bytes reply, field;
	pki_time now = pki_time_now();
	ok(ask_crl(8, now, 26 * HOUR));
	struct pki_bytes der = pki_crl_get0_der(s.crl);
	ok(ipc_begin(&cutoff, IPC_CUTOFF, &err));
	ok(ipc_begin(&last, IPC_LAST_CRL, &err));
	ok(ipc_put_number(&last, 0, &err));
	ok(ipc_put(&last, IPC_BYTES, der.data, der.len, &err));
	s.serving = true;
	ok(signer_reply(&s, IPC_LAST_CRL, fields(&last), &err));
	reply = fields(&s.reply);
	assert_int_equal(ipc_get(&reply, IPC_BYTES, &field, NULL), PKI_STATE);
	s.serving = false;
	ok(signer_reply(&s, IPC_LAST_CRL, fields(&last), &err));
	assert_int_equal(fields(&s.reply).len, 0);
	ok(signer_reply(&s, IPC_CUTOFF, fields(&cutoff), &err));
	reply = fields(&s.reply);
	assert_int_equal(ipc_get(&reply, IPC_NUMBER, &field, NULL), PKI_STATE);
	ok(ipc_begin(&cutoff, IPC_SERVE, &err));
	ok(signer_reply(&s, IPC_SERVE, fields(&cutoff), &err));
	assert_true(s.serving);
}

/* Revoked a minute ago; the serial is of that partition of four. */
static struct pki_revoked
in_partition(unsigned partition)
{
	struct pki_revoked out = { .serial = { .len = PKI_SERIAL_MAX },
		.revoked_at = world.now / 1000 - 60,
		.reason = PKI_REASON_SUPERSEDED,
		.partition = (uint16_t)partition };
	out.serial.octets[0] = (uint8_t)(0x40 + (partition - 1) * 0x10);
	out.serial.octets[19] = (uint8_t)partition;
	return out;
}

static void
partition_by_four(void)
{
	conf.ca_urls.partitions = 4;
	strcpy(conf.ca_urls.crl_base, "http://ca.test/crl/");
}

static void
r52_a_partition_lists_its_own(void **state)
{
	(void)state;
	pki_time now = pki_time_now();
	partition_by_four();
	struct pki_revoked one = in_partition(1), three = in_partition(3), old = three;
	old.serial.octets[19] = 99;
	old.partition = 0; /* from before there were partitions */
	ok(list(&one, 1));
	ok(list(&three, 1));
	ok(list(&old, 1));
	ok(ask_list(3, 8, now, 26 * HOUR));
	assert_string_equal(
		pki_crl_distribution_point(s.crl), "http://ca.test/crl/3.crl");
	assert_int_equal(pki_crl_count(s.crl), 1);
	assert_true(lists(&three));
	refuses(ask_list(1, 8, now, 26 * HOUR), PKI_REFUSED, PKI_RULE_CRL_FIELDS);
	ok(ask_list(2, 9, now, 26 * HOUR));
	assert_int_equal(pki_crl_count(s.crl), 0);
	ok(ask_crl(10, now, 26 * HOUR));
	assert_null(pki_crl_distribution_point(s.crl));
	assert_int_equal(pki_crl_count(s.crl), 3);
	refuses(ask_list(5, 11, now, 26 * HOUR), PKI_REFUSED, PKI_RULE_CRL_PARTITION);
	three.partition = 2;
	refuses(list(&three, 1), PKI_REFUSED, PKI_RULE_CRL_PARTITION);
	three.partition = 0;
	ok(list(&three, 1));
	refuses(ask_crl(11, now, 26 * HOUR), PKI_REFUSED, PKI_RULE_REVOKED_FINAL);
}

/* What a new signer reads of the lists is what the old one knew. */
static void
r58_a_restart_forgets_nothing(void **state)
{
	(void)state;
	pki_time now = pki_time_now();
	partition_by_four();
	struct pki_revoked one = in_partition(1), two = in_partition(2);
	struct pki_crl *full = NULL, *part = NULL;
	ok(list(&one, 1));
	ok(ask_crl(8, now, 26 * HOUR));
	full = s.crl;
	s.crl = NULL;
	ok(list(&two, 1));
	ok(ask_list(2, 9, now, 26 * HOUR));
	part = s.crl;
	s.crl = NULL;
	revoked_set_free(&s.tx.revoked);
	s.tx.last = (struct vouched){ 0 };
	s.tx.under_way = false;
	ok(signer_load_crl(&s, 0, pki_crl_get0_der(full), &err));
	ok(signer_load_crl(&s, 2, pki_crl_get0_der(part), &err));
	refuses(signer_load_crl(&s, 1, pki_crl_get0_der(part), &err), PKI_CONFIG,
		PKI_RULE_CRL_PARTITION);
	refuses(signer_load_crl(&s, 0, pki_crl_get0_der(part), &err), PKI_CONFIG,
		PKI_RULE_CRL_PARTITION);
	ok(ask_crl(10, now, 26 * HOUR));
	assert_true(lists(&one) && lists(&two));
	/* the full list alone does not say which partition lists it; told again, it is
	 * known */
	ok(list(&one, 1));
	ok(ask_list(1, 11, now, 26 * HOUR));
	assert_true(lists(&one));
	pki_crl_free(full);
	pki_crl_free(part);
}

static void
r56_what_expired_is_kept(void **state)
{
	(void)state;
	pki_time now = pki_time_now();
	conf.crl_keep = true;
	struct fixture_id old =
		fixture_make(&(struct fixture_spec){ .common_name = "TEST Old",
				     .not_before = now - 900 * HOUR,
				     .not_after = now - 2 * HOUR },
			&world.ca);
	struct pki_revoked gone = { .serial = *pki_cert_get0_serial(old.cert),
		.revoked_at = now - 60,
		.reason = PKI_REASON_KEY_COMPROMISE };
	ok(list(&gone, 1));
	ok(ask_crl(8, now, 26 * HOUR));
	assert_int_equal(pki_crl_expired_since(s.crl), pki_cert_not_before(s.ca));
	refuses(ask_expired(old.cert), PKI_REFUSED, PKI_RULE_CRL_EXPIRED);
	ok(ask_crl(9, now, 26 * HOUR));
	assert_true(lists(&gone));
	conf.crl_keep = false;
	ok(ask_expired(old.cert));
	ok(ask_crl(10, now, 26 * HOUR));
	assert_false(lists(&gone));
	assert_int_equal(pki_crl_expired_since(s.crl), 0);
	fixture_free(&old);
}

/* rule 57: a list that is late keeps the entries of all, its own among them. */
static void
r57_the_oldest_list_holds_all(void **state)
{
	(void)state;
	pki_time now = pki_time_now();
	PKI_CLEANUP(pki_buf_free) struct pki_buf frame = { 0 };
	uint64_t cutoff = 1;
	partition_by_four();
	ok(ask_crl(8, now, 26 * HOUR));
	for (unsigned k = 1; k <= 4; k++) {
		ok(ipc_begin(&s.reply, IPC_REPLY, &err));
		ok(ipc_begin(&frame, IPC_CUTOFF, &err));
		ok(signer_cutoff(&s, fields(&frame), &err));
		struct pki_bytes reply = fields(&s.reply);
		ok(ipc_get_number(&reply, &cutoff, &err));
		assert_int_equal(cutoff, 0);
		ok(ask_list(k, 8 + k, now, 26 * HOUR));
	}
	ok(ipc_begin(&s.reply, IPC_REPLY, &err));
	ok(signer_cutoff(&s, fields(&frame), &err));
	struct pki_bytes reply = fields(&s.reply);
	ok(ipc_get_number(&reply, &cutoff, &err));
	assert_int_equal(cutoff, now);
}

static struct facts facts; /* of the last decision */

static enum pki_status
decide_cms(const struct pki_buf *cms)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf frame = { 0 };
	ok(ipc_begin(&s.reply, IPC_REPLY, &err));
	ok(ipc_begin(&frame, IPC_DECIDE, &err));
	ok(ipc_put(&frame, IPC_BYTES, cms->data, cms->len, &err));
	ok(signer_decide(&s, fields(&frame), &err));
	struct pki_bytes reply = fields(&s.reply), invitation;
	ok(ipc_get_struct(&reply, &facts, sizeof facts, &err));
	return ipc_get(&reply, IPC_BYTES, &invitation, &err);
}

/* DECIDE with one order, which is freed. */
static enum pki_status
decide(struct pki_order order, const enum who *signers)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf cms = orders_sign(&order, signers);
	pki_order_free(&order);
	return decide_cms(&cms);
}

static enum pki_status
sign(uint64_t mask)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf frame = { 0 };
	ok(ipc_begin(&s.reply, IPC_REPLY, &err));
	ok(ipc_begin(&frame, IPC_SIGN, &err));
	ok(ipc_put_number(&frame, mask, &err));
	return signer_sign(&s, fields(&frame), &err);
}

static const enum who both[] = { CLAIRE, DAVID, NOBODY };

static void
r205_whom_the_signer_listed_signs_nothing(void **state)
{
	(void)state;
	pki_time now = pki_time_now();
	struct pki_revoked gone[2] = { revoked(DENIS), revoked(DAVID) };
	ok(decide(good_issue(), both));
	ok(list(&gone[0], 1));
	ok(ask_crl(8, now, 26 * HOUR));
	refuses(decide(good_issue(), both), PKI_OFFICER, PKI_RULE_OFFICER_STATUS);
	ok(decide(good_renew(), both));
	ok(list(gone, 2));
	ok(ask_crl(9, now, 26 * HOUR));
	refuses(decide(good_renew(), both), PKI_OFFICER, PKI_RULE_OFFICER_STATUS);
}

static void
r53_r55_nothing_follows_the_last(void **state)
{
	(void)state;
	pki_time now = pki_time_now(), forever = PKI_CRL_LAST - now;
	partition_by_four();
	/* a signer that serves makes none */
	refuses(ask_crl(8, now, forever), PKI_REFUSED, PKI_RULE_CRL_LAST);
	ok(ask_crl(8, now, 26 * HOUR));
	s.ends = true;
	refuses(ask_crl(9, now, 26 * HOUR), PKI_REFUSED, PKI_RULE_CRL_FIELDS);
	refuses(ask_crl(9, now, forever - 1), PKI_REFUSED, PKI_RULE_CRL_FIELDS);
	s.tx.before = s.tx.last;
	ok(decide(good_issue(), both));
	ok(ask_crl(9, now, forever));
	assert_int_equal(pki_crl_next_update(s.crl), PKI_CRL_LAST);
	refuses(ask_crl(10, now, forever), PKI_REFUSED, PKI_RULE_CRL_LAST);
	ok(ask_list(1, 10, now, forever));
	refuses(decide(good_issue(), both), PKI_REFUSED, PKI_RULE_CRL_LAST);
	refuses(decide(good_renew(), both), PKI_REFUSED, PKI_RULE_CRL_LAST);
	/* not committed */
	ok(forget(0));
	ok(decide(good_issue(), both));
	ok(ask_crl(9, now, forever));
	/* and so after a restart */
	PKI_CLEANUP(pki_buf_free) struct pki_buf last = { 0 };
	struct pki_bytes der = pki_crl_get0_der(s.crl);
	ok(pki_buf_append(&last, der.data, der.len, &err));
	s.ends = false;
	s.tx.last = (struct vouched){ 0 };
	ok(signer_load_crl(&s, 0, pki_buf_bytes(&last), &err));
	refuses(ask_crl(10, now, 26 * HOUR), PKI_REFUSED, PKI_RULE_CRL_LAST);
	refuses(decide(good_issue(), both), PKI_REFUSED, PKI_RULE_CRL_LAST);
}

static void
r202_without_an_order_nothing_is_signed(void **state)
{
	(void)state;
	static const enum who one[] = { CLAIRE, NOBODY };
	refuses(decide(good_issue(), one), PKI_REFUSED, PKI_RULE_SIGNATURES);
	refuses(sign(1), PKI_STATE, PKI_RULE_NONE);
	ok(sign(~(uint64_t)1));
	assert_int_equal(fields(&s.reply).len, 0);
}

/* What the front hears: the time of the next commit, and of an implausible clock. */
static void
ask_now(pki_msec *now, pki_msec *wall)
{
	uint64_t numbers[2] = { 0 };
	ok(ipc_begin(&s.reply, IPC_REPLY, &err));
	ok(signer_tell_now(&s, (struct pki_bytes){ 0 }, &err));
	struct pki_bytes rest = fields(&s.reply);
	ok(ipc_get_number(&rest, &numbers[0], &err));
	ok(ipc_get_number(&rest, &numbers[1], &err));
	*now = (pki_msec)numbers[0];
	*wall = (pki_msec)numbers[1];
}

#define SHORT ((pki_msec)60000)
#define LONG ((pki_msec)3600000)

static void
looked(pki_msec ago_by_wall, pki_msec ago_by_boot)
{
	s.clock.now = pki_msec_now() - ago_by_wall;
	s.clock.boot = pki_boot_msec() - ago_by_boot;
}

/* A clock that leapt ahead, or went back: the CRL goes on, at the time of the boot clock. */
static void
r209_with_an_implausible_clock_nothing_is_issued(void **state)
{
	(void)state;
	static const struct {
		pki_msec by_wall, by_boot;
		bool plausible;
	} cases[] = {
		{ 0, 0, true }, { SHORT, 0, true }, /* a step of a time service */
		{ LONG, LONG, true }, /* idle, or suspended */
		{ SHORT, LONG, true }, { LONG, 0, false }, /* leapt ahead */
		{ LONG, SHORT, false }, { -SHORT, 0, false }, /* went back */
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		pki_msec now = 0, wall = 0, by_boot = cases[i].by_boot - cases[i].by_wall;
		looked(cases[i].by_wall, cases[i].by_boot);
		ask_now(&now, &wall);
		assert_int_equal(wall == 0, cases[i].plausible);
		if (cases[i].plausible) {
			ok(decide(good_issue(), both));
			continue;
		}
		assert_true(now / LONG == (pki_msec_now() + by_boot) / LONG ||
			    now / LONG + 1 == (pki_msec_now() + by_boot) / LONG);
		looked(cases[i].by_wall, cases[i].by_boot);
		refuses(decide(good_issue(), both), PKI_CLOCK, PKI_RULE_CLOCK);
	}
	looked(-SHORT, 0);
	ok(ask_crl(8, pki_time_now() + SHORT / 1000, 26 * HOUR));
}

static struct pki_bytes
bytes(const char *text)
{
	return (struct pki_bytes){ (const uint8_t *)text, strlen(text) };
}

static void
r81_the_log_does_not_fork(void **state)
{
	(void)state;
	struct pki_proof proof = { .count = 0 };
	struct pki_hash a, b, two;
	ok(pki_merkle_leaf(bytes("a"), &a, &err));
	ok(pki_merkle_leaf(bytes("b"), &b, &err));
	ok(pki_merkle_node(&a, &b, &two, &err));
	ok(ask_checkpoint(1, &a, &proof));
	assert_int_equal(ask_checkpoint(1, &b, &proof), PKI_TAMPERED);
	proof.count = 1;
	proof.hashes[0] = a;
	assert_int_equal(ask_checkpoint(2, &two, &proof), PKI_TAMPERED);
	err = (struct pki_err){ 0 };
	proof.hashes[0] = b;
	ok(ask_checkpoint(2, &two, &proof));
	refuses(forget(0), PKI_STATE, PKI_RULE_NONE);
	ok(forget(2));
	ok(forget(1));
	ok(ask_checkpoint(2, &two, &proof));
}

/* The certificate that SIGN gives for the order. */
static struct pki_buf
signed_again(const struct pki_buf *cms)
{
	struct pki_buf out = { 0 };
	struct pki_bytes der;
	ok(decide_cms(cms));
	struct pki_serial serial = facts.certs[0].serial;
	ok(sign(1));
	struct pki_bytes reply = fields(&s.reply);
	ok(ipc_get(&reply, IPC_BYTES, &der, &err));
	ok(pki_buf_append(&out, der.data, der.len, &err));
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *cert = NULL;
	ok(pki_cert_parse(der, &cert, &err));
	assert_int_equal(pki_serial_compare(pki_cert_get0_serial(cert), &serial), 0);
	return out;
}

static void
assert_same(const struct pki_buf *a, const struct pki_buf *b)
{
	assert_int_equal(a->len, b->len);
	assert_memory_equal(a->data, b->data, a->len);
}

static void
r203_r206_an_order_and_its_invitation_count_once(void **state)
{
	(void)state;
	struct pki_order order = good_issue(), other = good_issue();
	PKI_CLEANUP(pki_buf_free) struct pki_buf cms = orders_sign(&order, both);
	PKI_CLEANUP(pki_buf_free) struct pki_buf again = orders_sign(&order, both);
	orders_set_buf(&other.invitation, order.invitation.data, order.invitation.len);
	PKI_CLEANUP(pki_buf_free)
	struct pki_buf same_invitation = orders_sign(&other, both);
	pki_order_free(&order);
	pki_order_free(&other);
	struct pki_proof proof = { .count = 0 };
	struct pki_hash a, b, two;
	ok(pki_merkle_leaf(bytes("a"), &a, &err));
	ok(pki_merkle_leaf(bytes("b"), &b, &err));
	ok(pki_merkle_node(&a, &b, &two, &err));
	/* the commit fails: the same certificates, and no others */
	PKI_CLEANUP(pki_buf_free) struct pki_buf first = signed_again(&cms);
	refuses(decide_cms(&again), PKI_REFUSED, PKI_RULE_ORDER_USED);
	refuses(decide_cms(&same_invitation), PKI_REFUSED, PKI_RULE_INVITATION);
	ok(forget(0));
	PKI_CLEANUP(pki_buf_free) struct pki_buf second = signed_again(&cms);
	assert_same(&first, &second);
	ok(ask_checkpoint(1, &a, &proof));
	ok(forget(0));
	PKI_CLEANUP(pki_buf_free) struct pki_buf third = signed_again(&cms);
	assert_same(&first, &third);
	/* the commit succeeds, as the next checkpoint shows */
	ok(ask_checkpoint(1, &a, &proof));
	proof = (struct pki_proof){ .hashes = { b }, .count = 1 };
	ok(ask_checkpoint(2, &two, &proof));
	refuses(decide_cms(&cms), PKI_REFUSED, PKI_RULE_ORDER_USED);
	refuses(decide_cms(&same_invitation), PKI_REFUSED, PKI_RULE_INVITATION);
	assert_int_equal(s.history.kept_count, 0);
	assert_int_equal(used_ids_count(&s.history.used), 2);
}

/* Twice in one batch: nothing is signed twice. */
static void
r203_two_decisions_make_one_certificate(void **state)
{
	(void)state;
	struct pki_order order = good_renew();
	PKI_CLEANUP(pki_buf_free) struct pki_buf cms = orders_sign(&order, both);
	PKI_CLEANUP(pki_buf_free) struct pki_buf frame = { 0 };
	struct pki_bytes reply, der[2];
	pki_order_free(&order);
	ok(ipc_begin(&s.reply, IPC_REPLY, &err));
	ok(ipc_begin(&frame, IPC_DECIDE, &err));
	ok(ipc_put(&frame, IPC_BYTES, cms.data, cms.len, &err));
	ok(ipc_put(&frame, IPC_BYTES, cms.data, cms.len, &err));
	ok(signer_decide(&s, fields(&frame), &err));
	ok(sign(3));
	reply = fields(&s.reply);
	for (size_t i = 0; i < 4; i++)
		ok(ipc_get(&reply, IPC_BYTES, &der[i / 2], &err));
	assert_int_equal(der[0].len, der[1].len);
	assert_memory_equal(der[0].data, der[1].data, der[0].len);
	ok(ipc_end(reply, &err));
}

static void
r46_a_listed_predecessor_is_not_renewed(void **state)
{
	(void)state;
	struct pki_revoked gone = { .serial =
					    *pki_cert_get0_serial(world.ids[PLAIN].cert),
		.revoked_at = world.now / 1000 - 60,
		.reason = PKI_REASON_KEY_COMPROMISE };
	ok(decide(good_renew(), both));
	ok(list(&gone, 1));
	ok(ask_crl(8, pki_time_now(), 26 * HOUR));
	refuses(decide(good_renew(), both), PKI_REFUSED, PKI_RULE_RENEWAL);
	ok(decide(good_issue(), both));
}

#define EVENT(at, order, invitation) \
	"{\"at\":\"" at "\",\"detail\":{\"invitation\":\"" invitation \
	"\",\"order\":\"" order "\"},\"type\":\"certificate-issued\"}"

/* Sends entries from `from` on; the signer's checkpoint is of all `count`. */
static enum pki_status
load_history(const char *const *entries, uint64_t count, uint64_t from, uint64_t to)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf frame = { 0 };
	struct pki_merkle_peaks tree = { 0 };
	struct pki_proof peaks = { .count = 0 };
	struct pki_hash leaf;
	history_free(&s.history);
	s.serving = false;
	for (uint64_t i = 0; i <= count; i++) {
		for (unsigned level = 0; i == from && level < 8; level++)
			if ((from >> level & 1) != 0)
				peaks.hashes[peaks.count++] = tree.hashes[level];
		if (i == count)
			break;
		ok(pki_merkle_leaf(bytes(entries[i]), &leaf, &err));
		ok(pki_merkle_grow(&tree, &leaf, NULL, &err));
	}
	s.tx.last.checkpoint.size = count;
	ok(pki_merkle_peaks_root(&tree, &s.tx.last.checkpoint.root, &err));
	ok(ipc_begin(&frame, IPC_HISTORY_FROM, &err));
	ok(ipc_put_number(&frame, from, &err));
	ok(ipc_put_proof(&frame, &peaks, &err));
	ok(signer_history_from(&s, fields(&frame), &err));
	ok(ipc_begin(&frame, IPC_HISTORY, &err));
	for (uint64_t i = from; i < to; i++)
		ok(ipc_put(&frame, IPC_BYTES, entries[i], strlen(entries[i]), &err));
	PKI_TRY(signer_history(&s, fields(&frame), &err));
	ok(ipc_begin(&frame, IPC_SERVE, &err));
	return signer_serve(&s, fields(&frame), &err);
}

static void
r203_r204_a_start_knows_what_the_log_says(void **state)
{
	(void)state;
	char now[PKI_MSEC_TEXT], text[3][256];
	const char *entries[3] = { text[0], text[1], text[2] };
	struct pki_order order = good_issue();
	struct pki_signed_order invitation = { 0 };
	ok(pki_order_open(pki_buf_bytes(&order.invitation), s.ca, world.now / 1000, NULL,
		&invitation, &err));
	pki_msec_format(world.now - 1000, now);
	for (size_t i = 0; i < 3; i++)
		snprintf(text[i], sizeof text[i], EVENT("%s", "%s", "%s"), now, "O-1",
			i == 1 ? invitation.order.id : "I-1");
	PKI_CLEANUP(pki_buf_free) struct pki_buf cms = orders_sign(&order, both);
	/* all entries: the invitation was used */
	ok(load_history(entries, 3, 0, 3));
	refuses(decide_cms(&cms), PKI_REFUSED, PKI_RULE_INVITATION);
	ok(load_history(entries, 3, 1, 3));
	refuses(decide_cms(&cms), PKI_REFUSED, PKI_RULE_INVITATION);
	/* the last entry: it was not; orders before it are too old */
	ok(load_history(entries, 3, 2, 3));
	ok(decide_cms(&cms));
	s.history.since = order.created;
	refuses(decide_cms(&cms), PKI_REFUSED, PKI_RULE_ORDER_AGE);
	/* the order itself */
	snprintf(text[0], sizeof text[0], EVENT("%s", "%s", "I-2"), now, order.id);
	ok(load_history(entries, 3, 0, 3));
	refuses(decide_cms(&cms), PKI_REFUSED, PKI_RULE_ORDER_USED);
	/* entries left out, or changed, or none */
	refuses(load_history(entries, 3, 0, 2), PKI_TAMPERED, PKI_RULE_LOG_CHECKPOINT);
	refuses(load_history(entries, 3, 1, 2), PKI_TAMPERED, PKI_RULE_LOG_CHECKPOINT);
	ok(load_history(entries, 3, 3, 3));
	refuses(decide_cms(&cms), PKI_REFUSED, PKI_RULE_ORDER_AGE);
	history_free(&s.history);
	ok(history_check(&s, &err));
	refuses(decide_cms(&cms), PKI_REFUSED, PKI_RULE_ORDER_AGE);
	pki_order_close(&invitation);
	pki_order_free(&order);
}

#define ENTRY_OF(holder) \
	"{\"at\":\"2026-11-22T00:00:00.000Z\",\"detail\":{\"holder\":\"" holder \
	"\",\"order\":\"O-1\",\"reason\":\"keyCompromise\",\"reported\":\"r\"," \
	"\"serials\":[\"01\"]},\"type\":\"certificate-revoked\"}"

/* A receipt of entry 0, changed or not. */
static enum pki_status
seal(const char *note, const char *entry, const char *member, const char *value)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf frame = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	struct pki_hash leaf;
	char hex[PKI_SHA256_HEX];
	ok(pki_merkle_leaf(bytes(entry), &leaf, &err));
	pki_hex_encode(leaf.octets, PKI_SHA256, hex);
	PKI_CLEANUP(pki_json_cleanup)
	json_t *receipt = json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:s, s:[s], s:n, s:n, s:{s:i, s:s, s:s, s:[]}}",
		"type", "receipt", "order", "O-1", "holder", "H-1", "reason",
		"keyCompromise", "reported", "r", "committed", "2026-11-22T00:00:00.000Z",
		"serials", "01", "published", "crl_number", "log", "index", 0,
		"entry_hash", hex, "checkpoint", note, "proof");
	if (member != NULL)
		json_object_set_new(receipt, member, json_string(value));
	ok(pki_json_dump(receipt, &text, &err));
	ok(ipc_begin(&s.reply, IPC_REPLY, &err));
	ok(ipc_begin(&frame, IPC_SEAL, &err));
	ok(ipc_put(&frame, IPC_BYTES, text.data, text.len, &err));
	ok(ipc_put(&frame, IPC_BYTES, entry, strlen(entry), &err));
	err = (struct pki_err){ 0 };
	return signer_seal(&s, fields(&frame), &err);
}

static void
r77_the_seal_says_what_the_log_says(void **state)
{
	(void)state;
	static const char *const logged = ENTRY_OF("H-1");
	struct pki_checkpoint cp = { .origin = "ca.test/log", .size = 1 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf note = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf forged = { 0 };
	struct fixture_id id = fixture_make(
		&(struct fixture_spec){ .common_name = "TEST Seal" }, &world.ca);
	struct pki_key *key = NULL;
	ok(pki_merkle_leaf(bytes(logged), &cp.root, &err));
	ok(pki_checkpoint_sign(&cp, s.log_key, &note, &err));
	ok(pki_key_generate(PKI_ALG_ED25519, &key, &err));
	ok(pki_checkpoint_sign(&cp, key, &forged, &err));
	pki_key_free(key);
	s.seal = id.cert;
	s.seal_key = id.key;
	const char *text = (const char *)note.data;
	ok(seal(text, logged, NULL, NULL));
	static const char *const members[] = { "order", "holder", "reason", "reported",
		"committed", "serials", "more" };
	for (size_t i = 0; i < PKI_COUNT(members); i++)
		assert_int_equal(seal(text, logged, members[i], "else"), PKI_TAMPERED);
	assert_int_equal(seal(text, logged, "type", "contract"), PKI_INPUT);
	assert_int_equal(seal(text, ENTRY_OF("H-2"), NULL, NULL), PKI_TAMPERED);
	/* an entry that no checkpoint covers; a checkpoint that the log did not sign */
	assert_int_equal(seal(text, ENTRY_OF("H-2"), "holder", "H-2"), PKI_TAMPERED);
	assert_int_equal(
		seal((const char *)forged.data, logged, NULL, NULL), PKI_TAMPERED);
	fixture_free(&id);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nothing_refused_is_kept),
		TEST(r49_times_are_of_years_with_four_digits),
		TEST(r49_a_crl_is_the_next_one_and_of_now),
		TEST(r49_what_was_not_committed_is_made_again),
		TEST(r52_a_partition_lists_its_own),
		TEST(r53_r55_nothing_follows_the_last),
		TEST(r56_what_expired_is_kept),
		TEST(r57_only_expired_certificates_leave),
		TEST(r57_the_oldest_list_holds_all),
		TEST(r58_a_restart_forgets_nothing),
		TEST(r58_a_serving_signer_loads_no_crl),
		TEST(r58_what_is_listed_stays_as_it_is),
		TEST(r77_the_seal_says_what_the_log_says),
		TEST(r81_the_log_does_not_fork),
		TEST(r203_r206_an_order_and_its_invitation_count_once),
		TEST(r203_two_decisions_make_one_certificate),
		TEST(r46_a_listed_predecessor_is_not_renewed),
		TEST(r203_r204_a_start_knows_what_the_log_says),
		TEST(r202_without_an_order_nothing_is_signed),
		TEST(r205_whom_the_signer_listed_signs_nothing),
		TEST(r209_with_an_implausible_clock_nothing_is_issued),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
