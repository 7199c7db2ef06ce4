/* Checkpoints of the log, and receipts of revocations. */
#ifndef CA_SIGNER_SIGNER_RECORDS_PRIV_H
#define CA_SIGNER_SIGNER_RECORDS_PRIV_H

#include "ca/signer/signer_priv.h"

/* IPC_CHECKPOINT, IPC_FORGET, IPC_SEAL: a signer_op each. */
enum pki_status signer_checkpoint(struct signer_state *s, struct pki_bytes fields,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status signer_forget(struct signer_state *s, struct pki_bytes fields,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status signer_seal(struct signer_state *s, struct pki_bytes fields,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
