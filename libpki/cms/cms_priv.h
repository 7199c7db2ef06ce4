/* Shared by the cms_*.c files alone. */
#ifndef LIBPKI_CMS_CMS_PRIV_H
#define LIBPKI_CMS_CMS_PRIV_H

#include "libpki/cms/cms.h"

/*
 * cms_der.c reads the outer layers of SignedData with der.h before OpenSSL sees the message. The
 * certificates are taken out, so that a cached certificate is not parsed again.
 *
 * Why not OpenSSL alone. Speed: OpenSSL decodes the public key of each attached certificate
 * while parsing the message, at the price of two signature checks. Measured in one run, a CA
 * with OpenSSL's parser alone issues 0.67 of the certificates per second and core, and 0.46
 * without spki.h too. Strictness: OpenSSL's CMS accepts a SignedData of version 5, a certificate
 * attached twice, and, beside the certificates, unsigned attribute certificates and further
 * formats. cms_der.c refuses all of these (r210_certificates_alone_are_attached).
 */

/* Signers' certificates and their issuers'. More would only cost the parser time. */
#define PKI_CMS_CERTS_MAX 8

struct pki_cms_parts {
	struct pki_buf room;
	struct pki_bytes rest; /* the same message in DER without certificates, in room */
	struct pki_bytes certs[PKI_CMS_CERTS_MAX]; /* in the message's own octets */
	size_t cert_count;
};

/* INPUT with rule 210: not ContentInfo of SignedData of version 1 or 3 in DER, trailing octets,
 * no certificate attached, or a certificate twice. parts starts as {0}; free parts->room. */
enum pki_status pki_cms_split(struct pki_bytes der, struct pki_cms_parts *parts,
	struct pki_err *err) PKI_MUST_CHECK;

/*
 * cms_cache.c remembers verified signers' certificates: the certificate of a busy
 * officer is parsed and verified once. Dates and revocation are not remembered.
 */

/* The officers of a day. A new certificate takes the slot of the oldest. */
#define PKI_CMS_CACHE_SLOTS 64

/* The certificate of these octets if verified as issued by issuer, else NULL; borrowed. */
struct pki_cert *pki_cms_cache_find(const struct pki_cms_cache *cache,
	struct pki_bytes der, const struct pki_cert *issuer);
/* Remember: cert was verified as issued by issuer. Both are shared. */
void pki_cms_cache_add(struct pki_cms_cache *cache, const struct pki_cert *cert,
	const struct pki_cert *issuer);

#endif
