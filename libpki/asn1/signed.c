#include "libpki/asn1/signed.h"

#include <limits.h>

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
pki_asn1_encode(const void *value, const ASN1_ITEM *item, struct pki_buf *der,
	struct pki_err *err)
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
