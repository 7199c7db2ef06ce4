/* The CRL service: the parts of pki-crl. */
#ifndef CRL_CRLD_H
#define CRL_CRLD_H

#include "libpki/cli.h"
#include "libpki/conf.h"
#include "libpki/crl.h"
#include "libpki/http.h"
#include "libpki/ledger.h"
#include "libpki/monitor.h"

#define CRLD_NAME "pki-crl"

/* A million entries take 53 MB. */
#define CRLD_MAX ((size_t)64 << 20)

struct crld {
	struct pki_conf conf;
	struct pki_ledger *ledger;
	struct pki_cert *issuers[PKI_ISSUER_CA + 1]; /* by issuer number; 0 unused */
	/* of the issuing CA's last CRL in the ledger, as far as read; number 0: none */
	struct {
		uint64_t number;
		uint64_t revocations;
		pki_time this_update;
		pki_msec read_at;
		bool refused; /* by the gate */
		pki_msec refused_at;
	} last;
	uint64_t root_number; /* published; 0: none yet */
	struct put *put; /* NULL: to nowhere else */
	struct pki_monitor *monitor;
	uint64_t covered; /* revocations that are on the published list */
	bool looked; /* for others */
};

enum pki_status crld_open(struct crld *d, const char *config, struct pki_err *err)
	PKI_MUST_CHECK;
void crld_close(struct crld *d);
void crld_report(const struct pki_err *err);

/*
 * gate.c: what a CRL must fulfil before it replaces the published one: rules 48-51 (parser),
 * its issuer's signature, a number above the published one's, every revocation in `must` on it
 * with its date and reason, nothing lost that was published but what rule 57 lets go.
 * TAMPERED or REFUSED with what is wrong. published may be NULL.
 */
struct revoked_list {
	struct pki_revoked *items;
	size_t count;
	size_t cap;
};
void revoked_list_free(struct revoked_list *list);
/* What the ledger holds now as revoked and unexpired. */
enum pki_status revoked_list_read(struct crld *d, int issuer, struct revoked_list *out,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status gate(struct crld *d, int issuer, const struct pki_crl *crl,
	const struct pki_crl *published, const struct revoked_list *must, struct pki_err *err)
	PKI_MUST_CHECK;

/* issue.c: is a new CRL due? */
enum pki_status crld_due(struct crld *d, bool *due, struct pki_err *err) PKI_MUST_CHECK;
/* Publish what the ledger has and the public folder lacks; ask for a new CRL if one is due or
 * `force`, and publish it. */
enum pki_status crld_bring_up(struct crld *d, bool force, struct pki_err *err) PKI_MUST_CHECK;
/* The root's list, made offline: publish a newer one; warn before it runs out (rule 54). */
enum pki_status crld_root(struct crld *d, struct pki_err *err) PKI_MUST_CHECK;

/* web.c: the public folder over HTTP, read-only. */
struct web;
enum pki_status web_listen(const struct pki_conf *conf, struct web **out, struct pki_err *err)
	PKI_MUST_CHECK;
enum pki_status web_begin(struct web *web, struct pki_err *err) PKI_MUST_CHECK;
void web_stop(struct web *web);
/* A regular file below dir, no link on the way; NOTFOUND otherwise. fd is the caller's. */
enum pki_status web_open(int dir, const char *path, int *fd, struct pki_err *err)
	PKI_MUST_CHECK;
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
	CRL_PUBLISHED,
	CRL_RESULTS,
	CRL_REFUSED,
	CRL_BACKLOG,
	CRL_BACKLOG_AGE,
	CRL_FAILING,
	CRL_PUTS,
	CRL_PUT_PENDING,
	CRL_PUT_DONE,
	CRL_PUT_FAILING,
};
enum crl_result { CRL_PUBLISHED_IT, CRL_REFUSED_IT, CRL_FAILED, CRL_RESULT_COUNT };
/* address "": the cells alone */
enum pki_status monitor_listen(struct crld *d, const char *address, struct pki_err *err)
	PKI_MUST_CHECK;
/* This is the list that is out; the issuer's newest went so; so many revocations there are;
 * the service does its work. */
void monitor_list(struct crld *d, int issuer, const struct pki_crl *crl);
void monitor_result(struct crld *d, int issuer, enum crl_result result);
void monitor_backlog(struct crld *d, uint64_t revocations);
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
