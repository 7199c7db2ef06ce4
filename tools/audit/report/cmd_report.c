/* pki-audit report */
#include <stdlib.h>

#include "libpki/base/file.h"
#include "tools/audit/commands.h"
#include "tools/audit/options.h"
#include "tools/audit/report/page.h"
#include "tools/audit/verify/verify.h"
#include "tools/audit/workers.h"

const struct pki_option audit_options_report[] = {
	{ "out", "FILE", "where to write the report", 0 },
	{ "from", "DATE", "first day or moment; default: the ledger's first event", 0 },
	{ "to", "DATE", "last day or moment; default: the ledger's youngest event", 0 },
	{ "population", "N", "people whom adoption is measured against", 0 },
	{ "target", "PERCENT", "of the population", 0 },
	{ "no-verify", NULL, "figures alone, without verifying", 0 },
	OPTIONS_VERIFICATION,
	{ 0 },
};

static enum pki_status
parse_day(const char *option, const char *text, bool end, pki_msec *out,
	struct pki_err *err)
{
	pki_time t;
	*out = 0;
	if (text == NULL)
		return PKI_OK;
	enum pki_status status = pki_time_parse(text, &t, err);
	if (status != PKI_OK) {
		pki_err_object(err, "--%s %s", option, text);
		return status;
	}
	/* a period that ends with a day ends with the day's last millisecond */
	*out = t * 1000 + (end ? t % PKI_DAY == 0 ? PKI_DAY * 1000 - 1 : 999 : 0);
	return PKI_OK;
}

static enum pki_status
parse_number(const char *option, const char *text, double most, double *out,
	struct pki_err *err)
{
	char *end;
	*out = 0;
	if (text == NULL)
		return PKI_OK;
	*out = strtod(text, &end);
	if (end == text || *end != '\0' || !(*out > 0 && *out <= most))
		return pki_fail(err, PKI_USAGE,
			"--%s %s: give a number above 0, at most %.0f", option, text,
			most);
	return PKI_OK;
}

static enum pki_status
read_options(const struct pki_args *args, struct figures *f, struct pki_err *err)
{
	double population = 0;
	PKI_TRY(parse_day("from", pki_arg(args, "from"), false, &f->from, err));
	PKI_TRY(parse_day("to", pki_arg(args, "to"), true, &f->to, err));
	PKI_TRY(parse_number(
		"population", pki_arg(args, "population"), 1e10, &population, err));
	PKI_TRY(parse_number("target", pki_arg(args, "target"), 100, &f->target, err));
	f->population = (uint64_t)population;
	double wanted = (double)f->population * f->target / 100;
	f->wanted = (int64_t)wanted + (wanted > (double)(int64_t)wanted);
	if (f->target > 0 && f->population == 0)
		return pki_fail(
			err, PKI_USAGE, "--target is a share of --population; give both");
	if (pki_arg(args, "out") == NULL && !pki_arg_flag(args, "json"))
		return pki_fail(
			err, PKI_USAGE, "--out is missing: the file for the report");
	return PKI_OK;
}

static enum pki_status
publish(const char *path, const struct figures *f, const json_t *findings,
	const struct audit *a, struct pki_err *err)
{
	PKI_CLEANUP(pki_free_ptr) char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	if (out == NULL)
		return pki_fail(err, PKI_MEMORY, "%s", path);
	enum pki_status status = page_write(out, f, findings, a, err);
	bool failed = ferror(out) != 0;
	if ((fclose(out) != 0 || failed) && status == PKI_OK)
		return pki_fail(err, PKI_MEMORY, "%s", path);
	if (status != PKI_OK)
		return status;
	return pki_file_publish(path, text, len, 0644, err);
}

/* The figures and, unless --no-verify is given, the verification. */
static enum pki_status
gather(struct audit *a, struct figures *f, const struct pki_args *args,
	struct pki_err *err)
{
	struct pki_err own = { 0 };
	PKI_TRY(audit_open(a, args, err));
	PKI_TRY(figures_prepare(a, f, err));
	if (!pki_arg_flag(args, "no-verify"))
		verify_all(a, args);
	/* a failure becomes a finding, beside the figures read so far */
	if (figures_gather(a, f, &own) != PKI_OK)
		audit_add_finding(a, "figures", &own);
	workers_release(a);
	pki_progress_end();
	return PKI_OK;
}

static enum pki_status
print(const struct audit *a, const struct pki_args *args, const json_t *json,
	struct pki_err *err)
{
	const char *path = pki_arg(args, "out");
	if (pki_arg_flag(args, "json"))
		return pki_cli_json(json, stdout, err);
	if (pki_arg_flag(args, "no-verify"))
		printf("%s: not verified\n", path);
	else
		printf("%s: findings: %ju\n", path,
			(uintmax_t)findings_count(a->findings));
	return PKI_OK;
}

enum pki_status
audit_cmd_report(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	bool verified = !pki_arg_flag(args, "no-verify");
	const char *path = pki_arg(args, "out");
	PKI_CLEANUP(audit_free) struct audit a = { 0 };
	PKI_CLEANUP(figures_free) struct figures f = { 0 };
	PKI_CLEANUP(pki_json_cleanup) json_t *json = NULL;
	(void)ctx;
	PKI_TRY(read_options(args, &f, err));
	PKI_TRY(gather(&a, &f, args, err));
	struct pki_json figures = figures_json(&f);
	pki_json_bool(&figures, "verified", verified);
	findings_json(a.findings, &figures);
	PKI_TRY(pki_json_take(&figures, &json, err));
	*args->exit_status = audit_exit_status(&a);
	if (path != NULL)
		PKI_TRY(publish(path, &f, json, verified ? &a : NULL, err));
	return print(&a, args, json, err);
}
