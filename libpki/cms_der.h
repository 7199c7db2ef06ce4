/*
 * SignedData (RFC 5652 5.1) in DER, taken apart by hand: OpenSSL makes an object of each value,
 * decodes the public key of each attached certificate at the price of two signature checks, and
 * must encode all of it again to tell DER from BER. Nothing is verified here. Internal to cms.c.
 */
#ifndef LIBPKI_CMS_DER_H
#define LIBPKI_CMS_DER_H

#include "libpki/cms.h"

/* Signers' certificates and those above them: more is padding for the parser. */
#define PKI_CMS_CERTS_MAX 8

/* content-type, message-digest, signing-time, signing-certificate-v2, and other tools' own */
#define PKI_CMS_ATTRIBUTES_MAX 16

/* SignerInfo, 5.3. It names its certificate by issuer and serial, or by key_id. */
struct pki_cms_info {
	struct pki_bytes issuer; /* Name; len 0: none */
	struct pki_bytes serial; /* octets of the INTEGER */
	struct pki_bytes key_id;
	struct pki_bytes digest_oid;
	struct pki_bytes algorithm_oid; /* of the signature */
	struct pki_bytes algorithm; /* the AlgorithmIdentifier */
	struct pki_bytes signed_attributes; /* all, [0] IMPLICIT; len 0: none */
	struct pki_cms_attribute {
		struct pki_bytes oid;
		struct pki_bytes values; /* of the SET */
	} attributes[PKI_CMS_ATTRIBUTES_MAX];
	size_t attribute_count;
	struct pki_bytes signature;
};

/* Views of the message's own octets. */
struct pki_cms_parts {
	struct pki_bytes content;
	struct pki_bytes certs[PKI_CMS_CERTS_MAX];
	size_t cert_count;
	struct pki_cms_info signers[PKI_CMS_SIGNERS_MAX];
	size_t signer_count;
};

/*
 * INPUT with rule 210: not SignedData of id-data in DER, octets after it, no content, no
 * certificate or one of them twice, CRLs, no signer or too many, unsigned attributes. out starts
 * as {0}.
 */
enum pki_status pki_cms_split(struct pki_bytes der, struct pki_cms_parts *out,
	struct pki_err *err) PKI_MUST_CHECK;

/* How many signed attributes are of this type, OpenSSL's nid? */
size_t pki_cms_count(const struct pki_cms_info *info, int nid);
/* The value, with its tag and length, of the one that is there, if it is once, with one. */
bool pki_cms_attribute(const struct pki_cms_info *info, int nid, struct pki_bytes *value);

/* oid is the OID's octets, without tag and length. */
bool pki_cms_is_oid(struct pki_bytes oid, int nid);

#endif
