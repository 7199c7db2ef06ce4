/*
 * The installation's policy: profiles (profile(5)) and rules.yaml. An unknown, missing or
 * repeated key, a validity above three years (rule 4), or a contradiction is refused with file,
 * line and remedy.
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

/* `count` signatures by different officers, each holding one of `roles`. */
struct pki_need {
	unsigned roles; /* set of pki_role */
	int count;
};

/* Who may order `action` for certificates of these profiles. All needs must be met, by
 * different people. A revoke order that names a holder falls under the rule of the holders'
 * profiles, any other under the other one; that the certificates are of these profiles is the
 * ledger's room. */
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
	bool whole_holder; /* all of the holder's certificates go, keys blocked */
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
	/* rule 79: a registration file is kept for years after its last certificate's end, or
	 * days after the last step of an application that led to none */
	int retention_years, retention_days;
	char terms_version[32]; /* terms of use in force (rule 211) */
	char terms_digest[PKI_SHA256_HEX];
	unsigned
		witnesses; /* that must cosign the log before more is issued (rule 214) */
	bool test_names; /* names must carry the prefix "TEST " */
	char digest
		[PKI_SHA256_HEX]; /* of the folder: (cd DIR && sha256sum *.yaml) | sha256sum */
};

/* All *.yaml of the folder: rules.yaml and one file per profile. */
enum pki_status pki_policy_load(
	const char *dir, struct pki_policy **out, struct pki_err *err) PKI_MUST_CHECK;
void pki_policy_free(struct pki_policy *policy);
void pki_policy_cleanup(struct pki_policy **policy);

/* Is it the kind of a holder's certificate? */
bool pki_kind_is_holder(enum pki_kind kind);

/* NULL if there is none of that name / kind (first one). */
const struct pki_profile *pki_policy_profile(
	const struct pki_policy *policy, const char *name);
const struct pki_profile *pki_policy_kind(
	const struct pki_policy *policy, enum pki_kind kind);
const struct pki_cause_rule *pki_policy_cause(
	const struct pki_policy *policy, const char *cause);
/* The role that an officer's certificate carries; NONE for any other certificate. */
enum pki_role pki_policy_role(
	const struct pki_policy *policy, const struct pki_cert *cert);

#endif
