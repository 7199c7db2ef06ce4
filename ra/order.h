/* Orders to pki-ca, whose replies may be lost. */
#ifndef RA_ORDER_H
#define RA_ORDER_H

#include "libpki/base/json.h"
#include "ra/ra.h"

/* The reply to an order that pki-ca has carried out; *found false: pki-ca does not know
 * the order. *reply is the caller's. */
enum pki_status ra_order_fetch(struct ra *ra, const char *id, json_t **reply, bool *found,
	struct pki_err *err) PKI_MUST_CHECK;
/*
 * Send a signed order by pki_api_order(). An order counts once, and pki-ca repeats its
 * reply: if the order was carried out before (rule 203), the reply is fetched.
 */
enum pki_status ra_order_send(struct ra *ra, const char *id, struct pki_bytes cms,
	json_t **reply, struct pki_err *err) PKI_MUST_CHECK;

#endif
