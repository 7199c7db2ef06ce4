/* The lint's rules, by topic; internal to lint.c, lint_name.c and lint_ext.c. */
#ifndef LIBPKI_X509_LINT_PRIV_H
#define LIBPKI_X509_LINT_PRIV_H

#include "libpki/x509/cert_priv.h"
#include "libpki/x509/lint.h"

/* The input of a rule. */
struct pki_lint {
	const struct pki_cert *cert;
	const struct pki_cert *issuer; /* NULL: self-signed */
	const struct pki_profile *profile;
	const struct pki_urls *urls; /* NULL: not known */
	pki_time document_end;
	const PKI_TBS *tbs; /* cert's */
	const STACK_OF(X509_EXTENSION) * extensions;
	struct pki_attribute subject[PKI_ATTRIBUTES_MAX];
	size_t subject_count;
	struct stack_st_PKI_QC_STATEMENT *qc; /* qcStatements; NULL: none, or malformed */
	bool qc_malformed;
};

typedef enum pki_status pki_lint_rule(const struct pki_lint *lint, struct pki_err *err);

/* lint_name.c */
pki_lint_rule pki_lint_directory_string, pki_lint_subject, pki_lint_subject_serial,
	pki_lint_semantics, pki_lint_local_scheme;
/* lint_ext.c */
pki_lint_rule pki_lint_key_ids, pki_lint_key_id_method, pki_lint_ca_constraints,
	pki_lint_ca_eku, pki_lint_key_usage, pki_lint_no_rev_avail, pki_lint_responder,
	pki_lint_forbidden_ext, pki_lint_eku;
/* lint_policy.c */
pki_lint_rule pki_lint_policies, pki_lint_access_points, pki_lint_qc_statements,
	pki_lint_qc_sscd;

/* The extension's value, NULL if absent. REFUSED by rule if malformed, present twice, or
 * critical. */
enum pki_status pki_lint_ext(const struct pki_lint *lint, int nid, enum pki_rule rule,
	void **out, struct pki_err *err) PKI_MUST_CHECK;

/* Fill and free lint->qc. */
void pki_lint_read_qc(struct pki_lint *lint);
void pki_lint_free_qc(struct pki_lint *lint);
/* REFUSED by rule if the qcStatements are malformed. */
enum pki_status pki_lint_check_qc(const struct pki_lint *lint, enum pki_rule rule,
	struct pki_err *err) PKI_MUST_CHECK;

bool pki_lint_oid_is(const ASN1_OBJECT *id, const char *oid);
bool pki_lint_end_entity(const struct pki_lint *lint);

#endif
