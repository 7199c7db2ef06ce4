/* Revocations of the ledger that the published CRLs do not show yet. */
#ifndef CRL_PENDING_H
#define CRL_PENDING_H

#include "libpki/base/err.h"

struct service;

/* Read what was committed since the last call, and what other processes did to the CRLs. */
enum pki_status pending_look(struct service *s, struct pki_err *err) PKI_MUST_CHECK;

#endif
