/*
 * The findings of an audit, each with position, severity and remedy. Findings are shown
 * in the order of their positions, whichever thread was first.
 */
#ifndef TOOLS_AUDIT_FINDINGS_H
#define TOOLS_AUDIT_FINDINGS_H

#include <stdio.h>

#include "libpki/base/json.h"
#include "tools/audit/severity.h"

/* Findings of each severity kept and shown; further findings are only counted. */
#define FINDINGS_MAX 1000

/* The part of the audit, and the number of the object within the part. */
struct finding_position {
	unsigned part;
	uint64_t object;
};

struct findings;
enum pki_status findings_new(struct findings **out, struct pki_err *err) PKI_MUST_CHECK;
void findings_free(struct findings *findings);
/* By any thread. Two findings at one position stay in the order of the calls. */
void findings_put(struct findings *findings, const struct finding_position *position,
	const struct pki_err *err);
uint64_t findings_count(struct findings *findings);
enum severity findings_worst(struct findings *findings);

/* The worst first; the last line counts the findings, or says that there are none. */
void findings_print(struct findings *findings, FILE *out);
/* Sets ok, severity, severities, finding_count and findings; a failure sticks in report. */
void findings_json(struct findings *findings, struct pki_json *report);

#endif
