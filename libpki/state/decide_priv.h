/* The two halves of a decision: the check of the signers and the check of the content. */
#ifndef LIBPKI_STATE_DECIDE_PRIV_H
#define LIBPKI_STATE_DECIDE_PRIV_H

#include "libpki/state/decide.h"

/* Checks rules 201, 202, 204 and 209; *out: the policy's rule for the order. */
enum pki_status decide_signers(const struct pki_case *c,
	const struct pki_order_rule **out, struct pki_err *err) PKI_MUST_CHECK;

/* Checks an issue or renew order under out->rule, and fills the rest of out. */
enum pki_status decide_content(const struct pki_case *c, struct pki_decision *out,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
