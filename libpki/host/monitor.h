/*
 * A service's page for operators, at a separate address: GET /metrics (Prometheus text format
 * 0.0.4) and GET /health.
 *
 * A table lists the metrics. Their values are cells, in a set or several: each set has a single
 * writer at a time, for which an update is a load and a store, and the page adds the sets up. So
 * threads count without waiting for each other. A gauge or an age must be in a single set.
 */
#ifndef LIBPKI_HOST_MONITOR_H
#define LIBPKI_HOST_MONITOR_H

#include "libpki/base/mem.h"
#include "libpki/base/time.h"

enum pki_metric_type {
	PKI_COUNTER,
	PKI_GAUGE,
	PKI_AGE, /* a gauge: the cell holds a pki_time, the page says how many seconds ago; */
	PKI_LEFT, /* ... in how many seconds. Neither is on the page while the cell is 0. */
	PKI_HISTOGRAM, /* of durations, 5 us to 1 s */
};

#define PKI_LABELS_MAX 4

struct pki_label {
	const char *name;
	const char *const *values; /* ends with NULL; any text */
	const size_t *numbered; /* where values is NULL: "1" up to as many, 0 for none */
};

/* Each combination of label values has a cell, with the index `which`: the last label's value
 * counts up first. */
struct pki_metric {
	const char *name; /* "pki_ocsp_requests_total"; seconds for durations */
	enum pki_metric_type type;
	const char *help;
	struct pki_label labels[PKI_LABELS_MAX + 1]; /* ends with {0} */
};

struct pki_cells;

/* metric: index in the table. metric and which must exist: nothing is checked. */
void pki_cells_add(struct pki_cells *cells, size_t metric, size_t which, int64_t n);
void pki_cells_set(struct pki_cells *cells, size_t metric, size_t which, int64_t value);
/* Adds a duration to a histogram. */
void pki_cells_time(struct pki_cells *cells, size_t metric, size_t which, int64_t nsec);

/* Reports faults by pki_health_wrong(). */
struct pki_health;
void pki_health_wrong(struct pki_health *health, const char *fmt, ...) PKI_PRINTF(2, 3);

struct pki_monitor_config {
	const char *listen; /* as pki_http_listen()'s; "": the cells alone */
	const struct pki_metric *metrics; /* ends with {0} */
	size_t sets;
	/* Called by the monitor's own thread, for each GET /health. */
	void (*health)(void *ctx, struct pki_health *health);
	void *ctx;
};

struct pki_monitor;

/* In two steps, like pki_http_listen(): a sandbox may come in between. All of config is
 * borrowed for good. */
enum pki_status pki_monitor_listen(const struct pki_monitor_config *config,
	struct pki_monitor **out, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status pki_monitor_begin(
	struct pki_monitor *monitor, struct pki_err *err) PKI_MUST_CHECK;
/* Frees the cells too. */
void pki_monitor_stop(struct pki_monitor *monitor);

/* set: from 0 */
struct pki_cells *pki_monitor_cells(struct pki_monitor *monitor, size_t set);
/* A cell's value, all sets together; not of a histogram. Any thread. */
int64_t pki_monitor_get(const struct pki_monitor *monitor, size_t metric, size_t which);
/* The page of metrics. Appends. */
enum pki_status pki_monitor_print(const struct pki_monitor *monitor, struct pki_buf *out,
	struct pki_err *err) PKI_MUST_CHECK;
/* The page as the reply to a request at a server of the caller's own; after an error the
 * request still waits for its reply. */
struct pki_http_request;
enum pki_status pki_monitor_reply(const struct pki_monitor *monitor,
	struct pki_http_request *req, struct pki_err *err) PKI_MUST_CHECK;

#endif
