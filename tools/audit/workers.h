/*
 * Workers: threads for one part of an audit, on all processors. Each worker has its own
 * struct audit: a reader at the common view of the ledger, certificates of the issuers,
 * counts. Shared data is read only, or has a lock.
 */
#ifndef TOOLS_AUDIT_WORKERS_H
#define TOOLS_AUDIT_WORKERS_H

#include "tools/audit/audit.h"

/* With more threads the disk is the limit. */
#define WORKERS_MAX 256

struct workers;
/* a's own thread and jobs - 1 further threads; a's ledger is open. */
enum pki_status workers_new(const struct audit *a, size_t jobs, struct workers **out,
	struct pki_err *err) PKI_MUST_CHECK;
void workers_free(struct workers *workers);
/* Put all readers, a's too, at one view of a ledger in use. */
enum pki_status workers_snapshot(struct audit *a, struct pki_err *err) PKI_MUST_CHECK;
void workers_release(struct audit *a);
/* Each worker reads the issuers' certificates from the ledger. */
enum pki_status workers_read_issuers(struct audit *a, struct pki_err *err) PKI_MUST_CHECK;

struct workers_task {
	const char *name; /* for the progress bar */
	size_t batch_size; /* octets; zeroed once */
	/* Fill a batch with the next objects; called by one thread at a time. *count 0:
	 * no objects are left. After a failure all objects taken so far are checked. */
	enum pki_status (*take)(struct audit *a, void *state, void *batch, size_t *count,
		struct pki_err *err);
	/* Check a batch and free its objects; all threads at once. */
	void (*check)(struct audit *a, void *batch, size_t count);
};
/* total: about how many objects there are. Ends with the first failure of take. */
enum pki_status workers_run(struct audit *a, const struct workers_task *task, void *state,
	uint64_t total, struct pki_err *err) PKI_MUST_CHECK;

#endif
