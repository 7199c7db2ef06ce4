/* Issuers, orders, certificates. */
#include <stdio.h>

#include "libpki/state/ledger_priv.h"

enum pki_status
pki_ledger_add_issuer(struct pki_ledger *ledger, int issuer, const struct pki_cert *cert,
	struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	struct pki_bytes der = pki_cert_get0_der(cert);
	PKI_TRY(ledger_statement(ledger, SQL_ISSUER_ADD, &s, err));
	sqlite3_bind_int(s, 1, issuer);
	sqlite3_bind_int64(s, 2, pki_cert_not_after(cert));
	ledger_bind_blob(s, 3, der.data, der.len);
	return ledger_run(ledger, s, "record the issuer", err);
}

enum pki_status
pki_ledger_issuer(
	struct pki_ledger *ledger, int issuer, struct pki_cert **out, struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	bool row = false;
	PKI_TRY(ledger_statement(ledger, SQL_ISSUER, &s, err));
	sqlite3_bind_int(s, 1, issuer);
	PKI_TRY(ledger_step(ledger, s, &row, "read the issuer", err));
	if (!row)
		return pki_fail(err, PKI_NOTFOUND, "the ledger has no issuer %d", issuer);
	struct pki_bytes der = { sqlite3_column_blob(s, 0),
		(size_t)sqlite3_column_bytes(s, 0) };
	return pki_cert_parse(der, out, err);
}

enum pki_status
pki_ledger_add_order(
	struct pki_ledger *ledger, const struct pki_order_row *row, struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	PKI_TRY(ledger_statement(ledger, SQL_ORDER_ADD, &s, err));
	ledger_bind_text(s, 1, row->id);
	sqlite3_bind_int(s, 2, (int)row->action);
	ledger_bind_text(s, 3, row->holder);
	ledger_bind_blob(s, 4, row->digest, sizeof row->digest);
	sqlite3_bind_int64(s, 5, row->committed);
	sqlite3_bind_int64(s, 6, (int64_t)row->log_index);
	ledger_bind_blob(s, 7, row->cms.data, row->cms.len);
	enum pki_status status = ledger_run(ledger, s, "record the order", err);
	if (status != PKI_OK)
		pki_err_object(err, "%s", row->id);
	return status;
}

static enum pki_status
load_order(sqlite3_stmt *s, struct pki_order_row *out, struct pki_err *err)
{
	*out = (struct pki_order_row){ 0 };
	PKI_TRY(ledger_column_text(s, 0, out->id, sizeof out->id, err));
	out->action = (enum pki_action)sqlite3_column_int(s, 1);
	PKI_TRY(ledger_column_text(s, 2, out->holder, sizeof out->holder, err));
	PKI_TRY(ledger_column_fixed(s, 3, out->digest, sizeof out->digest, err));
	out->committed = sqlite3_column_int64(s, 4);
	out->log_index = (uint64_t)sqlite3_column_int64(s, 5);
	out->row = sqlite3_column_int64(s, 7);
	return ledger_column_blob(s, 6, &out->cms, err);
}

enum pki_status
pki_ledger_order(struct pki_ledger *ledger, const char *id, struct pki_order_row *out,
	bool *found, struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	bool row = false;
	PKI_TRY(ledger_statement(ledger, SQL_ORDER, &s, err));
	ledger_bind_text(s, 1, id);
	PKI_TRY(ledger_step(ledger, s, &row, "read the order", err));
	if (found != NULL)
		*found = row;
	if (row)
		return load_order(s, out, err);
	return found != NULL
		       ? PKI_OK
		       : pki_fail(err, PKI_NOTFOUND, "the ledger has no order %s", id);
}

/* An order takes 140 kB at most. */
#define ORDER_BATCH 16
#define CERTIFICATE_BATCH 64

static void
bind_after_order(sqlite3_stmt *s, const void *query, const void *last, int64_t limit)
{
	const struct pki_order_row *row = last;
	sqlite3_bind_int64(s, 1, row != NULL ? row->row : *(const int64_t *)query);
	sqlite3_bind_int64(s, 2, limit);
}

static enum pki_status
load_order_item(sqlite3_stmt *s, void *item, struct pki_err *err)
{
	return load_order(s, item, err);
}

static enum pki_status
visit_order(const struct ledger_walk *walk, const void *item, struct pki_err *err)
{
	return walk->fn.order(walk->ctx, item, err);
}

static void
free_order_item(void *item)
{
	pki_order_row_free(item);
}

enum pki_status
pki_ledger_orders_after(struct pki_ledger *ledger, int64_t after, uint64_t limit,
	pki_order_fn fn, void *ctx, struct pki_err *err)
{
	static const struct ledger_rows orders = { SQL_ORDERS, "read the orders",
		sizeof(struct pki_order_row), ORDER_BATCH, bind_after_order,
		load_order_item, visit_order, free_order_item };
	const struct ledger_walk walk = { &orders, &after, limit, { .order = fn }, ctx };
	return ledger_walk(ledger, &walk, err);
}

enum pki_status
pki_ledger_each_order(
	struct pki_ledger *ledger, pki_order_fn fn, void *ctx, struct pki_err *err)
{
	return pki_ledger_orders_after(ledger, INT64_MIN, 0, fn, ctx, err);
}

void
pki_order_row_free(struct pki_order_row *row)
{
	pki_buf_free(&row->cms);
}

/* The order's row number; STATE if the order is not in the ledger. */
static enum pki_status
order_row(struct pki_ledger *ledger, const char *id, int64_t *out, struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	bool row = false;
	PKI_TRY(ledger_statement(ledger, SQL_ORDER_ROW, &s, err));
	ledger_bind_text(s, 1, id);
	PKI_TRY(ledger_step(ledger, s, &row, "read the order", err));
	if (!row)
		return pki_refuse(err, PKI_RULE_RECORD,
			"the order %s is not in the ledger; record it first", id);
	*out = sqlite3_column_int64(s, 0);
	return PKI_OK;
}

enum pki_status
pki_ledger_add_certificate(
	struct pki_ledger *ledger, struct pki_cert_row *row, struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	int64_t order = 0;
	if (row->order[0] != '\0')
		PKI_TRY(order_row(ledger, row->order, &order, err));
	PKI_TRY(ledger_statement(ledger, SQL_CERT_ADD, &s, err));
	sqlite3_bind_int(s, 1, row->issuer);
	ledger_bind_serial(s, 2, &row->serial);
	ledger_bind_text(s, 3, row->holder);
	ledger_bind_text(s, 4, row->profile);
	if (order != 0)
		sqlite3_bind_int64(s, 5, order);
	ledger_bind_blob(s, 6, row->name_hash, sizeof row->name_hash);
	ledger_bind_blob(s, 7, row->key_hash, sizeof row->key_hash);
	sqlite3_bind_int64(s, 8, row->not_before);
	sqlite3_bind_int64(s, 9, row->not_after);
	sqlite3_bind_int64(s, 10, row->document_end);
	sqlite3_bind_int64(s, 11, row->issued);
	ledger_bind_blob(s, 12, row->der.data, row->der.len);
	sqlite3_bind_int(s, 13, (int)row->partition);
	PKI_TRY(ledger_run(ledger, s, "record the certificate", err));
	row->id = sqlite3_last_insert_rowid(ledger->db);
	PKI_TRY(ledger_add_name(ledger, row, err));
	return ledger_add_identifier(ledger, row, err);
}

static enum pki_status
load_certificate(sqlite3_stmt *s, struct pki_cert_row *out, struct pki_err *err)
{
	*out = (struct pki_cert_row){ .id = sqlite3_column_int64(s, 0) };
	out->issuer = sqlite3_column_int(s, 1);
	PKI_TRY(ledger_column_serial(s, 2, &out->serial, err));
	PKI_TRY(ledger_column_text(s, 3, out->holder, sizeof out->holder, err));
	PKI_TRY(ledger_column_text(s, 4, out->profile, sizeof out->profile, err));
	PKI_TRY(ledger_column_text(s, 5, out->order, sizeof out->order, err));
	PKI_TRY(ledger_column_fixed(s, 6, out->name_hash, sizeof out->name_hash, err));
	PKI_TRY(ledger_column_fixed(s, 7, out->key_hash, sizeof out->key_hash, err));
	out->not_before = sqlite3_column_int64(s, 8);
	out->not_after = sqlite3_column_int64(s, 9);
	out->document_end = sqlite3_column_int64(s, 10);
	out->issued = sqlite3_column_int64(s, 11);
	out->revoked = sqlite3_column_type(s, 13) != SQLITE_NULL;
	out->revoked_at = sqlite3_column_int64(s, 13);
	out->reason = (enum pki_reason)sqlite3_column_int(s, 14);
	PKI_TRY(ledger_column_text(s, 15, out->revoked_by, sizeof out->revoked_by, err));
	out->partition = (unsigned)sqlite3_column_int(s, 16);
	return ledger_column_blob(s, 12, &out->der, err);
}

enum pki_status
pki_ledger_certificate(struct pki_ledger *ledger, int issuer,
	const struct pki_serial *serial, struct pki_cert_row *out, bool *found,
	struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	bool row = false;
	PKI_TRY(ledger_statement(ledger, SQL_CERT, &s, err));
	sqlite3_bind_int(s, 1, issuer);
	ledger_bind_serial(s, 2, serial);
	PKI_TRY(ledger_step(ledger, s, &row, "read the certificate", err));
	if (found != NULL)
		*found = row;
	if (row)
		return load_certificate(s, out, err);
	if (found != NULL)
		return PKI_OK;
	char text[PKI_SERIAL_TEXT];
	pki_serial_text(serial, text);
	return pki_fail(err, PKI_NOTFOUND,
		"the ledger has no certificate %s of issuer %d", text, issuer);
}

enum pki_status
pki_ledger_issued(struct pki_ledger *ledger, const struct pki_serial *serial,
	struct pki_cert_row *out, bool *found, struct pki_err *err)
{
	bool by_ca = false;
	PKI_TRY(pki_ledger_certificate(ledger, PKI_ISSUER_CA, serial, out, &by_ca, err));
	if (!by_ca)
		return pki_ledger_certificate(
			ledger, PKI_ISSUER_ROOT, serial, out, found, err);
	if (found != NULL)
		*found = true;
	return PKI_OK;
}

void
pki_cert_row_free(struct pki_cert_row *row)
{
	pki_buf_free(&row->der);
}

static void
bind_text(sqlite3_stmt *s, const void *query, const void *last, int64_t limit)
{
	(void)last;
	(void)limit;
	ledger_bind_text(s, 1, query);
}

static void
bind_after_certificate(
	sqlite3_stmt *s, const void *query, const void *last, int64_t limit)
{
	const struct pki_cert_row *row = last;
	sqlite3_bind_int64(s, 1, row != NULL ? row->id : *(const int64_t *)query);
	sqlite3_bind_int64(s, 2, limit);
}

static enum pki_status
load_certificate_item(sqlite3_stmt *s, void *item, struct pki_err *err)
{
	return load_certificate(s, item, err);
}

static enum pki_status
visit_certificate(const struct ledger_walk *walk, const void *item, struct pki_err *err)
{
	return walk->fn.cert(walk->ctx, item, err);
}

static void
free_certificate_item(void *item)
{
	pki_cert_row_free(item);
}

#define CERTIFICATE_ROWS(sql, batch, bind) \
	{ \
		sql, "read the certificates", sizeof(struct pki_cert_row), batch, bind, \
			load_certificate_item, visit_certificate, free_certificate_item \
	}

enum pki_status
pki_ledger_by_holder(struct pki_ledger *ledger, const char *holder, pki_cert_fn fn,
	void *ctx, struct pki_err *err)
{
	static const struct ledger_rows rows =
		CERTIFICATE_ROWS(SQL_CERTS_BY_HOLDER, 0, bind_text);
	const struct ledger_walk walk = { &rows, holder, 0, { .cert = fn }, ctx };
	return ledger_walk(ledger, &walk, err);
}

enum pki_status
pki_ledger_by_order(struct pki_ledger *ledger, const char *order, pki_cert_fn fn,
	void *ctx, struct pki_err *err)
{
	static const struct ledger_rows rows =
		CERTIFICATE_ROWS(SQL_CERTS_BY_ORDER, 0, bind_text);
	const struct ledger_walk walk = { &rows, order, 0, { .cert = fn }, ctx };
	return ledger_walk(ledger, &walk, err);
}

enum pki_status
pki_ledger_each_certificate(struct pki_ledger *ledger, int64_t after, uint64_t limit,
	pki_cert_fn fn, void *ctx, struct pki_err *err)
{
	static const struct ledger_rows rows =
		CERTIFICATE_ROWS(SQL_CERTS, CERTIFICATE_BATCH, bind_after_certificate);
	const struct ledger_walk walk = { &rows, &after, limit, { .cert = fn }, ctx };
	return ledger_walk(ledger, &walk, err);
}

static void
bind_time(sqlite3_stmt *s, const void *query, const void *last, int64_t limit)
{
	(void)last;
	(void)limit;
	sqlite3_bind_int64(s, 1, *(const pki_time *)query);
}

enum pki_status
pki_ledger_each_staff(struct pki_ledger *ledger, pki_time at, pki_cert_fn fn, void *ctx,
	struct pki_err *err)
{
	static const struct ledger_rows rows =
		CERTIFICATE_ROWS(SQL_CERTS_STAFF, 0, bind_time);
	const struct ledger_walk walk = { &rows, &at, 0, { .cert = fn }, ctx };
	return ledger_walk(ledger, &walk, err);
}

enum pki_status
pki_ledger_status(struct pki_ledger *ledger, int issuer, const struct pki_serial *serial,
	struct pki_cert_status *out, struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	PKI_TRY(ledger_statement(ledger, SQL_STATUS, &s, err));
	sqlite3_bind_int(s, 1, issuer);
	ledger_bind_serial(s, 2, serial);
	*out = (struct pki_cert_status){ 0 };
	PKI_TRY(ledger_step(ledger, s, &out->issued, "read the status", err));
	if (!out->issued)
		return PKI_OK;
	out->revoked = sqlite3_column_type(s, 0) != SQLITE_NULL;
	out->revoked_at = sqlite3_column_int64(s, 0) / 1000;
	out->reason = (enum pki_reason)sqlite3_column_int(s, 1);
	return PKI_OK;
}

enum pki_status
pki_ledger_alive(struct pki_ledger *ledger, int issuer, pki_time at,
	struct pki_ledger_alive *out, struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	bool row = false;
	PKI_TRY(ledger_statement(ledger, SQL_ALIVE, &s, err));
	sqlite3_bind_int(s, 1, issuer);
	sqlite3_bind_int64(s, 2, at);
	*out = (struct pki_ledger_alive){ 0 };
	PKI_TRY(ledger_step(ledger, s, &row, "look for certificates that live", err));
	if (!row)
		return PKI_OK;
	out->not_after = sqlite3_column_int64(s, 2);
	out->count = (uint64_t)sqlite3_column_int64(s, 3);
	PKI_TRY(ledger_column_text(s, 1, out->profile, sizeof out->profile, err));
	return ledger_column_serial(s, 0, &out->serial, err);
}

enum pki_status
pki_ledger_key_known(struct pki_ledger *ledger, const uint8_t hash[PKI_SHA256],
	bool *certified, bool *blocked, struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	PKI_TRY(ledger_statement(ledger, SQL_KEY, &s, err));
	ledger_bind_blob(s, 1, hash, PKI_SHA256);
	PKI_TRY(ledger_step(ledger, s, certified, "look for the key", err));
	*blocked = *certified && sqlite3_column_type(s, 0) != SQLITE_NULL;
	return PKI_OK;
}
