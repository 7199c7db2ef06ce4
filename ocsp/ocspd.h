/* The OCSP responder, RFC 6960 and RFC 9919: the parts of pki-ocspd. */
#ifndef OCSP_OCSPD_H
#define OCSP_OCSPD_H

#include <stdatomic.h>

#include "libpki/cli.h"
#include "libpki/conf.h"
#include "libpki/http.h"
#include "libpki/ledger.h"
#include "libpki/ocsp.h"

#define OCSPD_NAME "pki-ocspd"

/*
 * identity.c: the responder's own key and certificate (rules 70, 71). Replaced while requests
 * are answered: each worker holds a share of what was current when it last looked.
 */
struct identity;

struct identity_share {
	unsigned generation; /* 0: none yet */
	struct pki_cert *cert;
	struct pki_key *key;
	struct pki_ocsp_responder *responder;
};

/*
 * Read key and certificate from conf's ocsp_state; order new ones where there are none or a
 * third of their life is left. pass opens and seals all keys; it is borrowed for good, as
 * conf and issuer are. A failed order counts only if nothing usable is there.
 */
enum pki_status identity_open(const struct pki_conf *conf, const struct pki_cert *issuer,
	struct pki_bytes pass, struct identity **out, struct pki_err *err) PKI_MUST_CHECK;
void identity_free(struct identity *id);
/* Order anew if it is time; *ordered says whether that was done. One thread alone. */
enum pki_status identity_renew(struct identity *id, bool *ordered, struct pki_err *err)
	PKI_MUST_CHECK;
/* Bring the share up to date: one atomic read unless something changed. */
enum pki_status identity_take(struct identity *id, struct identity_share *share,
	struct pki_err *err) PKI_MUST_CHECK;
void identity_drop(struct identity_share *share);
/* Serial of the current certificate, for events. */
void identity_serial(struct identity *id, char out[PKI_SERIAL_TEXT]);

/* cache.c: signed answers without a nonce, so that equal questions cost one signature. */
#define OCSPD_CACHE_SECONDS ((pki_time)60)
struct answer_cache;
struct cached_answer {
	uint8_t key[PKI_SHA256]; /* of the request */
	struct pki_ocsp_answer status;
	pki_time this_update;
	pki_time next_update;
	struct pki_buf body;
};
enum pki_status cache_new(struct answer_cache **out, struct pki_err *err) PKI_MUST_CHECK;
void cache_free(struct answer_cache *cache);
/* Fill body and times of *entry if the answer to entry->key, still saying entry->status, is
 * there and young enough at `now`. */
bool cache_get(struct answer_cache *cache, struct cached_answer *entry, pki_time now);
/* A copy is kept; silently nothing without memory. */
void cache_put(struct answer_cache *cache, const struct cached_answer *entry);

struct ocspd {
	struct pki_conf conf;
	struct pki_cert *issuer;
	struct identity *identity;
	struct answer_cache *cache;
	struct worker *workers;
	size_t worker_count;
	atomic_size_t next_worker;
	atomic_ullong unissued; /* asked for since the last event (rule 60) */
	_Atomic pki_time told; /* when trouble was last reported */
	char base_path[PKI_URL_TEXT]; /* of conf's OCSP URL, without a slash at the end */
};

/* One of the HTTP server's threads. */
struct worker {
	struct ocspd *daemon;
	struct pki_ledger *ledger;
	struct identity_share share;
};

/* answer.c: from a request's DER to the response's. */
struct answer {
	struct pki_buf body;
	bool cacheable; /* signed, without nonce (rule 69) */
	pki_time this_update;
	pki_time next_update;
};
enum pki_status answer_make(struct worker *worker, struct pki_bytes der, struct answer *out,
	struct pki_err *err) PKI_MUST_CHECK;
void answer_free(struct answer *answer);

/* http_forms.c: what RFC 9919 5 and 7 make of HTTP. */
void ocsp_over_http(struct worker *worker, struct pki_http_request *req);
/* The DER in a request: appended to der, 200; else the HTTP code to refuse with. Something
 * that is no base64 gives an empty der. */
unsigned form_read(const struct pki_http_request *req, const char *base_path,
	struct pki_buf *der);
/* The same for a GET's path, apart from the connection. */
unsigned form_read_path(const char *path, const char *base_path, struct pki_buf *der);

/* serve.c: report what keeps the service from answering, once a minute. */
void ocspd_trouble(struct ocspd *daemon, const struct pki_err *err);

/* serve.c, check.c: commands */
enum pki_status serve_run(const struct pki_args *args, void *ctx, struct pki_err *err);
enum pki_status check_run(const struct pki_args *args, void *ctx, struct pki_err *err);

#endif
