/* Root CRLs, at the ceremony and later. */
#ifndef CA_CEREMONY_ROOT_CRL_H
#define CA_CEREMONY_ROOT_CRL_H

#include "libpki/x509/crl.h"

/* nextUpdate is a year after thisUpdate (rule 54), whatever spec says. */
enum pki_status root_crl_build(const struct pki_crl_spec *spec, struct pki_key *key,
	struct pki_crl **out, struct pki_err *err) PKI_MUST_CHECK;

#endif
