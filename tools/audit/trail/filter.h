/* Which log entries are wanted. */
#ifndef TOOLS_AUDIT_TRAIL_FILTER_H
#define TOOLS_AUDIT_TRAIL_FILTER_H

#include "tools/audit/audit.h"

#define FILTER_MATCHERS 7

struct filter_place;

struct filter {
	/* one per option that was given: any of its values will do, all matchers must */
	struct filter_matcher {
		const struct filter_place *place;
		const char *values[PKI_VALUES_MAX];
		char serials[PKI_VALUES_MAX]
			    [PKI_SERIAL_TEXT]; /* as the log writes them */
		int count;
	} matchers[FILTER_MATCHERS];
	size_t count;
	pki_msec since, until; /* both included */
};

/* The options of main.c's table, --type to --until. USAGE for what no entry can hold. */
enum pki_status filter_parse(const struct pki_args *args, struct filter *out,
	struct pki_err *err) PKI_MUST_CHECK;
bool filter_wants(const struct filter *filter, const json_t *entry);
/* Is it older than all that is wanted? So are those before it. */
bool filter_too_old(const struct filter *filter, const json_t *entry);

#endif
