/* The front sends the state of the ledger to a starting signer, which has no ledger. */
#ifndef CA_FRONT_HANDOVER_H
#define CA_FRONT_HANDOVER_H

#include "ca/channel.h"
#include "libpki/state/ledger.h"

/*
 * Sends the CA's certificate, the last checkpoint, the time of the youngest event, the
 * last CRL of each partition and the log's last entries, and waits until the signer serves.
 * The signer verifies the signatures on certificate, checkpoint and CRLs, and that the
 * checkpoint covers the entries. *sent: the number of the ledger's
 * revocations that the signer then has.
 *
 * REFUSED (rule 55) if the signer shall end the CA while certificates are valid. The
 * signer may return SECRET, REFUSED, IO, TAMPERED.
 */
enum pki_status handover(struct channel *signer, const struct signer_setup *setup,
	struct pki_ledger *ledger, uint64_t *sent, struct pki_err *err) PKI_MUST_CHECK;

#endif
