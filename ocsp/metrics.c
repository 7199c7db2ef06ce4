#include "ocsp/metrics.h"

enum { REQUESTS, SECONDS, SIGNATURES, UNISSUED, CERTIFICATE_END };

static const char *const methods[] = { "get", "post", NULL };
static const char *const answers[] = { "good", "revoked", "unissued", "malformedRequest",
	"unauthorized", "tryLater", "internalError", "http", NULL };

const struct pki_metric metrics_table[] = {
	[REQUESTS] = { "pki_ocsp_requests_total", PKI_COUNTER,
		"Requests by method and answer; http: refused before it was read as OCSP",
		{ { "method", methods, NULL }, { "answer", answers, NULL } } },
	[SECONDS] = { "pki_ocsp_answer_seconds", PKI_HISTOGRAM,
		"From the whole request to its answer", { { 0 } } },
	[SIGNATURES] = { "pki_ocsp_signatures_total", PKI_COUNTER,
		"Answers signed; the others were ready", { { 0 } } },
	[UNISSUED] = { "pki_ocsp_unissued_total", PKI_COUNTER,
		"Queries about certificates that were never issued", { { 0 } } },
	[CERTIFICATE_END] = { "pki_ocsp_certificate_left_seconds", PKI_LEFT,
		"Until the first of the responder's certificates ends", { { 0 } } },
	{ 0 },
};

void
metrics_request(struct pki_cells *cells, enum metrics_method method,
	enum metrics_outcome answer, int64_t nsec)
{
	size_t which = (size_t)method * (PKI_COUNT(answers) - 1) + (size_t)answer;
	pki_cells_add(cells, REQUESTS, which, 1);
	pki_cells_time(cells, SECONDS, 0, nsec);
}

void
metrics_signature(struct pki_cells *cells)
{
	pki_cells_add(cells, SIGNATURES, 0, 1);
}

void
metrics_unissued(struct pki_cells *cells)
{
	pki_cells_add(cells, UNISSUED, 0, 1);
}

void
metrics_certificate_end(struct pki_cells *cells, pki_time end)
{
	pki_cells_set(cells, CERTIFICATE_END, 0, end);
}
