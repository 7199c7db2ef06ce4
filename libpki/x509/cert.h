/*
 * Certificates, parsed once at the edge. This module owns X509. There is no way to sign a
 * certificate that does not pass the lint first (rule 30): certify.h.
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
/* One of ours, in DER: what OpenSSL's X509 alone refuses (an extension twice) is left to the
 * lint, in an eighth of the time. */
enum pki_status pki_cert_parse_own(
	struct pki_bytes der, struct pki_cert **out, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status pki_cert_read(
	const char *path, struct pki_cert **out, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status pki_cert_from_x509(X509 *x509, struct pki_cert **out,
	struct pki_err *err) PKI_MUST_CHECK; /* takes a reference */
/* One more owner; each frees it once. A certificate never changes. */
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
/* INPUT if it holds attributes that this suite does not know. */
enum pki_status pki_cert_subject(const struct pki_cert *cert, struct pki_name *out,
	struct pki_err *err) PKI_MUST_CHECK;
/* keyIdentifier; false if the extension is not there or not 20 octets. */
bool pki_cert_subject_key_id(const struct pki_cert *cert, uint8_t out[PKI_KEY_ID]);
/* Set of pki_key_usage (other bits dropped), 0 without the extension. */
unsigned pki_cert_key_usage(const struct pki_cert *cert);
bool pki_cert_is_ca(const struct pki_cert *cert);
/* The first `max` OIDs of certificatePolicies, dotted; how many there are. An OID too long for
 * its place is left out. How an officer's role is read. */
size_t pki_cert_policies(
	const struct pki_cert *cert, char out[][PKI_OID_TEXT], size_t max);
/* The first URI of cRLDistributionPoints; false if there is none, or it is too long. */
bool pki_cert_crl_url(const struct pki_cert *cert, char out[PKI_URL_TEXT]);
enum pki_status pki_cert_pem(const struct pki_cert *cert, struct pki_buf *out,
	struct pki_err *err) PKI_MUST_CHECK;

/*
 * Signature by issuer, names chain, issuer is a CA with keyCertSign, both within their dates
 * at `at`, no critical extension unknown (RFC 5280 6.1.3-6.1.5; rule 29). Not revocation.
 * REFUSED by rule 29 when any of it fails.
 */
enum pki_status pki_cert_verify(const struct pki_cert *cert,
	const struct pki_cert *issuer, pki_time at, struct pki_err *err) PKI_MUST_CHECK;

/* What pki_certify() certifies. Everything is borrowed. issuer NULL: self-signed (root). */
struct pki_cert_spec {
	const struct pki_profile *profile;
	const struct pki_urls *urls; /* NULL if the profile asks for none */
	const struct pki_name *subject;
	const struct pki_key
		*key; /* the subject's public key; the certificate may share it */
	const struct pki_cert *issuer;
	pki_time not_before;
	pki_time not_after;
	pki_time document_end; /* 0: no identity document in play */
	struct pki_serial serial;
};

#endif
