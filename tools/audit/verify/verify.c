#include <sched.h>
#include <string.h>
#include <time.h>

#include "libpki/base/file.h"
#include "tools/audit/workers.h"

static const struct {
	const char *name;
	enum pki_status (*run)(struct audit *a, struct pki_err *err);
} parts[] = {
	{ "log", audit_log },
	{ "published log", audit_published },
	{ "published certificates", audit_repository },
	{ "time-stamps", audit_stamps },
	{ "orders", audit_orders },
	{ "certificates", audit_certificates },
	{ "CRLs", audit_crls },
	{ "OCSP", audit_ocsp },
};

/* The ledger's issuers must be the ones that the auditor trusts. */
enum pki_status
audit_issuers(struct audit *a, const char *root, struct pki_err *err)
{
	static const char *const files[] = { NULL, "root.pem", "ca.pem" };
	for (int i = PKI_ISSUER_ROOT; i <= PKI_ISSUER_CA; i++) {
		char path[PATH_MAX];
		PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *trusted = NULL;
		struct pki_err own = { 0 };
		PKI_TRY(pki_ledger_issuer(a->ledger, i, &a->issuers[i], err));
		PKI_TRY(pki_conf_path(a->place->publish, files[i], path, err));
		const char *from = i == PKI_ISSUER_ROOT && root != NULL ? root : path;
		PKI_TRY(pki_cert_read(from, &trusted, err));
		struct pki_bytes x = pki_cert_get0_der(trusted);
		struct pki_bytes y = pki_cert_get0_der(a->issuers[i]);
		if (!pki_bytes_equal(x.data, x.len, y.data, y.len))
			finding_rule(a, from, PKI_RULE_VALIDATION,
				"is not the certificate of the ledger's issuer %d", i);
		if (pki_cert_verify(a->issuers[i], a->issuers[PKI_ISSUER_ROOT],
			    pki_cert_not_before(a->issuers[i]), &own) != PKI_OK)
			finding_add(a, from, &own);
	}
	return PKI_OK;
}

static enum pki_status
load_policies(struct audit *a, const struct pki_args *args, struct pki_err *err)
{
	int count = pki_arg_count(args, "policy");
	for (int i = 0; i < (count > 0 ? count : 1); i++) {
		const char *dir = count > 0 ? pki_arg_at(args, "policy", i)
					    : a->place->policy;
		PKI_TRY(pki_policy_load(dir, &a->policies[i], err));
		a->policy_dirs[i] = dir;
		a->policy_count++;
	}
	return PKI_OK;
}

static void
on_finding(void *ctx, const char *object, struct pki_err *err)
{
	finding_add(ctx, object, err);
}

void
audit_all(struct audit *a, const struct pki_args *args)
{
	struct pki_err err = { 0 };
	const char *since = pki_arg(args, "since");
	if (pki_ledger_count(a->ledger, &a->figures, &err) != PKI_OK)
		finding_add(a, "database", &err);
	if (pki_ledger_partitions(a->ledger, PKI_ISSUER_CA, &a->urls, &err) != PKI_OK)
		finding_add(a, "partitions", &err);
	/* where the log does not contain it, all is looked at */
	if (since != NULL && since_begin(a, since, &err) != PKI_OK)
		finding_add(a, since, &err);
	if (a->since.size == 0 && pki_ledger_check(a->ledger, &err) != PKI_OK)
		finding_add(a, "database", &err);
	if (a->since.size == 0 &&
		pki_ledger_reconcile(a->ledger, on_finding, a, &err) != PKI_OK)
		finding_add(a, "database", &err);
	if (audit_issuers(a, pki_arg(args, "root"), &err) != PKI_OK) {
		/* without issuers nothing that was signed can be checked */
		finding_add(a, "issuers", &err);
		return;
	}
	if (crew_issuers(a, &err) != PKI_OK)
		finding_add(a, "issuers", &err);
	for (size_t i = 0; i < PKI_COUNT(parts); i++) {
		a->spot = (struct spot){ (unsigned)i + 1, 0 };
		if (parts[i].run(a, &err) != PKI_OK)
			finding_add(a, parts[i].name, &err);
	}
	a->spot = (struct spot){ PKI_COUNT(parts) + 1, 0 };
	for (int i = 0; i < pki_arg_count(args, "checkpoint"); i++) {
		const char *path = pki_arg_at(args, "checkpoint", i);
		struct pki_checkpoint cp;
		if (log_same_file(a, path, &cp, &err) != PKI_OK)
			finding_add(a, path, &err);
	}
	pki_progress_end();
}

static enum pki_status
report_json(const struct audit *a, FILE *out, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup)
	json_t *json = json_pack(
		"{s:{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}}", "checked",
		"entries", (json_int_t)a->entries, "hashes", (json_int_t)a->hashes,
		"checkpoints", (json_int_t)a->checkpoints, "tiles", (json_int_t)a->tiles,
		"orders", (json_int_t)a->orders, "certificates",
		(json_int_t)a->certificates, "revocations", (json_int_t)a->revocations,
		"crls", (json_int_t)a->crls, "cosignatures", (json_int_t)a->cosignatures,
		"timestamps", (json_int_t)a->stamps, "answers", (json_int_t)a->answers);
	if (a->since.size != 0)
		json_object_set_new(
			json, "since", json_integer((json_int_t)a->since.size));
	PKI_TRY(findings_json(a->findings, json, err));
	pki_cli_json(json, out);
	return PKI_OK;
}

static void
report_text(const struct audit *a, FILE *out)
{
	fprintf(out,
		"checked %ju log entries and %ju hashes under %ju checkpoints, %ju published tiles,\n%ju orders, %ju certificates, %ju revocations, %ju CRLs\n",
		(uintmax_t)a->entries, (uintmax_t)a->hashes, (uintmax_t)a->checkpoints,
		(uintmax_t)a->tiles, (uintmax_t)a->orders, (uintmax_t)a->certificates,
		(uintmax_t)a->revocations, (uintmax_t)a->crls);
	if (a->place->witness_count > 0)
		fprintf(out,
			"cosignatures on published checkpoints: %ju, of %zu witnesses\n",
			(uintmax_t)a->cosignatures, a->place->witness_count);
	if (a->stamps > 0)
		fprintf(out, "time-stamps of checkpoints: %ju\n", (uintmax_t)a->stamps);
	if (a->answers > 0)
		fprintf(out,
			"%ju OCSP answers; of %ju certificates at most %ju were asked about\n",
			(uintmax_t)a->answers, (uintmax_t)a->figures.certificates,
			(uintmax_t)(a->ocsp.dir != NULL ? a->figures.certificates
							: a->ocsp.sample));
	if (a->since.size != 0)
		fprintf(out,
			"not looked at again: the first %ju log entries, the orders, certificates,\nrevocations and CRLs that they record, their tiles, and the database's pages\n",
			(uintmax_t)a->since.size);
	findings_print(a->findings, out);
}

enum pki_status
audit_status(const struct audit *a)
{
	static const enum pki_status statuses[SEVERITIES] = { PKI_OK, PKI_STATE,
		PKI_REFUSED, PKI_TAMPERED };
	return statuses[findings_worst(a->findings)];
}

void
audit_free(struct audit *a)
{
	crew_free(a->crew);
	pki_ledger_close(a->ledger);
	for (size_t i = 0; i < a->policy_count; i++)
		pki_policy_free(a->policies[i]);
	free(a->periods);
	pki_cert_free(a->issuers[PKI_ISSUER_ROOT]);
	pki_cert_free(a->issuers[PKI_ISSUER_CA]);
	pki_cms_cache_free(a->cache);
	findings_free(a->findings);
	seen_free(a);
	json_decref(a->ceremony);
	pki_buf_free(&a->vkey_text);
}

static enum pki_status
find_vkey(const struct pki_args *args, const char *publish, struct pki_buf *out,
	struct pki_err *err)
{
	char path[PATH_MAX];
	const char *given = pki_arg(args, "vkey");
	if (given == NULL)
		PKI_TRY(pki_conf_path(publish, "log/vkey", path, err));
	return vkey_read(given != NULL ? given : path, out, err);
}

/* --jobs, else as many as there are processors for us */
static enum pki_status
find_crew(struct audit *a, const struct pki_args *args, struct pki_err *err)
{
	const char *given = pki_arg(args, "jobs");
	unsigned long jobs = 1;
	cpu_set_t ours;
	if (given != NULL) {
		char *end;
		jobs = strtoul(given, &end, 10);
		if (*end != '\0' || given[0] < '0' || given[0] > '9' || jobs < 1 ||
			jobs > CREW_MAX)
			return pki_fail(err, PKI_USAGE,
				"--jobs takes a number from 1 to %d", CREW_MAX);
	} else if (sched_getaffinity(0, sizeof ours, &ours) == 0) {
		jobs = (unsigned long)CPU_COUNT(&ours);
	}
	return crew_new(a, jobs < CREW_MAX ? jobs : CREW_MAX, &a->crew, err);
}

enum pki_status
audit_open(struct audit *a, const struct pki_args *args, struct place *place,
	struct pki_err *err)
{
	a->place = place;
	PKI_TRY(place_find(args, place, err));
	PKI_TRY(pki_ledger_open(place->ledger, PKI_LEDGER_READ, &a->ledger, err));
	PKI_TRY(ocsp_options(a, args, err));
	PKI_TRY(find_crew(a, args, err));
	PKI_TRY(find_vkey(args, place->publish, &a->vkey_text, err));
	PKI_TRY(load_policies(a, args, err));
	PKI_TRY(pki_cms_cache_new(&a->cache, err));
	a->vkey = (const char *)a->vkey_text.data;
	PKI_TRY(findings_new(&a->findings, err));
	seen_begin(a);
	/* one view of a ledger that others go on writing */
	clock_gettime(CLOCK_REALTIME_COARSE, &a->started);
	return crew_snapshot(a, err);
}

enum pki_status
verify_run(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	struct outcome *outcome = ctx;
	struct place place = { 0 };
	PKI_CLEANUP(audit_free) struct audit a = { 0 };
	PKI_TRY(audit_open(&a, args, &place, err));
	audit_all(&a, args);
	crew_release(&a);
	outcome->status = audit_status(&a);
	if (pki_arg_flag(args, "json"))
		return report_json(&a, stdout, err);
	report_text(&a, stdout);
	return PKI_OK;
}
