#include "ca/ceremony/ceremony_script.h"

#include <libgen.h>
#include <stdio.h>
#include <string.h>

#include "libpki/base/yaml.h"
#include "libpki/state/staff.h"

static enum pki_status
need_text(struct pki_yaml *map, const char *key, char *out, size_t size,
	struct pki_err *err)
{
	struct pki_yaml *node = NULL;
	PKI_TRY(pki_yaml_need(map, key, &node, err));
	PKI_TRY(pki_yaml_string(node, out, size, err));
	if (out[0] == '\0')
		return pki_yaml_fail(node, err, "%s is empty", key);
	return PKI_OK;
}

static enum pki_status
same_person(struct pki_err *err, const char *who, const char *roles)
{
	return pki_refuse(err, PKI_RULE_DUAL_CONTROL,
		"%s is named for %s; these are separate people", who, roles);
}

/* An independent witness, two custodians. */
static enum pki_status
read_people(struct pki_yaml *root, struct ceremony *c, struct pki_err *err)
{
	struct pki_yaml *list = NULL;
	PKI_TRY(need_text(root, "title", c->title, sizeof c->title, err));
	PKI_TRY(need_text(root, "place", c->place, sizeof c->place, err));
	PKI_TRY(need_text(root, "witness", c->witness, sizeof c->witness, err));
	PKI_TRY(pki_yaml_need(root, "custodians", &list, err));
	PKI_TRY(pki_yaml_expect_list(list, err));
	if (pki_yaml_count(list) != 2)
		return pki_yaml_fail(list, err, "name two custodians");
	for (size_t i = 0; i < 2; i++) {
		PKI_TRY(pki_yaml_string(pki_yaml_item(list, i), c->custodians[i],
			sizeof c->custodians[i], err));
		if (strcmp(c->custodians[i], c->witness) == 0)
			return same_person(err, c->witness, "custodian and witness");
	}
	if (strcmp(c->custodians[0], c->custodians[1]) == 0)
		return same_person(err, c->custodians[0], "both custodians");
	return PKI_OK;
}

/* The name becomes a file name. */
static enum pki_status
check_file_name(struct pki_yaml *node, const char *name, struct pki_err *err)
{
	if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(name) ||
		strcmp(name, "ceremony") == 0)
		return pki_yaml_fail(node, err,
			"name \"%s\": lower-case letters, digits and hyphens make a file's name",
			name);
	return PKI_OK;
}

static enum pki_status
read_csr(const char *folder, const char *path, struct ceremony_officer *officer,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf in = { 0 };
	char full[PATH_MAX];
	if (path[0] == '/')
		snprintf(full, sizeof full, "%s", path);
	else
		PKI_TRY(pki_conf_path(folder, path, full, err));
	pki_err_object(err, "%s", full);
	PKI_TRY(pki_file_read(full, PKI_CSR_FILE_MAX, &in, err));
	PKI_TRY(pki_csr_parse(pki_buf_bytes(&in), &officer->csr, err));
	PKI_TRY(pki_csr_check(officer->csr, officer->profile->key_algs, err));
	*err = (struct pki_err){ 0 };
	return PKI_OK;
}

static const struct pki_profile *
role_profile(const struct pki_policy *policy, enum pki_role role)
{
	for (size_t i = 0; i < policy->profile_count; i++)
		if (policy->profiles[i].kind == PKI_KIND_OFFICER &&
			policy->profiles[i].role == role)
			return &policy->profiles[i];
	return NULL;
}

static enum pki_status
check_apart(
	const struct ceremony *c, const struct ceremony_officer *new, struct pki_err *err)
{
	for (const struct ceremony_officer *o = c->officers; o < new; o++) {
		struct pki_name a = { 0 }, b = { 0 };
		bool namesake = false;
		memcpy(a.common_name, o->common_name, sizeof a.common_name);
		memcpy(b.common_name, new->common_name, sizeof b.common_name);
		PKI_TRY(pki_person_namesake(&a, &b, &namesake, err));
		bool same = o->person[0] != '\0' && strcmp(o->person, new->person) == 0;
		if (strcmp(o->name, new->name) == 0 || namesake || same)
			return same_person(err, new->common_name, "two roles");
		if (pki_key_matches(pki_csr_get0_key(o->csr), pki_csr_get0_key(new->csr)))
			return pki_refuse(err, PKI_RULE_DUAL_CONTROL,
				"%s and %s have the same key; each officer makes their own",
				o->name, new->name);
	}
	return PKI_OK;
}

/* rule 121: people have an identifier, services have none. */
static enum pki_status
read_identifier(
	struct pki_yaml *map, struct ceremony_officer *officer, struct pki_err *err)
{
	struct pki_yaml *node = NULL;
	if (officer->role == PKI_ROLE_RESPONDER)
		return PKI_OK;
	PKI_TRY(pki_yaml_need(map, "identifier", &node, err));
	PKI_TRY(pki_yaml_string(node, officer->person, sizeof officer->person, err));
	enum pki_status status = pki_person_check(officer->person, err);
	if (status != PKI_OK)
		pki_err_object(err, "%s", officer->common_name);
	return status;
}

static enum pki_status
read_officer(struct pki_yaml *map, const char *folder, const struct pki_policy *policy,
	struct ceremony *c, struct pki_err *err)
{
	struct ceremony_officer *officer = &c->officers[c->officer_count];
	char role[PKI_WORD_TEXT], csr[PATH_MAX];
	PKI_TRY(pki_yaml_expect_map(map, err));
	PKI_TRY(need_text(map, "name", officer->name, sizeof officer->name, err));
	PKI_TRY(check_file_name(map, officer->name, err));
	PKI_TRY(need_text(map, "role", role, sizeof role, err));
	PKI_TRY(need_text(map, "common_name", officer->common_name,
		sizeof officer->common_name, err));
	PKI_TRY(need_text(map, "csr", csr, sizeof csr, err));
	officer->role = pki_role_by_name(role);
	officer->profile = role_profile(policy, officer->role);
	if (officer->role == PKI_ROLE_NONE || officer->profile == NULL)
		return pki_yaml_fail(map, err,
			"no officer profile of the policy has the role \"%s\"", role);
	PKI_TRY(read_identifier(map, officer, err));
	PKI_TRY(read_csr(folder, csr, officer, err));
	PKI_TRY(check_apart(c, officer, err));
	c->officer_count++;
	return PKI_OK;
}

/* rule 120: without these roles nobody could issue, revoke, or make the next officer. */
static enum pki_status
check_roles(const struct ceremony *c, struct pki_err *err)
{
	for (unsigned role = 1; role <= PKI_ROLE_RESPONDER; role <<= 1) {
		uint64_t have = 0, least = pki_staff_minimum((enum pki_role)role);
		for (size_t k = 0; k < c->officer_count; k++)
			have += c->officers[k].role == role;
		if (have < least)
			return pki_refuse(err, PKI_RULE_STAFF,
				"officers: %ju with the role %s, at least %ju; name more people",
				(uintmax_t)have, pki_role_name((enum pki_role)role),
				(uintmax_t)least);
	}
	return PKI_OK;
}

static enum pki_status
read_script(struct pki_yaml *root, const char *path, const struct pki_policy *policy,
	struct ceremony *out, struct pki_err *err)
{
	struct pki_yaml *list = NULL;
	char copy[PATH_MAX];
	snprintf(copy, sizeof copy, "%s", path);
	const char *folder = dirname(copy);
	PKI_TRY(read_people(root, out, err));
	PKI_TRY(pki_yaml_need(root, "officers", &list, err));
	PKI_TRY(pki_yaml_expect_list(list, err));
	if (pki_yaml_count(list) > CEREMONY_OFFICERS_MAX)
		return pki_yaml_fail(
			list, err, "at most %d officers", CEREMONY_OFFICERS_MAX);
	for (size_t i = 0; i < pki_yaml_count(list); i++)
		PKI_TRY(read_officer(pki_yaml_item(list, i), folder, policy, out, err));
	PKI_TRY(pki_yaml_done(root, err));
	return check_roles(out, err);
}

enum pki_status
ceremony_read(const char *path, const struct pki_policy *policy, struct ceremony *out,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_yaml_cleanup) struct pki_yaml *root = NULL;
	PKI_TRY(pki_yaml_read(path, &root, err));
	enum pki_status status = read_script(root, path, policy, out, err);
	if (status != PKI_OK)
		pki_err_object(err, "%s", path);
	return status;
}
