#include "libpki/state/policy.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "libpki/base/file.h"
#include "libpki/state/policy_priv.h"

#define RULES_FILE "rules.yaml"
#define SUFFIX ".yaml"

void
pki_policy_free(struct pki_policy *policy)
{
	free(policy);
}

void
pki_policy_cleanup(struct pki_policy **policy)
{
	pki_policy_free(*policy);
}

bool
pki_kind_is_holder(enum pki_kind kind)
{
	return kind == PKI_KIND_HOLDER_AUTH || kind == PKI_KIND_HOLDER_SIGN;
}

const struct pki_profile *
pki_policy_profile(const struct pki_policy *policy, const char *name)
{
	for (size_t i = 0; i < policy->profile_count; i++)
		if (strcmp(policy->profiles[i].name, name) == 0)
			return &policy->profiles[i];
	return NULL;
}

const struct pki_profile *
pki_policy_kind(const struct pki_policy *policy, enum pki_kind kind)
{
	for (size_t i = 0; i < policy->profile_count; i++)
		if (policy->profiles[i].kind == kind)
			return &policy->profiles[i];
	return NULL;
}

const struct pki_cause_rule *
pki_policy_cause(const struct pki_policy *policy, const char *cause)
{
	for (size_t i = 0; i < policy->cause_count; i++)
		if (strcmp(policy->causes[i].cause, cause) == 0)
			return &policy->causes[i];
	return NULL;
}

static bool
has_oid(char oids[][PKI_OID_TEXT], size_t count, const char *oid)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(oids[i], oid) == 0)
			return true;
	return false;
}

bool
pki_policy_method(const struct pki_policy *policy, const char *method)
{
	for (size_t i = 0; i < policy->order_count; i++)
		for (size_t j = 0; j < policy->orders[i].method_count; j++)
			if (strcmp(policy->orders[i].methods[j], method) == 0)
				return true;
	return false;
}

pki_msec
pki_policy_longest_age(const struct pki_policy *policy)
{
	int64_t longest = 0;
	for (size_t i = 0; i < policy->order_count; i++)
		if (policy->orders[i].max_age > longest)
			longest = policy->orders[i].max_age;
	return longest * 1000;
}

enum pki_role
pki_policy_role(const struct pki_policy *policy, const struct pki_cert *cert)
{
	char oids[PKI_POLICY_OIDS + 1][PKI_OID_TEXT]; /* of the profile and the role */
	size_t count = pki_cert_policies(cert, oids, PKI_COUNT(oids));
	enum pki_role role = PKI_ROLE_NONE;
	for (size_t i = 0; i < policy->profile_count; i++) {
		const struct pki_profile *profile = &policy->profiles[i];
		if (profile->kind != PKI_KIND_OFFICER ||
			!has_oid(oids, count, profile->role_oid))
			continue;
		if (role != PKI_ROLE_NONE)
			return PKI_ROLE_NONE; /* two roles count as none */
		role = profile->role;
	}
	return role;
}

enum pki_status
policy_set(struct pki_yaml *list, const struct policy_term *table, bool required,
	unsigned *out, struct pki_err *err)
{
	PKI_TRY(pki_yaml_expect_list(list, err));
	unsigned set = 0;
	for (size_t i = 0; i < pki_yaml_count(list); i++) {
		struct pki_yaml *item = pki_yaml_item(list, i);
		const char *text = pki_yaml_text(item);
		const struct policy_term *term = table;
		while (term->name != NULL &&
			(text == NULL || strcmp(term->name, text) != 0))
			term++;
		if (term->name == NULL)
			return pki_yaml_fail(item, err,
				"\"%.40s\" is not known here; see profile(5)",
				text != NULL ? text : "(not a word)");
		if ((set & term->value) != 0)
			return pki_yaml_fail(
				item, err, "\"%s\" stands twice; remove one", text);
		set |= term->value;
	}
	if (required && set == 0)
		return pki_yaml_fail(list, err, "an empty list; name at least one");
	*out = set;
	return PKI_OK;
}

enum pki_status
policy_roles(struct pki_yaml *list, unsigned *out, struct pki_err *err)
{
	static const struct policy_term roles[] = {
		{ "registration", PKI_ROLE_REGISTRATION },
		{ "revocation", PKI_ROLE_REVOCATION },
		{ "security", PKI_ROLE_SECURITY },
		{ "auditor", PKI_ROLE_AUDITOR },
		{ "department", PKI_ROLE_DEPARTMENT },
		{ "responder", PKI_ROLE_RESPONDER },
		{ NULL, 0 },
	};
	return policy_set(list, roles, true, out, err);
}

/* Two profiles with the same role or role OID would make two kinds of officer
 * indistinguishable. */
static enum pki_status
check_role_unique(const struct pki_policy *policy, const struct pki_profile *profile,
	struct pki_yaml *root, struct pki_err *err)
{
	for (size_t i = 0; i < policy->profile_count; i++) {
		const struct pki_profile *other = &policy->profiles[i];
		if (profile->kind != PKI_KIND_OFFICER || other->kind != PKI_KIND_OFFICER)
			continue;
		if (strcmp(other->role_oid, profile->role_oid) == 0)
			return pki_yaml_fail_rule(pki_yaml_get(root, "role_oid"), err,
				PKI_RULE_ROLE,
				"role_oid %s is that of profile %s too; give each role its own",
				profile->role_oid, other->name);
		if (other->role == profile->role)
			return pki_yaml_fail_rule(pki_yaml_get(root, "role"), err,
				PKI_RULE_ROLE,
				"role %s is that of profile %s too; keep one of the two files",
				pki_role_name(profile->role), other->name);
	}
	return PKI_OK;
}

static enum pki_status
load_profile(const char *path, const char *file, struct pki_policy *policy,
	struct pki_err *err)
{
	if (policy->profile_count == PKI_PROFILES_MAX) {
		pki_err_object(err, "%s", path);
		return pki_fail(err, PKI_CONFIG, "more than %d profiles; remove some",
			PKI_PROFILES_MAX);
	}
	struct pki_profile *profile = &policy->profiles[policy->profile_count];
	size_t len = strlen(file) - strlen(SUFFIX);
	if (len == 0 || len >= sizeof profile->name ||
		strspn(file, "abcdefghijklmnopqrstuvwxyz0123456789-") != len) {
		pki_err_object(err, "%s", path);
		return pki_fail(err, PKI_CONFIG,
			"a profile's file is named by 1 to %zu lower-case letters, digits and hyphens and \"" SUFFIX
			"\"; rename it",
			sizeof profile->name - 1);
	}
	memcpy(profile->name, file, len);
	PKI_CLEANUP(pki_yaml_cleanup) struct pki_yaml *root = NULL;
	PKI_TRY(pki_yaml_read(path, &root, err));
	PKI_TRY(policy_profile_read(root, profile, err));
	PKI_TRY(check_role_unique(policy, profile, root, err));
	policy->profile_count++;
	return PKI_OK;
}

static int
is_policy_file(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);
	return entry->d_name[0] != '.' && len > strlen(SUFFIX) &&
	       strcmp(entry->d_name + len - strlen(SUFFIX), SUFFIX) == 0;
}

static enum pki_status
file_path(const char *dir, const char *file, char out[PATH_MAX], struct pki_err *err)
{
	int len = snprintf(out, PATH_MAX, "%s/%s", dir, file);
	if (len < 0 || len >= PATH_MAX)
		return pki_fail(err, PKI_CONFIG, "the policy's path is too long");
	return PKI_OK;
}

static enum pki_status
load_profiles(const char *dir, struct dirent *const *files, int count,
	struct pki_policy *policy, struct pki_err *err)
{
	for (int i = 0; i < count; i++) {
		char path[PATH_MAX];
		if (strcmp(files[i]->d_name, RULES_FILE) == 0)
			continue;
		PKI_TRY(file_path(dir, files[i]->d_name, path, err));
		PKI_TRY(load_profile(path, files[i]->d_name, policy, err));
	}
	return PKI_OK;
}

static enum pki_status
load_rules(const char *dir, struct pki_policy *policy, struct pki_err *err)
{
	char path[PATH_MAX];
	PKI_TRY(file_path(dir, RULES_FILE, path, err));
	PKI_CLEANUP(pki_yaml_cleanup) struct pki_yaml *root = NULL;
	PKI_TRY(pki_yaml_read(path, &root, err));
	return policy_rules_read(root, policy, err);
}

/* alphasort() would sort by the locale. */
static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static enum pki_status
digest_files(const char *dir, struct dirent *const *files, int count,
	struct pki_policy *policy, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf list = { 0 };
	for (int i = 0; i < count; i++) {
		PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
		char path[PATH_MAX], digest[PKI_SHA256_HEX];
		PKI_TRY(file_path(dir, files[i]->d_name, path, err));
		PKI_TRY(pki_file_read(path, PKI_FILE_MAX, &text, err));
		PKI_TRY(pki_sha256_hex(text.data, text.len, digest, err));
		PKI_TRY(pki_buf_printf(&list, err, "%s  %s\n", digest, files[i]->d_name));
	}
	return pki_sha256_hex(list.data, list.len, policy->digest, err);
}

static enum pki_status
load_files(const char *dir, struct dirent *const *files, int count,
	struct pki_policy *policy, struct pki_err *err)
{
	PKI_TRY(load_profiles(dir, files, count, policy, err));
	PKI_TRY(load_rules(dir, policy, err));
	return digest_files(dir, files, count, policy, err);
}

enum pki_status
pki_policy_load(const char *dir, struct pki_policy **out, struct pki_err *err)
{
	PKI_CLEANUP(pki_policy_cleanup)
	struct pki_policy *policy = calloc(1, sizeof *policy);
	if (policy == NULL)
		return pki_fail(err, PKI_MEMORY, "the policy");
	struct dirent **files = NULL;
	int count = scandir(dir, &files, is_policy_file, by_name);
	if (count < 0) {
		int errnum = errno;
		pki_err_object(err, "%s", dir);
		return pki_fail_errno(err, PKI_IO, errnum, "the policy's folder");
	}
	enum pki_status status = load_files(dir, files, count, policy, err);
	for (int i = 0; i < count; i++)
		free(files[i]);
	free(files);
	PKI_TRY(status);
	*out = policy;
	policy = NULL;
	return PKI_OK;
}
