/* The order in which CRLs are made and published: urgent CRLs first, then a few without
 * urgency. */
#ifndef CRL_ROUNDS_H
#define CRL_ROUNDS_H

#include <stdbool.h>

#include "libpki/base/err.h"

struct service;

enum rounds_force {
	ROUNDS_DUE, /* make due CRLs */
	ROUNDS_FULL, /* and the full CRL, due or not */
	ROUNDS_ALL, /* and each partition, due or not */
};

/* After pending_look(). A CRL refused by the gate delays no further CRL. *more, only with
 * ROUNDS_DUE: CRLs without urgency are left; look again, then call again. */
enum pki_status rounds_publish(struct service *s, enum rounds_force force, bool *more,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
