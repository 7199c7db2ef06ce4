/* The decision's two halves: who signed, and what is ordered; internal to decide*.c. */
#ifndef LIBPKI_STATE_DECIDE_H
#define LIBPKI_STATE_DECIDE_H

#include "libpki/state/policy.h"
#include "libpki/x509/csr.h"

/* How far the clocks of two of the State's machines may be apart. */
#define PKI_CLOCK_SKEW_MS ((pki_msec)5 * 60 * 1000)

/* Everything that a decision is made on; borrowed. */
struct pki_case {
	const struct pki_policy *policy;
	const struct pki_signed_order *order;
	const struct pki_cert *issuer;
	pki_msec now;
	struct pki_cms_cache *cache;
};

bool pki_kind_is_holder(enum pki_kind kind);

/* The order's rule; rules 201, 202, 204, 209. */
enum pki_status pki_decide_signers(const struct pki_case *c,
	const struct pki_order_rule **out, struct pki_err *err) PKI_MUST_CHECK;

/* An issue or renew order under out->rule: fills the rest of out. */
enum pki_status pki_decide_content(const struct pki_case *c, struct pki_decision *out,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
