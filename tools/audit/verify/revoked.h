/*
 * What each list of an issuer must hold: brought forward from one CRL of the list to the next,
 * so that the work is that of the CRL's own entries, however many were revoked since.
 */
#ifndef TOOLS_AUDIT_VERIFY_REVOKED_H
#define TOOLS_AUDIT_VERIFY_REVOKED_H

#include "libpki/x509/crl.h"

/* A revocation as the ledger has it; its position among the issuer's is its place plus one. */
struct revocation {
	struct pki_serial serial;
	pki_time revoked_at, not_after;
	enum pki_reason reason;
	unsigned partition;
};

struct revoked {
	struct revocation *all; /* in the order of their commits */
	size_t count, room;
	unsigned partitions;
	size_t *start; /* of each partition in members, by position */
	uint32_t *members;
	uint32_t *by_serial; /* once somebody asked */
};
enum pki_status revoked_add(struct revoked *revoked, const struct revocation *one,
	struct pki_err *err) PKI_MUST_CHECK;
/* All were added; partitions 0: there is the full list alone. */
enum pki_status revoked_ready(
	struct revoked *revoked, unsigned partitions, struct pki_err *err) PKI_MUST_CHECK;
void revoked_free(struct revoked *revoked);
/* NULL if the serial was never revoked. */
const struct revocation *revoked_find(
	struct revoked *revoked, const struct pki_serial *serial);

/* Of one list: what its CRL must name. Zeroed at the start. */
struct expected {
	uint32_t *live; /* places in all, by serial */
	size_t count;
	size_t next; /* of the list's members, the first that is not taken in yet */
	uint64_t revocations;
	pki_time cutoff;
};
/* To a CRL built over so many revocations that lists what expires at cutoff or later. Where
 * either went back it starts anew. */
enum pki_status expected_forward(struct expected *list, const struct revoked *revoked,
	unsigned partition, uint64_t revocations, pki_time cutoff,
	struct pki_err *err) PKI_MUST_CHECK;
void expected_free(struct expected *list);

#endif
