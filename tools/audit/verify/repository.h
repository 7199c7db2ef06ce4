/* Published certificates and the log's key against the ledger, the terms of use against
 * the policies. */
#ifndef TOOLS_AUDIT_VERIFY_REPOSITORY_H
#define TOOLS_AUDIT_VERIFY_REPOSITORY_H

#include "tools/audit/audit.h"

enum pki_status repository_verify(struct audit *a, struct pki_err *err) PKI_MUST_CHECK;

#endif
