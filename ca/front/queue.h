/* Requests that wait for the writer: bounded, first come first served. */
#ifndef CA_FRONT_QUEUE_H
#define CA_FRONT_QUEUE_H

#include "ca/facts.h"
#include "libpki/base/json.h"
#include "libpki/host/http.h"
#include "libpki/host/worker.h"
#include "libpki/state/ledger.h"

enum job_kind {
	JOB_ORDER, /* body: CMS */
	JOB_REPLY, /* the answer to a revoke order once more */
	JOB_RECEIPT, /* its receipt */
	JOB_EVENT, /* input */
	JOB_CRL,
	JOB_PUBLISHED, /* input */
	JOB_ROOT_CRL, /* body: DER */
	JOB_PARTITIONS, /* certificates name partitions of the CRL from now on */
	JOB_LAST_CRLS, /* of each list (rule 55) */
};

/* A certificate that an order revokes. */
struct target {
	int issuer;
	struct pki_serial serial;
	char profile[PKI_PROFILE_NAME];
};

/* Certificates that one order may revoke: a holder's, over all renewals not yet expired. */
#define TARGETS_MAX 64

struct job {
	enum job_kind kind;
	struct job *next;
	struct pki_http_request *req; /* NULL: the front's own */
	struct pki_bytes body; /* the request's */
	json_t *input;
	char order[PKI_ID_TEXT];

	/* the writer's */
	bool waits; /* on an order before it in the batch */
	bool held; /* until the witnesses have cosigned (rule 214) */
	struct facts facts;
	struct pki_buf invitation;
	struct pki_buf certs[PKI_ORDER_CERTS_MAX];
	struct target targets[TARGETS_MAX];
	size_t target_count;
	bool logged;
	uint64_t index; /* of its log entry */
	struct pki_json reply;
	struct pki_err err;
};

void job_free(struct job *job);

struct queue {
	struct pki_wait wait; /* for a job, or the end */
	struct job *first, *last;
	size_t waiting;
	size_t limit;
	bool closed;
};

enum pki_status queue_init(
	struct queue *queue, size_t limit, struct pki_err *err) PKI_MUST_CHECK;
/* BUSY if the queue is full, UNAVAILABLE once it is closed; the job stays the caller's then. */
enum pki_status queue_push(
	struct queue *queue, struct job *job, struct pki_err *err) PKI_MUST_CHECK;
/* Up to max jobs. Waits so long for the first one; PKI_WAIT_FOREVER: until the queue is closed. */
size_t queue_take(struct queue *queue, struct job **jobs, size_t max, long wait_msec);
size_t queue_waiting(struct queue *queue);
bool queue_closed(struct queue *queue); /* and empty */
/* No job can be pushed any more; waiting jobs will still be taken. */
void queue_close(struct queue *queue);

#endif
