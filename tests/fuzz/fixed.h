/* Keys are the same in every run, so that signatures in the corpus verify in every run. */
#ifndef TESTS_FUZZ_FIXED_H
#define TESTS_FUZZ_FIXED_H

#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "libpki/x509/cert.h"

/* 2025-11-22 and ten years later */
#define FIXED_FROM ((pki_time)1763769600)
#define FIXED_TO (FIXED_FROM + (pki_time)3652 * 86400)

static inline void
fixed_must(bool worked, const char *what)
{
	if (worked)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

/* A P-256 key. Each of the 32 octets of its private half is `which`. */
static inline EVP_PKEY *
fixed_key(uint8_t which)
{
	/* ECPrivateKey (RFC 5915): version 1, the key, [0] prime256v1 */
	uint8_t der[51] = { 0x30, 49, 0x02, 1, 1, 0x04, 32 };
	static const uint8_t curve[] = { 0xa0, 10, 0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d,
		3, 1, 7 };
	const uint8_t *p = der;
	memset(der + 7, which, 32);
	memcpy(der + 39, curve, sizeof curve);
	EVP_PKEY *key = d2i_PrivateKey(EVP_PKEY_EC, NULL, &p, sizeof der);
	fixed_must(key != NULL, "a fixed key");
	return key;
}

struct fixed_cert {
	const char *name; /* commonName */
	EVP_PKEY *key;
	X509 *issuer; /* NULL: self-signed */
	EVP_PKEY *issuer_key;
	const char *const (
		*extensions)[2]; /* name and value as openssl x509v3_config(5) writes
					      * them; ends with { NULL } */
};

static inline X509 *
fixed_certify(const struct fixed_cert *spec)
{
	X509 *x = X509_new();
	fixed_must(x != NULL && X509_set_version(x, X509_VERSION_3) == 1 &&
			   ASN1_INTEGER_set(X509_get_serialNumber(x), 77) == 1 &&
			   ASN1_TIME_set(X509_getm_notBefore(x), FIXED_FROM) != NULL &&
			   ASN1_TIME_set(X509_getm_notAfter(x), FIXED_TO) != NULL &&
			   X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN",
				   MBSTRING_UTF8, (const unsigned char *)spec->name, -1,
				   -1, 0) == 1,
		spec->name);
	X509 *issuer = spec->issuer != NULL ? spec->issuer : x;
	fixed_must(X509_set_issuer_name(x, X509_get_subject_name(issuer)) == 1 &&
			   X509_set_pubkey(x, spec->key) == 1,
		spec->name);
	X509V3_CTX ctx;
	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	for (size_t i = 0; spec->extensions[i][0] != NULL; i++) {
		X509_EXTENSION *extension = X509V3_EXT_conf(
			NULL, &ctx, spec->extensions[i][0], spec->extensions[i][1]);
		fixed_must(extension != NULL && X509_add_ext(x, extension, -1) == 1,
			spec->extensions[i][0]);
		X509_EXTENSION_free(extension);
	}
	fixed_must(X509_sign(x, spec->issuer_key != NULL ? spec->issuer_key : spec->key,
			   EVP_sha256()) > 0,
		spec->name);
	return x;
}

/* The certificate as a struct pki_cert. */
static inline struct pki_cert *
fixed_wrap(X509 *x509)
{
	struct pki_cert *cert = NULL;
	struct pki_err err = { 0 };
	fixed_must(pki_cert_from_x509(x509, &cert, &err) == PKI_OK, err.msg);
	return cert;
}

#endif
