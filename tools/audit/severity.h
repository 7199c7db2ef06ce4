/* The severity of a finding, and its remedy: by rule and status alone. */
#ifndef TOOLS_AUDIT_SEVERITY_H
#define TOOLS_AUDIT_SEVERITY_H

#include "libpki/base/err.h"

enum severity {
	SEVERITY_NONE,
	SEVERITY_MINOR, /* of the operation: a CRL came late, a file is not published yet */
	SEVERITY_MAJOR, /* a rule was broken, or the auditor could not judge */
	SEVERITY_CRITICAL, /* removed, changed or forged */
	SEVERITIES
};

struct judgement {
	enum severity severity;
	const char *remedy;
};
struct judgement severity_judge(const struct pki_err *err);
const char *severity_name(enum severity severity);

#endif
