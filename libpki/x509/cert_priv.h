/* A certificate's parts, for certify.c and the lint; internal to the crypto layer. */
#ifndef LIBPKI_X509_CERT_PRIV_H
#define LIBPKI_X509_CERT_PRIV_H

#include "libpki/asn1/signed.h"
#include "libpki/x509/cert.h"

/*
 * Takes der over and leaves der empty. Unlike pki_cert_parse(), makes no X509. If the
 * certificate's SubjectPublicKeyInfo equals known's octet for octet, the certificate shares
 * known instead of decoding the key again. known may be NULL.
 */
enum pki_status pki_cert_from_der(struct pki_buf *der, const struct pki_key *known,
	struct pki_cert **out, struct pki_err *err) PKI_MUST_CHECK;
/* Put a signature by key over the tbsCertificate's octets, as they are. */
enum pki_status pki_cert_sign(
	struct pki_cert *cert, struct pki_key *key, struct pki_err *err) PKI_MUST_CHECK;
const PKI_SIGNED *pki_cert_get0_signed(const struct pki_cert *cert);
const PKI_TBS *pki_cert_get0_tbs(const struct pki_cert *cert);

#endif
