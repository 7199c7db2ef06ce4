/*
 * Keys: private keys behind a URI, public keys from SubjectPublicKeyInfo. This module owns
 * EVP_PKEY. A URI names a private key, so that a PKCS#11 token can replace a file without
 * changes to callers: "file:PATH" (PKCS#8 PEM, sealed with a passphrase). A bare path counts as
 * file:. Further schemes are refused with CONFIG.
 *
 * A struct pki_key is used by one thread at a time.
 */
#ifndef LIBPKI_X509_KEY_H
#define LIBPKI_X509_KEY_H

#include <openssl/types.h>

#include "libpki/base/hex.h"

struct pki_key;

enum pki_key_alg { /* bits of a profile's set */
	PKI_ALG_P256 = 1 << 0,
	PKI_ALG_P384 = 1 << 1,
	PKI_ALG_P521 = 1 << 2,
	PKI_ALG_ED25519 = 1 << 3,
	PKI_ALG_RSA3072 = 1 << 4, /* RSA of 3072 bits or more; generated with 3072 */
	PKI_ALG_RSA4096 = 1 << 5, /* only to generate; reported as RSA3072 of 4096 bits */
};

/* "P-256", "P-384", "P-521", "Ed25519", "RSA-3072", "RSA-4096"; 0 / NULL if unknown. */
enum pki_key_alg pki_key_alg_by_name(const char *name);
const char *pki_key_alg_name(enum pki_key_alg alg);

enum pki_status pki_key_generate(
	enum pki_key_alg alg, struct pki_key **out, struct pki_err *err) PKI_MUST_CHECK;

/*
 * Seal a private key at uri: PKCS#8, PBES2 with scrypt and AES-256-CBC, mode 0600. STATE if
 * the file exists. pass is borrowed, not kept; never empty.
 */
enum pki_status pki_key_seal(const struct pki_key *key, const char *uri,
	struct pki_bytes pass, struct pki_err *err) PKI_MUST_CHECK;

/*
 * Open a private key: any PKCS#8 PEM sealed by OpenSSL (PBES2 with scrypt or PBKDF2). SECRET if
 * the passphrase is wrong, IO if the file is missing, INPUT if the file is not sealed or holds
 * no key.
 */
enum pki_status pki_key_open(const char *uri, struct pki_bytes pass, struct pki_key **out,
	struct pki_err *err) PKI_MUST_CHECK;

/* A public key from DER SubjectPublicKeyInfo, trailing bytes refused. */
enum pki_status pki_key_from_spki(
	struct pki_bytes spki, struct pki_key **out, struct pki_err *err) PKI_MUST_CHECK;

/* Take a reference of an EVP_PKEY; for csr, cert and order. get0: borrowed. */
enum pki_status pki_key_from_evp(
	EVP_PKEY *pkey, struct pki_key **out, struct pki_err *err) PKI_MUST_CHECK;
EVP_PKEY *pki_key_get0_evp(const struct pki_key *key);

/* One more owner; each owner frees the key once. For keys that no owner changes. */
struct pki_key *pki_key_share(const struct pki_key *key);
void pki_key_free(struct pki_key *key);
void pki_key_cleanup(struct pki_key **key); /* for PKI_CLEANUP */

/*
 * rules 31, 93, 94: refuse a public key unfit for a certificate: an algorithm outside `allowed`
 * (set of pki_key_alg), RSA below 3072 bits or with an exponent outside 2^16 < e < 2^256, ROCA,
 * primes so close that 100 rounds of Fermat factor n, a modulus with a small factor, a point off
 * the curve.
 */
enum pki_status pki_key_check(
	const struct pki_key *key, unsigned allowed, struct pki_err *err) PKI_MUST_CHECK;
/*
 * REFUSED by rule 31: an RSA modulus that is a prime or a power of a prime (SP 800-89 5.3.3;
 * OpenSSL's test, 4 ms with 3072 bits). For a key that pki_key_check() accepted.
 */
enum pki_status pki_key_check_composite(
	const struct pki_key *key, struct pki_err *err) PKI_MUST_CHECK;
/* The cheap part of pki_key_check(): rules 93 and 94. */
enum pki_status pki_key_check_strength(
	const struct pki_key *key, unsigned allowed, struct pki_err *err) PKI_MUST_CHECK;

/* 0 for an unknown algorithm, which pki_key_check() refuses. */
enum pki_key_alg pki_key_get_alg(const struct pki_key *key);

/*
 * DER SubjectPublicKeyInfo in canonical form: the same for every encoding of a key. The SHA-256
 * of the canonical form identifies the key in the ledger.
 */
struct pki_bytes pki_key_get0_spki(const struct pki_key *key);
enum pki_status pki_key_hash(const struct pki_key *key, uint8_t out[PKI_SHA256],
	struct pki_err *err) PKI_MUST_CHECK;
/* rule 6: leftmost 160 bits of SHA-256 of the subjectPublicKey BIT STRING's value. */
#define PKI_KEY_ID 20
enum pki_status pki_key_id(const struct pki_key *key, uint8_t out[PKI_KEY_ID],
	struct pki_err *err) PKI_MUST_CHECK;

/* Both halves of one pair? */
bool pki_key_matches(const struct pki_key *a, const struct pki_key *b);

/*
 * Sign: SHA-256 with P-256 and RSA (PKCS#1 v1.5), SHA-384 with P-384, SHA-512 with P-521,
 * Ed25519 pure. Signature in the algorithm's X.509 encoding.
 */
enum pki_status pki_key_sign(struct pki_key *key, const void *data, size_t len,
	struct pki_buf *sig, struct pki_err *err) PKI_MUST_CHECK;
/* INPUT if the signature is not this key's over data. */
enum pki_status pki_key_verify(const struct pki_key *key, const void *data, size_t len,
	struct pki_bytes sig, struct pki_err *err) PKI_MUST_CHECK;
/* The digest of pki_key_sign(), NULL for Ed25519. */
const EVP_MD *pki_key_md(const struct pki_key *key);

/* Raw public key of an Ed25519 key, for signed notes. */
enum pki_status pki_key_raw_public(
	const struct pki_key *key, uint8_t out[32], struct pki_err *err) PKI_MUST_CHECK;
enum pki_status pki_key_from_raw_ed25519(
	const uint8_t raw[32], struct pki_key **out, struct pki_err *err) PKI_MUST_CHECK;

#endif
