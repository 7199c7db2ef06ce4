/* The way of a CRL: pki-ca signs, the gate checks, the public folder gets the file. */
#ifndef CRL_PUBLISH_H
#define CRL_PUBLISH_H

#include <stdbool.h>

#include "libpki/base/err.h"

struct crl;
struct service;

/* The ledger's last CRL through the gate to the public folder, unless the folder has the
 * CRL. */
enum pki_status publish_last(
	struct service *s, struct crl *crl, struct pki_err *err) PKI_MUST_CHECK;
/* Report the publication of the ledger's last CRL to pki-ca, unless the ledger knows. */
enum pki_status publish_report(
	struct service *s, struct crl *crl, struct pki_err *err) PKI_MUST_CHECK;
/* publish_last() and publish_report(); if a new CRL is due or forced, have pki-ca sign a CRL
 * and repeat both. */
enum pki_status publish_due(struct service *s, struct crl *crl, bool force,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
