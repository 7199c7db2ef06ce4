/* Certificates of this CA: built, linted and then signed (rule 30). */
#ifndef LIBPKI_X509_CERTIFY_H
#define LIBPKI_X509_CERTIFY_H

#include "libpki/x509/cert.h"

/*
 * Build the tbsCertificate, lint, and sign with the issuer's key. STATE: issuer_key is not the
 * key of spec's issuer. REFUSED: the certificate would break the rule in err.
 */
enum pki_status pki_certify(const struct pki_cert_spec *spec, struct pki_key *issuer_key,
	struct pki_cert **out, struct pki_err *err) PKI_MUST_CHECK;

#endif
