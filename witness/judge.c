#include "witness/judge.h"

#include <stdio.h>
#include <string.h>

#include "witness/monitor.h"

enum {
	OK = 200,
	FORBIDDEN = 403,
	NOT_FOUND = 404,
	CONFLICT = 409,
	UNPROCESSABLE = 422,
	FAILED = 500,
	UNAVAILABLE = 503,
};

/* Did a trusted key of this origin sign? *note: the text with only this signature. */
static unsigned
check_log(const struct witness *witness, const struct request *request,
	struct pki_buf *note, struct pki_err *err)
{
	const struct witness_conf *conf = witness->conf;
	struct pki_bytes text = { 0 };
	struct pki_err own = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf line = { 0 };
	for (size_t i = 0; i < conf->log_count; i++) {
		if (strcmp(conf->logs[i].origin, request->checkpoint.origin) != 0)
			continue;
		own = (struct pki_err){ 0 };
		if (pki_note_pick(request->note, PKI_NOTE_LOG, conf->logs[i].vkey, &line,
			    NULL, &own) == PKI_OK)
			break;
	}
	if (line.len == 0 && own.status == PKI_OK) {
		(void)pki_fail_rule(err, PKI_NOTFOUND, PKI_RULE_WITNESS,
			"this witness knows no such log");
		return NOT_FOUND;
	}
	if (line.len == 0) {
		(void)pki_err_move(err, &own);
		return FORBIDDEN;
	}
	if (pki_note_text(request->note, &text, err) != PKI_OK ||
		pki_buf_append(note, text.data, text.len, err) != PKI_OK ||
		pki_buf_append(note, "\n", 1, err) != PKI_OK ||
		pki_buf_append(note, line.data, line.len, err) != PKI_OK)
		return FAILED;
	return OK;
}

static unsigned
conflict(uint64_t size, struct pki_buf *body, struct pki_err *err)
{
	if (pki_buf_printf(body, err, "%ju\n", (uintmax_t)size) != PKI_OK)
		return FAILED;
	return CONFLICT;
}

/* Two trees of one size, both with the log's signature: proof that the log cheats. The proof is
 * kept. */
static unsigned
forked(const struct witness *witness, const struct request *request,
	struct pki_bytes note, struct pki_buf *body, struct pki_err *err)
{
	if (request->old > 0 &&
		state_keep_fork(witness, request->checkpoint.origin, note, err) != PKI_OK)
		return FAILED;
	return conflict(request->old, body, err);
}

static unsigned
check_tree(const struct witness *witness, const struct request *request,
	struct pki_bytes note, struct pki_buf *body, struct pki_err *err)
{
	struct pki_checkpoint latest;
	const struct pki_checkpoint *cp = &request->checkpoint;
	pki_time at;
	if (state_latest(witness, cp->origin, &latest, &at, err) != PKI_OK)
		return FAILED;
	if (request->old != latest.size)
		return conflict(latest.size, body, err);
	if (cp->size == latest.size &&
		memcmp(&cp->root, &latest.root, sizeof cp->root) != 0)
		return forked(witness, request, note, body, err);
	if (pki_merkle_check_consistency(latest.size, &latest.root, cp->size, &cp->root,
		    &request->proof, err) != PKI_OK)
		return UNPROCESSABLE;
	return OK;
}

static unsigned
cosign(struct witness *witness, const struct pki_checkpoint *cp, struct pki_buf *note,
	struct pki_buf *line, struct pki_err *err)
{
	pki_time now = witness->now(); /* with the lock held */
	if (now < witness->last) {
		(void)pki_fail_rule(err, PKI_CLOCK, PKI_RULE_CLOCK,
			"the clock is behind the last cosignature");
		return UNAVAILABLE;
	}
	if (pki_checkpoint_cosign(pki_buf_bytes(note), witness->conf->name, witness->key,
		    now, line, err) != PKI_OK ||
		pki_buf_append(note, line->data, line->len, err) != PKI_OK ||
		state_keep(witness, cp->origin, pki_buf_bytes(note), err) != PKI_OK)
		return FAILED;
	witness->last = now;
	monitor_log(witness, cp->origin, cp->size, now);
	return OK;
}

unsigned
judge_checkpoint(struct witness *witness, const struct request *request,
	struct pki_buf *body, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf note = { 0 };
	unsigned code = check_log(witness, request, &note, err);
	if (code != OK)
		return code;
	pthread_mutex_lock(&witness->lock);
	code = check_tree(witness, request, pki_buf_bytes(&note), body, err);
	if (code == OK)
		code = cosign(witness, &request->checkpoint, &note, body, err);
	if (code == OK || code >= FAILED)
		witness->failing = code != OK;
	pthread_mutex_unlock(&witness->lock);
	if (code >= FAILED)
		pki_buf_reset(body);
	return code;
}
