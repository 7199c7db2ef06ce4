/*
 * What an audit found: each finding with its place, severity and remedy. In the order of their
 * places, whichever thread found what first.
 */
#ifndef TOOLS_AUDIT_FINDINGS_H
#define TOOLS_AUDIT_FINDINGS_H

#include <stdio.h>

#include "libpki/base/json.h"

/* Of each severity: findings kept and shown; beyond them they are only counted. */
#define FINDINGS_MAX 1000

enum severity {
	SEVERITY_NONE,
	SEVERITY_MINOR, /* of the operation: a list that came late, a file not published yet */
	SEVERITY_MAJOR, /* a rule was broken, or something could not be judged */
	SEVERITY_CRITICAL, /* removed, changed or forged */
	SEVERITIES
};

struct judgement {
	enum severity severity;
	const char *remedy;
};
/* By rule and status alone. */
struct judgement judge(const struct pki_err *err);
const char *severity_name(enum severity severity);

/* Where it was found: the part of the audit, and which of the part's things. */
struct spot {
	unsigned part;
	uint64_t position;
};

struct findings;
enum pki_status findings_new(struct findings **out, struct pki_err *err) PKI_MUST_CHECK;
void findings_free(struct findings *findings);
/* By any thread. Two at one spot stay in the order in which they were added. */
void findings_put(
	struct findings *findings, const struct spot *spot, const struct pki_err *err);
uint64_t findings_count(struct findings *findings);
enum severity findings_worst(struct findings *findings);

/* The worst first; text ends with a line that counts them, or says that there are none. */
void findings_print(struct findings *findings, FILE *out);
/* Sets ok, severity, severities, finding_count and findings. */
enum pki_status findings_json(
	struct findings *findings, json_t *report, struct pki_err *err) PKI_MUST_CHECK;

#endif
