/* Options shared by several commands, as rows of their tables. */
#ifndef TOOLS_AUDIT_OPTIONS_H
#define TOOLS_AUDIT_OPTIONS_H

#include "libpki/host/cli.h"

#define OPTION_ROW(name, value, help, max) \
	{ \
		name, value, help, max \
	}

#define OPTION_LEDGER \
	OPTION_ROW("ledger", "FILE", \
		"the ledger or a copy; default: the configuration's", 0)
#define OPTION_PUBLISH \
	OPTION_ROW("publish", "DIR", "published files; default: the configuration's", 0)
#define OPTION_VKEY \
	OPTION_ROW("vkey", "KEY", \
		"the log's verifier key, or its file; default: PUBLISH/log/vkey", 0)
#define OPTION_POLICY \
	OPTION_ROW("policy", "DIR", \
		"each policy that was in force; default: the configuration's", \
		PKI_VALUES_MAX)
#define OPTION_ROOT \
	OPTION_ROW("root", "FILE", \
		"root certificate to trust; default: PUBLISH/root.pem", 0)
#define OPTION_CHECKPOINT \
	OPTION_ROW("checkpoint", "FILE", \
		"an older checkpoint that the log must contain", PKI_VALUES_MAX)
#define OPTION_JOBS OPTION_ROW("jobs", "N", "threads; default: one for each processor", 0)
#define OPTION_WITNESS \
	OPTION_ROW("witness", "KEY", \
		"a witness's verifier key, or its file, beside the configuration's", \
		PKI_VALUES_MAX)
#define OPTION_TSA \
	OPTION_ROW("tsa", "FILE", \
		"certificates to trust for time-stamps; default: the configuration's", \
		0)

/* The options of a whole verification. */
#define OPTIONS_VERIFICATION \
	OPTION_LEDGER, OPTION_PUBLISH, OPTION_VKEY, OPTION_POLICY, OPTION_ROOT, \
		OPTION_CHECKPOINT, OPTION_JOBS, OPTION_WITNESS, OPTION_TSA

#endif
