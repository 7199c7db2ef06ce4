/*
 * CMS SignedData (RFC 5652) with the content attached: orders, receipts, reports. Signed
 * attributes: content-type, message-digest, signing-time, signing-certificate-v2 (CAdES B-B).
 * This module owns CMS_ContentInfo.
 */
#ifndef LIBPKI_CMS_CMS_H
#define LIBPKI_CMS_CMS_H

#include "libpki/x509/cert.h"

/* Two CSRs of RSA-4096, evidence digests, an invitation, two officers' certificates. */
#define PKI_CMS_MAX ((size_t)128 << 10)
#define PKI_CMS_SIGNERS_MAX 4

/* Sign with key; cert is the signer's certificate. STATE if key is not cert's key. Appends DER
 * to out. */
enum pki_status pki_cms_sign(struct pki_bytes content, struct pki_key *key,
	const struct pki_cert *cert, struct pki_buf *out,
	struct pki_err *err) PKI_MUST_CHECK;

/* As sign, with the issuer's certificate attached too: for documents kept for years and
 * verified with the root alone (receipts, reports). */
enum pki_status pki_cms_seal(struct pki_bytes content, struct pki_key *key,
	const struct pki_cert *cert, const struct pki_cert *issuer, struct pki_buf *out,
	struct pki_err *err) PKI_MUST_CHECK;

/* Add a signature over the same content; present signatures stay unchanged. STATE if cert
 * has signed already, or if PKI_CMS_SIGNERS_MAX signatures are present. */
enum pki_status pki_cms_cosign(struct pki_bytes cms, struct pki_key *key,
	const struct pki_cert *cert, struct pki_buf *out,
	struct pki_err *err) PKI_MUST_CHECK;

struct pki_cms_cache;

struct pki_cms_signer {
	struct pki_cert *cert;
	pki_msec signed_at; /* signing-time, whole seconds */
};

struct pki_cms {
	struct pki_buf content;
	struct pki_cms_signer signers[PKI_CMS_SIGNERS_MAX];
	size_t signer_count; /* at least 1; no certificate twice */
};

/*
 * Parse DER and verify every signature. Each signer's certificate must be attached, issued by
 * issuer, and valid both at the signing-time and at `at`. INPUT: malformed, or a signature does
 * not verify (rule 210, clause of RFC 5652 in the message), or signed more than five minutes in
 * the future (rule 209). OFFICER (rule 205): the certificate is of another issuer, expired, not
 * yet valid, or its keyUsage has neither digitalSignature nor nonRepudiation. The caller checks
 * revocation, roles and ages. Verified certificates are remembered in cache (may be NULL; one
 * thread at a time): a further message of the signer costs one signature check instead of two.
 */
enum pki_status pki_cms_open(struct pki_bytes der, const struct pki_cert *issuer,
	pki_time at, struct pki_cms_cache *cache, struct pki_cms *out,
	struct pki_err *err) PKI_MUST_CHECK;
void pki_cms_close(struct pki_cms *cms); /* frees the content; {0} afterwards */

/* What a message claims: nothing of it is verified. */
struct pki_cms_claim {
	struct pki_buf content;
	struct pki_serial
		signers[PKI_CMS_SIGNERS_MAX]; /* certificates of issuer, each once */
	size_t signer_count; /* at least 1 */
};

/* Reads the message's form, content and signers without cryptography, for a look before
 * pki_cms_open(): what is refused here pki_cms_open() refuses too. INPUT (rule 210):
 * malformed. OFFICER (rule 205): a signer names another issuer. */
enum pki_status pki_cms_peek(struct pki_bytes der, const struct pki_cert *issuer,
	struct pki_cms_claim *out, struct pki_err *err) PKI_MUST_CHECK;
void pki_cms_claim_free(struct pki_cms_claim *claim); /* {0} afterwards */

/* As pki_cms_open(), without a clock: no date is checked, neither of a certificate nor of a
 * signature. For a look at a message whose dates somebody else judges. */
enum pki_status pki_cms_check(struct pki_bytes der, const struct pki_cert *issuer,
	struct pki_cms_cache *cache, struct pki_err *err) PKI_MUST_CHECK;

enum pki_status pki_cms_cache_new(
	struct pki_cms_cache **out, struct pki_err *err) PKI_MUST_CHECK;
void pki_cms_cache_free(struct pki_cms_cache *cache);

#endif
