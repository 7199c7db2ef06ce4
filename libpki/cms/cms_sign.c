#include <openssl/cms.h>
#include <openssl/objects.h>

#include "libpki/cms/cms.h"

static void
cms_cleanup(CMS_ContentInfo **cms)
{
	CMS_ContentInfo_free(*cms);
}

static enum pki_status
check_pair(const struct pki_key *key, const struct pki_cert *cert, struct pki_err *err)
{
	if (!pki_key_matches(key, pki_cert_get0_key(cert)))
		return pki_fail(err, PKI_STATE,
			"the key is not the certificate's key; sign with a matching pair");
	if (pki_key_md(key) == NULL)
		return pki_fail_rule(err, PKI_STATE, PKI_RULE_ALGORITHM,
			"%s cannot sign CMS here (RFC 8419 is not in OpenSSL 3.0); take an ECDSA or RSA key",
			pki_key_alg_name(pki_key_get_alg(key)));
	return PKI_OK;
}

/*
 * RFC 5652 5.4 by hand rather than by CMS_final(), which would sign for the earlier signers
 * again. CMS_PARTIAL leaves signing to the end; CMS_CADES adds signing-certificate-v2.
 */
static enum pki_status
add_signer(CMS_ContentInfo *cms, struct pki_bytes content, const struct pki_key *key,
	const struct pki_cert *cert, struct pki_err *err)
{
	const EVP_MD *md = pki_key_md(key);
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	CMS_SignerInfo *si = NULL;
	if (EVP_Digest(content.data, content.len, digest, &len, md, NULL) == 1)
		si = CMS_add1_signer(cms, pki_cert_get0_x509(cert), pki_key_get0_evp(key),
			md, CMS_PARTIAL | CMS_CADES | CMS_NOSMIMECAP);
	if (si == NULL ||
		CMS_signed_add1_attr_by_NID(si, NID_pkcs9_contentType, V_ASN1_OBJECT,
			OBJ_nid2obj(NID_pkcs7_data), -1) != 1 ||
		CMS_signed_add1_attr_by_NID(si, NID_pkcs9_messageDigest,
			V_ASN1_OCTET_STRING, digest, (int)len) != 1 ||
		CMS_SignerInfo_sign(si) != 1)
		return pki_fail_ssl(err, PKI_INTERNAL, "sign the CMS message");
	return PKI_OK;
}

static enum pki_status
write_der(CMS_ContentInfo *cms, struct pki_buf *out, struct pki_err *err)
{
	uint8_t *der = NULL;
	int len = i2d_CMS_ContentInfo(cms, &der);
	if (len < 0)
		return pki_fail_ssl(err, PKI_INTERNAL, "encode the CMS message");
	enum pki_status status = PKI_OK;
	if ((size_t)len > PKI_CMS_MAX)
		status = pki_fail(err, PKI_LIMIT,
			"a CMS message of %d octets; at most %zu", len, PKI_CMS_MAX);
	else
		status = pki_buf_append(out, der, (size_t)len, err);
	OPENSSL_free(der);
	return status;
}

enum pki_status
pki_cms_seal(struct pki_bytes content, struct pki_key *key, const struct pki_cert *cert,
	const struct pki_cert *issuer, struct pki_buf *out, struct pki_err *err)
{
	PKI_TRY(check_pair(key, cert, err));
	if (content.len == 0 || content.len > PKI_CMS_MAX)
		return pki_fail(err, PKI_LIMIT,
			"content of %zu octets; 1 to %zu can be signed", content.len,
			PKI_CMS_MAX);
	PKI_CLEANUP(cms_cleanup)
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, CMS_PARTIAL | CMS_BINARY);
	ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
	if (cms == NULL || octets == NULL ||
		ASN1_OCTET_STRING_set(octets, content.data, (int)content.len) != 1) {
		ASN1_OCTET_STRING_free(octets);
		return pki_fail_ssl(err, PKI_MEMORY, "a CMS message");
	}
	/* replaces CMS_sign()'s placeholder for streaming */
	ASN1_OCTET_STRING **place = CMS_get0_content(cms);
	ASN1_OCTET_STRING_free(*place);
	*place = octets;
	PKI_TRY(add_signer(cms, content, key, cert, err));
	if (issuer != NULL && CMS_add1_cert(cms, pki_cert_get0_x509(issuer)) != 1)
		return pki_fail_ssl(err, PKI_MEMORY, "the issuer in a CMS message");
	return write_der(cms, out, err);
}

enum pki_status
pki_cms_sign(struct pki_bytes content, struct pki_key *key, const struct pki_cert *cert,
	struct pki_buf *out, struct pki_err *err)
{
	return pki_cms_seal(content, key, cert, NULL, out, err);
}

static enum pki_status
check_may_add(CMS_ContentInfo *cms, const struct pki_cert *cert, struct pki_err *err)
{
	STACK_OF(CMS_SignerInfo) *infos = CMS_get0_SignerInfos(cms);
	int count = infos != NULL ? sk_CMS_SignerInfo_num(infos) : 0;
	if (count >= PKI_CMS_SIGNERS_MAX)
		return pki_fail_rule(err, PKI_STATE, PKI_RULE_ORDER_FORM,
			"%d signatures already; at most %d", count, PKI_CMS_SIGNERS_MAX);
	for (int i = 0; i < count; i++)
		if (CMS_SignerInfo_cert_cmp(sk_CMS_SignerInfo_value(infos, i),
			    pki_cert_get0_x509(cert)) == 0)
			return pki_fail_rule(err, PKI_STATE, PKI_RULE_SIGNATURES,
				"this officer has signed already; another officer must sign");
	return PKI_OK;
}

enum pki_status
pki_cms_cosign(struct pki_bytes der, struct pki_key *key, const struct pki_cert *cert,
	struct pki_buf *out, struct pki_err *err)
{
	PKI_TRY(check_pair(key, cert, err));
	if (der.len > PKI_CMS_MAX)
		return pki_fail(err, PKI_LIMIT,
			"a CMS message of %zu octets; at most %zu", der.len, PKI_CMS_MAX);
	const uint8_t *p = der.data;
	PKI_CLEANUP(cms_cleanup)
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)der.len);
	if (cms == NULL || p != der.data + der.len)
		return pki_fail_ssl(err, PKI_INPUT, "no CMS message (RFC 5652 3)");
	if (OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed)
		return pki_fail_rule(err, PKI_INPUT, PKI_RULE_ORDER_FORM,
			"the CMS message is not SignedData (RFC 5652 5.1)");
	ASN1_OCTET_STRING **content = CMS_get0_content(cms);
	if (content == NULL || *content == NULL)
		return pki_fail_rule(err, PKI_INPUT, PKI_RULE_ORDER_FORM,
			"no content attached (RFC 5652 5.2)");
	PKI_TRY(check_may_add(cms, cert, err));
	struct pki_bytes bytes = { ASN1_STRING_get0_data(*content),
		(size_t)ASN1_STRING_length(*content) };
	PKI_TRY(add_signer(cms, bytes, key, cert, err));
	return write_der(cms, out, err);
}
