#include "libpki/host/monitor.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "libpki/base/json.h"
#include "libpki/host/http.h"

/* Scrapers are few. */
#define CONNECTIONS_MAX 16
#define IDLE_SECONDS 30
#define BODY_MAX 0
/* Cells of two threads in a shared cache line would be slow to write. */
#define CACHE_LINE 64
#define NSEC ((int64_t)1000000000)
#define WRONG_TEXT 512
#define NUMBER_TEXT 24

/* Upper bounds of a histogram's buckets, in nanoseconds; the last bucket has no bound. */
static const int64_t bounds[] = { 5000, 10000, 25000, 50000, 100000, 250000, 500000,
	1000000, 2500000, 5000000, 10000000, 25000000, 50000000, 100000000, 250000000,
	500000000, 1000000000 };
/* A histogram's cells: the buckets, the last bucket, the sum. */
#define SUM (PKI_COUNT(bounds) + 1)

static const char *const type_names[] = {
	[PKI_COUNTER] = "counter",
	[PKI_GAUGE] = "gauge",
	[PKI_AGE] = "gauge",
	[PKI_LEFT] = "gauge",
	[PKI_HISTOGRAM] = "histogram",
};

struct pki_cells {
	const size_t *first; /* cell of each metric */
	_Atomic int64_t cell[];
};

struct pki_monitor {
	struct pki_monitor_config config;
	struct pki_http_server *server; /* NULL: the cells alone */
	size_t *first;
	struct pki_cells **sets;
};

struct pki_health {
	json_t *wrong; /* array of strings */
	bool failed; /* a fault could not be noted */
};

static size_t
width(const struct pki_metric *metric)
{
	return metric->type == PKI_HISTOGRAM ? SUM + 1 : 1;
}

static size_t
values(const struct pki_label *label)
{
	size_t count = 0;
	if (label->values == NULL)
		return *label->numbered;
	while (label->values[count] != NULL)
		count++;
	return count;
}

static size_t
series(const struct pki_metric *metric)
{
	size_t count = 1;
	for (const struct pki_label *label = metric->labels; label->name != NULL; label++)
		count *= values(label);
	return count;
}

/* By the set's single writer: no thread changes the cell between load and store. */
static void
add(_Atomic int64_t *cell, int64_t n)
{
	atomic_store_explicit(cell, atomic_load_explicit(cell, memory_order_relaxed) + n,
		memory_order_relaxed);
}

void
pki_cells_add(struct pki_cells *cells, size_t metric, size_t which, int64_t n)
{
	add(&cells->cell[cells->first[metric] + which], n);
}

void
pki_cells_set(struct pki_cells *cells, size_t metric, size_t which, int64_t value)
{
	atomic_store_explicit(
		&cells->cell[cells->first[metric] + which], value, memory_order_relaxed);
}

void
pki_cells_time(struct pki_cells *cells, size_t metric, size_t which, int64_t nsec)
{
	_Atomic int64_t *cell = &cells->cell[cells->first[metric] + which * (SUM + 1)];
	size_t bucket = 0;
	while (bucket < PKI_COUNT(bounds) && nsec > bounds[bucket])
		bucket++;
	add(&cell[bucket], 1);
	add(&cell[SUM], nsec);
}

static int64_t
sum(const struct pki_monitor *monitor, size_t cell)
{
	int64_t total = 0;
	for (size_t i = 0; i < monitor->config.sets; i++)
		total += atomic_load_explicit(
			&monitor->sets[i]->cell[cell], memory_order_relaxed);
	return total;
}

int64_t
pki_monitor_get(const struct pki_monitor *monitor, size_t metric, size_t which)
{
	return sum(monitor, monitor->first[metric] + which);
}

static enum pki_status
print_escaped(const char *text, struct pki_buf *out, struct pki_err *err)
{
	for (; *text != '\0'; text++) {
		bool newline = *text == '\n';
		if (newline || *text == '\\' || *text == '"')
			PKI_TRY(pki_buf_append(out, "\\", 1, err));
		PKI_TRY(pki_buf_append(out, newline ? "n" : text, 1, err));
	}
	return PKI_OK;
}

static enum pki_status
print_label(char separator, const char *name, const char *value, struct pki_buf *out,
	struct pki_err *err)
{
	PKI_TRY(pki_buf_printf(out, err, "%c%s=\"", separator, name));
	PKI_TRY(print_escaped(value, out, err));
	return pki_buf_append(out, "\"", 1, err);
}

/* NAME SUFFIX {labels, le}; le may be NULL */
static enum pki_status
print_name(const struct pki_metric *metric, const char *suffix, size_t which,
	const char *le, struct pki_buf *out, struct pki_err *err)
{
	size_t span = series(metric);
	char separator = '{', number[NUMBER_TEXT];
	PKI_TRY(pki_buf_printf(out, err, "%s%s", metric->name, suffix));
	for (const struct pki_label *label = metric->labels; label->name != NULL;
		label++) {
		span /= values(label);
		snprintf(number, sizeof number, "%zu", which / span + 1);
		PKI_TRY(print_label(separator, label->name,
			label->values != NULL ? label->values[which / span] : number, out,
			err));
		which %= span;
		separator = ',';
	}
	if (le != NULL) {
		PKI_TRY(print_label(separator, "le", le, out, err));
		separator = ',';
	}
	return pki_buf_printf(out, err, "%s ", separator == ',' ? "}" : "");
}

/* cell: the histogram's first */
static enum pki_status
print_histogram(const struct pki_monitor *monitor, const struct pki_metric *metric,
	size_t which, size_t cell, struct pki_buf *out, struct pki_err *err)
{
	int64_t count = 0, nsec = sum(monitor, cell + SUM);
	char le[32];
	for (size_t i = 0; i <= PKI_COUNT(bounds); i++) {
		count += sum(monitor, cell + i);
		snprintf(le, sizeof le, "%g",
			i < PKI_COUNT(bounds) ? (double)bounds[i] / (double)NSEC : 0);
		PKI_TRY(print_name(metric, "_bucket", which,
			i < PKI_COUNT(bounds) ? le : "+Inf", out, err));
		PKI_TRY(pki_buf_printf(out, err, "%" PRId64 "\n", count));
	}
	PKI_TRY(print_name(metric, "_sum", which, NULL, out, err));
	PKI_TRY(pki_buf_printf(
		out, err, "%" PRId64 ".%09" PRId64 "\n", nsec / NSEC, nsec % NSEC));
	PKI_TRY(print_name(metric, "_count", which, NULL, out, err));
	return pki_buf_printf(out, err, "%" PRId64 "\n", count);
}

static enum pki_status
print_value(const struct pki_monitor *monitor, const struct pki_metric *metric,
	size_t which, size_t cell, struct pki_buf *out, struct pki_err *err)
{
	if (metric->type == PKI_HISTOGRAM)
		return print_histogram(monitor, metric, which, cell, out, err);
	int64_t value = sum(monitor, cell), now = pki_time_now();
	bool relative = metric->type == PKI_AGE || metric->type == PKI_LEFT;
	if (relative && value == 0)
		return PKI_OK;
	if (relative)
		value = metric->type == PKI_AGE ? now - value : value - now;
	PKI_TRY(print_name(metric, "", which, NULL, out, err));
	return pki_buf_printf(out, err, "%" PRId64 "\n", value);
}

enum pki_status
pki_monitor_print(
	const struct pki_monitor *monitor, struct pki_buf *out, struct pki_err *err)
{
	for (size_t m = 0; monitor->config.metrics[m].name != NULL; m++) {
		const struct pki_metric *metric = &monitor->config.metrics[m];
		PKI_TRY(pki_buf_printf(out, err, "# HELP %s %s\n# TYPE %s %s\n",
			metric->name, metric->help, metric->name,
			type_names[metric->type]));
		for (size_t i = 0; i < series(metric); i++)
			PKI_TRY(print_value(monitor, metric, i,
				monitor->first[m] + i * width(metric), out, err));
	}
	return PKI_OK;
}

void
pki_health_wrong(struct pki_health *health, const char *fmt, ...)
{
	char text[WRONG_TEXT];
	va_list args;
	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	if (json_array_append_new(health->wrong, json_string(text)) != 0)
		health->failed = true;
}

static enum pki_status
print_health(const struct pki_health *health, bool healthy, bool as_json,
	struct pki_buf *out, struct pki_err *err)
{
	size_t i;
	json_t *wrong;
	if (as_json) {
		PKI_CLEANUP(pki_json_cleanup)
		json_t *json =
			json_pack("{s:b, s:O}", "ok", healthy, "wrong", health->wrong);
		return json != NULL ? pki_json_dump(json, out, err)
				    : pki_fail(err, PKI_MEMORY, "health");
	}
	if (healthy)
		return pki_buf_printf(out, err, "ok\n");
	json_array_foreach (health->wrong, i, wrong)
		PKI_TRY(pki_buf_printf(out, err, "%s\n", json_string_value(wrong)));
	return PKI_OK;
}

static void
reply(struct pki_http_request *req, unsigned code, const char *type,
	const struct pki_buf *body)
{
	const struct pki_http_header headers[] = {
		{ "Content-Type", type },
		{ "Cache-Control", "no-store" },
	};
	pki_http_reply(req, code, headers, PKI_COUNT(headers), pki_buf_bytes(body));
}

static enum pki_status
answer_health(const struct pki_monitor *monitor, struct pki_http_request *req,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf body = { 0 };
	PKI_CLEANUP(pki_json_cleanup) json_t *wrong = json_array();
	struct pki_health health = { wrong, wrong == NULL };
	const char *accept = pki_http_get_header(req, "Accept");
	bool as_json = accept != NULL && strstr(accept, "application/json") != NULL;
	monitor->config.health(monitor->config.ctx, &health);
	bool healthy = !health.failed && json_array_size(wrong) == 0;
	PKI_TRY(print_health(&health, healthy, as_json, &body, err));
	reply(req, healthy ? 200 : 503,
		as_json ? "application/json" : "text/plain; charset=utf-8", &body);
	return PKI_OK;
}

enum pki_status
pki_monitor_reply(const struct pki_monitor *monitor, struct pki_http_request *req,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf body = { 0 };
	PKI_TRY(pki_monitor_print(monitor, &body, err));
	reply(req, 200, "text/plain; version=0.0.4; charset=utf-8", &body);
	return PKI_OK;
}

static void
handle(void *ctx, struct pki_http_request *req)
{
	static const struct pki_http_header allow = { "Allow", "GET, HEAD" };
	const char *method = pki_http_method(req), *path = pki_http_path(req);
	struct pki_err err = { 0 };
	enum pki_status status = PKI_OK;
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		pki_http_reply(req, 405, &allow, 1, (struct pki_bytes){ 0 });
	else if (strcmp(path, "/metrics") == 0)
		status = pki_monitor_reply(ctx, req, &err);
	else if (strcmp(path, "/health") == 0)
		status = answer_health(ctx, req, &err);
	else
		pki_http_reply(req, 404, NULL, 0, (struct pki_bytes){ 0 });
	if (status != PKI_OK)
		pki_http_reply(req, 500, NULL, 0, (struct pki_bytes){ 0 });
}

/* The first cell of each metric; the last element is the number of cells. */
static enum pki_status
lay_out(struct pki_monitor *monitor, size_t *cells, struct pki_err *err)
{
	const struct pki_metric *metrics = monitor->config.metrics;
	size_t count = 0;
	while (metrics[count].name != NULL)
		count++;
	monitor->first = calloc(count + 1, sizeof *monitor->first);
	if (monitor->first == NULL)
		return pki_fail(err, PKI_MEMORY, "%zu metrics", count);
	for (size_t i = 0; i < count; i++)
		monitor->first[i + 1] =
			monitor->first[i] + series(&metrics[i]) * width(&metrics[i]);
	*cells = monitor->first[count];
	return PKI_OK;
}

static enum pki_status
make_sets(struct pki_monitor *monitor, size_t cells, struct pki_err *err)
{
	size_t size = sizeof(struct pki_cells) + cells * sizeof(int64_t);
	size = (size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
	monitor->sets = calloc(monitor->config.sets, sizeof *monitor->sets);
	for (size_t i = 0; monitor->sets != NULL && i < monitor->config.sets; i++) {
		struct pki_cells *set = aligned_alloc(CACHE_LINE, size);
		if (set == NULL)
			return pki_fail(err, PKI_MEMORY, "%zu cells", cells);
		memset(set, 0, size);
		set->first = monitor->first;
		monitor->sets[i] = set;
	}
	return monitor->sets != NULL ? PKI_OK : pki_fail(err, PKI_MEMORY, "cells");
}

static enum pki_status
open_monitor(struct pki_monitor *monitor, struct pki_err *err)
{
	const struct pki_http_config http = {
		.listen = monitor->config.listen,
		.threads = 1,
		.body_max = BODY_MAX,
		.connections_max = CONNECTIONS_MAX,
		.idle_seconds = IDLE_SECONDS,
		.handler = handle,
		.ctx = monitor,
	};
	size_t cells = 0;
	PKI_TRY(lay_out(monitor, &cells, err));
	PKI_TRY(make_sets(monitor, cells, err));
	return http.listen[0] != '\0' ? pki_http_listen(&http, &monitor->server, err)
				      : PKI_OK;
}

enum pki_status
pki_monitor_listen(const struct pki_monitor_config *config, struct pki_monitor **out,
	struct pki_err *err)
{
	struct pki_monitor *monitor = calloc(1, sizeof *monitor);
	if (monitor == NULL)
		return pki_fail(err, PKI_MEMORY, "monitor");
	monitor->config = *config;
	enum pki_status status = open_monitor(monitor, err);
	if (status != PKI_OK) {
		pki_monitor_stop(monitor);
		return status;
	}
	*out = monitor;
	return PKI_OK;
}

enum pki_status
pki_monitor_begin(struct pki_monitor *monitor, struct pki_err *err)
{
	return monitor->server != NULL ? pki_http_begin(monitor->server, err) : PKI_OK;
}

void
pki_monitor_stop(struct pki_monitor *monitor)
{
	if (monitor == NULL)
		return;
	pki_http_stop(monitor->server);
	for (size_t i = 0; monitor->sets != NULL && i < monitor->config.sets; i++)
		free(monitor->sets[i]);
	free(monitor->sets);
	free(monitor->first);
	free(monitor);
}

struct pki_cells *
pki_monitor_cells(struct pki_monitor *monitor, size_t set)
{
	return monitor->sets[set];
}
