/* A certificate from what it shall say: built, linted and then signed (rule 30). */
#ifndef LIBPKI_X509_CERTIFY_H
#define LIBPKI_X509_CERTIFY_H

#include "libpki/x509/cert.h"

/*
 * Build the tbsCertificate, lint it, sign it with the issuer's key. STATE: issuer_key is not the
 * key of spec's issuer. REFUSED: the rule that the certificate would break.
 */
enum pki_status pki_certify(const struct pki_cert_spec *spec, struct pki_key *issuer_key,
	struct pki_cert **out, struct pki_err *err) PKI_MUST_CHECK;

#endif
