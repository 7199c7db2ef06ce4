/*
 * OCSP responses, which the gate of CRLs, the auditor and the check commands read. The first octet
 * chooses the form of the rest: a whole response; or a ResponseData, which this target signs with the
 * key of the issuer or of a delegate, so that fuzzing reaches the parser behind the signature. The top
 * bit chooses a request with a nonce.
 */
#include "libpki/ocsp/ocsp.h"
#include "libpki/asn1/der.h"
#include "tests/fuzz/fixed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { WHOLE, BY_ISSUER, BY_DELEGATE, FORMS };
#define NONCE 0x80
/* As its callers limit it. */
#define RESPONSE_MAX ((size_t)64 << 10)
#define SKEW 300

static struct {
	EVP_PKEY *ca_key, *delegate_key;
	X509 *ca, *delegate;
	struct pki_cert *issuer;
	struct pki_buf delegate_der, requests[2];
} world;

static void
request(const void *nonce, size_t len, struct pki_buf *out)
{
	static const struct pki_serial serial = { { 0x11, 0x22, 0x33 }, 3 };
	struct pki_err err = { 0 };
	fixed_must(pki_ocsp_request_build(world.issuer, &serial, "SHA256",
			   (struct pki_bytes){ nonce, len }, out, &err) == PKI_OK,
		err.msg);
}

static void
begin(void)
{
	static const char *const ca[][2] = { { "basicConstraints", "critical,CA:TRUE" },
		{ "keyUsage", "critical,keyCertSign,cRLSign" },
		{ "subjectKeyIdentifier", "hash" }, { NULL, NULL } };
	static const char *const delegate[][2] = { { "authorityKeyIdentifier", "keyid" },
		{ "keyUsage", "critical,digitalSignature" },
		{ "extendedKeyUsage", "OCSPSigning" }, { "noCheck", "ignored" },
		{ NULL, NULL } };
	world.ca_key = fixed_key(1);
	world.delegate_key = fixed_key(2);
	world.ca = fixed_certify(&(struct fixed_cert){
		.name = "TEST CA", .key = world.ca_key, .extensions = ca });
	world.delegate = fixed_certify(&(struct fixed_cert){ .name = "TEST OCSP",
		.key = world.delegate_key,
		.issuer = world.ca,
		.issuer_key = world.ca_key,
		.extensions = delegate });
	world.issuer = fixed_wrap(world.ca);
	int len = i2d_X509(world.delegate, &world.delegate_der.data);
	fixed_must(len > 0, "DER");
	world.delegate_der.len = (size_t)len;
	request(NULL, 0, &world.requests[0]);
	request("0123456789abcdef0123456789abcdef", 32, &world.requests[1]);
}

/* OCSPResponse, RFC 6960 4.2.1, around a ResponseData. */
static struct pki_bytes
sign(struct pki_bytes tbs, EVP_PKEY *key, struct pki_bytes cert, struct pki_der *w)
{
	static const uint8_t ecdsa_sha256[] = { 0x30, 10, 0x06, 8, 0x2a, 0x86, 0x48, 0xce,
		0x3d, 4, 3, 2 };
	static const uint8_t basic[] = { 0x06, 9, 0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1 };
	uint8_t signature[80] = { 0 }; /* no unused bits */
	size_t len = sizeof signature - 1, end = w->at;
	static const uint8_t successful = 0;
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	fixed_must(
		md != NULL &&
			EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key) == 1 &&
			EVP_DigestSign(md, signature + 1, &len, tbs.data, tbs.len) == 1,
		"a signature");
	EVP_MD_CTX_free(md);
	if (cert.len != 0) {
		pki_der_put(w, cert.data, cert.len);
		pki_der_wrap(w, PKI_DER_SEQUENCE, end);
		pki_der_wrap(w, PKI_DER_CONSTRUCTED, end);
	}
	pki_der_put_tagged(w, PKI_DER_BITS, signature, len + 1);
	pki_der_put(w, ecdsa_sha256, sizeof ecdsa_sha256);
	pki_der_put(w, tbs.data, tbs.len);
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
	pki_der_wrap(w, PKI_DER_OCTETS, end);
	pki_der_put(w, basic, sizeof basic);
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
	pki_der_wrap(w, PKI_DER_CONSTRUCTED, end);
	pki_der_put_tagged(w, PKI_DER_ENUMERATED, &successful, 1);
	pki_der_wrap(w, PKI_DER_SEQUENCE, end);
	return (struct pki_bytes){ w->data + w->at, end - w->at };
}

static void
verify(struct pki_bytes response, struct pki_bytes asked)
{
	struct pki_ocsp_result is;
	struct pki_err err = { 0 };
	enum pki_status status =
		pki_ocsp_response_verify(response, asked, world.issuer, 0, &is, &err);
	if (status != err.status || (status != PKI_OK && err.msg[0] == '\0'))
		abort();
	if (status != PKI_OK)
		return;
	if (is.this_update > is.produced_at + SKEW || is.next_update < is.produced_at ||
		(unsigned)is.status > PKI_OCSP_UNKNOWN)
		abort();
	if (is.status == PKI_OCSP_REVOKED && pki_reason_name(is.reason) == NULL)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t room[RESPONSE_MAX + 4096];
	struct pki_der w = { room, sizeof room, false };
	if (world.ca == NULL)
		begin();
	if (size < 1 || size > RESPONSE_MAX)
		return 0;
	struct pki_bytes in = { data + 1, size - 1 };
	struct pki_bytes asked = pki_buf_bytes(&world.requests[(data[0] & NONCE) != 0]);
	switch ((data[0] & ~NONCE) % FORMS) {
	case BY_ISSUER:
		in = sign(in, world.ca_key, (struct pki_bytes){ 0 }, &w);
		break;
	case BY_DELEGATE:
		in = sign(in, world.delegate_key, pki_buf_bytes(&world.delegate_der), &w);
		break;
	default:
		break;
	}
	verify(in, asked);
	return 0;
}
