#include "ca/front/officer_rules.h"

#include <string.h>

#include "libpki/state/staff.h"

/* NULL unless the order is for an officer's or service's certificate. */
static const struct pki_profile *
ordered_officer(const struct pki_policy *policy, const struct facts *facts)
{
	const struct pki_profile *profile =
		pki_policy_profile(policy, facts->certs[0].profile);
	bool officer = profile != NULL && profile->kind == PKI_KIND_OFFICER;
	return facts->order.holder[0] == '\0' && officer ? profile : NULL;
}

static bool
is_short(const struct pki_staff *staff, enum pki_role role)
{
	for (size_t i = 0; i < PKI_STAFF_ROLES; i++)
		if (staff->roles[i].role == role)
			return staff->roles[i].count < staff->roles[i].minimum;
	return false;
}

/* rule 120 */
static enum pki_status
check_staffed(struct pki_ledger *ledger, const struct pki_policy *policy, pki_time now,
	const struct facts *facts, struct pki_err *err)
{
	const struct pki_profile *officer = ordered_officer(policy, facts);
	struct pki_staff staff = { 0 };
	if (officer != NULL && facts->order.action == PKI_ACTION_RENEW)
		return PKI_OK;
	PKI_TRY(pki_staff_count(ledger, policy, now, &staff, err));
	if (officer != NULL && is_short(&staff, officer->role))
		return PKI_OK;
	for (size_t i = 0; i < facts->officer_count; i++)
		if (is_short(&staff, facts->roles[i]))
			return pki_refuse(err, PKI_RULE_STAFF,
				"the role %s has fewer officers than %ju, and signs for nobody but a successor until there are enough: pki-ra officer add",
				pki_role_name(facts->roles[i]),
				(uintmax_t)pki_staff_minimum(facts->roles[i]));
	return PKI_OK;
}

struct search {
	const struct facts *facts;
	const struct pki_profile *profile;
	pki_time now;
	struct job *job;
};

static bool
is_predecessor(const struct facts *facts, const struct pki_serial *serial)
{
	return facts->order.action == PKI_ACTION_RENEW && facts->serial_count == 1 &&
	       pki_serial_compare(&facts->serials[0], serial) == 0;
}

/* The old certificate is revoked as superseded, on the word of the order. */
static enum pki_status
replace(const struct search *search, const struct pki_staff_member *member)
{
	struct job *job = search->job;
	struct target *target = &job->targets[0];
	target->issuer = PKI_ISSUER_CA;
	target->serial = member->serial;
	memcpy(target->profile, member->profile, sizeof target->profile);
	job->target_count = 1;
	job->facts.reason = PKI_REASON_SUPERSEDED;
	job->facts.reported = job->facts.created < search->now * 1000
				      ? job->facts.created
				      : search->now * 1000;
	return PKI_OK;
}

static enum pki_status
check_member(void *ctx, const struct pki_staff_member *member, struct pki_err *err)
{
	const struct search *search = ctx;
	bool same = false;
	char text[PKI_SERIAL_TEXT];
	if (member->role == PKI_ROLE_NONE || !pki_staff_is_valid(member, search->now))
		return PKI_OK;
	if (is_predecessor(search->facts, &member->serial) &&
		strcmp(member->profile, search->profile->name) == 0)
		return replace(search, member);
	PKI_TRY(pki_person_same(&search->facts->subject, &member->name, &same, err));
	if (!same)
		return PKI_OK;
	pki_serial_text(&member->serial, text);
	if (member->role != search->profile->role)
		return pki_refuse(err, PKI_RULE_STAFF,
			"\"%s\" has the role %s (certificate %s); a person has one role: pki-ra officer end %s, then order the other role",
			member->name.common_name, pki_role_name(member->role), text,
			text);
	return pki_refuse(err, PKI_RULE_PERSONS,
		"\"%s\" has a valid certificate of the role %s, %s; renew it, or end it first: pki-ra officer renew, pki-ra officer end %s",
		member->name.common_name, pki_role_name(member->role), text, text);
}

enum pki_status
officer_rules_issue(struct pki_ledger *ledger, const struct pki_policy *policy,
	pki_msec now, struct job *job, struct pki_err *err)
{
	const struct facts *facts = &job->facts;
	struct search search = { facts, ordered_officer(policy, facts), now / 1000, job };
	job->target_count = 0;
	PKI_TRY(check_staffed(ledger, policy, now / 1000, facts, err));
	if (search.profile == NULL)
		return PKI_OK;
	PKI_TRY(pki_staff_each(ledger, policy, now / 1000, check_member, &search, err));
	if (facts->order.action != PKI_ACTION_RENEW || job->target_count == 1)
		return PKI_OK;
	return pki_refuse(err, PKI_RULE_RENEWAL,
		"the certificate to replace is no valid certificate of profile %s; order a first one: pki-ra officer add",
		search.profile->name);
}

enum pki_status
officer_rules_revoke(struct pki_ledger *ledger, const struct pki_policy *policy,
	pki_msec now, const struct job *job, struct pki_err *err)
{
	const struct facts *facts = &job->facts;
	struct pki_staff staff = { 0 };
	if (facts->order.holder[0] != '\0' ||
		(strcmp(facts->cause, "officer-left") != 0 &&
			strcmp(facts->cause, "superseded") != 0))
		return PKI_OK;
	PKI_TRY(pki_staff_count(ledger, policy, now / 1000, &staff, err));
	for (size_t i = 0; i < PKI_STAFF_ROLES; i++) {
		uint64_t leaving = 0;
		for (size_t k = 0; k < job->target_count; k++) {
			const struct pki_profile *profile =
				pki_policy_profile(policy, job->targets[k].profile);
			leaving += profile != NULL && profile->kind == PKI_KIND_OFFICER &&
				   profile->role == staff.roles[i].role;
		}
		if (leaving > 0 &&
			staff.roles[i].count < staff.roles[i].minimum + leaving)
			return pki_refuse(err, PKI_RULE_STAFF,
				"%s: %ju of at least %ju officers would be left; order the successor first (pki-ra officer add), or give another cause if the officer must go at once",
				staff.roles[i].name,
				(uintmax_t)(staff.roles[i].count - leaving),
				(uintmax_t)staff.roles[i].minimum);
	}
	return PKI_OK;
}
