#include "libpki/host/monitor.h"

#include <pthread.h>
#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libpki/host/http.h"
#include "tests/unit/common/expect.h"

enum { REQUESTS, DEPTH, LAST, END, LATENCY, PLAIN, PARTS };

static const char *const methods[] = { "GET", "POST", NULL };
static const char *const answers[] = { "good", "a \"b\"\\\n", "bad", NULL };
static size_t parts;

static const struct pki_metric metrics[] = {
	[REQUESTS] = { "t_requests_total", PKI_COUNTER, "Requests.",
		{ { "method", methods, NULL }, { "answer", answers, NULL } } },
	[DEPTH] = { "t_depth", PKI_GAUGE, "Depth.", { { 0 } } },
	[LAST] = { "t_age_seconds", PKI_AGE, "Age.", { { "method", methods, NULL } } },
	[END] = { "t_left_seconds", PKI_LEFT, "Left.", { { 0 } } },
	[LATENCY] = { "t_latency_seconds", PKI_HISTOGRAM, "Latency.",
		{ { "method", methods, NULL } } },
	[PLAIN] = { "t_plain_seconds", PKI_HISTOGRAM, "Plain.", { { 0 } } },
	[PARTS] = { "t_parts", PKI_GAUGE, "Parts.",
		{ { "method", methods, NULL }, { "part", NULL, &parts } } },
	{ 0 },
};

static char socket_path[64];
static char base[80];
static int wrong; /* how many things */

static void
health(void *ctx, struct pki_health *health)
{
	assert_ptr_equal(ctx, base);
	for (int i = 1; i <= wrong; i++)
		pki_health_wrong(health, "thing %d \"is\" wrong", i);
}

static struct pki_monitor *
start(const char *where, size_t sets)
{
	const struct pki_monitor_config config = { .listen = where,
		.metrics = metrics,
		.sets = sets,
		.health = health,
		.ctx = base };
	struct pki_monitor *monitor = NULL;
	ok(pki_monitor_listen(&config, &monitor, &err));
	ok(pki_monitor_begin(monitor, &err));
	return monitor;
}

static void
assert_page_has(const struct pki_monitor *monitor, const char *want)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf page = { 0 };
	ok(pki_monitor_print(monitor, &page, &err));
	if (strstr((char *)page.data, want) == NULL)
		fail_msg("\"%s\" is not in\n%s", want, (char *)page.data);
}

static void
sets_are_added_up(void **state)
{
	(void)state;
	struct pki_monitor *monitor = start("", 3);
	for (size_t set = 0; set < 3; set++)
		for (size_t which = 0; which < 6; which++)
			pki_cells_add(pki_monitor_cells(monitor, set), REQUESTS, which,
				(int64_t)which + 1);
	pki_cells_set(pki_monitor_cells(monitor, 1), DEPTH, 0, -7);
	assert_int_equal(pki_monitor_get(monitor, REQUESTS, 5), 18);
	assert_int_equal(pki_monitor_get(monitor, DEPTH, 0), -7);
	assert_page_has(monitor,
		"# HELP t_requests_total Requests.\n"
		"# TYPE t_requests_total counter\n"
		"t_requests_total{method=\"GET\",answer=\"good\"} 3\n"
		"t_requests_total{method=\"GET\",answer=\"a \\\"b\\\"\\\\\\n\"} 6\n"
		"t_requests_total{method=\"GET\",answer=\"bad\"} 9\n"
		"t_requests_total{method=\"POST\",answer=\"good\"} 12\n"
		"t_requests_total{method=\"POST\",answer=\"a \\\"b\\\"\\\\\\n\"} 15\n"
		"t_requests_total{method=\"POST\",answer=\"bad\"} 18\n"
		"# HELP t_depth Depth.\n"
		"# TYPE t_depth gauge\n"
		"t_depth -7\n");
	pki_monitor_stop(monitor);
}

static void
labels_may_be_numbers(void **state)
{
	(void)state;
	PKI_CLEANUP(pki_buf_free) struct pki_buf page = { 0 };
	struct pki_monitor *monitor = start("", 1);
	ok(pki_monitor_print(monitor, &page, &err));
	assert_null(strstr((char *)page.data, "t_parts{"));
	pki_monitor_stop(monitor);
	parts = 2;
	monitor = start("", 1);
	for (size_t which = 0; which < 4; which++)
		pki_cells_set(
			pki_monitor_cells(monitor, 0), PARTS, which, (int64_t)which + 5);
	pki_cells_set(pki_monitor_cells(monitor, 0), DEPTH, 0, 1);
	assert_page_has(monitor, "gauge\n"
				 "t_parts{method=\"GET\",part=\"1\"} 5\n"
				 "t_parts{method=\"GET\",part=\"2\"} 6\n"
				 "t_parts{method=\"POST\",part=\"1\"} 7\n"
				 "t_parts{method=\"POST\",part=\"2\"} 8\n");
	pki_monitor_stop(monitor);
	parts = 0;
}

static void
times_are_relative(void **state)
{
	(void)state;
	struct pki_monitor *monitor = start("", 1);
	struct pki_cells *cells = pki_monitor_cells(monitor, 0);
	assert_page_has(monitor, "# TYPE t_age_seconds gauge\n# HELP");
	assert_page_has(monitor, "# TYPE t_left_seconds gauge\n# HELP");
	pki_cells_set(cells, LAST, 1, pki_time_now() - 100000);
	pki_cells_set(cells, END, 0, pki_time_now() + 200500);
	/* whatever the second */
	assert_page_has(monitor, "gauge\nt_age_seconds{method=\"POST\"} 1000");
	assert_page_has(monitor, "\nt_left_seconds 200");
	pki_cells_set(cells, END, 0, pki_time_now() - 1000000);
	assert_page_has(monitor, "\nt_left_seconds -1000");
	pki_monitor_stop(monitor);
}

static void
histograms_cumulate(void **state)
{
	(void)state;
	struct pki_monitor *monitor = start("", 2);
	static const int64_t nsec[] = { 0, 5000, 5001, 1000000, 1000000000, 1000000001 };
	for (size_t i = 0; i < PKI_COUNT(nsec); i++)
		pki_cells_time(pki_monitor_cells(monitor, i % 2), LATENCY, 1, nsec[i]);
	assert_page_has(monitor,
		"# TYPE t_latency_seconds histogram\n"
		"t_latency_seconds_bucket{method=\"GET\",le=\"5e-06\"} 0\n");
	assert_page_has(monitor,
		"t_latency_seconds_bucket{method=\"POST\",le=\"5e-06\"} 2\n"
		"t_latency_seconds_bucket{method=\"POST\",le=\"1e-05\"} 3\n"
		"t_latency_seconds_bucket{method=\"POST\",le=\"2.5e-05\"} 3\n");
	assert_page_has(monitor,
		"t_latency_seconds_bucket{method=\"POST\",le=\"0.0005\"} 3\n"
		"t_latency_seconds_bucket{method=\"POST\",le=\"0.001\"} 4\n");
	assert_page_has(monitor,
		"t_latency_seconds_bucket{method=\"POST\",le=\"0.5\"} 4\n"
		"t_latency_seconds_bucket{method=\"POST\",le=\"1\"} 5\n"
		"t_latency_seconds_bucket{method=\"POST\",le=\"+Inf\"} 6\n"
		"t_latency_seconds_sum{method=\"POST\"} 2.001010002\n"
		"t_latency_seconds_count{method=\"POST\"} 6\n");
	assert_page_has(monitor, "t_plain_seconds_bucket{le=\"+Inf\"} 0\n"
				 "t_plain_seconds_sum 0.000000000\n"
				 "t_plain_seconds_count 0\n");
	pki_monitor_stop(monitor);
}

static void *
count_a_lot(void *arg)
{
	struct pki_cells *cells = arg;
	for (int i = 0; i < 100000; i++) {
		pki_cells_add(cells, REQUESTS, 2, 1);
		pki_cells_time(cells, LATENCY, 0, i);
	}
	return NULL;
}

static void
writers_do_not_disturb_each_other(void **state)
{
	(void)state;
	enum { WRITERS = 4 };
	struct pki_monitor *monitor = start("", WRITERS);
	pthread_t threads[WRITERS];
	for (size_t i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_a_lot,
					 pki_monitor_cells(monitor, i)),
			0);
	assert_page_has(monitor, "t_requests_total{method=\"GET\",answer=\"bad\"} ");
	for (size_t i = 0; i < WRITERS; i++)
		pthread_join(threads[i], NULL);
	assert_page_has(
		monitor, "t_requests_total{method=\"GET\",answer=\"bad\"} 400000\n");
	assert_page_has(monitor, "t_latency_seconds_count{method=\"GET\"} 400000\n");
	pki_monitor_stop(monitor);
}

static void
get(const char *method, const char *path, long want_code, const char *want_type,
	const char *want_body)
{
	struct pki_http_response response = { 0 };
	const struct pki_http_outgoing request = {
		.url_base = base, .method = method, .path = path, .max = 1 << 20
	};
	ok(pki_http_send(&request, &response, &err));
	assert_int_equal(response.code, want_code);
	assert_string_equal(response.content_type, want_type);
	const char *body = response.body.data != NULL ? (char *)response.body.data : "";
	if (strncmp(body, want_body, strlen(want_body)) != 0)
		fail_msg("%s: \"%s\", not \"%s\"", path, body, want_body);
	pki_http_response_free(&response);
}

static void
pages(void **state)
{
	(void)state;
	struct pki_monitor *monitor = start(base, 1);
	get("GET", "/metrics", 200, "text/plain; version=0.0.4; charset=utf-8",
		"# HELP t_requests_total");
	wrong = 0;
	get("GET", "/health", 200, "text/plain; charset=utf-8", "ok\n");
	wrong = 2;
	get("GET", "/health", 503, "text/plain; charset=utf-8",
		"thing 1 \"is\" wrong\nthing 2 \"is\" wrong\n");
	get("GET", "/", 404, "", "");
	get("GET", "/metrics/", 404, "", "");
	get("POST", "/metrics", 405, "", "");
	pki_monitor_stop(monitor);
	assert_int_equal(access(socket_path, F_OK), -1);
}

/* Whoever asks for JSON gets it: over a raw connection, as the client sends no Accept. */
static void
health_in_json(void **state)
{
	(void)state;
	struct pki_monitor *monitor = start(base, 1);
	char command[256], answer[512];
	wrong = 1;
	snprintf(command, sizeof command,
		"curl -s -H 'Accept: application/json' --unix-socket %s http://x/health",
		socket_path);
	FILE *curl = popen(command, "r");
	assert_non_null(curl);
	size_t len = fread(answer, 1, sizeof answer - 1, curl);
	answer[len] = '\0';
	assert_int_equal(pclose(curl), 0);
	assert_string_equal(
		answer, "{\"ok\":false,\"wrong\":[\"thing 1 \\\"is\\\" wrong\"]}");
	pki_monitor_stop(monitor);
}

static void
an_address_that_is_none(void **state)
{
	(void)state;
	const struct pki_monitor_config config = {
		.listen = "9180", .metrics = metrics, .sets = 1, .health = health
	};
	struct pki_monitor *monitor = NULL;
	fails(pki_monitor_listen(&config, &monitor, &err), CONFIG);
	assert_null(monitor);
	pki_monitor_stop(NULL);
}

int
main(void)
{
	snprintf(socket_path, sizeof socket_path, "/tmp/test_monitor.%d", (int)getpid());
	snprintf(base, sizeof base, "unix:%s", socket_path);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sets_are_added_up),
		cmocka_unit_test(labels_may_be_numbers),
		cmocka_unit_test(times_are_relative),
		cmocka_unit_test(histograms_cumulate),
		cmocka_unit_test(writers_do_not_disturb_each_other),
		cmocka_unit_test(pages),
		cmocka_unit_test(health_in_json),
		cmocka_unit_test(an_address_that_is_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
