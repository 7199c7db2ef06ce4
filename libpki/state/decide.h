/*
 * The decision on an order: does the policy allow the order, and with which profile,
 * dates and reason? The decision depends on the order, the policy and the clock alone.
 */
#ifndef LIBPKI_STATE_DECIDE_H
#define LIBPKI_STATE_DECIDE_H

#include "libpki/state/policy.h"
#include "libpki/x509/csr.h"

/*
 * The version of the rules by which orders are judged. pki-ca logs the version at each
 * start; orders of earlier times are judged, in an audit, by the rules of their time.
 * 1: before versions were logged. 2: officers are persons (rules 120, 121);
 * requests are checked by pki_csr_check().
 */
#define PKI_RULES_NOW 2

/* The input of a decision; all pointers are borrowed. */
struct pki_case {
	const struct pki_policy *policy;
	const struct pki_signed_order *order;
	const struct pki_cert *issuer; /* the issuing CA */
	pki_msec now;
	struct pki_cms_cache *cache; /* may be NULL */
	unsigned rules; /* 0: PKI_RULES_NOW; an audit: the version in force then */
};

/* The result of a decision. rule and the profiles are borrowed from the policy. */
struct pki_decision {
	const struct pki_order_rule *rule;
	struct {
		const struct pki_profile *profile;
		struct pki_csr *csr;
		pki_time not_before;
		pki_time not_after;
	} certs[PKI_ORDER_CERTS_MAX]; /* issue, renew: in the order's sequence */
	size_t cert_count;
	struct pki_signed_order *invitation; /* issue: opened; NULL: none */
	enum pki_reason reason; /* revoke */
	bool whole_holder; /* revoke */
	/* an officer's or service's renewal: the certificate that the new certificate
	 * replaces at once; borrowed from the order, which this certificate's key signed */
	const struct pki_cert *replaced;
};

/*
 * Decide: form and pairs (rules 10, 35, 45), roles, number and distinctness of signers
 * (121, 201, 202), ages (204, 208), no officer for her own certificate (44), names
 * (11-13), an officer's identifier (121), the old key's signature for an officer's
 * renewal, which is none of the two officers' (39),
 * documents (43, 207), terms (211), the invitation (206: signature of a department's
 * officer, dates, ties to this order), CSRs and keys (31, 39, 93, 94), dates (4). The
 * ledger rules are not checked: earlier use of the order or invitation, revoked officers,
 * known keys and names, predecessors, the profiles of certificates to revoke. Free with
 * pki_decision_free(), after an error too.
 */
enum pki_status pki_decide(const struct pki_case *c, struct pki_decision *out,
	struct pki_err *err) PKI_MUST_CHECK;
void pki_decision_free(struct pki_decision *decision);

#endif
