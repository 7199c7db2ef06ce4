#include "ra/commands/commands.h"
#include "ra/print.h"

const struct pki_option ra_cmd_list_options[] = {
	{ "state", "STATE", "submitted, verified, approved, issued, accepted or rejected",
		1 },
	{ "holder", "H-...", "of this holder only", 1 },
	RA_PAGE_OPTIONS,
	{ 0 },
};

enum pki_status
ra_cmd_list(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	PKI_CLEANUP(ra_close) struct ra ra;
	struct ra_filter filter = { .state = -1, .holder = pki_arg(args, "holder") };
	const char *name = pki_arg(args, "state");
	enum ra_state state = RA_SUBMITTED;
	PKI_TRY(ra_open(args, &ra, err));
	if (name != NULL && !ra_state_by_name(name, &state))
		return pki_fail(err, PKI_USAGE,
			"--state: one of submitted, verified, approved, issued, accepted, rejected");
	if (name != NULL)
		filter.state = (int)state;
	return ra_print_list(&ra, args, &filter, err);
}
