/* The ledger rules: checks of an order against the ledger (earlier use, revocations,
 * keys, names, predecessors). */
#ifndef CA_FRONT_LEDGER_RULES_H
#define CA_FRONT_LEDGER_RULES_H

#include "ca/front/queue.h"

/*
 * Checks the order of job->facts against the ledger: rules 15, 31, 36, 46, 58, 120, 121,
 * 203, 205, 206. Fills job->targets for a revoke order, and for the renewal of an officer
 * or service, whose certificate is replaced. May also return NOTFOUND and STATE. ca:
 * the issuing CA.
 */
enum pki_status ledger_rules_check(struct pki_ledger *ledger,
	const struct pki_policy *policy, const struct pki_cert *ca, pki_msec now,
	struct job *job, struct pki_err *err) PKI_MUST_CHECK;

/* Two of these rules by themselves. Is the id of the order or invitation unused (rule 203,
 * 206)? what: "order" or "invitation". */
enum pki_status ledger_rules_unused(struct pki_ledger *ledger, const char *id,
	enum pki_rule rule, const char *what, struct pki_err *err) PKI_MUST_CHECK;
/* Are the officers' certificates issued and not revoked (rule 205)? */
enum pki_status ledger_rules_officers(struct pki_ledger *ledger,
	const struct pki_serial *serials, size_t count,
	struct pki_err *err) PKI_MUST_CHECK;

/* Could order a change the result of ledger_rules_check() for b? Then b waits for the
 * next batch. */
bool ledger_rules_conflict(const struct facts *a, const struct facts *b);

#endif
