/* Each allocation of JSON fails in turn: a reply, a log entry and a receipt come whole or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ca/front/order_reply.h"
#include "ca/front/receipt.h"
#include "ca/front/write_order.h"
#include "tests/unit/common/ledger_rows.h"

#define ORDER "O-000000000000000000000000000000ff"

/* So many allocations succeed before one fails. */
static size_t left;
static bool failed;

static void *
allocate(size_t size)
{
	if (left-- > 0)
		return malloc(size);
	left = SIZE_MAX;
	failed = true;
	return NULL;
}

static void
fail_after(size_t count)
{
	left = count;
	failed = false;
	json_set_alloc_funcs(allocate, free);
}

static void
fail_no_more(void)
{
	json_set_alloc_funcs(malloc, free);
}

/* What makes a text, appended to out. */
typedef enum pki_status (*make_fn)(struct pki_buf *out, struct pki_err *err);

/* Until none of its allocations fails any more: always the same text, or an error. */
static void
fail_each(make_fn make)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf whole = { 0 };
	size_t failures = 0;
	fail_no_more();
	ok(make(&whole, &err));
	for (size_t count = 0;; count++) {
		PKI_CLEANUP(pki_buf_free) struct pki_buf got = { 0 };
		struct pki_err own = { 0 };
		fail_after(count);
		enum pki_status status = make(&got, &own);
		fail_no_more();
		if (status == PKI_OK) {
			assert_int_equal(got.len, whole.len);
			assert_memory_equal(got.data, whole.data, got.len);
		} else {
			assert_true(failed);
			failures++;
		}
		if (!failed)
			break;
	}
	assert_true(failures > 10);
}

static struct {
	struct writer writer;
	struct job job;
} f;

static int
set_up(void **state)
{
	assert_int_equal(setup(state), 0);
	issue_first(*state);
	struct pki_cert_row cert = make_cert(1, "H-1", 1);
	memset(&f, 0, sizeof f);
	f.writer.ledger = ((struct fixture *)*state)->ledger;
	f.writer.now = 1795312000000;
	f.job.kind = JOB_ORDER;
	f.job.body = (struct pki_bytes){ (const uint8_t *)"cms", 3 };
	struct facts *facts = &f.job.facts;
	strcpy(facts->order.id, ORDER);
	strcpy(facts->order.holder, "H-00000000000000000000000000000001");
	strcpy(facts->cause, "lost-phone");
	memset(facts->order.digest, 7, sizeof facts->order.digest);
	facts->order.action = PKI_ACTION_REVOKE;
	facts->reason = PKI_REASON_KEY_COMPROMISE;
	facts->reported = f.writer.now - 1000;
	facts->officer_count = 2;
	for (size_t i = 0; i < facts->officer_count; i++)
		ok(pki_serial_random(&facts->officers[i], &err));
	f.job.target_count = 1;
	f.job.targets[0].issuer = PKI_ISSUER_CA;
	f.job.targets[0].serial = cert.serial;
	pki_cert_row_free(&cert);
	ok(pki_ledger_begin(f.writer.ledger, &err));
	/* of the entry that issue_first() added */
	ok(pki_ledger_add_hash(f.writer.ledger, 0, 0, &(struct pki_hash){ { 1 } }, &err));
	return 0;
}

static int
tear_down(void **state)
{
	fail_no_more();
	pki_ledger_rollback(f.writer.ledger);
	return teardown(state);
}

static enum pki_status
entry_and_reply(struct pki_buf *out, struct pki_err *own)
{
	struct pki_ledger *ledger = f.writer.ledger;
	if (pki_ledger_mark(ledger, NULL) != PKI_OK)
		fail_msg("no mark");
	enum pki_status status = write_order(&f.writer, &f.job, own);
	if (status == PKI_OK)
		status = pki_ledger_entry(ledger, f.job.index, out, own);
	if (status == PKI_OK)
		order_reply_add_log(&f.job.reply, 1, 2);
	if (status == PKI_OK)
		status = pki_json_write(&f.job.reply, out, own);
	pki_json_free(&f.job.reply);
	pki_ledger_undo(ledger);
	return status;
}

static void
a_log_entry_and_a_reply(void **state)
{
	(void)state;
	fail_each(entry_and_reply);
}

static enum pki_status
certificates(struct pki_buf *out, struct pki_err *own)
{
	static uint8_t octets[] = "not a certificate, as the reply does not look";
	const struct pki_order_row order = { .action = PKI_ACTION_ISSUE,
		.id = ORDER,
		.holder = "H-00000000000000000000000000000001",
		.committed = 1000 };
	const struct pki_cert_row row = { .profile = "holder-signature",
		.serial = f.job.facts.officers[0],
		.der = { .data = octets, .len = sizeof octets } };
	PKI_CLEANUP(order_reply_free)
	struct order_reply reply = order_reply_begin(&order);
	PKI_TRY(order_reply_add_certificate(&reply, &row, own));
	PKI_TRY(order_reply_add_certificate(&reply, &row, own));
	PKI_CLEANUP(pki_json_free) struct pki_json json = order_reply_end(&reply);
	order_reply_add_log(&json, 1, 2);
	return pki_json_write(&json, out, own);
}

static void
a_reply_with_certificates(void **state)
{
	(void)state;
	fail_each(certificates);
}

static enum pki_status
receipt(struct pki_buf *out, struct pki_err *own)
{
	struct pki_order_row row = { .action = PKI_ACTION_REVOKE,
		.id = ORDER,
		.holder = "H-00000000000000000000000000000001",
		.committed = f.writer.now,
		.log_index = f.job.index };
	PKI_CLEANUP(pki_buf_free) struct pki_buf entry = { 0 };
	return receipt_content(&f.writer, &row, &entry, out, own);
}

static void
a_receipt(void **state)
{
	(void)state;
	struct pki_bytes note = { (const uint8_t *)"a note", 6 };
	ok(write_order(&f.writer, &f.job, &err));
	ok(pki_ledger_entry_count(f.writer.ledger, &f.writer.checkpoint, &err));
	ok(pki_ledger_add_checkpoint(f.writer.ledger, f.writer.checkpoint, note, &err));
	fail_each(receipt);
	pki_json_free(&f.job.reply);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_log_entry_and_a_reply, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_reply_with_certificates, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_receipt, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
