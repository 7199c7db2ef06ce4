/* The engine of all walks over rows. */
#include <string.h>

#include "libpki/state/ledger_priv.h"

struct batch {
	const struct ledger_rows *rows;
	uint8_t *items;
	size_t count, cap;
};

static void *
item(const struct batch *batch, size_t i)
{
	return batch->items + i * batch->rows->size;
}

static void
free_item(const struct batch *batch, size_t i)
{
	if (batch->rows->free != NULL)
		batch->rows->free(item(batch, i));
}

static void
empty(struct batch *batch)
{
	while (batch->count > 0)
		free_item(batch, --batch->count);
}

static void
batch_free(struct batch *batch)
{
	empty(batch);
	free(batch->items);
}

static enum pki_status
add_item(struct batch *batch, void **out, struct pki_err *err)
{
	if (batch->count == batch->cap) {
		size_t cap = batch->cap == 0 ? 4 : batch->cap * 2;
		uint8_t *grown = reallocarray(batch->items, cap, batch->rows->size);
		if (grown == NULL)
			return pki_fail(err, PKI_MEMORY, "%s", batch->rows->what);
		batch->items = grown;
		batch->cap = cap;
	}
	*out = item(batch, batch->count++);
	memset(*out, 0, batch->rows->size);
	return PKI_OK;
}

/* Reads at most `limit` rows after `last`, which may be an item of the batch. After an
 * error the batch holds the rows before the error. */
static enum pki_status
read_batch(struct pki_ledger *ledger, const struct ledger_walk *walk, const void *last,
	int64_t limit, struct batch *batch, struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	const struct ledger_rows *rows = walk->rows;
	bool row = false;
	PKI_TRY(ledger_statement(ledger, rows->sql, &s, err));
	rows->bind(s, walk->query, last, limit);
	for (;;) {
		void *next;
		PKI_TRY(ledger_step(ledger, s, &row, rows->what, err));
		if (!row)
			return PKI_OK;
		PKI_TRY(add_item(batch, &next, err));
		enum pki_status status = rows->load(s, next, err);
		if (status != PKI_OK) {
			free_item(batch, --batch->count);
			return status;
		}
	}
}

static enum pki_status
walk_batches(
	struct pki_ledger *ledger, const struct ledger_walk *walk, struct pki_err *err)
{
	PKI_CLEANUP(batch_free) struct batch batch = { .rows = walk->rows };
	uint64_t left = walk->limit != 0 ? walk->limit : UINT64_MAX;
	const void *last = NULL;
	size_t most = walk->rows->batch, count = 0;
	do {
		size_t want = most != 0 && most < left ? most : (size_t)left;
		struct pki_err own = { 0 };
		(void)!read_batch(ledger, walk, last,
			want < INT64_MAX ? (int64_t)want : -1, &batch, &own);
		for (size_t i = 0; i < batch.count; i++)
			PKI_TRY(walk->rows->visit(walk, item(&batch, i), err));
		PKI_TRY(pki_err_move(err, &own));
		count = batch.count;
		left -= count;
		/* empty() frees an item's buffers; the key columns stay valid for bind */
		last = count != 0 ? item(&batch, count - 1) : NULL;
		empty(&batch);
	} while (most != 0 && count == most && left != 0);
	return PKI_OK;
}

enum pki_status
ledger_walk(
	struct pki_ledger *ledger, const struct ledger_walk *walk, struct pki_err *err)
{
	bool own = ledger->path != NULL &&
		   (ledger->db == NULL || sqlite3_get_autocommit(ledger->db));
	if (own)
		PKI_TRY(pki_ledger_snapshot(ledger, err));
	enum pki_status status = walk_batches(ledger, walk, err);
	if (own)
		pki_ledger_release(ledger);
	return status;
}
