/* The order for an application's certificates, as officers sign it. */
#ifndef RA_DRAFT_H
#define RA_DRAFT_H

#include "ra/ra.h"
#include "ra/store/record.h"

struct ra_draft {
	const struct ra_application *application;
	const struct ra_record *record; /* with method and not_after */
	const char *order; /* the order's id */
	pki_msec created;
};
/* The order as canonical JSON; appended. */
enum pki_status ra_draft_order(struct ra *ra, const struct ra_draft *draft,
	struct pki_buf *json, struct pki_err *err) PKI_MUST_CHECK;

#endif
