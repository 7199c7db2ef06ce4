#include "libpki/host/api.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char socket_path[64];

/* The server answers what the test put here. */
static struct {
	unsigned code;
	const char *body;
	char path[64];
	char received[512];
} next;

static void
handle(void *ctx, struct pki_http_request *req)
{
	(void)ctx;
	struct pki_bytes body = pki_http_body(req);
	snprintf(next.path, sizeof next.path, "%s %s", pki_http_method(req),
		pki_http_path(req));
	snprintf(next.received, sizeof next.received, "%.*s", (int)body.len,
		body.data != NULL ? (const char *)body.data : "");
	pki_http_reply(req, next.code, NULL, 0,
		(struct pki_bytes){ (const uint8_t *)next.body, strlen(next.body) });
}

static struct pki_http_server *
start(void)
{
	char where[80];
	snprintf(where, sizeof where, "unix:%s", socket_path);
	struct pki_http_config config = { .listen = where,
		.threads = 1,
		.body_max = 1000,
		.connections_max = 8,
		.idle_seconds = 5,
		.handler = handle };
	struct pki_http_server *server = NULL;
	struct pki_err err = { 0 };
	assert_int_equal(pki_http_start(&config, &server, &err), PKI_OK);
	return server;
}

static void
errors_travel_whole(void **state)
{
	(void)state;
	static const struct {
		enum pki_status status;
		enum pki_rule rule;
		unsigned want_code;
	} cases[] = {
		{ PKI_INPUT, PKI_RULE_ORDER_FORM, 400 },
		{ PKI_LIMIT, PKI_RULE_NONE, 413 },
		{ PKI_REFUSED, PKI_RULE_ORDER_USED, 403 },
		{ PKI_OFFICER, PKI_RULE_ROLE, 403 },
		{ PKI_NOTFOUND, PKI_RULE_NONE, 404 },
		{ PKI_STATE, PKI_RULE_NONE, 409 },
		{ PKI_BUSY, PKI_RULE_NONE, 503 },
		{ PKI_FULL, PKI_RULE_NONE, 503 },
		{ PKI_CLOCK, PKI_RULE_CLOCK, 500 },
		{ PKI_INTERNAL, PKI_RULE_NONE, 500 },
		{ PKI_UNKNOWN, PKI_RULE_NONE, 500 },
	};
	struct pki_http_server *server = start();
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err sent = { .status = cases[i].status,
			.rule = cases[i].rule,
			.object = "O-1 \"quoted\"",
			.msg = "was used; make another" };
		struct pki_err err = { 0 };
		PKI_CLEANUP(pki_buf_free) struct pki_buf body = { 0 };
		assert_int_equal(
			pki_api_error_body(&sent, &body, &next.code, &err), PKI_OK);
		assert_int_equal(next.code, cases[i].want_code);
		next.body = (const char *)body.data;
		json_t *reply = NULL;
		struct pki_err got = { 0 };
		assert_int_equal(pki_api_call(socket_path, "/v1/x", NULL,
					 (struct pki_bytes){ 0 }, &reply, &got),
			cases[i].status);
		assert_int_equal(got.rule, cases[i].rule);
		assert_string_equal(got.object, sent.object);
		assert_string_equal(got.msg, sent.msg);
		assert_string_equal(next.path, "GET /v1/x");
	}
	pki_http_stop(server);
}

static void
strange_answers(void **state)
{
	(void)state;
	static const struct {
		unsigned code;
		const char *body;
		enum pki_status want;
	} cases[] = {
		{ 200, "{\"a\":1}", PKI_OK },
		{ 200, "{\"a\":1", PKI_INPUT },
		{ 200, "", PKI_UNAVAILABLE },
		{ 413, "", PKI_LIMIT },
		{ 503, "", PKI_UNAVAILABLE },
		{ 404, "{}", PKI_UNAVAILABLE },
		{ 500, "{\"error\":{\"status\":\"ok\",\"rule\":\"\",\"object\":\"\",\"message\":\"m\"}}",
			PKI_INTERNAL },
	};
	struct pki_http_server *server = start();
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		next.code = cases[i].code;
		next.body = cases[i].body;
		PKI_CLEANUP(pki_json_cleanup) json_t *reply = NULL;
		struct pki_err err = { 0 };
		assert_int_equal(pki_api_call(socket_path, "/v1/x", NULL,
					 (struct pki_bytes){ 0 }, &reply, &err),
			cases[i].want);
	}
	pki_http_stop(server);
}

static void
events_are_posted(void **state)
{
	(void)state;
	struct pki_http_server *server = start();
	next.code = 200;
	next.body = "{\"index\":7}";
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_json_cleanup) json_t *detail = json_pack("{s:i}", "n", 1);
	assert_int_equal(pki_api_event(socket_path, "pki-crl", "crl-service-started", "",
				 detail, &err),
		PKI_OK);
	assert_string_equal(next.path, "POST /v1/events");
	assert_string_equal(next.received,
		"{\"actor\":\"\",\"detail\":{\"n\":1},\"source\":\"pki-crl\",\"type\":\"crl-service-started\"}");
	pki_http_stop(server);
	assert_int_equal(pki_api_event(socket_path, "pki-crl", "crl-service-started", "",
				 NULL, &err),
		PKI_UNAVAILABLE);
}

int
main(void)
{
	snprintf(socket_path, sizeof socket_path, "/tmp/test_api.%d", (int)getpid());
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_travel_whole),
		cmocka_unit_test(strange_answers),
		cmocka_unit_test(events_are_posted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
