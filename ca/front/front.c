#include "ca/front/front.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ca/front/order_reply.h"
#include "ca/front/writer.h"
#include "libpki/host/conf_ca.h"

static const struct pki_http_header json_headers[] = {
	{ "Content-Type", "application/json" },
	{ "Retry-After", "1" },
};

void
front_reply(struct pki_http_request *req, const json_t *json, const struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf body = { 0 };
	struct pki_err own = *err, failed = { 0 };
	unsigned code = 200;
	if (own.status == PKI_OK && json == NULL)
		(void)pki_fail(&own, PKI_MEMORY, "reply");
	if (own.status != PKI_OK || pki_json_dump(json, &body, &own) != PKI_OK) {
		pki_buf_reset(&body);
		if (pki_api_error_body(&own, &body, &code, &failed) != PKI_OK)
			code = 500;
	}
	pki_http_reply(
		req, code, json_headers, code == 503 ? 2 : 1, pki_buf_bytes(&body));
}

static enum pki_status
enqueue(struct front *front, struct pki_http_request *req, enum job_kind kind,
	const char *order, bool with_input, struct pki_err *err)
{
	struct job *job = calloc(1, sizeof *job);
	if (job == NULL)
		return pki_fail(err, PKI_MEMORY, "request");
	job->kind = kind;
	job->req = req;
	job->body = pki_http_body(req);
	snprintf(job->order, sizeof job->order, "%s", order);
	enum pki_status status = PKI_OK;
	if (with_input)
		status = pki_json_parse(job->body, &job->input, err);
	if (status == PKI_OK)
		status = queue_push(front->queue, job, err);
	if (status != PKI_OK)
		job_free(job);
	return status;
}

typedef enum pki_status (*route_fn)(struct front *front, struct pki_http_request *req,
	const char *rest, struct pki_err *err);

static enum pki_status
post_order(struct front *front, struct pki_http_request *req, const char *rest,
	struct pki_err *err)
{
	(void)rest;
	if (pki_http_body(req).len == 0)
		return pki_fail(err, PKI_INPUT,
			"an order is a CMS SignedData; the body is empty");
	return enqueue(front, req, JOB_ORDER, "", false, err);
}

static enum pki_status
check_id(const char *id, struct pki_err *err)
{
	if (!pki_id_valid(id, 'O'))
		return pki_fail(err, PKI_INPUT, "an order's id is O- and 32 hex digits");
	return PKI_OK;
}

static enum pki_status
get_order(struct front *front, struct pki_http_request *req, const char *id,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *reply = NULL;
	struct pki_order_row row = { 0 };
	PKI_TRY(check_id(id, err));
	PKI_TRY(pki_ledger_order(front->ledger, id, &row, NULL, err));
	enum pki_status status = PKI_OK;
	bool revoke = row.action == PKI_ACTION_REVOKE;
	if (!revoke)
		status = order_reply_read(front->ledger, &row, &reply, err);
	pki_order_row_free(&row);
	PKI_TRY(status);
	if (revoke)
		return enqueue(front, req, JOB_REPLY, id, false, err);
	front_reply(req, reply, err);
	return PKI_OK;
}

static enum pki_status
get_receipt(struct front *front, struct pki_http_request *req, const char *id,
	struct pki_err *err)
{
	PKI_TRY(check_id(id, err));
	return enqueue(front, req, JOB_RECEIPT, id, false, err);
}

static enum pki_status
post_event(struct front *front, struct pki_http_request *req, const char *rest,
	struct pki_err *err)
{
	(void)rest;
	return enqueue(front, req, JOB_EVENT, "", true, err);
}

static enum pki_status
post_crl(struct front *front, struct pki_http_request *req, const char *rest,
	struct pki_err *err)
{
	(void)rest;
	return enqueue(front, req, JOB_CRL, "", pki_http_body(req).len > 0, err);
}

static enum pki_status
post_published(struct front *front, struct pki_http_request *req, const char *rest,
	struct pki_err *err)
{
	(void)rest;
	return enqueue(front, req, JOB_PUBLISHED, "", true, err);
}

static enum pki_status
post_root_crl(struct front *front, struct pki_http_request *req, const char *rest,
	struct pki_err *err)
{
	(void)rest;
	return enqueue(front, req, JOB_ROOT_CRL, "", false, err);
}

static enum pki_status
issuers_json(struct pki_ledger *ledger, json_t *list, struct pki_err *err)
{
	for (int i = PKI_ISSUER_ROOT; i <= PKI_ISSUER_CA; i++) {
		PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *cert = NULL;
		struct pki_name name;
		char not_after[PKI_TIME_TEXT];
		PKI_TRY(pki_ledger_issuer(ledger, i, &cert, err));
		PKI_TRY(pki_cert_subject(cert, &name, err));
		pki_time_format(pki_cert_not_after(cert), not_after);
		json_array_append_new(
			list, json_pack("{s:s, s:s}", "name", name.common_name,
				      "not_after", not_after));
	}
	return PKI_OK;
}

static enum pki_status
ledger_json(struct pki_ledger *ledger, json_t *status, struct pki_err *err)
{
	struct pki_ledger_figures figures;
	struct pki_crl_row crl = { 0 };
	char next_update[PKI_TIME_TEXT];
	PKI_TRY(pki_ledger_count(ledger, &figures, err));
	PKI_TRY(pki_ledger_crl_head(ledger, PKI_ISSUER_CA, 0, &crl, NULL, err));
	pki_time_format(crl.next_update, next_update);
	json_object_set_new(status, "ledger",
		json_pack("{s:I, s:I, s:I, s:I}", "certificates",
			(json_int_t)figures.certificates, "revocations",
			(json_int_t)figures.revocations, "orders",
			(json_int_t)figures.orders, "entries",
			(json_int_t)figures.entries));
	json_object_set_new(status, "crl",
		json_pack("{s:I, s:s}", "number", (json_int_t)crl.number, "next_update",
			next_update));
	return issuers_json(ledger, json_object_get(status, "issuers"), err);
}

static enum pki_status
get_status(struct front *front, struct pki_http_request *req, const char *rest,
	struct pki_err *err)
{
	(void)rest;
	char clock[PKI_MSEC_TEXT];
	pki_msec_format(pki_msec_now(), clock);
	PKI_CLEANUP(pki_json_cleanup)
	json_t *status = json_pack("{s:s, s:i, s:{s:i, s:s}, s:{s:I, s:I}, s:[], s:s}",
		"version", PKI_SUITE_VERSION, "pid", (int)getpid(), "signer", "pid",
		(int)front->signer->pid, "sandbox", front->signer->ready.sandbox, "queue",
		"waiting", (json_int_t)queue_waiting(front->queue), "limit",
		(json_int_t)front->conf->ca->queue, "issuers", "clock", clock);
	if (status == NULL)
		return pki_fail(err, PKI_MEMORY, "status");
	PKI_TRY(ledger_json(front->ledger, status, err));
	json_object_set_new(status, "witnesses", quorum_json(front->writer));
	front_reply(req, status, err);
	return PKI_OK;
}

/* A path that ends with "/" takes an id behind it. */
static const struct {
	const char *method;
	const char *path;
	route_fn run;
} routes[] = {
	{ "POST", "/v1/orders", post_order },
	{ "GET", "/v1/orders/", get_order },
	{ "GET", "/v1/receipts/", get_receipt },
	{ "POST", "/v1/events", post_event },
	{ "POST", "/v1/crl", post_crl },
	{ "POST", "/v1/crl/published", post_published },
	{ "POST", "/v1/root-crl", post_root_crl },
	{ "GET", "/v1/status", get_status },
};

static const char *
match(const char *pattern, const char *path)
{
	size_t len = strlen(pattern);
	bool prefix = pattern[len - 1] == '/';
	if (prefix ? strncmp(path, pattern, len) != 0 : strcmp(path, pattern) != 0)
		return NULL;
	return path + len;
}

static enum pki_status
dispatch(struct front *front, struct pki_http_request *req, struct pki_err *err)
{
	for (size_t i = 0; i < PKI_COUNT(routes); i++) {
		const char *rest = match(routes[i].path, pki_http_path(req));
		if (rest != NULL && strcmp(routes[i].method, pki_http_method(req)) == 0)
			return routes[i].run(front, req, rest, err);
	}
	return pki_fail(
		err, PKI_NOTFOUND, "pki-ca has no such call; pki-ca(8) lists them");
}

void
front_handle(void *ctx, struct pki_http_request *req)
{
	struct pki_err err = { 0 };
	if (dispatch(ctx, req, &err) != PKI_OK)
		front_reply(req, NULL, &err);
}
