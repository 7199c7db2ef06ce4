/* The metrics page. */
#ifndef OCSP_METRICS_H
#define OCSP_METRICS_H

#include "libpki/host/monitor.h"

enum metrics_method { METRICS_GET, METRICS_POST };
enum metrics_outcome {
	METRICS_GOOD,
	METRICS_REVOKED,
	METRICS_UNISSUED,
	METRICS_MALFORMED,
	METRICS_UNAUTHORIZED,
	METRICS_TRY_LATER,
	METRICS_INTERNAL,
	METRICS_HTTP_REFUSED,
};
extern const struct pki_metric metrics_table[];

void metrics_request(struct pki_cells *cells, enum metrics_method method,
	enum metrics_outcome outcome, int64_t nsec);
void metrics_signature(struct pki_cells *cells);
void metrics_unissued(struct pki_cells *cells);
/* By the main thread, in its own set. */
void metrics_certificate_end(struct pki_cells *cells, pki_time end);

#endif
