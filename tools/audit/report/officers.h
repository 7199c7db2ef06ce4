/* Who signed what: officers, named by role and number ("registration 1"), and pairs of
 * officers. */
#ifndef TOOLS_AUDIT_REPORT_OFFICERS_H
#define TOOLS_AUDIT_REPORT_OFFICERS_H

#include "tools/audit/report/figures.h"

struct officers;
/* f is borrowed. */
enum pki_status officers_new(
	struct figures *f, struct officers **out, struct pki_err *err) PKI_MUST_CHECK;
void officers_cleanup(struct officers **officers);
/* A certificate of the ledger; ignored unless it is an officer's or a service's. */
enum pki_status officers_add_certificate(struct officers *officers,
	const struct pki_cert_row *row, struct pki_err *err) PKI_MUST_CHECK;
/* A log entry of the period, after all certificates. */
enum pki_status officers_add_entry(struct officers *officers, const char *type,
	const json_t *entry, struct pki_err *err) PKI_MUST_CHECK;
/* Fill GRID_OFFICERS; rank GRID_PAIRS. */
enum pki_status officers_end(
	struct officers *officers, struct pki_err *err) PKI_MUST_CHECK;

#endif
