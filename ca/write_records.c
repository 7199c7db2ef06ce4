/* Events, CRLs and their publication into the transaction. */
#include <string.h>

#include "ca/writer.h"
#include "libpki/log.h"

enum pki_status
write_log(struct writer *w, const char *type, const char *actor, json_t *detail,
	pki_msec now, struct job *job, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *owned = detail;
	if (owned == NULL)
		return pki_fail(err, PKI_MEMORY, "event %s", type);
	struct pki_event event = {
		.type = type, .source = "pki-ca", .actor = actor, .at = now, .detail = owned
	};
	PKI_TRY(pki_log_append(w->ledger, &event, &job->index, err));
	job->logged = true;
	return PKI_OK;
}

enum pki_status
write_event(struct writer *w, struct job *job, pki_msec now, struct pki_err *err)
{
	struct pki_event event = { .at = now };
	if (json_unpack(job->input, "{s:s, s:s, s:s, s?o !}", "source", &event.source,
		    "type", &event.type, "actor", &event.actor, "detail",
		    &event.detail) != 0)
		return pki_fail(err, PKI_INPUT,
			"an event is {\"source\", \"type\", \"actor\", \"detail\": {}}");
	if (!pki_event_known(event.type))
		return pki_fail_rule(err, PKI_INPUT, PKI_RULE_LOG_EVENT,
			"no event has the type \"%.40s\"; see log(5)", event.type);
	/* what pki-ca did it says itself, in the transaction that does it */
	if (job->req != NULL && strcmp(pki_event_source(event.type), "pki-ca") == 0)
		return pki_refuse(
			err, PKI_RULE_LOG_EVENT, "%s is pki-ca's own to say", event.type);
	PKI_TRY(pki_log_append(w->ledger, &event, &job->index, err));
	job->logged = true;
	job->answer = json_pack("{s:I}", "index", (json_int_t)job->index);
	return PKI_OK;
}

struct entries {
	struct signer *signer;
	struct pki_revoked chunk[IPC_ENTRIES_MAX];
	size_t count;
	size_t total;
};

static enum pki_status
send_entries(struct entries *e, struct pki_err *err)
{
	struct pki_bytes reply;
	if (e->count == 0)
		return PKI_OK;
	PKI_TRY(ipc_begin(&e->signer->buf, IPC_ENTRIES, err));
	PKI_TRY(ipc_put(
		&e->signer->buf, IPC_STRUCT, e->chunk, e->count * sizeof e->chunk[0], err));
	PKI_TRY(signer_call(e->signer, &reply, err));
	if (reply.len > 0)
		return ipc_get(&reply, IPC_BYTES, &reply, err);
	e->total += e->count;
	e->count = 0;
	return PKI_OK;
}

static enum pki_status
on_revoked(void *ctx, const struct pki_revoked *revoked, struct pki_err *err)
{
	struct entries *e = ctx;
	e->chunk[e->count++] = *revoked;
	return e->count == IPC_ENTRIES_MAX ? send_entries(e, err) : PKI_OK;
}

/* What the last CRL listed and this one need not: the certificate is the signer's proof. */
static enum pki_status
on_expired(void *ctx, const struct pki_revoked *revoked, struct pki_err *err)
{
	struct writer *w = ctx;
	struct pki_bytes reply;
	PKI_CLEANUP(pki_cert_row_free) struct pki_cert_row row = { 0 };
	PKI_TRY(pki_ledger_certificate(
		w->ledger, PKI_ISSUER_CA, &revoked->serial, &row, err));
	PKI_TRY(ipc_begin(&w->signer->buf, IPC_EXPIRED, err));
	PKI_TRY(ipc_put(&w->signer->buf, IPC_BYTES, row.der.data, row.der.len, err));
	PKI_TRY(signer_call(w->signer, &reply, err));
	return reply.len > 0 ? ipc_get(&reply, IPC_BYTES, &reply, err) : PKI_OK;
}

static enum pki_status
send_expired(struct writer *w, uint64_t last, pki_time until, struct pki_err *err)
{
	PKI_CLEANUP(pki_crl_row_free) struct pki_crl_row before = { 0 };
	if (last < 2)
		return PKI_OK;
	PKI_TRY(pki_ledger_crl(w->ledger, PKI_ISSUER_CA, last - 1, &before, err));
	return pki_ledger_each_revoked(
		w->ledger, PKI_ISSUER_CA, before.this_update, until, on_expired, w, err);
}

static enum pki_status
send_revoked(struct writer *w, pki_time unexpired_at, size_t *total, struct pki_err *err)
{
	struct entries *e = calloc(1, sizeof *e);
	if (e == NULL)
		return pki_fail(err, PKI_MEMORY, "CRL entries");
	e->signer = w->signer;
	enum pki_status status = pki_ledger_each_revoked(
		w->ledger, PKI_ISSUER_CA, unexpired_at, 0, on_revoked, e, err);
	if (status == PKI_OK)
		status = send_entries(e, err);
	*total = e->total;
	free(e);
	return status;
}

static enum pki_status
sign_crl(struct writer *w, struct pki_crl_row *row, struct pki_err *err)
{
	struct pki_bytes der;
	PKI_TRY(ipc_begin(&w->signer->buf, IPC_CRL, err));
	PKI_TRY(ipc_put_number(&w->signer->buf, row->number, err));
	PKI_TRY(ipc_put_number(&w->signer->buf, (uint64_t)row->this_update, err));
	PKI_TRY(ipc_put_number(&w->signer->buf, (uint64_t)row->next_update, err));
	PKI_TRY(signer_call(w->signer, &der, err));
	PKI_TRY(ipc_get(&der, IPC_BYTES, &der, err));
	return pki_buf_append(&row->der, der.data, der.len, err);
}

/* The last CRL of an issuer without its bytes; zeros if there is none. */
static enum pki_status
last_crl(
	struct pki_ledger *ledger, int issuer, struct pki_crl_row *out, struct pki_err *err)
{
	struct pki_err none = { 0 };
	enum pki_status status = pki_ledger_crl(ledger, issuer, 0, out, &none);
	pki_buf_free(&out->der);
	if (status == PKI_NOTFOUND) {
		*out = (struct pki_crl_row){ 0 };
		return PKI_OK;
	}
	if (status != PKI_OK)
		*err = none;
	return status;
}

static enum pki_status
record_crl(struct writer *w, struct job *job, const struct pki_crl_row *row, size_t entries,
	const char *type, struct pki_err *err)
{
	char digest[PKI_SHA256_HEX];
	PKI_TRY(pki_ledger_add_crl(w->ledger, row, err));
	PKI_TRY(pki_sha256_hex(row->der.data, row->der.len, digest, err));
	return write_log(w, type, "",
		json_pack("{s:i, s:I, s:s, s:I}", "issuer", row->issuer, "number",
			(json_int_t)row->number, "digest", digest, "entries",
			(json_int_t)entries),
		row->committed, job, err);
}

static enum pki_status
answer_crl(
	struct job *job, const struct pki_crl_row *row, size_t entries, struct pki_err *err)
{
	char this_update[PKI_TIME_TEXT], next_update[PKI_TIME_TEXT];
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 };
	PKI_TRY(pki_base64_encode(row->der.data, row->der.len, &der, err));
	pki_time_format(row->this_update, this_update);
	pki_time_format(row->next_update, next_update);
	job->answer = json_pack("{s:i, s:I, s:s, s:s, s:I, s:s}", "issuer", row->issuer,
		"number", (json_int_t)row->number, "this_update", this_update,
		"next_update", next_update, "entries", (json_int_t)entries, "der",
		(const char *)der.data);
	return PKI_OK;
}

static enum pki_status
make_crl(struct writer *w, struct job *job, struct pki_crl_row *row, struct pki_err *err)
{
	struct pki_crl_row last = { 0 };
	size_t entries = 0;
	PKI_TRY(last_crl(w->ledger, PKI_ISSUER_CA, &last, err));
	row->number = last.number + 1;
	row->this_update = row->committed / 1000;
	row->next_update = row->this_update + w->conf->crl_lifetime;
	/* rule 57: what expired since the last one is listed once more */
	pki_time unexpired = last.number > 0 ? last.this_update : row->this_update;
	PKI_TRY(pki_ledger_revocation_count(
		w->ledger, PKI_ISSUER_CA, &row->revocations, err));
	PKI_TRY(send_expired(w, last.number, unexpired, err));
	PKI_TRY(send_revoked(w, unexpired, &entries, err));
	PKI_TRY(sign_crl(w, row, err));
	PKI_TRY(record_crl(w, job, row, entries, "crl-issued", err));
	return answer_crl(job, row, entries, err);
}

enum pki_status
write_crl(struct writer *w, struct job *job, pki_msec now, struct pki_err *err)
{
	struct pki_crl_row row = { .issuer = PKI_ISSUER_CA, .committed = now };
	enum pki_status status = make_crl(w, job, &row, err);
	pki_crl_row_free(&row);
	return status;
}

enum pki_status
write_published(struct writer *w, struct job *job, pki_msec now, struct pki_err *err)
{
	int issuer = 0;
	json_int_t number = 0;
	const char *text = NULL;
	pki_msec published;
	if (json_unpack(job->input, "{s:i, s:I, s:s !}", "issuer", &issuer, "number",
		    &number, "published", &text) != 0 ||
		number < 1)
		return pki_fail(err, PKI_INPUT,
			"a publication is {\"issuer\", \"number\", \"published\"}");
	PKI_TRY(pki_msec_parse(text, &published, err));
	struct pki_crl_row row = { 0 };
	PKI_TRY(pki_ledger_crl(w->ledger, issuer, (uint64_t)number, &row, err));
	pki_crl_row_free(&row);
	if (published > now)
		return pki_fail(err, PKI_INPUT, "published in the future: %s", text);
	PKI_TRY(pki_ledger_add_publication(
		w->ledger, issuer, (uint64_t)number, published, err));
	PKI_TRY(write_log(w, "crl-published", "",
		json_pack("{s:i, s:I, s:s}", "issuer", issuer, "number", number,
			"published", text),
		now, job, err));
	job->answer = json_pack("{s:I}", "index", (json_int_t)job->index);
	return PKI_OK;
}

/* rule 54: made offline by `pki-ca root-crl`. */
enum pki_status
write_root_crl(struct writer *w, struct job *job, pki_msec now, struct pki_err *err)
{
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = NULL;
	PKI_TRY(pki_crl_parse(job->body, &crl, err));
	PKI_TRY(pki_crl_verify(crl, w->root, err));
	struct pki_crl_row row = {
		.issuer = PKI_ISSUER_ROOT,
		.number = pki_crl_number(crl),
		.this_update = pki_crl_this_update(crl),
		.next_update = pki_crl_next_update(crl),
		.committed = now,
	};
	if (row.this_update > now / 1000 || row.next_update <= now / 1000)
		return pki_refuse(err, PKI_RULE_CRL_FIELDS,
			"the root CRL is not of now: check the offline machine's clock");
	PKI_TRY(pki_ledger_revocation_count(
		w->ledger, PKI_ISSUER_ROOT, &row.revocations, err));
	PKI_TRY(pki_buf_append(&row.der, job->body.data, job->body.len, err));
	enum pki_status status =
		record_crl(w, job, &row, pki_crl_count(crl), "root-crl-recorded", err);
	pki_crl_row_free(&row);
	if (status == PKI_OK)
		job->answer = json_pack("{s:I, s:I}", "number",
			(json_int_t)pki_crl_number(crl), "index", (json_int_t)job->index);
	return status;
}
