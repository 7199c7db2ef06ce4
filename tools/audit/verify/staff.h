/* rule 121: a person had one valid officer's certificate at all times. */
#ifndef TOOLS_AUDIT_VERIFY_STAFF_H
#define TOOLS_AUDIT_VERIFY_STAFF_H

#include "tools/audit/audit.h"

enum pki_status staff_verify(struct audit *a, struct pki_err *err) PKI_MUST_CHECK;

#endif
