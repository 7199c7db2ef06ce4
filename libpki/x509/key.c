#include "libpki/x509/key.h"

#include <limits.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdatomic.h>
#include <string.h>

#include "libpki/asn1/spki.h"
#include "libpki/x509/weak.h"

#define RSA_BITS_MIN 3072 /* rule 94 */
#define RSA_BITS_MAX \
	16384 /* larger moduli would let an attacker spend the verifier's time */
#define RSA_EXPONENT_BITS_MIN 17 /* 2^16 < e < 2^256, e odd (rule 93) */
#define RSA_EXPONENT_BITS_MAX 256

/* SEC 1 2.3.3. Any further form would give a known key a second hash (rule 36). */
#define EC_UNCOMPRESSED 0x04

/* The canonical SubjectPublicKeyInfo identifies a key, whatever encoding was parsed. */
struct pki_key {
	atomic_uint more_owners;
	EVP_PKEY *pkey;
	enum pki_key_alg alg; /* 0: unknown to this suite */
	int bits;
	struct pki_buf spki;
	size_t point_len; /* subjectPublicKey's value, the last octets of spki */
	EVP_MD_CTX
	*signing; /* ready; each signature takes a copy; NULL before the first */
};

static const struct alg {
	enum pki_key_alg alg;
	const char *name;
	const char *group; /* OpenSSL's, NULL: not EC */
	size_t rsa_bits;
} algs[] = {
	{ PKI_ALG_P256, "P-256", "prime256v1", 0 },
	{ PKI_ALG_P384, "P-384", "secp384r1", 0 },
	{ PKI_ALG_P521, "P-521", "secp521r1", 0 },
	{ PKI_ALG_ED25519, "Ed25519", NULL, 0 },
	{ PKI_ALG_RSA3072, "RSA-3072", NULL, 3072 },
	{ PKI_ALG_RSA4096, "RSA-4096", NULL, 4096 },
};

enum pki_key_alg
pki_key_alg_by_name(const char *name)
{
	for (size_t i = 0; i < PKI_COUNT(algs); i++)
		if (strcmp(algs[i].name, name) == 0)
			return algs[i].alg;
	return 0;
}

const char *
pki_key_alg_name(enum pki_key_alg alg)
{
	for (size_t i = 0; i < PKI_COUNT(algs); i++)
		if (algs[i].alg == alg)
			return algs[i].name;
	return NULL;
}

/* 0 for curves without a name of ours; explicit parameters count as no name (RFC
 * 5480 2.1.1) */
static enum pki_key_alg
curve_alg(const EVP_PKEY *pkey)
{
	char group[32];
	int explicit = 0;
	if (EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL) != 1)
		return 0;
	if (EVP_PKEY_get_int_param(pkey, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
		    &explicit) != 1 ||
		explicit != 0)
		return 0;
	for (size_t i = 0; i < PKI_COUNT(algs); i++)
		if (algs[i].group != NULL && strcmp(algs[i].group, group) == 0)
			return algs[i].alg;
	return 0;
}

static enum pki_key_alg
alg_of(const EVP_PKEY *pkey)
{
	switch (EVP_PKEY_get_base_id(pkey)) {
	case EVP_PKEY_EC:
		return curve_alg(pkey);
	case EVP_PKEY_ED25519:
		return PKI_ALG_ED25519;
	case EVP_PKEY_RSA:
		return PKI_ALG_RSA3072;
	default:
		return 0;
	}
}

static enum pki_status
encode_spki(struct pki_key *key, struct pki_err *err)
{
	X509_PUBKEY *pub = NULL;
	unsigned char *der = NULL;
	const unsigned char *point = NULL;
	int point_len = 0;
	if (X509_PUBKEY_set(&pub, key->pkey) != 1 ||
		X509_PUBKEY_get0_param(NULL, &point, &point_len, NULL, pub) != 1) {
		X509_PUBKEY_free(pub);
		return pki_fail_ssl(
			err, PKI_INPUT, "a public key that cannot be encoded");
	}
	int len = i2d_X509_PUBKEY(pub, &der);
	X509_PUBKEY_free(pub);
	if (len <= 0)
		return pki_fail_ssl(
			err, PKI_INPUT, "a public key that cannot be encoded");
	enum pki_status st = pki_buf_append(&key->spki, der, (size_t)len, err);
	OPENSSL_free(der);
	key->point_len = (size_t)point_len;
	if (st == PKI_OK && EVP_PKEY_get_base_id(key->pkey) == EVP_PKEY_EC &&
		key->spki.data[key->spki.len - key->point_len] != EC_UNCOMPRESSED)
		return pki_fail(err, PKI_INPUT,
			"the EC point is compressed; RFC 5480 2.2: encode it uncompressed");
	return st;
}

/* Takes pkey over, also on failure. spki NULL: the key was decoded by OpenSSL. */
static enum pki_status
adopt(EVP_PKEY *pkey, struct pki_buf *spki, size_t point_len, struct pki_key **out,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_key_cleanup) struct pki_key *key = calloc(1, sizeof *key);
	if (key == NULL) {
		EVP_PKEY_free(pkey);
		return pki_fail(err, PKI_MEMORY, "a key");
	}
	key->pkey = pkey;
	key->alg = alg_of(pkey);
	key->bits = EVP_PKEY_get_bits(pkey);
	if (spki == NULL) {
		PKI_TRY(encode_spki(key, err));
	} else {
		key->spki = *spki;
		key->point_len = point_len;
		*spki = (struct pki_buf){ 0 };
	}
	*out = key;
	key = NULL;
	return PKI_OK;
}

enum pki_status
pki_key_generate(enum pki_key_alg alg, struct pki_key **out, struct pki_err *err)
{
	EVP_PKEY *pkey = NULL;
	for (size_t i = 0; i < PKI_COUNT(algs); i++) {
		if (algs[i].alg != alg)
			continue;
		if (algs[i].rsa_bits != 0)
			pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", algs[i].rsa_bits);
		else if (algs[i].group != NULL)
			pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", algs[i].group);
		else
			pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	}
	if (pkey == NULL)
		return pki_fail_ssl(err, PKI_INTERNAL,
			"cannot generate a key of algorithm %d", (int)alg);
	return adopt(pkey, NULL, 0, out, err);
}

enum pki_status
pki_key_from_evp(EVP_PKEY *pkey, struct pki_key **out, struct pki_err *err)
{
	if (EVP_PKEY_up_ref(pkey) != 1)
		return pki_fail_ssl(err, PKI_INTERNAL, "a key's reference");
	return adopt(pkey, NULL, 0, out, err);
}

enum pki_status
pki_key_from_spki(struct pki_bytes spki, struct pki_key **out, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf canonical = { 0 };
	EVP_PKEY *pkey = NULL;
	size_t point_len = 0;
	PKI_TRY(pki_spki_decode(spki, &pkey, &canonical, &point_len, err));
	if (pkey != NULL)
		return adopt(pkey, &canonical, point_len, out, err);
	const unsigned char *p = spki.data;
	pkey = spki.len <= LONG_MAX ? d2i_PUBKEY(NULL, &p, (long)spki.len) : NULL;
	if (pkey == NULL)
		return pki_fail_ssl(err, PKI_INPUT, "not a SubjectPublicKeyInfo");
	if (p != spki.data + spki.len) {
		EVP_PKEY_free(pkey);
		return pki_fail(err, PKI_INPUT, "octets after the SubjectPublicKeyInfo");
	}
	/* the OID of X.509's own "rsa" (2.5.8.1.1) would get round the reader of RSA keys */
	if (EVP_PKEY_get_base_id(pkey) == EVP_PKEY_RSA) {
		EVP_PKEY_free(pkey);
		return pki_fail(err, PKI_INPUT,
			"RFC 3279 2.3.1: the algorithm of an RSA key is rsaEncryption");
	}
	return adopt(pkey, NULL, 0, out, err);
}

enum pki_status
pki_key_from_raw_ed25519(const uint8_t raw[32], struct pki_key **out, struct pki_err *err)
{
	EVP_PKEY *pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw, 32);
	if (pkey == NULL)
		return pki_fail_ssl(err, PKI_INPUT, "not an Ed25519 public key");
	return adopt(pkey, NULL, 0, out, err);
}

EVP_PKEY *
pki_key_get0_evp(const struct pki_key *key)
{
	return key->pkey;
}

struct pki_key *
pki_key_share(const struct pki_key *key)
{
	union {
		const struct pki_key *in;
		struct pki_key *out;
	} same = { key };
	atomic_fetch_add(&same.out->more_owners, 1);
	return same.out;
}

void
pki_key_free(struct pki_key *key)
{
	if (key == NULL || atomic_fetch_sub(&key->more_owners, 1) != 0)
		return;
	EVP_MD_CTX_free(key->signing);
	EVP_PKEY_free(key->pkey);
	pki_buf_free(&key->spki);
	free(key);
}

void
pki_key_cleanup(struct pki_key **key)
{
	pki_key_free(*key);
}

static enum pki_status
check_rsa_strength(const struct pki_key *key, struct pki_err *err)
{
	if (key->bits < RSA_BITS_MIN || key->bits > RSA_BITS_MAX)
		return pki_refuse(err, PKI_RULE_RSA_SIZE,
			"the RSA key has %d bits; %d to %d are accepted", key->bits,
			RSA_BITS_MIN, RSA_BITS_MAX);
	BIGNUM *e = NULL;
	if (EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_RSA_E, &e) != 1)
		return pki_fail_ssl(err, PKI_INTERNAL, "reading an RSA exponent");
	int bits = BN_num_bits(e);
	bool odd = BN_is_odd(e) == 1;
	BN_free(e);
	if (bits < RSA_EXPONENT_BITS_MIN || bits > RSA_EXPONENT_BITS_MAX || !odd)
		return pki_refuse(err, PKI_RULE_RSA_SIZE,
			"the RSA exponent has %d bits%s; it must be odd and 2^16 < e < 2^256, 65537 by custom",
			bits, odd ? "" : " and is even");
	return PKI_OK;
}

enum pki_status
pki_key_check_strength(const struct pki_key *key, unsigned allowed, struct pki_err *err)
{
	if (key->alg == 0) {
		const char *name = EVP_PKEY_get0_type_name(key->pkey);
		bool ec = EVP_PKEY_get_base_id(key->pkey) == EVP_PKEY_EC;
		return pki_refuse(err, PKI_RULE_ALGORITHM,
			"a key of %s%s is not accepted",
			name != NULL ? name : "unknown algorithm",
			ec ? " on another curve than the named P-256, P-384, P-521" : "");
	}
	/* a profile with RSA-4096 alone still allows every RSA key of rule 94 */
	unsigned want = key->alg == PKI_ALG_RSA3072 ? PKI_ALG_RSA3072 | PKI_ALG_RSA4096
						    : key->alg;
	if ((allowed & want) == 0)
		return pki_refuse(err, PKI_RULE_ALGORITHM,
			"the profile does not accept a key of %s",
			key->alg == PKI_ALG_RSA3072 ? "RSA" : pki_key_alg_name(key->alg));
	if (key->alg == PKI_ALG_RSA3072)
		return check_rsa_strength(key, err);
	return PKI_OK;
}

static enum pki_status
check_modulus(const struct pki_key *key, struct pki_err *err)
{
	BIGNUM *n = NULL;
	if (EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_RSA_N, &n) != 1)
		return pki_fail_ssl(err, PKI_INTERNAL, "reading an RSA modulus");
	enum pki_status st = pki_weak_modulus(n, err);
	BN_free(n);
	return st;
}

enum pki_status
pki_key_check_composite(const struct pki_key *key, struct pki_err *err)
{
	if (key->alg != PKI_ALG_RSA3072)
		return PKI_OK;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
	bool ok = ctx != NULL && EVP_PKEY_public_check(ctx) == 1;
	EVP_PKEY_CTX_free(ctx);
	if (ok)
		return PKI_OK;
	ERR_clear_error();
	return pki_refuse(err, PKI_RULE_WEAK_KEY,
		"SP 800-89 5.3.3: the RSA modulus is a prime or a power of a prime, so that everybody can compute the private key; make a new key");
}

/* The curves have cofactor 1: a point on the curve, not at infinity, is in the group. */
static enum pki_status
check_point(const struct pki_key *key, struct pki_err *err)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->pkey, NULL);
	bool ok = ctx != NULL && EVP_PKEY_public_check_quick(ctx) == 1;
	EVP_PKEY_CTX_free(ctx);
	if (ok)
		return PKI_OK;
	ERR_clear_error();
	return pki_refuse(err, PKI_RULE_WEAK_KEY,
		"the public point is not on %s; make a new key",
		pki_key_alg_name(key->alg));
}

enum pki_status
pki_key_check(const struct pki_key *key, unsigned allowed, struct pki_err *err)
{
	PKI_TRY(pki_key_check_strength(key, allowed, err));
	if (key->alg == PKI_ALG_RSA3072)
		return check_modulus(key, err);
	/* an Ed25519 key is tested by a signature alone, which every request carries */
	if (key->alg == PKI_ALG_ED25519)
		return PKI_OK;
	return check_point(key, err);
}

enum pki_key_alg
pki_key_get_alg(const struct pki_key *key)
{
	return key->alg;
}

struct pki_bytes
pki_key_get0_spki(const struct pki_key *key)
{
	return pki_buf_bytes(&key->spki);
}

enum pki_status
pki_key_hash(const struct pki_key *key, uint8_t out[PKI_SHA256], struct pki_err *err)
{
	return pki_sha256(key->spki.data, key->spki.len, out, err);
}

enum pki_status
pki_key_id(const struct pki_key *key, uint8_t out[PKI_KEY_ID], struct pki_err *err)
{
	uint8_t hash[PKI_SHA256];
	const uint8_t *point = key->spki.data + key->spki.len - key->point_len;
	PKI_TRY(pki_sha256(point, key->point_len, hash, err));
	memcpy(out, hash, PKI_KEY_ID);
	return PKI_OK;
}

bool
pki_key_matches(const struct pki_key *a, const struct pki_key *b)
{
	return pki_bytes_equal(a->spki.data, a->spki.len, b->spki.data, b->spki.len);
}

enum pki_status
pki_key_raw_public(const struct pki_key *key, uint8_t out[32], struct pki_err *err)
{
	size_t len = 32;
	if (key->alg != PKI_ALG_ED25519 ||
		EVP_PKEY_get_raw_public_key(key->pkey, out, &len) != 1 || len != 32)
		return pki_fail_ssl(err, PKI_STATE, "not an Ed25519 key");
	return PKI_OK;
}

const EVP_MD *
pki_key_md(const struct pki_key *key)
{
	switch (key->alg) {
	case PKI_ALG_P256:
	case PKI_ALG_RSA3072:
	case PKI_ALG_RSA4096:
		return EVP_sha256();
	case PKI_ALG_P384:
		return EVP_sha384();
	case PKI_ALG_P521:
		return EVP_sha512();
	case PKI_ALG_ED25519:
		return NULL;
	}
	return NULL;
}

/* To look up algorithms costs as much as to hash: once in a key's life. */
static bool
prepare(struct pki_key *key)
{
	if (key->signing != NULL)
		return true;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	if (ctx != NULL &&
		EVP_DigestSignInit(ctx, NULL, pki_key_md(key), NULL, key->pkey) == 1)
		key->signing = ctx;
	else
		EVP_MD_CTX_free(ctx);
	return key->signing != NULL;
}

enum pki_status
pki_key_sign(struct pki_key *key, const void *data, size_t len, struct pki_buf *sig,
	struct pki_err *err)
{
	if (key->alg == 0)
		return pki_fail(
			err, PKI_STATE, "a key of an unknown algorithm does not sign");
	size_t room = (size_t)EVP_PKEY_get_size(key->pkey);
	PKI_TRY(pki_buf_reserve(sig, room, err));
	EVP_MD_CTX *ctx = prepare(key) ? EVP_MD_CTX_new() : NULL;
	bool ok = ctx != NULL && EVP_MD_CTX_copy_ex(ctx, key->signing) == 1 &&
		  EVP_DigestSign(ctx, sig->data + sig->len, &room, data, len) == 1;
	EVP_MD_CTX_free(ctx);
	if (!ok)
		return pki_fail_ssl(err, PKI_INTERNAL, "cannot sign with this key");
	sig->len += room;
	sig->data[sig->len] = '\0';
	return PKI_OK;
}

enum pki_status
pki_key_verify(const struct pki_key *key, const void *data, size_t len,
	struct pki_bytes sig, struct pki_err *err)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = key->alg != 0 && ctx != NULL &&
		  EVP_DigestVerifyInit(ctx, NULL, pki_key_md(key), NULL, key->pkey) ==
			  1 &&
		  EVP_DigestVerify(ctx, sig.data, sig.len, data, len) == 1;
	EVP_MD_CTX_free(ctx);
	if (!ok)
		return pki_fail_ssl(
			err, PKI_INPUT, "the signature is not this key's over this data");
	return PKI_OK;
}
