/*
 * What the signer vouched for, and how it was before the front's present transaction.
 *
 * The front commits what the signer signed. If the commit fails, the front sends IPC_FORGET, and
 * the signer continues from the state before the transaction.
 */
#ifndef CA_SIGNER_TRANSACTION_H
#define CA_SIGNER_TRANSACTION_H

#include "ca/signer/revoked_set.h"
#include "libpki/tlog/note.h"

/* What was signed last: what is signed next must continue it. */
struct vouched {
	struct pki_checkpoint checkpoint; /* size 0: none */
	uint64_t crl_number; /* of all CRLs together */
	pki_time crl_made;
	/* thisUpdate of the last CRL of each partition, the full CRL first; 0: none was made yet,
	 * PKI_CRL_LAST: none follows */
	pki_time made[PKI_PARTITIONS_MAX + 1];
};

/* All zeros: nothing was signed. */
struct transaction {
	struct vouched last;
	struct vouched before;
	bool under_way; /* something was signed, and no checkpoint over it yet */
	struct revoked_set revoked; /* all that the CRLs list */
	/* how `revoked` differs from what it was before; no serial is in both */
	struct revoked_set added, removed;
};

void transaction_free(struct transaction *t);
/* Before the first signature of a transaction: `before` is what was last. */
void transaction_begin(struct transaction *t);
/*
 * Within a transaction, for a CRL: `expired` leaves the revoked set, `fresh` joins it. Both are
 * sorted, each serial once; all of expired are in the revoked set, none of fresh is. Both are
 * empty afterwards. MEMORY: nothing changed.
 */
enum pki_status transaction_change(struct transaction *t, struct revoked_set *fresh,
	struct revoked_set *expired, struct pki_err *err) PKI_MUST_CHECK;
/* The checkpoint over it is signed. */
void transaction_end(struct transaction *t);
/* Everything is as before. Ends the process if there is no memory for that. */
void transaction_undo(struct transaction *t);

#endif
