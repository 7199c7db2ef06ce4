#include "libpki/state/staff.h"

#include <stdio.h>
#include <string.h>

struct walk {
	const struct pki_policy *policy;
	pki_staff_member_fn fn;
	void *ctx;
};

static enum pki_status
on_row(void *ctx, const struct pki_cert_row *row, struct pki_err *err)
{
	const struct walk *walk = ctx;
	const struct pki_profile *profile =
		pki_policy_profile(walk->policy, row->profile);
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *cert = NULL;
	if (row->issuer != PKI_ISSUER_CA || profile == NULL ||
		(profile->kind != PKI_KIND_OFFICER && profile->kind != PKI_KIND_SEAL))
		return PKI_OK;
	struct pki_staff_member member = {
		.serial = row->serial,
		.role = profile->kind == PKI_KIND_OFFICER ? profile->role : PKI_ROLE_NONE,
		.not_before = row->not_before,
		.not_after = row->not_after,
		.revoked = row->revoked,
		.revoked_at = row->revoked_at,
		.reason = row->reason,
	};
	memcpy(member.profile, row->profile, sizeof member.profile);
	PKI_TRY(pki_cert_parse_own(pki_buf_bytes(&row->der), &cert, err));
	PKI_TRY(pki_cert_subject(cert, &member.name, err));
	pki_person_of(&member.name, member.person);
	return walk->fn(walk->ctx, &member, err);
}

enum pki_status
pki_staff_each(struct pki_ledger *ledger, const struct pki_policy *policy, pki_time at,
	pki_staff_member_fn fn, void *ctx, struct pki_err *err)
{
	struct walk walk = { policy, fn, ctx };
	return pki_ledger_each_staff(ledger, at, on_row, &walk, err);
}

bool
pki_staff_is_valid(const struct pki_staff_member *member, pki_time at)
{
	return !member->revoked && member->not_after >= at;
}

uint64_t
pki_staff_minimum(enum pki_role role)
{
	switch (role) {
	case PKI_ROLE_REGISTRATION:
	case PKI_ROLE_SECURITY:
		return 2;
	case PKI_ROLE_REVOCATION:
		return 1;
	case PKI_ROLE_NONE:
	case PKI_ROLE_AUDITOR:
	case PKI_ROLE_DEPARTMENT:
	case PKI_ROLE_RESPONDER:
		return 0;
	}
	return 0;
}

struct sum {
	const struct pki_policy *policy;
	struct pki_staff *staff;
};

static void
on_count(void *ctx, const struct pki_staff_count *count)
{
	const struct sum *sum = ctx;
	const struct pki_profile *profile =
		pki_policy_profile(sum->policy, count->profile);
	if (profile == NULL ||
		(profile->kind != PKI_KIND_OFFICER && profile->kind != PKI_KIND_SEAL))
		return;
	enum pki_role role = profile->kind == PKI_KIND_OFFICER ? profile->role
							       : PKI_ROLE_NONE;
	for (size_t i = 0; i < PKI_STAFF_ROLES; i++) {
		if (sum->staff->roles[i].role != role)
			continue;
		pki_time *end = &sum->staff->roles[i].first_end;
		sum->staff->roles[i].count += count->count;
		if (*end == 0 || count->first_end < *end)
			*end = count->first_end;
	}
}

enum pki_status
pki_staff_count(struct pki_ledger *ledger, const struct pki_policy *policy, pki_time at,
	struct pki_staff *out, struct pki_err *err)
{
	struct sum sum = { policy, out };
	*out = (struct pki_staff){ 0 };
	for (size_t i = 0; i < PKI_STAFF_ROLES; i++) {
		enum pki_role role = i + 1 < PKI_STAFF_ROLES ? (enum pki_role)(1u << i)
							     : PKI_ROLE_NONE;
		const char *name = pki_role_name(role);
		out->roles[i].role = role;
		out->roles[i].name = name != NULL ? name : "seal";
		out->roles[i].minimum = pki_staff_minimum(role);
	}
	return pki_ledger_count_staff(ledger, at, on_count, &sum, err);
}

void
pki_staff_warning(
	const struct pki_staff *staff, size_t i, pki_time at, char out[PKI_STAFF_TEXT])
{
	uint64_t count = staff->roles[i].count, minimum = staff->roles[i].minimum;
	pki_time end = staff->roles[i].first_end;
	char text[PKI_TIME_TEXT];
	out[0] = '\0';
	if (count < minimum)
		snprintf(out, PKI_STAFF_TEXT,
			"%s: %ju of %ju officers; its signature issues nothing until pki-ra officer add made a successor",
			staff->roles[i].name, (uintmax_t)count, (uintmax_t)minimum);
	else if (end != 0 && end - at < PKI_STAFF_WARNING) {
		pki_time_format(end, text);
		snprintf(out, PKI_STAFF_TEXT,
			"%s: a certificate ends %.10s; pki-ra officer list",
			staff->roles[i].name, text);
	}
}

struct pki_json
pki_staff_json(const struct pki_staff *staff, pki_time at)
{
	struct pki_json list = pki_json_array();
	for (size_t i = 0; i < PKI_STAFF_ROLES; i++) {
		char warning[PKI_STAFF_TEXT];
		struct pki_json item = pki_json_object();
		pki_staff_warning(staff, i, at, warning);
		pki_json_text(&item, "role", staff->roles[i].name);
		pki_json_number(&item, "count", (int64_t)staff->roles[i].count);
		pki_json_number(&item, "minimum", (int64_t)staff->roles[i].minimum);
		if (staff->roles[i].first_end != 0)
			pki_json_time(&item, "first_end", staff->roles[i].first_end);
		if (warning[0] != '\0')
			pki_json_text(&item, "warning", warning);
		pki_json_append(&list, &item);
	}
	return list;
}
