#include "tools/audit/findings.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "libpki/host/cli.h"

struct finding {
	struct spot spot;
	struct pki_err err;
};

/* Sorted by spot: the first FINDINGS_MAX of all. */
struct shelf {
	struct finding *kept;
	size_t count, room;
	uint64_t total;
};

struct findings {
	pthread_mutex_t lock;
	struct shelf shelves[SEVERITIES];
};

enum pki_status
findings_new(struct findings **out, struct pki_err *err)
{
	struct findings *findings = calloc(1, sizeof *findings);
	if (findings == NULL)
		return pki_fail(err, PKI_MEMORY, "findings");
	pthread_mutex_init(&findings->lock, NULL);
	*out = findings;
	return PKI_OK;
}

void
findings_free(struct findings *findings)
{
	if (findings == NULL)
		return;
	for (size_t i = 0; i < SEVERITIES; i++)
		free(findings->shelves[i].kept);
	pthread_mutex_destroy(&findings->lock);
	free(findings);
}

static bool
before(const struct spot *a, const struct spot *b)
{
	return a->part != b->part ? a->part < b->part : a->position < b->position;
}

static bool
grow(struct shelf *shelf)
{
	if (shelf->count < shelf->room)
		return true;
	size_t room = shelf->room == 0 ? 16 : shelf->room * 2;
	struct finding *kept = reallocarray(shelf->kept, room, sizeof *kept);
	if (kept == NULL)
		return false;
	shelf->kept = kept;
	shelf->room = room;
	return true;
}

static void
put(struct shelf *shelf, const struct spot *spot, const struct pki_err *err)
{
	size_t at = shelf->count;
	shelf->total++;
	while (at > 0 && before(spot, &shelf->kept[at - 1].spot))
		at--;
	if (at == FINDINGS_MAX)
		return;
	if (shelf->count == FINDINGS_MAX)
		shelf->count--; /* the last one goes */
	else if (!grow(shelf))
		return;
	struct finding *here = &shelf->kept[at];
	memmove(here + 1, here, (shelf->count - at) * sizeof *here);
	*here = (struct finding){ *spot, *err };
	/* a file's name may be anything; JSON takes UTF-8 alone */
	pki_cli_clean(err->object, here->err.object, sizeof here->err.object);
	pki_cli_clean(err->msg, here->err.msg, sizeof here->err.msg);
	shelf->count++;
}

void
findings_put(
	struct findings *findings, const struct spot *spot, const struct pki_err *err)
{
	pthread_mutex_lock(&findings->lock);
	put(&findings->shelves[judge(err).severity], spot, err);
	pthread_mutex_unlock(&findings->lock);
}

uint64_t
findings_count(struct findings *findings)
{
	uint64_t total = 0;
	pthread_mutex_lock(&findings->lock);
	for (size_t i = 0; i < SEVERITIES; i++)
		total += findings->shelves[i].total;
	pthread_mutex_unlock(&findings->lock);
	return total;
}

enum severity
findings_worst(struct findings *findings)
{
	enum severity worst = SEVERITY_CRITICAL;
	pthread_mutex_lock(&findings->lock);
	while (worst > SEVERITY_NONE && findings->shelves[worst].total == 0)
		worst--;
	pthread_mutex_unlock(&findings->lock);
	return worst;
}

static void
print_shelf(const struct shelf *shelf, enum severity severity, FILE *out)
{
	for (size_t i = 0; i < shelf->count; i++) {
		const struct pki_err *err = &shelf->kept[i].err;
		char text[sizeof *err + 256], clean[sizeof text];
		pki_err_text(err, text, sizeof text);
		pki_cli_clean(text, clean, sizeof clean);
		fprintf(out, "%s: %s\n    remedy: %s\n", severity_name(severity), clean,
			judge(err).remedy);
	}
	if (shelf->total > shelf->count)
		fprintf(out, "... and %" PRIu64 " more that are %s\n",
			shelf->total - shelf->count, severity_name(severity));
}

void
findings_print(struct findings *findings, FILE *out)
{
	uint64_t total = findings_count(findings);
	if (total == 0) {
		fputs("everything is in order\n", out);
		return;
	}
	for (enum severity s = SEVERITY_CRITICAL; s > SEVERITY_NONE; s--)
		print_shelf(&findings->shelves[s], s, out);
	fprintf(out, "%" PRIu64 " finding%s", total, total == 1 ? "" : "s");
	for (enum severity s = SEVERITY_CRITICAL; s > SEVERITY_NONE; s--)
		fprintf(out, "%s%" PRIu64 " %s", s == SEVERITY_CRITICAL ? ": " : ", ",
			findings->shelves[s].total, severity_name(s));
	fputc('\n', out);
}

static json_t *
finding_json(const struct pki_err *err)
{
	const struct pki_rule_info *info = pki_rule_info(err->rule);
	struct judgement judgement = judge(err);
	return json_pack("{s:s, s:s, s:s, s:i, s:s, s:s, s:s, s:s}", "severity",
		severity_name(judgement.severity), "object", err->object, "status",
		pki_status_name(err->status), "rule", (int)info->rule, "name", info->name,
		"clause", info->clause, "message", err->msg, "remedy", judgement.remedy);
}

enum pki_status
findings_json(struct findings *findings, json_t *report, struct pki_err *err)
{
	json_t *list = json_array(), *counts = json_object();
	uint64_t total = findings_count(findings);
	for (enum severity s = SEVERITY_CRITICAL; s > SEVERITY_NONE; s--) {
		const struct shelf *shelf = &findings->shelves[s];
		json_object_set_new(
			counts, severity_name(s), json_integer((json_int_t)shelf->total));
		for (size_t i = 0; i < shelf->count; i++)
			json_array_append_new(list, finding_json(&shelf->kept[i].err));
	}
	json_t *more = json_pack("{s:b, s:s, s:o, s:I, s:o}", "ok", total == 0,
		"severity", severity_name(findings_worst(findings)), "severities", counts,
		"finding_count", (json_int_t)total, "findings", list);
	int failed = json_object_update(report, more);
	json_decref(more);
	return failed == 0 ? PKI_OK : pki_fail(err, PKI_MEMORY, "the report");
}
