/*
 * The state of one audit: sources, keys, one view of the ledger, findings, and facts from
 * one part of the verification for the next. Each worker (workers.h) has its own copy.
 */
#ifndef TOOLS_AUDIT_AUDIT_H
#define TOOLS_AUDIT_AUDIT_H

#include <time.h>

#include "libpki/state/decide.h"
#include "libpki/tlog/merkle.h"
#include "tools/audit/early.h"
#include "tools/audit/entry.h"
#include "tools/audit/findings.h"
#include "tools/audit/policies.h"
#include "tools/audit/sources.h"

/* Objects checked, and objects recorded by the log. The counts of all workers are added
 * up. */
#define AUDIT_COUNTS(X) \
	X(entries) \
	X(hashes) \
	X(checkpoints) \
	X(tiles) \
	X(orders) \
	X(certificates) \
	X(revocations) \
	X(crls) \
	X(cosignatures) \
	X(stamps) \
	X(responses) \
	X(published) \
	X(crl_entries) \
	X(publications)
struct audit_counts {
#define X(name) uint64_t name;
	AUDIT_COUNTS(X)
#undef X
};

/* Facts from the log for other parts. */
struct audit_log_facts {
	uint64_t partitioned; /* index of the entry "crl-partitioned"; 0: none */
	/* index of the first entry "ca-started" that gives a version of the rules; 0: none.
	 * By version; the first of a later version holds for those before too. */
	uint64_t rules[PKI_RULES_NOW + 1];
	json_t *ceremony; /* detail of the entry "ceremony-completed"; NULL: none */
	uint64_t crl_first[PKI_ISSUER_CA + 1]; /* first CRL number recorded; 0: none */
};

/* --since: entries below size, and all objects recorded by them, were verified before. */
struct audit_since {
	uint64_t size; /* 0: everything is verified */
	struct pki_hash root;
	pki_msec at; /* of the last of these entries */
	json_int_t version; /* of the last of these entries; 0: none */
};

/* --ocsp and --ocsp-export */
struct audit_ocsp {
	const char *url, *dir; /* NULL: not queried, not read */
	uint64_t sample; /* number of certificates to query url about */
	pki_time last_event; /* of the ledger */
};

struct workers;

struct audit {
	struct audit_sources *sources;
	struct pki_ledger *ledger; /* in a snapshot */
	struct timespec started; /* shortly before the snapshot, as files are dated */
	struct early early;
	const char *vkey; /* the text of vkey_text */
	struct pki_buf vkey_text;
	struct policies policies;
	struct pki_cert *issuers[PKI_ISSUER_CA + 1]; /* by number; NULL: unknown */
	struct pki_urls urls; /* of the issuing CA's partitions */
	struct pki_cms_cache *cache;
	struct pki_ledger_figures figures;
	struct findings *findings;
	struct finding_position position; /* of the object being checked */
	struct workers *workers;
	struct audit_ocsp ocsp;
	struct audit_since since;
	struct audit_log_facts log;
	struct audit_counts counts;
};

/* Open everything named by the options, the ledger at one view. The caller zeroes a, and
 * frees a after a failure too. */
enum pki_status audit_open(
	struct audit *a, const struct pki_args *args, struct pki_err *err) PKI_MUST_CHECK;
void audit_free(struct audit *a);
/* The exit status for the worst finding. */
int audit_exit_status(const struct audit *a);

/* Add the finding in err. object is the finding's object unless err names one. err is {0}
 * afterwards. */
void audit_add_finding(struct audit *a, const char *object, struct pki_err *err);
/* Add a finding: the object breaks the rule. */
void audit_add_breach(struct audit *a, const char *object, enum pki_rule rule,
	const char *fmt, ...) PKI_PRINTF(4, 5);

/* The policy in force at an entry; the first policy given if the log records no loading
 * of a policy. NULL if the auditor was not given this policy; the first call adds a
 * finding about the policy. */
const struct pki_policy *audit_policy(struct audit *a, uint64_t entry);
/* Was the file changed after the audit began? */
bool audit_file_is_newer(const struct audit *a, const char *path);

#endif
