#include "libpki/ocsp/ocsp_priv.h"

#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

/* rule 65; SHA-1 because RFC 5019 clients send nothing else */
static const int hash_nids[] = { NID_sha1, NID_sha256, NID_sha384, NID_sha512 };
enum { HASHES = PKI_COUNT(hash_nids) };

struct issuer_hash {
	uint8_t name[EVP_MAX_MD_SIZE];
	uint8_t key[EVP_MAX_MD_SIZE];
	unsigned len;
};

struct pki_ocsp_responder {
	struct issuer_hash hashes[HASHES];
	struct pki_ocsp_encoder encoder;
	int algorithm; /* NID of the signatures */
};

static enum pki_status
check_usage(const struct pki_cert *cert, struct pki_err *err)
{
	X509 *x509 = pki_cert_get0_x509(cert);
	int ku = X509_get_ext_by_NID(x509, NID_key_usage, -1);
	if (ku < 0 || !X509_EXTENSION_get_critical(X509_get_ext(x509, ku)) ||
		X509_get_key_usage(x509) != KU_DIGITAL_SIGNATURE)
		return pki_refuse(err, PKI_RULE_OCSP_RESPONDER,
			"keyUsage is not critical digitalSignature alone");
	EXTENDED_KEY_USAGE *eku = X509_get_ext_d2i(x509, NID_ext_key_usage, NULL, NULL);
	bool ok = eku != NULL && sk_ASN1_OBJECT_num(eku) == 1 &&
		  OBJ_obj2nid(sk_ASN1_OBJECT_value(eku, 0)) == NID_OCSP_sign;
	EXTENDED_KEY_USAGE_free(eku);
	if (!ok)
		return pki_refuse(err, PKI_RULE_OCSP_RESPONDER,
			"extKeyUsage is not OCSPSigning alone");
	return PKI_OK;
}

static bool
has_ocsp_url(X509 *x509)
{
	STACK_OF(OPENSSL_STRING) *urls = X509_get1_ocsp(x509);
	X509_email_free(urls);
	return urls != NULL;
}

enum pki_status
pki_ocsp_check_delegate(const struct pki_cert *cert, const struct pki_cert *issuer,
	pki_time at, struct pki_err *err)
{
	struct pki_err own = { 0 };
	if (pki_cert_verify(cert, issuer, at, &own) != PKI_OK)
		return pki_refuse(err, PKI_RULE_OCSP_ISSUED_BY_CA,
			"the responder's certificate does not hold: %s", own.msg);
	X509 *x509 = pki_cert_get0_x509(cert);
	PKI_TRY(check_usage(cert, err));
	if (X509_get_ext_by_NID(x509, NID_id_pkix_OCSP_noCheck, -1) < 0)
		return pki_refuse(err, PKI_RULE_OCSP_RESPONDER, "no ocsp-nocheck");
	if (X509_get_ext_by_NID(x509, NID_crl_distribution_points, -1) >= 0 ||
		has_ocsp_url(x509))
		return pki_refuse(err, PKI_RULE_OCSP_RESPONDER,
			"a CRL or OCSP address beside ocsp-nocheck");
	return PKI_OK;
}

static enum pki_status
hash_issuer(const X509 *issuer, int nid, struct issuer_hash *out, struct pki_err *err)
{
	const EVP_MD *md = EVP_get_digestbynid(nid);
	unsigned len = 0;
	if (md == NULL ||
		X509_NAME_digest(X509_get_subject_name(issuer), md, out->name, &len) !=
			1 ||
		X509_pubkey_digest(issuer, md, out->key, &out->len) != 1)
		return pki_fail_ssl(
			err, PKI_INTERNAL, "hashing the issuer's name and key");
	return PKI_OK;
}

static enum pki_status
prepare(struct pki_ocsp_responder *r, const struct pki_cert *issuer,
	const struct pki_cert *cert, struct pki_key *key, struct pki_err *err)
{
	for (size_t i = 0; i < HASHES; i++)
		PKI_TRY(hash_issuer(
			pki_cert_get0_x509(issuer), hash_nids[i], &r->hashes[i], err));
	PKI_TRY(pki_ocsp_encoder_init(&r->encoder, issuer, cert, key, err));
	const uint8_t *p = r->encoder.algorithm.data;
	X509_ALGOR *algor = d2i_X509_ALGOR(NULL, &p, (long)r->encoder.algorithm.len);
	if (algor == NULL)
		return pki_fail_ssl(err, PKI_INTERNAL, "the signature algorithm");
	r->algorithm = OBJ_obj2nid(algor->algorithm);
	X509_ALGOR_free(algor);
	return PKI_OK;
}

static void
responder_cleanup(struct pki_ocsp_responder **responder)
{
	pki_ocsp_responder_free(*responder);
}

enum pki_status
pki_ocsp_responder_new(const struct pki_cert *issuer, const struct pki_cert *cert,
	struct pki_key *key, struct pki_ocsp_responder **out, struct pki_err *err)
{
	PKI_TRY(pki_ocsp_check_delegate(cert, issuer, pki_time_now(), err));
	if (!pki_key_matches(key, pki_cert_get0_key(cert)))
		return pki_fail(
			err, PKI_STATE, "the key is not the responder certificate's");
	PKI_CLEANUP(responder_cleanup)
	struct pki_ocsp_responder *r = calloc(1, sizeof *r);
	if (r == NULL)
		return pki_fail(err, PKI_MEMORY, "an OCSP responder");
	PKI_TRY(prepare(r, issuer, cert, key, err));
	*out = r;
	r = NULL;
	return PKI_OK;
}

void
pki_ocsp_responder_free(struct pki_ocsp_responder *responder)
{
	if (responder == NULL)
		return;
	pki_ocsp_encoder_clear(&responder->encoder);
	free(responder);
}

size_t
pki_ocsp_choose(const struct pki_ocsp_request *req,
	struct pki_ocsp_responder *const *responders, size_t count)
{
	for (size_t p = 0; p < req->preferred_count; p++)
		for (size_t i = 0; i < count; i++)
			if (responders[i]->algorithm == req->preferred[p])
				return i;
	return 0;
}

static bool
equals(const ASN1_OCTET_STRING *s, const uint8_t *data, size_t len)
{
	return (size_t)ASN1_STRING_length(s) == len &&
	       memcmp(ASN1_STRING_get0_data(s), data, len) == 0;
}

bool
pki_ocsp_is_ours(const struct pki_ocsp_responder *responder,
	const struct pki_ocsp_request *req, size_t i)
{
	ASN1_OCTET_STRING *name = NULL, *key = NULL;
	ASN1_OBJECT *md = NULL;
	OCSP_id_get0_info(&name, &md, &key, NULL, req->ids[i]);
	int nid = OBJ_obj2nid(md);
	for (size_t h = 0; h < HASHES; h++) {
		const struct issuer_hash *hash = &responder->hashes[h];
		if (hash_nids[h] == nid)
			return equals(name, hash->name, hash->len) &&
			       equals(key, hash->key, hash->len);
	}
	return false;
}

enum pki_status
pki_ocsp_respond(struct pki_ocsp_responder *responder, const struct pki_ocsp_request *req,
	const struct pki_ocsp_content *content, struct pki_buf *der, struct pki_err *err)
{
	return pki_ocsp_encode(&responder->encoder, req, content, der, err);
}

struct pki_bytes
pki_ocsp_error_response(enum pki_ocsp_error error)
{
	/* OCSPResponse ::= SEQUENCE { responseStatus ENUMERATED } */
	static const uint8_t bodies[][5] = {
		{ 0x30, 3, 0x0a, 1, PKI_OCSP_MALFORMED },
		{ 0x30, 3, 0x0a, 1, PKI_OCSP_INTERNAL },
		{ 0x30, 3, 0x0a, 1, PKI_OCSP_TRY_LATER },
		{ 0x30, 3, 0x0a, 1, PKI_OCSP_UNAUTHORIZED },
	};
	for (size_t i = 0; i < PKI_COUNT(bodies); i++)
		if (bodies[i][4] == (uint8_t)error)
			return (struct pki_bytes){ bodies[i], sizeof bodies[i] };
	return pki_ocsp_error_response(PKI_OCSP_INTERNAL);
}
