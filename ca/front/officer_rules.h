/* The ledger rules about officers and services: rules 120 and 121. */
#ifndef CA_FRONT_OFFICER_RULES_H
#define CA_FRONT_OFFICER_RULES_H

#include "ca/front/queue.h"

/*
 * An order to issue or renew, of holders too. A role with too few officers signs for nobody
 * but for officers of such a role, and for successors (rule 120). A person has one valid
 * certificate, and one role (rule 121). job->targets: the certificate that a renewal
 * replaces.
 */
enum pki_status officer_rules_issue(struct pki_ledger *ledger,
	const struct pki_policy *policy, pki_msec now, struct job *job,
	struct pki_err *err) PKI_MUST_CHECK;

/* An order to revoke job->targets: only officer-left and superseded ask for the successor
 * first (rule 120). */
enum pki_status officer_rules_revoke(struct pki_ledger *ledger,
	const struct pki_policy *policy, pki_msec now, const struct job *job,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
