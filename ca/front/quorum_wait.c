#include "ca/front/quorum_wait.h"

#include <stdio.h>
#include <string.h>

#include "ca/front/reply.h"
#include "libpki/base/file.h"
#include "libpki/host/conf_ca.h"
#include "libpki/host/conf_log.h"
#include "libpki/state/log.h"

/* The longest wait of an order for a certificate. Healthy witnesses need a second. */
#define HOLD_MSEC 5000

enum pki_status
quorum_begin(struct writer *w, struct pki_err *err)
{
	w->quorum.issued = w->signer->ready.checkpoint;
	w->closed = pki_monotonic_msec();
	pki_report_init(&w->witness_report, "pki-ca", NULL);
	if (pthread_mutex_init(&w->quorum_lock, NULL) != 0)
		return pki_fail(err, PKI_INTERNAL, "a lock");
	return queue_init(&w->held, (size_t)w->conf->ca->queue, err);
}

static enum pki_status
check(struct writer *w, struct pki_err *err)
{
	return quorum_check(&w->quorum, w->conf, w->policy, err);
}

bool
quorum_open(struct writer *w)
{
	return check(w, NULL) == PKI_OK;
}

/* Sends a cosigned checkpoint to the signer, which checks the cosignatures. */
static enum pki_status
offer(struct writer *w, struct pki_bytes note, uint64_t size, struct pki_err *err)
{
	struct pki_merkle_source source = pki_log_source(w->ledger);
	struct pki_proof proof = { .count = 0 };
	struct pki_bytes reply;
	uint64_t cosigned[PKI_WITNESSES_MAX];
	PKI_TRY(pki_merkle_consistency(size, w->checkpoint, &source, &proof, err));
	PKI_TRY(ipc_begin(&w->signer->buf, IPC_COSIGNED, err));
	PKI_TRY(ipc_put(&w->signer->buf, IPC_BYTES, note.data, note.len, err));
	PKI_TRY(ipc_put_proof(&w->signer->buf, &proof, err));
	PKI_TRY(channel_call(w->signer, &reply, err));
	PKI_TRY(ipc_get_struct(&reply, cosigned, sizeof cosigned, err));
	pthread_mutex_lock(&w->quorum_lock);
	memcpy(w->quorum.cosigned, cosigned, sizeof cosigned);
	pthread_mutex_unlock(&w->quorum_lock);
	return PKI_OK;
}

static enum pki_status
look_at(struct writer *w, size_t witness, struct pki_err *err)
{
	char path[PATH_MAX];
	struct pki_checkpoint cp;
	PKI_CLEANUP(pki_buf_free) struct pki_buf note = { 0 };
	PKI_TRY(pki_conf_witness_path(w->conf, witness, path, err));
	if (!pki_file_exists(path))
		return PKI_OK;
	pki_err_object(err, "%s", path);
	PKI_TRY(pki_file_read(path, PKI_NOTE_MAX, &note, err));
	PKI_TRY(pki_checkpoint_parse(pki_buf_bytes(&note), &cp, err));
	if (cp.size <= w->quorum.cosigned[witness] || cp.size > w->checkpoint)
		return PKI_OK;
	PKI_TRY(offer(w, pki_buf_bytes(&note), cp.size, err));
	if (w->quorum.cosigned[witness] < cp.size)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_COSIGNATURE,
			"is no cosignature of %s", w->conf->log->witnesses[witness].name);
	return PKI_OK;
}

void
quorum_look(struct writer *w)
{
	struct pki_err first = { 0 };
	for (size_t i = 0; i < w->conf->log->witness_count; i++) {
		struct pki_err own = { 0 };
		if (look_at(w, i, &own) != PKI_OK)
			(void)pki_err_move(&first, &own);
	}
	if (first.status != PKI_OK)
		pki_report_trouble(&w->witness_report, &first);
	else
		pki_report_end(&w->witness_report);
}

static bool
concerned(const struct writer *w, const struct job *job)
{
	for (size_t i = 0; i < job->facts.cert_count; i++)
		if (quorum_concerns(
			    pki_policy_profile(w->policy, job->facts.certs[i].profile)))
			return true;
	return false;
}

static bool
late(const struct writer *w)
{
	return pki_monotonic_msec() >= w->closed + HOLD_MSEC;
}

void
quorum_hold(struct writer *w, struct job *job)
{
	if (!concerned(w, job) || quorum_open(w))
		return;
	if (late(w)) {
		pki_err_object(&job->err, "%s", job->facts.order.id);
		(void)check(w, &job->err);
	} else {
		job->waits = job->held = true;
	}
}

void
quorum_expire(struct writer *w)
{
	struct pki_err own = { 0 };
	struct job *job;
	if (queue_closed(w->queue))
		(void)pki_fail(
			&own, PKI_UNAVAILABLE, "pki-ca is stopping; try again later");
	else if (!late(w) || check(w, &own) == PKI_OK)
		return;
	while (queue_take(&w->held, &job, 1, 0) == 1) {
		reply_send(job->req, NULL, &own);
		job_free(job);
	}
}

void
quorum_signed(struct writer *w)
{
	pthread_mutex_lock(&w->quorum_lock);
	w->quorum.issuing = true;
	pthread_mutex_unlock(&w->quorum_lock);
}

void
quorum_committed(struct writer *w, uint64_t size)
{
	if (!w->quorum.issuing)
		return;
	w->closed = pki_monotonic_msec();
	pthread_mutex_lock(&w->quorum_lock);
	w->quorum.issuing = false;
	w->quorum.issued = size;
	pthread_mutex_unlock(&w->quorum_lock);
}

struct pki_json
quorum_json(struct writer *w)
{
	struct pki_err own = { 0 };
	struct pki_json json = pki_json_object();
	pthread_mutex_lock(&w->quorum_lock);
	struct quorum quorum = w->quorum;
	pthread_mutex_unlock(&w->quorum_lock);
	bool open = quorum_check(&quorum, w->conf, w->policy, &own) == PKI_OK;
	pki_json_number(&json, "needed", w->policy->witnesses);
	pki_json_number(&json, "configured", (int64_t)w->conf->log->witness_count);
	pki_json_number(
		&json, "cosigned", (int64_t)quorum_covered(&quorum, w->conf, w->policy));
	pki_json_number(&json, "issued", (int64_t)quorum.issued);
	pki_json_number(&json, "waiting", (int64_t)queue_waiting(&w->held));
	pki_json_bool(&json, "issuing", open);
	pki_json_text(&json, "message", own.msg);
	return json;
}
