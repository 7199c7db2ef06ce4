#include "libpki/host/report.h"

#include <inttypes.h>

#include "libpki/base/time.h"

void
pki_report_error(const char *program, const struct pki_err *err)
{
	char text[1024];
	pki_err_text(err, text, sizeof text);
	fprintf(stderr, "%s: %s\n", program, text);
}

void
pki_report_init(struct pki_report *report, const char *program, const char *what)
{
	*report = (struct pki_report)PKI_REPORT(program, what);
}

static void
write_line(const struct pki_report *report, const char *prefix)
{
	fprintf(report->to != NULL ? report->to : stderr, "%s: %s%s%s%s\n",
		report->program, prefix, report->what != NULL ? report->what : "",
		report->what != NULL ? ": " : "", report->text);
}

/* May an error of this kind be written now? If so, note the kind in place of the oldest. */
static bool
take_turn(struct pki_report *report, const struct pki_err *err, int64_t now)
{
	size_t oldest = 0;
	for (size_t i = 0; i < PKI_REPORT_KINDS; i++) {
		if (report->kinds[i].status == err->status &&
			report->kinds[i].rule == err->rule) {
			if (now < report->kinds[i].at + report->interval_msec)
				return false;
			oldest = i;
			break;
		}
		if (report->kinds[i].at < report->kinds[oldest].at)
			oldest = i;
	}
	report->kinds[oldest].status = err->status;
	report->kinds[oldest].rule = err->rule;
	report->kinds[oldest].at = now;
	return true;
}

void
pki_report_trouble(struct pki_report *report, const struct pki_err *err)
{
	if (report == NULL)
		return;
	int64_t now = pki_monotonic_msec();
	pthread_mutex_lock(&report->lock);
	if (report->since == 0) {
		report->since = now;
		report->times = 0;
	}
	report->times++;
	if (take_turn(report, err, now)) {
		report->written = true;
		pki_err_text(err, report->text, sizeof report->text);
		write_line(report, "");
	}
	pthread_mutex_unlock(&report->lock);
}

void
pki_report_end(struct pki_report *report)
{
	char prefix[80];
	if (report == NULL)
		return;
	pthread_mutex_lock(&report->lock);
	if (report->written) {
		snprintf(prefix, sizeof prefix,
			"ended after %" PRId64 " s, %" PRIu64 " failure%s: ",
			(pki_monotonic_msec() - report->since) / 1000, report->times,
			report->times == 1 ? "" : "s");
		write_line(report, prefix);
	}
	report->written = false;
	report->since = 0;
	pthread_mutex_unlock(&report->lock);
}
