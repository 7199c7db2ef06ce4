/* Responders of several algorithms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/ocsp.h>

#include "libpki/ocsp/ocsp.h"
#include "tests/unit/common/expect.h"
#include "tests/unit/common/status_pki.h"

#define LIFETIME ((pki_time)86400)

static const struct pki_serial serial = { { 0x12, 0x34 }, 2 };
static const struct pki_ocsp_single good = { .status = PKI_OCSP_GOOD };
static struct status_id ca;

static int
set_up(void **state)
{
	(void)state;
	ca = status_ca("TEST CA");
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	status_free(&ca);
	return 0;
}

struct delegate {
	struct status_id id;
	struct pki_ocsp_responder *responder;
};

static struct delegate
delegate(enum pki_key_alg alg)
{
	static const struct status_ext exts[] = {
		{ NID_key_usage, "critical,digitalSignature" },
		{ NID_ext_key_usage, "OCSPSigning" },
		{ NID_id_pkix_OCSP_noCheck, "" },
		{ NID_authority_key_identifier, "keyid:always" },
		{ 0 },
	};
	struct delegate d = { .id = status_make("TEST OCSP", alg, exts, &ca) };
	ok(pki_ocsp_responder_new(ca.cert, d.id.cert, d.id.key, &d.responder, &err));
	return d;
}

static void
delegate_free(struct delegate *d)
{
	pki_ocsp_responder_free(d->responder);
	status_free(&d->id);
}

static struct pki_buf
plain_request(void)
{
	struct pki_buf der = { 0 };
	ok(pki_ocsp_request_build(
		ca.cert, &serial, "SHA256", (struct pki_bytes){ 0 }, &der, &err));
	return der;
}

static void
signs_with_every_algorithm(void **state)
{
	(void)state;
	static const enum pki_key_alg algs[] = { PKI_ALG_P256, PKI_ALG_P384, PKI_ALG_P521,
		PKI_ALG_ED25519, PKI_ALG_RSA3072 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf request = plain_request();
	PKI_CLEANUP(pki_ocsp_request_cleanup) struct pki_ocsp_request *req = NULL;
	ok(pki_ocsp_request_parse(pki_buf_bytes(&request), &req, &err));
	for (size_t i = 0; i < PKI_COUNT(algs); i++) {
		PKI_CLEANUP(delegate_free) struct delegate d = delegate(algs[i]);
		PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 };
		struct pki_ocsp_result result;
		pki_time now = pki_time_now();
		const struct pki_ocsp_content content = { &good, now, now + LIFETIME };
		ok(pki_ocsp_respond(d.responder, req, &content, &der, &err));
		ok(pki_ocsp_response_verify(pki_buf_bytes(&der), pki_buf_bytes(&request),
			ca.cert, now, &result, &err));
		assert_int_equal(result.status, PKI_OCSP_GOOD);
	}
}

/* request with an extension id-pkix-ocsp-pref-sig-algs of this value */
static struct pki_buf
request_preferring(const uint8_t *value, int len)
{
	struct pki_buf out = { 0 };
	PKI_CLEANUP(pki_buf_free)
	struct pki_buf request = plain_request();
	const unsigned char *p = request.data;
	OCSP_REQUEST *req = d2i_OCSP_REQUEST(NULL, &p, (long)request.len);
	ASN1_OBJECT *oid = OBJ_txt2obj("1.3.6.1.5.5.7.48.1.8", 1);
	ASN1_OCTET_STRING *data = ASN1_OCTET_STRING_new();
	ASN1_OCTET_STRING_set(data, value, len);
	X509_EXTENSION *ext = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, data);
	assert_true(OCSP_REQUEST_add_ext(req, ext, -1));
	unsigned char *der = NULL;
	int n = i2d_OCSP_REQUEST(req, &der);
	struct pki_err err = { 0 };
	assert_int_equal(pki_buf_append(&out, der, (size_t)n, &err), PKI_OK);
	OPENSSL_free(der);
	X509_EXTENSION_free(ext);
	ASN1_OCTET_STRING_free(data);
	ASN1_OBJECT_free(oid);
	OCSP_REQUEST_free(req);
	return out;
}

/* { { ecdsa-with-SHA512 }, { sha256WithRSAEncryption, NULL }, { ecdsa-with-SHA256 } } */
static const uint8_t preferred[] = { 0x30, 0x2f, 0x30, 0x0c, 0x30, 0x0a, 0x06, 0x08, 0x2a,
	0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x04, 0x30, 0x0f, 0x30, 0x0d, 0x06, 0x09,
	0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b, 0x05, 0x00, 0x30, 0x0e,
	0x30, 0x0c, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02, 0x05,
	0x00 };

static void
r74_preferred_signature_algorithms(void **state)
{
	(void)state;
	PKI_CLEANUP(delegate_free) struct delegate ecdsa = delegate(PKI_ALG_P256);
	PKI_CLEANUP(delegate_free) struct delegate rsa = delegate(PKI_ALG_RSA3072);
	struct pki_ocsp_responder *both[] = { ecdsa.responder, rsa.responder };
	PKI_CLEANUP(pki_buf_free)
	struct pki_buf with = request_preferring(preferred, sizeof preferred);
	PKI_CLEANUP(pki_buf_free) struct pki_buf without = plain_request();
	PKI_CLEANUP(pki_ocsp_request_cleanup) struct pki_ocsp_request *a = NULL;
	PKI_CLEANUP(pki_ocsp_request_cleanup) struct pki_ocsp_request *b = NULL;
	ok(pki_ocsp_request_parse(pki_buf_bytes(&with), &a, &err));
	ok(pki_ocsp_request_parse(pki_buf_bytes(&without), &b, &err));
	/* ECDSA with SHA-512 is nobody's, RSA comes before ECDSA with SHA-256 */
	assert_int_equal(pki_ocsp_choose(a, both, 2), 1);
	assert_int_equal(pki_ocsp_choose(a, both, 1), 0);
	assert_int_equal(pki_ocsp_choose(b, both, 2), 0);
}

static void
refuse_preferring(const uint8_t *value, int len)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf bad = request_preferring(value, len);
	struct pki_ocsp_request *req = NULL;
	fails(pki_ocsp_request_parse(pki_buf_bytes(&bad), &req, &err), INPUT);
}

static void
r63_malformed_preferences(void **state)
{
	(void)state;
	static const uint8_t no_algorithm[] = { 0x30, 4, 0x30, 2, 0x05, 0 };
	refuse_preferring(no_algorithm, sizeof no_algorithm);
	for (int len = 0; len < (int)sizeof preferred; len++)
		refuse_preferring(preferred, len);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signs_with_every_algorithm),
		cmocka_unit_test(r74_preferred_signature_algorithms),
		cmocka_unit_test(r63_malformed_preferences),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
