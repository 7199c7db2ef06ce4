/* Storage for the log (entries, hashes of complete subtrees, checkpoints); SQLite's
 * integrity check. */
#include <stdlib.h>
#include <string.h>

#include "libpki/state/ledger_priv.h"

enum pki_status
pki_ledger_add_entry(struct pki_ledger *ledger, uint64_t index, pki_msec at,
	struct pki_bytes entry, struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	PKI_TRY(ledger_statement(ledger, SQL_ENTRY_ADD, &s, err));
	sqlite3_bind_int64(s, 1, (int64_t)index);
	sqlite3_bind_int64(s, 2, at);
	ledger_bind_blob(s, 3, entry.data, entry.len);
	return ledger_run(ledger, s, "append to the log", err);
}

enum pki_status
pki_ledger_entry(struct pki_ledger *ledger, uint64_t index, struct pki_buf *out,
	struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	bool row = false;
	PKI_TRY(ledger_statement(ledger, SQL_ENTRY, &s, err));
	sqlite3_bind_int64(s, 1, (int64_t)index);
	PKI_TRY(ledger_step(ledger, s, &row, "read the log entry", err));
	if (!row)
		return pki_fail(
			err, PKI_NOTFOUND, "the log has no entry %ju", (uintmax_t)index);
	return ledger_column_blob(s, 0, out, err);
}

enum pki_status
pki_ledger_entry_time(
	struct pki_ledger *ledger, uint64_t index, pki_msec *out, struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	bool row = false;
	PKI_TRY(ledger_statement(ledger, SQL_ENTRY_TIME, &s, err));
	sqlite3_bind_int64(s, 1, (int64_t)index);
	PKI_TRY(ledger_step(ledger, s, &row, "read the log entry's time", err));
	if (!row)
		return pki_fail(
			err, PKI_NOTFOUND, "the log has no entry %ju", (uintmax_t)index);
	*out = sqlite3_column_int64(s, 0);
	return PKI_OK;
}

enum pki_status
pki_ledger_add_hash(struct pki_ledger *ledger, unsigned level, uint64_t index,
	const struct pki_hash *hash, struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	PKI_TRY(ledger_statement(ledger, SQL_HASH_ADD, &s, err));
	sqlite3_bind_int(s, 1, (int)level);
	sqlite3_bind_int64(s, 2, (int64_t)index);
	ledger_bind_blob(s, 3, hash->octets, sizeof hash->octets);
	return ledger_run(ledger, s, "append to the log", err);
}

enum pki_status
pki_ledger_hash(struct pki_ledger *ledger, unsigned level, uint64_t index,
	struct pki_hash *out, struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	bool row = false;
	PKI_TRY(ledger_statement(ledger, SQL_HASH, &s, err));
	sqlite3_bind_int(s, 1, (int)level);
	sqlite3_bind_int64(s, 2, (int64_t)index);
	PKI_TRY(ledger_step(ledger, s, &row, "read the log's tree", err));
	if (!row)
		return pki_fail(err, PKI_NOTFOUND, "the log's tree has no hash %u/%ju",
			level, (uintmax_t)index);
	return ledger_column_fixed(s, 0, out->octets, sizeof out->octets, err);
}

enum pki_status
pki_ledger_add_checkpoint(struct pki_ledger *ledger, uint64_t size, struct pki_bytes note,
	struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	PKI_TRY(ledger_statement(ledger, SQL_CHECKPOINT_ADD, &s, err));
	sqlite3_bind_int64(s, 1, (int64_t)size);
	ledger_bind_blob(s, 2, note.data, note.len);
	return ledger_run(ledger, s, "record the checkpoint", err);
}

enum pki_status
pki_ledger_checkpoint(struct pki_ledger *ledger, uint64_t size, struct pki_buf *note,
	bool *found, struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	bool row = false;
	PKI_TRY(ledger_statement(ledger, SQL_CHECKPOINT, &s, err));
	sqlite3_bind_int64(s, 1, (int64_t)size);
	PKI_TRY(ledger_step(ledger, s, &row, "read the checkpoint", err));
	if (found != NULL)
		*found = row;
	if (row)
		return ledger_column_blob(s, 0, note, err);
	return found != NULL
		       ? PKI_OK
		       : pki_fail(err, PKI_NOTFOUND, "the ledger has no such checkpoint");
}

#define CHECKPOINT_BATCH 64

struct checkpoint_item {
	int64_t size;
	struct pki_buf note;
};

static void
bind_checkpoint(sqlite3_stmt *s, const void *query, const void *last, int64_t limit)
{
	const struct checkpoint_item *item = last;
	(void)query;
	sqlite3_bind_int64(s, 1, item != NULL ? item->size : 0);
	sqlite3_bind_int64(s, 2, limit);
}

static enum pki_status
load_checkpoint(sqlite3_stmt *s, void *item, struct pki_err *err)
{
	struct checkpoint_item *out = item;
	out->size = sqlite3_column_int64(s, 0);
	return ledger_column_blob(s, 1, &out->note, err);
}

static enum pki_status
visit_checkpoint(const struct ledger_walk *walk, const void *item, struct pki_err *err)
{
	const struct checkpoint_item *checkpoint = item;
	return walk->fn.checkpoint(walk->ctx, (uint64_t)checkpoint->size,
		pki_buf_bytes(&checkpoint->note), err);
}

static void
free_checkpoint(void *item)
{
	struct checkpoint_item *checkpoint = item;
	pki_buf_free(&checkpoint->note);
}

enum pki_status
pki_ledger_each_checkpoint(
	struct pki_ledger *ledger, pki_checkpoint_fn fn, void *ctx, struct pki_err *err)
{
	static const struct ledger_rows rows = { SQL_CHECKPOINTS, "read the checkpoints",
		sizeof(struct checkpoint_item), CHECKPOINT_BATCH, bind_checkpoint,
		load_checkpoint, visit_checkpoint, free_checkpoint };
	const struct ledger_walk walk = { &rows, NULL, 0, { .checkpoint = fn }, ctx };
	return ledger_walk(ledger, &walk, err);
}

/* SQLite reports a page that cannot be read as a damaged page; the SQLite result code of the
 * read stands in the text. */
static bool
cannot_read(const char *text)
{
	static const char before[] = "error code=";
	const char *code = strstr(text, before);
	return code != NULL &&
	       (strtol(code + sizeof before - 1, NULL, 10) & 0xff) == SQLITE_IOERR;
}

static enum pki_status
check_fails(const char *check, const char *text, struct pki_err *err)
{
	if (cannot_read(text))
		return pki_fail(err, PKI_IO,
			"%s: %s: the file cannot be read; look at the disk", check, text);
	return pki_fail(err, PKI_TAMPERED, "%s: %s; keep the file and restore a backup",
		check, text);
}

enum pki_status
pki_ledger_check(struct pki_ledger *ledger, struct pki_err *err)
{
	static const char *const checks[] = { "PRAGMA integrity_check(1)",
		"PRAGMA foreign_key_check" };
	for (size_t i = 0; i < PKI_COUNT(checks); i++) {
		sqlite3_stmt *s = NULL;
		if (sqlite3_prepare_v2(ledger->db, checks[i], -1, &s, NULL) != SQLITE_OK)
			return ledger_fail(ledger, "check", err);
		bool row = false;
		enum pki_status status = ledger_step(ledger, s, &row, "check", err);
		const char *text = (const char *)sqlite3_column_text(s, 0);
		if (status == PKI_OK && row && (text == NULL || strcmp(text, "ok") != 0))
			status = check_fails(checks[i], text != NULL ? text : "", err);
		sqlite3_finalize(s);
		PKI_TRY(status);
	}
	return PKI_OK;
}
