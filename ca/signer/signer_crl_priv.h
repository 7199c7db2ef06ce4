/*
 * CRLs. The signer keeps the revoked set, and the front sends new entries only. An entry stays
 * listed, unchanged, until its certificate has expired: a front cannot leave an entry out.
 */
#ifndef CA_SIGNER_SIGNER_CRL_PRIV_H
#define CA_SIGNER_SIGNER_CRL_PRIV_H

#include "ca/signer/signer_priv.h"

/* IPC_CUTOFF, IPC_ENTRIES, IPC_EXPIRED, IPC_CRL: a signer_op each. */
enum pki_status signer_cutoff(struct signer_state *s, struct pki_bytes fields,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status signer_entries(struct signer_state *s, struct pki_bytes fields,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status signer_expired(struct signer_state *s, struct pki_bytes fields,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status signer_crl(struct signer_state *s, struct pki_bytes fields,
	struct pki_err *err) PKI_MUST_CHECK;

/* Does a CRL list this serial? */
bool signer_has_listed(const struct signer_state *s, const struct pki_serial *serial);

#endif
