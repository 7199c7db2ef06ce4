/*
 * The queue of requests for the writer. Revocations and what they need have shares of their
 * own, so that no flood of other requests keeps them out or makes them wait: each share is
 * bounded, and first in, first out. A batch takes from each share, revocations first.
 *
 * A request for a CRL joins a waiting request for the same CRL: both get the same reply.
 */
#ifndef CA_FRONT_QUEUE_H
#define CA_FRONT_QUEUE_H

#include "ca/facts.h"
#include "libpki/base/json.h"
#include "libpki/host/http.h"
#include "libpki/host/worker.h"
#include "libpki/state/event.h"
#include "libpki/state/ledger.h"

enum job_kind {
	JOB_ORDER, /* body: CMS */
	JOB_REPLY, /* the reply to an earlier revoke order */
	JOB_RECEIPT, /* the receipt of an earlier revoke order */
	JOB_EVENT, /* input */
	JOB_CRL,
	JOB_PUBLISHED, /* input */
	JOB_ROOT_CRL, /* body: DER */
	JOB_PARTITIONS, /* certificates name partitions of the CRL from now on */
	JOB_LAST_CRLS, /* the last CRL of each partition (rule 55) */
};

/* A certificate that an order revokes, or finds revoked. */
struct target {
	int issuer;
	struct pki_serial serial;
	char profile[PKI_PROFILE_NAME];
};

/* The most certificates that an order may revoke: all unexpired certificates of a
 * holder. */
#define TARGETS_MAX PKI_EVENT_SERIALS_MAX

struct job {
	enum job_kind kind;
	struct job *next;
	struct pki_http_request *req; /* NULL: a job of the front */
	struct pki_bytes body; /* of the request */
	json_t *input;
	char order[PKI_ID_TEXT];
	bool revokes; /* JOB_ORDER: a revocation, whose signatures the front has verified */
	unsigned partition; /* JOB_CRL */
	struct job *joined; /* JOB_CRL: requests that get the same reply */

	/* for the writer alone */
	bool waits; /* for an earlier order of the batch, or held */
	bool held; /* until the witnesses have cosigned (rule 214) */
	bool any_time; /* the wall clock is not plausible */
	struct facts facts; /* the rows' buffers: owned, except order.cms */
	struct target targets[TARGETS_MAX];
	size_t target_count;
	bool repeated; /* all targets are revoked already: the order is only recorded */
	bool logged;
	uint64_t index; /* of the job's log entry */
	struct pki_json reply;
	struct pki_err err;
};

void job_free(struct job *job); /* and its joined jobs */

/* In the sequence in which a batch takes from them. */
enum share {
	SHARE_REVOKE, /* verified revocations */
	SHARE_CRL, /* CRLs and their publication */
	SHARE_REPLY, /* replies and receipts again */
	SHARE_OTHER, /* all else */
	SHARES,
};

/* The limit of each share but the last. */
#define SHARE_RESERVED 64
/* Requests that can wait, with the given limit of the last share. */
#define QUEUE_REQUESTS(limit) ((SHARES - 1L) * SHARE_RESERVED + (limit))

struct queue {
	struct pki_wait wait; /* for a job, or the end */
	struct queue_share {
		struct job *first, *last;
		size_t waiting; /* requests, joined requests included */
		size_t limit;
	} shares[SHARES];
	bool closed;
};

/* limit: of the last share. */
enum pki_status queue_init(
	struct queue *queue, size_t limit, struct pki_err *err) PKI_MUST_CHECK;
/* Hands the job to the queue. BUSY if the job's share is full, UNAVAILABLE after the queue
 * was closed; after an error the caller still owns the job. */
enum pki_status queue_push(
	struct queue *queue, struct job *job, struct pki_err *err) PKI_MUST_CHECK;
/* Takes up to max jobs; returns the number. Waits wait_msec for the first job;
 * PKI_WAIT_FOREVER: until a job comes or the queue is closed. */
size_t queue_take(struct queue *queue, struct job **jobs, size_t max, long wait_msec);
size_t queue_waiting(struct queue *queue); /* requests of all shares */
bool queue_closed(struct queue *queue); /* and empty */
/* No job can be pushed any more; waiting jobs will still be taken. */
void queue_close(struct queue *queue);

#endif
