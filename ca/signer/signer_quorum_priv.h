/* The signer's own count of cosigned entries (rule 214). */
#ifndef CA_SIGNER_SIGNER_QUORUM_PRIV_H
#define CA_SIGNER_SIGNER_QUORUM_PRIV_H

#include "ca/signer/signer_priv.h"

/* IPC_COSIGNED: a signer_op. */
enum pki_status signer_cosigned(struct signer_state *s, struct pki_bytes fields,
	struct pki_err *err) PKI_MUST_CHECK;

/* A checkpoint of this size covers all certificates that were signed. */
void signer_covered(struct signer_state *s, uint64_t size);
/* The log goes back to this size. TAMPERED if a witness cosigned more. */
enum pki_status signer_uncovered(
	struct signer_state *s, uint64_t size, struct pki_err *err) PKI_MUST_CHECK;

#endif
