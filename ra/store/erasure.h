/* Erasure of a holder's personal data (rule 79): for ever, by an order that two
 * officers sign. */
#ifndef RA_STORE_ERASURE_H
#define RA_STORE_ERASURE_H

#include "libpki/cms/order.h"
#include "ra/store/store.h"

struct ra_erasure {
	char holder[PKI_ID_TEXT];
	char order[PKI_ID_TEXT];
	struct pki_buf cms; /* the order; owned */
	pki_msec erased; /* 0: not yet, the second officer's signature is missing */
};
void ra_erasure_free(struct ra_erasure *erasure);

/* *found false: no officer has ordered the erasure. found NULL: absence is NOTFOUND. */
enum pki_status ra_erasure_get(struct ra_store *store, const char *holder,
	struct ra_erasure *out, bool *found, struct pki_err *err) PKI_MUST_CHECK;
/* Store the order with its first signature; replaces an earlier order. */
enum pki_status ra_erasure_order(struct ra_store *store, const struct ra_erasure *erasure,
	struct pki_err *err) PKI_MUST_CHECK;
/*
 * Within a transaction: store the order, destroy the holder's key, all sealed parts and
 * words; reject open applications (events application-rejected, by actor). With the
 * commit the data is unreadable; ra_erasure_sweep() then takes its octets out of the
 * files. STATE if the store has no order.
 */
enum pki_status ra_erasure_execute(struct ra_store *store,
	const struct ra_erasure *erasure, const char *actor,
	struct pki_err *err) PKI_MUST_CHECK;
/* Remove the evidence files of erased holders, and write the database anew without the
 * deleted octets; does nothing if no erasure is unswept. Not within a transaction. */
enum pki_status ra_erasure_sweep(
	struct ra_store *store, struct pki_err *err) PKI_MUST_CHECK;

#endif
