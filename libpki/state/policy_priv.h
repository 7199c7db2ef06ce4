/* Reading of the policy's files; internal to policy*.c. */
#ifndef LIBPKI_STATE_POLICY_PRIV_H
#define LIBPKI_STATE_POLICY_PRIV_H

#include "libpki/base/yaml.h"
#include "libpki/state/policy.h"

/* A word of the policy files and the word's value. A table of terms ends with a NULL
 * name. */
struct policy_term {
	const char *name;
	unsigned value;
};

/* Reads a list of names from the table, without repetition, as a set of values. required:
 * the list must not be empty. */
enum pki_status policy_set(struct pki_yaml *list, const struct policy_term *table,
	bool required, unsigned *out, struct pki_err *err) PKI_MUST_CHECK;

/* Reads a list of pki_role names, which must not be empty, as a set. */
enum pki_status policy_roles(
	struct pki_yaml *list, unsigned *out, struct pki_err *err) PKI_MUST_CHECK;

/* Fills the profile from the file's YAML tree; the caller has set profile->name. */
enum pki_status policy_profile_read(struct pki_yaml *root, struct pki_profile *profile,
	struct pki_err *err) PKI_MUST_CHECK;

/* Fills the rest of the policy from the YAML tree of rules.yaml, after all profiles are
 * read. */
enum pki_status policy_rules_read(struct pki_yaml *root, struct pki_policy *policy,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
