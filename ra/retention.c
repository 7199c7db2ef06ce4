/* rule 79: how long a holder's file is kept. */
#include <inttypes.h>
#include <stdio.h>

#include "ra/ra.h"

static enum pki_status
see_end(void *ctx, const struct pki_cert_row *row, struct pki_err *err)
{
	struct ra_retention *out = ctx;
	(void)err;
	if (row->not_after > out->end)
		out->end = row->not_after;
	return PKI_OK;
}

enum pki_status
ra_retention(struct ra *ra, const struct ra_holder *holder, struct ra_retention *out,
	struct pki_err *err)
{
	*out = (struct ra_retention){ 0 };
	PKI_TRY(ra_need_ledger(ra, err));
	PKI_TRY(pki_ledger_by_holder(ra->ledger, holder->id, see_end, out, err));
	out->due = holder->changed / 1000 + ra->policy->retention_days * PKI_DAY;
	if (out->end != 0) {
		pki_time kept = pki_time_add_years(out->end, ra->policy->retention_years);
		if (kept >= out->due)
			out->due = kept + 1;
	}
	return PKI_OK;
}

struct dues {
	struct ra *ra;
	pki_time now;
	struct pki_table *table;
	json_t *json;
};

static enum pki_status
add_due(void *ctx, const struct ra_holder *holder, struct pki_err *err)
{
	struct dues *dues = ctx;
	struct ra_retention kept;
	PKI_CLEANUP(ra_erasure_free) struct ra_erasure erasure = { 0 };
	bool ordered;
	char count[24], end[RA_LOCAL] = "", due[RA_LOCAL];
	PKI_TRY(ra_retention(dues->ra, holder, &kept, err));
	if (dues->now < kept.due)
		return PKI_OK;
	PKI_TRY(ra_store_erasure(dues->ra->store, holder->id, &erasure, &ordered, err));
	json_t *one = json_pack("{s:s, s:I, s:b}", "holder", holder->id, "applications",
		(json_int_t)holder->applications, "ordered", (int)ordered);
	if (kept.end != 0)
		ra_time_json(one, "certificates_ended", kept.end);
	ra_time_json(one, "due", kept.due);
	json_array_append_new(dues->json, one);
	snprintf(count, sizeof count, "%" PRIu64, holder->applications);
	const char *cells[] = { holder->id, count,
		kept.end != 0 ? ra_local(kept.end, end) : "none", ra_local(kept.due, due),
		ordered ? "by one officer" : "" };
	return pki_table_add(dues->table, cells, err);
}

enum pki_status
ra_print_due(struct ra *ra, struct pki_err *err)
{
	static const char *const headings[] = { "HOLDER", "APPLICATIONS",
		"CERTIFICATES ENDED", "DUE SINCE", "ORDERED" };
	PKI_CLEANUP(pki_table_cleanup) struct pki_table *table = NULL;
	PKI_CLEANUP(pki_json_cleanup) json_t *list = json_array();
	PKI_TRY(pki_table_new(headings, PKI_COUNT(headings), &table, err));
	pki_time now = pki_time_now();
	struct dues dues = { ra, now, table, list };
	/* no file is due before this, whatever certificates there were */
	pki_msec before = (now - ra->policy->retention_days * PKI_DAY) * 1000 + 999;
	PKI_TRY(ra_store_each_idle(ra->store, before, add_due, &dues, err));
	size_t total = json_array_size(list);
	if (!ra->json && total != 0)
		pki_table_print(table, stdout);
	ra_print(ra, json_pack("{s:I, s:O}", "total", (json_int_t)total, "holders", list),
		"%zu holder%s due\n", total, total == 1 ? "" : "s");
	return PKI_OK;
}
