/*
 * The state that the signer's signatures continue, before and within a transaction of the front.
 *
 * The front commits the signed documents. If the commit fails, the front sends IPC_FORGET, and
 * the signer continues from the state before the transaction.
 */
#ifndef CA_SIGNER_TRANSACTION_H
#define CA_SIGNER_TRANSACTION_H

#include "ca/signer/revoked_set.h"
#include "libpki/tlog/note.h"

/* The last signatures, which the next signatures must continue. */
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
	bool under_way; /* a signature was made that no checkpoint covers yet */
	struct revoked_set revoked; /* all entries of the CRLs */
	/* the changes to `revoked` since the transaction began; no serial is in both */
	struct revoked_set added, removed;
};

void transaction_free(struct transaction *t);
/* Call before the first signature of a transaction: copies `last` to `before`. */
void transaction_begin(struct transaction *t);
/*
 * Within a transaction, for a CRL: removes `expired` from the revoked set and adds `fresh`. Both
 * are sorted, each serial once; all of expired are in the revoked set, none of fresh is. Both are
 * empty afterwards. MEMORY: nothing changed.
 */
enum pki_status transaction_change(struct transaction *t, struct revoked_set *fresh,
	struct revoked_set *expired, struct pki_err *err) PKI_MUST_CHECK;
/* A checkpoint that covers the transaction is signed. */
void transaction_end(struct transaction *t);
/* Restores the state before the transaction. Ends the process if memory lacks. */
void transaction_undo(struct transaction *t);

#endif
