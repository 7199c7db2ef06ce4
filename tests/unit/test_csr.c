#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "libpki/x509/csr.h"

static struct pki_bytes
bytes(const void *data, size_t len)
{
	return (struct pki_bytes){ data, len };
}

static void
make(enum pki_key_alg alg, struct pki_buf *der)
{
	PKI_CLEANUP(pki_key_cleanup) struct pki_key *key = NULL;
	struct pki_err err = { 0 };
	assert_int_equal(pki_key_generate(alg, &key, &err), PKI_OK);
	assert_int_equal(pki_csr_make(key, der, &err), PKI_OK);
}

/* How another's request would look: subject, digest, padding, version. */
static void
make_with(EVP_PKEY *pkey, const EVP_MD *md, int pss, struct pki_buf *der)
{
	X509_REQ *req = X509_REQ_new();
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx = NULL;
	unsigned char *octets = NULL;
	struct pki_err err = { 0 };
	assert_int_equal(X509_REQ_set_pubkey(req, pkey), 1);
	assert_int_equal(EVP_DigestSignInit(ctx, &pctx, md, NULL, pkey), 1);
	if (pss)
		assert_int_equal(
			EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING), 1);
	assert_true(X509_REQ_sign_ctx(req, ctx) > 0);
	int len = i2d_X509_REQ(req, &octets);
	assert_int_equal(pki_buf_append(der, octets, (size_t)len, &err), PKI_OK);
	OPENSSL_free(octets);
	EVP_MD_CTX_free(ctx);
	X509_REQ_free(req);
	EVP_PKEY_free(pkey);
}

static void
r39_own_requests_parse(void **state)
{
	(void)state;
	static const enum pki_key_alg algs[] = { PKI_ALG_P256, PKI_ALG_P384, PKI_ALG_P521,
		PKI_ALG_ED25519, PKI_ALG_RSA3072 };
	for (size_t i = 0; i < PKI_COUNT(algs); i++) {
		PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 };
		PKI_CLEANUP(pki_csr_cleanup) struct pki_csr *csr = NULL;
		struct pki_err err = { 0 };
		make(algs[i], &der);
		assert_int_equal(pki_csr_parse(pki_buf_bytes(&der), &csr, &err), PKI_OK);
		assert_int_equal(pki_key_get_alg(pki_csr_get0_key(csr)), algs[i]);
		struct pki_bytes kept = pki_csr_get0_der(csr);
		assert_true(pki_bytes_equal(kept.data, kept.len, der.data, der.len));
	}
}

static void
r39_pem_and_pss(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 };
	PKI_CLEANUP(pki_csr_cleanup) struct pki_csr *csr = NULL;
	struct pki_err err = { 0 };
	make_with(EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)3072), EVP_sha256(), 1,
		&der);
	BIO *bio = BIO_new(BIO_s_mem());
	assert_true(BIO_puts(bio, "\n") > 0);
	assert_true(PEM_write_bio(
			    bio, "CERTIFICATE REQUEST", "", der.data, (long)der.len) > 0);
	char *text;
	long len = BIO_get_mem_data(bio, &text);
	assert_int_equal(pki_csr_parse(bytes(text, (size_t)len), &csr, &err), PKI_OK);
	assert_int_equal(pki_csr_get0_der(csr).len, der.len);
	BIO_free(bio);
}

static void
r39_bad_signature(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 };
	struct pki_csr *csr = NULL;
	struct pki_err err = { 0 };
	make(PKI_ALG_ED25519, &der);
	der.data[der.len - 1] ^= 1;
	assert_int_equal(pki_csr_parse(pki_buf_bytes(&der), &csr, &err), PKI_REFUSED);
	assert_int_equal(err.rule, PKI_RULE_POSSESSION);
	assert_null(csr);
}

/* Somebody else's public key in the place of the signer's. */
static void
r39_borrowed_key(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 };
	PKI_CLEANUP(pki_key_cleanup) struct pki_key *other = NULL;
	struct pki_csr *csr = NULL;
	struct pki_err err = { 0 };
	make(PKI_ALG_ED25519, &der);
	assert_int_equal(pki_key_generate(PKI_ALG_ED25519, &other, &err), PKI_OK);
	struct pki_bytes spki = pki_key_get0_spki(other);
	uint8_t *at = memmem(der.data, der.len, spki.data, spki.len - 32);
	assert_non_null(at);
	memcpy(at, spki.data, spki.len);
	assert_int_equal(pki_csr_parse(pki_buf_bytes(&der), &csr, &err), PKI_REFUSED);
	assert_int_equal(err.rule, PKI_RULE_POSSESSION);
}

static void
r94_weak_digest(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 };
	struct pki_csr *csr = NULL;
	struct pki_err err = { 0 };
	make_with(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"), EVP_sha1(), 0, &der);
	assert_int_equal(pki_csr_parse(pki_buf_bytes(&der), &csr, &err), PKI_REFUSED);
	assert_int_equal(err.rule, PKI_RULE_ALGORITHM);
	assert_non_null(strstr(err.msg, "SHA1"));
}

static void
malformed(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf longer = { 0 };
	struct pki_err err = { 0 };
	static uint8_t zeros[2 * PKI_CSR_MAX + 1];
	static const char certificate[] =
		"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
	static const char cut[] = "-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n";
	make(PKI_ALG_P256, &der);
	assert_int_equal(pki_buf_append(&longer, der.data, der.len, &err), PKI_OK);
	assert_int_equal(pki_buf_append(&longer, "", 1, &err), PKI_OK);
	const struct {
		struct pki_bytes in;
		enum pki_status want_status;
		const char *want_text;
	} cases[] = {
		{ bytes("", 0), PKI_INPUT, "PKCS#10" },
		{ bytes("garbage", 7), PKI_INPUT, "PKCS#10" },
		{ bytes(der.data, der.len - 1), PKI_INPUT, "PKCS#10" },
		{ bytes(der.data, 10), PKI_INPUT, "PKCS#10" },
		{ pki_buf_bytes(&longer), PKI_INPUT, "after" },
		{ bytes(zeros, PKI_CSR_MAX + 1), PKI_LIMIT, "at most" },
		{ bytes(certificate, strlen(certificate)), PKI_INPUT,
			"CERTIFICATE REQUEST" },
		{ bytes(cut, strlen(cut)), PKI_INPUT, "PEM" },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_csr *csr = NULL;
		struct pki_err e = { 0 };
		assert_int_equal(
			pki_csr_parse(cases[i].in, &csr, &e), cases[i].want_status);
		assert_non_null(strstr(e.msg, cases[i].want_text));
		assert_null(csr);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(r39_own_requests_parse),
		cmocka_unit_test(r39_pem_and_pss),
		cmocka_unit_test(r39_bad_signature),
		cmocka_unit_test(r39_borrowed_key),
		cmocka_unit_test(r94_weak_digest),
		cmocka_unit_test(malformed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
