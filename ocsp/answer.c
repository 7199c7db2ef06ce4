#include "ocsp/ocspd.h"

static enum pki_status
look_up(struct worker *worker, const struct pki_serial *serial, struct pki_ocsp_answer *out,
	struct pki_err *err)
{
	struct pki_cert_status status;
	PKI_TRY(pki_ledger_status(worker->ledger, PKI_ISSUER_CA, serial, &status, err));
	*out = (struct pki_ocsp_answer){ .status = PKI_OCSP_GOOD };
	if (!status.issued) {
		/* rule 60 */
		out->status = PKI_OCSP_UNISSUED;
		atomic_fetch_add(&worker->daemon->unissued, 1);
	} else if (status.revoked) {
		*out = (struct pki_ocsp_answer){ PKI_OCSP_REVOKED, status.revoked_at,
			status.reason };
	}
	return PKI_OK;
}

static enum pki_status
collect(struct worker *worker, const struct pki_ocsp_request *req,
	struct pki_ocsp_answer answers[PKI_OCSP_CERTIDS_MAX], struct pki_err *err)
{
	size_t count = pki_ocsp_request_count(req);
	/* rule 62: one foreign CertID and the whole request is not ours to answer */
	for (size_t i = 0; i < count; i++)
		if (!pki_ocsp_is_ours(worker->share.responder, req, i))
			return pki_refuse(err, PKI_RULE_OCSP_UNAUTHORIZED,
				"a certificate of another issuer");
	for (size_t i = 0; i < count; i++)
		PKI_TRY(look_up(worker, pki_ocsp_request_serial(req, i), &answers[i], err));
	return PKI_OK;
}

/* rule 72 */
static enum pki_status
set_times(const struct worker *worker, struct answer *out, struct pki_err *err)
{
	pki_time end = pki_cert_not_after(worker->share.cert);
	out->this_update = pki_time_now();
	out->next_update = out->this_update + worker->daemon->conf.ocsp_lifetime;
	if (out->next_update > end)
		out->next_update = end;
	if (out->next_update <= out->this_update)
		return pki_fail(
			err, PKI_UNAVAILABLE, "the responder's certificate has expired");
	return PKI_OK;
}

/* An answer to one CertID without a nonce serves all who ask the same within a minute. */
static enum pki_status
respond_shared(struct worker *worker, struct pki_bytes der,
	const struct pki_ocsp_request *req, const struct pki_ocsp_answer *status,
	struct answer *out, struct pki_err *err)
{
	struct cached_answer entry = { .status = *status };
	PKI_TRY(pki_sha256(der.data, der.len, entry.key, err));
	if (cache_get(worker->daemon->cache, &entry, out->this_update)) {
		out->body = entry.body;
		out->this_update = entry.this_update;
		out->next_update = entry.next_update;
		return PKI_OK;
	}
	PKI_TRY(pki_ocsp_respond(worker->share.responder, req, status, out->this_update,
		out->next_update, &out->body, err));
	entry.this_update = out->this_update;
	entry.next_update = out->next_update;
	entry.body = out->body;
	cache_put(worker->daemon->cache, &entry);
	return PKI_OK;
}

static enum pki_status
answer_request(struct worker *worker, struct pki_bytes der,
	const struct pki_ocsp_request *req, struct answer *out, struct pki_err *err)
{
	struct pki_ocsp_answer answers[PKI_OCSP_CERTIDS_MAX];
	PKI_TRY(identity_take(worker->daemon->identity, &worker->share, err));
	PKI_TRY(collect(worker, req, answers, err));
	PKI_TRY(set_times(worker, out, err));
	out->cacheable = pki_ocsp_request_nonce(req).len == 0;
	if (out->cacheable && pki_ocsp_request_count(req) == 1)
		return respond_shared(worker, der, req, answers, out, err);
	return pki_ocsp_respond(worker->share.responder, req, answers, out->this_update,
		out->next_update, &out->body, err);
}

enum pki_status
answer_make(struct worker *worker, struct pki_bytes der, struct answer *out,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_ocsp_request_cleanup) struct pki_ocsp_request *req = NULL;
	PKI_TRY(pki_ocsp_request_parse(der, &req, err));
	enum pki_status status = answer_request(worker, der, req, out, err);
	/* a good request: whatever is wrong with the ledger or the certificate, it is not
	 * that */
	if (status != PKI_OK && err->rule != PKI_RULE_OCSP_UNAUTHORIZED)
		err->status = PKI_UNAVAILABLE;
	return err->status;
}

void
answer_free(struct answer *answer)
{
	pki_buf_free(&answer->body);
}
