/* Output of the commands: results, and pages of applications. */
#ifndef RA_PRINT_H
#define RA_PRINT_H

#include "ra/ra.h"

/* Ids, state, officers and times of an application, for --json. */
struct pki_json ra_print_object(const struct ra_application *application);
/* With --json the object, else the text (printf). Empties the builder. */
enum pki_status ra_print_result(const struct ra *ra, struct pki_json *json,
	struct pki_err *err, const char *fmt, ...) PKI_PRINTF(4, 5) PKI_MUST_CHECK;

/* Local time, as pki_time_format_local(); returns out. */
#define RA_LOCAL 40
const char *ra_print_local(pki_time t, char out[RA_LOCAL]);

/* Prints a table of the applications that match filter, with the holders' names: the page
 * given by --page and --per-page. USAGE if the page does not exist. */
#define RA_PAGE_OPTIONS \
	{ "page", "N", "which page", 1 }, \
	{ \
		"per-page", "N", "lines per page (20)", 1 \
	}
enum pki_status ra_print_list(struct ra *ra, const struct pki_args *args,
	struct ra_filter *filter, struct pki_err *err) PKI_MUST_CHECK;

#endif
