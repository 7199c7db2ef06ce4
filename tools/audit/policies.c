#include "tools/audit/policies.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum pki_status
policies_load(struct policies *policies, const struct pki_args *args,
	const char *configured, struct pki_err *err)
{
	int count = pki_arg_count(args, "policy");
	for (int i = 0; i < (count > 0 ? count : 1); i++) {
		const char *dir = count > 0 ? pki_arg_at(args, "policy", i) : configured;
		PKI_TRY(pki_policy_load(dir, &policies->given[i], err));
		policies->folders[i] = dir;
		policies->count++;
	}
	return PKI_OK;
}

void
policies_free(struct policies *policies)
{
	for (size_t i = 0; i < policies->count; i++)
		pki_policy_free(policies->given[i]);
	free(policies->periods);
}

enum pki_status
policies_begin(struct policies *policies, uint64_t entry, const char *digest,
	struct pki_err *err)
{
	size_t count = policies->period_count;
	if (count > 0 && strcmp(policies->periods[count - 1].digest, digest) == 0)
		return PKI_OK;
	struct policy_period *grown =
		reallocarray(policies->periods, count + 1, sizeof *grown);
	if (grown == NULL)
		return pki_fail(err, PKI_MEMORY, "policies");
	policies->periods = grown;
	struct policy_period *period = &grown[policies->period_count++];
	*period = (struct policy_period){ .from = entry };
	snprintf(period->digest, sizeof period->digest, "%s", digest);
	for (size_t i = 0; i < policies->count; i++)
		if (strcmp(policies->given[i]->digest, digest) == 0)
			period->policy = policies->given[i];
	return PKI_OK;
}

struct policy_period *
policies_at(const struct policies *policies, uint64_t entry)
{
	if (policies->period_count == 0)
		return NULL;
	size_t i = policies->period_count - 1;
	while (i > 0 && policies->periods[i].from > entry)
		i--;
	return &policies->periods[i];
}
