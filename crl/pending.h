/* Revocations of the ledger which the published CRLs do not show yet. */
#ifndef CRL_PENDING_H
#define CRL_PENDING_H

#include "libpki/base/err.h"

struct service;

/* Read commits since the last call, and the work of further processes on the CRLs. */
enum pki_status pending_look(struct service *s, struct pki_err *err) PKI_MUST_CHECK;

#endif
