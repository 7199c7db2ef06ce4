/* A filter of log entries, from the options of `pki-audit tail`. */
#ifndef TOOLS_AUDIT_TRAIL_FILTER_H
#define TOOLS_AUDIT_TRAIL_FILTER_H

#include "libpki/host/cli.h"

#define FILTER_MATCHERS 7

struct filter_field;

struct filter {
	/* One per option given. An entry must match all of them, and of each option at
	 * least one value. */
	struct filter_matcher {
		const struct filter_field *field;
		const char *values[PKI_VALUES_MAX];
		char serials[PKI_VALUES_MAX]
			    [PKI_SERIAL_TEXT]; /* values in the log's form */
		int count;
	} matchers[FILTER_MATCHERS];
	size_t count;
	pki_msec since, until; /* both included */
};

/* --type to --until. USAGE for an impossible value. */
enum pki_status filter_parse(const struct pki_args *args, struct filter *out,
	struct pki_err *err) PKI_MUST_CHECK;
bool filter_wants(const struct filter *filter, const json_t *entry);
/* Is the entry older than --since? Then all entries before are older too. */
bool filter_too_old(const struct filter *filter, const json_t *entry);

#endif
