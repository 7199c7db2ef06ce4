#include "libpki/state/decide_priv.h"

#include <stdio.h>
#include <string.h>

/* Lists the causes in rules.yaml, so that the message helps an officer to choose. */
static void
list_causes(const struct pki_policy *policy, char *out, size_t size)
{
	out[0] = '\0';
	for (size_t i = 0; i < policy->cause_count; i++) {
		size_t used = strlen(out);
		snprintf(out + used, size - used, "%s%s", i != 0 ? ", " : "",
			policy->causes[i].cause);
	}
}

static enum pki_status
decide_revoke(const struct pki_case *c, struct pki_decision *out, struct pki_err *err)
{
	const struct pki_order *order = &c->order->order;
	const struct pki_cause_rule *cause = pki_policy_cause(c->policy, order->cause);
	if (cause == NULL) {
		char known[400];
		list_causes(c->policy, known, sizeof known);
		return pki_refuse(err, PKI_RULE_REVOCATION,
			"cause \"%s\" is not in rules.yaml; it is one of: %s",
			order->cause, known);
	}
	static const char *const requesters[] = { "holder", "officer", "department" };
	bool known = false;
	for (size_t i = 0; i < PKI_COUNT(requesters); i++)
		known = known || strcmp(requesters[i], order->requester) == 0;
	if (!known)
		return pki_refuse(err, PKI_RULE_REVOCATION,
			"requester \"%s\" is none of holder, officer, department",
			order->requester);
	if (order->reported > order->created + PKI_CLOCK_SKEW_MS)
		return pki_refuse(err, PKI_RULE_REVOCATION,
			"reported %lld seconds after the order was made; set the clocks",
			(long long)(order->reported - order->created) / 1000);
	out->reason = cause->reason;
	out->whole_holder = order->holder[0] != '\0' &&
			    (cause->whole_holder || order->serial_count == 0);
	return PKI_OK;
}

static enum pki_status
decide_invite(const struct pki_case *c, struct pki_err *err)
{
	const struct pki_order *order = &c->order->order;
	if (order->expires * 1000 < c->now)
		return pki_refuse(err, PKI_RULE_INVITATION,
			"the invitation has expired; ask the department for a new one");
	return PKI_OK;
}

static enum pki_status
decide(const struct pki_case *c, struct pki_decision *out, struct pki_err *err)
{
	PKI_TRY(decide_signers(c, out, err));
	switch (c->order->order.action) {
	case PKI_ACTION_ISSUE:
	case PKI_ACTION_RENEW:
		return decide_content(c, out, err);
	case PKI_ACTION_REVOKE:
		return decide_revoke(c, out, err);
	case PKI_ACTION_INVITE:
		return decide_invite(c, err);
	case PKI_ACTION_ERASE: /* the RA checks the retention time: rule 79 */
		return PKI_OK;
	}
	return pki_fail(err, PKI_INTERNAL, "action %d", (int)c->order->order.action);
}

enum pki_status
pki_decide(const struct pki_case *c, struct pki_decision *out, struct pki_err *err)
{
	*out = (struct pki_decision){ 0 };
	enum pki_status status = decide(c, out, err);
	if (status != PKI_OK) {
		pki_err_object(err, "order %s", c->order->order.id);
		pki_decision_free(out);
	}
	return status;
}

void
pki_decision_free(struct pki_decision *decision)
{
	for (size_t i = 0; i < PKI_ORDER_CERTS_MAX; i++)
		pki_csr_free(decision->certs[i].csr);
	if (decision->invitation != NULL)
		pki_order_close(decision->invitation);
	free(decision->invitation);
	*decision = (struct pki_decision){ 0 };
}
