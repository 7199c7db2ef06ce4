/* Any changes within a transaction are undone exactly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ca/signer/transaction.h"

/* Serials of one octet, 1 to KINDS - 1. */
#define KINDS 24
#define ROUNDS 2000

static struct pki_revoked
entry(unsigned kind)
{
	return (struct pki_revoked){ .serial = { .octets = { (uint8_t)kind }, .len = 1 },
		.revoked_at = 1000 + kind,
		.reason = PKI_REASON_SUPERSEDED };
}

static bool
lists(const struct revoked_set *set, unsigned kind)
{
	struct pki_revoked want = entry(kind);
	return revoked_set_find(set, &want.serial) != NULL;
}

/* Entries of which some are in the set, or none is. */
static struct revoked_set
choose(const struct revoked_set *set, bool present)
{
	struct revoked_set out = { 0 };
	for (unsigned kind = 1; kind < KINDS; kind++) {
		struct pki_revoked item = entry(kind);
		if (lists(set, kind) == present && random() % 4 == 0)
			assert_int_equal(
				revoked_set_append(&out, &item, 1, NULL), PKI_OK);
	}
	return out;
}

static void
assert_sorted(const struct revoked_set *set)
{
	for (size_t i = 1; i < set->count; i++)
		assert_true(pki_serial_compare(&set->items[i - 1].serial,
				    &set->items[i].serial) < 0);
}

static void
change(struct transaction *t)
{
	struct revoked_set expired = choose(&t->revoked, true);
	struct revoked_set fresh = choose(&t->revoked, false);
	bool want[KINDS];
	for (unsigned kind = 1; kind < KINDS; kind++)
		want[kind] = (lists(&t->revoked, kind) && !lists(&expired, kind)) ||
			     lists(&fresh, kind);
	transaction_begin(t);
	assert_int_equal(transaction_change(t, &fresh, &expired, NULL), PKI_OK);
	assert_int_equal(fresh.count + expired.count, 0);
	for (unsigned kind = 1; kind < KINDS; kind++) {
		assert_int_equal(lists(&t->revoked, kind), want[kind]);
		assert_false(lists(&t->added, kind) && lists(&t->removed, kind));
	}
	assert_sorted(&t->revoked);
	assert_sorted(&t->added);
	assert_sorted(&t->removed);
}

static void
r58_undone_as_if_it_had_not_been(void **state)
{
	(void)state;
	struct transaction t = { .under_way = false };
	srandom(1);
	for (size_t i = 0; i < ROUNDS; i++) {
		bool before[KINDS];
		t.last.crl_number = i;
		for (unsigned kind = 1; kind < KINDS; kind++)
			before[kind] = lists(&t.revoked, kind);
		for (long n = random() % 5; n >= 0; n--)
			change(&t);
		t.last.crl_number = UINT64_MAX;
		if (random() % 3 == 0) {
			transaction_end(&t);
			continue;
		}
		transaction_undo(&t);
		assert_int_equal(t.last.crl_number, i);
		for (unsigned kind = 1; kind < KINDS; kind++)
			assert_int_equal(lists(&t.revoked, kind), before[kind]);
		assert_sorted(&t.revoked);
	}
	transaction_free(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(r58_undone_as_if_it_had_not_been),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
