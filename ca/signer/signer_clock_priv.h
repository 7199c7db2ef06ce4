/* The signer's clock (rule 209): the wall clock, as long as the boot clock agrees. */
#ifndef CA_SIGNER_SIGNER_CLOCK_PRIV_H
#define CA_SIGNER_SIGNER_CLOCK_PRIV_H

#include "ca/signer/signer_priv.h"

/* last: the time of the youngest event. */
void signer_clock_begin(struct signer_state *s, pki_msec last);
/* true: *now is the wall clock's time. false: the wall clock is not plausible; *now is the
 * last time and what the boot clock counted since. Revocations and CRLs alone are made then. */
bool signer_clock(struct signer_state *s, pki_msec *now);
/* signer_clock(), with an error for false. */
enum pki_status signer_now(
	struct signer_state *s, pki_msec *out, struct pki_err *err) PKI_MUST_CHECK;
/* IPC_NOW: a signer_op. */
enum pki_status signer_tell_now(struct signer_state *s, struct pki_bytes fields,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
