#include "ca/front/front.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ca/front/order_reply.h"
#include "ca/front/quorum_wait.h"
#include "ca/front/reply.h"
#include "ca/front/writer.h"
#include "libpki/host/conf_ca.h"

static enum pki_status
job_new(struct pki_http_request *req, enum job_kind kind, struct job **out,
	struct pki_err *err)
{
	struct job *job = calloc(1, sizeof *job);
	if (job == NULL)
		return pki_fail(err, PKI_MEMORY, "request");
	job->kind = kind;
	job->req = req;
	job->body = pki_http_body(req);
	*out = job;
	return PKI_OK;
}

/* Owns the job. */
static enum pki_status
push(struct front *front, struct job *job, struct pki_err *err)
{
	enum pki_status status = queue_push(front->queue, job, err);
	if (status == PKI_BUSY)
		metrics_refused(front->metrics, METRICS_HTTP, METRICS_BUSY);
	if (status != PKI_OK)
		job_free(job);
	return status;
}

/* rule 122 */
static enum pki_status
check_peer(struct front *front, const struct pki_http_request *req, unsigned open_to,
	const char *what, struct pki_err *err)
{
	enum pki_status status = peers_check(front->peers, req, open_to, what, err);
	if (status == PKI_REFUSED)
		metrics_refused(front->metrics, METRICS_HTTP, METRICS_PEER);
	return status;
}

static enum pki_status
enqueue_input(struct front *front, struct pki_http_request *req, enum job_kind kind,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *input = NULL;
	const char *source;
	struct job *job;
	PKI_TRY(pki_json_parse(pki_http_body(req), &input, err));
	if (kind == JOB_EVENT && json_unpack(input, "{s:s}", "source", &source) == 0)
		PKI_TRY(check_peer(front, req, peers_of_program(source),
			"POST /v1/events of this program", err));
	PKI_TRY(job_new(req, kind, &job, err));
	job->input = json_incref(input);
	return push(front, job, err);
}

static enum pki_status
enqueue_id(struct front *front, struct pki_http_request *req, enum job_kind kind,
	const char *order, struct pki_err *err)
{
	struct job *job;
	PKI_TRY(job_new(req, kind, &job, err));
	snprintf(job->order, sizeof job->order, "%s", order);
	return push(front, job, err);
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
	struct job *job;
	bool revokes = false;
	struct pki_err stranger = { 0 };
	(void)!peers_check(front->peers, req, PKI_PEER_RA | PKI_PEER_OCSP,
		"POST /v1/orders but to revoke", &stranger);
	PKI_TRY(screen_order(
		&front->screen, pki_http_body(req), &stranger, &revokes, err));
	PKI_TRY(job_new(req, JOB_ORDER, &job, err));
	job->revokes = revokes;
	return push(front, job, err);
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
	PKI_CLEANUP(pki_json_free) struct pki_json reply = { 0 };
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
		return enqueue_id(front, req, JOB_REPLY, id, err);
	reply_send(req, &reply, &(struct pki_err){ 0 });
	return PKI_OK;
}

static enum pki_status
get_receipt(struct front *front, struct pki_http_request *req, const char *id,
	struct pki_err *err)
{
	PKI_TRY(check_id(id, err));
	return enqueue_id(front, req, JOB_RECEIPT, id, err);
}

static enum pki_status
post_event(struct front *front, struct pki_http_request *req, const char *rest,
	struct pki_err *err)
{
	(void)rest;
	return enqueue_input(front, req, JOB_EVENT, err);
}

/* Nothing, {} or {"partition": N} */
static enum pki_status
read_partition(struct pki_bytes body, unsigned *out, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *input = NULL;
	json_int_t partition = 0;
	if (body.len == 0)
		return PKI_OK;
	PKI_TRY(pki_json_parse(body, &input, err));
	if (json_unpack(input, "{s?I !}", "partition", &partition) != 0)
		return pki_fail(
			err, PKI_INPUT, "a CRL is asked for by {} or {\"partition\": N}");
	if (partition < 0 || partition > PKI_PARTITIONS_MAX)
		return pki_fail(err, PKI_INPUT, "a partition is a number from 1 to %d",
			PKI_PARTITIONS_MAX);
	*out = (unsigned)partition;
	return PKI_OK;
}

static enum pki_status
post_crl(struct front *front, struct pki_http_request *req, const char *rest,
	struct pki_err *err)
{
	(void)rest;
	struct job *job;
	unsigned partition = 0;
	PKI_TRY(read_partition(pki_http_body(req), &partition, err));
	PKI_TRY(job_new(req, JOB_CRL, &job, err));
	job->partition = partition;
	return push(front, job, err);
}

static enum pki_status
post_published(struct front *front, struct pki_http_request *req, const char *rest,
	struct pki_err *err)
{
	(void)rest;
	return enqueue_input(front, req, JOB_PUBLISHED, err);
}

static enum pki_status
post_root_crl(struct front *front, struct pki_http_request *req, const char *rest,
	struct pki_err *err)
{
	(void)rest;
	struct job *job;
	PKI_TRY(job_new(req, JOB_ROOT_CRL, &job, err));
	return push(front, job, err);
}

static enum pki_status
add_issuers(struct pki_ledger *ledger, struct pki_json *status, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_free) struct pki_json list = pki_json_array();
	for (int i = PKI_ISSUER_ROOT; i <= PKI_ISSUER_CA; i++) {
		PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *cert = NULL;
		struct pki_name name;
		PKI_TRY(pki_ledger_issuer(ledger, i, &cert, err));
		PKI_TRY(pki_cert_subject(cert, &name, err));
		struct pki_json item = pki_json_object();
		pki_json_text(&item, "name", name.common_name);
		pki_json_time(&item, "not_after", pki_cert_not_after(cert));
		pki_json_append(&list, &item);
	}
	pki_json_nest(status, "issuers", &list);
	return PKI_OK;
}

static enum pki_status
add_ledger(struct pki_ledger *ledger, struct pki_json *status, struct pki_err *err)
{
	struct pki_ledger_figures figures;
	uint64_t shared = 0;
	struct pki_crl_row crl = { 0 };
	PKI_TRY(pki_ledger_count(ledger, &figures, err));
	PKI_TRY(pki_ledger_crl_head(ledger, PKI_ISSUER_CA, 0, &crl, NULL, err));
	struct pki_json counts = pki_json_object(), last = pki_json_object();
	pki_json_number(&counts, "certificates", (int64_t)figures.certificates);
	pki_json_number(&counts, "revocations", (int64_t)figures.revocations);
	pki_json_number(&counts, "orders", (int64_t)figures.orders);
	pki_json_number(&counts, "entries", (int64_t)figures.entries);
	PKI_TRY(pki_ledger_identifiers_shared(ledger, pki_time_now(), &shared, err));
	pki_json_number(&counts, "identifiers_shared", (int64_t)shared);
	PKI_TRY(pki_ledger_names_shared(ledger, pki_time_now(), &shared, err));
	pki_json_number(&counts, "names_shared", (int64_t)shared);
	pki_json_nest(status, "ledger", &counts);
	pki_json_number(&last, "number", (int64_t)crl.number);
	pki_json_time(&last, "next_update", crl.next_update);
	pki_json_nest(status, "crl", &last);
	return add_issuers(ledger, status, err);
}

/* rule 120: the officers, and the first end of a certificate of each role */
static enum pki_status
add_staff(struct front *front, struct pki_json *status, struct pki_err *err)
{
	struct pki_staff staff = { 0 };
	pki_time now = pki_time_now();
	PKI_TRY(pki_staff_count(front->ledger, front->policy, now, &staff, err));
	struct pki_json roles = pki_staff_json(&staff, now);
	pki_json_nest(status, "roles", &roles);
	return PKI_OK;
}

static enum pki_status
get_status(struct front *front, struct pki_http_request *req, const char *rest,
	struct pki_err *err)
{
	(void)rest;
	PKI_CLEANUP(pki_json_free) struct pki_json status = pki_json_object();
	struct pki_json signer = pki_json_object(), queue = pki_json_object();
	struct pki_json witnesses = quorum_json(front->writer);
	struct pki_json refused = metrics_json(front->metrics);
	pki_json_number(&signer, "pid", front->signer->pid);
	pki_json_text(&signer, "sandbox", front->signer->ready.sandbox);
	pki_json_number(&queue, "waiting", (int64_t)queue_waiting(front->queue));
	pki_json_number(&queue, "limit", front->conf->ca->queue);
	pki_json_text(&status, "version", PKI_SUITE_VERSION);
	pki_json_number(&status, "pid", getpid());
	pki_json_nest(&status, "signer", &signer);
	pki_json_nest(&status, "queue", &queue);
	pki_json_nest(&status, "refused", &refused);
	pki_json_nest(&status, "witnesses", &witnesses);
	pki_json_bool(&status, "peers", front->peers->told_apart);
	pki_json_msec(&status, "clock", pki_msec_now());
	PKI_TRY(add_ledger(front->ledger, &status, err));
	PKI_TRY(add_staff(front, &status, err));
	reply_send(req, &status, &(struct pki_err){ 0 });
	return PKI_OK;
}

static enum pki_status
get_metrics(struct front *front, struct pki_http_request *req, const char *rest,
	struct pki_err *err)
{
	(void)rest;
	return pki_monitor_reply(front->metrics, req, err);
}

/* A path that ends with "/" is followed by an id. */
static const struct {
	const char *method;
	const char *path;
	unsigned open_to; /* peers; post_order() and post_event() look closer */
	route_fn run;
} routes[] = {
	{ "POST", "/v1/orders", PEERS_ALL, post_order },
	{ "GET", "/v1/orders/", PEERS_ALL, get_order },
	{ "GET", "/v1/receipts/", PEERS_ALL, get_receipt },
	{ "POST", "/v1/events", PKI_PEER_RA | PKI_PEER_CRL | PKI_PEER_OCSP, post_event },
	{ "POST", "/v1/crl", PKI_PEER_CRL, post_crl },
	{ "POST", "/v1/crl/published", PKI_PEER_CRL, post_published },
	{ "POST", "/v1/root-crl", PEERS_OWN, post_root_crl },
	{ "GET", "/v1/status", PEERS_ALL, get_status },
	{ "GET", "/metrics", PEERS_ALL, get_metrics },
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
	if (writer_ended(front->writer))
		return pki_fail(err, PKI_UNAVAILABLE,
			"pki-ca ends after a failed write; ask again once it runs");
	for (size_t i = 0; i < PKI_COUNT(routes); i++) {
		const char *rest = match(routes[i].path, pki_http_path(req));
		if (rest == NULL || strcmp(routes[i].method, pki_http_method(req)) != 0)
			continue;
		char what[64];
		snprintf(what, sizeof what, "%s %s", routes[i].method, routes[i].path);
		PKI_TRY(check_peer(front, req, routes[i].open_to, what, err));
		return routes[i].run(front, req, rest, err);
	}
	return pki_fail(
		err, PKI_NOTFOUND, "pki-ca has no such call; pki-ca(8) lists them");
}

void
front_handle(void *ctx, struct pki_http_request *req)
{
	struct pki_err own = { 0 };
	if (dispatch(ctx, req, &own) != PKI_OK)
		reply_send(req, NULL, &own);
}
