#include <string.h>

#include "libpki/state/policy_priv.h"
#include "libpki/tlog/note.h"

/* An order older than a month was forgotten. An invitation waits longer, for the
 * applicant. */
#define ORDER_AGE_MAX (30 * PKI_DAY)
#define INVITATION_AGE_MAX (180 * PKI_DAY)
/* rule 208: RGS v2.0 wants the request to be under three months old. */
#define REQUEST_AGE_MAX (92 * PKI_DAY)
/* A registration file is not kept longer than a CA lives. */
#define RETENTION_YEARS_MAX 30
/* The file of an application without a certificate is not kept longer than the file of a
 * certificate (7 years). */
#define RETENTION_DAYS_MAX 2557L

static bool
is_holder(const struct pki_profile *profile)
{
	return profile->kind == PKI_KIND_HOLDER_AUTH ||
	       profile->kind == PKI_KIND_HOLDER_SIGN;
}

static enum pki_status
read_need(struct pki_yaml *item, const struct pki_policy *policy, struct pki_need *out,
	struct pki_err *err)
{
	struct pki_yaml *count = NULL, *roles = NULL;
	PKI_TRY(pki_yaml_need(item, "count", &count, err));
	PKI_TRY(pki_yaml_need(item, "roles", &roles, err));
	long n = 0;
	PKI_TRY(pki_yaml_int(count, 1, PKI_CMS_SIGNERS_MAX, &n, err));
	PKI_TRY(policy_roles(roles, &out->roles, err));
	out->count = (int)n;
	unsigned known = 0;
	for (size_t i = 0; i < policy->profile_count; i++)
		known |= policy->profiles[i].role;
	for (unsigned role = 1; role <= PKI_ROLE_RESPONDER; role <<= 1)
		if ((out->roles & ~known & role) != 0)
			return pki_yaml_fail_rule(roles, err, PKI_RULE_ROLE,
				"no profile makes officers of role %s; add one or remove the role",
				pki_role_name((enum pki_role)role));
	return PKI_OK;
}

static enum pki_status
read_needs(struct pki_yaml *item, const struct pki_policy *policy,
	struct pki_order_rule *rule, struct pki_err *err)
{
	struct pki_yaml *list = NULL;
	PKI_TRY(pki_yaml_need(item, "signatures", &list, err));
	PKI_TRY(pki_yaml_expect_list(list, err));
	size_t count = pki_yaml_count(list);
	if (count == 0 || count > PKI_NEEDS_MAX)
		return pki_yaml_fail_rule(list, err, PKI_RULE_SIGNATURES,
			"%zu lines of signatures; 1 to %d", count, PKI_NEEDS_MAX);
	int total = 0;
	for (size_t i = 0; i < count; i++) {
		PKI_TRY(read_need(pki_yaml_item(list, i), policy, &rule->needs[i], err));
		total += rule->needs[i].count;
	}
	if (rule->action == PKI_ACTION_ERASE && total != 2)
		return pki_yaml_fail_rule(list, err, PKI_RULE_SIGNATURES,
			"%d signatures in all; nothing brings back what was erased: two officers",
			total);
	if (total > PKI_CMS_SIGNERS_MAX)
		return pki_yaml_fail_rule(list, err, PKI_RULE_SIGNATURES,
			"%d signatures in all; an order holds at most %d", total,
			PKI_CMS_SIGNERS_MAX);
	rule->need_count = count;
	return PKI_OK;
}

static bool
names_no_profile(enum pki_action action)
{
	return action == PKI_ACTION_INVITE || action == PKI_ACTION_ERASE;
}

/* Does an earlier rule cover the action for the profile already? */
static bool
is_ruled(const struct pki_policy *policy, enum pki_action action, const char *profile)
{
	for (size_t i = 0; i < policy->order_count; i++) {
		const struct pki_order_rule *rule = &policy->orders[i];
		for (size_t j = 0; j < rule->profile_count; j++)
			if (rule->action == action &&
				strcmp(rule->profiles[j], profile) == 0)
				return true;
	}
	return false;
}

static enum pki_status
read_rule_profiles(struct pki_yaml *item, const struct pki_policy *policy,
	struct pki_order_rule *rule, struct pki_err *err)
{
	struct pki_yaml *list = NULL;
	PKI_TRY(pki_yaml_need(item, "profiles", &list, err));
	PKI_TRY(pki_yaml_expect_list(list, err));
	size_t count = pki_yaml_count(list), holders = 0;
	if ((count == 0) != names_no_profile(rule->action) || count > PKI_PROFILES_MAX)
		return pki_yaml_fail(list, err,
			"name the profiles that may be ordered; an invite or erase rule names none");
	for (size_t i = 0; i < count; i++) {
		struct pki_yaml *node = pki_yaml_item(list, i);
		PKI_TRY(pki_yaml_string(
			node, rule->profiles[i], sizeof rule->profiles[i], err));
		const struct pki_profile *profile =
			pki_policy_profile(policy, rule->profiles[i]);
		if (profile == NULL)
			return pki_yaml_fail(node, err,
				"no profile %s; add %s.yaml or mend the name",
				rule->profiles[i], rule->profiles[i]);
		bool ends = rule->action == PKI_ACTION_REVOKE;
		if (profile->kind == PKI_KIND_ROOT || (profile->ca && !ends))
			return pki_yaml_fail_rule(node, err, PKI_RULE_DUAL_CONTROL,
				"a CA's certificate is made at the ceremony, never by order; one to revoke may name the issuing CA's");
		if (is_ruled(policy, rule->action, rule->profiles[i]))
			return pki_yaml_fail(node, err,
				"another rule says who may %s %s; keep one of the two",
				pki_action_name(rule->action), rule->profiles[i]);
		for (size_t j = 0; j < i; j++)
			if (strcmp(rule->profiles[i], rule->profiles[j]) == 0)
				return pki_yaml_fail(
					node, err, "%s stands twice", rule->profiles[i]);
		holders += is_holder(profile);
	}
	if (holders != 0 && holders != count)
		return pki_yaml_fail(
			list, err, "holders' and other profiles in one rule; write two");
	rule->profile_count = count;
	return PKI_OK;
}

/* An order that names no profile must fall under exactly one rule. */
static enum pki_status
check_rule_unique(struct pki_yaml *item, const struct pki_policy *policy,
	const struct pki_order_rule *rule, struct pki_err *err)
{
	bool holder = rule->profile_count != 0 &&
		      is_holder(pki_policy_profile(policy, rule->profiles[0]));
	for (size_t i = 0; i < policy->order_count; i++) {
		const struct pki_order_rule *other = &policy->orders[i];
		if (other->action != rule->action)
			continue;
		bool same = names_no_profile(rule->action);
		if (rule->action == PKI_ACTION_REVOKE)
			same = holder ==
			       is_holder(pki_policy_profile(policy, other->profiles[0]));
		if (same)
			return pki_yaml_fail(item, err,
				"a second rule to %s %s; write one rule for all of them",
				pki_action_name(rule->action),
				rule->action == PKI_ACTION_INVITE  ? "applicants"
				: rule->action == PKI_ACTION_ERASE ? "holders' data"
				: holder ? "holders' certificates"
					 : "officers' and services' certificates");
	}
	if (!holder && (rule->invitation || rule->document))
		return pki_yaml_fail(item, err,
			"invitation and document are asked of holders only; write false");
	if (rule->invitation && rule->action != PKI_ACTION_ISSUE)
		return pki_yaml_fail_rule(item, err, PKI_RULE_INVITATION,
			"only an issue order carries an invitation; write false");
	if (rule->document && rule->action == PKI_ACTION_REVOKE)
		return pki_yaml_fail_rule(item, err, PKI_RULE_DOCUMENT,
			"a revoke order carries no document; write false");
	return PKI_OK;
}

/* rule 43: the ways to identify a person; required if the rule requires a document. */
static enum pki_status
read_methods(struct pki_yaml *item, struct pki_order_rule *rule, struct pki_err *err)
{
	struct pki_yaml *list = NULL;
	PKI_TRY(pki_yaml_need(item, "identity_methods", &list, err));
	PKI_TRY(pki_yaml_expect_list(list, err));
	size_t count = pki_yaml_count(list);
	if ((count != 0) != rule->document || count > PKI_METHODS_MAX)
		return pki_yaml_fail_rule(list, err, PKI_RULE_IDENTITY,
			"1 to %d methods where document is true, none elsewhere",
			PKI_METHODS_MAX);
	for (size_t i = 0; i < count; i++)
		PKI_TRY(pki_yaml_string(pki_yaml_item(list, i), rule->methods[i],
			sizeof rule->methods[i], err));
	rule->method_count = count;
	return PKI_OK;
}

static enum pki_status
read_rule(struct pki_yaml *item, const struct pki_policy *policy,
	struct pki_order_rule *rule, struct pki_err *err)
{
	struct pki_yaml *action = NULL, *max_age = NULL, *invitation = NULL,
			*document = NULL;
	PKI_TRY(pki_yaml_need(item, "action", &action, err));
	const char *text = pki_yaml_text(action);
	if (text == NULL || !pki_action_by_name(text, &rule->action))
		return pki_yaml_fail(action, err,
			"action is none of issue, renew, revoke, invite, erase");
	PKI_TRY(read_rule_profiles(item, policy, rule, err));
	PKI_TRY(read_needs(item, policy, rule, err));
	PKI_TRY(pki_yaml_need(item, "max_age", &max_age, err));
	PKI_TRY(pki_yaml_duration(max_age, &rule->max_age, err));
	pki_time longest = rule->action == PKI_ACTION_INVITE ? INVITATION_AGE_MAX
							     : ORDER_AGE_MAX;
	if (rule->max_age > longest)
		return pki_yaml_fail_rule(max_age, err, PKI_RULE_ORDER_AGE,
			"max_age of %lld days; at most %lld",
			(long long)(rule->max_age / PKI_DAY),
			(long long)(longest / PKI_DAY));
	PKI_TRY(pki_yaml_need(item, "invitation", &invitation, err));
	PKI_TRY(pki_yaml_bool(invitation, &rule->invitation, err));
	PKI_TRY(pki_yaml_need(item, "document", &document, err));
	PKI_TRY(pki_yaml_bool(document, &rule->document, err));
	PKI_TRY(read_methods(item, rule, err));
	return check_rule_unique(item, policy, rule, err);
}

static enum pki_status
read_orders(struct pki_yaml *root, struct pki_policy *policy, struct pki_err *err)
{
	struct pki_yaml *list = NULL;
	PKI_TRY(pki_yaml_need(root, "orders", &list, err));
	PKI_TRY(pki_yaml_expect_list(list, err));
	if (pki_yaml_count(list) > PKI_ORDER_RULES_MAX)
		return pki_yaml_fail(
			list, err, "more than %d rules; join some", PKI_ORDER_RULES_MAX);
	for (size_t i = 0; i < pki_yaml_count(list); i++) {
		PKI_TRY(read_rule(pki_yaml_item(list, i), policy,
			&policy->orders[policy->order_count], err));
		policy->order_count++;
	}
	return PKI_OK;
}

/* rule 13: "PAS", "IDC", "PNO" or "TIN" of the standard, or a local scheme "xx:" (rule
 * 14). */
static enum pki_status
read_documents(struct pki_yaml *root, struct pki_policy *policy, struct pki_err *err)
{
	struct pki_yaml *map = NULL;
	PKI_TRY(pki_yaml_need(root, "documents", &map, err));
	PKI_TRY(pki_yaml_expect_map(map, err));
	if (pki_yaml_count(map) > PKI_DOCUMENTS_MAX)
		return pki_yaml_fail(
			map, err, "more than %d documents", PKI_DOCUMENTS_MAX);
	for (size_t i = 0; i < pki_yaml_count(map); i++) {
		struct pki_document_rule *rule = &policy->documents[i];
		struct pki_yaml *item = pki_yaml_item(map, i);
		const char *type = pki_yaml_key(map, i);
		if (strlen(type) >= sizeof rule->type)
			return pki_yaml_fail(item, err, "\"%.40s\" is too long", type);
		memcpy(rule->type, type, strlen(type) + 1);
		PKI_TRY(pki_yaml_string(item, rule->scheme, sizeof rule->scheme, err));
		static const char *const schemes[] = { "PAS", "IDC", "PNO", "TIN" };
		bool known = false;
		for (size_t j = 0; j < PKI_COUNT(schemes); j++)
			known = known || strcmp(schemes[j], rule->scheme) == 0;
		if (!known)
			return pki_yaml_fail_rule(item, err, PKI_RULE_SEMANTICS,
				"\"%s\" is none of PAS, IDC, PNO, TIN (a local scheme needs a name registration authority, which profiles do not have yet)",
				rule->scheme);
	}
	policy->document_count = pki_yaml_count(map);
	return PKI_OK;
}

static enum pki_status
read_causes(struct pki_yaml *root, struct pki_policy *policy, struct pki_err *err)
{
	struct pki_yaml *map = NULL;
	PKI_TRY(pki_yaml_need(root, "causes", &map, err));
	PKI_TRY(pki_yaml_expect_map(map, err));
	if (pki_yaml_count(map) > PKI_CAUSES_MAX)
		return pki_yaml_fail(map, err, "more than %d causes", PKI_CAUSES_MAX);
	for (size_t i = 0; i < pki_yaml_count(map); i++) {
		struct pki_cause_rule *rule = &policy->causes[i];
		struct pki_yaml *item = pki_yaml_item(map, i), *reason = NULL,
				*whole = NULL;
		const char *cause = pki_yaml_key(map, i);
		if (strlen(cause) >= sizeof rule->cause)
			return pki_yaml_fail(item, err, "\"%.40s\" is too long", cause);
		memcpy(rule->cause, cause, strlen(cause) + 1);
		PKI_TRY(pki_yaml_need(item, "reason", &reason, err));
		PKI_TRY(pki_yaml_need(item, "whole_holder", &whole, err));
		PKI_TRY(pki_yaml_bool(whole, &rule->whole_holder, err));
		const char *text = pki_yaml_text(reason);
		if (text == NULL || !pki_reason_by_name(text, &rule->reason) ||
			rule->reason == PKI_REASON_UNSPECIFIED ||
			(rule->reason == PKI_REASON_CA_COMPROMISE && rule->whole_holder))
			return pki_yaml_fail_rule(reason, err, PKI_RULE_CRL_REASON,
				"\"%.40s\" is no reason for these certificates; see profile(5)",
				text != NULL ? text : "(not a word)");
		bool loss = strncmp(cause, "lost-", strlen("lost-")) == 0 ||
			    strncmp(cause, "stolen-", strlen("stolen-")) == 0;
		if (loss && rule->reason != PKI_REASON_KEY_COMPROMISE)
			return pki_yaml_fail_rule(reason, err, PKI_RULE_REVOCATION,
				"loss and theft mean keyCompromise; write it");
	}
	policy->cause_count = pki_yaml_count(map);
	return PKI_OK;
}

static enum pki_status
read_terms(struct pki_yaml *root, struct pki_policy *policy, struct pki_err *err)
{
	struct pki_yaml *terms = NULL, *version = NULL, *digest = NULL;
	PKI_TRY(pki_yaml_need(root, "terms", &terms, err));
	PKI_TRY(pki_yaml_need(terms, "version", &version, err));
	PKI_TRY(pki_yaml_need(terms, "digest", &digest, err));
	PKI_TRY(pki_yaml_string(
		version, policy->terms_version, sizeof policy->terms_version, err));
	PKI_TRY(pki_yaml_string(
		digest, policy->terms_digest, sizeof policy->terms_digest, err));
	if (policy->terms_version[0] == '\0')
		return pki_yaml_fail_rule(
			version, err, PKI_RULE_TERMS, "an empty version");
	if (strspn(policy->terms_digest, "0123456789abcdef") != PKI_SHA256_HEX - 1)
		return pki_yaml_fail_rule(digest, err, PKI_RULE_TERMS,
			"not a SHA-256 digest in lower-case hex; write sha256sum's of the terms");
	return PKI_OK;
}

/* rule 214. The programs that read pki.yaml check that log.witnesses names enough
 * witnesses. */
static enum pki_status
read_witnesses(struct pki_yaml *root, struct pki_policy *policy, struct pki_err *err)
{
	struct pki_yaml *node = pki_yaml_get(root, "witnesses");
	long count = 0;
	if (pki_yaml_int(node, 0, PKI_WITNESSES_MAX, &count, NULL) != PKI_OK)
		return pki_yaml_fail_rule(node, err, PKI_RULE_QUORUM,
			"how many witnesses must cosign: 0 to %d, at most as many as log.witnesses in pki.yaml has",
			PKI_WITNESSES_MAX);
	policy->witnesses = (unsigned)count;
	return PKI_OK;
}

/* rule 79 */
static enum pki_status
read_retention(struct pki_yaml *root, struct pki_policy *policy, struct pki_err *err)
{
	struct pki_yaml *map = pki_yaml_get(root, "retention"), *years = NULL,
			*days = NULL;
	long y = PKI_RETENTION_YEARS, d = PKI_RETENTION_DAYS;
	if (map != NULL) {
		PKI_TRY(pki_yaml_need(map, "certified_years", &years, err));
		PKI_TRY(pki_yaml_need(map, "uncertified_days", &days, err));
		PKI_TRY(pki_yaml_int(years, 0, RETENTION_YEARS_MAX, &y, err));
		PKI_TRY(pki_yaml_int(days, 0, RETENTION_DAYS_MAX, &d, err));
	}
	if (y < PKI_RETENTION_YEARS)
		return pki_yaml_fail_rule(years, err, PKI_RULE_RETENTION,
			"certified_years of %ld; at least %d", y, PKI_RETENTION_YEARS);
	if (d * PKI_DAY < policy->request_max_age)
		return pki_yaml_fail_rule(days != NULL ? days : root, err,
			PKI_RULE_RETENTION,
			"uncertified_days of %ld are fewer than request_max_age: the application could still lead to certificates",
			d);
	policy->retention_years = (int)y;
	policy->retention_days = (int)d;
	return PKI_OK;
}

enum pki_status
policy_rules_read(struct pki_yaml *root, struct pki_policy *policy, struct pki_err *err)
{
	struct pki_yaml *node = NULL;
	PKI_TRY(pki_yaml_need(root, "test_names", &node, err));
	PKI_TRY(pki_yaml_bool(node, &policy->test_names, err));
	PKI_TRY(pki_yaml_need(root, "request_max_age", &node, err));
	PKI_TRY(pki_yaml_duration(node, &policy->request_max_age, err));
	if (policy->request_max_age > REQUEST_AGE_MAX)
		return pki_yaml_fail_rule(node, err, PKI_RULE_REQUEST_AGE,
			"request_max_age of %lld days; under three months",
			(long long)(policy->request_max_age / PKI_DAY));
	PKI_TRY(read_retention(root, policy, err));
	PKI_TRY(read_terms(root, policy, err));
	PKI_TRY(read_witnesses(root, policy, err));
	PKI_TRY(read_orders(root, policy, err));
	PKI_TRY(read_documents(root, policy, err));
	PKI_TRY(read_causes(root, policy, err));
	return pki_yaml_done(root, err);
}
