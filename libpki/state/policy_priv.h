/* Reading of the policy's files; internal to policy*.c. */
#ifndef LIBPKI_STATE_POLICY_PRIV_H
#define LIBPKI_STATE_POLICY_PRIV_H

#include "libpki/base/yaml.h"
#include "libpki/state/policy.h"

/* A name of a file's vocabulary and its value; a table of them ends with a NULL name. */
struct policy_term {
	const char *name;
	unsigned value;
};

/* A list of names from the table, none twice, as a set. required: at least one. */
enum pki_status policy_set(struct pki_yaml *list, const struct policy_term *table,
	bool required, unsigned *out, struct pki_err *err) PKI_MUST_CHECK;

/* A list of pki_role names, at least one. */
enum pki_status policy_roles(
	struct pki_yaml *list, unsigned *out, struct pki_err *err) PKI_MUST_CHECK;

/* Fill profile from a file's tree; its name is set. */
enum pki_status policy_profile_read(struct pki_yaml *root, struct pki_profile *profile,
	struct pki_err *err) PKI_MUST_CHECK;

/* Fill the rest of the policy from rules.yaml's tree; the profiles are there. */
enum pki_status policy_rules_read(struct pki_yaml *root, struct pki_policy *policy,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
