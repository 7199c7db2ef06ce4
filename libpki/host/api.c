#include "libpki/host/api.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libpki/base/time.h"
#include "libpki/cms/order.h"
#include "libpki/host/worker.h"

static unsigned
http_code(enum pki_status status)
{
	switch (status) {
	case PKI_OK:
		return 200;
	case PKI_INPUT:
	case PKI_USAGE:
		return 400;
	case PKI_LIMIT:
		return 413;
	case PKI_REFUSED:
	case PKI_OFFICER:
		return 403;
	case PKI_NOTFOUND:
		return 404;
	case PKI_STATE:
		return 409;
	case PKI_BUSY:
	case PKI_LOCKED:
	case PKI_UNAVAILABLE:
	case PKI_FULL:
		return 503;
	case PKI_INTERNAL:
	case PKI_CONFIG:
	case PKI_IO:
	case PKI_SECRET:
	case PKI_CLOCK:
	case PKI_VERSION:
	case PKI_TAMPERED:
	case PKI_MEMORY:
	case PKI_UNKNOWN:
		return 500;
	}
	return 500;
}

enum pki_status
pki_api_error_body(const struct pki_err *err, struct pki_buf *json, unsigned *code,
	struct pki_err *fail)
{
	/* a message may be cut within a character, and may quote foreign text */
	json_t *message = json_string(err->msg);
	json_t *object = json_string(err->object);
	PKI_CLEANUP(pki_json_free) struct pki_json body = pki_json_object();
	PKI_CLEANUP(pki_json_free) struct pki_json error = pki_json_object();
	pki_json_text(&error, "status", pki_status_name(err->status));
	pki_json_text(&error, "rule",
		err->rule == PKI_RULE_NONE ? "" : pki_rule_info(err->rule)->name);
	pki_json_value(&error, "object", object != NULL ? object : json_string(""));
	pki_json_value(&error, "message",
		message != NULL ? message : json_string(pki_status_text(err->status)));
	pki_json_nest(&body, "error", &error);
	*code = http_code(err->status);
	return pki_json_write(&body, json, fail);
}

/* The caller's error is the service's error. */
static enum pki_status
take_error(json_t *body, long code, struct pki_err *err)
{
	const char *name = NULL, *rule = NULL, *object = NULL, *message = NULL;
	if (json_unpack(body, "{s:{s:s, s:s, s:s, s:s}}", "error", "status", &name,
		    "rule", &rule, "object", &object, "message", &message) != 0)
		return pki_fail(err, PKI_UNAVAILABLE,
			"answer %ld is not one of pki-ca's; what listens there?", code);
	enum pki_status what = pki_status_by_name(name);
	if (what == PKI_OK)
		what = PKI_INTERNAL;
	enum pki_status status =
		pki_fail_rule(err, what, pki_rule_by_name(rule), "%s", message);
	pki_err_object(err, "%s", object);
	return status;
}

/* The HTTP server itself refuses with a bare code. */
static enum pki_status
take_code(long code, struct pki_err *err)
{
	if (code == 413)
		return pki_fail(err, PKI_LIMIT, "the service takes no request so large");
	if (code == 503)
		return pki_fail(err, PKI_UNAVAILABLE,
			"the service is stopping or has too many clients; nothing was done, try again");
	return pki_fail(err, PKI_UNAVAILABLE, "unexpected answer %ld", code);
}

enum pki_status
pki_api_call(const char *socket, const char *path, const char *content_type,
	struct pki_bytes body, json_t **reply, struct pki_err *err)
{
	char base[512];
	if (snprintf(base, sizeof base, "unix:%s", socket) >= (int)sizeof base)
		return pki_fail(err, PKI_CONFIG, "%s: too long for a socket", socket);
	PKI_CLEANUP(pki_http_response_free) struct pki_http_response response = { 0 };
	const struct pki_http_outgoing call = { .url_base = base,
		.method = body.len > 0 ? "POST" : "GET",
		.path = path,
		.content_type = content_type,
		.body = { body.len > 0 ? body.data : NULL, body.len },
		.lasting = body.len > 0,
		.max = PKI_API_MAX };
	PKI_TRY(pki_http_send(&call, &response, err));
	if (response.body.len == 0)
		return take_code(response.code, err);
	PKI_CLEANUP(pki_json_cleanup) json_t *json = NULL;
	PKI_TRY(pki_json_parse(pki_buf_bytes(&response.body), &json, err));
	if (response.code != 200)
		return take_error(json, response.code, err);
	*reply = json;
	json = NULL;
	return PKI_OK;
}

/* pki-ca is about to end, or is not back yet. */
static bool
is_away(const struct pki_err *err)
{
	return err->status == PKI_UNKNOWN || err->status == PKI_UNAVAILABLE ||
	       err->status == PKI_BUSY;
}

/* Once. *err: what pki-ca says of the order, or UNKNOWN. */
static void
ask_order(const char *socket, const char *id, struct pki_bytes cms, json_t **reply,
	struct pki_err *err)
{
	char path[sizeof "/v1/orders/" + PKI_ID_TEXT];
	const struct pki_bytes none = { 0 };
	struct pki_err own = { 0 };
	snprintf(path, sizeof path, "/v1/orders/%s", id);
	enum pki_status status = pki_api_call(socket, path, NULL, none, reply, &own);
	if (status == PKI_NOTFOUND) {
		own = (struct pki_err){ 0 };
		status = pki_api_call(
			socket, "/v1/orders", "application/pkcs7-mime", cms, reply, &own);
		if (own.rule == PKI_RULE_ORDER_USED) {
			own = (struct pki_err){ 0 };
			status = pki_api_call(socket, path, NULL, none, reply, &own);
		}
	}
	if (status == PKI_OK || !is_away(&own))
		*err = own;
}

enum pki_status
pki_api_order(const char *socket, const char *id, struct pki_bytes cms, json_t **reply,
	struct pki_err *err)
{
	struct pki_err own = { 0 };
	struct pki_backoff pause = { .first_msec = 50, .max_msec = 1000 };
	int64_t end = pki_wait_end(PKI_API_ASK_MSEC);
	(void)!pki_api_call(
		socket, "/v1/orders", "application/pkcs7-mime", cms, reply, &own);
	while (own.status == PKI_UNKNOWN && pki_monotonic_msec() < end) {
		usleep((useconds_t)pki_backoff_fail(&pause) * 1000);
		ask_order(socket, id, cms, reply, &own);
	}
	if (own.status != PKI_UNKNOWN)
		return pki_err_move(err, &own);
	pki_err_object(err, "%s", id);
	return pki_fail(err, PKI_UNKNOWN,
		"the order's outcome is unknown: %.400s; repeat the command, or ask GET /v1/orders/%s",
		own.msg, id);
}

enum pki_status
pki_api_event(const char *socket, const char *source, const char *type, const char *actor,
	json_t *detail, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_free) struct pki_json event = pki_json_object();
	pki_json_text(&event, "source", source);
	pki_json_text(&event, "type", type);
	pki_json_text(&event, "actor", actor);
	pki_json_value(
		&event, "detail", detail != NULL ? json_incref(detail) : json_object());
	PKI_CLEANUP(pki_buf_free) struct pki_buf body = { 0 };
	PKI_CLEANUP(pki_json_cleanup) json_t *reply = NULL;
	PKI_TRY(pki_json_write(&event, &body, err));
	return pki_api_call(socket, "/v1/events", "application/json",
		pki_buf_bytes(&body), &reply, err);
}
