/* Root CRLs, at the ceremony and later. */
#ifndef CA_CEREMONY_ROOT_CRL_H
#define CA_CEREMONY_ROOT_CRL_H

#include "libpki/x509/crl.h"

/* Valid for a year (rule 54). */
enum pki_status root_crl_build(const struct pki_cert *root, struct pki_key *key,
	uint64_t number, pki_time now, const struct pki_revoked *revoked, size_t count,
	struct pki_crl **out, struct pki_err *err) PKI_MUST_CHECK;

#endif
