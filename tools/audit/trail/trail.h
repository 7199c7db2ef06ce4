/* The trail of a holder, certificate or order: the log entries about it, each with its
 * proofs. */
#ifndef TOOLS_AUDIT_TRAIL_TRAIL_H
#define TOOLS_AUDIT_TRAIL_TRAIL_H

#include "libpki/tlog/note.h"
#include "tools/audit/audit.h"

/* Holders, orders, applications, invitations ("X-" and 32 digits), serial numbers. */
#define TRAIL_ID PKI_SERIAL_TEXT

/* A revoked certificate of the trail, with the numbers of the first CRL and of the first
 * published CRL that list the certificate; 0: none. */
struct trail_revoked {
	int issuer;
	struct pki_serial serial;
	enum pki_reason reason;
	pki_msec at;
	uint64_t listed, published;
};

struct trail {
	struct audit *a;
	struct pki_checkpoint cp; /* the last checkpoint; size 0: no valid checkpoint */
	char (*ids)[TRAIL_ID]; /* the trail has all entries with one of these ids */
	size_t id_count;
	struct trail_revoked *revoked;
	size_t revoked_count;
	struct pki_json certificates;
	struct pki_json lines;
};

enum pki_status trail_add(
	struct trail *t, const char *id, struct pki_err *err) PKI_MUST_CHECK;
bool trail_has(const struct trail *t, const char *id);
/* Add ids and certificates from the ledger for a holder, a serial number, an order, an
 * invitation or an application. INPUT if `what` has none of these forms. The log may know
 * more than the ledger. */
enum pki_status trail_find(
	struct trail *t, const char *what, struct pki_err *err) PKI_MUST_CHECK;
/* Add the line of an entry, with its proofs; a contradiction is a finding. A failure sticks in
 * t->lines. */
void trail_add_line(
	struct trail *t, uint64_t index, struct pki_bytes text, const json_t *entry);

#endif
