/* The root's CRL, which custodians make offline. */
#ifndef CRL_ROOT_H
#define CRL_ROOT_H

#include "libpki/base/err.h"

struct service;

/* Publish a newer root CRL of the ledger; warn before the published root CRL ends (rule 54). */
enum pki_status root_publish(struct service *s, struct pki_err *err) PKI_MUST_CHECK;

#endif
