/* The CRL service: the parts of pki-crl. */
#ifndef CRL_CRLD_H
#define CRL_CRLD_H

#include <sys/stat.h>

#include "libpki/host/cli.h"
#include "libpki/host/conf.h"
#include "libpki/host/conf_crl.h"
#include "libpki/host/http.h"
#include "libpki/host/monitor.h"
#include "libpki/host/report.h"
#include "libpki/state/ledger.h"
#include "libpki/x509/crl.h"

#define CRLD_NAME "pki-crl"

/* A million entries take 53 MB. */
#define CRLD_MAX ((size_t)64 << 20)

/* One list: the root's, the issuing CA's full one, or a partition of it. */
struct crld_list {
	int issuer;
	unsigned partition; /* 0: a full one */
	struct pki_crl_row last; /* the ledger's last, without DER; number 0: none */
	uint64_t need; /* it shows revocations up to this one at once */
	bool refused; /* the ledger's last, by the gate */
	bool disputed; /* ... since a responder contradicts it: another one would be no better */
	int64_t refused_at; /* on the monotonic clock */
	/* The published one, as this process found it or put it there; number 0: not known. */
	struct {
		uint64_t number;
		uint64_t revocations; /* that it is built over */
		size_t entries, bytes;
		pki_time this_update, next_update, published;
		struct stat file;
		bool checked; /* against all of the ledger */
	} out;
	uint64_t pending; /* revocations that it has to show and does not */
	pki_time since; /* the oldest of them; 0: none */
};

/* One of conf's crl_ocsp. */
struct responder {
	bool silent; /* it did not answer */
	struct pki_report report;
	int64_t rests_until; /* on the monotonic clock */
};

struct crld {
	struct pki_conf *conf;
	struct pki_ledger *ledger;
	struct pki_cert *issuers[PKI_ISSUER_CA + 1]; /* by issuer number; 0 unused */
	struct pki_urls urls; /* of the ledger's partitions */
	struct crld_list root;
	struct crld_list *lists; /* urls.partitions and one; by partition */
	uint64_t version; /* of the ledger, when it was looked at */
	uint64_t seen; /* revocations that the lists' needs tell of */
	uint64_t newest; /* CRLNumber of the issuing CA's lists that is known here */
	pki_time full_since; /* the oldest that the full list does not show; 0: none */
	int64_t looked_at; /* at the files, on the monotonic clock; 0: not yet */
	struct responder responders[PKI_RESPONDERS_MAX];
	struct put *put; /* NULL: to nowhere else */
	struct pki_monitor *monitor;
	struct pki_report root_end; /* of the root's CRL, which comes near */
};

enum pki_status crld_open(
	struct crld *d, const char *config, struct pki_err *err) PKI_MUST_CHECK;
void crld_close(struct crld *d);
/* Below the public folder. */
void crld_file(const struct crld_list *list, char out[PKI_CRL_FILE]);

/*
 * gate.c: what a CRL must fulfil before it replaces the published one: rules 48-51 (parser),
 * its issuer's signature, its place (52, 56), a number above the published one's, nothing lost
 * or changed that was published but what rule 57 lets go; every revocation of the ledger on it
 * with its date and reason, and nothing else (76). TAMPERED or REFUSED with what is wrong.
 */
struct gate {
	struct crld *d;
	int issuer;
	const char *url; /* NULL: of a full list */
	bool keeps; /* expired entries */
	const struct pki_crl *crl;
	const struct pki_crl *published; /* NULL: none */
	/* the published one passed, and the ledger's part of it need not be looked at again */
	bool resumes;
	size_t kept, found; /* entries that were published; that the ledger has */
	struct sample *fresh; /* takes entries that were not published; NULL: none does */
};
enum pki_status gate_open(struct gate *gate, struct pki_err *err) PKI_MUST_CHECK;
/* A pki_revoked_fn; for each revocation of the ledger, or each since the published one. */
enum pki_status gate_must(void *gate, const struct pki_revoked *revoked,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status gate_close(struct gate *gate, struct pki_err *err) PKI_MUST_CHECK;

/*
 * agree.c: rule 76 with those who answer: responders are asked about a sample before a list goes
 * out: entries that it has and the published one has not (by chance if they are many), a few
 * others of it, and a few certificates that are on none.
 */
#define SAMPLE_FRESH 32
#define SAMPLE_OTHERS 4
struct sample {
	struct pki_revoked entries[SAMPLE_FRESH + SAMPLE_OTHERS];
	size_t count;
	uint64_t seen; /* that could have been taken */
	uint64_t seed;
};
enum pki_status sample_begin(struct sample *sample, struct pki_err *err) PKI_MUST_CHECK;
void sample_add(struct sample *sample, const struct pki_revoked *entry);
/* Up to SAMPLE_OTHERS of the list's; once. */
enum pki_status sample_list(struct sample *sample, const struct pki_crl *crl,
	struct pki_err *err) PKI_MUST_CHECK;
/* TAMPERED, with rule 76 and what to do, if a responder contradicts. One that cannot be asked is
 * told of once, counted, and left alone for a minute. */
enum pki_status agree_check(struct crld *d, const struct pki_crl *crl,
	struct sample *sample, struct pki_err *err) PKI_MUST_CHECK;
/* About one entry, by anybody: also UNAVAILABLE and what pki_probe_ocsp() says. */
enum pki_status agree_ask(const char *url, const struct pki_cert *issuer,
	const struct pki_revoked *entry, struct pki_err *err) PKI_MUST_CHECK;

/* lists.c: what the ledger has that the lists do not show yet. */
enum pki_status lists_look(struct crld *d, struct pki_err *err) PKI_MUST_CHECK;
bool list_due(const struct crld *d, const struct crld_list *list);
/* ... and it cannot wait: somebody relies on it. */
bool list_urgent(const struct crld *d, const struct crld_list *list);
/* Make and publish what is due, the full list in any case, or all. A list that the gate refuses
 * keeps no other one waiting. *more: after LISTS_DUE, some were left that can wait; call again. */
enum lists_force { LISTS_DUE, LISTS_FULL, LISTS_ALL };
enum pki_status lists_bring_up(struct crld *d, enum lists_force force, bool *more,
	struct pki_err *err) PKI_MUST_CHECK;
void list_note(struct crld *d, struct crld_list *list, const struct pki_crl_row *last);
void list_out(struct crld *d, struct crld_list *list, const struct pki_crl_row *row,
	const struct pki_crl *crl, bool checked);

/* issue.c: the ledger's last one to the public folder. */
enum pki_status list_publish(
	struct crld *d, struct crld_list *list, struct pki_err *err) PKI_MUST_CHECK;
/* The same, and the fact back to the ledger; and if another one is due, or `force`: have pki-ca
 * make it, and publish that. */
enum pki_status list_bring_up(struct crld *d, struct crld_list *list, bool force,
	struct pki_err *err) PKI_MUST_CHECK;
/* The root's list, made offline: publish a newer one; warn before it runs out (rule 54). */
enum pki_status crld_root(struct crld *d, struct pki_err *err) PKI_MUST_CHECK;

/* web.c: the public folder over HTTP, read-only. */
struct web;
enum pki_status web_listen(const struct pki_conf *conf, struct web **out,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status web_begin(struct web *web, struct pki_err *err) PKI_MUST_CHECK;
void web_stop(struct web *web);
/* A regular file below dir, no link on the way; NOTFOUND otherwise. fd is the caller's. */
enum pki_status web_open(
	int dir, const char *path, int *fd, struct pki_err *err) PKI_MUST_CHECK;
const char *web_type(const char *path);

/*
 * monitor.c: what the page for operators says. The main thread's cells are set 0, those of
 * the i-th place set 1 + i.
 */
enum crl_metric {
	CRL_AGE,
	CRL_LEFT,
	CRL_NUMBER,
	CRL_ENTRIES,
	CRL_BYTES,
	CRL_PUBLISHED,
	CRL_RESULTS,
	CRL_REFUSED,
	CRL_BACKLOG,
	CRL_BACKLOG_AGE,
	CRL_FAILING,
	CRL_COMPARISONS,
	CRL_CONTRADICTED,
	CRL_SILENT_SINCE,
	CRL_PUTS,
	CRL_PUT_PENDING,
	CRL_PUT_DONE,
	CRL_PUT_FAILING,
	CRL_PART_AGE, /* the which-th: partition which + 1 */
	CRL_PART_NUMBER,
	CRL_PART_ENTRIES,
	CRL_PART_BYTES,
};
enum crl_result { CRL_PUBLISHED_IT, CRL_REFUSED_IT, CRL_FAILED, CRL_RESULT_COUNT };
/* address "": the cells alone */
enum pki_status monitor_listen(
	struct crld *d, const char *address, struct pki_err *err) PKI_MUST_CHECK;
/* What is out, and what it lacks; how the list's newest went; the service does its work. */
void monitor_lists(struct crld *d);
void monitor_result(struct crld *d, const struct crld_list *list, enum crl_result result);
enum crl_answer { CRL_AGREES, CRL_CONTRADICTS, CRL_SILENT, CRL_ANSWER_COUNT };
/* What the i-th responder came to. */
void monitor_responder(struct crld *d, size_t i, enum crl_answer answer);
void monitor_working(struct crld *d, bool works);

/*
 * put.c: what is published, sent to other places by HTTP PUT and fetched back (rule 104). Each
 * place has a thread of its own, which looks at the public folder and sends what the place
 * lacks: a place that hangs keeps nobody waiting, and gets only the newest in the end.
 */
struct put;
/* Reads what opens the places: before the sandbox. */
enum pki_status put_open(struct crld *d, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status put_begin(struct put *put, struct pki_err *err) PKI_MUST_CHECK;
/* Something was published. */
void put_wake(struct put *put);
/* Without threads: one attempt at each place; UNAVAILABLE if one lacks something then. */
enum pki_status put_once(struct put *put, struct pki_err *err) PKI_MUST_CHECK;
void put_stop(struct put *put);

/* run.c, check.c: commands */
enum pki_status run_run(const struct pki_args *args, void *ctx, struct pki_err *err);
enum pki_status once_run(const struct pki_args *args, void *ctx, struct pki_err *err);
enum pki_status check_run(const struct pki_args *args, void *ctx, struct pki_err *err);

#endif
