/* What front and signer say of a clock that is not plausible (rule 209). */
#ifndef CA_CLOCK_H
#define CA_CLOCK_H

#include "libpki/base/time.h"

/* CLOCK: what the clock did, and the remedy. now: by the last event and the boot clock. wall: by
 * the wall clock. */
enum pki_status clock_implausible(
	pki_msec now, pki_msec wall, struct pki_err *err) PKI_MUST_CHECK;

#endif
