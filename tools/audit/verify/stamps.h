/* Time-stamps of checkpoints, as `pki-witness feed` keeps them (rule 86). */
#ifndef TOOLS_AUDIT_VERIFY_STAMPS_H
#define TOOLS_AUDIT_VERIFY_STAMPS_H

#include "tools/audit/audit.h"

enum pki_status stamps_verify(struct audit *a, struct pki_err *err) PKI_MUST_CHECK;

#endif
