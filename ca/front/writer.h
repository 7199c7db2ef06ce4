/*
 * The writer takes the requests of the queue as one batch. The signer decides each order,
 * the writer checks the ledger rules, and the signer signs. One transaction commits the
 * batch, the log entries and the checkpoint. Replies are sent after the commit.
 */
#ifndef CA_FRONT_WRITER_H
#define CA_FRONT_WRITER_H

#include <stdatomic.h>

#include "ca/channel.h"
#include "ca/front/publisher.h"
#include "ca/front/queue.h"
#include "ca/quorum.h"

struct writer {
	const struct pki_conf *conf;
	const struct pki_policy *policy;
	struct channel *signer;
	struct pki_ledger *ledger;
	struct queue *queue;
	struct publisher *publisher;
	struct pki_monitor *metrics; /* may be NULL */
	struct pki_cert *root; /* for root CRLs */
	struct pki_cert *ca; /* the issuing CA, which may be revoked */
	uint64_t checkpoint; /* size of the last checkpoint */
	pki_msec now; /* the time at which the batch is carried out */
	pki_msec clock; /* 0, or what the wall clock says, which is not plausible */
	uint64_t sent; /* revocations of the ledger that the signer has */
	uint64_t pending; /* value of sent after the commit of the transaction */
	struct job *waiting[IPC_BATCH_MAX]; /* for the next batch */
	size_t waiting_count;
	size_t signing; /* orders of the batch for which the signer signed certificates */
	size_t lost; /* signed orders of failed batches, until logged */
	/* rule 214 */
	struct quorum quorum; /* as the signer counts */
	pthread_mutex_t quorum_lock; /* for quorum, which the HTTP thread reads */
	struct queue held; /* orders that wait for witnesses */
	int64_t closed; /* issuing waits for witnesses since; ms, monotonic clock */
	struct pki_report witness_report; /* of wrong cosignatures */
	atomic_bool ended; /* a write failed: the process ends */
	struct pki_err failure; /* why, once ended */
};

/* True once a write to the disk failed: pki-ca answers nothing more from its memory. */
bool writer_ended(struct writer *writer);

/* The main function of the writer's thread; returns when the queue is closed and
 * empty. */
void *writer_run(void *writer);

/* Logs an event of pki-ca in the caller's thread, before the start or after the end of
 * the writer's thread. detail is empty afterwards, and may be NULL. */
enum pki_status writer_event(struct writer *writer, const char *type,
	struct pki_json *detail, struct pki_err *err) PKI_MUST_CHECK;

/* Carries out a job without input in the caller's thread: JOB_PARTITIONS, or
 * JOB_LAST_CRLS with a SIGNER_ENDS signer. */
enum pki_status writer_job(
	struct writer *writer, enum job_kind kind, struct pki_err *err) PKI_MUST_CHECK;

#endif
