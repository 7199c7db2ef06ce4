/* --since: objects under a checkpoint kept by the auditor are not verified again. */
#ifndef TOOLS_AUDIT_VERIFY_SINCE_H
#define TOOLS_AUDIT_VERIFY_SINCE_H

#include "tools/audit/audit.h"

/* The log must contain the checkpoint in the file. Reads facts for later parts from the
 * old entries, each with a proof of inclusion. Sets a->since; after a failure everything
 * is verified. */
enum pki_status since_begin(
	struct audit *a, const char *path, struct pki_err *err) PKI_MUST_CHECK;
/* The row of the last order, and of the last certificate, not to be verified again;
 * INT64_MIN: all are verified. */
enum pki_status since_order(
	struct audit *a, int64_t *out, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status since_certificate(
	struct audit *a, int64_t *out, struct pki_err *err) PKI_MUST_CHECK;

#endif
