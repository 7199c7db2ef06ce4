#include "ra/commands/commands.h"
#include "ra/print.h"

const struct pki_option ra_cmd_search_options[] = {
	RA_PAGE_OPTIONS,
	{ 0 },
};

enum pki_status
ra_cmd_search(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	PKI_CLEANUP(ra_close) struct ra ra;
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf text = { 0 };
	PKI_TRY(ra_open(args, &ra, err));
	for (int i = 0; i < args->operand_count; i++)
		PKI_TRY(pki_buf_printf(
			&text, err, "%s%s", i != 0 ? " " : "", args->operands[i]));
	struct ra_filter filter = { .state = -1, .text = (const char *)text.data };
	return ra_print_list(&ra, args, &filter, err);
}
