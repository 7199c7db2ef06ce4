/* An audit of new objects only: objects under a checkpoint kept by the auditor are not
 * verified again. Facts for the rest of the audit are read from the old entries. */
#include <string.h>

#include "tools/audit/verify/since.h"
#include "libpki/state/log.h"
#include "tools/audit/verify/log.h"

/* rule 80: a proof of inclusion in the old checkpoint */
static enum pki_status
prove(struct audit *a, uint64_t index, struct pki_bytes text, struct pki_err *err)
{
	struct pki_merkle_source source = pki_log_source(a->ledger);
	struct pki_proof proof;
	struct pki_hash leaf;
	PKI_TRY(pki_merkle_leaf(text, &leaf, err));
	PKI_TRY(pki_merkle_inclusion(index, a->since.size, &source, &proof, err));
	return pki_merkle_check_inclusion(
		&leaf, index, a->since.size, &a->since.root, &proof, err);
}

static enum pki_status
learn_one(struct audit *a, uint64_t index, struct pki_bytes text, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *entry = NULL;
	PKI_TRY(prove(a, index, text, err));
	PKI_TRY(pki_json_parse(text, &entry, err));
	return log_learn(a, index, entry, err);
}

/* Find the entries about policies, rules, partitions and the ceremony by their words, and prove
 * each of them. */
static enum pki_status
learn_old(struct audit *a, struct pki_err *err)
{
	static const char *const words[] = { "\"policy-loaded\"", "\"crl-partitioned\"",
		"\"rules\"", "\"ceremony-completed\"" };
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	for (uint64_t i = 0; i < a->since.size; i++) {
		bool wanted = false;
		pki_buf_reset(&text);
		PKI_TRY(pki_ledger_entry(a->ledger, i, &text, err));
		for (size_t k = 0; k < PKI_COUNT(words); k++)
			wanted = wanted || memmem(text.data, text.len, words[k],
						   strlen(words[k])) != NULL;
		if (wanted)
			PKI_TRY(learn_one(a, i, pki_buf_bytes(&text), err));
		if (i % 4096 == 0)
			pki_progress("policies before", i, a->since.size);
	}
	return PKI_OK;
}

static enum pki_status
last_entry(struct audit *a, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup)
	json_t *entry = entry_read(a->ledger, a->since.size - 1);
	a->since.version = entry_number(entry, "version");
	return pki_msec_parse(entry_text(entry, "at"), &a->since.at, err);
}

enum pki_status
since_begin(struct audit *a, const char *path, struct pki_err *err)
{
	struct pki_checkpoint cp;
	PKI_TRY(log_check_file(a, path, &cp, err));
	if (cp.size == 0)
		return PKI_OK;
	a->since.size = cp.size;
	a->since.root = cp.root;
	enum pki_status status = last_entry(a, err);
	if (status == PKI_OK)
		status = learn_old(a, err);
	if (status != PKI_OK) {
		a->since.size = 0;
		a->since.at = 0;
		a->since.version = 0;
		a->policies.period_count = 0;
		a->log.partitioned = 0;
		memset(a->log.rules, 0, sizeof a->log.rules);
		json_decref(a->log.ceremony);
		a->log.ceremony = NULL;
	}
	return status;
}

/* The first row at or after `from`: its number, and whether the row is old. */
struct probe {
	struct audit *a;
	int64_t row; /* 0: none */
	bool old;
};

static enum pki_status
on_order(void *ctx, const struct pki_order_row *row, struct pki_err *err)
{
	struct probe *probe = ctx;
	(void)err;
	probe->row = row->row;
	probe->old = row->log_index < probe->a->since.size;
	return PKI_OK;
}

static enum pki_status
on_certificate(void *ctx, const struct pki_cert_row *row, struct pki_err *err)
{
	struct probe *probe = ctx;
	PKI_CLEANUP(pki_order_row_free) struct pki_order_row order = { 0 };
	probe->row = row->id;
	probe->old = true; /* the ceremony's */
	if (row->order[0] == '\0')
		return PKI_OK;
	PKI_TRY(pki_ledger_order(probe->a->ledger, row->order, &order, NULL, err));
	probe->old = order.log_index < probe->a->since.size;
	return PKI_OK;
}

static enum pki_status
look(struct probe *probe, bool orders, int64_t from, struct pki_err *err)
{
	probe->row = 0;
	probe->old = false;
	return orders ? pki_ledger_orders_after(
				probe->a->ledger, from - 1, 1, on_order, probe, err)
		      : pki_ledger_each_certificate(probe->a->ledger, from - 1, 1,
				on_certificate, probe, err);
}

/* Rows are in the order of commits: find the last old row. */
static enum pki_status
last_old(struct audit *a, bool orders, uint64_t count, int64_t *out, struct pki_err *err)
{
	struct probe probe = { .a = a };
	int64_t low = 0, high = count < INT64_MAX ? (int64_t)count : INT64_MAX - 1;
	*out = INT64_MIN;
	if (a->since.size == 0)
		return PKI_OK;
	while (low < high) {
		int64_t middle = low + (high - low + 1) / 2;
		PKI_TRY(look(&probe, orders, middle, err));
		if (probe.row != 0 && probe.old)
			low = probe.row;
		else
			high = middle - 1;
	}
	*out = low;
	return PKI_OK;
}

enum pki_status
since_order(struct audit *a, int64_t *out, struct pki_err *err)
{
	return last_old(a, true, a->figures.orders, out, err);
}

enum pki_status
since_certificate(struct audit *a, int64_t *out, struct pki_err *err)
{
	return last_old(a, false, a->figures.certificates, out, err);
}
