/*
 * SIGNED{ToBeSigned} of X.509. The signed part stays as octets, and the public key inside is not
 * decoded (OpenSSL 3.0 would take 150 us). Internal to the crypto layer.
 */
#ifndef LIBPKI_ASN1_SIGNED_H
#define LIBPKI_ASN1_SIGNED_H

#include <openssl/asn1t.h>
#include <openssl/x509.h>

#include "libpki/base/mem.h"

typedef struct pki_signed {
	ASN1_STRING *tbs; /* the whole SEQUENCE, tag and length included */
	X509_ALGOR *algorithm;
	ASN1_BIT_STRING *signature;
} PKI_SIGNED;
DECLARE_ASN1_ITEM(PKI_SIGNED)

/* TBSCertificate, RFC 5280 4.1; names and key as their DER. */
typedef struct pki_tbs {
	ASN1_INTEGER *version;
	ASN1_INTEGER *serial;
	X509_ALGOR *algorithm;
	ASN1_STRING *issuer;
	X509_VAL *validity;
	ASN1_STRING *subject;
	ASN1_STRING *key;
	ASN1_BIT_STRING *issuer_uid;
	ASN1_BIT_STRING *subject_uid;
	STACK_OF(X509_EXTENSION) * extensions;
} PKI_TBS;
DECLARE_ASN1_ITEM(PKI_TBS)

/* SubjectPublicKeyInfo, RFC 5280 4.1.2.7. */
typedef struct pki_spki {
	X509_ALGOR *algorithm;
	ASN1_BIT_STRING *key;
} PKI_SPKI;
DECLARE_ASN1_ITEM(PKI_SPKI)

void pki_signed_cleanup(PKI_SIGNED **value);
void pki_tbs_cleanup(PKI_TBS **tbs);
void pki_spki_cleanup(PKI_SPKI **spki);

/* All of in, no more and no less; NULL otherwise. */
void *pki_asn1_decode(struct pki_bytes in, const ASN1_ITEM *item);
/* Appends. */
enum pki_status pki_asn1_encode(const void *value, const ASN1_ITEM *item,
	struct pki_buf *der, struct pki_err *err) PKI_MUST_CHECK;
struct pki_bytes pki_asn1_bytes(const ASN1_STRING *string);

#endif
