#include <string.h>

#include "libpki/host/conf_ocsp.h"
#include "libpki/state/decide.h"
#include "ocsp/service.h"

/* A ready answer is replaced when a quarter of its life is over, or after an hour: who asks
 * gets one that is recent. */
#define KEEP_SHARE 4
#define KEEP_SECONDS ((pki_time)3600)
/* Longer requests, of several certificates or with unusual extensions, are not kept. */
#define KEY_MAX 512
/* Notes of serials that end alike; of one place, a thousand certificates would have read
 * two in three from the ledger each time. */
#define WAYS 8u

/* A clock behind the ledger's last event is wrong (rule 209), and would date answers and
 * revocations wrongly. */
static enum pki_status
look(struct desk *desk, pki_time now, struct pki_err *err)
{
	struct pki_ledger_view view;
	PKI_TRY(pki_ledger_view(desk->ledger, &view, err));
	if (desk->at == 0 || !pki_ledger_view_equal(&view, &desk->view)) {
		desk->view = view;
		desk->at = authority_view(desk->authority, &view);
	}
	if (view.last_event / 1000 > now + PKI_CLOCK_SKEW_MS / 1000)
		return pki_fail_rule(err, PKI_CLOCK, PKI_RULE_CLOCK,
			"the clock is behind the ledger's last event; set it right");
	return PKI_OK;
}

static enum pki_status
ask_ledger(struct desk *desk, const struct pki_serial *serial,
	struct pki_ocsp_single *out, struct pki_err *err)
{
	struct pki_cert_status status;
	PKI_TRY(pki_ledger_status(desk->ledger, PKI_ISSUER_CA, serial, &status, err));
	*out = (struct pki_ocsp_single){ .status = PKI_OCSP_GOOD };
	if (!status.issued) /* rule 60 */
		out->status = desk->authority->conf->ocsp->unknown ? PKI_OCSP_UNKNOWN
								   : PKI_OCSP_UNISSUED;
	else if (status.revoked)
		*out = (struct pki_ocsp_single){ PKI_OCSP_REVOKED, status.revoked_at,
			status.reason };
	return PKI_OK;
}

/* The serial's note, or the one to replace. Serials are random: their last octets spread
 * well. */
static struct desk_note *
note_of(struct desk *desk, const struct pki_serial *serial)
{
	unsigned low = serial->octets[serial->len - 1];
	unsigned high = serial->len > 1 ? serial->octets[serial->len - 2] : 0;
	size_t place = (high << 8 | low) % (DESK_NOTES / WAYS);
	struct desk_note *notes = &desk->notes[place * WAYS];
	for (size_t i = 0; i < WAYS; i++)
		if (pki_serial_compare(&notes[i].serial, serial) == 0)
			return &notes[i];
	return &notes[desk->next++ % WAYS];
}

/* After look(): what was noted at this view needs not be read again. */
static enum pki_status
look_up(struct desk *desk, const struct pki_serial *serial, struct pki_ocsp_single *out,
	struct pki_err *err)
{
	struct desk_note *note = note_of(desk, serial);
	if (note->at != desk->at || pki_serial_compare(&note->serial, serial) != 0) {
		note->at = 0;
		PKI_TRY(ask_ledger(desk, serial, &note->answer, err));
		note->serial = *serial;
		note->at = desk->at;
	}
	*out = note->answer;
	return PKI_OK;
}

static void
note_unissued(struct worker *worker, struct authority *authority,
	const struct pki_ocsp_single *answer)
{
	if (answer->status != PKI_OCSP_UNISSUED && answer->status != PKI_OCSP_UNKNOWN)
		return;
	atomic_fetch_add(&authority->unissued, 1);
	count_unissued(worker->cells);
}

static enum pki_status
take_shares(struct desk *desk, struct pki_err *err)
{
	const struct authority *authority = desk->authority;
	for (size_t i = 0; i < authority->identity_count; i++)
		PKI_TRY(identity_take(authority->identities[i], &desk->shares[i], err));
	return PKI_OK;
}

/* rule 74 */
static const struct identity_share *
choose(const struct desk *desk, const struct pki_ocsp_request *req)
{
	struct pki_ocsp_responder *responders[PKI_OCSP_ALGS_MAX];
	size_t count = desk->authority->identity_count;
	for (size_t i = 0; i < count; i++)
		responders[i] = desk->shares[i].responder;
	return &desk->shares[pki_ocsp_choose(req, responders, count)];
}

/* rule 72 */
static enum pki_status
set_times(const struct desk *desk, const struct identity_share *share, pki_time now,
	pki_time updates[2], struct pki_err *err)
{
	pki_time end = pki_cert_not_after(share->cert);
	updates[0] = now;
	updates[1] = now + desk->authority->conf->ocsp->lifetime;
	if (updates[1] > end)
		updates[1] = end;
	if (updates[1] <= updates[0])
		return pki_fail(
			err, PKI_UNAVAILABLE, "the responder's certificate has expired");
	return PKI_OK;
}

static enum pki_status
sign(struct desk *desk, const struct pki_ocsp_request *req,
	const struct pki_ocsp_single *answers, pki_time now, struct pki_buf *body,
	pki_time updates[2], struct pki_err *err)
{
	PKI_TRY(take_shares(desk, err));
	const struct identity_share *share = choose(desk, req);
	PKI_TRY(set_times(desk, share, now, updates, err));
	const struct pki_ocsp_content content = { answers, updates[0], updates[1] };
	return pki_ocsp_respond(share->responder, req, &content, body, err);
}

enum pki_status
answer_sign(struct desk *desk, const struct pki_ocsp_request *req,
	const struct pki_ocsp_single *status, struct pki_buf *body, pki_time updates[2],
	struct pki_err *err)
{
	return sign(desk, req, status, pki_time_now(), body, updates, err);
}

/* The authority that all of the request is about; NULL: none (rule 62). */
static struct desk *
find_desk(struct worker *worker, const struct pki_ocsp_request *req, struct pki_err *err)
{
	size_t count = pki_ocsp_request_count(req);
	for (size_t a = 0; a < worker->daemon->authority_count; a++) {
		struct desk *desk = &worker->desks[a];
		size_t i = 0;
		if (atomic_load(&desk->authority->ended))
			continue;
		if (take_shares(desk, err) != PKI_OK)
			return NULL;
		while (i < count && pki_ocsp_is_ours(desk->shares[0].responder, req, i))
			i++;
		if (i == count)
			return desk;
	}
	(void)!pki_refuse(
		err, PKI_RULE_OCSP_UNAUTHORIZED, "a certificate of another issuer");
	return NULL;
}

static bool
same_answer(const struct pki_ocsp_single *a, const struct pki_ocsp_single *b)
{
	return a->status == b->status && a->revoked_at == b->revoked_at &&
	       a->reason == b->reason;
}

static enum pki_status
make_ready(struct worker *worker, struct desk *desk, struct pki_bytes der,
	const struct pki_ocsp_request *req, const struct pki_ocsp_single *status,
	pki_time now, struct ready **out, struct pki_err *err)
{
	PKI_CLEANUP(ready_cleanup) struct ready *ready = ready_new(der, err);
	PKI_CLEANUP(pki_buf_free) struct pki_buf body = { 0 };
	pki_time updates[2];
	if (ready == NULL)
		return err->status;
	PKI_TRY(sign(desk, req, status, now, &body, updates, err));
	count_signature(worker->cells);
	const struct identity_share *share = choose(desk, req);
	ready->signer = share->of;
	ready->generation = share->generation;
	pki_time keep = (updates[1] - updates[0]) / KEEP_SHARE;
	ready->authority = (size_t)(desk - worker->desks);
	ready->status = *status;
	ready->this_update = updates[0];
	ready->next_update = updates[1];
	ready->keep_until = now + (keep < KEEP_SECONDS ? keep : KEEP_SECONDS);
	PKI_TRY(http_make_ready(ready, pki_buf_bytes(&body), err));
	*out = ready;
	ready = NULL;
	return PKI_OK;
}

/* Also, by the certificate in force: the one before may be revoked. */
static bool
is_fresh(const struct ready *ready, pki_time now)
{
	return now >= ready->this_update && now < ready->keep_until &&
	       identity_is_current(ready->signer, ready->generation);
}

/* found may be what the ledger said before a commit: the same still, or to be replaced. */
static enum pki_status
answer_shared(struct worker *worker, struct desk *desk, struct pki_bytes der,
	const struct pki_ocsp_request *req, struct ready *found, pki_time now,
	struct answer *out, struct pki_err *err)
{
	struct pki_ocsp_single status;
	PKI_TRY(look_up(desk, pki_ocsp_request_serial(req, 0), &status, err));
	note_unissued(worker, desk->authority, &status);
	if (found != NULL && same_answer(&found->status, &status) &&
		is_fresh(found, now)) {
		atomic_fetch_add(&found->owners, 1);
		out->ready = found;
	} else {
		PKI_TRY(make_ready(
			worker, desk, der, req, &status, now, &out->ready, err));
	}
	out->status = status.status;
	cache_put(worker->daemon->cache, out->ready, desk->at);
	return PKI_OK;
}

static enum pki_status
answer_alone(struct worker *worker, struct desk *desk, const struct pki_ocsp_request *req,
	pki_time now, struct answer *out, struct pki_err *err)
{
	struct pki_ocsp_single answers[PKI_OCSP_CERTIDS_MAX] = { 0 };
	pki_time updates[2];
	for (size_t i = 0; i < pki_ocsp_request_count(req); i++) {
		PKI_TRY(look_up(desk, pki_ocsp_request_serial(req, i), &answers[i], err));
		note_unissued(worker, desk->authority, &answers[i]);
	}
	out->status = answers[0].status;
	PKI_TRY(sign(desk, req, answers, now, &out->body, updates, err));
	count_signature(worker->cells);
	return PKI_OK;
}

static enum pki_status
answer_request(struct worker *worker, struct pki_bytes der,
	const struct pki_ocsp_request *req, struct ready *found, pki_time now,
	struct answer *out, struct pki_err *err)
{
	struct desk *desk = find_desk(worker, req, err);
	if (desk == NULL)
		return err->status;
	PKI_TRY(look(desk, now, err));
	if (pki_ocsp_request_nonce(req).len == 0 && pki_ocsp_request_count(req) == 1 &&
		der.len <= KEY_MAX)
		return answer_shared(worker, desk, der, req, found, now, out, err);
	return answer_alone(worker, desk, req, now, out, err);
}

/*
 * Is what is ready still so? While the ledger cannot be read, what was revoked stays
 * revoked (rule 58) until its nextUpdate; nothing stays good.
 */
static bool
still_true(struct worker *worker, const struct ready *found, uint64_t at, pki_time now)
{
	struct desk *desk = &worker->desks[found->authority];
	struct pki_err err = { 0 };
	if (look(desk, now, &err) != PKI_OK)
		return found->status.status == PKI_OCSP_REVOKED &&
		       now >= found->this_update &&
		       now < found->next_update - found->max_age;
	return at == desk->at && is_fresh(found, now);
}

enum pki_status
answer_make(struct worker *worker, struct pki_bytes der, struct answer *out,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_ocsp_request_cleanup) struct pki_ocsp_request *req = NULL;
	uint64_t at = 0;
	pki_time now = pki_time_now();
	PKI_CLEANUP(ready_cleanup)
	struct ready *found =
		der.len <= KEY_MAX ? cache_find(worker->daemon->cache, der, &at) : NULL;
	if (found != NULL)
		pki_http_ready_fetch(found->http);
	if (found != NULL && still_true(worker, found, at, now)) {
		out->status = found->status.status;
		note_unissued(worker, worker->desks[found->authority].authority,
			&found->status);
		out->ready = found;
		found = NULL;
		return PKI_OK;
	}
	PKI_TRY(pki_ocsp_request_parse(der, &req, err));
	enum pki_status status = answer_request(worker, der, req, found, now, out, err);
	/* a good request: whatever is wrong with the ledger or the certificate, it is not
	 * that */
	if (status != PKI_OK && err->rule != PKI_RULE_OCSP_UNAUTHORIZED)
		status = err->status = PKI_UNAVAILABLE;
	return status;
}

void
answer_free(struct answer *answer)
{
	ready_free(answer->ready);
	pki_buf_free(&answer->body);
}
