/* Entering an application into the store, for pki-ra submit and pki-ra renew. */
#ifndef RA_ENTER_H
#define RA_ENTER_H

#include "ra/ra.h"
#include "ra/store/invitation.h"
#include "ra/store/record.h"

/* Make ids, store evidence files, application, record and index, and record the event,
 * in one transaction. invitation NULL: a renewal. */
enum pki_status ra_enter(struct ra *ra, struct ra_application *application,
	struct ra_record *record, const struct pki_args *args,
	const struct ra_invitation *invitation, struct pki_err *err) PKI_MUST_CHECK;

#endif
