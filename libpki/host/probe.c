#include "libpki/host/probe.h"

#include <inttypes.h>
#include <string.h>

#define WARNING_DEFAULT "30m"
#define CRITICAL_DEFAULT "5m"
/* Clients accept answers with a clock error up to five minutes; no service should need so
 * much. */
#define OFFSET_WARNING ((pki_msec)10000)
#define OFFSET_CRITICAL ((pki_msec)300000)
#define LINE_TEXT 1024

enum level { LEVEL_OK, LEVEL_WARNING, LEVEL_CRITICAL, LEVEL_UNKNOWN };

static const char *const level_names[] = { "OK", "WARNING", "CRITICAL", "UNKNOWN" };

struct limits {
	int64_t warning;
	int64_t critical;
};

void
pki_probe_clock(struct pki_probe *probe, const struct pki_http_response *response,
	pki_msec before, pki_msec after)
{
	if (response->date == 0)
		return;
	/* the server wrote Date between `before` and `after`, within the second that Date
	 * names */
	pki_msec least = response->date * 1000 - after;
	pki_msec most = response->date * 1000 + 999 - before;
	probe->clock_known = true;
	probe->offset = least > 0 ? least : most < 0 ? most : 0;
}

void
pki_probe_ahead(struct pki_probe *probe, pki_time date, pki_msec after)
{
	pki_msec least = date * 1000 - after;
	if (least <= probe->offset)
		return;
	probe->clock_known = true;
	probe->offset = least;
}

void
pki_probe_offset_text(const struct pki_probe *probe, char out[PKI_OFFSET_TEXT])
{
	double seconds = (double)probe->offset / 1000;
	if (!probe->clock_known)
		snprintf(out, PKI_OFFSET_TEXT, "not known");
	else if (probe->offset == 0)
		snprintf(out, PKI_OFFSET_TEXT, "as ours");
	else
		snprintf(out, PKI_OFFSET_TEXT, "%.1f s %s ours",
			seconds > 0 ? seconds : -seconds,
			seconds > 0 ? "ahead of" : "behind");
}

json_t *
pki_probe_offset_json(const struct pki_probe *probe)
{
	return probe->clock_known ? json_real((double)probe->offset / 1000) : json_null();
}

static enum pki_status
read_limits(const struct pki_args *args, const struct pki_probe *probe,
	struct limits *out, struct pki_err *err)
{
	const char *warning = pki_arg(args, "warning"),
		   *critical = pki_arg(args, "critical");
	if (warning == NULL)
		warning = probe->warning;
	if (critical == NULL)
		critical = probe->critical_at;
	struct pki_err own = { 0 };
	if (pki_duration_parse(warning != NULL ? warning : WARNING_DEFAULT, &out->warning,
		    &own) != PKI_OK ||
		pki_duration_parse(critical != NULL ? critical : CRITICAL_DEFAULT,
			&out->critical, &own) != PKI_OK)
		return pki_fail(err, PKI_USAGE, "--warning, --critical: %s", own.msg);
	if (out->warning < out->critical)
		return pki_fail(err, PKI_USAGE,
			"--warning must not be shorter than --critical, %" PRId64 " s",
			out->critical);
	return PKI_OK;
}

/* A check that fails to run says nothing about the service. */
static enum level
level_of(enum pki_status status)
{
	switch (status) {
	case PKI_OK:
		return LEVEL_OK;
	case PKI_INTERNAL:
	case PKI_USAGE:
	case PKI_CONFIG:
	case PKI_IO:
	case PKI_SECRET:
	case PKI_VERSION:
	case PKI_FULL:
	case PKI_MEMORY:
	case PKI_UNKNOWN:
		return LEVEL_UNKNOWN;
	case PKI_INPUT:
	case PKI_LIMIT:
	case PKI_REFUSED:
	case PKI_OFFICER:
	case PKI_CLOCK:
	case PKI_LOCKED:
	case PKI_UNAVAILABLE:
	case PKI_BUSY:
	case PKI_NOTFOUND:
	case PKI_STATE:
	case PKI_TAMPERED:
		return LEVEL_CRITICAL;
	}
	return LEVEL_UNKNOWN;
}

static enum level
judge(const struct pki_probe *probe, const struct limits *limits, pki_time now)
{
	pki_time left = probe->next_update - now;
	pki_msec offset = probe->offset > 0 ? probe->offset : -probe->offset;
	if (probe->critical || left < limits->critical || offset > OFFSET_CRITICAL)
		return LEVEL_CRITICAL;
	if (left < limits->warning || offset > OFFSET_WARNING)
		return LEVEL_WARNING;
	return LEVEL_OK;
}

/* The Monitoring Plugins' guidelines: LABEL=VALUE UNIT;WARNING;CRITICAL */
static void
print_data(const struct pki_probe *probe, const struct limits *limits, pki_time now)
{
	if (probe->next_update != 0 || probe->clock_known)
		printf(" |");
	if (probe->next_update != 0)
		printf(" left=%" PRId64 "s;%" PRId64 ":;%" PRId64 ":",
			probe->next_update - now, limits->warning, limits->critical);
	if (probe->next_update != 0 && probe->this_update != 0)
		printf(" age=%" PRId64 "s", now - probe->this_update);
	if (probe->clock_known)
		printf(" offset=%.3fs;-%d:%d;-%d:%d", (double)probe->offset / 1000,
			(int)(OFFSET_WARNING / 1000), (int)(OFFSET_WARNING / 1000),
			(int)(OFFSET_CRITICAL / 1000), (int)(OFFSET_CRITICAL / 1000));
	for (size_t i = 0; i < PKI_COUNT(probe->counts) && probe->counts[i].label != NULL;
		i++)
		printf(" %s=%" PRId64, probe->counts[i].label, probe->counts[i].value);
}

static void
print_line(const char *name, enum level level, const char *text)
{
	char clean[LINE_TEXT];
	pki_cli_clean(text, clean, sizeof clean);
	/* text after a bar is data */
	for (char *bar = clean; (bar = strchr(bar, '|')) != NULL;)
		*bar = '/';
	printf("%s %s - %s", name, level_names[level], clean);
}

enum pki_status
pki_probe_report(const struct pki_args *args, const char *name,
	const struct pki_probe *probe, enum pki_status status, struct pki_err *err)
{
	struct limits limits = { 0 };
	struct pki_err why = { 0 };
	pki_time now = pki_time_now();
	char text[LINE_TEXT], clock[PKI_OFFSET_TEXT];
	if (read_limits(args, probe, &limits, &why) != PKI_OK) {
		status = why.status;
		*err = why;
	}
	enum level level = level_of(status);
	if (level == LEVEL_OK) {
		level = judge(probe, &limits, now);
		pki_probe_offset_text(probe, clock);
		int used = snprintf(text, sizeof text, "%s, %" PRId64 " s left",
			probe->text, probe->next_update - now);
		/* without a date of its own there was no answer to take a clock from */
		if (probe->this_update != 0)
			snprintf(text + used, sizeof text - (size_t)used, ", clock %s",
				clock);
	} else {
		pki_err_text(err, text, sizeof text);
	}
	print_line(name, level, text);
	if (level != LEVEL_UNKNOWN)
		print_data(probe, &limits, now);
	printf("\n");
	*args->exit_status = level;
	*err = (struct pki_err){ 0 };
	return PKI_OK;
}
