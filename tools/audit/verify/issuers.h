/* The certificates of root and issuing CA. */
#ifndef TOOLS_AUDIT_VERIFY_ISSUERS_H
#define TOOLS_AUDIT_VERIFY_ISSUERS_H

#include "tools/audit/audit.h"

/* Read a's issuers from the ledger; they must be the published certificates. root: the
 * file of the trusted root certificate; NULL: the published root.pem. */
enum pki_status issuers_verify(
	struct audit *a, const char *root, struct pki_err *err) PKI_MUST_CHECK;

#endif
