#include "libpki/x509/certify.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "libpki/asn1/asn1.h"
#include "libpki/x509/cert_priv.h"
#include "libpki/x509/ext.h"
#include "libpki/x509/lint.h"

/* RFC 5758 3.2 and 8410 3: parameters absent; RFC 4055 5: NULL with RSA */
static bool
set_algorithm(X509_ALGOR *algorithm, const struct pki_key *key)
{
	const EVP_MD *md = pki_key_md(key);
	int id = EVP_PKEY_get_base_id(pki_key_get0_evp(key));
	int nid = NID_undef;
	int md_nid = md != NULL ? EVP_MD_get_type(md) : NID_undef;
	if (OBJ_find_sigid_by_algs(&nid, md_nid, id) != 1)
		return false;
	int parameters = id == EVP_PKEY_RSA ? V_ASN1_NULL : V_ASN1_UNDEF;
	return X509_ALGOR_set0(algorithm, OBJ_nid2obj(nid), parameters, NULL) == 1;
}

static bool
set_bytes(ASN1_STRING *string, struct pki_bytes der)
{
	return der.len != 0 && ASN1_STRING_set(string, der.data, (int)der.len) == 1;
}

static enum pki_status
set_names(PKI_TBS *tbs, const struct pki_cert_spec *spec, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf subject = { 0 };
	PKI_TRY(pki_name_encode(spec->subject, &subject, err));
	struct pki_bytes issuer = spec->issuer != NULL
					  ? pki_cert_get0_subject_der(spec->issuer)
					  : pki_buf_bytes(&subject);
	if (!set_bytes(tbs->subject, pki_buf_bytes(&subject)) ||
		!set_bytes(tbs->issuer, issuer))
		return pki_fail_ssl(err, PKI_MEMORY, "a certificate's names");
	return PKI_OK;
}

static enum pki_status
fill_tbs(PKI_TBS *tbs, const struct pki_cert_spec *spec, const struct pki_key *issuer_key,
	struct pki_err *err)
{
	ASN1_INTEGER_free(tbs->serial);
	tbs->serial = NULL;
	PKI_TRY(pki_asn1_serial_new(&spec->serial, &tbs->serial, err));
	PKI_TRY(set_names(tbs, spec, err));
	tbs->version = ASN1_INTEGER_new();
	tbs->extensions = sk_X509_EXTENSION_new_null();
	if (tbs->version == NULL || tbs->extensions == NULL ||
		ASN1_INTEGER_set(tbs->version, X509_VERSION_3) != 1 ||
		!set_algorithm(tbs->algorithm, issuer_key) ||
		ASN1_TIME_set(tbs->validity->notBefore, spec->not_before) == NULL ||
		ASN1_TIME_set(tbs->validity->notAfter, spec->not_after) == NULL ||
		!set_bytes(tbs->key, pki_key_get0_spki(spec->key)))
		return pki_fail_ssl(err, PKI_INTERNAL, "cannot build a certificate");
	return pki_ext_add_all(tbs->extensions, spec, err);
}

/*
 * OpenSSL's X509 cannot encode a tbsCertificate with the algorithm before signing, and the lint
 * must see the complete tbsCertificate before.
 */
static enum pki_status
encode_tbs(const struct pki_cert_spec *spec, const struct pki_key *issuer_key,
	struct pki_buf *der, struct pki_err *err)
{
	PKI_CLEANUP(pki_tbs_cleanup)
	PKI_TBS *tbs = (PKI_TBS *)ASN1_item_new(ASN1_ITEM_rptr(PKI_TBS));
	if (tbs == NULL)
		return pki_fail_ssl(err, PKI_MEMORY, "a certificate");
	PKI_TRY(fill_tbs(tbs, spec, issuer_key, err));
	return pki_asn1_encode(tbs, ASN1_ITEM_rptr(PKI_TBS), der, err);
}

/* A certificate without a signature, parsed again from the encoded octets. */
static enum pki_status
assemble(const struct pki_cert_spec *spec, const struct pki_key *issuer_key,
	struct pki_cert **out, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf tbs = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 };
	PKI_CLEANUP(pki_signed_cleanup)
	PKI_SIGNED *whole = (PKI_SIGNED *)ASN1_item_new(ASN1_ITEM_rptr(PKI_SIGNED));
	PKI_TRY(encode_tbs(spec, issuer_key, &tbs, err));
	if (whole == NULL || !set_algorithm(whole->algorithm, issuer_key) ||
		!set_bytes(whole->tbs, pki_buf_bytes(&tbs)))
		return pki_fail_ssl(err, PKI_MEMORY, "a certificate");
	PKI_TRY(pki_asn1_encode(whole, ASN1_ITEM_rptr(PKI_SIGNED), &der, err));
	return pki_cert_from_der(&der, spec->key, out, err);
}

enum pki_status
pki_certify(const struct pki_cert_spec *spec, struct pki_key *issuer_key,
	struct pki_cert **out, struct pki_err *err)
{
	const struct pki_key *certified =
		spec->issuer != NULL ? pki_cert_get0_key(spec->issuer) : spec->key;
	if (!pki_key_matches(certified, issuer_key))
		return pki_fail(
			err, PKI_STATE, "the signing key is not the issuer's key");
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *cert = NULL;
	PKI_TRY(assemble(spec, issuer_key, &cert, err));
	PKI_TRY(pki_lint_cert(
		cert, spec->issuer, spec->profile, spec->urls, spec->document_end, err));
	PKI_TRY(pki_cert_sign(cert, issuer_key, err));
	*out = cert;
	cert = NULL;
	return PKI_OK;
}
