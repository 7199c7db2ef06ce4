#include "libpki/cms/cms.h"

#include <openssl/cms.h>
#include <openssl/ess.h>
#include <openssl/objects.h>
#include <string.h>

#include "libpki/asn1/asn1.h"
#include "libpki/cms/cms_priv.h"

/* How far the clocks of two of the State's machines may be apart, seconds. */
#define CLOCK_SKEW ((pki_time)5 * 60)

/* The state of pki_cms_open(). */
struct opening {
	CMS_ContentInfo *cms;
	struct pki_cms_parts parts;
	struct pki_cert *certs[PKI_CMS_CERTS_MAX]; /* of parts.certs */
	struct pki_bytes content;
	const struct pki_cert *issuer;
	pki_time at;
	bool undated; /* no date is checked */
	struct pki_cms_cache *cache;
};

#define MALFORMED(err, ...) \
	pki_fail_rule((err), PKI_INPUT, PKI_RULE_ORDER_FORM, __VA_ARGS__)

static enum pki_status
malformed_ssl(struct pki_err *err, const char *text)
{
	struct pki_err own = { 0 };
	pki_fail_ssl(&own, PKI_INPUT, "%s", text);
	own.rule = PKI_RULE_ORDER_FORM;
	return pki_err_move(err, &own);
}

void
pki_cms_close(struct pki_cms *cms)
{
	for (size_t i = 0; i < cms->signer_count; i++)
		pki_cert_free(cms->signers[i].cert);
	pki_buf_free(&cms->content);
	*cms = (struct pki_cms){ 0 };
}

static void
opening_free(struct opening *o)
{
	for (size_t i = 0; i < PKI_CMS_CERTS_MAX; i++)
		pki_cert_free(o->certs[i]);
	pki_buf_free(&o->parts.room);
	CMS_ContentInfo_free(o->cms);
}

/* DER has one encoding: a message with another encoding was changed after signing. */
static enum pki_status
check_der(CMS_ContentInfo *cms, struct pki_bytes der, struct pki_err *err)
{
	uint8_t *again = NULL;
	int len = i2d_CMS_ContentInfo(cms, &again);
	bool same = len >= 0 && pki_bytes_equal(again, (size_t)len, der.data, der.len);
	OPENSSL_free(again);
	if (!same)
		return MALFORMED(err,
			"the CMS message is not DER (X.690 10); sign it with a tool that writes DER");
	return PKI_OK;
}

static enum pki_status
parse(struct pki_bytes der, struct opening *o, struct pki_err *err)
{
	if (der.len > PKI_CMS_MAX)
		return pki_fail(err, PKI_LIMIT,
			"a CMS message of %zu octets; at most %zu", der.len, PKI_CMS_MAX);
	PKI_TRY(pki_cms_split(der, &o->parts, err));
	struct pki_bytes rest = o->parts.rest;
	const uint8_t *p = rest.data;
	o->cms = d2i_CMS_ContentInfo(NULL, &p, (long)rest.len);
	if (o->cms == NULL)
		return malformed_ssl(err, "no CMS message (RFC 5652 3)");
	if (OBJ_obj2nid(CMS_get0_type(o->cms)) != NID_pkcs7_signed)
		return MALFORMED(err, "the CMS message is not SignedData (RFC 5652 5.1)");
	if (OBJ_obj2nid(CMS_get0_eContentType(o->cms)) != NID_pkcs7_data)
		return MALFORMED(err, "the signed content is not id-data (RFC 5652 4)");
	PKI_TRY(check_der(o->cms, rest, err));
	STACK_OF(X509_CRL) *crls = CMS_get1_crls(o->cms);
	sk_X509_CRL_pop_free(crls, X509_CRL_free);
	if (crls != NULL)
		return MALFORMED(err, "CRLs are attached; an order has none");
	ASN1_OCTET_STRING **content = CMS_get0_content(o->cms);
	if (content == NULL || *content == NULL || ASN1_STRING_length(*content) == 0)
		return MALFORMED(err,
			"no content attached (RFC 5652 5.2); sign with the content inside");
	o->content = (struct pki_bytes){ ASN1_STRING_get0_data(*content),
		(size_t)ASN1_STRING_length(*content) };
	return PKI_OK;
}

/* The value of a signed attribute, present once with one value of this type; else NULL. */
static const void *
signed_attribute(CMS_SignerInfo *si, int nid, int type)
{
	return CMS_signed_get0_data_by_OBJ(si, OBJ_nid2obj(nid), -3, type);
}

static enum pki_status
signing_time(CMS_SignerInfo *si, pki_time *out, struct pki_err *err)
{
	const ASN1_TIME *t = signed_attribute(si, NID_pkcs9_signingTime, V_ASN1_UTCTIME);
	if (t == NULL)
		t = signed_attribute(si, NID_pkcs9_signingTime, V_ASN1_GENERALIZEDTIME);
	struct tm tm;
	if (t == NULL || ASN1_TIME_to_tm(t, &tm) != 1)
		return MALFORMED(err,
			"no signing-time among the signed attributes (RFC 5652 11.3)");
	*out = timegm(&tm);
	return PKI_OK;
}

/* rule 94; the signature's algorithm, which OpenSSL does not look at, fits the digest's. */
static enum pki_status
signer_digest(CMS_SignerInfo *si, const EVP_MD **out, struct pki_err *err)
{
	X509_ALGOR *algs[2] = { NULL };
	CMS_SignerInfo_get0_algs(si, NULL, NULL, &algs[0], &algs[1]);
	int nids[2];
	for (size_t i = 0; i < PKI_COUNT(algs); i++) {
		const ASN1_OBJECT *oid = NULL;
		X509_ALGOR_get0(&oid, NULL, NULL, algs[i]);
		nids[i] = OBJ_obj2nid(oid);
	}
	switch (nids[0]) {
	case NID_sha256:
		*out = EVP_sha256();
		break;
	case NID_sha384:
		*out = EVP_sha384();
		break;
	case NID_sha512:
		*out = EVP_sha512();
		break;
	default:
		return pki_fail_rule(err, PKI_INPUT, PKI_RULE_ALGORITHM,
			"signed over a digest other than SHA-256, SHA-384 and SHA-512");
	}
	int md = NID_undef, pkey = NID_undef;
	if (nids[1] != NID_rsaEncryption && nids[1] != NID_rsassaPss &&
		(OBJ_find_sigid_algs(nids[1], &md, &pkey) != 1 || md != nids[0]))
		return pki_fail_rule(err, PKI_INPUT, PKI_RULE_ALGORITHM,
			"the signature's algorithm does not fit the digest's");
	return PKI_OK;
}

static enum pki_status
check_digest(struct pki_bytes content, CMS_SignerInfo *si, struct pki_err *err)
{
	const EVP_MD *md = NULL;
	PKI_TRY(signer_digest(si, &md, err));
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	if (EVP_Digest(content.data, content.len, digest, &len, md, NULL) != 1)
		return pki_fail_ssl(err, PKI_INTERNAL, "digest of the content");
	const ASN1_OCTET_STRING *said =
		signed_attribute(si, NID_pkcs9_messageDigest, V_ASN1_OCTET_STRING);
	if (said == NULL)
		return MALFORMED(err,
			"no message-digest among the signed attributes (RFC 5652 11.2)");
	if (!pki_bytes_equal(ASN1_STRING_get0_data(said),
		    (size_t)ASN1_STRING_length(said), digest, len))
		return MALFORMED(err,
			"the content was changed after signing: its digest is not the signed message-digest (RFC 5652 5.4)");
	return PKI_OK;
}

/* RFC 5035 3: the signed attribute that ties the signature to one certificate. */
static enum pki_status
check_signing_certificate(CMS_SignerInfo *si, X509 *x509, struct pki_err *err)
{
	ASN1_OBJECT *oid = OBJ_nid2obj(NID_id_smime_aa_signingCertificateV2);
	if (CMS_signed_get_attr_by_OBJ(si, oid, -1) < 0)
		return PKI_OK;
	const ASN1_STRING *der = signed_attribute(
		si, NID_id_smime_aa_signingCertificateV2, V_ASN1_SEQUENCE);
	ESS_SIGNING_CERT_V2 *ess = NULL;
	if (der != NULL) {
		const uint8_t *p = ASN1_STRING_get0_data(der);
		ess = d2i_ESS_SIGNING_CERT_V2(NULL, &p, ASN1_STRING_length(der));
	}
	STACK_OF(X509) *chain = sk_X509_new_null();
	bool fits = ess != NULL && chain != NULL && sk_X509_push(chain, x509) > 0 &&
		    OSSL_ESS_check_signing_certs(NULL, ess, chain, 1) > 0;
	sk_X509_free(chain);
	ESS_SIGNING_CERT_V2_free(ess);
	if (!fits)
		return malformed_ssl(err,
			"signing-certificate-v2 does not name the signer's certificate (RFC 5035 3)");
	return PKI_OK;
}

static enum pki_status
check_attributes(
	const struct opening *o, CMS_SignerInfo *si, X509 *x509, struct pki_err *err)
{
	const ASN1_OBJECT *type =
		signed_attribute(si, NID_pkcs9_contentType, V_ASN1_OBJECT);
	if (type == NULL || OBJ_obj2nid(type) != NID_pkcs7_data)
		return MALFORMED(err,
			"no content-type id-data among the signed attributes (RFC 5652 11.1)");
	if (CMS_unsigned_get_attr_count(si) > 0)
		return MALFORMED(err,
			"unsigned attributes, for which nobody answers; sign without them");
	PKI_TRY(check_digest(o->content, si, err));
	return check_signing_certificate(si, x509, err);
}

/* The cached certificate of these octets; NULL without a cache or if not cached. */
static struct pki_cert *
find_known(const struct opening *o, struct pki_bytes der)
{
	return o->cache != NULL ? pki_cms_cache_find(o->cache, der, o->issuer) : NULL;
}

/* The attached certificates, cached certificates from the cache. */
static enum pki_status
load_certs(struct opening *o, struct pki_err *err)
{
	for (size_t i = 0; i < o->parts.cert_count; i++) {
		struct pki_bytes der = o->parts.certs[i];
		const struct pki_cert *known = find_known(o, der);
		if (known != NULL) {
			o->certs[i] = pki_cert_share(known);
			continue;
		}
		struct pki_err own = { 0 };
		enum pki_status status = pki_cert_parse(der, &o->certs[i], &own);
		if (status == PKI_INPUT || status == PKI_LIMIT)
			return MALFORMED(err, "an attached certificate: %s", own.msg);
		if (status != PKI_OK)
			return pki_err_move(err, &own);
	}
	return PKI_OK;
}

/* Issued by our issuer: verified now, or earlier and remembered. */
static enum pki_status
verify_cert(const struct opening *o, const struct pki_cert *cert, struct pki_err *err)
{
	if (find_known(o, pki_cert_get0_der(cert)) != NULL)
		return PKI_OK;
	PKI_TRY(pki_cert_verify(
		cert, o->issuer, o->undated ? pki_cert_not_before(cert) : o->at, err));
	if (o->cache != NULL)
		pki_cms_cache_add(o->cache, cert, o->issuer);
	return PKI_OK;
}

static enum pki_status
check_dates(const struct opening *o, const struct pki_cert *cert, const char *what,
	pki_time t, struct pki_err *err)
{
	if (o->undated)
		return PKI_OK;
	if (t >= pki_cert_not_before(cert) && t <= pki_cert_not_after(cert))
		return PKI_OK;
	char from[PKI_TIME_TEXT], to[PKI_TIME_TEXT], then[PKI_TIME_TEXT];
	pki_time_format(pki_cert_not_before(cert), from);
	pki_time_format(pki_cert_not_after(cert), to);
	pki_time_format(t, then);
	return pki_refuse(err, PKI_RULE_OFFICER_STATUS,
		"the signer's certificate is valid from %s to %s, not %s (%s); sign with a valid certificate",
		from, to, what, then);
}

/* INPUT and REFUSED mean that the certificate is no officer's certificate of this CA. */
static enum pki_status
check_issued(const struct opening *o, const struct pki_cert *cert, struct pki_err *err)
{
	struct pki_err own = { 0 };
	enum pki_status status = verify_cert(o, cert, &own);
	if (status != PKI_INPUT && status != PKI_REFUSED)
		return pki_err_move(err, &own);
	char text[sizeof own.msg];
	pki_err_text(&own, text, sizeof text);
	return pki_refuse(err, PKI_RULE_OFFICER_STATUS,
		"the signer's certificate was not issued by this CA: %s", text);
}

static enum pki_status
check_signer(const struct opening *o, CMS_SignerInfo *si, struct pki_cms_signer *out,
	struct pki_err *err)
{
	X509 *x509 = pki_cert_get0_x509(out->cert);
	PKI_TRY(check_issued(o, out->cert, err));
	unsigned usage = pki_cert_key_usage(out->cert);
	if ((usage & (PKI_KU_DIGITAL_SIGNATURE | PKI_KU_NON_REPUDIATION)) == 0)
		return pki_refuse(err, PKI_RULE_OFFICER_STATUS,
			"the signer's certificate has no keyUsage for signatures (RFC 5280 4.2.1.3)");
	PKI_TRY(check_dates(o, out->cert, "now", o->at, err));
	PKI_TRY(check_attributes(o, si, x509, err));
	pki_time signed_at = 0;
	PKI_TRY(signing_time(si, &signed_at, err));
	if (!o->undated && signed_at > o->at + CLOCK_SKEW)
		return pki_fail_rule(err, PKI_INPUT, PKI_RULE_CLOCK,
			"signed %lld seconds in the future; set the signer's clock",
			(long long)(signed_at - o->at));
	PKI_TRY(check_dates(o, out->cert, "when it signed", signed_at, err));
	out->signed_at = signed_at * 1000;
	CMS_SignerInfo_set1_signer_cert(si, x509);
	if (CMS_SignerInfo_verify(si) != 1)
		return malformed_ssl(err, "a signature does not verify (RFC 5652 5.6)");
	return PKI_OK;
}

/* The signer's certificate, taken out of o, so that no certificate signs twice. */
static struct pki_cert *
take_cert(struct opening *o, CMS_SignerInfo *si)
{
	for (size_t i = 0; i < o->parts.cert_count; i++) {
		struct pki_cert *cert = o->certs[i];
		if (cert == NULL ||
			CMS_SignerInfo_cert_cmp(si, pki_cert_get0_x509(cert)) != 0)
			continue;
		o->certs[i] = NULL;
		return cert;
	}
	return NULL;
}

static enum pki_status
get_signers(const struct opening *o, STACK_OF(CMS_SignerInfo) * *out, size_t *count,
	struct pki_err *err)
{
	*out = CMS_get0_SignerInfos(o->cms);
	int n = *out != NULL ? sk_CMS_SignerInfo_num(*out) : 0;
	if (n < 1 || n > PKI_CMS_SIGNERS_MAX)
		return MALFORMED(err,
			"%d signatures; at least 1, at most %d (RFC 5652 5.1)", n,
			PKI_CMS_SIGNERS_MAX);
	*count = (size_t)n;
	return PKI_OK;
}

static enum pki_status
no_signer(struct pki_err *err)
{
	return MALFORMED(err,
		"a signer's certificate is not attached, or signed twice (RFC 5652 5.3)");
}

static enum pki_status
check_signers(struct opening *o, struct pki_cms *out, struct pki_err *err)
{
	STACK_OF(CMS_SignerInfo) * infos;
	size_t count = 0;
	PKI_TRY(get_signers(o, &infos, &count, err));
	for (size_t i = 0; i < count; i++) {
		CMS_SignerInfo *si = sk_CMS_SignerInfo_value(infos, (int)i);
		struct pki_cms_signer *signer = &out->signers[i];
		signer->cert = take_cert(o, si);
		if (signer->cert == NULL)
			return no_signer(err);
		out->signer_count++;
		PKI_TRY(check_signer(o, si, signer, err));
	}
	return PKI_OK;
}

static enum pki_status
open_message(
	struct pki_bytes der, struct opening *o, struct pki_cms *out, struct pki_err *err)
{
	PKI_TRY(parse(der, o, err));
	PKI_TRY(load_certs(o, err));
	enum pki_status status = check_signers(o, out, err);
	if (status == PKI_OK)
		status = pki_buf_append(
			&out->content, o->content.data, o->content.len, err);
	if (status != PKI_OK)
		pki_cms_close(out);
	return status;
}

enum pki_status
pki_cms_open(struct pki_bytes der, const struct pki_cert *issuer, pki_time at,
	struct pki_cms_cache *cache, struct pki_cms *out, struct pki_err *err)
{
	*out = (struct pki_cms){ 0 };
	PKI_CLEANUP(opening_free)
	struct opening o = { .issuer = issuer, .at = at, .cache = cache };
	return open_message(der, &o, out, err);
}

enum pki_status
pki_cms_check(struct pki_bytes der, const struct pki_cert *issuer,
	struct pki_cms_cache *cache, struct pki_err *err)
{
	PKI_CLEANUP(pki_cms_close) struct pki_cms cms = { 0 };
	PKI_CLEANUP(opening_free)
	struct opening o = { .issuer = issuer, .undated = true, .cache = cache };
	return open_message(der, &o, &cms, err);
}

/* RFC 5652 5.3: a SignerInfo names its certificate by issuer and serial number, or by key
 * identifier; the latter only together with the attached certificate. */
static enum pki_status
claimed_serial(struct opening *o, CMS_SignerInfo *si, struct pki_serial *out,
	struct pki_err *err)
{
	X509_NAME *issuer = NULL;
	ASN1_INTEGER *serial = NULL;
	CMS_SignerInfo_get0_signer_id(si, NULL, &issuer, &serial);
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *cert = NULL;
	if (issuer == NULL) {
		if (o->certs[0] == NULL)
			PKI_TRY(load_certs(o, err));
		cert = take_cert(o, si);
		if (cert == NULL)
			return no_signer(err);
		issuer = X509_get_issuer_name(pki_cert_get0_x509(cert));
		serial = X509_get_serialNumber(pki_cert_get0_x509(cert));
	}
	if (X509_NAME_cmp(issuer, X509_get_subject_name(pki_cert_get0_x509(o->issuer))) !=
		0)
		return pki_refuse(err, PKI_RULE_OFFICER_STATUS,
			"the signer's certificate was not issued by this CA: it names another issuer");
	struct pki_err own = { 0 };
	if (pki_asn1_serial_get(serial, out, &own) != PKI_OK)
		return MALFORMED(err, "a signer's certificate: %s", own.msg);
	return PKI_OK;
}

static enum pki_status
claim(struct opening *o, struct pki_cms_claim *out, struct pki_err *err)
{
	STACK_OF(CMS_SignerInfo) * infos;
	PKI_TRY(get_signers(o, &infos, &out->signer_count, err));
	for (size_t i = 0; i < out->signer_count; i++) {
		CMS_SignerInfo *si = sk_CMS_SignerInfo_value(infos, (int)i);
		PKI_TRY(claimed_serial(o, si, &out->signers[i], err));
		for (size_t k = 0; k < i; k++)
			if (pki_serial_compare(&out->signers[k], &out->signers[i]) == 0)
				return no_signer(err);
	}
	return pki_buf_append(&out->content, o->content.data, o->content.len, err);
}

enum pki_status
pki_cms_peek(struct pki_bytes der, const struct pki_cert *issuer,
	struct pki_cms_claim *out, struct pki_err *err)
{
	*out = (struct pki_cms_claim){ 0 };
	PKI_CLEANUP(opening_free) struct opening o = { .issuer = issuer };
	PKI_TRY(parse(der, &o, err));
	return claim(&o, out, err);
}

void
pki_cms_claim_free(struct pki_cms_claim *claimed)
{
	pki_buf_free(&claimed->content);
	*claimed = (struct pki_cms_claim){ 0 };
}
