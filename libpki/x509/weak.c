#include "libpki/x509/weak.h"

#include <openssl/bn.h>

#include "libpki/base/mem.h"

#define SMALL_FACTOR_END 752 /* SP 800-89 5.3.3 */
#define FERMAT_ROUNDS 100 /* TLS BR 6.1.1.3 */

/*
 * ROCA (Nemec et al., CCS 2017): each prime is k * M + (65537^a mod M), M a primorial, so n
 * is a power of 65537 mod M. M's prime factors reach 167 for every key size.
 */
#define ROCA_GENERATOR 65537
#define ROCA_PRIME_END 168
#define ROCA_PRIMES 38 /* odd primes below 168 */

static bool
is_prime(unsigned p)
{
	for (unsigned d = 3; d * d <= p; d += 2)
		if (p % d == 0)
			return false;
	return p >= 2 && (p == 2 || p % 2 != 0);
}

/* 0 without a small factor. An error of BN_mod_word() counts as a factor: refused. */
static unsigned
small_factor(const BIGNUM *n)
{
	for (unsigned p = 2; p < SMALL_FACTOR_END; p++)
		if (is_prime(p)) {
			BN_ULONG rest = BN_mod_word(n, p);
			if (rest == 0 || rest == (BN_ULONG)-1)
				return p;
		}
	return 0;
}

/* An exponent, known modulo the order of the generator in a prime's group. */
struct residue {
	unsigned exponent;
	unsigned order;
};

/* n = 65537^exponent mod p? */
static bool
discrete_log(unsigned n, unsigned p, struct residue *out)
{
	unsigned g = ROCA_GENERATOR % p;
	unsigned power = 1;
	bool found = false;
	out->order = 0;
	do {
		if (power == n) {
			found = true;
			out->exponent = out->order;
		}
		power = power * g % p;
		out->order++;
	} while (power != 1);
	return found;
}

static unsigned
gcd(unsigned a, unsigned b)
{
	return b == 0 ? a : gcd(b, a % b);
}

/*
 * Is n a power of the generator modulo each prime, with one exponent for all primes? By the
 * Chinese remainder theorem such an exponent exists exactly if any two residues agree modulo
 * the gcd of the two orders.
 */
static bool
has_roca_fingerprint(const BIGNUM *n)
{
	struct residue residues[ROCA_PRIMES];
	size_t count = 0;
	for (unsigned p = 3; p < ROCA_PRIME_END; p += 2) {
		if (!is_prime(p))
			continue;
		struct residue r = { 0 };
		if (!discrete_log((unsigned)BN_mod_word(n, p), p, &r))
			return false;
		for (size_t i = 0; i < count; i++) {
			unsigned common = gcd(residues[i].order, r.order);
			if (residues[i].exponent % common != r.exponent % common)
				return false;
		}
		residues[count++] = r;
	}
	return true;
}

/* A number that fails a test is no square; about one number in 150 passes all four. */
static bool
may_be_square(const BIGNUM *n)
{
	static const unsigned moduli[] = { 64, 63, 65, 11 };
	for (size_t i = 0; i < PKI_COUNT(moduli); i++) {
		unsigned m = moduli[i];
		unsigned rest = (unsigned)BN_mod_word(n, m);
		bool residue = false;
		for (unsigned x = 0; x <= m / 2 && !residue; x++)
			residue = x * x % m == rest;
		if (!residue)
			return false;
	}
	return true;
}

/* root = floor(sqrt(n)), n > 0, by Newton's method from above. */
static bool
square_root(BIGNUM *root, const BIGNUM *n, BN_CTX *ctx)
{
	BN_CTX_start(ctx);
	BIGNUM *next = BN_CTX_get(ctx);
	bool ok = next != NULL && BN_set_word(next, 1) &&
		  BN_lshift(next, next, (BN_num_bits(n) + 1) / 2);
	do {
		ok = ok && BN_copy(root, next) != NULL &&
		     BN_div(next, NULL, n, root, ctx) && BN_add(next, next, root) &&
		     BN_rshift1(next, next);
	} while (ok && BN_cmp(next, root) < 0);
	BN_CTX_end(ctx);
	return ok;
}

static bool
is_square(const BIGNUM *n, BIGNUM *root, BIGNUM *square, BN_CTX *ctx, bool *out)
{
	*out = false;
	if (BN_is_zero(n)) {
		*out = true;
		return true;
	}
	if (!may_be_square(n))
		return true;
	if (!square_root(root, n, ctx) || !BN_sqr(square, root, ctx))
		return false;
	*out = BN_cmp(square, n) == 0;
	return true;
}

/* n = a^2 - b^2 for an a within FERMAT_ROUNDS above sqrt(n)? False: out of memory. */
static bool
fermat(const BIGNUM *n, BN_CTX *ctx, bool *found)
{
	BIGNUM *a = BN_CTX_get(ctx);
	BIGNUM *b2 = BN_CTX_get(ctx);
	BIGNUM *step = BN_CTX_get(ctx);
	BIGNUM *root = BN_CTX_get(ctx);
	BIGNUM *square = BN_CTX_get(ctx);
	*found = false;
	if (square == NULL || !square_root(a, n, ctx) || !BN_sqr(b2, a, ctx))
		return false;
	if (BN_cmp(b2, n) < 0 && (!BN_add_word(a, 1) || !BN_sqr(b2, a, ctx)))
		return false;
	/* b2 = a^2 - n; the next a's is b2 + 2a + 1 */
	if (!BN_sub(b2, b2, n) || !BN_lshift1(step, a) || !BN_add_word(step, 1))
		return false;
	for (int i = 0; i < FERMAT_ROUNDS && !*found; i++) {
		if (!is_square(b2, root, square, ctx, found))
			return false;
		if (!BN_add(b2, b2, step) || !BN_add_word(step, 2))
			return false;
	}
	return true;
}

enum pki_status
pki_weak_modulus(const BIGNUM *n, struct pki_err *err)
{
	unsigned factor = small_factor(n);
	if (factor != 0)
		return pki_refuse(err, PKI_RULE_WEAK_KEY,
			"the RSA modulus has the factor %u; make a new key", factor);
	if (has_roca_fingerprint(n))
		return pki_refuse(err, PKI_RULE_WEAK_KEY,
			"the RSA modulus has the ROCA fingerprint (CVE-2017-15361): an attacker can factor n; make a new key with different software or hardware");
	BN_CTX *ctx = BN_CTX_new();
	if (ctx == NULL)
		return pki_fail(err, PKI_MEMORY, "checking an RSA modulus");
	BN_CTX_start(ctx);
	bool close = false;
	bool ok = fermat(n, ctx, &close);
	BN_CTX_end(ctx);
	BN_CTX_free(ctx);
	if (!ok)
		return pki_fail_ssl(err, PKI_INTERNAL, "checking an RSA modulus");
	if (close)
		return pki_refuse(err, PKI_RULE_WEAK_KEY,
			"the RSA primes are so close that %d rounds of Fermat's method factor the modulus; make a new key",
			FERMAT_ROUNDS);
	return PKI_OK;
}
