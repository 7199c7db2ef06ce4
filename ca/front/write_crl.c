#include "ca/front/write_crl.h"

#include <string.h>

#include "ca/front/write_records.h"

struct entries {
	struct channel *signer;
	uint8_t chunk[IPC_ENTRIES_MAX][IPC_REVOKED_SIZE];
	size_t count;
};

/* Sends a request; the reply has no fields, or an error. */
static enum pki_status
tell(struct channel *signer, enum ipc_type type, enum ipc_tag tag, const void *data,
	size_t len, struct pki_err *err)
{
	struct pki_bytes reply;
	PKI_TRY(ipc_begin(&signer->buf, type, err));
	PKI_TRY(ipc_put(&signer->buf, tag, data, len, err));
	PKI_TRY(channel_call(signer, &reply, err));
	return reply.len > 0 ? ipc_get(&reply, IPC_BYTES, &reply, err) : PKI_OK;
}

static enum pki_status
send_entries(struct entries *e, struct pki_err *err)
{
	if (e->count == 0)
		return PKI_OK;
	size_t len = e->count * sizeof e->chunk[0];
	e->count = 0;
	return tell(e->signer, IPC_ENTRIES, IPC_BYTES, e->chunk, len, err);
}

static enum pki_status
on_revoked(void *ctx, const struct pki_revoked *revoked, struct pki_err *err)
{
	struct entries *e = ctx;
	ipc_write_revoked(e->chunk[e->count++], revoked);
	return e->count == IPC_ENTRIES_MAX ? send_entries(e, err) : PKI_OK;
}

static enum pki_status
send_revoked(struct writer *w, pki_time unexpired_at, struct pki_err *err)
{
	const struct pki_revoked_query query = {
		.issuer = PKI_ISSUER_CA, .after = w->sent, .from = unexpired_at
	};
	PKI_CLEANUP(pki_free_ptr) struct entries *e = malloc(sizeof *e);
	if (e == NULL)
		return pki_fail(err, PKI_MEMORY, "CRL entries");
	e->signer = w->signer;
	e->count = 0;
	PKI_TRY(pki_ledger_each_revoked(w->ledger, &query, on_revoked, e, err));
	return send_entries(e, err);
}

/* A certificate on the last CRL has expired. The certificate proves to the signer that
 * the new CRL may omit the entry. */
static enum pki_status
on_expired(void *ctx, const struct pki_revoked *revoked, struct pki_err *err)
{
	struct writer *w = ctx;
	PKI_CLEANUP(pki_cert_row_free) struct pki_cert_row row = { 0 };
	PKI_TRY(pki_ledger_certificate(
		w->ledger, PKI_ISSUER_CA, &revoked->serial, &row, NULL, err));
	return tell(w->signer, IPC_EXPIRED, IPC_BYTES, row.der.data, row.der.len, err);
}

/* rules 56, 57: the earliest notAfter that the CRL lists. The cutoff never moves back,
 * except when crl_keep was switched on. */
static enum pki_status
ask_cutoff(struct writer *w, pki_time last, pki_time *out, struct pki_err *err)
{
	struct pki_bytes reply;
	uint64_t cutoff;
	PKI_TRY(ipc_begin(&w->signer->buf, IPC_CUTOFF, err));
	PKI_TRY(channel_call(w->signer, &reply, err));
	PKI_TRY(ipc_get_number(&reply, &cutoff, err));
	*out = (pki_time)cutoff < last && !w->conf->crl_keep ? last : (pki_time)cutoff;
	return PKI_OK;
}

static enum pki_status
tell_changes(struct writer *w, pki_time last, const struct pki_crl_row *row,
	struct pki_err *err)
{
	pki_time from = row->cutoff < last ? row->cutoff : last;
	PKI_TRY(send_revoked(w, from, err));
	if (row->cutoff <= last)
		return PKI_OK;
	const struct pki_ending_query query = { PKI_ISSUER_CA, last, row->cutoff };
	return pki_ledger_each_ending(w->ledger, &query, on_expired, w, err);
}

static enum pki_status
sign_crl(
	struct writer *w, struct pki_crl_row *row, uint64_t *entries, struct pki_err *err)
{
	struct pki_bytes reply, der;
	PKI_TRY(ipc_begin(&w->signer->buf, IPC_CRL, err));
	PKI_TRY(ipc_put_number(&w->signer->buf, row->partition, err));
	PKI_TRY(ipc_put_number(&w->signer->buf, row->number, err));
	PKI_TRY(ipc_put_number(&w->signer->buf, (uint64_t)row->this_update, err));
	PKI_TRY(ipc_put_number(&w->signer->buf, (uint64_t)row->next_update, err));
	PKI_TRY(channel_call(w->signer, &reply, err));
	PKI_TRY(ipc_get_number(&reply, entries, err));
	PKI_TRY(ipc_get(&reply, IPC_BYTES, &der, err));
	enum pki_status status = pki_buf_append(&row->der, der.data, der.len, err);
	/* the buffer is as large as the CRL, and the ledger is about to make a copy */
	pki_buf_free(&w->signer->buf);
	return status;
}

/* The last CRL of any partition; zeros without a CRL. */
static enum pki_status
last_crl(struct pki_ledger *ledger, struct pki_crl_row *out, struct pki_err *err)
{
	bool found = false;
	*out = (struct pki_crl_row){ 0 };
	return pki_ledger_last_crl(ledger, PKI_ISSUER_CA, PKI_LIST_ANY, out, &found, err);
}

static void
reply_crl(struct job *job, const struct pki_crl_row *row, uint64_t entries)
{
	job->reply = pki_json_object();
	pki_json_number(&job->reply, "issuer", row->issuer);
	pki_json_number(&job->reply, "partition", row->partition);
	pki_json_number(&job->reply, "number", (int64_t)row->number);
	pki_json_time(&job->reply, "this_update", row->this_update);
	pki_json_time(&job->reply, "next_update", row->next_update);
	pki_json_number(&job->reply, "entries", (int64_t)entries);
}

static enum pki_status
make_crl(struct writer *w, struct job *job, struct pki_crl_row *row, uint64_t *entries,
	struct pki_err *err)
{
	struct pki_crl_row last = { 0 };
	PKI_TRY(last_crl(w->ledger, &last, err));
	row->number = last.number + 1;
	row->this_update = row->committed / 1000;
	if (row->next_update != PKI_CRL_LAST)
		row->next_update = row->this_update + w->conf->crl_lifetime;
	PKI_TRY(pki_ledger_revocation_count(
		w->ledger, PKI_ISSUER_CA, &row->revocations, err));
	PKI_TRY(ask_cutoff(w, last.cutoff, &row->cutoff, err));
	PKI_TRY(tell_changes(w, last.cutoff, row, err));
	PKI_TRY(sign_crl(w, row, entries, err));
	PKI_TRY(write_crl_row(w, job, row, (size_t)*entries, "crl-issued", err));
	w->pending = row->revocations;
	return PKI_OK;
}

enum pki_status
write_crl(struct writer *w, struct job *job, struct pki_err *err)
{
	PKI_CLEANUP(pki_crl_row_free)
	struct pki_crl_row row = {
		.issuer = PKI_ISSUER_CA, .partition = job->partition, .committed = w->now
	};
	uint64_t entries = 0;
	PKI_TRY(make_crl(w, job, &row, &entries, err));
	reply_crl(job, &row, entries);
	return PKI_OK;
}

/* rules 53, 55: the last CRLs of all partitions, in one transaction. */
enum pki_status
write_last_crls(struct writer *w, struct job *job, struct pki_err *err)
{
	unsigned lists = 1 + w->conf->ca_urls.partitions;
	for (unsigned k = 0; k < lists; k++) {
		PKI_CLEANUP(pki_crl_row_free)
		struct pki_crl_row row = { .issuer = PKI_ISSUER_CA,
			.partition = k,
			.next_update = PKI_CRL_LAST,
			.committed = w->now };
		uint64_t entries = 0;
		PKI_TRY(make_crl(w, job, &row, &entries, err));
	}
	struct pki_json detail = pki_json_object();
	pki_json_number(&detail, "issuer", PKI_ISSUER_CA);
	pki_json_number(&detail, "lists", lists);
	return write_log(w, job, (struct pki_event){ .type = "ca-ended", .actor = "" },
		&detail, err);
}
