#include "ca/quorum.h"

#include <stdio.h>
#include <string.h>

#include "libpki/host/conf_log.h"

static size_t
reached(const struct quorum *quorum, const struct pki_conf *conf, uint64_t size)
{
	size_t count = 0;
	for (size_t i = 0; i < conf->log->witness_count; i++)
		count += quorum->cosigned[i] >= size;
	return count;
}

uint64_t
quorum_covered(const struct quorum *quorum, const struct pki_conf *conf,
	const struct pki_policy *policy)
{
	uint64_t most = 0;
	for (size_t i = 0; i < conf->log->witness_count; i++)
		if (quorum->cosigned[i] > most &&
			reached(quorum, conf, quorum->cosigned[i]) >= policy->witnesses)
			most = quorum->cosigned[i];
	return most;
}

enum pki_status
quorum_check(const struct quorum *quorum, const struct pki_conf *conf,
	const struct pki_policy *policy, struct pki_err *err)
{
	char missing[320] = "";
	size_t count = reached(quorum, conf, quorum->issued), len = 0;
	if (policy->witnesses == 0 || (!quorum->issuing && count >= policy->witnesses))
		return PKI_OK;
	for (size_t i = 0; i < conf->log->witness_count && len < sizeof missing; i++)
		if (quorum->cosigned[i] < quorum->issued)
			len += (size_t)snprintf(missing + len, sizeof missing - len,
				"%s %s", len > 0 ? "," : ": without",
				conf->log->witnesses[i].name);
	return pki_fail_rule(err, PKI_BUSY, PKI_RULE_QUORUM,
		"%zu of %u witnesses cosigned the log's %ju entries%s; until they do nothing is issued, revocations go on: see to pki-witness feed, then try again",
		count, policy->witnesses, (uintmax_t)quorum->issued, missing);
}

bool
quorum_concerns(const struct pki_profile *profile)
{
	return profile == NULL || profile->kind != PKI_KIND_RESPONDER;
}

enum pki_status
quorum_configured(
	const struct pki_conf *conf, const struct pki_policy *policy, struct pki_err *err)
{
	if (policy->witnesses <= conf->log->witness_count)
		return PKI_OK;
	return pki_fail_rule(err, PKI_CONFIG, PKI_RULE_QUORUM,
		"rules.yaml asks for %u witnesses, log.witnesses in pki.yaml has %zu; add witnesses, or ask for fewer",
		policy->witnesses, conf->log->witness_count);
}
