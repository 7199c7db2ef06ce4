#include "libpki/ocsp_internal.h"

#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

/* rule 65; SHA-1 because RFC 5019 clients send nothing else */
static const int hash_nids[] = { NID_sha1, NID_sha256, NID_sha384, NID_sha512 };
enum { HASHES = PKI_COUNT(hash_nids) };

/* id-pkix-ocsp-extended-revoke, RFC 6960 4.4.8; OpenSSL has no name for it */
static const char oid_extended_revoke[] = "1.3.6.1.5.5.7.48.1.9";

struct issuer_hash {
	uint8_t name[EVP_MAX_MD_SIZE];
	uint8_t key[EVP_MAX_MD_SIZE];
	unsigned len;
};

struct pki_ocsp_responder {
	const struct pki_cert *cert;
	struct pki_key *key;
	struct issuer_hash hashes[HASHES];
	ASN1_GENERALIZEDTIME *archive_cutoff;
	X509_EXTENSION *extended_revoke;
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
	struct pki_err why = { 0 };
	if (pki_cert_verify(cert, issuer, at, &why) != PKI_OK)
		return pki_refuse(err, PKI_RULE_OCSP_ISSUED_BY_CA,
			"the responder's certificate does not hold: %s", why.msg);
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
		X509_NAME_digest(X509_get_subject_name(issuer), md, out->name, &len) != 1 ||
		X509_pubkey_digest(issuer, md, out->key, &out->len) != 1)
		return pki_fail_ssl(err, PKI_INTERNAL, "hashing the issuer's name and key");
	return PKI_OK;
}

static enum pki_status
prepare(struct pki_ocsp_responder *r, const struct pki_cert *issuer, struct pki_err *err)
{
	for (size_t i = 0; i < HASHES; i++)
		PKI_TRY(hash_issuer(
			pki_cert_get0_x509(issuer), hash_nids[i], &r->hashes[i], err));
	r->archive_cutoff = ASN1_GENERALIZEDTIME_set(NULL, pki_cert_not_before(issuer));

	/* ExtendedRevoke ::= NULL, RFC 6960 4.4.8 */
	static const uint8_t null[] = { V_ASN1_NULL, 0 };
	ASN1_OBJECT *oid = OBJ_txt2obj(oid_extended_revoke, 1);
	ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
	if (oid != NULL && value != NULL &&
		ASN1_OCTET_STRING_set(value, null, sizeof null) == 1)
		r->extended_revoke = X509_EXTENSION_create_by_OBJ(NULL, oid, 0, value);
	ASN1_OBJECT_free(oid);
	ASN1_OCTET_STRING_free(value);
	if (r->archive_cutoff == NULL || r->extended_revoke == NULL)
		return pki_fail_ssl(err, PKI_MEMORY, "an OCSP responder");
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
	PKI_CLEANUP(responder_cleanup) struct pki_ocsp_responder *r = calloc(1, sizeof *r);
	if (r == NULL)
		return pki_fail(err, PKI_MEMORY, "an OCSP responder");
	r->cert = cert;
	r->key = key;
	PKI_TRY(prepare(r, issuer, err));
	*out = r;
	r = NULL;
	return PKI_OK;
}

void
pki_ocsp_responder_free(struct pki_ocsp_responder *responder)
{
	if (responder == NULL)
		return;
	ASN1_GENERALIZEDTIME_free(responder->archive_cutoff);
	X509_EXTENSION_free(responder->extended_revoke);
	free(responder);
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

static void
free_basic(OCSP_BASICRESP **basic)
{
	OCSP_BASICRESP_free(*basic);
}

static void
free_time(ASN1_TIME **t)
{
	ASN1_TIME_free(*t);
}

/* What one SingleResponse says, in OpenSSL's terms. */
struct single {
	int status;
	int reason; /* -1: left out */
	pki_time revoked_at;
};

static struct single
single_of(const struct pki_ocsp_answer *answer)
{
	switch (answer->status) {
	case PKI_OCSP_GOOD:
		return (struct single){ V_OCSP_CERTSTATUS_GOOD, -1, 0 };
	case PKI_OCSP_REVOKED:
		return (struct single){ V_OCSP_CERTSTATUS_REVOKED,
			answer->reason == PKI_REASON_UNSPECIFIED ? -1 : (int)answer->reason,
			answer->revoked_at };
	case PKI_OCSP_UNISSUED:
		break;
	}
	/* rule 61: on hold since 1970-01-01 */
	return (struct single){ V_OCSP_CERTSTATUS_REVOKED,
		OCSP_REVOKED_STATUS_CERTIFICATEHOLD, 0 };
}

static enum pki_status
add_single(const struct pki_ocsp_responder *r, OCSP_BASICRESP *basic, OCSP_CERTID *id,
	const struct pki_ocsp_answer *answer, ASN1_TIME *const updates[2],
	struct pki_err *err)
{
	struct single s = single_of(answer);
	PKI_CLEANUP(free_time) ASN1_TIME *revoked_at = NULL;
	if (s.status == V_OCSP_CERTSTATUS_REVOKED)
		revoked_at = ASN1_GENERALIZEDTIME_set(NULL, s.revoked_at);
	OCSP_SINGLERESP *single = OCSP_basic_add1_status(
		basic, id, s.status, s.reason, revoked_at, updates[0], updates[1]);
	/* rule 75 (and 73: this extension alone) */
	if (single == NULL ||
		OCSP_SINGLERESP_add1_ext_i2d(single, NID_id_pkix_OCSP_archiveCutoff,
			r->archive_cutoff, 0, 0) != 1)
		return pki_fail_ssl(err, PKI_INTERNAL, "an OCSP SingleResponse");
	return PKI_OK;
}

static enum pki_status
add_singles(const struct pki_ocsp_responder *r, const struct pki_ocsp_request *req,
	const struct pki_ocsp_answer *answers, ASN1_TIME *const updates[2],
	OCSP_BASICRESP *basic, struct pki_err *err)
{
	bool unissued = false;
	for (size_t i = 0; i < req->count; i++) {
		PKI_TRY(add_single(r, basic, req->ids[i], &answers[i], updates, err));
		unissued = unissued || answers[i].status == PKI_OCSP_UNISSUED;
	}
	/* rule 61 */
	if (unissued && OCSP_BASICRESP_add_ext(basic, r->extended_revoke, -1) != 1)
		return pki_fail_ssl(err, PKI_INTERNAL, "extended-revoke");
	return PKI_OK;
}

static enum pki_status
add_nonce(OCSP_BASICRESP *basic, const struct pki_ocsp_request *req, struct pki_err *err)
{
	uint8_t nonce[PKI_OCSP_NONCE_MAX];
	if (req->nonce_len == 0)
		return PKI_OK;
	memcpy(nonce, req->nonce, req->nonce_len);
	if (OCSP_basic_add1_nonce(basic, nonce, (int)req->nonce_len) != 1)
		return pki_fail_ssl(err, PKI_INTERNAL, "nonce");
	return PKI_OK;
}

static enum pki_status
encode(OCSP_BASICRESP *basic, struct pki_buf *der, struct pki_err *err)
{
	OCSP_RESPONSE *response =
		OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
	int len = response != NULL ? i2d_OCSP_RESPONSE(response, NULL) : -1;
	enum pki_status status = PKI_OK;
	if (len <= 0) {
		status = pki_fail_ssl(err, PKI_INTERNAL, "encoding an OCSP response");
	} else {
		status = pki_buf_reserve(der, (size_t)len, err);
		uint8_t *p = der->data + der->len;
		if (status == PKI_OK)
			der->len += (size_t)i2d_OCSP_RESPONSE(response, &p);
	}
	OCSP_RESPONSE_free(response);
	return status;
}

enum pki_status
pki_ocsp_respond(struct pki_ocsp_responder *responder, const struct pki_ocsp_request *req,
	const struct pki_ocsp_answer *answers, pki_time this_update, pki_time next_update,
	struct pki_buf *der, struct pki_err *err)
{
	PKI_CLEANUP(free_basic) OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	PKI_CLEANUP(free_time)
	ASN1_TIME *from = ASN1_GENERALIZEDTIME_set(NULL, this_update);
	PKI_CLEANUP(free_time) ASN1_TIME *to = ASN1_GENERALIZEDTIME_set(NULL, next_update);
	if (basic == NULL || from == NULL || to == NULL)
		return pki_fail_ssl(err, PKI_MEMORY, "an OCSP response");
	ASN1_TIME *const updates[2] = { from, to };
	PKI_TRY(add_singles(responder, req, answers, updates, basic, err));
	PKI_TRY(add_nonce(basic, req, err));
	/* rule 66 */
	if (OCSP_basic_sign(basic, pki_cert_get0_x509(responder->cert),
		    pki_key_get0_evp(responder->key), pki_key_md(responder->key), NULL,
		    OCSP_RESPID_KEY) != 1)
		return pki_fail_ssl(err, PKI_INTERNAL, "signing an OCSP response");
	return encode(basic, der, err);
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
