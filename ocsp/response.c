#include "ocsp/response.h"

#include <string.h>

#include "libpki/host/conf_ocsp.h"
#include "ocsp/cache.h"
#include "ocsp/lookup.h"
#include "ocsp/metrics.h"
#include "ocsp/service.h"

/* A ready response is replaced after a quarter of its life, or an hour: clients get recent
 * responses. */
#define KEEP_SHARE 4
#define KEEP_SECONDS ((pki_time)3600)
/* Longer requests, of several certificates or with unusual extensions, are not cached. */
#define KEY_MAX 512

/* A request on the way to a response. */
struct query {
	struct thread *thread;
	struct lookup *lookup; /* of the authority of all the request's certificates */
	struct pki_bytes der;
	const struct pki_ocsp_request *req; /* parsed from der */
	struct ready *found; /* from the cache, perhaps outdated; NULL: none */
	pki_time now;
};

static void
note_unissued(
	struct thread *thread, struct authority *authority, enum pki_ocsp_status status)
{
	if (status != PKI_OCSP_UNISSUED && status != PKI_OCSP_UNKNOWN)
		return;
	atomic_fetch_add(&authority->unissued, 1);
	metrics_unissued(thread->cells);
}

/* rule 72 */
static enum pki_status
set_times(const struct lookup *lookup, const struct identity_share *share, pki_time now,
	struct response_signed *out, struct pki_err *err)
{
	pki_time end = pki_cert_not_after(share->cert);
	out->this_update = now;
	out->next_update = now + lookup->authority->conf->ocsp->lifetime;
	if (out->next_update > end)
		out->next_update = end;
	if (out->next_update <= out->this_update)
		return pki_fail(
			err, PKI_UNAVAILABLE, "the responder's certificate has expired");
	return PKI_OK;
}

enum pki_status
response_sign(struct lookup *lookup, const struct pki_ocsp_request *req,
	const struct pki_ocsp_single *singles, struct response_signed *out,
	struct pki_err *err)
{
	PKI_TRY(lookup_take_shares(lookup, err));
	const struct identity_share *share = lookup_choose(lookup, req);
	PKI_TRY(set_times(lookup, share, pki_time_now(), out, err));
	out->signer = share;
	const struct pki_ocsp_content content = { singles, out->this_update,
		out->next_update };
	return pki_ocsp_respond(share->responder, req, &content, &out->body, err);
}

void
response_signed_free(struct response_signed *signed_)
{
	pki_buf_free(&signed_->body);
}

/* The authority of all the request's certificates (rule 62). */
static enum pki_status
find_lookup(struct query *query, struct pki_err *err)
{
	struct thread *thread = query->thread;
	size_t count = pki_ocsp_request_count(query->req);
	for (size_t a = 0; a < thread->service->authority_count; a++) {
		struct lookup *lookup = &thread->lookups[a];
		size_t i = 0;
		if (atomic_load(&lookup->authority->ended))
			continue;
		PKI_TRY(lookup_take_shares(lookup, err));
		while (i < count &&
			pki_ocsp_is_ours(lookup->shares[0].responder, query->req, i))
			i++;
		if (i == count) {
			query->lookup = lookup;
			return PKI_OK;
		}
	}
	return pki_refuse(
		err, PKI_RULE_OCSP_UNAUTHORIZED, "a certificate of another issuer");
}

static bool
same_single(const struct pki_ocsp_single *a, const struct pki_ocsp_single *b)
{
	return a->status == b->status && a->revoked_at == b->revoked_at &&
	       a->reason == b->reason;
}

static enum pki_status
make_ready(const struct query *query, const struct pki_ocsp_single *single,
	struct ready **out, struct pki_err *err)
{
	PKI_CLEANUP(ready_cleanup) struct ready *ready = NULL;
	PKI_CLEANUP(response_signed_free) struct response_signed made = { 0 };
	PKI_TRY(ready_new(query->der, &ready, err));
	PKI_TRY(response_sign(query->lookup, query->req, single, &made, err));
	metrics_signature(query->thread->cells);
	pki_time keep = (made.next_update - made.this_update) / KEEP_SHARE;
	ready->signer = made.signer->of;
	ready->generation = made.signer->generation;
	ready->authority = (size_t)(query->lookup - query->thread->lookups);
	ready->single = *single;
	ready->this_update = made.this_update;
	ready->next_update = made.next_update;
	ready->keep_until = query->now + (keep < KEEP_SECONDS ? keep : KEEP_SECONDS);
	PKI_TRY(ready_set_body(ready, pki_buf_bytes(&made.body), err));
	*out = ready;
	ready = NULL;
	return PKI_OK;
}

/* And signed by the certificate in force: the certificate before may be revoked. */
static bool
is_fresh(const struct ready *ready, pki_time now)
{
	return now >= ready->this_update && now < ready->keep_until &&
	       identity_is_current(ready->signer, ready->generation);
}

/* The cached response may be older than a commit: if the answer changed, the response is
 * replaced. */
static enum pki_status
respond_shared(const struct query *query, struct response *out, struct pki_err *err)
{
	struct pki_ocsp_single single;
	struct lookup *lookup = query->lookup;
	struct ready *found = query->found;
	PKI_TRY(lookup_status(
		lookup, pki_ocsp_request_serial(query->req, 0), &single, err));
	note_unissued(query->thread, lookup->authority, single.status);
	if (found != NULL && same_single(&found->single, &single) &&
		is_fresh(found, query->now)) {
		atomic_fetch_add(&found->owners, 1);
		out->ready = found;
	} else {
		PKI_TRY(make_ready(query, &single, &out->ready, err));
	}
	out->status = single.status;
	cache_put(query->thread->service->cache, out->ready, lookup->at);
	return PKI_OK;
}

static enum pki_status
respond_alone(const struct query *query, struct response *out, struct pki_err *err)
{
	struct pki_ocsp_single singles[PKI_OCSP_CERTIDS_MAX] = { 0 };
	PKI_CLEANUP(response_signed_free) struct response_signed made = { 0 };
	struct lookup *lookup = query->lookup;
	for (size_t i = 0; i < pki_ocsp_request_count(query->req); i++) {
		PKI_TRY(lookup_status(lookup, pki_ocsp_request_serial(query->req, i),
			&singles[i], err));
		note_unissued(query->thread, lookup->authority, singles[i].status);
	}
	out->status = singles[0].status;
	PKI_TRY(response_sign(lookup, query->req, singles, &made, err));
	out->body = made.body;
	made.body = (struct pki_buf){ 0 };
	metrics_signature(query->thread->cells);
	return PKI_OK;
}

static enum pki_status
respond(struct query *query, struct response *out, struct pki_err *err)
{
	PKI_TRY(find_lookup(query, err));
	PKI_TRY(lookup_view(query->lookup, query->now, err));
	if (pki_ocsp_request_nonce(query->req).len == 0 &&
		pki_ocsp_request_count(query->req) == 1 && query->der.len <= KEY_MAX)
		return respond_shared(query, out, err);
	return respond_alone(query, out, err);
}

/*
 * Is the ready response still true? While the ledger cannot be read, a revoked certificate
 * stays revoked (rule 58) until nextUpdate of the response; no certificate stays good.
 */
static bool
still_true(struct thread *thread, const struct ready *found, uint64_t at, pki_time now)
{
	struct lookup *lookup = &thread->lookups[found->authority];
	if (lookup_view(lookup, now, NULL) != PKI_OK)
		return found->single.status == PKI_OCSP_REVOKED &&
		       now >= found->this_update &&
		       now < found->next_update - found->max_age;
	return at == lookup->at && is_fresh(found, now);
}

/* Of a well-formed request: whatever else is wrong, with the ledger or the certificate, is
 * not the client's fault. */
static enum pki_status
respond_parsed(struct query *query, struct response *out, struct pki_err *err)
{
	struct pki_err own = { 0 };
	if (respond(query, out, &own) != PKI_OK && own.rule != PKI_RULE_OCSP_UNAUTHORIZED)
		own.status = PKI_UNAVAILABLE;
	return pki_err_move(err, &own);
}

enum pki_status
response_make(struct thread *thread, struct pki_bytes der, struct response *out,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_ocsp_request_cleanup) struct pki_ocsp_request *req = NULL;
	uint64_t at = 0;
	pki_time now = pki_time_now();
	PKI_CLEANUP(ready_cleanup)
	struct ready *found =
		der.len <= KEY_MAX ? cache_find(thread->service->cache, der, &at) : NULL;
	if (found != NULL)
		pki_http_ready_fetch(found->http);
	if (found != NULL && still_true(thread, found, at, now)) {
		out->status = found->single.status;
		note_unissued(
			thread, thread->lookups[found->authority].authority, out->status);
		out->ready = found;
		found = NULL;
		return PKI_OK;
	}
	PKI_TRY(pki_ocsp_request_parse(der, &req, err));
	struct query query = {
		.thread = thread, .der = der, .req = req, .found = found, .now = now
	};
	return respond_parsed(&query, out, err);
}

void
response_free(struct response *response)
{
	ready_free(response->ready);
	pki_buf_free(&response->body);
}
