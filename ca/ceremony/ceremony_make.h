/* The keys and certificates of a ceremony. */
#ifndef CA_CEREMONY_CEREMONY_MAKE_H
#define CA_CEREMONY_CEREMONY_MAKE_H

#include "ca/ceremony/ceremony.h"

/* Makes keys, certificates and the first CRLs, in memory alone. */
enum pki_status ceremony_make(struct ceremony *c, const struct pki_conf *conf,
	const struct pki_policy *policy, struct pki_err *err) PKI_MUST_CHECK;

#endif
