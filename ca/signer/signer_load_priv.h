/* The last CRLs, at the start: the signer continues them. */
#ifndef CA_SIGNER_SIGNER_LOAD_PRIV_H
#define CA_SIGNER_SIGNER_LOAD_PRIV_H

#include "ca/signer/signer_priv.h"

/* IPC_LAST_CRL, IPC_SERVE: a signer_op each. */
enum pki_status signer_last_crl(struct signer_state *s, struct pki_bytes fields,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status signer_serve(struct signer_state *s, struct pki_bytes fields,
	struct pki_err *err) PKI_MUST_CHECK;

/* Load a CRL of the signer's own: the full CRL, partition 0, comes first. */
enum pki_status signer_load_crl(struct signer_state *s, unsigned partition,
	struct pki_bytes der, struct pki_err *err) PKI_MUST_CHECK;

#endif
