/*
 * Officers and services in the ledger. Officers are persons (rule 121), a person has one
 * role, and two roles on which all else depends have two persons at least (rule 120). The
 * ledger counts certificates; a person has one valid certificate, except in ledgers with
 * officers of the time before identifiers.
 */
#ifndef LIBPKI_STATE_STAFF_H
#define LIBPKI_STATE_STAFF_H

#include "libpki/base/json.h"
#include "libpki/state/ledger.h"
#include "libpki/state/policy.h"

/* Officers and services are told from this time on that a certificate ends. */
#define PKI_STAFF_WARNING (60 * PKI_DAY)

/* A certificate of an officer, of a service, or the seal. */
struct pki_staff_member {
	struct pki_serial serial;
	enum pki_role role; /* NONE: the seal */
	char profile[PKI_PROFILE_NAME];
	char person[PKI_PERSON_TEXT]; /* "": a service, or before identifiers */
	struct pki_name name;
	pki_time not_before, not_after;
	bool revoked;
	pki_msec revoked_at;
	enum pki_reason reason;
};
typedef enum pki_status (*pki_staff_member_fn)(
	void *ctx, const struct pki_staff_member *member, struct pki_err *err);
/* All that end at `at` or later, oldest first; the OCSP responders' own certificates, which
 * live for days, are left out. */
enum pki_status pki_staff_each(struct pki_ledger *ledger, const struct pki_policy *policy,
	pki_time at, pki_staff_member_fn fn, void *ctx,
	struct pki_err *err) PKI_MUST_CHECK;
bool pki_staff_is_valid(const struct pki_staff_member *member, pki_time at);

/* The roles, in the sequence of enum pki_role; then the seal, with the role NONE. */
#define PKI_STAFF_ROLES 7
struct pki_staff {
	struct {
		enum pki_role role;
		const char *name;
		uint64_t count; /* valid certificates */
		uint64_t minimum; /* rule 120 */
		pki_time first_end; /* of the valid certificates; 0: none is valid */
	} roles[PKI_STAFF_ROLES];
};
enum pki_status pki_staff_count(struct pki_ledger *ledger,
	const struct pki_policy *policy, pki_time at, struct pki_staff *out,
	struct pki_err *err) PKI_MUST_CHECK;
/* rule 120: the least number of officers of a role. */
uint64_t pki_staff_minimum(enum pki_role role);

/* What is wrong with the role, "" if nothing: too few officers, an end that is near. */
#define PKI_STAFF_TEXT 160
void pki_staff_warning(
	const struct pki_staff *staff, size_t i, pki_time at, char out[PKI_STAFF_TEXT]);

/* The roles as a list: role, count, minimum, first_end (if a certificate is valid), warning
 * (if something is wrong). */
struct pki_json pki_staff_json(const struct pki_staff *staff, pki_time at);

#endif
