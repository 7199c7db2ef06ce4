/* One CRL on its way: pki-ca signs it, the gate checks it, the public folder gets it. */
#ifndef CRL_PUBLISH_H
#define CRL_PUBLISH_H

#include <stdbool.h>

#include "libpki/base/err.h"

struct crl;
struct service;

/* The ledger's last CRL through the gate to the public folder, unless the file is there. */
enum pki_status publish_last(
	struct service *s, struct crl *crl, struct pki_err *err) PKI_MUST_CHECK;
/* Report to pki-ca that the ledger's last CRL is published, unless the ledger knows. */
enum pki_status publish_report(
	struct service *s, struct crl *crl, struct pki_err *err) PKI_MUST_CHECK;
/* Both; then, if a new CRL is due or forced, have pki-ca sign it, and both again. */
enum pki_status publish_due(struct service *s, struct crl *crl, bool force,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
