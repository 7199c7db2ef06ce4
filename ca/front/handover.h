/* What the front hands to a signer that starts: the signer has no ledger. */
#ifndef CA_FRONT_HANDOVER_H
#define CA_FRONT_HANDOVER_H

#include "ca/channel.h"
#include "libpki/state/ledger.h"

/*
 * Send the CA's certificate, the last checkpoint, the time of the youngest event and the last CRL
 * of each partition, and wait until the signer serves. The signer verifies the signatures in them.
 * *sent: the ledger's revocations that the signer then has.
 *
 * REFUSED (rule 55) if the signer shall end the CA while certificates are valid. Other errors are
 * the signer's: SECRET, REFUSED, IO, TAMPERED.
 */
enum pki_status handover(struct channel *signer, const struct signer_setup *setup,
	struct pki_ledger *ledger, uint64_t *sent, struct pki_err *err) PKI_MUST_CHECK;

#endif
