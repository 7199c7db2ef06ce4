/* Retention: how long a holder's file is kept (rule 79). */
#ifndef RA_RETENTION_H
#define RA_RETENTION_H

#include "ra/ra.h"
#include "ra/store/holder.h"

struct ra_retention {
	pki_time end; /* of the last certificate; 0: no certificate */
	pki_time due; /* from this second on the file may be erased */
};
enum pki_status ra_retention_get(struct ra *ra, const struct ra_holder *holder,
	struct ra_retention *out, struct pki_err *err) PKI_MUST_CHECK;
/* Print the holders whose retention time is over. */
enum pki_status ra_retention_print(struct ra *ra, struct pki_err *err) PKI_MUST_CHECK;

#endif
