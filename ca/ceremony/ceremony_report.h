/* rule 34: the signed report of a ceremony. */
#ifndef CA_CEREMONY_CEREMONY_REPORT_H
#define CA_CEREMONY_CEREMONY_REPORT_H

#include "ca/ceremony/ceremony.h"

/* Makes the report: as JSON, which is later sealed, and as text for people. */
enum pki_status ceremony_report(const struct ceremony *c, const struct pki_conf *conf,
	struct pki_buf *json, struct pki_buf *text, struct pki_err *err) PKI_MUST_CHECK;

#endif
