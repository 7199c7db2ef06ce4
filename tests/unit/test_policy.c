#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "libpki/base/file.h"
#include "libpki/state/policy.h"
#include "tests/unit/common/fixture.h"

#define SHIPPED "policy"

static const char *const files[] = { "holder-authentication", "holder-signature",
	"issuing-ca", "ocsp-responder", "officer-auditor", "officer-department",
	"officer-registration", "officer-revocation", "officer-security", "records-seal",
	"root", "rules", "service-responder" };

static void
the_shipped_policy_loads(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_policy_cleanup) struct pki_policy *policy = NULL;
	if (pki_policy_load(SHIPPED, &policy, &err) != PKI_OK)
		fail_msg("%s: %s", err.object, err.msg);
	assert_int_equal(policy->profile_count, PKI_COUNT(files) - 1);
	for (size_t i = 0; i < PKI_COUNT(files); i++)
		if (strcmp(files[i], "rules") != 0)
			assert_non_null(pki_policy_profile(policy, files[i]));
	assert_null(pki_policy_profile(policy, "rules"));
	const struct pki_profile *auth = pki_policy_kind(policy, PKI_KIND_HOLDER_AUTH);
	assert_int_equal(auth->validity_years, 3);
	assert_int_equal(auth->key_usage, PKI_KU_DIGITAL_SIGNATURE);
	assert_int_equal(auth->key_algs,
		PKI_ALG_P256 | PKI_ALG_P384 | PKI_ALG_P521 | PKI_ALG_RSA3072);
	assert_int_equal(auth->path_len, -1);
	assert_string_equal(auth->pds[0].language, "en");
	assert_int_equal(pki_policy_profile(policy, "issuing-ca")->path_len, 0);
	assert_int_equal(pki_policy_profile(policy, "ocsp-responder")->validity_days, 30);
	assert_int_equal(policy->orders[0].needs[0].count, 2);
	assert_int_equal(policy->request_max_age, 90 * PKI_DAY);
	assert_int_equal(policy->retention_years, 7);
	assert_int_equal(policy->retention_days, 365);
	assert_true(policy->test_names);
	assert_true(policy->orders[0].invitation);
}

static void
r47_loss_means_key_compromise(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_policy_cleanup) struct pki_policy *policy = NULL;
	assert_int_equal(pki_policy_load(SHIPPED, &policy, &err), PKI_OK);
	static const char *const losses[] = { "lost-phone", "stolen-phone",
		"suspected-compromise" };
	for (size_t i = 0; i < PKI_COUNT(losses); i++) {
		const struct pki_cause_rule *cause = pki_policy_cause(policy, losses[i]);
		assert_int_equal(cause->reason, PKI_REASON_KEY_COMPROMISE);
		assert_true(cause->whole_holder);
	}
	assert_null(pki_policy_cause(policy, "boredom"));
}

static void
r211_the_terms_are_the_shipped_text(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	char digest[PKI_SHA256_HEX];
	PKI_CLEANUP(pki_policy_cleanup) struct pki_policy *policy = NULL;
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	assert_int_equal(pki_policy_load(SHIPPED, &policy, &err), PKI_OK);
	assert_string_equal(policy->terms_version, "1.0");
	assert_int_equal(
		pki_file_read(SHIPPED "/terms-1.0.txt", PKI_FILE_MAX, &text, &err),
		PKI_OK);
	assert_int_equal(pki_sha256_hex(text.data, text.len, digest, &err), PKI_OK);
	assert_string_equal(policy->terms_digest, digest);
}

static void
r201_a_role_is_read_from_the_certificate(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_policy_cleanup) struct pki_policy *policy = NULL;
	assert_int_equal(pki_policy_load(SHIPPED, &policy, &err), PKI_OK);
	static const struct {
		const char *oids;
		enum pki_role want_role;
	} cases[] = {
		{ "2.999.492.1.1.1.1.6.1,2.999.492.2.1", PKI_ROLE_REGISTRATION },
		{ "2.999.492.2.3", PKI_ROLE_SECURITY },
		{ "2.999.492.1.1.1.1.6.1", PKI_ROLE_NONE },
		{ "2.999.492.2.1,2.999.492.2.3",
			PKI_ROLE_NONE }, /* roles are separate people */
		{ "2.999.492.2.1.1", PKI_ROLE_NONE },
		{ NULL, PKI_ROLE_NONE },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct fixture_id id =
			fixture_make(&(struct fixture_spec){ .common_name = "TEST",
					     .policy = cases[i].oids },
				NULL);
		assert_int_equal(pki_policy_role(policy, id.cert), cases[i].want_role);
		fixture_free(&id);
	}
}

/* The shipped policy in a folder of its own, with one text of one file replaced. */
static void
copy_policy(const char *dir, const char *file, const char *old, const char *new)
{
	for (size_t i = 0; i < PKI_COUNT(files); i++) {
		struct pki_err err = { 0 };
		char path[PATH_MAX];
		PKI_CLEANUP(pki_buf_free) struct pki_buf in = { 0 };
		PKI_CLEANUP(pki_buf_free) struct pki_buf out = { 0 };
		snprintf(path, sizeof path, SHIPPED "/%s.yaml", files[i]);
		assert_int_equal(pki_file_read(path, PKI_FILE_MAX, &in, &err), PKI_OK);
		const char *text = (const char *)in.data;
		size_t before = in.len, after = in.len;
		if (strcmp(files[i], file) == 0) {
			const char *at = strstr(text, old);
			if (at == NULL)
				fail_msg("%s does not hold: %s", file, old);
			before = (size_t)(at - text);
			after = before + strlen(old);
		}
		assert_int_equal(pki_buf_append(&out, text, before, &err), PKI_OK);
		if (before != in.len)
			assert_int_equal(
				pki_buf_append(&out, new, strlen(new), &err), PKI_OK);
		assert_int_equal(
			pki_buf_append(&out, text + after, in.len - after, &err), PKI_OK);
		snprintf(path, sizeof path, "%s/%s.yaml", dir, files[i]);
		assert_int_equal(
			pki_file_publish(path, out.data, out.len, 0600, &err), PKI_OK);
	}
}

static void
remove_policy(const char *dir)
{
	for (size_t i = 0; i < PKI_COUNT(files); i++) {
		char path[PATH_MAX];
		snprintf(path, sizeof path, "%s/%s.yaml", dir, files[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(dir), 0);
}

struct bad_case {
	const char *file;
	const char *old;
	const char *new;
	enum pki_rule want_rule;
	const char *want_text; /* in the message */
};

static void
refuse_each(const struct bad_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct pki_err err = { 0 };
		struct pki_policy *policy = NULL;
		char dir[] = "/tmp/pki-policy-XXXXXX", place[64];
		assert_non_null(mkdtemp(dir));
		copy_policy(dir, cases[i].file, cases[i].old, cases[i].new);
		enum pki_status got = pki_policy_load(dir, &policy, &err);
		remove_policy(dir);
		snprintf(place, sizeof place, "%s.yaml:", cases[i].file);
		if (got != PKI_CONFIG || err.rule != cases[i].want_rule ||
			strstr(err.msg, cases[i].want_text) == NULL ||
			strstr(err.object, place) == NULL)
			fail_msg("%s \"%s\": status %d rule %d \"%s\": %s", cases[i].file,
				cases[i].new, got, err.rule, err.object, err.msg);
		assert_null(policy);
	}
}

static void
keys_are_exact(void **state)
{
	(void)state;
	static const struct bad_case cases[] = {
		{ "root", "ca: true", "ca: true\ncolour: red", PKI_RULE_NONE, "colour" },
		{ "root", "ca: true\n", "", PKI_RULE_NONE, "\"ca\" is missing" },
		{ "root", "ca: true", "ca: true\nca: true", PKI_RULE_NONE, "already" },
		{ "root", "ca: true", "ca: maybe", PKI_RULE_NONE, "maybe" },
		{ "root", "kind: root", "kind: tree", PKI_RULE_NONE, "tree" },
		{ "root", "P-521", "P-1", PKI_RULE_NONE, "P-1" },
		{ "root", "P-521", "P-384", PKI_RULE_NONE, "twice" },
		{ "root", "[P-384, P-521, RSA-3072]", "[]", PKI_RULE_NONE,
			"at least one" },
		{ "root", "years: 20", "months: 2", PKI_RULE_NONE,
			"either years or days" },
		{ "root", "years: 20", "years: 2, days: 3", PKI_RULE_NONE, "either" },
		{ "root", "years: 20", "years: 0", PKI_RULE_NONE, "years" },
		{ "holder-signature", "nonRepudiation", "signing", PKI_RULE_NONE,
			"signing" },
		{ "holder-signature", "documentSigning", "anyUse", PKI_RULE_NONE,
			"anyUse" },
		{ "holder-signature", "2.999.492.1.1.1.1.6.1", "2.999..1", PKI_RULE_NONE,
			"object identifier" },
		{ "holder-signature", "2.999.492.1.1.1.1.6.1", "anyPolicy", PKI_RULE_NONE,
			"object identifier" },
		{ "holder-signature", "language: en", "language: en, tone: warm",
			PKI_RULE_NONE, "tone" },
		{ "rules", "test_names: true", "test_names: true\nmood: good",
			PKI_RULE_NONE, "mood" },
		{ "rules", "test_names: true\n", "", PKI_RULE_NONE, "test_names" },
		{ "rules", "max_age: 24h", "max_age: soon", PKI_RULE_NONE, "max_age" },
		{ "rules", "  - action: issue", "  - action: bless", PKI_RULE_NONE,
			"action" },
		{ "rules", "count: 2", "count: 0", PKI_RULE_NONE, "count" },
		{ "rules", "count: 2", "count: 2, colour: red", PKI_RULE_NONE, "colour" },
		{ "rules", "whole_holder: true }", "whole_holder: true, x: y }",
			PKI_RULE_NONE, "x" },
	};
	refuse_each(cases, PKI_COUNT(cases));
}

/* Loaded, as an auditor loads the policies of earlier times, and refused by the check. */
static void
r20_r202_r211_the_check_before_a_ceremony(void **state)
{
	(void)state;
	static const struct bad_case cases[] = {
		{ "rules", "{ count: 2, roles: [registration] }",
			"{ count: 1, roles: [registration] }", PKI_RULE_SIGNATURES,
			"two officers" },
		{ "rules", "      - { count: 1, roles: [security] }\n", "",
			PKI_RULE_SIGNATURES, "two officers" },
		{ "holder-signature", "2.999.492.1.1.1.1.6.1", "2.5.29.32.0",
			PKI_RULE_POLICIES, "anyPolicy" },
		{ "officer-security", "2.999.492.1.1.1.1.6.1", "2.5.29.32.0",
			PKI_RULE_POLICIES, "anyPolicy" },
		{ "rules", "digest: 3", "digest: 4", PKI_RULE_TERMS, "sha256sum" },
		{ "rules", "version: \"1.0\"", "version: \"../1.0\"", PKI_RULE_TERMS,
			"file name" },
	};
	struct pki_policy *good = NULL;
	assert_int_equal(pki_policy_load(SHIPPED, &good, NULL), PKI_OK);
	assert_int_equal(pki_policy_check(good, SHIPPED, NULL), PKI_OK);
	pki_policy_free(good);
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		PKI_CLEANUP(pki_policy_cleanup) struct pki_policy *policy = NULL;
		struct pki_err err = { 0 };
		char dir[] = "/tmp/pki-policy-XXXXXX";
		assert_non_null(mkdtemp(dir));
		copy_policy(dir, cases[i].file, cases[i].old, cases[i].new);
		enum pki_status got = pki_policy_load(dir, &policy, &err);
		remove_policy(dir);
		if (got != PKI_OK)
			fail_msg("case %zu is not loaded: %s", i, err.msg);
		if (pki_policy_check(policy, SHIPPED, &err) != PKI_CONFIG ||
			err.rule != cases[i].want_rule ||
			strstr(err.msg, cases[i].want_text) == NULL ||
			strstr(err.object, cases[i].file) == NULL)
			fail_msg("case %zu: rule %d, %s: %s", i, err.rule, err.object,
				err.msg);
	}
}

static void
two_profiles_of_a_kind(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_buf_free) struct pki_buf seal = { 0 };
	PKI_CLEANUP(pki_policy_cleanup) struct pki_policy *policy = NULL;
	char dir[] = "/tmp/pki-policy-XXXXXX", twin[64];
	struct pki_err err = { 0 };
	assert_non_null(mkdtemp(dir));
	copy_policy(dir, "rules", "test_names", "test_names");
	snprintf(twin, sizeof twin, "%s/seal-too.yaml", dir);
	assert_int_equal(
		pki_file_read(SHIPPED "/records-seal.yaml", PKI_FILE_MAX, &seal, &err),
		PKI_OK);
	assert_int_equal(pki_file_publish(twin, seal.data, seal.len, 0600, &err), PKI_OK);
	assert_int_equal(pki_policy_load(dir, &policy, &err), PKI_OK);
	unlink(twin);
	remove_policy(dir);
	assert_int_equal(pki_policy_check(policy, SHIPPED, &err), PKI_CONFIG);
	assert_non_null(strstr(err.msg, "of profile records-seal too"));
	assert_non_null(strstr(err.object, "seal-too.yaml"));
}

static void
r04_validity_above_three_years(void **state)
{
	(void)state;
	static const struct bad_case cases[] = {
		{ "holder-signature", "years: 3", "years: 4", PKI_RULE_VALIDITY,
			"3 years" },
		{ "holder-authentication", "years: 3", "days: 1096", PKI_RULE_VALIDITY,
			"1095" },
		{ "officer-security", "years: 1", "years: 4", PKI_RULE_VALIDITY,
			"3 years" },
		{ "ocsp-responder", "days: 30", "years: 10", PKI_RULE_VALIDITY,
			"3 years" },
		{ "issuing-ca", "years: 10", "years: 31", PKI_RULE_VALIDITY, "30 years" },
	};
	refuse_each(cases, PKI_COUNT(cases));
}

static void
r07_r08_only_a_ca_is_a_ca(void **state)
{
	(void)state;
	static const struct bad_case cases[] = {
		{ "holder-signature", "ca: false", "ca: true", PKI_RULE_CA_CONSTRAINTS,
			"kind" },
		{ "issuing-ca", "ca: true", "ca: false", PKI_RULE_CA_CONSTRAINTS,
			"kind" },
		{ "records-seal", "[digitalSignature]", "[digitalSignature, keyCertSign]",
			PKI_RULE_CA_CONSTRAINTS, "keyCertSign" },
		{ "issuing-ca", "cRLSign", "digitalSignature", PKI_RULE_CA_CONSTRAINTS,
			"cRLSign" },
		{ "records-seal", "ca: false", "ca: false\npath_length: 0",
			PKI_RULE_CA_CONSTRAINTS, "path_length" },
		{ "issuing-ca", "path_length: 0", "path_length: 1",
			PKI_RULE_CA_CONSTRAINTS, "path_length" },
		{ "issuing-ca", "ca: true", "ca: true\nextended_key_usage: [OCSPSigning]",
			PKI_RULE_CA_OCSP_EKU, "OCSPSigning" },
	};
	refuse_each(cases, PKI_COUNT(cases));
}

static void
r09_r13_holders_have_one_usage_each(void **state)
{
	(void)state;
	static const struct bad_case cases[] = {
		{ "holder-authentication", "[digitalSignature]",
			"[digitalSignature, nonRepudiation]", PKI_RULE_KEY_USAGE,
			"only" },
		{ "holder-signature", "[nonRepudiation]", "[digitalSignature]",
			PKI_RULE_KEY_USAGE, "nonRepudiation" },
		{ "officer-auditor", "[digitalSignature]", "[nonRepudiation]",
			PKI_RULE_KEY_USAGE, "officers" },
		{ "holder-signature", "natural_person: true", "natural_person: false",
			PKI_RULE_SEMANTICS, "natural_person" },
		{ "records-seal", "natural_person: false", "natural_person: true",
			PKI_RULE_SEMANTICS, "natural_person" },
	};
	refuse_each(cases, PKI_COUNT(cases));
}

static void
r20_r23_r24_what_verifiers_need(void **state)
{
	(void)state;
	static const struct bad_case cases[] = {
		{ "holder-signature", "policies: [2.999.492.1.1.1.1.6.1]", "policies: []",
			PKI_RULE_POLICIES, "no policy" },
		{ "holder-signature", "6.1]", "6.1, 2.999.492.1.1.1.1.6.1]",
			PKI_RULE_POLICIES, "twice" },
		{ "holder-signature", "issuer_urls: true", "issuer_urls: false",
			PKI_RULE_ACCESS_POINTS, "issuer" },
		{ "holder-signature", "ocsp_url: true", "ocsp_url: false",
			PKI_RULE_ACCESS_POINTS, "status" },
		{ "root", "issuer_urls: false", "issuer_urls: true",
			PKI_RULE_ACCESS_POINTS, "root" },
		{ "holder-signature", "https:", "http:", PKI_RULE_QC_STATEMENTS,
			"https" },
		{ "holder-signature", "language: en", "language: EN",
			PKI_RULE_QC_STATEMENTS, "639" },
		{ "holder-signature", "disclosure:",
			"disclosure:\n  - { url: \"https://x.test/\", language: en }",
			PKI_RULE_QC_STATEMENTS, "twice" },
	};
	refuse_each(cases, PKI_COUNT(cases));
}

static void
r70_only_a_responder_is_a_responder(void **state)
{
	(void)state;
	static const struct bad_case cases[] = {
		{ "records-seal", "ocsp_nocheck: false", "ocsp_nocheck: true",
			PKI_RULE_OCSP_RESPONDER, "ocsp_nocheck" },
		{ "ocsp-responder", "ocsp_nocheck: true", "ocsp_nocheck: false",
			PKI_RULE_OCSP_RESPONDER, "ocsp_nocheck" },
		{ "records-seal", "documentSigning", "OCSPSigning",
			PKI_RULE_OCSP_RESPONDER, "OCSPSigning" },
		{ "ocsp-responder", "OCSPSigning", "OCSPSigning, clientAuth",
			PKI_RULE_OCSP_RESPONDER, "OCSPSigning" },
		{ "ocsp-responder", "[digitalSignature]",
			"[digitalSignature, nonRepudiation]", PKI_RULE_OCSP_RESPONDER,
			"digitalSignature" },
		{ "ocsp-responder", "ocsp_url: false", "ocsp_url: true",
			PKI_RULE_OCSP_RESPONDER, "status" },
	};
	refuse_each(cases, PKI_COUNT(cases));
}

static void
r201_roles_are_separate(void **state)
{
	(void)state;
	static const struct bad_case cases[] = {
		{ "officer-security", "role: security\n", "", PKI_RULE_ROLE, "role" },
		{ "officer-security", "role_oid: 2.999.492.2.3\n", "", PKI_RULE_ROLE,
			"role_oid" },
		{ "officer-security", "role: security", "role: king", PKI_RULE_ROLE,
			"king" },
		{ "officer-security", "role: security", "role: auditor", PKI_RULE_ROLE,
			"officer-auditor" },
		{ "officer-security", "role_oid: 2.999.492.2.3",
			"role_oid: 2.999.492.2.1", PKI_RULE_ROLE,
			"officer-registration" },
		{ "officer-security", "role_oid: 2.999.492.2.3",
			"role_oid: 2.999.492.1.1.1.1.6.1", PKI_RULE_ROLE, "policies" },
		{ "records-seal", "kind: seal", "kind: seal\nrole: security",
			PKI_RULE_ROLE, "officers" },
	};
	refuse_each(cases, PKI_COUNT(cases));
}

static void
r201_r202_order_rules_can_be_met(void **state)
{
	(void)state;
	static const struct bad_case cases[] = {
		{ "rules", "count: 2", "count: 5", PKI_RULE_NONE, "count" },
		{ "rules", "      - { count: 2, roles: [registration] }",
			"      - { count: 2, roles: [registration] }\n"
			"      - { count: 3, roles: [security] }",
			PKI_RULE_SIGNATURES, "5 signatures" },
		{ "rules", "roles: [registration]", "roles: [king]", PKI_RULE_NONE,
			"king" },
		{ "rules", "roles: [registration]", "roles: []", PKI_RULE_NONE,
			"at least one" },
		{ "rules", "[holder-authentication, holder-signature]",
			"[holder-authentication, holder-seal]", PKI_RULE_NONE,
			"holder-seal" },
		{ "rules", "[holder-authentication, holder-signature]",
			"[holder-authentication, issuing-ca]", PKI_RULE_DUAL_CONTROL,
			"ceremony" },
		{ "rules", "[holder-authentication, holder-signature]",
			"[holder-authentication, records-seal]", PKI_RULE_NONE, "two" },
		{ "rules", "[holder-authentication, holder-signature]", "[]",
			PKI_RULE_NONE, "profiles" },
		{ "rules", "profiles: []", "profiles: [records-seal]", PKI_RULE_NONE,
			"invite" },
		{ "rules", "profiles: [ocsp-responder]", "profiles: [officer-auditor]",
			PKI_RULE_NONE, "another rule" },
		{ "rules",
			"{ count: 1, roles: [registration] }\n      - { count: 1, roles: [security] }",
			"{ count: 1, roles: [security] }", PKI_RULE_SIGNATURES,
			"brings back" },
		{ "rules", "- action: erase\n    profiles: []",
			"- action: erase\n    profiles: [records-seal]", PKI_RULE_NONE,
			"erase rule names none" },
		{ "rules", "- action: erase", "- action: invite", PKI_RULE_NONE,
			"a second rule to invite applicants" },
		{ "rules", "action: renew", "action: issue", PKI_RULE_NONE,
			"another rule" },
		{ "rules", "action: renew", "action: revoke", PKI_RULE_DOCUMENT,
			"document" },
		{ "rules", "max_age: 24h", "max_age: 60d", PKI_RULE_ORDER_AGE, "30" },
	};
	refuse_each(cases, PKI_COUNT(cases));
}

static void
r13_r43_r51_r206_r208_r211_r214_rules_are_plausible(void **state)
{
	(void)state;
	static const struct bad_case cases[] = {
		{ "rules", "witnesses: 0", "witnesses: 9", PKI_RULE_QUORUM, "0 to 8" },
		{ "rules", "witnesses: 0", "witnesses: -1", PKI_RULE_QUORUM, "0 to 8" },
		{ "rules", "witnesses: 0", "witnesses: all", PKI_RULE_QUORUM, "0 to 8" },
		{ "rules", "witnesses: 0", "witnesses: [1]", PKI_RULE_QUORUM, "0 to 8" },
		{ "rules", "passport: PAS", "passport: XXX", PKI_RULE_SEMANTICS, "XXX" },
		{ "rules", "passport: PAS", "passport: \"mc:\"", PKI_RULE_SEMANTICS,
			"mc:" },
		{ "rules", "[in-person, remote-video, document-chip]", "[]",
			PKI_RULE_IDENTITY, "methods" },
		{ "rules", "identity_methods: []", "identity_methods: [in-person]",
			PKI_RULE_IDENTITY, "methods" },
		{ "rules", "reason: keyCompromise", "reason: certificateHold",
			PKI_RULE_CRL_REASON, "certificateHold" },
		{ "rules", "reason: keyCompromise", "reason: unspecified",
			PKI_RULE_CRL_REASON, "unspecified" },
		{ "rules", "reason: keyCompromise", "reason: superseded",
			PKI_RULE_REVOCATION, "keyCompromise" },
		{ "rules", "invitation: false", "invitation: true", PKI_RULE_INVITATION,
			"issue" },
		{ "rules", "request_max_age: 90d", "request_max_age: 93d",
			PKI_RULE_REQUEST_AGE, "three months" },
		{ "rules", "version: \"1.0\"", "version: \"\"", PKI_RULE_TERMS,
			"version" },
		{ "rules", "digest: 38", "digest: ", PKI_RULE_TERMS, "SHA-256" },
	};
	refuse_each(cases, PKI_COUNT(cases));
}

static void
r79_nothing_is_erased_too_early(void **state)
{
	(void)state;
	static const struct bad_case cases[] = {
		{ "rules", "certified_years: 7", "certified_years: 6", PKI_RULE_RETENTION,
			"at least 7" },
		{ "rules", "certified_years: 7", "certified_years: 31", PKI_RULE_NONE,
			"31" },
		{ "rules", "certified_years: 7, ", "", PKI_RULE_NONE, "certified_years" },
		{ "rules", "uncertified_days: 365", "uncertified_days: 89",
			PKI_RULE_RETENTION, "request_max_age" },
		{ "rules", "uncertified_days: 365", "uncertified_days: 4000",
			PKI_RULE_NONE, "4000" },
		{ "rules", "uncertified_days: 365", "uncertified_days: 365, years: 1",
			PKI_RULE_NONE, "years" },
	};
	refuse_each(cases, PKI_COUNT(cases));
}

static void
r79_a_policy_of_older_days_keeps_for_seven_years(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_policy_cleanup) struct pki_policy *policy = NULL;
	char dir[] = "/tmp/pki-policy-XXXXXX";
	assert_non_null(mkdtemp(dir));
	copy_policy(dir, "rules",
		"retention: { certified_years: 7, uncertified_days: 365 }\n", "");
	assert_int_equal(pki_policy_load(dir, &policy, &err), PKI_OK);
	remove_policy(dir);
	assert_int_equal(policy->retention_years, 7);
	assert_int_equal(policy->retention_days, 365);
}

static void
files_are_there_and_well_named(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	struct pki_policy *policy = NULL;
	assert_int_equal(pki_policy_load("/nonexistent", &policy, &err), PKI_IO);
	char dir[] = "/tmp/pki-policy-XXXXXX", path[64];
	assert_non_null(mkdtemp(dir));
	err = (struct pki_err){ 0 };
	assert_int_equal(pki_policy_load(dir, &policy, &err), PKI_IO);
	snprintf(path, sizeof path, "%s/Bad Name.yaml", dir);
	err = (struct pki_err){ 0 };
	assert_int_equal(pki_file_publish(path, "a: b\n", 5, 0600, &err), PKI_OK);
	assert_int_equal(pki_policy_load(dir, &policy, &err), PKI_CONFIG);
	assert_non_null(strstr(err.object, "Bad Name"));
	assert_null(policy);
	unlink(path);
	rmdir(dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(r20_r202_r211_the_check_before_a_ceremony),
		cmocka_unit_test(two_profiles_of_a_kind),
		cmocka_unit_test(the_shipped_policy_loads),
		cmocka_unit_test(r47_loss_means_key_compromise),
		cmocka_unit_test(r211_the_terms_are_the_shipped_text),
		cmocka_unit_test(r201_a_role_is_read_from_the_certificate),
		cmocka_unit_test(keys_are_exact),
		cmocka_unit_test(r04_validity_above_three_years),
		cmocka_unit_test(r07_r08_only_a_ca_is_a_ca),
		cmocka_unit_test(r09_r13_holders_have_one_usage_each),
		cmocka_unit_test(r20_r23_r24_what_verifiers_need),
		cmocka_unit_test(r70_only_a_responder_is_a_responder),
		cmocka_unit_test(r201_roles_are_separate),
		cmocka_unit_test(r201_r202_order_rules_can_be_met),
		cmocka_unit_test(r13_r43_r51_r206_r208_r211_r214_rules_are_plausible),
		cmocka_unit_test(r79_nothing_is_erased_too_early),
		cmocka_unit_test(r79_a_policy_of_older_days_keeps_for_seven_years),
		cmocka_unit_test(files_are_there_and_well_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
