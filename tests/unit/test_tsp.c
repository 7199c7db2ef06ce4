/* Time-stamps by an authority in memory, made with OpenSSL alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/pem.h>
#include <openssl/ts.h>
#include <openssl/x509v3.h>

#include "libpki/cms/tsp.h"
#include "tests/unit/common/expect.h"

#define DAY ((pki_time)86400)

struct authority {
	EVP_PKEY *key;
	X509 *cert;
	struct pki_buf pem;
};

static struct authority ours, stranger;
static struct pki_bytes data = { (const uint8_t *)"checkpoint", 10 };

static void
add_extension(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
	assert_non_null(ext);
	assert_int_equal(X509_add_ext(cert, ext, -1), 1);
	X509_EXTENSION_free(ext);
}

/* Self-signed, valid for a day before and after now. */
static void
authority_make(struct authority *a, const char *name)
{
	a->key = EVP_EC_gen("P-256");
	a->cert = X509_new();
	assert_true(a->key != NULL && a->cert != NULL);
	X509_set_version(a->cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(a->cert), 7);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(a->cert), "CN", MBSTRING_ASC,
		(const uint8_t *)name, -1, -1, 0);
	X509_set_issuer_name(a->cert, X509_get_subject_name(a->cert));
	X509_gmtime_adj(X509_getm_notBefore(a->cert), -(long)DAY);
	X509_gmtime_adj(X509_getm_notAfter(a->cert), (long)DAY);
	X509_set_pubkey(a->cert, a->key);
	add_extension(a->cert, NID_key_usage, "critical,digitalSignature");
	add_extension(a->cert, NID_ext_key_usage, "critical,timeStamping");
	assert_true(X509_sign(a->cert, a->key, EVP_sha256()) > 0);
	BIO *bio = BIO_new(BIO_s_mem());
	char *text = NULL;
	assert_int_equal(PEM_write_bio_X509(bio, a->cert), 1);
	long len = BIO_get_mem_data(bio, &text);
	ok(pki_buf_append(&a->pem, text, (size_t)len, &err));
	BIO_free(bio);
}

static void
authority_free(struct authority *a)
{
	EVP_PKEY_free(a->key);
	X509_free(a->cert);
	pki_buf_free(&a->pem);
}

static int
set_up(void **state)
{
	(void)state;
	authority_make(&ours, "TEST Time");
	authority_make(&stranger, "TEST Time");
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	authority_free(&ours);
	authority_free(&stranger);
	return 0;
}

static ASN1_INTEGER *
next_serial(TS_RESP_CTX *ctx, void *arg)
{
	(void)ctx;
	(void)arg;
	ASN1_INTEGER *serial = ASN1_INTEGER_new();
	ASN1_INTEGER_set(serial, 42);
	return serial;
}

static int
at_time(TS_RESP_CTX *ctx, void *arg, long *sec, long *usec)
{
	(void)ctx;
	*sec = (long)*(const pki_time *)arg;
	*usec = 0;
	return 1;
}

/* The authority's answer at a time. */
static struct pki_buf
stamp(const struct authority *a, const struct pki_buf *query, pki_time at)
{
	struct pki_buf out = { 0 };
	uint8_t *der = NULL;
	TS_RESP_CTX *ctx = TS_RESP_CTX_new();
	BIO *bio = BIO_new_mem_buf(query->data, (int)query->len);
	ASN1_OBJECT *policy = OBJ_txt2obj("2.999.3", 1);
	assert_true(TS_RESP_CTX_set_signer_cert(ctx, a->cert) == 1 &&
		    TS_RESP_CTX_set_signer_key(ctx, a->key) == 1 &&
		    TS_RESP_CTX_set_signer_digest(ctx, EVP_sha256()) == 1 &&
		    TS_RESP_CTX_set_def_policy(ctx, policy) == 1 &&
		    TS_RESP_CTX_add_md(ctx, EVP_sha256()) == 1);
	TS_RESP_CTX_set_serial_cb(ctx, next_serial, NULL);
	TS_RESP_CTX_set_time_cb(ctx, at_time, &at);
	TS_RESP *resp = TS_RESP_create_response(ctx, bio);
	int len = i2d_TS_RESP(resp, &der);
	assert_true(len > 0);
	ok(pki_buf_append(&out, der, (size_t)len, &err));
	OPENSSL_free(der);
	TS_RESP_free(resp);
	TS_RESP_CTX_free(ctx);
	ASN1_OBJECT_free(policy);
	BIO_free(bio);
	return out;
}

static enum pki_status
check(const struct pki_buf *response, const struct pki_tsp_query *query,
	const struct authority *trusted, struct pki_err *err)
{
	pki_time at = 0;
	return pki_tsp_verify(
		pki_buf_bytes(response), query, pki_buf_bytes(&trusted->pem), &at, err);
}

static void
r86_a_stamp_of_ours(void **state)
{
	(void)state;
	struct pki_tsp_query query, again, later;
	pki_time at = 0, now = pki_time_now();
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 }, other = { 0 };
	ok(pki_tsp_request(data, &query, &der, &err));
	ok(pki_tsp_request(data, &again, &other, &err));
	assert_memory_equal(query.digest, again.digest, PKI_SHA256);
	assert_memory_not_equal(query.nonce, again.nonce, PKI_TSP_NONCE);
	PKI_CLEANUP(pki_buf_free) struct pki_buf token = stamp(&ours, &der, now);
	ok(pki_tsp_verify(
		pki_buf_bytes(&token), &query, pki_buf_bytes(&ours.pem), &at, &err));
	assert_int_equal(at, now);
	/* nobody knows the nonce any more */
	ok(pki_tsp_query_of(data, &later, &err));
	ok(check(&token, &later, &ours, &err));
}

static void
r86_what_is_not_right(void **state)
{
	(void)state;
	struct pki_tsp_query query, other, of_else;
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 }, der2 = { 0 };
	ok(pki_tsp_request(data, &query, &der, &err));
	ok(pki_tsp_request(data, &other, &der2, &err));
	ok(pki_tsp_query_of((struct pki_bytes){ data.data, 9 }, &of_else, &err));
	pki_time now = pki_time_now();
	PKI_CLEANUP(pki_buf_free) struct pki_buf token = stamp(&ours, &der, now);
	PKI_CLEANUP(pki_buf_free)
	struct pki_buf early = stamp(&ours, &der, now - 2 * DAY);
	PKI_CLEANUP(pki_buf_free) struct pki_buf late = stamp(&ours, &der, now + 2 * DAY);
	PKI_CLEANUP(pki_buf_free) struct pki_buf foreign = stamp(&stranger, &der, now);
	PKI_CLEANUP(pki_buf_free) struct pki_buf none = { 0 };
	ok(pki_buf_printf(&none, &err, "no query"));
	PKI_CLEANUP(pki_buf_free) struct pki_buf refusal = stamp(&ours, &none, now);
	const struct {
		const struct pki_buf *response;
		const struct pki_tsp_query *query;
		const struct authority *trusted;
	} cases[] = {
		{ &token, &other, &ours }, /* another nonce */
		{ &token, &of_else, &ours },
		{ &token, &query, &stranger },
		{ &foreign, &query, &ours },
		{ &early, &query, &ours }, /* not within the certificate's time */
		{ &late, &query, &ours },
		{ &refusal, &query, &ours },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err err = { 0 };
		enum pki_status status =
			check(cases[i].response, cases[i].query, cases[i].trusted, &err);
		if (status != PKI_TAMPERED || err.rule != PKI_RULE_TIMESTAMP)
			fail_msg("case %zu: %d %s", i, status, err.msg);
	}
	ok(check(&foreign, &query, &stranger, &err));
}

static void
r86_what_is_none(void **state)
{
	(void)state;
	struct pki_tsp_query query;
	pki_time at;
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 }, none = { 0 };
	ok(pki_tsp_request(data, &query, &der, &err));
	PKI_CLEANUP(pki_buf_free)
	struct pki_buf token = stamp(&ours, &der, pki_time_now());
	fails(pki_tsp_verify(pki_buf_bytes(&token), &query, data, &at, &err), CONFIG);
	fails(pki_tsp_verify(
		      pki_buf_bytes(&token), &query, (struct pki_bytes){ 0 }, &at, &err),
		CONFIG);
	fails(check(&none, &query, &ours, &err), INPUT);
	fails(check(&der, &query, &ours, &err), INPUT);
	for (size_t len = 0; len < token.len; len += 7) {
		struct pki_buf cut = { .data = token.data, .len = len };
		fails(check(&cut, &query, &ours, &err), INPUT);
	}
	ok(pki_buf_append(&token, "", 1, &err));
	fails(check(&token, &query, &ours, &err), INPUT);
	ok(pki_buf_reserve(&token, PKI_TSP_MAX, &err));
	memset(token.data + token.len, 0, PKI_TSP_MAX);
	token.len += PKI_TSP_MAX;
	fails(check(&token, &query, &ours, &err), INPUT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(r86_a_stamp_of_ours),
		cmocka_unit_test(r86_what_is_not_right),
		cmocka_unit_test(r86_what_is_none),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
