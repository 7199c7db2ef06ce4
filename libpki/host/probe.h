/*
 * The output of a `check` command for a monitor, in the manner of Nagios' plugins: a line on
 * standard output, "PKI-CRL OK - text | left=93584s;1800:;300: ...", and an exit status from 0
 * (ok), 1 (warning), 2 (critical) to 3 (unknown). And the offset of a server's clock from ours.
 */
#ifndef LIBPKI_HOST_PROBE_H
#define LIBPKI_HOST_PROBE_H

#include "libpki/host/cli.h"
#include "libpki/host/http.h"
#include "libpki/ocsp/ocsp.h"

/* For the command's table. */
#define PKI_PROBE_OPTIONS \
	{ "monitor", NULL, "one line and an exit status as monitors expect", 0 }, \
		{ "warning", "DURATION", \
			"warn if less is left until nextUpdate; default: 30m", 0 }, \
	{ \
		"critical", "DURATION", "critical if less is left; default: 5m", 0 \
	}

struct pki_probe {
	char text[256]; /* "CRL 7, 5 entries" */
	bool critical; /* the text is a critical fact */
	const char *warning, *critical_at; /* default limits; NULL: 30m, 5m */
	pki_time this_update; /* 0: not known, as the next */
	pki_time next_update;
	bool clock_known;
	pki_msec offset; /* of the server's clock, positive: ahead of ours */
	struct {
		const char *label; /* NULL: no more */
		int64_t value;
	} counts[3];
};

/*
 * The offset that a server's answer shows, queried at `before` and answered at `after`: 0 if the
 * Date, in whole seconds, could be right; unknown without a Date.
 */
void pki_probe_clock(struct pki_probe *probe, const struct pki_http_response *response,
	pki_msec before, pki_msec after);
/* A date ahead of `after`, which no right clock could have written. */
void pki_probe_ahead(struct pki_probe *probe, pki_time date, pki_msec after);
/* "0.0 s", "2.4 s ahead of ours", "3.1 s behind ours" or "not known" */
#define PKI_OFFSET_TEXT 40
void pki_probe_offset_text(const struct pki_probe *probe, char out[PKI_OFFSET_TEXT]);
/* For JSON: seconds, or null. */
json_t *pki_probe_offset_json(const struct pki_probe *probe);

/* Query a responder about a certificate of issuer, with a nonce, so that no cache answers.
 * Gives up after some seconds of silence. Notes the server's clock in probe, which may be NULL.
 * UNAVAILABLE, BUSY; INPUT: the response does not verify. */
enum pki_status pki_probe_ocsp(const char *url, const struct pki_cert *issuer,
	const struct pki_serial *serial, struct pki_probe *probe,
	struct pki_ocsp_result *out, struct pki_err *err) PKI_MUST_CHECK;

/* Print the line, and set the program's exit status; name: "PKI-CRL". status and err are the
 * check's result. USAGE: wrong thresholds. */
enum pki_status pki_probe_report(const struct pki_args *args, const char *name,
	const struct pki_probe *probe, enum pki_status status,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
