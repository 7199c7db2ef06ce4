/* The log in the ledger: entries, the Merkle tree, checkpoints, and the recorded events. */
#ifndef TOOLS_AUDIT_VERIFY_LOG_H
#define TOOLS_AUDIT_VERIFY_LOG_H

#include "libpki/tlog/note.h"
#include "tools/audit/audit.h"

/* Verify entries, hashes and checkpoints, and each entry against the rows recorded by the
 * entry. Sets a->log. */
enum pki_status log_verify(struct audit *a, struct pki_err *err) PKI_MUST_CHECK;
/* Keep the facts of an entry for other parts: policies, partitions, the ceremony. */
enum pki_status log_learn(struct audit *a, uint64_t index, const json_t *entry,
	struct pki_err *err) PKI_MUST_CHECK;
/* A checkpoint from outside, at path, must be of this log and signed with the log's key.
 * Counts the witnesses' cosignatures; a wrong cosignature is a finding. */
enum pki_status log_check_note(struct audit *a, const char *path, struct pki_bytes note,
	struct pki_checkpoint *cp, struct pki_err *err) PKI_MUST_CHECK;
/* As log_check_note(), for the checkpoint in a file. */
enum pki_status log_check_file(struct audit *a, const char *path,
	struct pki_checkpoint *cp, struct pki_err *err) PKI_MUST_CHECK;

/* The version of the rules (decide.h) by which the order of the entry is judged. */
unsigned log_rules(const struct audit *a, uint64_t index);

#endif
