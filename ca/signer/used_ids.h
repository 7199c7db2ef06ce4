/* Identifiers of used orders and invitations, each of which counts once (rules 203, 206). */
#ifndef CA_SIGNER_USED_IDS_H
#define CA_SIGNER_USED_IDS_H

#include "libpki/cms/order.h"

/* All zeros: empty. */
struct used_ids {
	struct lhash_st *table; /* libcrypto's hash table */
	unsigned long sweep_at; /* the number of identifiers that causes the next sweep */
};

void used_ids_free(struct used_ids *ids);
/* Adds an identifier, which may be forgotten after `until` (milliseconds): the rules' limits of
 * age refuse the order or invitation by then. Forgets identifiers with an `until` before now. */
enum pki_status used_ids_add(struct used_ids *ids, const char *id, pki_msec until,
	pki_msec now, struct pki_err *err) PKI_MUST_CHECK;
bool used_ids_has(const struct used_ids *ids, const char *id);
size_t used_ids_count(const struct used_ids *ids);

#endif
