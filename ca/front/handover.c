#include "ca/front/handover.h"

#include "libpki/state/log.h"

/* Octets of entries in a frame, about. */
#define HISTORY_FRAME ((size_t)1 << 20)

/* rule 55: the reason in full; the signer knows only the number of valid certificates */
static enum pki_status
refuse_end(const struct pki_ledger_alive *alive, struct pki_err *err)
{
	char serial[PKI_SERIAL_TEXT], end[PKI_TIME_TEXT];
	pki_serial_text(&alive->serial, serial);
	pki_time_format(alive->not_after, end);
	return pki_refuse(err, PKI_RULE_CRL_LAST,
		"%ju certificates have neither expired nor been revoked; wait or revoke them. The last to end is %s (%s), on %s",
		(uintmax_t)alive->count, serial, alive->profile, end);
}

static enum pki_status
put_state(struct pki_buf *frame, struct pki_ledger *ledger, struct pki_err *err)
{
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *ca = NULL;
	PKI_CLEANUP(pki_buf_free) struct pki_buf note = { 0 };
	pki_msec last_event = 0;
	PKI_TRY(pki_ledger_issuer(ledger, PKI_ISSUER_CA, &ca, err));
	PKI_TRY(pki_ledger_checkpoint(ledger, 0, &note, NULL, err));
	PKI_TRY(pki_ledger_last_event(ledger, &last_event, err));
	struct pki_bytes der = pki_cert_get0_der(ca);
	PKI_TRY(ipc_put(frame, IPC_BYTES, der.data, der.len, err));
	PKI_TRY(ipc_put(frame, IPC_BYTES, note.data, note.len, err));
	return ipc_put_number(frame, (uint64_t)last_event, err);
}

static enum pki_status
begin(struct channel *signer, enum signer_purpose purpose, struct pki_ledger *ledger,
	struct pki_err *err)
{
	struct pki_ledger_alive alive = { .count = 0 };
	struct pki_bytes reply;
	if (purpose == SIGNER_ENDS)
		PKI_TRY(pki_ledger_alive(
			ledger, PKI_ISSUER_CA, pki_time_now(), &alive, err));
	PKI_TRY(ipc_begin(&signer->buf, IPC_START, err));
	PKI_TRY(put_state(&signer->buf, ledger, err));
	PKI_TRY(ipc_put_number(&signer->buf, alive.count, err));
	PKI_TRY(channel_call(signer, &reply, err));
	struct pki_err own = { 0 };
	(void)!ipc_get_struct(&reply, &signer->ready, sizeof signer->ready, &own);
	if (own.rule == PKI_RULE_CRL_LAST && alive.count > 0)
		return refuse_end(&alive, err);
	return pki_err_move(err, &own);
}

/* Sends a request; the reply has no fields. */
static enum pki_status
call(struct channel *signer, struct pki_err *err)
{
	struct pki_bytes reply, field;
	PKI_TRY(channel_call(signer, &reply, err));
	return reply.len > 0 ? ipc_get(&reply, IPC_BYTES, &field, err) : PKI_OK;
}

/* Lowers *sent to the number of revocations that the partition's last CRL was built
 * from. */
static enum pki_status
send_crl(struct channel *signer, const struct signer_setup *setup,
	struct pki_ledger *ledger, unsigned partition, uint64_t *sent,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_crl_row_free) struct pki_crl_row head = { 0 };
	PKI_CLEANUP(pki_crl_row_free) struct pki_crl_row crl = { 0 };
	bool found = false;
	PKI_TRY(pki_ledger_last_crl(
		ledger, PKI_ISSUER_CA, (int)partition, &head, &found, err));
	if (!found) {
		*sent = 0;
		return PKI_OK;
	}
	PKI_TRY(pki_ledger_crl(ledger, PKI_ISSUER_CA, head.number, &crl, NULL, err));
	PKI_TRY(ipc_begin(&signer->buf, IPC_LAST_CRL, err));
	PKI_TRY(ipc_put_number(&signer->buf, partition, err));
	PKI_TRY(ipc_put_tail(&signer->buf, pki_buf_bytes(&crl.der), &signer->tail, err));
	PKI_TRY(call(signer, err));
	/* crl_keep is new: the ledger must send the expired certificates again */
	if (setup->conf->crl_keep && crl.cutoff != 0)
		crl.revocations = 0;
	if (crl.revocations < *sent)
		*sent = crl.revocations;
	return PKI_OK;
}

/* The first entry of the last IPC_HISTORY_MAX that is not older than the rules' longest age. */
static enum pki_status
history_start(struct pki_ledger *ledger, const struct pki_policy *policy, uint64_t size,
	uint64_t *out, struct pki_err *err)
{
	pki_msec from = pki_msec_now() - pki_policy_longest_age(policy);
	uint64_t low = size > IPC_HISTORY_MAX ? size - IPC_HISTORY_MAX : 0, high = size;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		pki_msec at = 0;
		PKI_TRY(pki_ledger_entry_time(ledger, middle, &at, err));
		if (at < from)
			low = middle + 1;
		else
			high = middle;
	}
	/* an entry before: all that comes later is then known */
	*out = low > 0 ? low - 1 : 0;
	return PKI_OK;
}

static enum pki_status
put_peaks(struct pki_buf *frame, struct pki_ledger *ledger, uint64_t size,
	struct pki_err *err)
{
	const struct pki_merkle_source source = pki_log_source(ledger);
	struct pki_merkle_peaks peaks;
	struct pki_proof proof = { .count = 0 };
	PKI_TRY(pki_merkle_peaks(size, &source, &peaks, err));
	for (unsigned level = 0; level < PKI_PROOF_MAX; level++)
		if ((size >> level & 1) != 0)
			proof.hashes[proof.count++] = peaks.hashes[level];
	PKI_TRY(ipc_begin(frame, IPC_HISTORY_FROM, err));
	PKI_TRY(ipc_put_number(frame, size, err));
	return ipc_put_proof(frame, &proof, err);
}

/* The log's last entries, from which the signer learns which orders were used. */
static enum pki_status
send_history(struct channel *signer, const struct pki_policy *policy,
	struct pki_ledger *ledger, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf entry = { 0 };
	uint64_t size = signer->ready.checkpoint, next = 0;
	PKI_TRY(history_start(ledger, policy, size, &next, err));
	PKI_TRY(put_peaks(&signer->buf, ledger, next, err));
	PKI_TRY(call(signer, err));
	while (next < size) {
		PKI_TRY(ipc_begin(&signer->buf, IPC_HISTORY, err));
		for (; next < size && signer->buf.len < HISTORY_FRAME; next++) {
			pki_buf_reset(&entry);
			PKI_TRY(pki_ledger_entry(ledger, next, &entry, err));
			PKI_TRY(ipc_put(
				&signer->buf, IPC_BYTES, entry.data, entry.len, err));
		}
		PKI_TRY(call(signer, err));
	}
	return PKI_OK;
}

enum pki_status
handover(struct channel *signer, const struct signer_setup *setup,
	struct pki_ledger *ledger, uint64_t *sent, struct pki_err *err)
{
	*sent = UINT64_MAX;
	PKI_TRY(begin(signer, setup->purpose, ledger, err));
	for (unsigned k = 0; k <= setup->conf->ca_urls.partitions; k++)
		PKI_TRY(send_crl(signer, setup, ledger, k, sent, err));
	if (setup->purpose != SIGNER_ENDS)
		PKI_TRY(send_history(signer, setup->policy, ledger, err));
	PKI_TRY(ipc_begin(&signer->buf, IPC_SERVE, err));
	return call(signer, err);
}
