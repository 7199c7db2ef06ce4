/* The operations on orders: verify and decide; sign, once the ledger rules allow it. */
#ifndef CA_SIGNER_SIGNER_ORDERS_PRIV_H
#define CA_SIGNER_SIGNER_ORDERS_PRIV_H

#include "ca/signer/signer_priv.h"

/* IPC_DECIDE, IPC_SIGN: a signer_op each. */
enum pki_status signer_decide(struct signer_state *s, struct pki_bytes fields,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status signer_sign(struct signer_state *s, struct pki_bytes fields,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
