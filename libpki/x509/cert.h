/*
 * Certificates, parsed once at the edge. This module owns X509. Only certify.h signs
 * certificates, and only after the lint (rule 30).
 */
#ifndef LIBPKI_X509_CERT_H
#define LIBPKI_X509_CERT_H

#include "libpki/base/serial.h"
#include "libpki/x509/name.h"
#include "libpki/x509/profile.h"

/* A certificate of ours is under 2 kB; others' chains reach 10. */
#define PKI_CERT_MAX ((size_t)32 << 10)

struct pki_cert;

/* DER or PEM (first certificate); trailing bytes refused in DER. INPUT, LIMIT. */
enum pki_status pki_cert_parse(
	struct pki_bytes in, struct pki_cert **out, struct pki_err *err) PKI_MUST_CHECK;
/* For certificates of this CA, in DER: in an eighth of the time. Faults that only OpenSSL's X509
 * parser refuses (an extension twice) are left to the lint. */
enum pki_status pki_cert_parse_own(
	struct pki_bytes der, struct pki_cert **out, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status pki_cert_read(
	const char *path, struct pki_cert **out, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status pki_cert_from_x509(X509 *x509, struct pki_cert **out,
	struct pki_err *err) PKI_MUST_CHECK; /* takes a reference */
/* One more owner; each owner frees the certificate once. A certificate never changes. */
struct pki_cert *pki_cert_share(const struct pki_cert *cert);
void pki_cert_free(struct pki_cert *cert);
void pki_cert_cleanup(struct pki_cert **cert);

X509 *pki_cert_get0_x509(const struct pki_cert *cert);
struct pki_bytes pki_cert_get0_der(const struct pki_cert *cert);
const struct pki_key *pki_cert_get0_key(const struct pki_cert *cert);
const struct pki_serial *pki_cert_get0_serial(const struct pki_cert *cert);
pki_time pki_cert_not_before(const struct pki_cert *cert);
pki_time pki_cert_not_after(const struct pki_cert *cert);
/* DER Name, borrowed. */
struct pki_bytes pki_cert_get0_subject_der(const struct pki_cert *cert);
struct pki_bytes pki_cert_get0_issuer_der(const struct pki_cert *cert);
/* INPUT if the name has attributes unknown to this suite. */
enum pki_status pki_cert_subject(const struct pki_cert *cert, struct pki_name *out,
	struct pki_err *err) PKI_MUST_CHECK;
/* keyIdentifier; false if the extension is not there or not 20 octets. */
bool pki_cert_subject_key_id(const struct pki_cert *cert, uint8_t out[PKI_KEY_ID]);
/* Set of pki_key_usage (other bits dropped), 0 without the extension. */
unsigned pki_cert_key_usage(const struct pki_cert *cert);
bool pki_cert_is_ca(const struct pki_cert *cert);
/* The first `max` OIDs of certificatePolicies, dotted; returns the number of OIDs. An OID longer
 * than PKI_OID_TEXT is left out. An officer's role is such an OID. */
size_t pki_cert_policies(
	const struct pki_cert *cert, char out[][PKI_OID_TEXT], size_t max);
/* The first URI of cRLDistributionPoints; false without a URI, or if the URI is too long. */
bool pki_cert_crl_url(const struct pki_cert *cert, char out[PKI_URL_TEXT]);
enum pki_status pki_cert_pem(const struct pki_cert *cert, struct pki_buf *out,
	struct pki_err *err) PKI_MUST_CHECK;

/*
 * Verify: signed by issuer, names chain, issuer is a CA with keyCertSign, both certificates valid
 * at `at`, no unknown critical extension (RFC 5280 6.1.3-6.1.5). Revocation is not checked.
 * REFUSED by rule 29 if a check fails.
 */
enum pki_status pki_cert_verify(const struct pki_cert *cert,
	const struct pki_cert *issuer, pki_time at, struct pki_err *err) PKI_MUST_CHECK;

/* The content of a certificate for pki_certify(). Everything is borrowed. issuer NULL: self-signed
 * (root). */
struct pki_cert_spec {
	const struct pki_profile *profile;
	const struct pki_urls *urls; /* NULL if the profile asks for none */
	const struct pki_name *subject;
	const struct pki_key
		*key; /* the subject's public key; the certificate may share the key */
	const struct pki_cert *issuer;
	pki_time not_before;
	pki_time not_after;
	pki_time document_end; /* 0: no identity document in play */
	struct pki_serial serial;
};

#endif
