#include <openssl/objects.h>
#include <string.h>

#include "libpki/state/policy_priv.h"

#define YEARS_MAX 3 /* rule 4 */
#define DAYS_MAX 1095 /* the fewest days that three years have */
#define CA_YEARS_MAX 30 /* no algorithm of today is trusted for longer */
#define NUMBER_MAX 99999 /* the rules report a number above a rule's limit */

static const struct policy_term algorithms[] = {
	{ "P-256", PKI_ALG_P256 },
	{ "P-384", PKI_ALG_P384 },
	{ "P-521", PKI_ALG_P521 },
	{ "Ed25519", PKI_ALG_ED25519 },
	{ "RSA-3072", PKI_ALG_RSA3072 },
	{ NULL, 0 },
};

static const struct policy_term key_usages[] = {
	{ "digitalSignature", PKI_KU_DIGITAL_SIGNATURE },
	{ "nonRepudiation", PKI_KU_NON_REPUDIATION },
	{ "keyCertSign", PKI_KU_KEY_CERT_SIGN },
	{ "cRLSign", PKI_KU_CRL_SIGN },
	{ NULL, 0 },
};

static const struct policy_term extended_key_usages[] = {
	{ "clientAuth", PKI_EKU_CLIENT_AUTH },
	{ "emailProtection", PKI_EKU_EMAIL_PROTECTION },
	{ "OCSPSigning", PKI_EKU_OCSP_SIGNING },
	{ "documentSigning", PKI_EKU_DOCUMENT_SIGNING },
	{ NULL, 0 },
};

static bool
is_ca(const struct pki_profile *profile)
{
	return profile->kind == PKI_KIND_ROOT || profile->kind == PKI_KIND_CA;
}

static bool
is_holder(const struct pki_profile *profile)
{
	return profile->kind == PKI_KIND_HOLDER_AUTH ||
	       profile->kind == PKI_KIND_HOLDER_SIGN;
}

static enum pki_status
read_oid(struct pki_yaml *node, char out[PKI_OID_TEXT], struct pki_err *err)
{
	PKI_TRY(pki_yaml_string(node, out, PKI_OID_TEXT, err));
	ASN1_OBJECT *oid = OBJ_txt2obj(out, 1);
	char again[PKI_OID_TEXT] = "";
	if (oid != NULL)
		OBJ_obj2txt(again, sizeof again, oid, 1);
	ASN1_OBJECT_free(oid);
	if (strcmp(again, out) != 0)
		return pki_yaml_fail(node, err,
			"\"%s\" is not an object identifier in dotted numbers", out);
	return PKI_OK;
}

static enum pki_status
read_policies(struct pki_yaml *root, struct pki_profile *profile, struct pki_err *err)
{
	struct pki_yaml *list = NULL;
	PKI_TRY(pki_yaml_need(root, "policies", &list, err));
	PKI_TRY(pki_yaml_expect_list(list, err));
	size_t count = pki_yaml_count(list);
	if (count > PKI_POLICY_OIDS)
		return pki_yaml_fail(
			list, err, "%zu policies; at most %d", count, PKI_POLICY_OIDS);
	if (count == 0 && profile->kind != PKI_KIND_ROOT)
		return pki_yaml_fail_rule(list, err, PKI_RULE_POLICIES,
			"no policy; name the one that the certificate is issued under");
	for (size_t i = 0; i < count; i++) {
		PKI_TRY(read_oid(pki_yaml_item(list, i), profile->policies[i], err));
		for (size_t j = 0; j < i; j++)
			if (strcmp(profile->policies[i], profile->policies[j]) == 0)
				return pki_yaml_fail_rule(pki_yaml_item(list, i), err,
					PKI_RULE_POLICIES, "%s stands twice; remove one",
					profile->policies[i]);
	}
	return PKI_OK;
}

static enum pki_status
read_disclosure(struct pki_yaml *root, struct pki_profile *profile, struct pki_err *err)
{
	struct pki_yaml *list = pki_yaml_get(root, "disclosure");
	if (list == NULL)
		return PKI_OK;
	PKI_TRY(pki_yaml_expect_list(list, err));
	if (!is_holder(profile) || pki_yaml_count(list) > PKI_PDS_MAX)
		return pki_yaml_fail(list, err,
			"disclosure statements belong to holders' profiles, at most %d",
			PKI_PDS_MAX);
	for (size_t i = 0; i < pki_yaml_count(list); i++) {
		struct pki_pds *pds = &profile->pds[i];
		struct pki_yaml *item = pki_yaml_item(list, i);
		struct pki_yaml *url = NULL, *language = NULL;
		PKI_TRY(pki_yaml_need(item, "url", &url, err));
		PKI_TRY(pki_yaml_need(item, "language", &language, err));
		PKI_TRY(pki_yaml_string(url, pds->url, sizeof pds->url, err));
		PKI_TRY(pki_yaml_string(
			language, pds->language, sizeof pds->language, err));
		if (strncmp(pds->url, "https://", strlen("https://")) != 0)
			return pki_yaml_fail_rule(url, err, PKI_RULE_QC_STATEMENTS,
				"%s is not an https URL; use one", pds->url);
		if (strspn(pds->language, "abcdefghijklmnopqrstuvwxyz") != 2)
			return pki_yaml_fail_rule(language, err, PKI_RULE_QC_STATEMENTS,
				"\"%s\" is not an ISO 639-1 code of two lower-case letters",
				pds->language);
		for (size_t j = 0; j < i; j++)
			if (strcmp(profile->pds[j].language, pds->language) == 0)
				return pki_yaml_fail_rule(language, err,
					PKI_RULE_QC_STATEMENTS,
					"language %s stands twice; keep one URL of each",
					pds->language);
	}
	return PKI_OK;
}

static enum pki_status
read_validity(struct pki_yaml *root, struct pki_profile *profile, struct pki_err *err)
{
	struct pki_yaml *map = NULL;
	PKI_TRY(pki_yaml_need(root, "validity", &map, err));
	PKI_TRY(pki_yaml_expect_map(map, err));
	struct pki_yaml *years = pki_yaml_get(map, "years");
	struct pki_yaml *days = pki_yaml_get(map, "days");
	if ((years == NULL) == (days == NULL))
		return pki_yaml_fail(map, err, "validity: give either years or days");
	long y = 0, d = 0;
	PKI_TRY(pki_yaml_int(years, 1, NUMBER_MAX, &y, err));
	PKI_TRY(pki_yaml_int(days, 1, NUMBER_MAX, &d, err));
	if (!is_ca(profile) && (y > YEARS_MAX || d > DAYS_MAX))
		return pki_yaml_fail_rule(map, err, PKI_RULE_VALIDITY,
			"validity of %ld %s; at most %d years or %d days", y + d,
			years != NULL ? "years" : "days", YEARS_MAX, DAYS_MAX);
	if (y > CA_YEARS_MAX || d > CA_YEARS_MAX * 365L)
		return pki_yaml_fail_rule(map, err, PKI_RULE_VALIDITY,
			"a CA's validity of %ld %s; at most %d years", y + d,
			years != NULL ? "years" : "days", CA_YEARS_MAX);
	profile->validity_years = (int)y;
	profile->validity_days = (int)d;
	return PKI_OK;
}

static enum pki_status
read_flags(struct pki_yaml *root, struct pki_profile *profile, struct pki_err *err)
{
	const struct {
		const char *key;
		bool *out;
	} flags[] = {
		{ "ca", &profile->ca },
		{ "ocsp_nocheck", &profile->ocsp_nocheck },
		{ "natural_person", &profile->natural_person },
		{ "issuer_urls", &profile->issuer_urls },
		{ "ocsp_url", &profile->ocsp_url },
	};
	for (size_t i = 0; i < PKI_COUNT(flags); i++) {
		struct pki_yaml *node = NULL;
		PKI_TRY(pki_yaml_need(root, flags[i].key, &node, err));
		PKI_TRY(pki_yaml_bool(node, flags[i].out, err));
	}
	long path_len = -1;
	PKI_TRY(pki_yaml_int(pki_yaml_get(root, "path_length"), 0, 10, &path_len, err));
	profile->path_len = (int)path_len;
	struct pki_yaml *cps = pki_yaml_get(root, "cps_url");
	PKI_TRY(pki_yaml_string(cps, profile->cps_url, sizeof profile->cps_url, err));
	if (cps != NULL && strncmp(profile->cps_url, "http://", strlen("http://")) != 0 &&
		strncmp(profile->cps_url, "https://", strlen("https://")) != 0)
		return pki_yaml_fail(
			cps, err, "\"%s\" is not an http URL", profile->cps_url);
	return PKI_OK;
}

static enum pki_status
read_usages(struct pki_yaml *root, struct pki_profile *profile, struct pki_err *err)
{
	struct pki_yaml *node = NULL;
	PKI_TRY(pki_yaml_need(root, "algorithms", &node, err));
	PKI_TRY(policy_set(node, algorithms, true, &profile->key_algs, err));
	PKI_TRY(pki_yaml_need(root, "key_usage", &node, err));
	PKI_TRY(policy_set(node, key_usages, true, &profile->key_usage, err));
	node = pki_yaml_get(root, "extended_key_usage");
	if (node == NULL)
		return PKI_OK;
	return policy_set(node, extended_key_usages, true, &profile->eku, err);
}

static enum pki_status
read_role(struct pki_yaml *root, struct pki_profile *profile, struct pki_err *err)
{
	struct pki_yaml *role = pki_yaml_get(root, "role");
	struct pki_yaml *oid = pki_yaml_get(root, "role_oid");
	bool officer = profile->kind == PKI_KIND_OFFICER;
	if (officer && (role == NULL || oid == NULL))
		return pki_yaml_fail_rule(root, err, PKI_RULE_ROLE,
			"an officer's profile without role and role_oid; add both");
	if (!officer && (role != NULL || oid != NULL))
		return pki_yaml_fail_rule(role != NULL ? role : oid, err, PKI_RULE_ROLE,
			"only officers have a role; remove it or write kind: officer");
	if (!officer)
		return PKI_OK;
	const char *name = pki_yaml_text(role);
	profile->role = name != NULL ? pki_role_by_name(name) : PKI_ROLE_NONE;
	if (profile->role == PKI_ROLE_NONE)
		return pki_yaml_fail_rule(role, err, PKI_RULE_ROLE,
			"\"%.40s\" is no role; see profile(5)",
			name != NULL ? name : "(not a word)");
	PKI_TRY(read_oid(oid, profile->role_oid, err));
	for (size_t i = 0; i < PKI_POLICY_OIDS; i++)
		if (strcmp(profile->policies[i], profile->role_oid) == 0)
			return pki_yaml_fail_rule(oid, err, PKI_RULE_ROLE,
				"role_oid %s is among the policies too; it stands for the role alone",
				profile->role_oid);
	return PKI_OK;
}

/* A contradiction between values of a profile; the first broken row is reported. */
struct contradiction {
	bool broken;
	enum pki_rule rule;
	const char *key; /* the error names the key's line */
	const char *text;
};

static enum pki_status
first_broken(struct pki_yaml *root, const struct contradiction *rows, size_t count,
	struct pki_err *err)
{
	for (size_t i = 0; i < count; i++) {
		if (!rows[i].broken)
			continue;
		struct pki_yaml *node = pki_yaml_get(root, rows[i].key);
		return pki_yaml_fail_rule(node != NULL ? node : root, err, rows[i].rule,
			"%s", rows[i].text);
	}
	return PKI_OK;
}

static enum pki_status
check_key_use(struct pki_yaml *root, const struct pki_profile *p, struct pki_err *err)
{
	bool ca = is_ca(p);
	bool responder = p->kind == PKI_KIND_RESPONDER;
	bool signs_certs = (p->key_usage & PKI_KU_KEY_CERT_SIGN) != 0;
	bool signs_crls = (p->key_usage & PKI_KU_CRL_SIGN) != 0;
	bool signs_ocsp = (p->eku & PKI_EKU_OCSP_SIGNING) != 0;
	const struct contradiction rows[] = {
		{ p->ca != ca, PKI_RULE_CA_CONSTRAINTS, "ca",
			"ca: true goes with kind root or ca, and only with these" },
		{ !ca && (signs_certs || signs_crls), PKI_RULE_CA_CONSTRAINTS,
			"key_usage",
			"keyCertSign and cRLSign without ca: true; remove them" },
		{ ca && p->key_usage != (PKI_KU_KEY_CERT_SIGN | PKI_KU_CRL_SIGN),
			PKI_RULE_CA_CONSTRAINTS, "key_usage",
			"a CA's key signs certificates and CRLs only; write [keyCertSign, cRLSign]" },
		{ !ca && p->path_len >= 0, PKI_RULE_CA_CONSTRAINTS, "path_length",
			"path_length without ca: true; remove it" },
		{ p->kind == PKI_KIND_CA && p->path_len != 0, PKI_RULE_CA_CONSTRAINTS,
			"ca", "the issuing CA has no CA below it; write path_length: 0" },
		{ ca && signs_ocsp, PKI_RULE_CA_OCSP_EKU, "extended_key_usage",
			"a CA never carries OCSPSigning; remove it" },
		{ !ca && !responder && signs_ocsp, PKI_RULE_OCSP_RESPONDER,
			"extended_key_usage",
			"OCSPSigning outside kind responder; remove it" },
		{ responder && p->eku != PKI_EKU_OCSP_SIGNING, PKI_RULE_OCSP_RESPONDER,
			"kind", "a responder's extended_key_usage is [OCSPSigning]" },
		{ responder && p->key_usage != PKI_KU_DIGITAL_SIGNATURE,
			PKI_RULE_OCSP_RESPONDER, "key_usage",
			"a responder's key_usage is [digitalSignature]" },
		{ p->ocsp_nocheck != responder, PKI_RULE_OCSP_RESPONDER, "ocsp_nocheck",
			"ocsp_nocheck: true goes with kind responder, and only with it" },
		{ p->kind == PKI_KIND_HOLDER_AUTH &&
				p->key_usage != PKI_KU_DIGITAL_SIGNATURE,
			PKI_RULE_KEY_USAGE, "key_usage",
			"an authentication certificate has digitalSignature only" },
		{ p->kind == PKI_KIND_HOLDER_SIGN &&
				p->key_usage != PKI_KU_NON_REPUDIATION,
			PKI_RULE_KEY_USAGE, "key_usage",
			"a signature certificate has nonRepudiation only" },
		{ p->kind == PKI_KIND_OFFICER &&
				(p->key_usage & PKI_KU_DIGITAL_SIGNATURE) == 0,
			PKI_RULE_KEY_USAGE, "key_usage",
			"officers sign orders; add digitalSignature" },
	};
	return first_broken(root, rows, PKI_COUNT(rows), err);
}

static enum pki_status
check_subject_and_urls(
	struct pki_yaml *root, const struct pki_profile *p, struct pki_err *err)
{
	bool root_ca = p->kind == PKI_KIND_ROOT;
	bool responder = p->kind == PKI_KIND_RESPONDER;
	const struct contradiction rows[] = {
		{ responder && (p->issuer_urls || p->ocsp_url), PKI_RULE_OCSP_RESPONDER,
			"issuer_urls",
			"nobody asks for a responder's own status; write issuer_urls: false and ocsp_url: false" },
		{ p->natural_person != is_holder(p), PKI_RULE_SEMANTICS, "natural_person",
			"natural_person: true goes with holders' profiles, and only with them" },
		{ root_ca && (p->issuer_urls || p->ocsp_url), PKI_RULE_ACCESS_POINTS,
			"issuer_urls",
			"a root has no issuer; write issuer_urls: false and ocsp_url: false" },
		{ !root_ca && !responder && !p->issuer_urls, PKI_RULE_ACCESS_POINTS,
			"issuer_urls",
			"nobody could find the issuer and its CRL; write issuer_urls: true" },
		{ !is_ca(p) && !responder && !p->ocsp_url, PKI_RULE_ACCESS_POINTS,
			"ocsp_url",
			"nobody could ask for the status; write ocsp_url: true" },
	};
	return first_broken(root, rows, PKI_COUNT(rows), err);
}

enum pki_status
policy_profile_read(
	struct pki_yaml *root, struct pki_profile *profile, struct pki_err *err)
{
	struct pki_yaml *kind = NULL;
	PKI_TRY(pki_yaml_need(root, "kind", &kind, err));
	const char *text = pki_yaml_text(kind);
	if (text == NULL || !pki_kind_by_name(text, &profile->kind))
		return pki_yaml_fail(kind, err, "\"%.40s\" is no kind; see profile(5)",
			text != NULL ? text : "(not a word)");
	PKI_TRY(read_validity(root, profile, err));
	PKI_TRY(read_usages(root, profile, err));
	PKI_TRY(read_flags(root, profile, err));
	PKI_TRY(read_policies(root, profile, err));
	PKI_TRY(read_role(root, profile, err));
	PKI_TRY(read_disclosure(root, profile, err));
	PKI_TRY(pki_yaml_done(root, err));
	PKI_TRY(check_key_use(root, profile, err));
	return check_subject_and_urls(root, profile, err);
}
