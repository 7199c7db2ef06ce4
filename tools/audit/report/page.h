/* The report as one page of HTML. */
#ifndef TOOLS_AUDIT_REPORT_PAGE_H
#define TOOLS_AUDIT_REPORT_PAGE_H

#include "tools/audit/report/figures.h"

/* findings: an object as findings_json() fills it. a: the counts of the verification;
 * NULL: nothing was verified. Look with ferror() at the end. */
enum pki_status page_write(FILE *out, const struct figures *f, const json_t *findings,
	const struct audit *a, struct pki_err *err) PKI_MUST_CHECK;

#endif
