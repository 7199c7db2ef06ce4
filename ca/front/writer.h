/*
 * The writer takes the requests of the queue as one batch. The signer decides each order, the
 * writer checks the ledger rules, and the signer signs. One transaction commits the batch with its
 * log entries and the checkpoint over them. Replies are sent after the commit.
 */
#ifndef CA_FRONT_WRITER_H
#define CA_FRONT_WRITER_H

#include "ca/channel.h"
#include "ca/front/publisher.h"
#include "ca/front/queue.h"
#include "ca/quorum.h"
#include "libpki/state/log.h"

struct writer {
	const struct pki_conf *conf;
	const struct pki_policy *policy;
	struct channel *signer;
	struct pki_ledger *ledger;
	struct queue *queue;
	struct publisher *publisher;
	struct pki_cert *root; /* for root CRLs */
	struct pki_cert *ca; /* the issuing CA, which may be revoked */
	uint64_t checkpoint; /* size of the last checkpoint */
	pki_msec now; /* of the batch: when its requests are carried out */
	uint64_t sent; /* revocations of the ledger that the signer has */
	uint64_t pending; /* the same, once the transaction is committed */
	struct job *waiting[IPC_BATCH_MAX]; /* for the next batch */
	size_t waiting_count;
	size_t signing; /* orders of the batch that the signer has signed for */
	size_t lost; /* the same, of failed batches, until the log records them */
	/* rule 214 */
	struct quorum quorum; /* as the signer counts */
	pthread_mutex_t quorum_lock; /* the front reads it */
	struct queue held; /* orders that wait for witnesses */
	int64_t closed; /* when issuing began to wait for witnesses, on the monotonic clock */
	struct pki_report witness_report; /* of wrong cosignatures */
};

/* The thread's body; ends when the queue is closed and empty. */
void *writer_run(void *writer);

/* Log an event of pki-ca in the caller's thread, before the writer's thread starts or after its
 * end. detail is empty afterwards, may be NULL. */
enum pki_status writer_event(struct writer *writer, const char *type,
	struct pki_json *detail, struct pki_err *err) PKI_MUST_CHECK;

/* The same for a job without input: JOB_PARTITIONS; JOB_LAST_CRLS with a signer of SIGNER_ENDS. */
enum pki_status writer_job(
	struct writer *writer, enum job_kind kind, struct pki_err *err) PKI_MUST_CHECK;

/* The parts of a batch, each on one job within the transaction. */
enum pki_status write_order(
	struct writer *w, struct job *job, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status write_event(
	struct writer *w, struct job *job, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status write_crl(
	struct writer *w, struct job *job, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status write_published(
	struct writer *w, struct job *job, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status write_root_crl(
	struct writer *w, struct job *job, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status write_partitions(
	struct writer *w, struct job *job, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status write_last_crls(
	struct writer *w, struct job *job, struct pki_err *err) PKI_MUST_CHECK;
/* Any issuer's CRL, with an event of that type. */
enum pki_status write_crl_row(struct writer *w, struct job *job,
	const struct pki_crl_row *row, size_t entries, const char *type,
	struct pki_err *err) PKI_MUST_CHECK;
/* quorum_wait.c, rule 214: may certificates be issued? */
enum pki_status quorum_begin(struct writer *w, struct pki_err *err) PKI_MUST_CHECK;
bool quorum_open(struct writer *w);
/* Read new cosignatures and have the signer check them. */
void quorum_look(struct writer *w);
/* Hold a decided order back, or refuse it once witnesses have been away too long. */
void quorum_hold(struct writer *w, struct job *job);
/* Reply to orders that were held too long. */
void quorum_expire(struct writer *w);
/* The signer has signed certificates; a checkpoint of that size covers them. */
void quorum_signed(struct writer *w);
void quorum_committed(struct writer *w, uint64_t size);
/* For status, in any thread. */
struct pki_json quorum_json(struct writer *w);

/* The receipt of a revocation before it is sealed, and its log entry; appended. */
enum pki_status receipt_content(struct writer *w, const struct pki_order_row *row,
	struct pki_buf *entry, struct pki_buf *out, struct pki_err *err) PKI_MUST_CHECK;
/* After the commit: sealed, base64; appended. */
enum pki_status read_receipt(struct writer *w, const char *order, struct pki_buf *out,
	struct pki_err *err) PKI_MUST_CHECK;

/* Append an event of pki-ca to the log: its type and actor; detail is empty afterwards. */
enum pki_status write_log(struct writer *w, struct job *job, struct pki_event event,
	struct pki_json *detail, struct pki_err *err) PKI_MUST_CHECK;

#endif
