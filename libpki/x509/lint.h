/*
 * The lint that stands before the CA's key (rule 30), and that the auditor runs again over
 * what was issued: rules 1-14, 16, 17, 20, 22-25, 28, 52, 70, 93, 94 held against
 * the certificate's own bytes, independent of the code that built them.
 */
#ifndef LIBPKI_X509_LINT_H
#define LIBPKI_X509_LINT_H

#include "libpki/x509/cert.h"

/*
 * issuer NULL: self-signed. urls NULL: the list that it names may be any. document_end 0: none.
 * The first rule broken is reported; the signature itself is not looked at (a tbsCertificate
 * before signing has none).
 */
enum pki_status pki_lint_cert(const struct pki_cert *cert, const struct pki_cert *issuer,
	const struct pki_profile *profile, const struct pki_urls *urls,
	pki_time document_end, struct pki_err *err) PKI_MUST_CHECK;

#endif
