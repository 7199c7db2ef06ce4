#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bn.h>

#include "libpki/base/mem.h"
#include "libpki/x509/weak.h"

enum { PRIME_BITS = 1536 };

static BN_CTX *ctx;

static int
open_ctx(void **state)
{
	(void)state;
	ctx = BN_CTX_new();
	return ctx == NULL;
}

static int
close_ctx(void **state)
{
	(void)state;
	BN_CTX_free(ctx);
	return 0;
}

static BIGNUM *
random_prime(void)
{
	BIGNUM *p = BN_new();
	assert_int_equal(BN_generate_prime_ex(p, PRIME_BITS, 0, NULL, NULL, NULL), 1);
	return p;
}

/* The first prime from start on, which it takes over. */
static BIGNUM *
prime_from(BIGNUM *start)
{
	BN_set_bit(start, 0);
	while (BN_check_prime(start, ctx, NULL) != 1)
		BN_add_word(start, 2);
	return start;
}

static void
check_product(BIGNUM *p, BIGNUM *q, enum pki_status want_status, const char *want_text)
{
	BIGNUM *n = BN_new();
	struct pki_err err = { 0 };
	assert_int_equal(BN_mul(n, p, q, ctx), 1);
	assert_int_equal(pki_weak_modulus(n, &err), want_status);
	if (want_status != PKI_OK) {
		assert_int_equal(err.rule, PKI_RULE_WEAK_KEY);
		assert_non_null(strstr(err.msg, want_text));
	}
	BN_free(n);
	BN_free(p);
	BN_free(q);
}

static void
r31_ordinary_modulus_passes(void **state)
{
	(void)state;
	check_product(random_prime(), random_prime(), PKI_OK, NULL);
}

static void
r31_small_factors(void **state)
{
	(void)state;
	static const struct {
		unsigned factor;
		enum pki_status want_status;
	} cases[] = { { 2, PKI_REFUSED }, { 3, PKI_REFUSED }, { 167, PKI_REFUSED },
		{ 751, PKI_REFUSED }, { 757, PKI_OK } };
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		BIGNUM *q = BN_new();
		BN_set_word(q, cases[i].factor);
		check_product(random_prime(), q, cases[i].want_status, "factor");
	}
}

/*
 * (p - q)^2 / (8 sqrt(n)) rounds find the primes p and q = p + d; p is about 0.87 * 2^1536,
 * so that d = x * 2^768 takes x^2 / 7 rounds.
 */
static void
r31_fermat_100_rounds(void **state)
{
	(void)state;
	static const struct {
		unsigned x;
		enum pki_status want_status;
	} cases[] = { { 0, PKI_REFUSED }, { 5, PKI_REFUSED }, { 23, PKI_REFUSED },
		{ 33, PKI_OK } };
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		BIGNUM *p = BN_new();
		BIGNUM *q = BN_new();
		assert_int_equal(BN_set_word(p, 7), 1);
		assert_int_equal(BN_lshift(p, p, PRIME_BITS - 3), 1);
		prime_from(p);
		assert_int_equal(BN_set_word(q, cases[i].x), 1);
		assert_int_equal(BN_lshift(q, q, PRIME_BITS / 2), 1);
		assert_int_equal(BN_add(q, q, p) && BN_add_word(q, 2), 1);
		prime_from(q);
		check_product(p, q, cases[i].want_status, "Fermat");
	}
}

/* The square of a prime is the closest of all. */
static void
r31_square(void **state)
{
	(void)state;
	BIGNUM *p = random_prime();
	check_product(p, BN_dup(p), PKI_REFUSED, "Fermat");
}

/* k * M + 65537^a mod M, M the product of the first `count` primes: ROCA's own formula. */
static BIGNUM *
roca_prime(unsigned a)
{
	BIGNUM *m = BN_new();
	BIGNUM *g = BN_new();
	BIGNUM *e = BN_new();
	BIGNUM *p = BN_new();
	BN_set_word(m, 2);
	for (unsigned q = 3; q <= 701; q += 2) {
		BN_set_word(p, q);
		if (BN_check_prime(p, ctx, NULL) == 1)
			BN_mul_word(m, q);
	}
	BN_set_word(g, 65537);
	BN_set_word(e, a);
	assert_int_equal(BN_mod_exp(p, g, e, m, ctx), 1);
	BN_set_word(g, 1);
	assert_int_equal(BN_lshift(g, g, PRIME_BITS - 1), 1);
	BN_div(g, NULL, g, m, ctx);
	BN_mul(g, g, m, ctx);
	BN_add(p, p, g);
	while (BN_check_prime(p, ctx, NULL) != 1)
		BN_add(p, p, m);
	BN_free(m);
	BN_free(g);
	BN_free(e);
	return p;
}

static void
r31_roca(void **state)
{
	(void)state;
	check_product(roca_prime(123457), roca_prime(987654), PKI_REFUSED, "ROCA");
	check_product(roca_prime(123457), random_prime(), PKI_OK, NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(r31_ordinary_modulus_passes),
		cmocka_unit_test(r31_small_factors),
		cmocka_unit_test(r31_fermat_100_rounds),
		cmocka_unit_test(r31_square),
		cmocka_unit_test(r31_roca),
	};
	return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
