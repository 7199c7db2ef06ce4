/*
 * The installation's policy: profiles (profile(5)) and rules.yaml. An unknown, missing or
 * repeated key, a validity above three years (rule 4), or a contradiction is refused with
 * file, line and remedy.
 */
#ifndef LIBPKI_STATE_POLICY_H
#define LIBPKI_STATE_POLICY_H

#include "libpki/cms/order.h"
#include "libpki/x509/profile.h"

#define PKI_PROFILES_MAX 24
#define PKI_ORDER_RULES_MAX 24
#define PKI_NEEDS_MAX 3
#define PKI_DOCUMENTS_MAX 16
#define PKI_CAUSES_MAX 24
#define PKI_METHODS_MAX 8
#define PKI_RETENTION_YEARS 7
#define PKI_RETENTION_DAYS 365

/* `count` signatures by different officers; each officer holds a role of `roles`. */
struct pki_need {
	unsigned roles; /* set of pki_role */
	int count;
};

/* The officers who may order `action` for certificates of the profiles. All needs must be
 * met, by different people. A revoke order that names a holder falls under the revoke
 * rule of holders' profiles; a revoke order without a holder falls under the rule of
 * officers' and services' profiles. The ledger rules check that the revoked certificates
 * have these profiles. */
struct pki_order_rule {
	enum pki_action action;
	char profiles[PKI_PROFILES_MAX][PKI_PROFILE_NAME]; /* none: invite, erase */
	size_t profile_count;
	struct pki_need needs[PKI_NEEDS_MAX];
	size_t need_count;
	int64_t max_age; /* seconds from created to now (rule 204); invite: to expires */
	bool invitation; /* an invitation must be attached (rule 206) */
	bool document; /* an identity document must be named (rules 43, 207) */
	char methods[PKI_METHODS_MAX]
		    [PKI_WORD_TEXT]; /* ways to identify the person (rule 43) */
	size_t method_count; /* 0: nobody is identified */
};

struct pki_document_rule {
	char type[PKI_WORD_TEXT];
	char scheme[4]; /* "PAS", "IDC", "PNO", "TIN" or "xx:" (rule 13) */
};

struct pki_cause_rule {
	char cause[PKI_WORD_TEXT]; /* "lost-phone" */
	enum pki_reason reason;
	bool whole_holder; /* revokes all certificates of the holder, blocks the keys */
};

struct pki_policy {
	struct pki_profile profiles[PKI_PROFILES_MAX];
	size_t profile_count;
	struct pki_order_rule orders[PKI_ORDER_RULES_MAX];
	size_t order_count;
	struct pki_document_rule documents[PKI_DOCUMENTS_MAX];
	size_t document_count;
	struct pki_cause_rule causes[PKI_CAUSES_MAX];
	size_t cause_count;
	int64_t request_max_age; /* seconds (rule 208) */
	/* rule 79: the years that a registration file is kept after the end of the last
	 * certificate, and the days after the last step of an application without a
	 * certificate */
	int retention_years, retention_days;
	char terms_version[32]; /* terms of use in force (rule 211) */
	char terms_digest[PKI_SHA256_HEX];
	/* rule 214: the number of witnesses that must cosign the log before the CA issues
	 * more */
	unsigned witnesses;
	bool test_names; /* names must carry the prefix "TEST " */
	/* of the folder: (cd DIR && sha256sum *.yaml) | sha256sum */
	char digest[PKI_SHA256_HEX];
};

/* Loads all *.yaml of the folder: rules.yaml and a file for each profile. */
enum pki_status pki_policy_load(
	const char *dir, struct pki_policy **out, struct pki_err *err) PKI_MUST_CHECK;
/*
 * Beyond loading, for a ceremony and for new orders: a first issue takes two officers (rule
 * 202), no anyPolicy outside CAs (20), one profile of each kind but officers', the digest of the
 * terms is that of terms-VERSION.txt in the folder (211). CONFIG names the file. An auditor
 * loads the policies of earlier times without this check.
 */
enum pki_status pki_policy_check(const struct pki_policy *policy, const char *dir,
	struct pki_err *err) PKI_MUST_CHECK;
/* How many signatures the rule asks for; does it issue what takes two officers? */
unsigned pki_policy_signatures(const struct pki_order_rule *rule);
bool pki_policy_needs_two(
	const struct pki_policy *policy, const struct pki_order_rule *rule);
void pki_policy_free(struct pki_policy *policy);
void pki_policy_cleanup(struct pki_policy **policy);

/* Is `kind` the kind of a holder's certificate? */
bool pki_kind_is_holder(enum pki_kind kind);

/* The profile of the name, the first profile of the kind, the rule of the cause; NULL if
 * the policy has none. */
const struct pki_profile *pki_policy_profile(
	const struct pki_policy *policy, const char *name);
const struct pki_profile *pki_policy_kind(
	const struct pki_policy *policy, enum pki_kind kind);
const struct pki_cause_rule *pki_policy_cause(
	const struct pki_policy *policy, const char *cause);
/* Does an order rule list this way to identify a person? */
bool pki_policy_method(const struct pki_policy *policy, const char *method);
/* The role that an officer's certificate carries; NONE for any other certificate. */
/* The rules' longest limit of age, milliseconds: an order or invitation used now is refused
 * for its age after that time. */
pki_msec pki_policy_longest_age(const struct pki_policy *policy);
enum pki_role pki_policy_role(
	const struct pki_policy *policy, const struct pki_cert *cert);

#endif
