/* What the front counts, for GET /metrics and the status. */
#ifndef CA_FRONT_METRICS_H
#define CA_FRONT_METRICS_H

#include "libpki/base/json.h"
#include "libpki/host/monitor.h"

/* Why a request was refused without a log entry. */
enum metrics_refused {
	METRICS_FORM, /* no order */
	METRICS_PEER, /* the call is not open to the sender's user */
	METRICS_SIGNER, /* the named signer is no officer or service with a valid certificate */
	METRICS_RATE, /* more than the signer may send */
	METRICS_REPLAY, /* an order that was used, again */
	METRICS_SIGNATURE, /* a signature does not verify */
	METRICS_BUSY, /* the queue's share is full */
};

/* Each thread counts in a set of its own. */
enum metrics_set { METRICS_HTTP, METRICS_WRITER };

enum pki_status metrics_open(
	struct pki_monitor **out, struct pki_err *err) PKI_MUST_CHECK;
/* monitor NULL: nothing is counted. */
void metrics_refused(
	struct pki_monitor *monitor, enum metrics_set set, enum metrics_refused why);
/* {"form": N, ...} */
struct pki_json metrics_json(const struct pki_monitor *monitor);

#endif
