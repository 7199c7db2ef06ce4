#include "libpki/signed.h"

#include <limits.h>
#include <openssl/err.h>

/* clang-format off */
ASN1_SEQUENCE(PKI_SIGNED) = {
	ASN1_SIMPLE(PKI_SIGNED, tbs, ASN1_SEQUENCE),
	ASN1_SIMPLE(PKI_SIGNED, algorithm, X509_ALGOR),
	ASN1_SIMPLE(PKI_SIGNED, signature, ASN1_BIT_STRING),
} ASN1_SEQUENCE_END(PKI_SIGNED)

ASN1_SEQUENCE(PKI_TBS) = {
	ASN1_EXP_OPT(PKI_TBS, version, ASN1_INTEGER, 0),
	ASN1_SIMPLE(PKI_TBS, serial, ASN1_INTEGER),
	ASN1_SIMPLE(PKI_TBS, algorithm, X509_ALGOR),
	ASN1_SIMPLE(PKI_TBS, issuer, ASN1_SEQUENCE),
	ASN1_SIMPLE(PKI_TBS, validity, X509_VAL),
	ASN1_SIMPLE(PKI_TBS, subject, ASN1_SEQUENCE),
	ASN1_SIMPLE(PKI_TBS, key, ASN1_SEQUENCE),
	ASN1_IMP_OPT(PKI_TBS, issuer_uid, ASN1_BIT_STRING, 1),
	ASN1_IMP_OPT(PKI_TBS, subject_uid, ASN1_BIT_STRING, 2),
	ASN1_EXP_SEQUENCE_OF_OPT(PKI_TBS, extensions, X509_EXTENSION, 3),
} ASN1_SEQUENCE_END(PKI_TBS)

ASN1_SEQUENCE(PKI_SPKI) = {
	ASN1_SIMPLE(PKI_SPKI, algorithm, X509_ALGOR),
	ASN1_SIMPLE(PKI_SPKI, key, ASN1_BIT_STRING),
} ASN1_SEQUENCE_END(PKI_SPKI)
/* clang-format on */

void
pki_signed_cleanup(PKI_SIGNED **value)
{
	ASN1_item_free((ASN1_VALUE *)*value, ASN1_ITEM_rptr(PKI_SIGNED));
}

void
pki_tbs_cleanup(PKI_TBS **tbs)
{
	ASN1_item_free((ASN1_VALUE *)*tbs, ASN1_ITEM_rptr(PKI_TBS));
}

void
pki_spki_cleanup(PKI_SPKI **spki)
{
	ASN1_item_free((ASN1_VALUE *)*spki, ASN1_ITEM_rptr(PKI_SPKI));
}

void *
pki_asn1_decode(struct pki_bytes in, const ASN1_ITEM *item)
{
	const unsigned char *p = in.data;
	if (in.len > LONG_MAX)
		return NULL;
	ASN1_VALUE *value = ASN1_item_d2i(NULL, &p, (long)in.len, item);
	if (value != NULL && p == in.data + in.len)
		return value;
	ASN1_item_free(value, item);
	return NULL;
}

enum pki_status
pki_asn1_encode(
	const void *value, const ASN1_ITEM *item, struct pki_buf *der, struct pki_err *err)
{
	unsigned char *octets = NULL;
	int len = ASN1_item_i2d(value, &octets, item);
	if (len <= 0)
		return pki_fail_ssl(err, PKI_INTERNAL, "cannot encode a structure");
	enum pki_status st = pki_buf_append(der, octets, (size_t)len, err);
	OPENSSL_free(octets);
	return st;
}

struct pki_bytes
pki_asn1_bytes(const ASN1_STRING *string)
{
	return (struct pki_bytes){ ASN1_STRING_get0_data(string),
		(size_t)ASN1_STRING_length(string) };
}

enum pki_status
pki_signed_algorithm(const struct pki_key *key, struct pki_buf *der, struct pki_err *err)
{
	const EVP_MD *md = pki_key_md(key);
	int key_nid = EVP_PKEY_get_id(pki_key_get0_evp(key));
	int nid = key_nid;
	if (md != NULL && OBJ_find_sigid_by_algs(&nid, EVP_MD_get_type(md), key_nid) != 1)
		return pki_fail_ssl(err, PKI_INTERNAL, "the signature algorithm");
	X509_ALGOR *algor = X509_ALGOR_new();
	/* RFC 4055: NULL with RSA; RFC 5758, RFC 8410: nothing with the others */
	int parameter = key_nid == EVP_PKEY_RSA ? V_ASN1_NULL : V_ASN1_UNDEF;
	enum pki_status status =
		algor != NULL && X509_ALGOR_set0(
					 algor, OBJ_nid2obj(nid), parameter, NULL) == 1
			? pki_asn1_encode(algor, ASN1_ITEM_rptr(X509_ALGOR), der, err)
			: pki_fail_ssl(err, PKI_MEMORY, "the signature algorithm");
	X509_ALGOR_free(algor);
	return status;
}

bool
pki_signed_verify(const PKI_SIGNED *value, const struct pki_key *key)
{
	bool ok = ASN1_item_verify(ASN1_ITEM_rptr(ASN1_SEQUENCE), value->algorithm,
			  value->signature, value->tbs, pki_key_get0_evp(key)) == 1;
	ERR_clear_error();
	return ok;
}
