/* The signer's clock. */
#ifndef CA_SIGNER_SIGNER_CLOCK_PRIV_H
#define CA_SIGNER_SIGNER_CLOCK_PRIV_H

#include "ca/signer/signer_priv.h"

/* rule 209: CLOCK if the clock went back. */
enum pki_status signer_now(
	struct signer_state *s, pki_msec *out, struct pki_err *err) PKI_MUST_CHECK;

#endif
