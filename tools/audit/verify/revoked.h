/*
 * The entries required in each CRL of an issuer. They are computed from the CRL before,
 * so the work for a CRL grows with its own entries, not with the number of later
 * revocations.
 */
#ifndef TOOLS_AUDIT_VERIFY_REVOKED_H
#define TOOLS_AUDIT_VERIFY_REVOKED_H

#include "libpki/x509/crl.h"

/* A revocation in the ledger. Its position is its index in `all` plus one. */
struct revocation {
	struct pki_serial serial;
	pki_time revoked_at, not_after;
	enum pki_reason reason;
	unsigned partition;
};

struct revoked {
	struct revocation *all; /* in the order of commits */
	size_t count, room;
	unsigned partitions;
	size_t *start; /* of each partition in members, by position */
	uint32_t *members;
	uint32_t *by_serial; /* once somebody asked */
};
enum pki_status revoked_add(struct revoked *revoked, const struct revocation *one,
	struct pki_err *err) PKI_MUST_CHECK;
/* After the last revoked_add(). partitions 0: the issuer has only the full CRL. */
enum pki_status revoked_ready(
	struct revoked *revoked, unsigned partitions, struct pki_err *err) PKI_MUST_CHECK;
void revoked_free(struct revoked *revoked);
/* NULL if the serial was never revoked. */
const struct revocation *revoked_find(
	struct revoked *revoked, const struct pki_serial *serial);

/* The entries required in one CRL. Zeroed at the start. */
struct expected {
	uint32_t *live; /* places in all, by serial */
	size_t count;
	size_t next; /* index of the first possible entry not yet considered */
	uint64_t revocations;
	pki_time cutoff;
};
/* Go on to the CRL built over this number of revocations, which lists certificates
 * expiring at cutoff or later. Begins anew if the number or cutoff went back. */
enum pki_status expected_forward(struct expected *list, const struct revoked *revoked,
	unsigned partition, uint64_t revocations, pki_time cutoff,
	struct pki_err *err) PKI_MUST_CHECK;
void expected_free(struct expected *list);

#endif
