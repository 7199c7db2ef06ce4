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

/* s is bound and gives columns as REVOKED in ledger.c does. */
static enum pki_status
each_revoked(struct pki_ledger *ledger, sqlite3_stmt *s, pki_revoked_fn fn, void *ctx,
	struct pki_err *err)
{
	for (;;) {
		bool row = false;
		PKI_TRY(ledger_step(ledger, s, &row, "read the revocations", err));
		if (!row)
			return PKI_OK;
		struct pki_revoked revoked = {
			.revoked_at = sqlite3_column_int64(s, 1) / 1000,
			.reason = (enum pki_reason)sqlite3_column_int(s, 2),
			.partition = (uint16_t)sqlite3_column_int(s, 3),
		};
		PKI_TRY(ledger_column_serial(s, 0, &revoked.serial, err));
		PKI_TRY(fn(ctx, &revoked, err));
	}
}

enum pki_status
pki_ledger_each_revoked(struct pki_ledger *ledger, const struct pki_revoked_query *query,
	pki_revoked_fn fn, void *ctx, struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	PKI_TRY(ledger_statement(
		ledger, query->partition != 0 ? SQL_REVOKED_IN : SQL_REVOKED, &s, err));
	sqlite3_bind_int(s, 1, query->issuer);
	sqlite3_bind_int64(s, 2, (int64_t)query->after);
	sqlite3_bind_int64(s, 3, query->from);
	sqlite3_bind_int64(s, 4, query->to != 0 ? (int64_t)query->to : INT64_MAX);
	if (query->partition != 0)
		sqlite3_bind_int(s, 5, (int)query->partition);
	return each_revoked(ledger, s, fn, ctx, err);
}

enum pki_status
pki_ledger_each_ending(struct pki_ledger *ledger, int issuer, pki_time from,
	pki_time until, pki_revoked_fn fn, void *ctx, struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	PKI_TRY(ledger_statement(ledger, SQL_REVOKED_ENDING, &s, err));
	sqlite3_bind_int(s, 1, issuer);
	sqlite3_bind_int64(s, 2, from);
	sqlite3_bind_int64(s, 3, until);
	return each_revoked(ledger, s, fn, ctx, err);
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

enum pki_status
pki_ledger_each_revocation(struct pki_ledger *ledger, int issuer, pki_revocation_fn fn,
	void *ctx, struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	PKI_TRY(ledger_statement(ledger, SQL_REVOCATIONS, &s, err));
	sqlite3_bind_int(s, 1, issuer);
	for (;;) {
		bool row = false;
		PKI_TRY(ledger_step(ledger, s, &row, "read the revocations", err));
		if (!row)
			return PKI_OK;
		struct pki_revocation_row revocation = {
			.issuer = sqlite3_column_int(s, 0),
			.reason = (enum pki_reason)sqlite3_column_int(s, 2),
			.reported = sqlite3_column_int64(s, 4),
			.committed = sqlite3_column_int64(s, 5),
			.not_after = sqlite3_column_int64(s, 6),
			.partition = (unsigned)sqlite3_column_int(s, 7),
		};
		PKI_TRY(ledger_column_serial(s, 1, &revocation.serial, err));
		if (sqlite3_column_int(s, 8) == 0)
			return not_the_certificates(&revocation.serial, err);
		PKI_TRY(ledger_column_text(
			s, 3, revocation.order, sizeof revocation.order, err));
		PKI_TRY(fn(ctx, &revocation, err));
	}
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

/* s is bound and gives one CRL at most. */
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

static enum pki_status
find_crl(struct pki_ledger *ledger, enum ledger_sql sql, int issuer, int64_t which,
	struct pki_crl_row *out, bool *found, struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	PKI_TRY(ledger_statement(ledger, sql, &s, err));
	sqlite3_bind_int(s, 1, issuer);
	sqlite3_bind_int64(s, 2, which);
	return load_crl(ledger, s, out, found, err);
}

enum pki_status
pki_ledger_crl(struct pki_ledger *ledger, int issuer, uint64_t number,
	struct pki_crl_row *out, bool *found, struct pki_err *err)
{
	return find_crl(ledger, SQL_CRL, issuer, (int64_t)number, out, found, err);
}

enum pki_status
pki_ledger_crl_head(struct pki_ledger *ledger, int issuer, uint64_t number,
	struct pki_crl_row *out, bool *found, struct pki_err *err)
{
	return find_crl(ledger, SQL_CRL_HEAD, issuer, (int64_t)number, out, found, err);
}

enum pki_status
pki_ledger_last_crl(struct pki_ledger *ledger, int issuer, int partition,
	struct pki_crl_row *out, bool *found, struct pki_err *err)
{
	return find_crl(ledger, SQL_CRL_LAST, issuer, partition, out, found, err);
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
