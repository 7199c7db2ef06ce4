/* Revocations and CRLs. */
#ifndef TOOLS_AUDIT_VERIFY_CRLS_H
#define TOOLS_AUDIT_VERIFY_CRLS_H

#include "tools/audit/audit.h"

enum pki_status crls_verify(struct audit *a, struct pki_err *err) PKI_MUST_CHECK;

#endif
