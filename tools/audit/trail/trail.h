/* The trail of a holder, certificate or order: the log entries about it, each with its proofs. */
#ifndef TOOLS_AUDIT_TRAIL_TRAIL_H
#define TOOLS_AUDIT_TRAIL_TRAIL_H

#include "libpki/tlog/note.h"
#include "tools/audit/audit.h"

/* Holders, orders, applications, invitations ("X-" and 32 digits), serial numbers. */
#define TRAIL_ID PKI_SERIAL_TEXT

/* A revoked certificate of the trail, with the first CRL that lists it and the first published CRL
 * that does; 0: none. */
struct trail_revoked {
	int issuer;
	struct pki_serial serial;
	enum pki_reason reason;
	pki_msec at;
	uint64_t listed, published;
};

struct trail {
	struct audit *a;
	struct pki_checkpoint cp; /* the last one; size 0: none that verifies */
	char (*ids)[TRAIL_ID]; /* an entry that names one of them belongs to the trail */
	size_t id_count;
	struct trail_revoked *revoked;
	size_t revoked_count;
	struct pki_json certificates;
	struct pki_json lines;
};

enum pki_status trail_add(
	struct trail *t, const char *id, struct pki_err *err) PKI_MUST_CHECK;
bool trail_has(const struct trail *t, const char *id);
/* Add the ids and certificates that the ledger has for a holder, a serial number, an order, an
 * invitation or an application. INPUT if `what` is none of these. The log may know more than the
 * ledger. */
enum pki_status trail_find(
	struct trail *t, const char *what, struct pki_err *err) PKI_MUST_CHECK;
/* Add the line of an entry, with its proofs; a contradiction is a finding. A failure sticks in
 * t->lines. */
void trail_add_line(
	struct trail *t, uint64_t index, struct pki_bytes text, const json_t *entry);

#endif
