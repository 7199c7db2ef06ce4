#include "ca/front/writer.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "ca/clock.h"
#include "ca/front/ledger_rules.h"
#include "ca/front/metrics.h"
#include "ca/front/order_reply.h"
#include "ca/front/quorum_wait.h"
#include "ca/front/receipt.h"
#include "ca/front/reply.h"
#include "ca/front/write_crl.h"
#include "ca/front/write_order.h"
#include "ca/front/write_records.h"

/* The pause between looks for cosignatures while orders wait for witnesses. */
#define LOOK_MSEC 50

struct batch {
	struct job *jobs[IPC_BATCH_MAX];
	size_t count;
};

/* False for the errors of one request; true for errors of the machine, which end the
 * batch. */
static bool
concerns_all(enum pki_status status)
{
	switch (status) {
	case PKI_OK:
	case PKI_USAGE:
	case PKI_INPUT:
	case PKI_LIMIT:
	case PKI_REFUSED:
	case PKI_OFFICER:
	case PKI_NOTFOUND:
	case PKI_STATE:
		return false;
	case PKI_INTERNAL:
	case PKI_CONFIG:
	case PKI_IO:
	case PKI_SECRET:
	case PKI_CLOCK:
	case PKI_VERSION:
	case PKI_LOCKED:
	case PKI_FULL:
	case PKI_UNAVAILABLE:
	case PKI_BUSY:
	case PKI_TAMPERED:
	case PKI_MEMORY:
	case PKI_UNKNOWN:
		return true;
	}
	return true;
}

static bool
to_sign(const struct job *job)
{
	return job->kind == JOB_ORDER && job->err.status == PKI_OK && !job->waits &&
	       job->facts.cert_count > 0;
}

/* rule 209: the signer judges the clock, after its decision, which dated the certificates. */
static enum pki_status
ask_time(struct writer *w, struct pki_err *err)
{
	struct pki_bytes reply;
	uint64_t now = 0, wall = 0;
	PKI_TRY(ipc_begin(&w->signer->buf, IPC_NOW, err));
	PKI_TRY(channel_call(w->signer, &reply, err));
	PKI_TRY(ipc_get_number(&reply, &now, err));
	PKI_TRY(ipc_get_number(&reply, &wall, err));
	w->now = (pki_msec)now;
	w->clock = (pki_msec)wall;
	return ipc_end(reply, err);
}

/* What is carried out although the clock is not plausible. */
static bool
goes_on(const struct job *job)
{
	switch (job->kind) {
	case JOB_ORDER:
		return job->facts.order.action == PKI_ACTION_REVOKE;
	case JOB_REPLY:
	case JOB_RECEIPT:
	case JOB_CRL:
	case JOB_PUBLISHED:
	case JOB_ROOT_CRL:
		return true;
	case JOB_EVENT:
	case JOB_PARTITIONS:
	case JOB_LAST_CRLS:
		return false;
	}
	return false;
}

static void
refuse_by_clock(struct writer *w, struct batch *b)
{
	for (size_t i = 0; i < b->count; i++) {
		struct job *job = b->jobs[i];
		job->any_time = w->clock != 0;
		if (w->clock != 0 && job->err.status == PKI_OK && !goes_on(job))
			(void)!clock_implausible(w->now, w->clock, &job->err);
	}
}

static enum pki_status
decide(struct writer *w, struct batch *b, struct pki_err *err)
{
	struct pki_bytes reply;
	size_t orders = 0;
	PKI_TRY(ipc_begin(&w->signer->buf, IPC_DECIDE, err));
	for (size_t i = 0; i < b->count; i++) {
		struct job *job = b->jobs[i];
		if (job->kind != JOB_ORDER)
			continue;
		PKI_TRY(ipc_put(
			&w->signer->buf, IPC_BYTES, job->body.data, job->body.len, err));
		orders++;
	}
	if (orders == 0)
		return PKI_OK;
	PKI_TRY(channel_call(w->signer, &reply, err));
	for (size_t i = 0; i < b->count; i++) {
		struct job *job = b->jobs[i];
		struct pki_bytes invitation;
		if (job->kind != JOB_ORDER)
			continue;
		PKI_TRY(ipc_get_struct(&reply, &job->facts, sizeof job->facts, err));
		if (ipc_get(&reply, IPC_BYTES, &invitation, &job->err) == PKI_OK)
			PKI_TRY(pki_buf_append(&job->facts.invitation.cms,
				invitation.data, invitation.len, err));
	}
	return ipc_end(reply, err);
}

static void
hold(struct writer *w, struct batch *b)
{
	for (size_t i = 0; i < b->count; i++)
		if (to_sign(b->jobs[i]))
			quorum_hold(w, b->jobs[i]);
}

/* An order that depends on an earlier order of the batch waits for the next batch. */
static void
separate(struct batch *b)
{
	for (size_t i = 0; i < b->count; i++) {
		struct job *job = b->jobs[i];
		for (size_t k = 0; k < i && job->kind == JOB_ORDER && !job->waits; k++)
			job->waits =
				b->jobs[k]->kind == JOB_ORDER && !b->jobs[k]->held &&
				b->jobs[k]->err.status == PKI_OK &&
				ledger_rules_conflict(&b->jobs[k]->facts, &job->facts);
	}
}

static enum pki_status
check_ledger_rules(struct writer *w, struct batch *b, struct pki_err *err)
{
	for (size_t i = 0; i < b->count; i++) {
		struct job *job = b->jobs[i];
		if (job->kind != JOB_ORDER || job->waits || job->err.status != PKI_OK)
			continue;
		enum pki_status status = ledger_rules_check(
			w->ledger, w->policy, w->ca, w->now, job, &job->err);
		if (concerns_all(status)) {
			*err = job->err;
			return status;
		}
	}
	return PKI_OK;
}

static enum pki_status
sign(struct writer *w, struct batch *b, struct pki_err *err)
{
	uint64_t mask = 0;
	size_t n = 0;
	struct pki_bytes reply, der;
	for (size_t i = 0; i < b->count; i++)
		if (b->jobs[i]->kind == JOB_ORDER)
			mask |= (uint64_t)to_sign(b->jobs[i]) << n++;
	if (mask == 0)
		return PKI_OK;
	PKI_TRY(ipc_begin(&w->signer->buf, IPC_SIGN, err));
	PKI_TRY(ipc_put_number(&w->signer->buf, mask, err));
	PKI_TRY(channel_call(w->signer, &reply, err));
	for (size_t i = 0; i < b->count; i++) {
		struct job *job = b->jobs[i];
		if (!to_sign(job))
			continue;
		for (size_t c = 0; c < job->facts.cert_count && job->err.status == PKI_OK;
			c++)
			if (ipc_get(&reply, IPC_BYTES, &der, &job->err) == PKI_OK)
				PKI_TRY(pki_buf_append(&job->facts.certs[c].der, der.data,
					der.len, err));
		w->signing += job->err.status != PKI_BUSY;
	}
	if (w->signing > 0)
		quorum_signed(w);
	return ipc_end(reply, err);
}

/* Digests and serials only: a refused order may hold anything. */
static enum pki_status
log_refusal(struct writer *w, struct job *job, struct pki_err *err)
{
	char digest[PKI_SHA256_HEX];
	const struct facts *facts = &job->facts;
	enum pki_rule rule = job->err.rule;
	struct pki_json detail = pki_json_object(), officers = pki_json_array();
	pki_hex_encode(facts->order.digest, sizeof facts->order.digest, digest);
	for (size_t i = 0; i < facts->officer_count; i++)
		pki_json_append_serial(&officers, &facts->officers[i]);
	pki_json_text(&detail, "order", facts->order.id);
	pki_json_text(&detail, "order_digest", digest);
	pki_json_text(&detail, "status", pki_status_name(job->err.status));
	pki_json_text(
		&detail, "rule", rule == PKI_RULE_NONE ? "" : pki_rule_info(rule)->name);
	pki_json_nest(&detail, "officers", &officers);
	return write_log(w, job,
		(struct pki_event){ .type = "order-refused", .actor = "" }, &detail, err);
}

static enum pki_status
write_one(struct writer *w, struct job *job, struct pki_err *err)
{
	switch (job->kind) {
	case JOB_ORDER:
		return write_order(w, job, err);
	case JOB_EVENT:
		return write_event(w, job, err);
	case JOB_CRL:
		return write_crl(w, job, err);
	case JOB_PUBLISHED:
		return write_published(w, job, err);
	case JOB_ROOT_CRL:
		return write_root_crl(w, job, err);
	case JOB_PARTITIONS:
		return write_partitions(w, job, err);
	case JOB_LAST_CRLS:
		return write_last_crls(w, job, err);
	case JOB_REPLY:
	case JOB_RECEIPT:
		return PKI_OK;
	}
	return PKI_OK;
}

/* Writes a request within a mark. A refused order leaves only the event of the
 * refusal; an order whose signatures do not verify leaves nothing, because anybody can make
 * such an order. */
static enum pki_status
write_marked(struct writer *w, struct job *job, struct pki_err *err)
{
	if (job->err.status == PKI_OK) {
		PKI_TRY(pki_ledger_mark(w->ledger, err));
		enum pki_status status = write_one(w, job, &job->err);
		if (status == PKI_OK)
			return pki_ledger_keep(w->ledger, err);
		pki_ledger_undo(w->ledger);
		job->logged = false;
		if (concerns_all(status)) {
			*err = job->err;
			return status;
		}
	}
	/* after BUSY, or with a right clock, the client may send the order again */
	if (job->kind != JOB_ORDER || job->err.status == PKI_BUSY || w->clock != 0)
		return PKI_OK;
	if (job->facts.officer_count > 0)
		return log_refusal(w, job, err);
	metrics_refused(w->metrics, METRICS_WRITER, METRICS_SIGNATURE);
	return PKI_OK;
}

/* CRLs come last, so that a CRL lists the batch's revocations. */
static enum pki_status
write_all(struct writer *w, struct batch *b, struct pki_err *err)
{
	for (int crls = 0; crls < 2; crls++)
		for (size_t i = 0; i < b->count; i++) {
			struct job *job = b->jobs[i];
			if (!job->waits && (job->kind == JOB_CRL) == (crls == 1))
				PKI_TRY(write_marked(w, job, err));
		}
	return PKI_OK;
}

static enum pki_status
sign_checkpoint(struct writer *w, uint64_t size, struct pki_err *err)
{
	struct pki_merkle_source source = pki_log_source(w->ledger);
	struct pki_proof proof = { .count = 0 };
	struct pki_hash root;
	struct pki_bytes note;
	PKI_TRY(pki_log_root(w->ledger, size, &root, err));
	if (w->checkpoint > 0)
		PKI_TRY(pki_merkle_consistency(
			w->checkpoint, size, &source, &proof, err));
	PKI_TRY(ipc_begin(&w->signer->buf, IPC_CHECKPOINT, err));
	PKI_TRY(ipc_put_number(&w->signer->buf, size, err));
	PKI_TRY(ipc_put(
		&w->signer->buf, IPC_BYTES, root.octets, sizeof root.octets, err));
	PKI_TRY(ipc_put_proof(&w->signer->buf, &proof, err));
	PKI_TRY(channel_call(w->signer, &note, err));
	PKI_TRY(ipc_get(&note, IPC_BYTES, &note, err));
	return pki_ledger_add_checkpoint(w->ledger, size, note, err);
}

/* Logs that the signer signed certificates for failed batches. Nobody received the
 * certificates. */
static enum pki_status
log_lost(struct writer *w, struct pki_err *err)
{
	if (w->lost == 0 || w->clock != 0)
		return PKI_OK;
	struct job own = { .kind = JOB_EVENT };
	struct pki_json detail = pki_json_object();
	pki_json_number(&detail, "orders", (int64_t)w->lost);
	return write_log(w, &own,
		(struct pki_event){ .type = "issuing-failed", .actor = "" }, &detail,
		err);
}

static enum pki_status
transact(struct writer *w, struct batch *b, struct pki_err *err)
{
	uint64_t size = 0;
	PKI_TRY(check_ledger_rules(w, b, err));
	PKI_TRY(sign(w, b, err));
	PKI_TRY(log_lost(w, err));
	PKI_TRY(write_all(w, b, err));
	PKI_TRY(pki_ledger_entry_count(w->ledger, &size, err));
	if (size > w->checkpoint)
		PKI_TRY(sign_checkpoint(w, size, err));
	PKI_TRY(pki_ledger_commit(w->ledger, err));
	if (size > w->checkpoint)
		quorum_committed(w, size);
	if (w->clock == 0)
		w->lost = 0;
	w->checkpoint = size;
	w->sent = w->pending;
	return PKI_OK;
}

/* Makes the signer forget the signatures for an uncommitted batch. */
static void
forget(struct writer *w)
{
	struct pki_err own = { 0 };
	struct pki_bytes reply;
	if (ipc_begin(&w->signer->buf, IPC_FORGET, &own) == PKI_OK &&
		ipc_put_number(&w->signer->buf, w->checkpoint, &own) == PKI_OK &&
		channel_call(w->signer, &reply, &own) == PKI_OK)
		return;
	fprintf(stderr, "pki-ca: %s\n", own.msg);
}

static enum pki_status
carry_out(struct writer *w, struct batch *b, struct pki_err *err)
{
	PKI_TRY(decide(w, b, err));
	PKI_TRY(ask_time(w, err));
	refuse_by_clock(w, b);
	w->signing = 0;
	hold(w, b);
	separate(b);
	PKI_TRY(pki_ledger_begin(w->ledger, err));
	enum pki_status status = transact(w, b, err);
	if (status != PKI_OK) {
		pki_ledger_rollback(w->ledger);
		w->pending = w->sent;
		w->lost += w->signing;
		forget(w);
	}
	return status;
}

static enum pki_status
read_reply(struct writer *w, struct job *job, struct pki_err *err)
{
	struct pki_order_row row = { 0 };
	PKI_TRY(pki_ledger_order(w->ledger, job->order, &row, NULL, err));
	enum pki_status status = order_reply_read(w->ledger, &row, &job->reply, err);
	pki_order_row_free(&row);
	return status;
}

static enum pki_status
add_receipt(struct writer *w, struct job *job, const char *order, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf receipt = { 0 };
	PKI_TRY(receipt_read(w, order, &receipt, err));
	pki_json_text(&job->reply, "receipt", (const char *)receipt.data);
	return PKI_OK;
}

/* Completes the reply after the commit: the order's log index, and the receipt of a
 * revocation. */
static enum pki_status
complete_order(struct writer *w, struct job *job)
{
	struct pki_err own = { 0 };
	order_reply_add_log(&job->reply, job->index, w->checkpoint);
	if (job->facts.order.action != PKI_ACTION_REVOKE)
		return PKI_OK;
	if (add_receipt(w, job, job->facts.order.id, &own) == PKI_OK)
		return PKI_OK;
	/* the revocation is committed; the client can request the receipt later */
	pki_report_error("pki-ca", &own);
	pki_json_null(&job->reply, "receipt");
	return PKI_OK;
}

static enum pki_status
complete(struct writer *w, struct job *job, struct pki_err *err)
{
	switch (job->kind) {
	case JOB_ORDER:
		return complete_order(w, job);
	case JOB_REPLY:
		PKI_TRY(read_reply(w, job, err));
		return add_receipt(w, job, job->order, err);
	case JOB_RECEIPT:
		job->reply = pki_json_object();
		return add_receipt(w, job, job->order, err);
	case JOB_LAST_CRLS:
	case JOB_PARTITIONS:
	case JOB_EVENT:
	case JOB_CRL:
	case JOB_PUBLISHED:
	case JOB_ROOT_CRL:
		return PKI_OK;
	}
	return PKI_OK;
}

/* Keeps the job for the next batch, or until the witnesses have cosigned. */
static void
put_off(struct writer *w, struct job *job)
{
	bool held = job->held;
	job->waits = job->held = false;
	pki_order_row_free(&job->facts.invitation);
	job->facts = (struct facts){ 0 };
	job->err = (struct pki_err){ 0 };
	if (!held) {
		w->waiting[w->waiting_count++] = job;
	} else if (queue_push(&w->held, job, &job->err) != PKI_OK) {
		reply_send(job->req, NULL, &job->err);
		job_free(job);
	}
}

/* After a commit of which nobody knows whether it is on the disk, order(5): the order's
 * identifier is what the client can ask for. */
static void
tell_unknown(struct job *job, const struct pki_err *failure)
{
	job->err = (struct pki_err){ 0 };
	if (job->kind == JOB_ORDER && job->facts.order.id[0] != '\0')
		(void)pki_fail(&job->err, PKI_UNKNOWN,
			"the outcome is unknown (%.300s); ask GET /v1/orders/%s once pki-ca runs again",
			failure->msg, job->facts.order.id);
	else
		(void)pki_fail(&job->err, PKI_UNKNOWN,
			"the outcome is unknown (%.300s); ask once pki-ca runs again",
			failure->msg);
}

static void
answer(struct job *job)
{
	PKI_CLEANUP(reply_free) struct reply reply;
	reply_make(&job->reply, &job->err, &reply);
	reply_give(job->req, &reply);
	for (const struct job *j = job->joined; j != NULL; j = j->next)
		reply_give(j->req, &reply);
	job_free(job);
}

static void
finish(struct writer *w, struct batch *b, const struct pki_err *failure)
{
	for (size_t i = 0; i < b->count; i++) {
		struct job *job = b->jobs[i];
		if (job->waits && failure->status == PKI_OK) {
			put_off(w, job);
			continue;
		}
		if (failure->status == PKI_UNKNOWN)
			tell_unknown(job, failure);
		else if (failure->status != PKI_OK)
			job->err = *failure;
		else if (job->err.status == PKI_OK)
			(void)complete(w, job, &job->err);
		if (job->req != NULL)
			answer(job);
	}
	if (failure->status == PKI_OK && w->publisher != NULL)
		publisher_notify(w->publisher, w->checkpoint, !quorum_open(w));
}

static void
take(struct queue *queue, struct batch *b, long wait_msec)
{
	b->count += queue_take(
		queue, b->jobs + b->count, IPC_BATCH_MAX - b->count, wait_msec);
}

static void
fill(struct writer *w, struct batch *b)
{
	memcpy(b->jobs, w->waiting, w->waiting_count * sizeof b->jobs[0]);
	b->count = w->waiting_count;
	w->waiting_count = 0;
	if (!quorum_open(w))
		quorum_look(w);
	bool open = quorum_open(w);
	if (open)
		take(&w->held, b, 0);
	take(w->queue, b,
		b->count > 0           ? 0
		: open && w->lost == 0 ? PKI_WAIT_FOREVER
				       : LOOK_MSEC);
}

bool
writer_ended(struct writer *w)
{
	return atomic_load(&w->ended);
}

/* Before the first reply about it: who hears "unknown" asks next, and an answer from before
 * the disk was read again would be wrong. */
static void
end_if_failed(struct writer *w, const struct pki_err *failure)
{
	if (!pki_ledger_failed(w->ledger) || writer_ended(w))
		return;
	w->failure = *failure;
	if (w->failure.status == PKI_OK)
		(void)pki_fail(&w->failure, PKI_IO,
			"a write to the ledger's file failed; look at the disk, start pki-ca again");
	atomic_store(&w->ended, true);
	/* the signer ends, and its end wakes the main thread */
	shutdown(w->signer->fd, SHUT_RDWR);
}

static enum pki_status
refuse_ended(struct pki_err *err)
{
	return pki_fail(err, PKI_UNAVAILABLE,
		"pki-ca ends after a failed write, and carried out nothing of this; ask again once it runs");
}

/* Until the queue is closed. */
static void
refuse_rest(struct writer *w)
{
	while (!queue_closed(w->queue)) {
		struct batch b = { .count = w->waiting_count };
		struct pki_err own = { 0 };
		memcpy(b.jobs, w->waiting, w->waiting_count * sizeof b.jobs[0]);
		w->waiting_count = 0;
		take(&w->held, &b, 0);
		take(w->queue, &b, b.count > 0 ? 0 : PKI_WAIT_FOREVER);
		(void)!refuse_ended(&own);
		finish(w, &b, &own);
	}
}

void *
writer_run(void *arg)
{
	struct writer *w = arg;
	for (;;) {
		struct batch b = { .count = 0 };
		struct pki_err own = { 0 };
		if (writer_ended(w)) {
			refuse_rest(w);
			return NULL;
		}
		fill(w, &b);
		if (b.count > 0 || w->lost > 0) {
			(void)carry_out(w, &b, &own);
			end_if_failed(w, &own);
			finish(w, &b, &own);
		}
		quorum_expire(w);
		if (b.count == 0 && queue_closed(w->queue))
			return NULL;
	}
}

/* Carries out a job of the front; takes over input. */
static enum pki_status
one_job(struct writer *w, enum job_kind kind, json_t *input, struct pki_err *err)
{
	struct batch b = { .count = 1 };
	struct job *job = calloc(1, sizeof *job);
	if (job == NULL) {
		json_decref(input);
		return pki_fail(err, PKI_MEMORY, "a job of the front's own");
	}
	job->kind = kind;
	job->input = input;
	b.jobs[0] = job;
	enum pki_status status = carry_out(w, &b, err);
	finish(w, &b, err);
	if (status == PKI_OK && job->err.status != PKI_OK) {
		*err = job->err;
		status = err->status;
	}
	job_free(job);
	return status;
}

enum pki_status
writer_event(
	struct writer *w, const char *type, struct pki_json *detail, struct pki_err *err)
{
	struct pki_json event = pki_json_object();
	json_t *input = NULL;
	pki_json_text(&event, "source", "pki-ca");
	pki_json_text(&event, "type", type);
	pki_json_text(&event, "actor", "");
	if (detail != NULL)
		pki_json_nest(&event, "detail", detail);
	PKI_TRY(pki_json_take(&event, &input, err));
	return one_job(w, JOB_EVENT, input, err);
}

enum pki_status
writer_job(struct writer *w, enum job_kind kind, struct pki_err *err)
{
	return one_job(w, kind, NULL, err);
}
