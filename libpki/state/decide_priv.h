/* The two halves of a decision: who signed, and what is ordered. */
#ifndef LIBPKI_STATE_DECIDE_PRIV_H
#define LIBPKI_STATE_DECIDE_PRIV_H

#include "libpki/state/decide.h"

/* The order's rule; rules 201, 202, 204, 209. */
enum pki_status decide_signers(const struct pki_case *c,
	const struct pki_order_rule **out, struct pki_err *err) PKI_MUST_CHECK;

/* An issue or renew order under out->rule: fills the rest of out. */
enum pki_status decide_content(const struct pki_case *c, struct pki_decision *out,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
