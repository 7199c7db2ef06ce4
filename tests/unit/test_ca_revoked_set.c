/* The set against a plain search: the same items, whatever comes and goes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ca/signer/revoked_set.h"
#include "tests/unit/common/expect.h"

#define KINDS 256

static struct pki_revoked
item(unsigned n)
{
	struct pki_revoked out = { .serial = { .octets = { 0x40 },
					   .len = PKI_SERIAL_MAX },
		.revoked_at = 1000 + (pki_time)n };
	out.serial.octets[0] = (uint8_t)(0x40 + (n * 37) % 64);
	out.serial.octets[19] = (uint8_t)n;
	return out;
}

static void
assert_same(const struct revoked_set *set, const bool present[KINDS])
{
	size_t count = 0;
	for (unsigned n = 0; n < KINDS; n++) {
		struct pki_revoked want = item(n);
		const struct pki_revoked *found = revoked_set_find(set, &want.serial);
		assert_int_equal(found != NULL, present[n]);
		if (found != NULL)
			assert_int_equal(found->revoked_at, want.revoked_at);
		count += present[n];
	}
	assert_int_equal(set->count, count);
	for (size_t i = 1; i < set->count; i++)
		assert_true(pki_serial_compare(&set->items[i - 1].serial,
				    &set->items[i].serial) < 0);
}

/* A random choice of those that are (not) there. */
static struct revoked_set
choose(const bool present[KINDS], bool of, long one_in)
{
	struct revoked_set out = { 0 };
	for (unsigned n = 0; n < KINDS; n++) {
		struct pki_revoked it = item(n);
		if (present[n] == of && random() % one_in == 0)
			ok(revoked_set_append(&out, &it, 1, &err));
	}
	revoked_set_sort(&out);
	return out;
}

static void
comes_and_goes(void **state)
{
	(void)state;
	struct revoked_set set = { 0 };
	bool present[KINDS] = { false };
	srandom(42);
	for (int round = 0; round < 2000; round++) {
		bool add = random() % 2 == 0;
		struct revoked_set change = choose(present, !add, 1 + random() % 40);
		if (add)
			ok(revoked_set_add(&set, &change, &err));
		else
			revoked_set_remove(&set, &change);
		for (size_t i = 0; i < change.count; i++)
			present[change.items[i].serial.octets[19]] = add;
		revoked_set_free(&change);
		assert_same(&set, present);
	}
	revoked_set_free(&set);
}

static void
removes_what_is_there_alone(void **state)
{
	(void)state;
	struct revoked_set set = { 0 }, less = { 0 };
	revoked_set_remove(&set, &less);
	for (unsigned n = 0; n < 10; n++) {
		struct pki_revoked it = item(n);
		ok(revoked_set_append(n % 3 == 0 ? &set : &less, &it, 1, &err));
	}
	revoked_set_sort(&set);
	revoked_set_sort(&less);
	revoked_set_remove(&set, &less);
	assert_int_equal(set.count, 4);
	revoked_set_remove(&set, &set);
	assert_int_equal(set.count, 0);
	revoked_set_free(&set);
	revoked_set_free(&less);
}

static void
seeks_from_anywhere(void **state)
{
	(void)state;
	struct revoked_set set = { 0 };
	struct pki_revoked it = item(0);
	assert_int_equal(revoked_set_seek(&set, 0, &it.serial), 0);
	memset(it.serial.octets, 0x40, sizeof it.serial.octets);
	for (unsigned n = 0; n < 100; n++) {
		it.serial.octets[19] = (uint8_t)(2 * n);
		ok(revoked_set_append(&set, &it, 1, &err));
	}
	for (size_t from = 0; from <= 100; from++)
		for (unsigned n = 0; n <= 200; n++) {
			size_t want = (n + 1) / 2 > from ? (n + 1) / 2 : from;
			it.serial.octets[19] = (uint8_t)n;
			assert_int_equal(revoked_set_seek(&set, from, &it.serial), want);
		}
	revoked_set_free(&set);
}

static void
moves_all(void **state)
{
	(void)state;
	struct revoked_set set = { 0 }, from = { 0 };
	bool present[KINDS] = { 0 };
	ok(revoked_set_move(&set, &from, &err));
	assert_int_equal(set.count, 0);
	for (unsigned n = 0; n < 30; n++) {
		struct pki_revoked it = item(n);
		present[n] = true;
		ok(revoked_set_append(&from, &it, 1, &err));
		if (n % 10 != 9)
			continue;
		ok(revoked_set_move(&set, &from, &err));
		assert_null(from.items);
		assert_int_equal(from.count + from.cap, 0);
	}
	revoked_set_sort(&set);
	assert_same(&set, present);
	revoked_set_free(&set);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_and_goes),
		cmocka_unit_test(removes_what_is_there_alone),
		cmocka_unit_test(seeks_from_anywhere),
		cmocka_unit_test(moves_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
