#include "ca/front/metrics.h"

#define SETS 2

enum { REFUSED };

static const char *const reasons[] = {
	[METRICS_FORM] = "form",
	[METRICS_PEER] = "peer",
	[METRICS_SIGNER] = "signer",
	[METRICS_RATE] = "rate",
	[METRICS_REPLAY] = "replay",
	[METRICS_SIGNATURE] = "signature",
	[METRICS_BUSY] = "busy",
	NULL,
};

static const struct pki_metric table[] = {
	[REFUSED] = { "pki_ca_refused_total", PKI_COUNTER,
		"Requests refused without a log entry.",
		{ { "reason", reasons, NULL } } },
	{ 0 },
};

enum pki_status
metrics_open(struct pki_monitor **out, struct pki_err *err)
{
	const struct pki_monitor_config config = {
		.listen = "", .metrics = table, .sets = SETS
	};
	return pki_monitor_listen(&config, out, err);
}

void
metrics_refused(
	struct pki_monitor *monitor, enum metrics_set set, enum metrics_refused why)
{
	if (monitor != NULL)
		pki_cells_add(pki_monitor_cells(monitor, set), REFUSED, why, 1);
}

struct pki_json
metrics_json(const struct pki_monitor *monitor)
{
	struct pki_json json = pki_json_object();
	for (size_t i = 0; reasons[i] != NULL; i++)
		pki_json_number(&json, reasons[i], pki_monitor_get(monitor, REFUSED, i));
	return json;
}
