/* pki-audit: what its commands share, and one verification's state. */
#ifndef TOOLS_AUDIT_AUDIT_H
#define TOOLS_AUDIT_AUDIT_H

#include <stdatomic.h>

#include "libpki/host/cli.h"
#include "libpki/host/conf.h"
#include "libpki/host/conf_log.h"
#include "libpki/state/log.h"
#include "libpki/state/policy.h"
#include "libpki/x509/csr.h"
#include "libpki/x509/lint.h"
#include "tools/audit/findings.h"

/* When the log says that a policy was loaded. */
struct period {
	uint64_t from; /* entry */
	char digest[PKI_SHA256_HEX];
	const struct pki_policy *policy; /* NULL: not among those given */
	atomic_bool missed; /* reported */
};

struct place {
	char ledger[PATH_MAX];
	char publish[PATH_MAX];
	char policy[PATH_MAX]; /* the configuration's; "" where --policy names them */
	char witnesses[PKI_WITNESSES_MAX + PKI_VALUES_MAX]
		      [PKI_VKEY_TEXT]; /* and --witness */
	size_t witness_count;
	char tsa[PATH_MAX]; /* certificates of the time-stamping authority: --tsa; "": none */
	int64_t stamp_every; /* seconds; 0: the configuration names no authority */
};
/* --ledger, --publish, --policy; what is missing comes from the configuration. */
enum pki_status place_find(const struct pki_args *args, struct place *out,
	struct pki_err *err) PKI_MUST_CHECK;
/* The ledger alone: the configuration is needed only without --ledger. */
enum pki_status ledger_open(const struct pki_args *args, struct pki_ledger **out,
	struct pki_err *err) PKI_MUST_CHECK;
/* A log's verifier key from an argument: the key itself, or a file that holds it. */
enum pki_status vkey_read(
	const char *arg, struct pki_buf *out, struct pki_err *err) PKI_MUST_CHECK;

/* What was checked, and what the log recorded; a crew adds up its members'. */
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
	X(answers) \
	X(published) \
	X(crl_entries) \
	X(publications)

struct crew;

/* What others write beside a ledger in use, read before its snapshot: what these say, and the
 * snapshot does not know, is false. */
enum seen { SEEN_LOG, SEEN_WITNESSES, SEEN_RESPONDER, SEEN_COUNT };
struct sighting {
	bool there;
	struct pki_buf file;
	struct pki_err err; /* why it could not be read */
};

struct audit {
	struct pki_ledger *ledger;
	struct timespec
		started; /* just before the ledger's snapshot, as files are dated */
	const struct place *place;
	const char *vkey; /* of vkey_text */
	struct pki_buf vkey_text;
	struct pki_policy *policies[PKI_VALUES_MAX]; /* given */
	const char *policy_dirs[PKI_VALUES_MAX];
	size_t policy_count;
	struct period *periods; /* from the log, a run of one digest once */
	size_t period_count;
	struct pki_cert *issuers[PKI_ISSUER_CA + 1]; /* by number; NULL: not there */
	struct pki_urls urls; /* of the issuing CA's partitions */
	struct pki_cms_cache *cache;
	struct pki_ledger_figures figures;
	struct findings *findings;
	struct spot spot; /* that is being looked at */
	struct crew *crew;
	struct sighting seen[SEEN_COUNT];
	struct { /* NULL: not asked, not read */
		const char *url, *dir;
		uint64_t sample; /* of certificates that the one at url is asked about */
		pki_time last_event;
	} ocsp;
	struct { /* what stands under it is not looked at again; size 0: all is */
		uint64_t size;
		struct pki_hash root;
		pki_msec at; /* its last entry */
	} since;
	uint64_t
		crl_first[PKI_ISSUER_CA + 1]; /* that the log records after it; 0: none */
#define X(name) uint64_t name;
	AUDIT_COUNTS(X)
#undef X
	/* from the log, for the other parts */
	uint64_t covered; /* entries under the last checkpoint */
	uint64_t partitioned; /* the entry from which on certificates name partitions; 0:
				 none */
	json_t *ceremony; /* its entry's detail, NULL if there is none */
};

/* What the options of verify name, opened; the ledger at one view. a is zeroed before;
 * freed also after a failure. */
enum pki_status audit_open(struct audit *a, const struct pki_args *args,
	struct place *place, struct pki_err *err) PKI_MUST_CHECK;
/* The whole verification: counts and findings are in a. */
void audit_all(struct audit *a, const struct pki_args *args);
/* The exit status for the worst finding, so that a script knows what to do. */
enum pki_status audit_status(const struct audit *a);
void audit_free(struct audit *a);

/* Record what err says about the object (unless err names one); err is cleared. */
void finding_add(struct audit *a, const char *object, struct pki_err *err);
/* A finding of a rule in our own words. */
void finding_rule(struct audit *a, const char *object, enum pki_rule rule,
	const char *fmt, ...) PKI_PRINTF(4, 5);

/* A new period begins, unless the digest is that of the last one. */
enum pki_status period_add(struct audit *a, uint64_t entry, const char *digest,
	struct pki_err *err) PKI_MUST_CHECK;
/* The policy in force when the entry was made; NULL, a finding once, if it was not given. A
 * log without periods is judged by the first policy given. */
const struct pki_policy *policy_at(struct audit *a, uint64_t entry);

/* An entry's JSON; NULL if it cannot be read. */
json_t *entry_read(struct audit *a, uint64_t index);
const char *entry_text(const json_t *entry, const char *name); /* "" if absent */
/* Is the text a member of the detail's list? */
bool list_holds(const json_t *list, const char *text);

/* The ledger's issuers, which must be the published ones. */
enum pki_status audit_issuers(
	struct audit *a, const char *root, struct pki_err *err) PKI_MUST_CHECK;
/* One order with its entry, signers, decision and certificates; what is wrong is a finding.
 */
void audit_order(struct audit *a, const struct pki_order_row *row);
/* --since: the log contains the checkpoint; what the rest depends on is learnt, and proved.
 */
enum pki_status since_begin(
	struct audit *a, const char *path, struct pki_err *err) PKI_MUST_CHECK;
/* The last order and certificate that are not looked at again; INT64_MIN: all are. */
enum pki_status since_order(
	struct audit *a, int64_t *out, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status since_certificate(
	struct audit *a, int64_t *out, struct pki_err *err) PKI_MUST_CHECK;
/* What other parts need of an entry: policies, partitions, the ceremony. */
enum pki_status log_learn(struct audit *a, uint64_t index, const json_t *entry,
	struct pki_err *err) PKI_MUST_CHECK;
/* A checkpoint from elsewhere, at path, must be of this log. */
enum pki_status log_same(struct audit *a, const char *path, struct pki_bytes note,
	struct pki_checkpoint *cp, struct pki_err *err) PKI_MUST_CHECK;

/* The same of what a file holds. */
enum pki_status log_same_file(struct audit *a, const char *path,
	struct pki_checkpoint *cp, struct pki_err *err) PKI_MUST_CHECK;

void seen_begin(struct audit *a);
/* path: of the file; *out lives as long as a. */
enum pki_status seen_get(const struct audit *a, enum seen which, char path[PATH_MAX],
	struct pki_bytes *out, struct pki_err *err) PKI_MUST_CHECK;
void seen_free(struct audit *a);
/* Put there since the audit began: a copy has no such file. */
bool seen_since(const struct audit *a, const char *path);

/* The parts. A status other than OK is what ended a part early: a finding too. */
enum pki_status audit_log(struct audit *a, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status audit_published(struct audit *a, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status audit_repository(struct audit *a, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status audit_orders(struct audit *a, struct pki_err *err) PKI_MUST_CHECK;
/* Certificates that no order names; those of orders are looked at with them. */
enum pki_status audit_certificates(struct audit *a, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status audit_stamps(struct audit *a, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status audit_crls(struct audit *a, struct pki_err *err) PKI_MUST_CHECK;
/* What --ocsp and --ocsp-export name. */
enum pki_status audit_ocsp(struct audit *a, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ocsp_options(
	struct audit *a, const struct pki_args *args, struct pki_err *err) PKI_MUST_CHECK;

/* What led to a certificate. */
struct origin {
	const char *order;
	uint64_t index; /* the order's log entry */
	const json_t *entry;
};
/* One certificate: its own bytes, the ledger's row, its log entry, the profile in force
 * then. origin NULL: there is no order. *out: what was parsed, or NULL. */
void certificate_check(struct audit *a, const struct pki_cert_row *row,
	const struct origin *origin, struct pki_cert **out);
/* "serial ..." */
#define CERTIFICATE_OBJECT (PKI_SERIAL_TEXT + 8)
void certificate_object(const struct pki_serial *serial, char out[CERTIFICATE_OBJECT]);

/* Let SIGINT and the like be asked for, not end the program; none is blocked. */
void stop_at_signals(void);
bool stop_wanted(void);

/* What a command found out, for the exit status. */
struct outcome {
	enum pki_status status;
};
enum pki_status verify_run(const struct pki_args *args, void *ctx, struct pki_err *err);
enum pki_status report_run(const struct pki_args *args, void *ctx, struct pki_err *err);
enum pki_status trail_run(const struct pki_args *args, void *ctx, struct pki_err *err);
enum pki_status tail_run(const struct pki_args *args, void *ctx, struct pki_err *err);
enum pki_status proof_run(const struct pki_args *args, void *ctx, struct pki_err *err);
enum pki_status check_proof_run(
	const struct pki_args *args, void *ctx, struct pki_err *err);
enum pki_status export_run(const struct pki_args *args, void *ctx, struct pki_err *err);

#endif
