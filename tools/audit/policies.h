/* The policies given to the auditor, and the period of each policy according to the log. */
#ifndef TOOLS_AUDIT_POLICIES_H
#define TOOLS_AUDIT_POLICIES_H

#include <stdatomic.h>

#include "libpki/host/cli.h"
#include "libpki/state/policy.h"

/* From the entry about the loading of a policy until the next period. */
struct policy_period {
	uint64_t from; /* index of the entry */
	char digest[PKI_SHA256_HEX];
	const struct pki_policy *policy; /* NULL: the auditor was not given this policy */
	atomic_bool reported; /* a finding about the missing policy was added */
};

struct policies {
	struct pki_policy *given[PKI_VALUES_MAX];
	const char *folders[PKI_VALUES_MAX]; /* of the policies given */
	size_t count;
	struct policy_period *periods; /* in the log's order */
	size_t period_count;
};

/* The folders of --policy, or `configured` without this option. */
enum pki_status policies_load(struct policies *policies, const struct pki_args *args,
	const char *configured, struct pki_err *err) PKI_MUST_CHECK;
void policies_free(struct policies *policies);
/* The entry records the loading of the policy `digest`: a period begins, unless this policy is in
 * force already. */
enum pki_status policies_begin(struct policies *policies, uint64_t entry,
	const char *digest, struct pki_err *err) PKI_MUST_CHECK;
/* The period of an entry; NULL if the log records no loading of a policy. */
struct policy_period *policies_at(const struct policies *policies, uint64_t entry);

#endif
