/* The two halves of a decision: the check of the signers and the check of the content. */
#ifndef LIBPKI_STATE_DECIDE_PRIV_H
#define LIBPKI_STATE_DECIDE_PRIV_H

#include "libpki/state/decide.h"

/* Do the rules of this version bind the order? */
static inline bool
decide_binds(const struct pki_case *c, unsigned version)
{
	return c->rules == 0 || c->rules >= version;
}

/* An order to renew the certificate of an officer or of a service. */
bool decide_renews_officer(const struct pki_case *c);

/* Checks rules 121, 201, 202, 204 and 209, and 39 for the renewal of an officer. Sets
 * out->rule and out->replaced. */
enum pki_status decide_signers(const struct pki_case *c, struct pki_decision *out,
	struct pki_err *err) PKI_MUST_CHECK;

/* Checks an issue or renew order under out->rule, and fills the rest of out. */
enum pki_status decide_content(const struct pki_case *c, struct pki_decision *out,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
