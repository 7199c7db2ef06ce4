/* OCSP responses, queried or exported, against the ledger. */
#ifndef TOOLS_AUDIT_VERIFY_OCSP_H
#define TOOLS_AUDIT_VERIFY_OCSP_H

#include "tools/audit/audit.h"

/* --ocsp, --ocsp-sample, --ocsp-export */
enum pki_status ocsp_options(struct audit_ocsp *out, const struct pki_args *args,
	struct pki_err *err) PKI_MUST_CHECK;
/* Does nothing without --ocsp and --ocsp-export. */
enum pki_status ocsp_verify(struct audit *a, struct pki_err *err) PKI_MUST_CHECK;

#endif
