/* Revocations and CRLs. */
#include "libpki/state/ledger_priv.h"

enum pki_status
pki_ledger_add_revocation(struct pki_ledger *ledger, const struct pki_revocation_row *row,
	struct pki_err *err)
{
	char serial[PKI_SERIAL_TEXT];
	pki_serial_text(&row->serial, serial);
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *order = NULL;
	bool found = false;
	PKI_TRY(ledger_statement(ledger, SQL_ORDER_ROW, &order, err));
	ledger_bind_text(order, 1, row->order);
	PKI_TRY(ledger_step(ledger, order, &found, "read the order", err));
	if (!found)
		return pki_refuse(err, PKI_RULE_REVOCATION,
			"the order %s is not in the ledger; record it first", row->order);
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	PKI_TRY(ledger_statement(ledger, SQL_REVOKE, &s, err));
	sqlite3_bind_int(s, 1, row->issuer);
	ledger_bind_serial(s, 2, &row->serial);
	sqlite3_bind_int(s, 3, (int)row->reason);
	sqlite3_bind_int64(s, 4, sqlite3_column_int64(order, 0));
	sqlite3_bind_int64(s, 5, row->reported);
	sqlite3_bind_int64(s, 6, row->committed);
	enum pki_status status = ledger_run(ledger, s, "record the revocation", err);
	if (status == PKI_OK && sqlite3_changes(ledger->db) == 0)
		status = pki_fail(err, PKI_NOTFOUND,
			"the ledger has no certificate %s of issuer %d", serial,
			row->issuer);
	if (status != PKI_OK)
		pki_err_object(err, "serial %s", serial);
	return status;
}

/* 1024 rows take 80 kB. */
#define REVOKED_BATCH 1024
#define REVOCATION_BATCH 256

struct revoked_item {
	struct pki_revoked revoked;
	int64_t key; /* revocation's position; in a walk by end: certificate's row */
	pki_time not_after;
};

static enum pki_status
load_revoked(sqlite3_stmt *s, void *item, struct pki_err *err)
{
	struct revoked_item *out = item;
	out->revoked.revoked_at = sqlite3_column_int64(s, 1) / 1000;
	out->revoked.reason = (enum pki_reason)sqlite3_column_int(s, 2);
	out->revoked.partition = (uint16_t)sqlite3_column_int(s, 3);
	out->key = sqlite3_column_int64(s, 4);
	out->not_after = sqlite3_column_int64(s, 5);
	return ledger_column_serial(s, 0, &out->revoked.serial, err);
}

static enum pki_status
visit_revoked(const struct ledger_walk *walk, const void *item, struct pki_err *err)
{
	const struct revoked_item *revoked = item;
	return walk->fn.revoked(walk->ctx, &revoked->revoked, err);
}

static void
bind_revoked(sqlite3_stmt *s, const void *query, const void *last, int64_t limit)
{
	const struct pki_revoked_query *q = query;
	const struct revoked_item *item = last;
	sqlite3_bind_int(s, 1, q->issuer);
	sqlite3_bind_int64(s, 2, item != NULL ? item->key : (int64_t)q->after);
	sqlite3_bind_int64(s, 3, q->from);
	sqlite3_bind_int64(s, 4, q->to != 0 ? (int64_t)q->to : INT64_MAX);
	sqlite3_bind_int64(s, 5, limit);
	if (q->partition != 0)
		sqlite3_bind_int(s, 6, (int)q->partition);
}

#define REVOKED_ROWS(sql, bind) \
	{ \
		sql, "read the revocations", sizeof(struct revoked_item), REVOKED_BATCH, \
			bind, load_revoked, visit_revoked, NULL \
	}

enum pki_status
pki_ledger_each_revoked(struct pki_ledger *ledger, const struct pki_revoked_query *query,
	pki_revoked_fn fn, void *ctx, struct pki_err *err)
{
	static const struct ledger_rows all = REVOKED_ROWS(SQL_REVOKED, bind_revoked);
	static const struct ledger_rows in = REVOKED_ROWS(SQL_REVOKED_IN, bind_revoked);
	const struct ledger_walk walk = { query->partition != 0 ? &in : &all, query, 0,
		{ .revoked = fn }, ctx };
	return ledger_walk(ledger, &walk, err);
}

static void
bind_ending(sqlite3_stmt *s, const void *query, const void *last, int64_t limit)
{
	const struct pki_ending_query *q = query;
	const struct revoked_item *item = last;
	sqlite3_bind_int(s, 1, q->issuer);
	sqlite3_bind_int64(s, 2, item != NULL ? item->not_after : q->from);
	sqlite3_bind_int64(s, 3, q->until);
	sqlite3_bind_int64(s, 4, item != NULL ? item->key : 0); /* rows count from 1 */
	sqlite3_bind_int64(s, 5, limit);
}

enum pki_status
pki_ledger_each_ending(struct pki_ledger *ledger, const struct pki_ending_query *query,
	pki_revoked_fn fn, void *ctx, struct pki_err *err)
{
	static const struct ledger_rows rows =
		REVOKED_ROWS(SQL_REVOKED_ENDING, bind_ending);
	const struct ledger_walk walk = { &rows, query, 0, { .revoked = fn }, ctx };
	return ledger_walk(ledger, &walk, err);
}

static enum pki_status
not_the_certificates(const struct pki_serial *serial, struct pki_err *err)
{
	char text[PKI_SERIAL_TEXT];
	pki_serial_text(serial, text);
	return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_APPEND_ONLY,
		"the revocation of %s has not its certificate's serial, end and partition",
		text);
}

struct revocation_item {
	struct pki_revocation_row row;
	int64_t position;
};

static enum pki_status
load_revocation(sqlite3_stmt *s, void *item, struct pki_err *err)
{
	struct revocation_item *out = item;
	struct pki_revocation_row *row = &out->row;
	row->issuer = sqlite3_column_int(s, 0);
	row->reason = (enum pki_reason)sqlite3_column_int(s, 2);
	row->reported = sqlite3_column_int64(s, 4);
	row->committed = sqlite3_column_int64(s, 5);
	row->not_after = sqlite3_column_int64(s, 6);
	row->partition = (unsigned)sqlite3_column_int(s, 7);
	out->position = sqlite3_column_int64(s, 9);
	PKI_TRY(ledger_column_serial(s, 1, &row->serial, err));
	if (sqlite3_column_int(s, 8) == 0)
		return not_the_certificates(&row->serial, err);
	return ledger_column_text(s, 3, row->order, sizeof row->order, err);
}

static enum pki_status
visit_revocation(const struct ledger_walk *walk, const void *item, struct pki_err *err)
{
	const struct revocation_item *revocation = item;
	return walk->fn.revocation(walk->ctx, &revocation->row, err);
}

static void
bind_revocation(sqlite3_stmt *s, const void *query, const void *last, int64_t limit)
{
	const struct revocation_item *item = last;
	sqlite3_bind_int(s, 1, *(const int *)query);
	sqlite3_bind_int64(s, 2, item != NULL ? item->position : 0);
	sqlite3_bind_int64(s, 3, limit);
}

enum pki_status
pki_ledger_each_revocation(struct pki_ledger *ledger, int issuer, pki_revocation_fn fn,
	void *ctx, struct pki_err *err)
{
	static const struct ledger_rows rows = { SQL_REVOCATIONS, "read the revocations",
		sizeof(struct revocation_item), REVOCATION_BATCH, bind_revocation,
		load_revocation, visit_revocation, NULL };
	const struct ledger_walk walk = { &rows, &issuer, 0, { .revocation = fn }, ctx };
	return ledger_walk(ledger, &walk, err);
}

enum pki_status
pki_ledger_revocation_count(
	struct pki_ledger *ledger, int issuer, uint64_t *out, struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	bool row = false;
	PKI_TRY(ledger_statement(ledger, SQL_REVOCATION_COUNT, &s, err));
	sqlite3_bind_int(s, 1, issuer);
	PKI_TRY(ledger_step(ledger, s, &row, "count the revocations", err));
	*out = (uint64_t)sqlite3_column_int64(s, 0);
	return PKI_OK;
}

enum pki_status
pki_ledger_add_partitions(struct pki_ledger *ledger, int issuer,
	const struct pki_urls *urls, struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	PKI_TRY(ledger_statement(ledger, SQL_PARTITIONING_ADD, &s, err));
	sqlite3_bind_int(s, 1, issuer);
	sqlite3_bind_int(s, 2, (int)urls->partitions);
	ledger_bind_text(s, 3, urls->crl_base);
	return ledger_run(ledger, s, "record the partitions", err);
}

enum pki_status
pki_ledger_partitions(
	struct pki_ledger *ledger, int issuer, struct pki_urls *out, struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	bool row = false;
	PKI_TRY(ledger_statement(ledger, SQL_PARTITIONING, &s, err));
	sqlite3_bind_int(s, 1, issuer);
	PKI_TRY(ledger_step(ledger, s, &row, "read the partitions", err));
	out->partitions = row ? (unsigned)sqlite3_column_int(s, 0) : 0;
	out->crl_base[0] = '\0';
	return row ? ledger_column_text(s, 1, out->crl_base, sizeof out->crl_base, err)
		   : PKI_OK;
}

enum pki_status
pki_ledger_add_crl(
	struct pki_ledger *ledger, const struct pki_crl_row *row, struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	PKI_TRY(ledger_statement(ledger, SQL_CRL_ADD, &s, err));
	sqlite3_bind_int(s, 1, row->issuer);
	sqlite3_bind_int64(s, 2, (int64_t)row->number);
	sqlite3_bind_int64(s, 3, row->this_update);
	sqlite3_bind_int64(s, 4, row->next_update);
	sqlite3_bind_int64(s, 5, row->committed);
	sqlite3_bind_int64(s, 6, (int64_t)row->revocations);
	ledger_bind_blob(s, 7, row->der.data, row->der.len);
	sqlite3_bind_int(s, 8, (int)row->partition);
	sqlite3_bind_int64(s, 9, row->cutoff);
	enum pki_status status = ledger_run(ledger, s, "record the CRL", err);
	if (status != PKI_OK)
		pki_err_object(
			err, "CRL %ju of issuer %d", (uintmax_t)row->number, row->issuer);
	return status;
}

/* s is bound; the statement gives one CRL at most. */
static enum pki_status
load_crl(struct pki_ledger *ledger, sqlite3_stmt *s, struct pki_crl_row *out, bool *found,
	struct pki_err *err)
{
	bool row = false;
	PKI_TRY(ledger_step(ledger, s, &row, "read the CRL", err));
	if (found != NULL)
		*found = row;
	if (!row)
		return found != NULL ? PKI_OK
				     : pki_fail(err, PKI_NOTFOUND,
					       "the ledger has no such CRL");
	*out = (struct pki_crl_row){
		.issuer = sqlite3_column_int(s, 0),
		.number = (uint64_t)sqlite3_column_int64(s, 1),
		.this_update = sqlite3_column_int64(s, 2),
		.next_update = sqlite3_column_int64(s, 3),
		.committed = sqlite3_column_int64(s, 4),
		.published = sqlite3_column_int64(s, 5),
		.revocations = (uint64_t)sqlite3_column_int64(s, 6),
		.partition = (unsigned)sqlite3_column_int(s, 7),
		.cutoff = sqlite3_column_int64(s, 8),
	};
	return sqlite3_column_count(s) > 9 ? ledger_column_blob(s, 9, &out->der, err)
					   : PKI_OK;
}

/* A statement of an issuer's CRL, by number or partition. */
static enum pki_status
crl_statement(struct pki_ledger *ledger, enum ledger_sql sql, int issuer, int64_t which,
	sqlite3_stmt **out, struct pki_err *err)
{
	PKI_TRY(ledger_statement(ledger, sql, out, err));
	sqlite3_bind_int(*out, 1, issuer);
	sqlite3_bind_int64(*out, 2, which);
	return PKI_OK;
}

enum pki_status
pki_ledger_crl(struct pki_ledger *ledger, int issuer, uint64_t number,
	struct pki_crl_row *out, bool *found, struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	PKI_TRY(crl_statement(ledger, SQL_CRL, issuer, (int64_t)number, &s, err));
	return load_crl(ledger, s, out, found, err);
}

enum pki_status
pki_ledger_crl_head(struct pki_ledger *ledger, int issuer, uint64_t number,
	struct pki_crl_row *out, bool *found, struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	PKI_TRY(crl_statement(ledger, SQL_CRL_HEAD, issuer, (int64_t)number, &s, err));
	return load_crl(ledger, s, out, found, err);
}

enum pki_status
pki_ledger_last_crl(struct pki_ledger *ledger, int issuer, int partition,
	struct pki_crl_row *out, bool *found, struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	PKI_TRY(crl_statement(ledger, SQL_CRL_LAST, issuer, partition, &s, err));
	return load_crl(ledger, s, out, found, err);
}

enum pki_status
pki_ledger_crl_covering(struct pki_ledger *ledger, int issuer,
	const struct pki_serial *serial, struct pki_crl_row *out, bool *found,
	struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	PKI_TRY(ledger_statement(ledger, SQL_CRL_COVERING, &s, err));
	sqlite3_bind_int(s, 1, issuer);
	ledger_bind_serial(s, 2, serial);
	return load_crl(ledger, s, out, found, err);
}

void
pki_crl_row_free(struct pki_crl_row *row)
{
	pki_buf_free(&row->der);
}

enum pki_status
pki_ledger_add_publication(struct pki_ledger *ledger, int issuer, uint64_t number,
	pki_msec published, struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	PKI_TRY(ledger_statement(ledger, SQL_PUBLICATION_ADD, &s, err));
	sqlite3_bind_int(s, 1, issuer);
	sqlite3_bind_int64(s, 2, (int64_t)number);
	sqlite3_bind_int64(s, 3, published);
	return ledger_run(ledger, s, "record the publication", err);
}
