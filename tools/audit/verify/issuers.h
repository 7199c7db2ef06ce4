/* The certificates of root and issuing CA. */
#ifndef TOOLS_AUDIT_VERIFY_ISSUERS_H
#define TOOLS_AUDIT_VERIFY_ISSUERS_H

#include "tools/audit/audit.h"

/* Sets a's issuers, and the workers', to the ledger's, which must be the published ones. root: the
 * file of the root certificate to trust; NULL: the published root.pem. */
enum pki_status issuers_verify(
	struct audit *a, const char *root, struct pki_err *err) PKI_MUST_CHECK;

#endif
