/* The OCSP responder, RFC 6960 and RFC 9919: the parts of pki-ocspd. */
#ifndef OCSP_OCSPD_H
#define OCSP_OCSPD_H

#include <pthread.h>
#include <stdatomic.h>

#include "libpki/host/cli.h"
#include "libpki/host/conf.h"
#include "libpki/host/conf_ocsp.h"
#include "libpki/host/http.h"
#include "libpki/host/monitor.h"
#include "libpki/host/report.h"
#include "libpki/ocsp/ocsp.h"
#include "libpki/state/ledger.h"

#define OCSPD_NAME "pki-ocspd"

/*
 * identity.c: a key and certificate of the responder's own (rules 70, 71). Replaced while
 * requests are answered: each worker holds a share of what was current when it last looked.
 */
struct identity;

struct identity_share {
	const struct identity *of;
	unsigned generation; /* 0: none yet */
	struct pki_cert *cert;
	struct pki_key *key;
	struct pki_ocsp_responder *responder;
};

/*
 * The which-th of conf's algorithms. Reads key and certificate from conf's ocsp_state, or a
 * folder of the algorithm's name below it for all but the first. pass opens and seals all
 * keys; it is borrowed for good, as conf and issuer are.
 */
enum pki_status identity_open(const struct pki_conf *conf, size_t which,
	const struct pki_cert *issuer, struct pki_bytes pass, struct identity **out,
	struct pki_err *err) PKI_MUST_CHECK;
void identity_free(struct identity *id);
/* Order anew if it is time, or the certificate is revoked; *ordered says whether that was
 * done. One thread alone. */
enum pki_status identity_renew(struct identity *id, bool revoked, bool *ordered,
	struct pki_err *err) PKI_MUST_CHECK;
/* Is a share's generation still that of the certificate in force? */
bool identity_is_current(const struct identity *id, unsigned generation);
/* Bring the share up to date: one atomic read unless something changed. */
enum pki_status identity_take(struct identity *id, struct identity_share *share,
	struct pki_err *err) PKI_MUST_CHECK;
void identity_drop(struct identity_share *share);
/* Serial and end of the current certificate; "" and 0 if there is none. */
void identity_now(struct identity *id, char serial[PKI_SERIAL_TEXT], pki_time *end);

/* authority.c: a CA whose certificates are answered for: an installation of its own. */
struct authority {
	struct pki_conf *conf;
	struct pki_ledger *ledger; /* the main thread's */
	struct pki_report ledger_trouble;
	struct pki_cert *issuer;
	struct identity *identities[PKI_OCSP_ALGS_MAX];
	size_t identity_count;
	char base_path[PKI_URL_TEXT]; /* of conf's OCSP URL, without a slash at the end */
	atomic_ullong unissued; /* asked for since the last event (rule 60) */
	atomic_bool started; /* logged by pki-ca */
	atomic_bool unreadable; /* the ledger */
	atomic_bool
		ended; /* the last CRL is made: it says all, we nothing (rules 55, 62) */
	atomic_bool export_failing;
	pthread_mutex_t lock; /* of the two below */
	struct pki_ledger_view view;
	uint64_t views; /* so many, as far as they followed on one another */
};
enum pki_status authority_open(const char *config, struct pki_bytes pass,
	struct authority **out, struct pki_err *err) PKI_MUST_CHECK;
void authority_free(struct authority *authority);
/* Is it one CA, as far as CertIDs tell? */
bool authority_same(const struct authority *a, const struct authority *b);
/* Certificates renewed, events told. */
void authority_keep(struct authority *authority);
void authority_stopped(struct authority *authority);
/* Is the ledger there, and the last CRL not? */
void authority_look(struct authority *authority);
/* A view of its ledger by a number above 0: views of one number are equal. */
uint64_t authority_view(struct authority *authority, const struct pki_ledger_view *view);
/* For the health page. */
void authority_health(struct authority *authority, struct pki_health *health);

/*
 * A worker's own place for an authority. What it has looked up holds until somebody commits
 * to the ledger.
 */
#define DESK_NOTES 4096u
struct desk_note {
	struct pki_serial serial;
	struct pki_ocsp_single answer;
	uint64_t at; /* the number of the view that it is true at */
};
struct desk {
	struct authority *authority;
	struct pki_ledger *ledger;
	struct identity_share shares[PKI_OCSP_ALGS_MAX];
	struct pki_ledger_view view;
	uint64_t at; /* its number */
	size_t next; /* whose turn it is to go, of notes that share a place */
	struct desk_note notes[DESK_NOTES];
};
enum pki_status desk_open(struct authority *authority, struct desk *out,
	struct pki_err *err) PKI_MUST_CHECK;
void desk_close(struct desk *desk);

/*
 * cache.c: answers that are ready to be sent, so that equal questions cost one signature.
 * Each was true at a view of the ledger; it is sent while that view is still the ledger's.
 */
struct ready {
	atomic_uint owners;
	size_t authority;
	struct pki_ocsp_single status;
	pki_time this_update;
	pki_time next_update;
	pki_time keep_until; /* after it a new one is made */
	pki_time max_age; /* what HTTP caches are told, in seconds */
	const struct identity *signer;
	unsigned generation; /* of signer's certificate */
	char etag[PKI_SHA256_HEX + 2];
	struct pki_http_ready *http;
	size_t key_len;
	uint8_t key[]; /* the request's DER */
};
struct ready *ready_new(struct pki_bytes key, struct pki_err *err);
void ready_free(struct ready *ready); /* one owner less; NULL: nothing */
void ready_cleanup(struct ready **ready);

struct answer_cache;
enum pki_status cache_new(
	size_t slots, struct answer_cache **out, struct pki_err *err) PKI_MUST_CHECK;
void cache_free(struct answer_cache *cache);
/* The answer to a request and the number of the view at which it was last true; the caller
 * becomes one more owner. NULL: none. */
struct ready *cache_find(
	struct answer_cache *cache, struct pki_bytes request, uint64_t *at);
/* Also: it is true at a later view. The cache becomes one more owner. */
void cache_put(struct answer_cache *cache, struct ready *ready, uint64_t at);

struct ocspd {
	const struct pki_conf *conf; /* the first authority's is the service's too */
	struct authority *authorities[PKI_VALUES_MAX];
	size_t authority_count;
	struct exporter *exporters[PKI_VALUES_MAX]; /* NULL where nothing is exported */
	struct answer_cache *cache;
	struct pki_monitor *monitor;
	struct worker *workers;
	struct desk *desks; /* of all workers */
	size_t worker_count;
	atomic_size_t next_worker;
	struct pki_report trouble; /* that keeps it from answering */
};

/* One of the HTTP server's threads. */
struct worker {
	struct ocspd *daemon;
	pthread_mutex_t lock; /* of its desks: the main thread looks after idle ones */
	struct desk *desks; /* one for each authority */
	struct pki_cells *cells;
};

/* answer.c: from a request's DER to the response's. */
struct answer {
	struct ready *ready; /* shared with others; or, where it is NULL: */
	struct pki_buf
		body; /* with a nonce, or for several certificates: of this request */
	enum pki_ocsp_status status; /* of the first certificate */
};
enum pki_status answer_make(struct worker *worker, struct pki_bytes der,
	struct answer *out, struct pki_err *err) PKI_MUST_CHECK;
void answer_free(struct answer *answer);
/* A signed response to a single question without a nonce, for others than the workers. */
enum pki_status answer_sign(struct desk *desk, const struct pki_ocsp_request *req,
	const struct pki_ocsp_single *status, struct pki_buf *body, pki_time updates[2],
	struct pki_err *err) PKI_MUST_CHECK;

/* http_forms.c: what RFC 9919 5 and 7 make of HTTP. */
void ocsp_over_http(struct worker *worker, struct pki_http_request *req);
/* rule 68: the headers that an answer without a nonce is sent with. */
enum pki_status http_make_ready(
	struct ready *ready, struct pki_bytes body, struct pki_err *err) PKI_MUST_CHECK;
/* The DER in a GET's path: appended to der, 200; else the HTTP code to refuse with.
 * Something that is no base64 gives an empty der. */
unsigned form_read_path(const char *path, const char *base_path, struct pki_buf *der);

/* export.c: the answers about all of an authority's certificates in conf's ocsp_export. */
struct exporter;
enum pki_status exporter_new(struct authority *authority, struct exporter **out,
	struct pki_err *err) PKI_MUST_CHECK;
/* In a thread of its own, until exporter_free(): what changes is written within a second,
 * the rest well before it ends. */
enum pki_status exporter_begin(struct exporter *ex, struct pki_err *err) PKI_MUST_CHECK;
void exporter_free(struct exporter *ex);
/* Here and now, all that is missing or old. */
enum pki_status exporter_run(
	struct exporter *ex, uint64_t *written, struct pki_err *err) PKI_MUST_CHECK;

/* counts.c: what the metrics page shows. */
enum count_method { COUNT_GET, COUNT_POST };
enum count_answer {
	COUNT_GOOD,
	COUNT_REVOKED,
	COUNT_UNISSUED,
	COUNT_MALFORMED,
	COUNT_UNAUTHORIZED,
	COUNT_TRY_LATER,
	COUNT_INTERNAL,
	COUNT_HTTP_REFUSED,
};
extern const struct pki_metric ocsp_metrics[];
void count_answer(struct pki_cells *cells, enum count_method method,
	enum count_answer answer, int64_t nsec);
void count_signature(struct pki_cells *cells);
void count_unissued(struct pki_cells *cells);
/* By the main thread, in a set of its own. */
void count_certificate_end(struct pki_cells *cells, pki_time end);

/* serve.c, check.c: commands */
enum pki_status serve_run(const struct pki_args *args, void *ctx, struct pki_err *err);
enum pki_status export_run(const struct pki_args *args, void *ctx, struct pki_err *err);
enum pki_status check_run(const struct pki_args *args, void *ctx, struct pki_err *err);

#endif
