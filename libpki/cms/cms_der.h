/*
 * The outer layers of SignedData, by hand, for one reason: OpenSSL decodes the public key of
 * each attached certificate as it parses the message, at the price of two signature checks. So
 * the certificates are taken out first, and those that the cache knows are never parsed again.
 * Internal to cms.c.
 */
#ifndef LIBPKI_CMS_CMS_DER_H
#define LIBPKI_CMS_CMS_DER_H

#include "libpki/base/mem.h"

/* Signers' certificates and those above them: more is padding for the parser. */
#define PKI_CMS_CERTS_MAX 8

struct pki_cms_parts {
	struct pki_buf rest; /* the same message in DER, without certificates */
	struct pki_bytes certs[PKI_CMS_CERTS_MAX]; /* in the message's own octets */
	size_t cert_count;
};

/* INPUT with rule 210: not ContentInfo of SignedData of version 1 or 3 in DER, trailing octets,
 * no certificate attached or one of them twice. parts starts as {0}; free parts->rest. */
enum pki_status pki_cms_split(struct pki_bytes der, struct pki_cms_parts *parts,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
