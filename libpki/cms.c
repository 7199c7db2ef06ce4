#include "libpki/cms.h"

#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "libpki/cms_cache.h"
#include "libpki/cms_der.h"
#include "libpki/der.h"
#include "libpki/signed.h"

/* How far the clocks of two of the State's machines may be apart, seconds. */
#define CLOCK_SKEW ((pki_time)5 * 60)

/* What pki_cms_open() holds while it works. */
struct opening {
	struct pki_cms_parts parts;
	struct pki_cert *certs[PKI_CMS_CERTS_MAX]; /* of parts.certs */
	const struct pki_cert *issuer;
	pki_time at;
	struct pki_cms_cache *cache;
	const EVP_MD *md; /* of digest, that of the content; NULL: none yet */
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned digest_len;
};

#define MALFORMED(err, ...) \
	pki_fail_rule((err), PKI_INPUT, PKI_RULE_ORDER_FORM, __VA_ARGS__)

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
}

static enum pki_status
signing_time(const struct pki_cms_info *info, pki_time *out, struct pki_err *err)
{
	struct pki_bytes value;
	struct pki_err why = { 0 };
	if (pki_cms_attribute(info, NID_pkcs9_signingTime, &value) &&
		pki_der_get_x509_time(&value, out, &why) == PKI_OK)
		return PKI_OK;
	return MALFORMED(
		err, "no signing-time among the signed attributes (RFC 5652 11.3)");
}

/* rule 94 */
static enum pki_status
find_digest(struct pki_bytes oid, const EVP_MD **out, struct pki_err *err)
{
	if (pki_cms_is_oid(oid, NID_sha256))
		*out = EVP_sha256();
	else if (pki_cms_is_oid(oid, NID_sha384))
		*out = EVP_sha384();
	else if (pki_cms_is_oid(oid, NID_sha512))
		*out = EVP_sha512();
	else
		return pki_fail_rule(err, PKI_INPUT, PKI_RULE_ALGORITHM,
			"signed over a digest other than SHA-256, SHA-384 and SHA-512");
	return PKI_OK;
}

/* The signature's algorithm fits the digest's, and the key. */
static enum pki_status
check_algorithm(const struct pki_cms_info *info, const struct pki_cert *cert, int md,
	struct pki_err *err)
{
	static const struct {
		int nid, md, key; /* md NID_undef: any */
	} known[] = {
		{ NID_ecdsa_with_SHA256, NID_sha256, EVP_PKEY_EC },
		{ NID_ecdsa_with_SHA384, NID_sha384, EVP_PKEY_EC },
		{ NID_ecdsa_with_SHA512, NID_sha512, EVP_PKEY_EC },
		{ NID_sha256WithRSAEncryption, NID_sha256, EVP_PKEY_RSA },
		{ NID_sha384WithRSAEncryption, NID_sha384, EVP_PKEY_RSA },
		{ NID_sha512WithRSAEncryption, NID_sha512, EVP_PKEY_RSA },
		{ NID_rsaEncryption, NID_undef, EVP_PKEY_RSA },
		{ NID_rsassaPss, NID_undef, EVP_PKEY_RSA },
	};
	int key = EVP_PKEY_get_base_id(pki_key_get0_evp(pki_cert_get0_key(cert)));
	for (size_t i = 0; i < PKI_COUNT(known); i++)
		if (known[i].key == key &&
			pki_cms_is_oid(info->algorithm_oid, known[i].nid) &&
			(known[i].md == md || known[i].md == NID_undef))
			return PKI_OK;
	return pki_fail_rule(err, PKI_INPUT, PKI_RULE_ALGORITHM,
		"the signature's algorithm does not fit the digest's, or the key");
}

static enum pki_status
check_digest(struct opening *o, const struct pki_cms_info *info, const EVP_MD *md,
	struct pki_err *err)
{
	struct pki_bytes content = o->parts.content, value, said;
	if (o->md != md && EVP_Digest(content.data, content.len, o->digest, &o->digest_len,
				   md, NULL) != 1)
		return pki_fail_ssl(err, PKI_INTERNAL, "digest of the content");
	o->md = md;
	if (!pki_cms_attribute(info, NID_pkcs9_messageDigest, &value) ||
		!pki_der_get(&value, PKI_DER_OCTETS, &said))
		return MALFORMED(err, "no message-digest among the signed attributes "
				      "(RFC 5652 11.2)");
	if (!pki_bytes_equal(said.data, said.len, o->digest, o->digest_len))
		return MALFORMED(err,
			"the content is not what was signed: its digest is not "
			"the signed message-digest (RFC 5652 5.4)");
	return PKI_OK;
}

/* By issuer and serial number of the certificate itself. */
static bool
names(struct pki_bytes issuer, struct pki_bytes serial, const struct pki_cert *cert)
{
	struct pki_bytes want = pki_cert_get0_issuer_der(cert);
	const struct pki_serial *own = pki_cert_get0_serial(cert);
	/* as positive numbers: the INTEGER may have a zero octet before */
	if (serial.len > 1 && serial.data[0] == 0)
		serial = (struct pki_bytes){ serial.data + 1, serial.len - 1 };
	return pki_bytes_equal(issuer.data, issuer.len, want.data, want.len) &&
	       pki_bytes_equal(serial.data, serial.len, own->octets, own->len);
}

/* IssuerSerial ::= SEQUENCE { issuer GeneralNames, serialNumber INTEGER }: one
 * directoryName
 */
static bool
issuer_serial_fits(struct pki_bytes in, const struct pki_cert *cert)
{
	struct pki_bytes list, name, serial;
	return pki_der_get(&in, PKI_DER_SEQUENCE, &list) &&
	       pki_der_get(&in, PKI_DER_INTEGER, &serial) && in.len == 0 &&
	       pki_der_get(&list, PKI_DER_CONSTRUCTED + GEN_DIRNAME, &name) &&
	       list.len == 0 && names(name, serial, cert);
}

/*
 * ESSCertIDv2 ::= SEQUENCE { hashAlgorithm AlgorithmIdentifier DEFAULT id-sha256,
 * certHash OCTET STRING, issuerSerial IssuerSerial OPTIONAL }
 */
static bool
cert_id_fits(struct pki_bytes in, const struct pki_cert *cert)
{
	struct pki_bytes algorithm, oid, hash, rest;
	struct pki_bytes der = pki_cert_get0_der(cert);
	const EVP_MD *md = EVP_sha256();
	struct pki_err ignored = { 0 };
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	if (pki_der_get(&in, PKI_DER_SEQUENCE, &algorithm) &&
		(!pki_der_get(&algorithm, PKI_DER_OID, &oid) ||
			find_digest(oid, &md, &ignored) != PKI_OK))
		return false;
	if (!pki_der_get(&in, PKI_DER_OCTETS, &hash) ||
		EVP_Digest(der.data, der.len, digest, &len, md, NULL) != 1 ||
		!pki_bytes_equal(hash.data, hash.len, digest, len))
		return false;
	return in.len == 0 || (pki_der_get(&in, PKI_DER_SEQUENCE, &rest) && in.len == 0 &&
				      issuer_serial_fits(rest, cert));
}

/*
 * RFC 5035 3: the signed attribute that ties the signature to one certificate.
 * SigningCertificateV2 ::= SEQUENCE { certs SEQUENCE OF ESSCertIDv2, policies ... OPTIONAL
 * }
 */
static enum pki_status
check_signing_certificate(
	const struct pki_cms_info *info, const struct pki_cert *cert, struct pki_err *err)
{
	struct pki_bytes value, fields, certs, id;
	if (pki_cms_count(info, NID_id_smime_aa_signingCertificateV2) == 0)
		return PKI_OK;
	if (!pki_cms_attribute(info, NID_id_smime_aa_signingCertificateV2, &value) ||
		!pki_der_get(&value, PKI_DER_SEQUENCE, &fields) ||
		!pki_der_get(&fields, PKI_DER_SEQUENCE, &certs) ||
		!pki_der_get(&certs, PKI_DER_SEQUENCE, &id) || certs.len != 0 ||
		!cert_id_fits(id, cert))
		return MALFORMED(err, "signing-certificate-v2 does not name the signer's "
				      "certificate (RFC 5035 3)");
	return PKI_OK;
}

static enum pki_status
check_attributes(struct opening *o, const struct pki_cms_info *info,
	const struct pki_cert *cert, const EVP_MD *md, struct pki_err *err)
{
	struct pki_bytes value, type;
	if (!pki_cms_attribute(info, NID_pkcs9_contentType, &value) ||
		!pki_der_get(&value, PKI_DER_OID, &type) ||
		!pki_cms_is_oid(type, NID_pkcs7_data))
		return MALFORMED(err, "no content-type id-data among the signed attributes "
				      "(RFC 5652 11.1)");
	PKI_TRY(check_algorithm(info, cert, EVP_MD_get_type(md), err));
	PKI_TRY(check_digest(o, info, md, err));
	return check_signing_certificate(info, cert, err);
}

/* Over the attributes as a SET OF, which their [0] stands for (RFC 5652 5.4). */
static enum pki_status
check_signature(const struct pki_cms_info *info, const struct pki_key *key,
	const EVP_MD *md, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf set = { 0 };
	struct pki_err why = { 0 };
	struct pki_bytes in = info->signed_attributes;
	PKI_TRY(pki_buf_append(&set, in.data, in.len, err));
	set.data[0] = PKI_DER_SET;
	bool fits = pki_cms_is_oid(info->algorithm_oid, NID_rsassaPss)
			    ? pki_signed_verify_pss(pki_buf_bytes(&set), info->algorithm,
				      info->signature, md, key)
			    : pki_key_verify_with(key, md, set.data, set.len,
				      info->signature, &why) == PKI_OK;
	if (!fits)
		return MALFORMED(err, "a signature that does not fit (RFC 5652 5.6)");
	return PKI_OK;
}

/* NULL without a cache, or one that knows it. */
static struct pki_cert *
find_known(const struct opening *o, struct pki_bytes der)
{
	return o->cache != NULL ? pki_cms_cache_find(o->cache, der, o->issuer) : NULL;
}

/* The attached certificates, those that the cache knows from there. */
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
		struct pki_err why = { 0 };
		enum pki_status status = pki_cert_parse(der, &o->certs[i], &why);
		if (status == PKI_INPUT || status == PKI_LIMIT)
			return MALFORMED(err, "an attached certificate: %s", why.msg);
		if (status != PKI_OK)
			return pki_fail(err, status, "%s", why.msg);
	}
	return PKI_OK;
}

/* Issued by our issuer: verified now, or earlier and remembered. */
static enum pki_status
verify_cert(const struct opening *o, const struct pki_cert *cert, struct pki_err *err)
{
	if (find_known(o, pki_cert_get0_der(cert)) != NULL)
		return PKI_OK;
	PKI_TRY(pki_cert_verify(cert, o->issuer, o->at, err));
	if (o->cache != NULL)
		pki_cms_cache_add(o->cache, cert, o->issuer);
	return PKI_OK;
}

static enum pki_status
check_dates(const struct pki_cert *cert, const char *what, pki_time t, struct pki_err *err)
{
	if (t >= pki_cert_not_before(cert) && t <= pki_cert_not_after(cert))
		return PKI_OK;
	char from[PKI_TIME_TEXT], to[PKI_TIME_TEXT], then[PKI_TIME_TEXT];
	pki_time_format(pki_cert_not_before(cert), from);
	pki_time_format(pki_cert_not_after(cert), to);
	pki_time_format(t, then);
	return pki_refuse(err, PKI_RULE_OFFICER_STATUS,
		"the signer's certificate is valid from %s to %s, not %s (%s); sign with a "
		"valid one",
		from, to, what, then);
}

/* Anything but an error of ours means that the certificate is not one of our officers'. */
static enum pki_status
not_an_officer(struct pki_err *err)
{
	if (err->status != PKI_INPUT && err->status != PKI_REFUSED)
		return err->status;
	struct pki_err why = *err;
	char text[sizeof why.msg];
	pki_err_text(&why, text, sizeof text);
	*err = (struct pki_err){ 0 };
	return pki_refuse(err, PKI_RULE_OFFICER_STATUS,
		"the signer's certificate is not one of this CA's: %s", text);
}

static enum pki_status
check_signer(struct opening *o, const struct pki_cms_info *info, struct pki_cms_signer *out,
	struct pki_err *err)
{
	if (verify_cert(o, out->cert, err) != PKI_OK)
		return not_an_officer(err);
	unsigned usage = pki_cert_key_usage(out->cert);
	if ((usage & (PKI_KU_DIGITAL_SIGNATURE | PKI_KU_NON_REPUDIATION)) == 0)
		return pki_refuse(err, PKI_RULE_OFFICER_STATUS,
			"the signer's certificate has no keyUsage for signatures "
			"(RFC 5280 4.2.1.3)");
	PKI_TRY(check_dates(out->cert, "now", o->at, err));
	const EVP_MD *md = NULL;
	PKI_TRY(find_digest(info->digest_oid, &md, err));
	PKI_TRY(check_attributes(o, info, out->cert, md, err));
	pki_time signed_at = 0;
	PKI_TRY(signing_time(info, &signed_at, err));
	if (signed_at > o->at + CLOCK_SKEW)
		return pki_fail_rule(err, PKI_INPUT, PKI_RULE_CLOCK,
			"signed %lld seconds in the future; set the signer's clock",
			(long long)(signed_at - o->at));
	PKI_TRY(check_dates(out->cert, "when it signed", signed_at, err));
	out->signed_at = signed_at * 1000;
	return check_signature(info, pki_cert_get0_key(out->cert), md, err);
}

static bool
is_signers(const struct pki_cms_info *info, const struct pki_cert *cert)
{
	uint8_t id[PKI_KEY_ID];
	if (info->key_id.len == 0)
		return names(info->issuer, info->serial, cert);
	return pki_cert_subject_key_id(cert, id) &&
	       pki_bytes_equal(id, sizeof id, info->key_id.data, info->key_id.len);
}

/* The signer's certificate, taken out of o: once taken it is not found again. */
static struct pki_cert *
take_cert(struct opening *o, const struct pki_cms_info *info)
{
	for (size_t i = 0; i < o->parts.cert_count; i++) {
		struct pki_cert *cert = o->certs[i];
		if (cert == NULL || !is_signers(info, cert))
			continue;
		o->certs[i] = NULL;
		return cert;
	}
	return NULL;
}

static enum pki_status
check_signers(struct opening *o, struct pki_cms *out, struct pki_err *err)
{
	for (size_t i = 0; i < o->parts.signer_count; i++) {
		struct pki_cms_signer *signer = &out->signers[i];
		signer->cert = take_cert(o, &o->parts.signers[i]);
		if (signer->cert == NULL)
			return MALFORMED(err,
				"a signer's certificate is not attached, or signed "
				"twice (RFC 5652 5.3)");
		out->signer_count++;
		PKI_TRY(check_signer(o, &o->parts.signers[i], signer, err));
	}
	return PKI_OK;
}

enum pki_status
pki_cms_open(struct pki_bytes der, const struct pki_cert *issuer, pki_time at,
	struct pki_cms_cache *cache, struct pki_cms *out, struct pki_err *err)
{
	*out = (struct pki_cms){ 0 };
	PKI_CLEANUP(opening_free)
	struct opening o = { .issuer = issuer, .at = at, .cache = cache };
	if (der.len > PKI_CMS_MAX)
		return pki_fail(err, PKI_LIMIT, "a CMS message of %zu octets; at most %zu",
			der.len, PKI_CMS_MAX);
	PKI_TRY(pki_cms_split(der, &o.parts, err));
	PKI_TRY(load_certs(&o, err));
	enum pki_status status = check_signers(&o, out, err);
	if (status == PKI_OK)
		status = pki_buf_append(
			&out->content, o.parts.content.data, o.parts.content.len, err);
	if (status != PKI_OK)
		pki_cms_close(out);
	return status;
}
