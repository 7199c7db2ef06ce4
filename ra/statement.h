/* The holder's acceptance of the certificates (rule 212). */
#ifndef RA_STATEMENT_H
#define RA_STATEMENT_H

#include "ra/issued.h"

/* The statement that the holder signs, as canonical JSON; appended. */
enum pki_status ra_statement_text(struct ra *ra, const struct ra_application *application,
	const struct ra_issued *issued, const struct ra_record *record,
	struct pki_buf *json, struct pki_err *err) PKI_MUST_CHECK;
/* REFUSED unless cms (DER) has the same JSON as text, signed with cert's key; INPUT if
 * cms is not a CMS structure. */
enum pki_status ra_statement_verify(struct pki_bytes cms, struct pki_bytes text,
	const struct pki_cert *cert, struct pki_err *err) PKI_MUST_CHECK;

#endif
