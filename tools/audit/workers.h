/*
 * All cores: threads that share one part of an audit. Each has an audit of its own: a reader at
 * the same view of the ledger, its own certificates of the issuers, its own counts. What they
 * share is only read, or locks.
 */
#ifndef TOOLS_AUDIT_CREW_H
#define TOOLS_AUDIT_CREW_H

#include "tools/audit/audit.h"

/* More would wait for the disk. */
#define CREW_MAX 256

struct crew;
/* a and jobs - 1 threads beside its own; a's ledger is open. */
enum pki_status crew_new(const struct audit *a, size_t jobs, struct crew **out,
	struct pki_err *err) PKI_MUST_CHECK;
void crew_free(struct crew *crew);
/* a's reader and all others at one view of a ledger that others go on writing. */
enum pki_status crew_snapshot(struct audit *a, struct pki_err *err) PKI_MUST_CHECK;
void crew_release(struct audit *a);
/* The issuers are known. */
enum pki_status crew_issuers(struct audit *a, struct pki_err *err) PKI_MUST_CHECK;

struct crew_part {
	const char *name; /* for the progress */
	size_t batch_size; /* octets, zeroed once */
	/* The next things, by one thread at a time; *count 0: there are no more. What it took
	 * before it failed is looked at. */
	enum pki_status (*take)(struct audit *a, void *state, void *batch, size_t *count,
		struct pki_err *err);
	/* By all at once; frees what it was given. */
	void (*look)(struct audit *a, void *batch, size_t count);
};
/* total: about how many things there are. Ends with the first failure to take. */
enum pki_status crew_run(struct audit *a, const struct crew_part *part, void *state,
	uint64_t total, struct pki_err *err) PKI_MUST_CHECK;

#endif
