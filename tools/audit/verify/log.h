/* The log in the ledger: entries, the tree over them, checkpoints, and the events that entries record. */
#ifndef TOOLS_AUDIT_VERIFY_LOG_H
#define TOOLS_AUDIT_VERIFY_LOG_H

#include "libpki/tlog/note.h"
#include "tools/audit/audit.h"

/* Entries that a checkpoint covers, hashes, checkpoints; each entry against the rows that it
 * records. Sets a->log. */
enum pki_status log_verify(struct audit *a, struct pki_err *err) PKI_MUST_CHECK;
/* Keep the facts of an entry that other parts need: policies, partitions, the ceremony. */
enum pki_status log_learn(struct audit *a, uint64_t index, const json_t *entry,
	struct pki_err *err) PKI_MUST_CHECK;
/* A checkpoint from outside, at path, must be of this log and signed with its key. Counts its
 * witnesses' cosignatures; a wrong one is a finding. */
enum pki_status log_check_note(struct audit *a, const char *path, struct pki_bytes note,
	struct pki_checkpoint *cp, struct pki_err *err) PKI_MUST_CHECK;
/* The same of the checkpoint in a file. */
enum pki_status log_check_file(struct audit *a, const char *path,
	struct pki_checkpoint *cp, struct pki_err *err) PKI_MUST_CHECK;

#endif
