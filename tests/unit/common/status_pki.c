#include "tests/unit/common/status_pki.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <openssl/x509v3.h>

static void
add_ext(X509 *x509, X509 *issuer, const struct status_ext *ext)
{
	X509V3_CTX ctx;
	X509V3_set_ctx(&ctx, issuer, x509, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, ext->nid, ext->value);
	assert_non_null(e);
	assert_int_equal(X509_add_ext(x509, e, -1), 1);
	X509_EXTENSION_free(e);
}

static void
set_fields(X509 *x509, const char *cn, X509 *issuer)
{
	struct pki_err err = { 0 };
	struct pki_serial serial;
	X509_NAME *name = X509_get_subject_name(x509);
	assert_int_equal(pki_serial_random(&serial, &err), PKI_OK);
	assert_int_equal(X509_set_version(x509, X509_VERSION_3), 1);
	ASN1_STRING_set(X509_get_serialNumber(x509), serial.octets, (int)serial.len);
	X509_NAME_add_entry_by_txt(
		name, "C", MBSTRING_UTF8, (const unsigned char *)"MC", -1, -1, 0);
	X509_NAME_add_entry_by_txt(
		name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0);
	X509_set_issuer_name(x509, X509_get_subject_name(issuer));
	X509_gmtime_adj(X509_getm_notBefore(x509), -3600);
	X509_gmtime_adj(X509_getm_notAfter(x509), 86400L * 30);
}

struct status_id
status_make(const char *cn, enum pki_key_alg alg, const struct status_ext *exts,
	const struct status_id *issuer)
{
	struct status_id id = { 0 };
	struct pki_err err = { 0 };
	X509 *x509 = X509_new();
	X509 *ca = issuer != NULL ? pki_cert_get0_x509(issuer->cert) : x509;
	assert_int_equal(pki_key_generate(alg, &id.key, &err), PKI_OK);
	const struct pki_key *signer = issuer != NULL ? issuer->key : id.key;
	set_fields(x509, cn, ca);
	assert_int_equal(X509_set_pubkey(x509, pki_key_get0_evp(id.key)), 1);
	for (; exts->value != NULL; exts++)
		add_ext(x509, ca, exts);
	assert_true(X509_sign(x509, pki_key_get0_evp(signer), pki_key_md(signer)) > 0);
	unsigned char *octets = NULL;
	int len = i2d_X509(x509, &octets);
	assert_int_equal(
		pki_cert_parse((struct pki_bytes){ octets, (size_t)len }, &id.cert, &err),
		PKI_OK);
	OPENSSL_free(octets);
	X509_free(x509);
	return id;
}

void
status_free(struct status_id *id)
{
	pki_key_free(id->key);
	pki_cert_free(id->cert);
	*id = (struct status_id){ 0 };
}

struct status_id
status_ca(const char *cn)
{
	static const struct status_ext exts[] = {
		{ NID_basic_constraints, "critical,CA:TRUE,pathlen:0" },
		{ NID_key_usage, "critical,keyCertSign,cRLSign" },
		{ NID_subject_key_identifier, "hash" },
		{ 0 },
	};
	return status_make(cn, PKI_ALG_P256, exts, NULL);
}

struct status_id
status_delegate(const struct status_id *ca)
{
	static const struct status_ext exts[] = {
		{ NID_key_usage, "critical,digitalSignature" },
		{ NID_ext_key_usage, "OCSPSigning" },
		{ NID_id_pkix_OCSP_noCheck, "" },
		{ NID_authority_key_identifier, "keyid:always" },
		{ NID_subject_key_identifier, "hash" },
		{ 0 },
	};
	return status_make("TEST OCSP", PKI_ALG_P256, exts, ca);
}
