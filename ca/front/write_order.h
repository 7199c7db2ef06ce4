/* Writes an accepted order to the transaction: log entry, order, certificates or
 * revocations. */
#ifndef CA_FRONT_WRITE_ORDER_H
#define CA_FRONT_WRITE_ORDER_H

#include "ca/front/writer.h"

enum pki_status write_order(
	struct writer *w, struct job *job, struct pki_err *err) PKI_MUST_CHECK;

#endif
