#include <stdio.h>
#include <string.h>

#include "libpki/state/decide_priv.h"
#include "libpki/x509/person.h"

static bool
has_profile(const struct pki_order_rule *rule, const char *profile)
{
	for (size_t i = 0; i < rule->profile_count; i++)
		if (strcmp(rule->profiles[i], profile) == 0)
			return true;
	return false;
}

bool
decide_renews_officer(const struct pki_case *c)
{
	const struct pki_order *order = &c->order->order;
	const struct pki_profile *profile =
		pki_policy_profile(c->policy, order->certs[0].profile);
	return order->action == PKI_ACTION_RENEW && profile != NULL &&
	       profile->kind == PKI_KIND_OFFICER;
}

static bool
applies(const struct pki_policy *policy, const struct pki_order_rule *rule,
	const struct pki_order *order)
{
	if (rule->action != order->action)
		return false;
	if (order->action == PKI_ACTION_INVITE || order->action == PKI_ACTION_ERASE)
		return true;
	if (order->action != PKI_ACTION_REVOKE)
		return has_profile(rule, order->certs[0].profile);
	const struct pki_profile *first = pki_policy_profile(policy, rule->profiles[0]);
	return pki_kind_is_holder(first->kind) == (order->holder[0] != '\0');
}

/* An officer's renewal takes the signatures of the first issue, unless rules.yaml has a
 * rule of its own for the renewal. */
static const struct pki_order_rule *
find_issue_rule(const struct pki_case *c)
{
	for (size_t i = 0; i < c->policy->order_count; i++) {
		const struct pki_order_rule *rule = &c->policy->orders[i];
		if (rule->action == PKI_ACTION_ISSUE &&
			has_profile(rule, c->order->order.certs[0].profile))
			return rule;
	}
	return NULL;
}

/* A policy of earlier times may ask for one officer only. */
static enum pki_status
check_two(
	const struct pki_case *c, const struct pki_order_rule *rule, struct pki_err *err)
{
	if (!decide_binds(c, 2) || !pki_policy_needs_two(c->policy, rule) ||
		pki_policy_signatures(rule) >= 2)
		return PKI_OK;
	return pki_refuse(err, PKI_RULE_SIGNATURES,
		"rules.yaml asks for one signature to issue %s; a first issue takes two officers: correct rules.yaml (pki-ca check-config)",
		c->order->order.certs[0].profile);
}

static enum pki_status
find_rule(
	const struct pki_case *c, const struct pki_order_rule **out, struct pki_err *err)
{
	const struct pki_order *order = &c->order->order;
	for (size_t i = 0; i < c->policy->order_count; i++) {
		*out = &c->policy->orders[i];
		if (applies(c->policy, *out, order))
			return check_two(c, *out, err);
	}
	*out = decide_renews_officer(c) ? find_issue_rule(c) : NULL;
	if (*out != NULL)
		return check_two(c, *out, err);
	return pki_refuse(err, PKI_RULE_ROLE,
		"nobody may %s %s: rules.yaml has no rule for it; ask the security officer",
		pki_action_name(order->action),
		order->cert_count != 0              ? order->certs[0].profile
		: order->action == PKI_ACTION_ERASE ? "a holder's data"
						    : "these certificates");
}

static enum pki_status
check_ages(
	const struct pki_case *c, const struct pki_order_rule *rule, struct pki_err *err)
{
	const struct pki_order *order = &c->order->order;
	char created[PKI_MSEC_TEXT];
	pki_msec_format(order->created, created);
	if (order->created > c->now + PKI_CLOCK_SKEW_MS)
		return pki_refuse(err, PKI_RULE_CLOCK,
			"the order was made in the future (%s); set the clocks", created);
	pki_msec until = order->action == PKI_ACTION_INVITE ? order->expires * 1000
							    : c->now;
	if (until - order->created > rule->max_age * 1000)
		return pki_refuse(err, PKI_RULE_ORDER_AGE,
			"made %s, %lld seconds before %s; at most %lld; make a new order",
			created, (long long)(until - order->created) / 1000,
			order->action == PKI_ACTION_INVITE ? "it expires" : "now",
			(long long)rule->max_age);
	for (size_t i = 0; i < c->order->cms.signer_count; i++)
		if (c->order->cms.signers[i].signed_at + PKI_CLOCK_SKEW_MS <
			order->created)
			return pki_refuse(err, PKI_RULE_ORDER_AGE,
				"signed before it was made (%s); set the clocks",
				created);
	return PKI_OK;
}

/* "2 of registration and 1 of security or revocation" */
static void
describe_needs(const struct pki_order_rule *rule, char *out, size_t size)
{
	out[0] = '\0';
	for (size_t i = 0; i < rule->need_count; i++) {
		size_t used = strlen(out);
		snprintf(out + used, size - used, "%s%d of", i != 0 ? " and " : "",
			rule->needs[i].count);
		const char *between = " ";
		for (unsigned role = 1; role <= PKI_ROLE_RESPONDER; role <<= 1) {
			if ((rule->needs[i].roles & role) == 0)
				continue;
			used = strlen(out);
			snprintf(out + used, size - used, "%s%s", between,
				pki_role_name((enum pki_role)role));
			between = " or ";
		}
	}
}

/*
 * Which signer renews her certificate, by the key of the old one? The signature proves
 * that she has that key (rule 39), and is none of the officers' signatures. *out: the
 * signer's index; cms.signer_count if the order renews no officer's certificate.
 */
static enum pki_status
find_renewed(const struct pki_case *c, size_t *out, struct pki_err *err)
{
	const struct pki_order *order = &c->order->order;
	const struct pki_cms *cms = &c->order->cms;
	char text[PKI_SERIAL_TEXT];
	*out = cms->signer_count;
	if (!decide_renews_officer(c))
		return PKI_OK;
	if (order->serial_count != 1)
		return pki_refuse(err, PKI_RULE_RENEWAL,
			"names %zu certificates to replace; an officer's renewal replaces one",
			order->serial_count);
	for (size_t i = 0; i < cms->signer_count; i++)
		if (pki_serial_compare(pki_cert_get0_serial(cms->signers[i].cert),
			    &order->serials[0]) == 0)
			*out = i;
	if (*out < cms->signer_count)
		return PKI_OK;
	pki_serial_text(&order->serials[0], text);
	return pki_refuse(err, PKI_RULE_POSSESSION,
		"the key of the certificate to replace, %s, did not sign; who no longer has the key needs an order to issue, after the old certificate is revoked",
		text);
}

/* Each signer must hold a role named by the rule, but for the signer who renews. */
static enum pki_status
check_roles(const struct pki_case *c, const struct pki_order_rule *rule, size_t renewed,
	enum pki_role roles[PKI_CMS_SIGNERS_MAX], struct pki_err *err)
{
	const struct pki_cms *cms = &c->order->cms;
	unsigned asked = 0;
	for (size_t i = 0; i < rule->need_count; i++)
		asked |= rule->needs[i].roles;
	for (size_t i = 0; i < cms->signer_count; i++) {
		char serial[PKI_SERIAL_TEXT], needs[160];
		roles[i] = pki_policy_role(c->policy, cms->signers[i].cert);
		if ((roles[i] & asked) != 0 || i == renewed)
			continue;
		pki_serial_text(pki_cert_get0_serial(cms->signers[i].cert), serial);
		describe_needs(rule, needs, sizeof needs);
		const char *name = pki_role_name(roles[i]);
		return pki_refuse(err, PKI_RULE_ROLE,
			"signer %s has role %s; to %s takes signatures: %s", serial,
			name != NULL ? name : "none",
			pki_action_name(c->order->order.action), needs);
	}
	return PKI_OK;
}

/* Equal names or equal keys: that much was compared before officers had identifiers. */
static bool
is_one_certificate(const struct pki_cert *a, const struct pki_cert *b)
{
	struct pki_bytes an = pki_cert_get0_subject_der(a);
	struct pki_bytes bn = pki_cert_get0_subject_der(b);
	return pki_bytes_equal(an.data, an.len, bn.data, bn.len) ||
	       pki_key_matches(pki_cert_get0_key(a), pki_cert_get0_key(b));
}

static enum pki_status
check_apart(const struct pki_case *c, const struct pki_cert *a, const struct pki_cert *b,
	struct pki_err *err)
{
	struct pki_name an, bn;
	bool same = is_one_certificate(a, b);
	if (!same && decide_binds(c, 2)) {
		PKI_TRY(pki_cert_subject(a, &an, err));
		PKI_TRY(pki_cert_subject(b, &bn, err));
		PKI_TRY(pki_person_same(&an, &bn, &same, err));
	}
	if (!same)
		return PKI_OK;
	return pki_refuse(err, PKI_RULE_PERSONS,
		"one officer signed twice, with one certificate or two; another person must sign");
}

/* rule 121: the signers are different persons. */
static enum pki_status
check_distinct(const struct pki_case *c, struct pki_err *err)
{
	const struct pki_cms *cms = &c->order->cms;
	for (size_t i = 0; i < cms->signer_count; i++)
		for (size_t j = 0; j < i; j++)
			PKI_TRY(check_apart(
				c, cms->signers[i].cert, cms->signers[j].cert, err));
	return PKI_OK;
}

/* Can the unspent signers fill the needs from index `need` on? With at most 4 signers,
 * trying all assignments is fast enough. */
static bool
fill(const struct pki_order_rule *rule, size_t need, int filled,
	const enum pki_role *roles, size_t count, unsigned spent)
{
	if (need == rule->need_count)
		return true;
	if (filled == rule->needs[need].count)
		return fill(rule, need + 1, 0, roles, count, spent);
	for (size_t i = 0; i < count; i++) {
		unsigned bit = 1u << i;
		if ((spent & bit) == 0 && (roles[i] & rule->needs[need].roles) != 0 &&
			fill(rule, need, filled + 1, roles, count, spent | bit))
			return true;
	}
	return false;
}

enum pki_status
decide_signers(const struct pki_case *c, struct pki_decision *out, struct pki_err *err)
{
	const struct pki_cms *cms = &c->order->cms;
	const struct pki_order_rule *rule = NULL;
	enum pki_role roles[PKI_CMS_SIGNERS_MAX] = { PKI_ROLE_NONE };
	size_t renewed = 0;
	PKI_TRY(find_rule(c, &rule, err));
	PKI_TRY(check_ages(c, rule, err));
	PKI_TRY(find_renewed(c, &renewed, err));
	PKI_TRY(check_roles(c, rule, renewed, roles, err));
	PKI_TRY(check_distinct(c, err));
	unsigned spent = renewed < cms->signer_count ? 1u << renewed : 0;
	if (!fill(rule, 0, 0, roles, cms->signer_count, spent)) {
		char needs[160];
		size_t count = cms->signer_count - (spent != 0);
		describe_needs(rule, needs, sizeof needs);
		return pki_refuse(err, PKI_RULE_SIGNATURES,
			"%zu signature%s%s; to %s takes %s", count, count == 1 ? "" : "s",
			spent != 0 ? " beside the old key's" : "",
			pki_action_name(c->order->order.action), needs);
	}
	out->rule = rule;
	if (spent != 0)
		out->replaced = cms->signers[renewed].cert;
	return PKI_OK;
}
