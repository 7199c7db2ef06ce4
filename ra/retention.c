#include "ra/retention.h"

#include <inttypes.h>
#include <stdio.h>

#include "ra/print.h"
#include "ra/store/erasure.h"

static enum pki_status
note_end(void *ctx, const struct pki_cert_row *row, struct pki_err *err)
{
	struct ra_retention *out = ctx;
	(void)err;
	if (row->not_after > out->end)
		out->end = row->not_after;
	return PKI_OK;
}

enum pki_status
ra_retention_get(struct ra *ra, const struct ra_holder *holder, struct ra_retention *out,
	struct pki_err *err)
{
	*out = (struct ra_retention){ 0 };
	PKI_TRY(ra_need_ledger(ra, err));
	PKI_TRY(pki_ledger_by_holder(ra->ledger, holder->id, note_end, out, err));
	out->due = holder->changed / 1000 + ra->policy->retention_days * PKI_DAY;
	if (out->end != 0) {
		pki_time kept = pki_time_add_years(out->end, ra->policy->retention_years);
		if (kept >= out->due)
			out->due = kept + 1;
	}
	return PKI_OK;
}

struct due {
	struct ra *ra;
	pki_time now;
	uint64_t total;
	struct pki_table *table;
	struct pki_json holders;
};

static enum pki_status
add_due(void *ctx, const struct ra_holder *holder, struct pki_err *err)
{
	struct due *list = ctx;
	struct ra_retention kept;
	PKI_CLEANUP(ra_erasure_free) struct ra_erasure erasure = { 0 };
	PKI_CLEANUP(pki_json_free) struct pki_json json = pki_json_object();
	bool ordered;
	char count[24], end[RA_LOCAL] = "", due[RA_LOCAL];
	PKI_TRY(ra_retention_get(list->ra, holder, &kept, err));
	if (list->now < kept.due)
		return PKI_OK;
	PKI_TRY(ra_erasure_get(list->ra->store, holder->id, &erasure, &ordered, err));
	list->total++;
	pki_json_text(&json, "holder", holder->id);
	pki_json_number(&json, "applications", (int64_t)holder->applications);
	pki_json_bool(&json, "ordered", ordered);
	if (kept.end != 0)
		pki_json_time(&json, "certificates_ended", kept.end);
	pki_json_time(&json, "due", kept.due);
	pki_json_append(&list->holders, &json);
	snprintf(count, sizeof count, "%" PRIu64, holder->applications);
	const char *cells[] = { holder->id, count,
		kept.end != 0 ? ra_print_local(kept.end, end) : "none",
		ra_print_local(kept.due, due), ordered ? "by one officer" : "" };
	return pki_table_add(list->table, cells, err);
}

static enum pki_status
print_due(struct due *list, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_free) struct pki_json json = pki_json_object();
	/* no file is due before this time, even without a certificate */
	pki_msec before =
		(list->now - list->ra->policy->retention_days * PKI_DAY) * 1000 + 999;
	PKI_TRY(ra_holder_each_idle(list->ra->store, before, add_due, list, err));
	if (!list->ra->json && list->total != 0)
		pki_table_print(list->table, stdout);
	pki_json_number(&json, "total", (int64_t)list->total);
	pki_json_nest(&json, "holders", &list->holders);
	return ra_print_result(list->ra, &json, err, "%" PRIu64 " holder%s due\n",
		list->total, list->total == 1 ? "" : "s");
}

enum pki_status
ra_retention_print(struct ra *ra, struct pki_err *err)
{
	static const char *const headings[] = { "HOLDER", "APPLICATIONS",
		"CERTIFICATES ENDED", "DUE SINCE", "ORDERED" };
	PKI_CLEANUP(pki_table_cleanup) struct pki_table *table = NULL;
	PKI_TRY(pki_table_new(headings, PKI_COUNT(headings), &table, err));
	struct due list = {
		.ra = ra,
		.now = pki_time_now(),
		.table = table,
		.holders = pki_json_array(),
	};
	enum pki_status status = print_due(&list, err);
	pki_json_free(&list.holders);
	return status;
}
