/*
 * The page for operators. The main thread's cells are set 0, the cells of mirror i set 1 + i.
 */
#ifndef CRL_MONITOR_H
#define CRL_MONITOR_H

#include <stdbool.h>
#include <stddef.h>

#include "libpki/base/err.h"

struct crl;
struct service;

enum crl_metric {
	CRL_AGE,
	CRL_LEFT,
	CRL_NUMBER,
	CRL_ENTRIES,
	CRL_BYTES,
	CRL_PUBLISHED,
	CRL_RESULTS,
	CRL_REFUSED,
	CRL_BACKLOG,
	CRL_BACKLOG_AGE,
	CRL_FAILING,
	CRL_COMPARISONS,
	CRL_CONTRADICTED,
	CRL_SILENT_SINCE,
	CRL_PUTS,
	CRL_PUT_PENDING,
	CRL_PUT_DONE,
	CRL_PUT_FAILING,
	CRL_PART_AGE, /* cell i: partition i + 1 */
	CRL_PART_NUMBER,
	CRL_PART_ENTRIES,
	CRL_PART_BYTES,
	CRL_STAFF, /* by role, as struct pki_staff */
	CRL_STAFF_MINIMUM,
	CRL_STAFF_LEFT,
};

/* address "": no page, the cells alone. Before monitor_working() and the rest. */
enum pki_status monitor_listen(
	struct service *s, const char *address, struct pki_err *err) PKI_MUST_CHECK;

/* The published CRLs and the pending revocations. */
void monitor_crls(struct service *s);

/* The officers in the ledger. */
struct pki_staff;
void monitor_staff(struct service *s, const struct pki_staff *staff);

enum crl_result { CRL_PUBLISHED_IT, CRL_REFUSED_IT, CRL_FAILED, CRL_RESULT_COUNT };
/* Of an attempt to publish the CRL. */
void monitor_result(struct service *s, const struct crl *crl, enum crl_result result);

enum crl_answer { CRL_AGREES, CRL_CONTRADICTS, CRL_SILENT, CRL_ANSWER_COUNT };
/* Of a query to responder i. */
void monitor_responder(struct service *s, size_t i, enum crl_answer answer);

/* Did the main thread succeed? */
void monitor_working(struct service *s, bool works);

#endif
