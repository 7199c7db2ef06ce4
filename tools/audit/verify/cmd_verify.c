/* pki-audit verify */
#include "tools/audit/commands.h"
#include "tools/audit/options.h"
#include "tools/audit/verify/ocsp.h"
#include "tools/audit/verify/verify.h"
#include "tools/audit/workers.h"

const struct pki_option audit_options_verify[] = {
	{ "ocsp", "URL", "query a responder, and compare with the ledger", 0 },
	{ "ocsp-sample", "N", "about so many certificates (1000), evenly spread", 0 },
	{ "ocsp-export", "DIR", "files of `pki-ocspd export`, all of them", 0 },
	{ "since", "FILE", "only what is new since a checkpoint that was verified", 0 },
	OPTIONS_VERIFICATION,
	{ 0 },
};

static enum pki_status
print_json(const struct audit *a, FILE *out, struct pki_err *err)
{
	const struct audit_counts *counts = &a->counts;
	PKI_CLEANUP(pki_json_free) struct pki_json json = pki_json_object();
	PKI_CLEANUP(pki_json_free) struct pki_json checked = pki_json_object();
	pki_json_number(&checked, "entries", (int64_t)counts->entries);
	pki_json_number(&checked, "hashes", (int64_t)counts->hashes);
	pki_json_number(&checked, "checkpoints", (int64_t)counts->checkpoints);
	pki_json_number(&checked, "tiles", (int64_t)counts->tiles);
	pki_json_number(&checked, "orders", (int64_t)counts->orders);
	pki_json_number(&checked, "certificates", (int64_t)counts->certificates);
	pki_json_number(&checked, "revocations", (int64_t)counts->revocations);
	pki_json_number(&checked, "crls", (int64_t)counts->crls);
	pki_json_number(&checked, "cosignatures", (int64_t)counts->cosignatures);
	pki_json_number(&checked, "timestamps", (int64_t)counts->stamps);
	pki_json_number(&checked, "answers", (int64_t)counts->responses);
	pki_json_nest(&json, "checked", &checked);
	if (a->since.size != 0)
		pki_json_number(&json, "since", (int64_t)a->since.size);
	findings_json(a->findings, &json);
	return pki_json_print(&json, out, err);
}

static void
print_text(const struct audit *a, FILE *out)
{
	const struct audit_counts *counts = &a->counts;
	fprintf(out,
		"checked %ju log entries and %ju hashes under %ju checkpoints, %ju published tiles,\n%ju orders, %ju certificates, %ju revocations, %ju CRLs\n",
		(uintmax_t)counts->entries, (uintmax_t)counts->hashes,
		(uintmax_t)counts->checkpoints, (uintmax_t)counts->tiles,
		(uintmax_t)counts->orders, (uintmax_t)counts->certificates,
		(uintmax_t)counts->revocations, (uintmax_t)counts->crls);
	if (a->sources->witness_count > 0)
		fprintf(out,
			"cosignatures on published checkpoints: %ju, of %zu witnesses\n",
			(uintmax_t)counts->cosignatures, a->sources->witness_count);
	if (counts->stamps > 0)
		fprintf(out, "time-stamps of checkpoints: %ju\n",
			(uintmax_t)counts->stamps);
	if (counts->responses > 0)
		fprintf(out,
			"%ju OCSP responses; at most %ju of %ju certificates were queried\n",
			(uintmax_t)counts->responses,
			(uintmax_t)(a->ocsp.dir != NULL ? a->figures.certificates
							: a->ocsp.sample),
			(uintmax_t)a->figures.certificates);
	if (a->since.size != 0)
		fprintf(out,
			"not verified again: the first %ju log entries with their orders, certificates, revocations,\nCRLs and tiles, and the pages of the database\n",
			(uintmax_t)a->since.size);
	findings_print(a->findings, out);
}

enum pki_status
audit_cmd_verify(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	PKI_CLEANUP(audit_free) struct audit a = { 0 };
	(void)ctx;
	PKI_TRY(ocsp_options(&a.ocsp, args, err));
	PKI_TRY(audit_open(&a, args, err));
	verify_all(&a, args);
	workers_release(&a);
	*args->exit_status = audit_exit_status(&a);
	if (pki_arg_flag(args, "json"))
		return print_json(&a, stdout, err);
	print_text(&a, stdout);
	return PKI_OK;
}
