#include "witness/stamp.h"

#include <stdio.h>
#include <string.h>

#include "libpki/base/file.h"
#include "libpki/cms/tsp.h"
#include "libpki/host/http.h"

/* The authority's clock and ours. */
#define SKEW_SECONDS 300
#define STALL_SECONDS 10

static enum pki_status
stamp_path(const struct stamping *stamping, const char *suffix, char out[PATH_MAX],
	struct pki_err *err)
{
	char name[32];
	snprintf(name, sizeof name, "%ju.%s", (uintmax_t)stamping->size, suffix);
	return pki_conf_path(stamping->folder, name, out, err);
}

static enum pki_status
call(const struct stamping *stamping, struct pki_bytes query,
	struct pki_http_response *response, struct pki_err *err)
{
	const struct pki_http_outgoing out = {
		.url_base = stamping->conf->url,
		.method = "POST",
		.path = "",
		.content_type = PKI_TSP_QUERY_TYPE,
		.body = query,
		.max = PKI_TSP_MAX,
		.stall_seconds = STALL_SECONDS,
		.stop = stamping->stop,
	};
	PKI_TRY(pki_http_send(&out, response, err));
	if (response->code != 200)
		return pki_fail(err, PKI_UNAVAILABLE, "the authority answers HTTP %ld",
			response->code);
	return PKI_OK;
}

static enum pki_status
check(const struct stamping *stamping, struct pki_bytes response,
	const struct pki_tsp_query *query, struct pki_err *err)
{
	pki_time at = 0, now = pki_time_now();
	PKI_TRY(pki_tsp_verify(response, query, stamping->trust, &at, err));
	if (at < now - SKEW_SECONDS || at > now + SKEW_SECONDS)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_TIMESTAMP,
			"the authority's clock is %lld s from ours; one of the two is wrong",
			(long long)(at > now ? at - now : now - at));
	return PKI_OK;
}

/* The token first: a checkpoint without a token means that the token was removed. */
static enum pki_status
keep(const struct stamping *stamping, const struct pki_buf *token, struct pki_err *err)
{
	char path[PATH_MAX];
	PKI_TRY(stamp_path(stamping, "tsr", path, err));
	PKI_TRY(pki_file_publish(path, token->data, token->len, 0644, err));
	PKI_TRY(stamp_path(stamping, "note", path, err));
	return pki_file_publish(path, stamping->note.data, stamping->note.len, 0644, err);
}

/* The verified token. */
static enum pki_status
get_token(const struct stamping *stamping, struct pki_buf *out, struct pki_err *err)
{
	struct pki_tsp_query query;
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 };
	PKI_CLEANUP(pki_http_response_free) struct pki_http_response response = { 0 };
	PKI_TRY(pki_tsp_request(stamping->note, &query, &der, err));
	PKI_TRY(call(stamping, pki_buf_bytes(&der), &response, err));
	PKI_TRY(check(stamping, pki_buf_bytes(&response.body), &query, err));
	*out = response.body;
	response.body = (struct pki_buf){ 0 };
	return PKI_OK;
}

enum pki_status
stamp_checkpoint(const struct stamping *stamping, struct pki_err *err)
{
	char path[PATH_MAX];
	PKI_CLEANUP(pki_buf_free) struct pki_buf token = { 0 };
	PKI_TRY(stamp_path(stamping, "note", path, err));
	if (pki_file_exists(path))
		return PKI_OK;
	enum pki_status status = get_token(stamping, &token, err);
	if (status != PKI_OK) {
		pki_err_object(err, "%s", stamping->conf->url);
		return status;
	}
	return keep(stamping, &token, err);
}
