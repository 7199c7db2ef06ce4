/*
 * What a service tells its operators, at an address of its own: GET /metrics (Prometheus text
 * format 0.0.4) and GET /health.
 *
 * A table says what there is to tell. The values are cells, in one set or several: each set
 * has one writer at a time, for whom an update is a load and a store, and the pages add the
 * sets up. So a worker counts without waiting for another; what is no counter or histogram
 * belongs in one of the sets only.
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

/* Each combination of label values has a cell of its own: the which-th, the last label's
 * value counting up first. */
struct pki_metric {
	const char *name; /* "pki_ocsp_requests_total"; seconds for durations */
	enum pki_metric_type type;
	const char *help;
	struct pki_label labels[PKI_LABELS_MAX + 1]; /* ends with {0} */
};

struct pki_cells;

/* metric: index in the table. which must be one that there is: nothing is checked. */
void pki_cells_add(struct pki_cells *cells, size_t metric, size_t which, int64_t n);
void pki_cells_set(struct pki_cells *cells, size_t metric, size_t which, int64_t value);
/* One more duration in a histogram. */
void pki_cells_time(struct pki_cells *cells, size_t metric, size_t which, int64_t nsec);

/* What is wrong, if anything. */
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

/* In two steps, as pki_http_listen(): a sandbox may come in between. What config points to is
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
/* The page. Appends. */
enum pki_status pki_monitor_print(const struct pki_monitor *monitor, struct pki_buf *out,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
