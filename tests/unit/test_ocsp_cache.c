/* Ready answers: found by their whole question, at the view that was last put. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ocsp/cache.h"
#include "tests/unit/common/expect.h"

#define SLOTS 64

static struct pki_bytes
question(uint64_t *n)
{
	return (struct pki_bytes){ (const uint8_t *)n, sizeof *n };
}

static void
put(struct cache *cache, uint64_t n, uint64_t at)
{
	struct ready *ready = NULL;
	ok(ready_new(question(&n), &ready, &err));
	ready->this_update = (pki_time)n;
	cache_put(cache, ready, at);
	ready_free(ready);
}

/* The view's number, 0 if the answer is not there; never another question's answer. */
static uint64_t
find(struct cache *cache, uint64_t n)
{
	uint64_t at;
	struct ready *ready = cache_find(cache, question(&n), &at);
	if (ready == NULL)
		return 0;
	assert_int_equal(ready->this_update, n);
	ready_free(ready);
	return at;
}

static void
an_answer_is_found_at_its_last_view(void **state)
{
	(void)state;
	struct cache *cache = NULL;
	ok(cache_new(SLOTS, &cache, &err));
	assert_int_equal(find(cache, 1), 0);
	put(cache, 1, 7);
	put(cache, 2, 8);
	assert_int_equal(find(cache, 1), 7);
	put(cache, 1, 9);
	assert_int_equal(find(cache, 1), 9);
	assert_int_equal(find(cache, 2), 8);
	uint64_t n = 1, at;
	assert_null(cache_find(cache, (struct pki_bytes){ question(&n).data, 4 }, &at));
	cache_free(cache);
}

static void
a_full_cache_lets_others_go(void **state)
{
	(void)state;
	struct cache *cache = NULL;
	size_t there = 0;
	ok(cache_new(SLOTS, &cache, &err));
	for (uint64_t n = 1; n <= 1000; n++) {
		put(cache, n, n);
		assert_int_equal(find(cache, n), n);
	}
	for (uint64_t n = 1; n <= 1000; n++)
		there += find(cache, n) != 0;
	assert_int_equal(there, SLOTS);
	cache_free(cache);
}

/* Who found it keeps it, whatever comes in its place. */
static void
an_answer_outlives_its_place(void **state)
{
	(void)state;
	struct cache *cache = NULL;
	uint64_t n = 1, at;
	ok(cache_new(1, &cache, &err));
	put(cache, 1, 1);
	struct ready *ready = cache_find(cache, question(&n), &at);
	for (uint64_t other = 2; other < 100; other++)
		put(cache, other, 1);
	cache_free(cache);
	assert_int_equal(ready->this_update, 1);
	ready_free(ready);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_is_found_at_its_last_view),
		cmocka_unit_test(a_full_cache_lets_others_go),
		cmocka_unit_test(an_answer_outlives_its_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
