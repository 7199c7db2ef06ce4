#include "tests/unit/common/fixture.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define YEAR (365 * PKI_DAY)

static void
add_extension(X509 *x509, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509V3_set_ctx(&ctx, issuer, x509, NULL, NULL, 0);
	X509V3_set_ctx_nodb(&ctx);
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	assert_non_null(ext);
	assert_int_equal(X509_add_ext(x509, ext, -1), 1);
	X509_EXTENSION_free(ext);
}

static void
add_policies(X509 *x509, const char *oids)
{
	CERTIFICATEPOLICIES *policies = sk_POLICYINFO_new_null();
	char text[256], *rest = text;
	snprintf(text, sizeof text, "%s", oids);
	for (char *oid = strsep(&rest, ","); oid != NULL; oid = strsep(&rest, ",")) {
		POLICYINFO *info = POLICYINFO_new();
		assert_non_null(info);
		ASN1_OBJECT_free(info->policyid);
		info->policyid = OBJ_txt2obj(oid, 1);
		assert_non_null(info->policyid);
		assert_true(sk_POLICYINFO_push(policies, info) > 0);
	}
	assert_int_equal(
		X509_add1_ext_i2d(x509, NID_certificate_policies, policies, 0, 0), 1);
	CERTIFICATEPOLICIES_free(policies);
}

static void
add_name(X509_NAME *name, const char *key, int type, const char *value)
{
	assert_int_equal(X509_NAME_add_entry_by_txt(name, key, type,
				 (const unsigned char *)value, -1, -1, 0),
		1);
}

static void
set_serial(X509 *x509)
{
	struct pki_err err = { 0 };
	uint8_t octets[16];
	assert_int_equal(pki_random(octets, sizeof octets, &err), PKI_OK);
	octets[0] = (uint8_t)((octets[0] & 0x7f) | 0x40);
	BIGNUM *n = BN_bin2bn(octets, sizeof octets, NULL);
	assert_non_null(BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x509)));
	BN_free(n);
}

static struct pki_key *
new_key(const struct fixture_spec *spec)
{
	struct pki_err err = { 0 };
	struct pki_key *key = NULL;
	enum pki_key_alg alg = spec->alg != 0 ? spec->alg : PKI_ALG_P256;
	if (spec->key != NULL)
		assert_int_equal(
			pki_key_from_evp(pki_key_get0_evp(spec->key), &key, &err),
			PKI_OK);
	else
		assert_int_equal(pki_key_generate(alg, &key, &err), PKI_OK);
	return key;
}

struct fixture_id
fixture_make(const struct fixture_spec *spec, const struct fixture_id *issuer)
{
	struct pki_err err = { 0 };
	struct fixture_id id = { .key = new_key(spec) };
	const struct pki_key *signer = issuer != NULL ? issuer->key : id.key;
	X509 *x509 = X509_new();
	X509 *above = issuer != NULL ? pki_cert_get0_x509(issuer->cert) : x509;
	time_t now = pki_time_now();
	assert_non_null(x509);
	assert_int_equal(X509_set_version(x509, X509_VERSION_3), 1);
	set_serial(x509);
	add_name(X509_get_subject_name(x509), "C", MBSTRING_ASC, "MC");
	if (spec->serial_number != NULL)
		add_name(X509_get_subject_name(x509), "serialNumber", MBSTRING_ASC,
			spec->serial_number);
	add_name(X509_get_subject_name(x509), "CN", MBSTRING_UTF8, spec->common_name);
	X509_set_issuer_name(x509, X509_get_subject_name(above));
	ASN1_TIME_set(X509_getm_notBefore(x509),
		spec->not_before != 0 ? spec->not_before : now - 3600);
	ASN1_TIME_set(X509_getm_notAfter(x509),
		spec->not_after != 0 ? spec->not_after : now + YEAR);
	assert_int_equal(X509_set_pubkey(x509, pki_key_get0_evp(id.key)), 1);
	const char *usage = spec->ca ? "critical,keyCertSign,cRLSign"
				     : "critical,digitalSignature";
	add_extension(x509, above, NID_key_usage,
		spec->key_usage != NULL ? spec->key_usage : usage);
	add_extension(x509, above, NID_subject_key_identifier, "hash");
	if (spec->ca)
		add_extension(x509, above, NID_basic_constraints, "critical,CA:TRUE");
	if (issuer != NULL)
		add_extension(x509, above, NID_authority_key_identifier, "keyid:always");
	if (spec->policy != NULL)
		add_policies(x509, spec->policy);
	assert_true(X509_sign(x509, pki_key_get0_evp(signer), pki_key_md(signer)) > 0);
	unsigned char *der = NULL;
	int len = i2d_X509(x509, &der);
	assert_true(len > 0);
	struct pki_bytes bytes = { der, (size_t)len };
	assert_int_equal(pki_cert_parse(bytes, &id.cert, &err), PKI_OK);
	OPENSSL_free(der);
	X509_free(x509);
	return id;
}

struct fixture_id
fixture_ca(void)
{
	struct fixture_spec spec = { .common_name = "TEST CA",
		.ca = true,
		.not_before = pki_time_now() - YEAR,
		.not_after = pki_time_now() + 19 * YEAR };
	return fixture_make(&spec, NULL);
}

void
fixture_free(struct fixture_id *id)
{
	pki_cert_free(id->cert);
	pki_key_free(id->key);
	*id = (struct fixture_id){ 0 };
}

struct pki_buf
fixture_csr(struct pki_key *key)
{
	struct pki_err err = { 0 };
	struct pki_buf der = { 0 };
	PKI_CLEANUP(pki_key_cleanup) struct pki_key *made = NULL;
	if (key == NULL) {
		assert_int_equal(pki_key_generate(PKI_ALG_P256, &made, &err), PKI_OK);
		key = made;
	}
	assert_int_equal(pki_csr_make(key, &der, &err), PKI_OK);
	return der;
}
