/*
 * A thread's access to an authority: a ledger connection, shares of the responder's keys, and
 * notes of the statuses read so far. A note holds until the next commit to the ledger.
 */
#ifndef OCSP_LOOKUP_H
#define OCSP_LOOKUP_H

#include "ocsp/authority.h"

#define LOOKUP_NOTES 4096u
struct lookup_note {
	struct pki_serial serial;
	struct pki_ocsp_single single;
	uint64_t at; /* the number of the view at which the answer is true; 0: unused */
};

struct lookup {
	struct authority *authority;
	struct pki_ledger *ledger;
	struct identity_share shares[PKI_OCSP_ALGS_MAX];
	struct pki_ledger_view view;
	uint64_t at; /* the view's number */
	size_t next; /* the note to replace next, within a slot */
	struct lookup_note notes[LOOKUP_NOTES];
};

/* Before the sandbox: opens all files of the ledger. */
enum pki_status lookup_open(struct authority *authority, struct lookup *out,
	struct pki_err *err) PKI_MUST_CHECK;
void lookup_close(struct lookup *lookup);
/* See whether something was committed; no system call. CLOCK if the clock is behind the
 * ledger's last event (rule 209). */
enum pki_status lookup_view(
	struct lookup *lookup, pki_time now, struct pki_err *err) PKI_MUST_CHECK;
/* After lookup_view(): a certificate's status at the view. */
enum pki_status lookup_status(struct lookup *lookup, const struct pki_serial *serial,
	struct pki_ocsp_single *out, struct pki_err *err) PKI_MUST_CHECK;
/* Bring all shares up to date. */
enum pki_status lookup_take_shares(
	struct lookup *lookup, struct pki_err *err) PKI_MUST_CHECK;
/* The share of the client's preferred algorithm (rule 74). */
const struct identity_share *lookup_choose(
	const struct lookup *lookup, const struct pki_ocsp_request *req);

#endif
