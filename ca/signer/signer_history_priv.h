/*
 * The orders that the signer signed for: each counts once (rule 203), and each invitation (rule
 * 206), whatever the front asks. If the front's commit failed, the same order gets the same
 * certificates again. At its start the signer reads the log's last entries, and takes no order
 * that is older than these entries.
 */
#ifndef CA_SIGNER_SIGNER_HISTORY_PRIV_H
#define CA_SIGNER_SIGNER_HISTORY_PRIV_H

#include "ca/signer/signer_priv.h"

void history_free(struct history *history);

/* IPC_HISTORY_FROM, IPC_HISTORY: a signer_op each. */
enum pki_status signer_history_from(struct signer_state *s, struct pki_bytes fields,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status signer_history(struct signer_state *s, struct pki_bytes fields,
	struct pki_err *err) PKI_MUST_CHECK;
/* TAMPERED unless the entries lead to the last checkpoint. Without entries, only orders made
 * from now on are taken. */
enum pki_status history_check(struct signer_state *s, struct pki_err *err) PKI_MUST_CHECK;

/* Refuses an order to certify that was used, or whose invitation was, or that is older than the
 * entries. *out: the certificates made for this very order before, or NULL. */
enum pki_status history_recall(const struct signer_state *s, const struct facts *facts,
	const struct facts **out, struct pki_err *err) PKI_MUST_CHECK;
/* Keeps facts with their certificates, which were signed now or before: *facts is then zero if
 * it was new, *out the kept ones. BUSY if the transaction holds too many. */
enum pki_status history_keep(struct signer_state *s, struct facts *facts,
	const struct facts **out, struct pki_err *err) PKI_MUST_CHECK;
/* A checkpoint will cover the orders signed since the last: the orders that the last covered
 * are committed. */
enum pki_status history_covered(
	struct signer_state *s, struct pki_err *err) PKI_MUST_CHECK;
/* The last transaction did not commit. */
void history_uncovered(struct signer_state *s);

#endif
