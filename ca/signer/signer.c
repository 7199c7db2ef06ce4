#include "ca/signer/signer.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "ca/custody.h"
#include "ca/signer/signer_clock_priv.h"
#include "ca/signer/signer_crl_priv.h"
#include "ca/signer/signer_history_priv.h"
#include "ca/signer/signer_load_priv.h"
#include "ca/signer/signer_orders_priv.h"
#include "ca/signer/signer_priv.h"
#include "ca/signer/signer_quorum_priv.h"
#include "ca/signer/signer_records_priv.h"
#include "libpki/host/conf_ca.h"
#include "libpki/host/conf_log.h"
#include "libpki/host/sandbox.h"

/* Larger allocations are mappings of their own. */
#define LARGE (1 << 20)

static const signer_op ops[] = {
	[IPC_NOW] = signer_tell_now,
	[IPC_DECIDE] = signer_decide,
	[IPC_SIGN] = signer_sign,
	[IPC_CUTOFF] = signer_cutoff,
	[IPC_ENTRIES] = signer_entries,
	[IPC_EXPIRED] = signer_expired,
	[IPC_CRL] = signer_crl,
	[IPC_CHECKPOINT] = signer_checkpoint,
	[IPC_FORGET] = signer_forget,
	[IPC_COSIGNED] = signer_cosigned,
	[IPC_SEAL] = signer_seal,
	[IPC_LAST_CRL] = signer_last_crl,
	[IPC_HISTORY_FROM] = signer_history_from,
	[IPC_HISTORY] = signer_history,
	[IPC_SERVE] = signer_serve,
	[IPC_REPLY] = NULL,
};

static enum pki_status
open_key(const char *uri, const struct pki_buf *secret, const struct pki_cert *cert,
	struct pki_key **out, struct pki_err *err)
{
	pki_err_object(err, "%s", uri);
	PKI_TRY(pki_key_open(uri, pki_buf_bytes(secret), out, err));
	if (cert != NULL && !pki_key_matches(*out, pki_cert_get0_key(cert)))
		return pki_fail(err, PKI_TAMPERED, "is not the key of its certificate");
	*err = (struct pki_err){ 0 };
	return PKI_OK;
}

/* IPC_START: what the front read in the ledger. */
struct start {
	struct pki_buf frame; /* holds ca and note */
	struct pki_bytes ca, note;
	pki_msec last_event;
	uint64_t alive;
};

static enum pki_status
receive_start(int fd, struct start *out, struct pki_err *err)
{
	enum ipc_type type;
	uint64_t last_event = 0;
	PKI_TRY(ipc_receive(fd, IPC_REQUEST_MAX, &out->frame, &type, err));
	if (type != IPC_START)
		return pki_fail(err, PKI_INPUT, "the front sent no IPC_START");
	struct pki_bytes fields = pki_buf_bytes(&out->frame);
	PKI_TRY(ipc_get(&fields, IPC_BYTES, &out->ca, err));
	PKI_TRY(ipc_get(&fields, IPC_BYTES, &out->note, err));
	PKI_TRY(ipc_get_number(&fields, &last_event, err));
	PKI_TRY(ipc_get_number(&fields, &out->alive, err));
	PKI_TRY(ipc_end(fields, err));
	if (last_event > (uint64_t)PKI_CRL_LAST * 1000)
		return pki_fail(err, PKI_INPUT, "a time that is not from 1970 to 9999");
	out->last_event = (pki_msec)last_event;
	return PKI_OK;
}

/* The signer continues the log from the last checkpoint, which this log key signed. */
static enum pki_status
load_checkpoint(struct signer_state *s, struct pki_bytes note, struct pki_err *err)
{
	PKI_TRY(pki_note_vkey(
		PKI_NOTE_LOG, s->conf->log->origin, s->log_key, &s->vkey, err));
	PKI_TRY(pki_checkpoint_open(
		note, (const char *)s->vkey.data, &s->tx.last.checkpoint, err));
	/* an upper bound: only the ledger knows the last entry with certificates */
	s->quorum.issued = s->tx.last.checkpoint.size;
	return PKI_OK;
}

static enum pki_status
open_keys(struct signer_state *s, const struct pki_args *args, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf secret = { 0 };
	char path[PATH_MAX];
	PKI_TRY(custody_secret(args, &secret, err));
	PKI_TRY(pki_conf_path(s->conf->publish, "seal.pem", path, err));
	PKI_TRY(pki_cert_read(path, &s->seal, err));
	/* an expired seal stops receipts, not revocations */
	PKI_TRY(pki_cert_verify(s->seal, s->ca, pki_cert_not_before(s->seal), err));
	PKI_TRY(open_key(s->conf->ca->ca_key, &secret, s->ca, &s->ca_key, err));
	PKI_TRY(open_key(s->conf->ca->seal_key, &secret, s->seal, &s->seal_key, err));
	return open_key(s->conf->ca->log_key, &secret, NULL, &s->log_key, err);
}

static enum pki_status
set_up(struct signer_state *s, const struct pki_args *args, const struct start *start,
	struct pki_err *err)
{
	PKI_TRY(pki_cert_parse(start->ca, &s->ca, err));
	PKI_TRY(open_keys(s, args, err));
	PKI_TRY(load_checkpoint(s, start->note, err));
	signer_clock_begin(s, start->last_event);
	if (s->ends && start->alive > 0)
		return pki_refuse(err, PKI_RULE_CRL_LAST,
			"certificates are valid: the CA does not end");
	return pki_cms_cache_new(&s->cache, err);
}

/* First calls of the library open files: they come before the sandbox. */
static enum pki_status
warm_up(struct signer_state *s, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf sig = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf cms = { 0 };
	static const char text[] = "self-test";
	struct pki_bytes data = { (const uint8_t *)text, sizeof text - 1 };
	struct pki_serial serial;
	PKI_TRY(pki_serial_random(&serial, err));
	PKI_TRY(pki_key_sign(s->ca_key, data.data, data.len, &sig, err));
	PKI_TRY(pki_key_verify(
		pki_cert_get0_key(s->ca), data.data, data.len, pki_buf_bytes(&sig), err));
	return pki_cms_seal(data, s->seal_key, s->seal, s->ca, &cms, err);
}

static enum pki_status
enter_sandbox(struct pki_err *err)
{
	/* only what is touched: whole libraries would count as this process's memory. Not
	 * everybody may lock; then swap must be encrypted. */
	(void)mlockall(MCL_CURRENT | MCL_ONFAULT);
	return pki_sandbox_enter(PKI_SANDBOX_SIGNER, NULL, NULL, err);
}

enum pki_status
signer_reply(struct signer_state *s, enum ipc_type type, struct pki_bytes fields,
	struct pki_err *err)
{
	struct pki_err own = { 0 };
	s->tail = (struct pki_bytes){ 0 };
	PKI_TRY(ipc_begin(&s->reply, IPC_REPLY, err));
	bool loads = type >= IPC_LAST_CRL && type <= IPC_SERVE;
	enum pki_status status =
		ops[type] == NULL ? pki_fail(&own, PKI_INPUT, "not a request")
		: loads == s->serving
			? pki_fail(&own, PKI_STATE,
				  "the last CRLs and log entries are loaded once, before all else")
			: ops[type](s, fields, &own);
	if (status == PKI_OK)
		return PKI_OK;
	s->tail = (struct pki_bytes){ 0 };
	PKI_TRY(ipc_begin(&s->reply, IPC_REPLY, err));
	return ipc_put(&s->reply, IPC_ERROR, &own, sizeof own, err);
}

static enum pki_status
serve_one(struct signer_state *s, int fd, struct pki_buf *frame, struct pki_err *err)
{
	enum ipc_type type;
	size_t max = s->serving ? IPC_REQUEST_MAX : IPC_REPLY_MAX;
	PKI_TRY(ipc_receive(fd, max, frame, &type, err));
	PKI_TRY(signer_reply(s, type, pki_buf_bytes(frame), err));
	PKI_TRY(ipc_send_tail(fd, &s->reply, s->tail, err));
	pki_crl_free(s->crl);
	s->crl = NULL;
	if (!s->serving)
		pki_buf_free(frame);
	return PKI_OK;
}

static enum pki_status
report(struct signer_state *s, int fd, const struct pki_err *result, struct pki_err *err)
{
	struct signer_ready ready = { .checkpoint = s->tx.last.checkpoint.size };
	PKI_TRY(ipc_begin(&s->reply, IPC_REPLY, err));
	if (result->status != PKI_OK)
		PKI_TRY(ipc_put(&s->reply, IPC_ERROR, result, sizeof *result, err));
	snprintf(ready.sandbox, sizeof ready.sandbox, "%s", pki_sandbox_text());
	if (s->vkey.len > 0 && s->vkey.len < sizeof ready.vkey)
		memcpy(ready.vkey, s->vkey.data, s->vkey.len);
	PKI_TRY(ipc_put(&s->reply, IPC_STRUCT, &ready, sizeof ready, err));
	return ipc_send(fd, &s->reply, err);
}

int
signer_main(const struct signer_setup *setup, int fd)
{
	/* too large for the stack, and as long-lived as the process */
	static struct signer_state s;
	s.conf = setup->conf;
	s.policy = setup->policy;
	s.ends = setup->purpose == SIGNER_ENDS;
	struct pki_err own = { 0 };
	struct start start = { .alive = 0 };
	enum pki_status status = receive_start(fd, &start, &own);
	if (status == PKI_OK)
		status = set_up(&s, setup->args, &start, &own);
	pki_buf_free(&start.frame);
	if (status == PKI_OK)
		status = warm_up(&s, &own);
	/* opening keys took scrypt's 16 MB; large blocks go back to the kernel when freed */
	mallopt(M_MMAP_THRESHOLD, LARGE);
	malloc_trim(0);
	if (status == PKI_OK)
		status = enter_sandbox(&own);
	if (report(&s, fd, &own, NULL) != PKI_OK || status != PKI_OK)
		return (int)PKI_UNAVAILABLE;
	PKI_CLEANUP(pki_buf_free) struct pki_buf frame = { 0 };
	while (status == PKI_OK)
		status = serve_one(&s, fd, &frame, NULL);
	return status == PKI_UNAVAILABLE ? 0 : (int)status;
}
