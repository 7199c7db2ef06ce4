/* What the gate asks responders, and what of their answers it takes for a contradiction. */
#include "crl/agree.h"
#include "crl/monitor.h"
#include "crl/sample.h"
#include "crl/service.h"
#include "libpki/host/http.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libpki/host/conf_crl.h"
#include "libpki/ocsp/ocsp.h"
#include "tests/unit/common/ledger_rows.h"
#include "tests/unit/common/status_pki.h"

#define ENTRIES 100
#define REVOKED_AT (START + 1000)

/* A responder that says what it is told to. */
static struct {
	struct status_id ca, delegate;
	struct pki_ocsp_responder *responder;
	struct pki_http_server *server;
	char url[80];
	struct pki_ocsp_single of_listed, of_others;
	pki_time this_update; /* 0: now */
	struct pki_serial lie; /* len 0: none; of it the one for the other says */
	bool broken;
	unsigned asked;
} r;

static struct pki_conf_crl crl_conf;
static struct pki_conf conf = { .crl = &crl_conf };
static struct service d;

static struct pki_serial
serial(unsigned n)
{
	return (struct pki_serial){ .octets = { 0x50, (uint8_t)(n >> 8), (uint8_t)n },
		.len = 3 };
}

static struct pki_revoked
entry(unsigned n)
{
	return (struct pki_revoked){ .serial = serial(n),
		.revoked_at = REVOKED_AT,
		.reason = PKI_REASON_KEY_COMPROMISE };
}

static void
respond(void *ctx, struct pki_http_request *req)
{
	(void)ctx;
	static const struct pki_http_header type = { "Content-Type",
		"application/ocsp-response" };
	PKI_CLEANUP(pki_ocsp_request_cleanup) struct pki_ocsp_request *ocsp = NULL;
	PKI_CLEANUP(pki_buf_free) struct pki_buf body = { 0 };
	r.asked++;
	ok(pki_ocsp_request_parse(pki_http_body(req), &ocsp, &err));
	const struct pki_serial *of = pki_ocsp_request_serial(ocsp, 0);
	bool listed = of->octets[0] == 0x50 && of->len == 3;
	bool lie = r.lie.len != 0 && pki_serial_compare(of, &r.lie) == 0;
	pki_time from = r.this_update != 0 ? r.this_update : pki_time_now();
	const struct pki_ocsp_content content = {
		listed != lie ? &r.of_listed : &r.of_others, from, pki_time_now() + 60
	};
	ok(pki_ocsp_respond(r.responder, ocsp, &content, &body, &err));
	if (r.broken)
		body.data[body.len / 2] ^= 1;
	pki_http_reply(req, 200, &type, 1, pki_buf_bytes(&body));
}

static void
open_responder(void)
{
	const struct pki_http_config config = { .listen = r.url,
		.threads = 1,
		.body_max = PKI_OCSP_REQUEST_MAX,
		.connections_max = 4,
		.idle_seconds = 5,
		.handler = respond };
	ok(pki_http_start(&config, &r.server, &err));
}

static int
set_up(void **state)
{
	setup(state);
	struct fixture *f = *state;
	memset(&r, 0, sizeof r);
	d = (struct service){ .conf = &conf, .ledger = f->ledger };
	r.ca = status_ca("TEST CA");
	r.delegate = status_delegate(&r.ca);
	ok(pki_ocsp_responder_new(
		r.ca.cert, r.delegate.cert, r.delegate.key, &r.responder, &err));
	snprintf(r.url, sizeof r.url, "unix:/tmp/test_crl_agree.%d", (int)getpid());
	r.of_listed = (struct pki_ocsp_single){ PKI_OCSP_REVOKED, REVOKED_AT,
		PKI_REASON_KEY_COMPROMISE };
	open_responder();
	d.issuers[PKI_ISSUER_CA] = r.ca.cert;
	snprintf(crl_conf.responders[0], sizeof crl_conf.responders[0], "%s", r.url);
	crl_conf.responder_count = 1;
	ok(monitor_listen(&d, "", &err));
	issue_first(f);
	return 0;
}

static int
tear_down(void **state)
{
	pki_http_stop(r.server);
	pki_monitor_stop(d.monitor);
	pki_ocsp_responder_free(r.responder);
	status_free(&r.delegate);
	status_free(&r.ca);
	return teardown(state);
}

static struct pki_crl *
make_list(size_t count, pki_time next_update)
{
	static struct pki_revoked entries[ENTRIES];
	for (unsigned i = 0; i < count; i++)
		entries[i] = entry(i);
	const struct pki_crl_spec spec = { .issuer = r.ca.cert,
		.number = 1,
		.this_update = REVOKED_AT + 1,
		.next_update = next_update,
		.revoked = entries,
		.count = count };
	struct pki_crl *crl = NULL;
	ok(pki_crl_build(&spec, r.ca.key, &crl, &err));
	return crl;
}

static void
r76_answers(void **state)
{
	(void)state;
	static const struct {
		struct pki_ocsp_single says;
		pki_time this_update;
		bool contradicts;
	} cases[] = {
		{ { PKI_OCSP_REVOKED, REVOKED_AT, PKI_REASON_KEY_COMPROMISE }, 0, false },
		{ { PKI_OCSP_REVOKED, REVOKED_AT + 1, PKI_REASON_KEY_COMPROMISE }, 0,
			true },
		{ { PKI_OCSP_REVOKED, REVOKED_AT, PKI_REASON_SUPERSEDED }, 0, true },
		{ { PKI_OCSP_GOOD, 0, 0 }, 0, true },
		{ { PKI_OCSP_GOOD, 0, 0 }, REVOKED_AT, true },
		/* it has not heard of it yet, and does not say that it has */
		{ { PKI_OCSP_GOOD, 0, 0 }, REVOKED_AT - 1, false },
		{ { PKI_OCSP_UNISSUED, 0, 0 }, 0, true },
		{ { PKI_OCSP_UNKNOWN, 0, 0 }, 0, false },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err err = { 0 };
		struct pki_revoked one = entry(1);
		r.of_listed = cases[i].says;
		r.this_update = cases[i].this_update;
		enum pki_status got = agree_query(r.url, r.ca.cert, &one, &err);
		if ((got == PKI_TAMPERED) != cases[i].contradicts ||
			err.rule != (cases[i].contradicts ? PKI_RULE_STATUS_AGREE
							  : PKI_RULE_NONE))
			fail_msg("case %zu: %s", i, err.msg);
	}
}

/* Some of what is new, a few others, and a few that are on no list. */
static void
a_sample_is_bounded(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_crl_cleanup)
	struct pki_crl *crl = make_list(ENTRIES, REVOKED_AT + PKI_DAY);
	struct sample sample;
	ok(sample_begin(&sample, &err));
	for (unsigned i = 0; i < ENTRIES; i++) {
		struct pki_revoked one = entry(i);
		sample_add(&sample, &one);
	}
	assert_int_equal(sample.count, SAMPLE_FRESH);
	ok(agree_check(&d, crl, &sample, &err));
	/* the ledger has two certificates, neither revoked */
	assert_int_equal(r.asked, SAMPLE_FRESH + SAMPLE_OTHERS + 2);
	assert_int_equal(pki_monitor_get(d.monitor, CRL_COMPARISONS, CRL_AGREES), 1);

	PKI_CLEANUP(pki_crl_cleanup)
	struct pki_crl *small = make_list(2, REVOKED_AT + PKI_DAY);
	r.asked = 0;
	ok(sample_begin(&sample, &err));
	ok(agree_check(&d, small, &sample, &err));
	assert_int_equal(r.asked, 2 + 2);
}

static void
nobody_is_asked(void **state)
{
	(void)state;
	struct sample sample;
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *last = make_list(2, PKI_CRL_LAST);
	ok(sample_begin(&sample, &err));
	ok(agree_check(&d, last, &sample, &err));
	PKI_CLEANUP(pki_crl_cleanup)
	struct pki_crl *crl = make_list(2, REVOKED_AT + PKI_DAY);
	crl_conf.responder_count = 0;
	ok(agree_check(&d, crl, &sample, &err));
	assert_int_equal(r.asked, 0);
}

static enum pki_status
check(struct pki_err *own)
{
	struct sample sample;
	PKI_CLEANUP(pki_crl_cleanup)
	struct pki_crl *crl = make_list(2, REVOKED_AT + PKI_DAY);
	ok(sample_begin(&sample, &err));
	return agree_check(&d, crl, &sample, own);
}

static void
r76_a_lie_is_a_contradiction(void **state)
{
	struct fixture *f = *state;
	struct pki_cert_row second = make_cert(2, "H-1", 1);
	struct pki_err own = { 0 };
	r.lie = serial(1);
	assert_int_equal(check(&own), PKI_TAMPERED);
	assert_int_equal(own.rule, PKI_RULE_STATUS_AGREE);
	assert_non_null(strstr(own.msg, "500001 good"));
	assert_int_equal(pki_monitor_get(d.monitor, CRL_CONTRADICTED, 0), 1);
	r.lie = second.serial;
	own = (struct pki_err){ 0 };
	assert_int_equal(check(&own), PKI_TAMPERED);
	assert_non_null(strstr(own.msg, "revoked; CRL and"));
	r.of_others = (struct pki_ocsp_single){ .status = PKI_OCSP_UNISSUED };
	own = (struct pki_err){ 0 };
	r.lie.len = 0;
	assert_int_equal(check(&own), PKI_TAMPERED);
	assert_non_null(strstr(own.msg, "\"not issued\"; the ledger says good"));
	/* unknown to it: no contradiction */
	r.of_others = (struct pki_ocsp_single){ .status = PKI_OCSP_UNKNOWN };
	own = (struct pki_err){ 0 };
	assert_int_equal(check(&own), PKI_OK);
	assert_int_equal(pki_monitor_get(d.monitor, CRL_CONTRADICTED, 0), 0);
	/* revoked after the list was made: not chosen any more */
	r.of_others = (struct pki_ocsp_single){ .status = PKI_OCSP_GOOD };
	r.lie = second.serial;
	begin(f);
	ok(add_order(f->ledger, 2, PKI_ACTION_REVOKE, "H-1", &own));
	ok(add_revocation(f->ledger, &second, 2, START * 1000, &own));
	commit(f);
	assert_int_equal(check(&own), PKI_OK);
}

static void
who_does_not_answer_keeps_nothing_waiting(void **state)
{
	(void)state;
	struct pki_err own = { 0 };
	r.broken = true;
	assert_int_equal(check(&own), PKI_OK);
	assert_int_equal(r.asked, 1);
	assert_true(d.responders[0].silent);
	assert_int_equal(pki_monitor_get(d.monitor, CRL_COMPARISONS, CRL_SILENT), 1);
	assert_true(pki_monitor_get(d.monitor, CRL_SILENT_SINCE, 0) != 0);
	/* it is left alone for a minute */
	assert_int_equal(check(&own), PKI_OK);
	assert_int_equal(r.asked, 1);
	d.responders[0].rests_until = 0;
	pki_http_stop(r.server);
	r.server = NULL;
	assert_int_equal(check(&own), PKI_OK);
	assert_true(d.responders[0].rests_until > pki_monotonic_msec());
	d.responders[0].rests_until = 0;
	r.broken = false;
	open_responder();
	assert_int_equal(check(&own), PKI_OK);
	assert_false(d.responders[0].silent);
	assert_int_equal(pki_monitor_get(d.monitor, CRL_SILENT_SINCE, 0), 0);
}

#define AGREE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		AGREE_TEST(r76_answers),
		AGREE_TEST(a_sample_is_bounded),
		AGREE_TEST(nobody_is_asked),
		AGREE_TEST(r76_a_lie_is_a_contradiction),
		AGREE_TEST(who_does_not_answer_keeps_nothing_waiting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
