/* The ledger rules: what the ledger knows against an order (use, revocations, keys, names,
 * predecessors). */
#ifndef CA_FRONT_LEDGER_RULES_H
#define CA_FRONT_LEDGER_RULES_H

#include "ca/front/queue.h"

/*
 * May the order of these facts be carried out, as the ledger stands? Rules 15, 31, 36, 46, 58,
 * 203, 205, 206; a revocation's targets are put into job. NOTFOUND, STATE as well. ca: the issuing CA.
 */
enum pki_status ledger_rules_check(struct pki_ledger *ledger,
	const struct pki_policy *policy, const struct pki_cert *ca, pki_msec now,
	struct job *job, struct pki_err *err) PKI_MUST_CHECK;

/* Could order a change the result of ledger_rules_check() for b? Then b waits for the next
 * batch. */
bool ledger_rules_conflict(const struct facts *a, const struct facts *b);

#endif
