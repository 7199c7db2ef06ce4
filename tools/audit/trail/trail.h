/* pki-audit trail: the story of one certificate, holder or order, each line with its proof. */
#ifndef TOOLS_AUDIT_TRAIL_TRAIL_H
#define TOOLS_AUDIT_TRAIL_TRAIL_H

#include "tools/audit/audit.h"

/* Holders, orders, applications, invitations ("X-" and 32 digits), serial numbers. */
#define TRAIL_ID PKI_SERIAL_TEXT

/* A certificate that was revoked, and the lists that say so: the first one, the first published
 * one; 0: there is none. */
struct trail_revoked {
	int issuer;
	struct pki_serial serial;
	enum pki_reason reason;
	pki_msec at;
	uint64_t listed, published;
};

struct trail {
	struct audit *a;
	struct pki_checkpoint cp; /* size 0: none that verifies */
	char (*ids)[TRAIL_ID]; /* what the story is about */
	size_t id_count;
	struct trail_revoked *revoked;
	size_t revoked_count;
	json_t *certificates;
	json_t *lines;
};

enum pki_status trail_add(
	struct trail *t, const char *id, struct pki_err *err) PKI_MUST_CHECK;
bool trail_has(const struct trail *t, const char *id);
/* From the ledger: what belongs to a holder, a serial number or an order. INPUT: it is none of
 * these; what the ledger does not know may yet be in the log. */
enum pki_status trail_find(
	struct trail *t, const char *what, struct pki_err *err) PKI_MUST_CHECK;
/* The entry's line with its proof; what does not fit is a finding. */
enum pki_status trail_line(struct trail *t, uint64_t index, struct pki_bytes text,
	const json_t *entry, struct pki_err *err) PKI_MUST_CHECK;
void trail_print(const struct trail *t, const char *what, FILE *out);

#endif
