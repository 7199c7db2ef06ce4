#include "tools/audit/findings.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "libpki/host/cli.h"

struct finding {
	struct finding_position position;
	struct pki_err err;
};

/* Of one severity, sorted by position: the first FINDINGS_MAX. */
struct group {
	struct finding *kept;
	size_t count, room;
	uint64_t total;
};

struct findings {
	pthread_mutex_t lock;
	struct group groups[SEVERITIES];
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
		free(findings->groups[i].kept);
	pthread_mutex_destroy(&findings->lock);
	free(findings);
}

static bool
before(const struct finding_position *a, const struct finding_position *b)
{
	return a->part != b->part ? a->part < b->part : a->object < b->object;
}

static bool
grow(struct group *group)
{
	if (group->count < group->room)
		return true;
	size_t room = group->room == 0 ? 16 : group->room * 2;
	struct finding *kept = reallocarray(group->kept, room, sizeof *kept);
	if (kept == NULL)
		return false;
	group->kept = kept;
	group->room = room;
	return true;
}

static void
put(struct group *group, const struct finding_position *position,
	const struct pki_err *err)
{
	size_t at = group->count;
	group->total++;
	while (at > 0 && before(position, &group->kept[at - 1].position))
		at--;
	if (at == FINDINGS_MAX)
		return;
	if (group->count == FINDINGS_MAX)
		group->count--; /* drop the last finding */
	else if (!grow(group))
		return;
	struct finding *here = &group->kept[at];
	memmove(here + 1, here, (group->count - at) * sizeof *here);
	*here = (struct finding){ *position, *err };
	/* a file's name may be anything; JSON takes UTF-8 alone */
	pki_cli_clean(err->object, here->err.object, sizeof here->err.object);
	pki_cli_clean(err->msg, here->err.msg, sizeof here->err.msg);
	group->count++;
}

void
findings_put(struct findings *findings, const struct finding_position *position,
	const struct pki_err *err)
{
	pthread_mutex_lock(&findings->lock);
	put(&findings->groups[severity_judge(err).severity], position, err);
	pthread_mutex_unlock(&findings->lock);
}

uint64_t
findings_count(struct findings *findings)
{
	uint64_t total = 0;
	pthread_mutex_lock(&findings->lock);
	for (size_t i = 0; i < SEVERITIES; i++)
		total += findings->groups[i].total;
	pthread_mutex_unlock(&findings->lock);
	return total;
}

enum severity
findings_worst(struct findings *findings)
{
	enum severity worst = SEVERITY_CRITICAL;
	pthread_mutex_lock(&findings->lock);
	while (worst > SEVERITY_NONE && findings->groups[worst].total == 0)
		worst--;
	pthread_mutex_unlock(&findings->lock);
	return worst;
}

static void
print_group(const struct group *group, enum severity severity, FILE *out)
{
	for (size_t i = 0; i < group->count; i++) {
		const struct pki_err *err = &group->kept[i].err;
		char text[sizeof *err + 256], clean[sizeof text];
		pki_err_text(err, text, sizeof text);
		pki_cli_clean(text, clean, sizeof clean);
		fprintf(out, "%s: %s\n    remedy: %s\n", severity_name(severity), clean,
			severity_judge(err).remedy);
	}
	if (group->total > group->count)
		fprintf(out, "further findings, %s: %" PRIu64 "\n",
			severity_name(severity), group->total - group->count);
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
		print_group(&findings->groups[s], s, out);
	fprintf(out, "%" PRIu64 " finding%s", total, total == 1 ? "" : "s");
	for (enum severity s = SEVERITY_CRITICAL; s > SEVERITY_NONE; s--)
		fprintf(out, "%s%" PRIu64 " %s", s == SEVERITY_CRITICAL ? ": " : ", ",
			findings->groups[s].total, severity_name(s));
	fputc('\n', out);
}

static struct pki_json
finding_json(const struct pki_err *err)
{
	const struct pki_rule_info *info = pki_rule_info(err->rule);
	struct judgement judgement = severity_judge(err);
	struct pki_json json = pki_json_object();
	pki_json_text(&json, "severity", severity_name(judgement.severity));
	pki_json_text(&json, "object", err->object);
	pki_json_text(&json, "status", pki_status_name(err->status));
	pki_json_number(&json, "rule", (int)info->rule);
	pki_json_text(&json, "name", info->name);
	pki_json_text(&json, "clause", info->clause);
	pki_json_text(&json, "message", err->msg);
	pki_json_text(&json, "remedy", judgement.remedy);
	return json;
}

void
findings_json(struct findings *findings, struct pki_json *report)
{
	PKI_CLEANUP(pki_json_free) struct pki_json list = pki_json_array();
	PKI_CLEANUP(pki_json_free) struct pki_json counts = pki_json_object();
	uint64_t total = findings_count(findings);
	for (enum severity s = SEVERITY_CRITICAL; s > SEVERITY_NONE; s--) {
		const struct group *group = &findings->groups[s];
		pki_json_number(&counts, severity_name(s), (int64_t)group->total);
		for (size_t i = 0; i < group->count; i++) {
			struct pki_json json = finding_json(&group->kept[i].err);
			pki_json_append(&list, &json);
		}
	}
	pki_json_bool(report, "ok", total == 0);
	pki_json_text(report, "severity", severity_name(findings_worst(findings)));
	pki_json_nest(report, "severities", &counts);
	pki_json_number(report, "finding_count", (int64_t)total);
	pki_json_nest(report, "findings", &list);
}
