#include "tools/audit/verify/revoked.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/common/expect.h"

#define COUNT 400
#define PARTITIONS 3

/* Serials in no order, ends in another one. */
static struct revocation
make(unsigned i)
{
	unsigned serial = 1 + i * 7919 % 65521;
	return (struct revocation){ .serial = { { (uint8_t)(1 + serial % 127),
							(uint8_t)(serial >> 8),
							(uint8_t)i, (uint8_t)(i >> 8) },
					    4 },
		.not_after = 1000 + i * 31 % 97,
		.partition = i % (PARTITIONS + 1) };
}

static void
fill(struct revoked *revoked, unsigned partitions)
{
	for (unsigned i = 0; i < COUNT; i++) {
		struct revocation one = make(i);
		ok(revoked_add(revoked, &one, &err));
	}
	ok(revoked_ready(revoked, partitions, &err));
}

/* What the ledger says, asked without any memory of the list before. */
static size_t
count_all(const struct revoked *revoked, unsigned partition, uint64_t revocations,
	pki_time cutoff)
{
	size_t count = 0;
	for (size_t i = 0; i < revoked->count && i < revocations; i++)
		count += revoked->all[i].not_after >= cutoff &&
			 (partition == 0 || revoked->all[i].partition == partition);
	return count;
}

static void
check(const struct expected *list, const struct revoked *revoked, unsigned partition)
{
	assert_int_equal(list->count,
		count_all(revoked, partition, list->revocations, list->cutoff));
	for (size_t i = 0; i < list->count; i++) {
		const struct revocation *one = &revoked->all[list->live[i]];
		assert_true(list->live[i] < list->revocations);
		assert_true(one->not_after >= list->cutoff);
		assert_true(partition == 0 || one->partition == partition);
		if (i > 0)
			assert_true(pki_serial_compare(
					    &revoked->all[list->live[i - 1]].serial,
					    &one->serial) < 0);
	}
}

static void
r49_r57_each_list_from_the_one_before(void **state)
{
	(void)state;
	static const struct {
		uint64_t revocations;
		pki_time cutoff;
	} steps[] = { { 0, 0 }, { 3, 0 }, { 3, 0 }, { 50, 0 }, { 50, 1010 }, { 51, 1010 },
		{ 300, 1050 }, { 300, 1096 }, { COUNT, 1096 }, { COUNT + 9, 1000000 },
		/* what no CA makes: it starts anew */
		{ 40, 1096 }, { 60, 0 }, { COUNT, 0 }, { 0, 0 } };
	struct revoked revoked = { 0 };
	fill(&revoked, PARTITIONS);
	for (unsigned k = 0; k <= PARTITIONS; k++) {
		struct expected list = { 0 };
		for (size_t i = 0; i < PKI_COUNT(steps); i++) {
			ok(expected_forward(&list, &revoked, k, steps[i].revocations,
				steps[i].cutoff, &err));
			check(&list, &revoked, k);
		}
		expected_free(&list);
	}
	revoked_free(&revoked);
}

static void
found_by_serial(void **state)
{
	(void)state;
	struct revoked revoked = { 0 };
	fill(&revoked, 0);
	for (unsigned i = 0; i < COUNT; i++) {
		struct revocation one = make(i);
		assert_ptr_equal(revoked_find(&revoked, &one.serial), &revoked.all[i]);
		one.serial.octets[3] ^= 0x80;
		assert_null(revoked_find(&revoked, &one.serial));
	}
	revoked_free(&revoked);
}

static void
nothing_revoked(void **state)
{
	(void)state;
	struct revoked revoked = { 0 };
	struct expected list = { 0 };
	const struct pki_serial serial = { { 1 }, 1 };
	ok(revoked_ready(&revoked, PARTITIONS, &err));
	for (unsigned k = 0; k <= PARTITIONS; k++) {
		ok(expected_forward(&list, &revoked, k, 5, 7, &err));
		assert_int_equal(list.count, 0);
	}
	assert_null(revoked_find(&revoked, &serial));
	expected_free(&list);
	revoked_free(&revoked);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(r49_r57_each_list_from_the_one_before),
		cmocka_unit_test(found_by_serial),
		cmocka_unit_test(nothing_revoked),
	};
	return cmocka_run_group_tests_name("audit_revoked", tests, NULL, NULL);
}
