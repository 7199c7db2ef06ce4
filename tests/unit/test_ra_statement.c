#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <openssl/cms.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>

#include "ra/statement.h"

static struct pki_err err;

struct person {
	EVP_PKEY *key;
	X509 *x509;
	struct pki_cert *cert;
};

static void
make(struct person *p)
{
	p->key = EVP_EC_gen("P-256");
	p->x509 = X509_new();
	X509_set_version(p->x509, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(p->x509), 77);
	X509_gmtime_adj(X509_getm_notBefore(p->x509), 0);
	X509_gmtime_adj(X509_getm_notAfter(p->x509), 3600);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(p->x509), "CN", MBSTRING_UTF8,
		(const unsigned char *)"TEST Alice", -1, -1, 0);
	X509_set_issuer_name(p->x509, X509_get_subject_name(p->x509));
	X509_set_pubkey(p->x509, p->key);
	assert_true(X509_sign(p->x509, p->key, EVP_sha256()) > 0);
	assert_int_equal(pki_cert_from_x509(p->x509, &p->cert, &err), PKI_OK);
}

static void
drop(struct person *p)
{
	pki_cert_free(p->cert);
	X509_free(p->x509);
	EVP_PKEY_free(p->key);
}

static void
sign(const struct person *by, const char *text, unsigned flags, struct pki_buf *out)
{
	BIO *in = BIO_new_mem_buf(text, -1);
	CMS_ContentInfo *cms = CMS_sign(by->x509, by->key, NULL, in, flags);
	uint8_t *der = NULL;
	assert_non_null(cms);
	int len = i2d_CMS_ContentInfo(cms, &der);
	assert_true(len > 0);
	assert_int_equal(pki_buf_append(out, der, (size_t)len, &err), PKI_OK);
	OPENSSL_free(der);
	CMS_ContentInfo_free(cms);
	BIO_free(in);
}

static struct pki_bytes
bytes(const char *text)
{
	return (struct pki_bytes){ (const uint8_t *)text, strlen(text) };
}

static void
r212_only_the_holder_accepts_only_this(void **state)
{
	(void)state;
	static const char text[] = "{\"a\":\"1\",\"type\":\"acceptance\"}";
	static const struct {
		const char *label;
		bool other_key;
		const char *said;
		unsigned flags;
		enum pki_status want;
	} cases[] = {
		{ "binary", false, "{\"a\":\"1\",\"type\":\"acceptance\"}\n", CMS_BINARY,
			PKI_OK },
		{ "as text, CRLF", false, "{\"a\":\"1\",\n\"type\":\"acceptance\"}\n", 0,
			PKI_OK },
		{ "another key", true, text, CMS_BINARY, PKI_REFUSED },
		{ "another text", false, "{\"a\":\"2\",\"type\":\"acceptance\"}",
			CMS_BINARY, PKI_REFUSED },
		{ "more than asked", false,
			"{\"a\":\"1\",\"b\":1,\"type\":\"acceptance\"}", CMS_BINARY,
			PKI_REFUSED },
		{ "no JSON", false, "I accept", CMS_BINARY, PKI_REFUSED },
		{ "no content", false, text, CMS_BINARY | CMS_DETACHED, PKI_REFUSED },
	};
	struct person alice = { 0 }, eve = { 0 };
	make(&alice);
	make(&eve); /* the same name and serial number, another key */
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		PKI_CLEANUP(pki_buf_free) struct pki_buf cms = { 0 };
		err = (struct pki_err){ 0 };
		sign(cases[i].other_key ? &eve : &alice, cases[i].said, cases[i].flags,
			&cms);
		enum pki_status status = ra_statement_verify(
			pki_buf_bytes(&cms), bytes(text), alice.cert, &err);
		if (status != cases[i].want)
			fail_msg("%s: %d: %s", cases[i].label, status, err.msg);
		if (status != PKI_OK)
			assert_int_equal(err.rule, PKI_RULE_ACCEPTANCE);
	}
	drop(&alice);
	drop(&eve);
}

static void
garbage_is_input(void **state)
{
	(void)state;
	struct person alice = { 0 };
	make(&alice);
	PKI_CLEANUP(pki_buf_free) struct pki_buf cms = { 0 };
	sign(&alice, "{}", CMS_BINARY, &cms);
	struct pki_bytes cut = { cms.data, cms.len / 2 };
	err = (struct pki_err){ 0 };
	assert_int_equal(
		ra_statement_verify(cut, bytes("{}"), alice.cert, &err), PKI_INPUT);
	err = (struct pki_err){ 0 };
	assert_int_equal(
		ra_statement_verify(bytes("garbage"), bytes("{}"), alice.cert, &err),
		PKI_INPUT);
	err = (struct pki_err){ 0 };
	assert_int_equal(
		ra_statement_verify(bytes(""), bytes("{}"), alice.cert, &err), PKI_INPUT);
	drop(&alice);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(r212_only_the_holder_accepts_only_this),
		cmocka_unit_test(garbage_is_input),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
