/*
 * The outer layers of SignedData, read with der.h before OpenSSL sees the message: the
 * certificates are taken out, and a certificate that the cache knows is never parsed again.
 *
 * Why not OpenSSL alone. Speed: OpenSSL decodes the public key of each attached certificate
 * while it parses the message, at the price of two signature checks; measured in one run, an
 * issuing CA makes 0.67 of the certificates per second and core (0.46 together with what
 * spki.h saves). Strictness: OpenSSL's CMS accepts a SignedData of version 5, a certificate
 * attached twice, and attribute certificates and other formats beside the certificates, which
 * nobody signed; here they are refused (r210_certificates_alone_are_attached).
 *
 * Internal to cms.c.
 */
#ifndef LIBPKI_CMS_CMS_DER_H
#define LIBPKI_CMS_CMS_DER_H

#include "libpki/base/mem.h"

/* Signers' certificates and those above them: more is padding for the parser. */
#define PKI_CMS_CERTS_MAX 8

struct pki_cms_parts {
	struct pki_buf room;
	struct pki_bytes rest; /* the same message in DER without certificates, in room */
	struct pki_bytes certs[PKI_CMS_CERTS_MAX]; /* in the message's own octets */
	size_t cert_count;
};

/* INPUT with rule 210: not ContentInfo of SignedData of version 1 or 3 in DER, trailing octets,
 * no certificate attached or one of them twice. parts starts as {0}; free parts->room. */
enum pki_status pki_cms_split(struct pki_bytes der, struct pki_cms_parts *parts,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
