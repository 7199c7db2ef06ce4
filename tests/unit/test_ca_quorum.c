/* The signer before a front that wants certificates in a history that no witness has seen.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ca/signer/signer_clock_priv.h"
#include "ca/signer/signer_history_priv.h"
#include "ca/signer/signer_orders_priv.h"
#include "ca/signer/signer_quorum_priv.h"
#include "ca/signer/signer_records_priv.h"
#include "tests/unit/common/orders.h"

#define COUNT 3
#define SIZES 8

static struct pki_conf_log log_conf = { .origin = "ca.test/log" };
static struct pki_conf conf = { .log = &log_conf,
	.ca_urls = { .ca_issuers = "http://ca.test/ca.crt",
		.crl = "http://ca.test/ca.crl",
		.ocsp = "http://ca.test/ocsp" } };
static struct pki_policy policy;
static struct signer_state s;
static struct pki_err err;
static struct pki_key *witnesses[COUNT], *stranger;
static struct pki_hash leaves[SIZES], forked;

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

static struct pki_bytes
fields(const struct pki_buf *frame)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf empty = { 0 };
	ok(ipc_begin(&empty, IPC_REPLY, &err));
	return (struct pki_bytes){ frame->data + empty.len, frame->len - empty.len };
}

/* A log of the leaves, or, ctx given, of others from the second on. */
static enum pki_status
read_leaf(void *ctx, unsigned level, uint64_t index, struct pki_hash *out,
	struct pki_err *fail)
{
	struct pki_hash left, right;
	if (level == 0) {
		*out = ctx != NULL && index > 0 ? forked : leaves[index];
		return PKI_OK;
	}
	PKI_TRY(read_leaf(ctx, level - 1, 2 * index, &left, fail));
	PKI_TRY(read_leaf(ctx, level - 1, 2 * index + 1, &right, fail));
	return pki_merkle_node(&left, &right, out, fail);
}

static const struct pki_merkle_source tree = { read_leaf, NULL };
static const struct pki_merkle_source other = { read_leaf, &forked };

static struct pki_checkpoint
checkpoint(uint64_t size, const struct pki_merkle_source *source)
{
	struct pki_checkpoint cp = { .origin = "ca.test/log", .size = size };
	ok(pki_merkle_root(size, source, &cp.root, &err));
	return cp;
}

/* The log grows. */
static enum pki_status
ask_checkpoint(uint64_t size)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf frame = { 0 };
	struct pki_checkpoint cp = checkpoint(size, &tree);
	struct pki_proof proof = { .count = 0 };
	if (s.tx.last.checkpoint.size > 0)
		ok(pki_merkle_consistency(
			s.tx.last.checkpoint.size, size, &tree, &proof, &err));
	ok(ipc_begin(&s.reply, IPC_REPLY, &err));
	ok(ipc_begin(&frame, IPC_CHECKPOINT, &err));
	ok(ipc_put_number(&frame, size, &err));
	ok(ipc_put(&frame, IPC_BYTES, cp.root.octets, sizeof cp.root.octets, &err));
	ok(ipc_put_proof(&frame, &proof, &err));
	return signer_checkpoint(&s, fields(&frame), &err);
}

static enum pki_status
forget(uint64_t size)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf frame = { 0 };
	ok(ipc_begin(&frame, IPC_FORGET, &err));
	ok(ipc_put_number(&frame, size, &err));
	return signer_forget(&s, fields(&frame), &err);
}

struct shown {
	uint64_t size;
	const struct pki_merkle_source *source; /* NULL: tree */
	struct pki_key *log; /* NULL: the log's */
	unsigned of; /* set of witnesses whose names stand there */
	bool strange; /* another key signs in their names */
	bool stale; /* what they signed is the checkpoint of one entry */
	bool unproven; /* no consistency proof */
};

static enum pki_status
show(const struct shown shown)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf frame = { 0 }, note = { 0 }, old = { 0 };
	const struct pki_merkle_source *source = shown.source ? shown.source : &tree;
	struct pki_checkpoint cp = checkpoint(shown.size, source);
	struct pki_checkpoint one = checkpoint(1, source);
	struct pki_proof proof = { .count = 0 };
	ok(pki_checkpoint_sign(&cp, shown.log ? shown.log : s.log_key, &note, &err));
	ok(pki_checkpoint_sign(&one, s.log_key, &old, &err));
	struct pki_buf text = { .data = note.data, .len = note.len };
	PKI_CLEANUP(pki_buf_free) struct pki_buf lines = { 0 };
	for (unsigned i = 0; i < COUNT; i++)
		if ((shown.of >> i & 1) != 0)
			ok(pki_checkpoint_cosign(
				pki_buf_bytes(shown.stale ? &old : &text),
				log_conf.witnesses[i].name,
				shown.strange ? stranger : witnesses[i], 1760000000,
				&lines, &err));
	ok(pki_buf_append(&note, lines.data, lines.len, &err));
	if (!shown.unproven && shown.size <= s.tx.last.checkpoint.size)
		ok(pki_merkle_consistency(
			shown.size, s.tx.last.checkpoint.size, source, &proof, &err));
	ok(ipc_begin(&s.reply, IPC_REPLY, &err));
	ok(ipc_begin(&frame, IPC_COSIGNED, &err));
	ok(ipc_put(&frame, IPC_BYTES, note.data, note.len, &err));
	ok(ipc_put_proof(&frame, &proof, &err));
	return signer_cosigned(&s, fields(&frame), &err);
}

/* Decided and signed; the certificates' number, or what the first error says. */
static enum pki_status
issue(struct pki_order order, const enum who *signers)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf cms = orders_sign(&order, signers);
	PKI_CLEANUP(pki_buf_free) struct pki_buf frame = { 0 };
	struct pki_bytes der;
	pki_order_free(&order);
	ok(ipc_begin(&s.reply, IPC_REPLY, &err));
	ok(ipc_begin(&frame, IPC_DECIDE, &err));
	ok(ipc_put(&frame, IPC_BYTES, cms.data, cms.len, &err));
	ok(signer_decide(&s, fields(&frame), &err));
	ok(ipc_begin(&s.reply, IPC_REPLY, &err));
	ok(ipc_begin(&frame, IPC_SIGN, &err));
	ok(ipc_put_number(&frame, 1, &err));
	ok(signer_sign(&s, fields(&frame), &err));
	struct pki_bytes reply = fields(&s.reply);
	return ipc_get(&reply, IPC_BYTES, &der, &err);
}

static const enum who both[] = { CLAIRE, DAVID, NOBODY };
static const enum who responder[] = { OSCAR, NOBODY };

static void
witness_make(size_t i)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf vkey = { 0 };
	struct pki_witness *w = &log_conf.witnesses[i];
	snprintf(w->name, sizeof w->name, "w%zu.test", i);
	ok(pki_key_generate(PKI_ALG_ED25519, &witnesses[i], &err));
	ok(pki_note_vkey(PKI_NOTE_WITNESS, w->name, witnesses[i], &vkey, &err));
	strcpy(w->vkey, (char *)vkey.data);
	log_conf.witness_count = i + 1;
}

/* Two of three witnesses; a log of four entries, none of them cosigned. */
static int
setup(void **state)
{
	orders_setup(state);
	err = (struct pki_err){ 0 };
	policy = *world.policy;
	policy.witnesses = 2;
	s = (struct signer_state){ .conf = &conf, .policy = &policy };
	signer_clock_begin(&s, 0);
	s.ca = world.ca.cert;
	s.ca_key = world.ca.key;
	ok(pki_key_generate(PKI_ALG_ED25519, &s.log_key, &err));
	ok(pki_key_generate(PKI_ALG_ED25519, &stranger, &err));
	ok(pki_note_vkey(PKI_NOTE_LOG, log_conf.origin, s.log_key, &s.vkey, &err));
	for (size_t i = 0; i < COUNT; i++)
		witness_make(i);
	for (uint8_t i = 0; i < SIZES; i++)
		ok(pki_merkle_leaf((struct pki_bytes){ &i, 1 }, &leaves[i], &err));
	ok(pki_merkle_leaf((struct pki_bytes){ (const uint8_t *)"x", 1 }, &forked, &err));
	s.tx.last.checkpoint = checkpoint(4, &tree);
	s.tx.before = s.tx.last;
	s.quorum.issued = 4;
	return 0;
}

static int
teardown(void **state)
{
	history_free(&s.history);
	pki_buf_free(&s.reply);
	pki_buf_free(&s.vkey);
	pki_key_free(s.log_key);
	pki_key_free(stranger);
	for (size_t i = 0; i < COUNT; i++)
		pki_key_free(witnesses[i]);
	for (size_t i = 0; i < s.pending_count; i++) {
		pki_decision_free(&s.pending[i].decision);
		pki_order_close(&s.pending[i].order);
	}
	return orders_teardown(state);
}

static void
r214_two_of_three(void **state)
{
	(void)state;
	refuses(issue(good_issue(), both), PKI_BUSY, PKI_RULE_QUORUM);
	ok(show((struct shown){ .size = 4, .of = 1 }));
	refuses(issue(good_issue(), both), PKI_BUSY, PKI_RULE_QUORUM);
	ok(show((struct shown){ .size = 4, .of = 1 }));
	refuses(issue(good_issue(), both), PKI_BUSY, PKI_RULE_QUORUM);
	ok(show((struct shown){ .size = 4, .of = 4 }));
	ok(issue(good_issue(), both));
	assert_int_equal(quorum_covered(&s.quorum, &conf, &policy), 4);
}

static void
r214_no_second_batch_before_the_first_is_cosigned(void **state)
{
	(void)state;
	ok(show((struct shown){ .size = 4, .of = 7 }));
	ok(issue(good_issue(), both));
	refuses(issue(good_issue(), both), PKI_BUSY, PKI_RULE_QUORUM);
	ok(ask_checkpoint(5));
	refuses(issue(good_issue(), both), PKI_BUSY, PKI_RULE_QUORUM);
	ok(show((struct shown){ .size = 4, .of = 7 }));
	refuses(issue(good_issue(), both), PKI_BUSY, PKI_RULE_QUORUM);
	/* it may be a later one; each witness's own */
	ok(ask_checkpoint(6));
	ok(ask_checkpoint(7));
	ok(show((struct shown){ .size = 6, .of = 2 }));
	refuses(issue(good_issue(), both), PKI_BUSY, PKI_RULE_QUORUM);
	ok(show((struct shown){ .size = 5, .of = 1 }));
	assert_int_equal(quorum_covered(&s.quorum, &conf, &policy), 5);
	ok(issue(good_issue(), both));
}

static void
r214_what_is_no_certificate_does_not_wait(void **state)
{
	(void)state;
	ok(ask_checkpoint(5));
	ok(ask_checkpoint(6));
	/* nor the OCSP responder's */
	ok(issue(good_responder(), responder));
	policy.witnesses = 0;
	ok(issue(good_issue(), both));
	ok(issue(good_issue(), both));
}

static void
r214_invented_cosignatures(void **state)
{
	(void)state;
	static const struct shown cases[] = {
		{ .size = 4, .of = 7, .strange = true },
		{ .size = 4, .of = 7, .stale = true },
		{ .size = 4 },
		{ .size = 3, .of = 7 },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		ok(show(cases[i]));
		refuses(issue(good_issue(), both), PKI_BUSY, PKI_RULE_QUORUM);
	}
	refuses(show((struct shown){ .size = 4, .of = 7, .log = stranger }), PKI_TAMPERED,
		PKI_RULE_LOG_NOTE);
	refuses(show((struct shown){ .size = 5, .of = 7 }), PKI_TAMPERED,
		PKI_RULE_QUORUM);
	/* another history, which witnesses cosigned and the log key signed */
	for (uint64_t size = 2; size <= 4; size++)
		assert_int_equal(
			show((struct shown){ .size = size, .source = &other, .of = 7 }),
			PKI_TAMPERED);
	err = (struct pki_err){ 0 };
	assert_int_equal(show((struct shown){ .size = 3, .of = 7, .unproven = true }),
		PKI_TAMPERED);
	err = (struct pki_err){ 0 };
	refuses(issue(good_issue(), both), PKI_BUSY, PKI_RULE_QUORUM);
}

/* "The disk was full": what was signed counts, and what witnesses saw was committed. */
static void
r214_a_failed_transaction_opens_nothing(void **state)
{
	(void)state;
	ok(show((struct shown){ .size = 4, .of = 7 }));
	ok(issue(good_issue(), both));
	ok(forget(4));
	refuses(issue(good_issue(), both), PKI_BUSY, PKI_RULE_QUORUM);
	ok(ask_checkpoint(7));
	ok(forget(4));
	refuses(issue(good_issue(), both), PKI_BUSY, PKI_RULE_QUORUM);
	/* a growth of one entry that is cosigned, though the batch had three */
	ok(ask_checkpoint(5));
	ok(show((struct shown){ .size = 5, .of = 3 }));
	ok(issue(good_issue(), both));
	ok(ask_checkpoint(6));
	ok(show((struct shown){ .size = 6, .of = 1 }));
	refuses(forget(5), PKI_TAMPERED, PKI_RULE_QUORUM);
}

static void
r214_the_error_says_who_is_missing(void **state)
{
	(void)state;
	struct quorum quorum = { .issued = 9, .cosigned = { 9, 8, 10 } };
	policy.witnesses = 3;
	assert_int_equal(quorum_check(&quorum, &conf, &policy, &err), PKI_BUSY);
	assert_non_null(strstr(err.msg, "2 of 3 witnesses cosigned the log's 9 entries"));
	assert_non_null(strstr(err.msg, "without w1.test;"));
	assert_int_equal(quorum_covered(&quorum, &conf, &policy), 8);
	err = (struct pki_err){ 0 };
	policy.witnesses = 4;
	refuses(quorum_configured(&conf, &policy, &err), PKI_CONFIG, PKI_RULE_QUORUM);
	policy.witnesses = 3;
	ok(quorum_configured(&conf, &policy, &err));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(r214_two_of_three),
		TEST(r214_no_second_batch_before_the_first_is_cosigned),
		TEST(r214_what_is_no_certificate_does_not_wait),
		TEST(r214_invented_cosignatures),
		TEST(r214_a_failed_transaction_opens_nothing),
		TEST(r214_the_error_says_who_is_missing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
