/* The figures of a report, from ledger and log. */
#ifndef TOOLS_AUDIT_REPORT_FIGURES_H
#define TOOLS_AUDIT_REPORT_FIGURES_H

#include "libpki/tlog/note.h"
#include "tools/audit/audit.h"
#include "tools/audit/report/grid.h"

/* Of a list of times in milliseconds. */
struct spread {
	uint64_t count;
	pki_msec p50, p99, worst;
	uint64_t over_hour, over_day;
	uint64_t waiting; /* not finished at the end of the period */
};

enum grids {
	GRID_ISSUANCE,
	GRID_REVOCATIONS,
	GRID_CAUSES,
	GRID_DELAYS,
	GRID_FORECAST,
	GRID_OFFICERS,
	GRID_PAIRS,
	GRID_REFUSALS,
	GRID_ADOPTION, /* cumulative */
	GRID_REGISTRATION,
	GRID_EVENTS,
	GRIDS
};

struct figures {
	pki_msec from, to; /* the period; both ends belong to it */
	const char *unit;
	uint64_t population; /* 0: not given */
	double target; /* percent of the population; 0: not given */
	int64_t wanted; /* the target as a number of holders */

	/* certificates valid at the end: of holders, of officers and services */
	int64_t live[2], live_holders;
	int64_t applied, issued, activated; /* holders up to the end */
	uint64_t crls;
	pki_msec crl_gap; /* longest time between two full CRLs of the issuing CA */
	/* from the report of a loss to the commit, to the CRL's publication */
	struct spread ocsp, crl;

	struct grid grids[GRIDS];

	char ca[PKI_NAME_SIZE], origin[PKI_ORIGIN_TEXT];
	char root[PKI_SHA256_HEX]; /* "": no valid checkpoint */
	uint64_t entries, covered;
};
/* First step. a is open; the caller has set from, to (0: unlimited), population and target. Cuts
 * the period to the ledger's events, makes empty grids, reads the last checkpoint. */
enum pki_status figures_prepare(
	struct audit *a, struct figures *f, struct pki_err *err) PKI_MUST_CHECK;
/* Second step: the figures. After a failure f holds all figures read so far. */
enum pki_status figures_gather(
	struct audit *a, struct figures *f, struct pki_err *err) PKI_MUST_CHECK;
void figures_free(struct figures *f);
/* The column of a reason in GRID_REVOCATIONS, until grid_narrow(). */
size_t figures_reason(enum pki_reason reason);
struct pki_json figures_json(const struct figures *f);

#endif
