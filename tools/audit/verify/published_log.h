/* The published log against the ledger: checkpoint, cosigned checkpoint, entry bundles,
 * tiles. */
#ifndef TOOLS_AUDIT_VERIFY_PUBLISHED_LOG_H
#define TOOLS_AUDIT_VERIFY_PUBLISHED_LOG_H

#include "tools/audit/audit.h"

enum pki_status published_log_verify(struct audit *a, struct pki_err *err) PKI_MUST_CHECK;

#endif
