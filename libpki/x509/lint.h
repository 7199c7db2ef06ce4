/*
 * The lint. The signer runs the lint before each signature (rule 30), the auditor over all
 * issued certificates. Rules 1-14, 16, 17, 20, 22-25, 28, 52, 70, 93, 94 are checked on the
 * certificate's bytes, independent of the code that built the certificate.
 */
#ifndef LIBPKI_X509_LINT_H
#define LIBPKI_X509_LINT_H

#include "libpki/x509/cert.h"

/*
 * issuer NULL: self-signed. urls NULL: any CRL may be named. document_end 0: no document. The
 * first broken rule is reported. The signature is not verified: before signing there is none.
 */
enum pki_status pki_lint_cert(const struct pki_cert *cert, const struct pki_cert *issuer,
	const struct pki_profile *profile, const struct pki_urls *urls,
	pki_time document_end, struct pki_err *err) PKI_MUST_CHECK;

#endif
