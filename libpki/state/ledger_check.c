/* Checks of the whole ledger, for auditors: the schema with all triggers and constraints
 * must be complete, and the tables must agree on each object. */
#include <stdio.h>
#include <string.h>

#include "libpki/state/ledger_priv.h"

struct check {
	struct pki_ledger *ledger;
	pki_ledger_finding_fn *fn;
	void *ctx;
};

enum check_sql {
	CHECK_SCHEMA,
	CHECK_ISSUER,
	CHECK_ENTRY_TIME,
	CHECK_HASH,
	CHECK_ORDER_SEQUENCE,
	CHECK_CERTIFICATE_SEQUENCE,
	CHECK_CERTIFICATE_ORDER,
	CHECK_CEREMONY,
	CHECK_NAME,
	CHECK_IDENTIFIER,
	CHECK_SHARED,
	CHECK_SHARED_BEFORE,
	CHECK_NAME_SHARED,
	CHECK_REVOCATION_SEQUENCE,
	CHECK_REVOCATION_ISSUER,
	CHECK_REVOKED,
	CHECK_CRL_SEQUENCE,
	CHECK_NEWEST_ENTRY,
	CHECK_NEWEST_ORDER,
	CHECK_NEWEST_CERTIFICATE,
	CHECK_NEWEST_REVOCATION,
	CHECK_NEWEST_CRL,
	CHECK_COUNT,
};

static const char *const statements[CHECK_COUNT] = {
#include "libpki/state/ledger_check.sql.inc"
};

#define HISTORY(what) \
	"another " what " was there before it, or it is not where it was written"

/*
 * Each statement returns the objects on which two tables disagree. The checkpoints sign
 * the log's entries, so that an entry is evidence against a changed row. The schema's
 * constraints check single rows.
 */
static const struct {
	enum check_sql sql;
	enum pki_rule rule;
	const char *text;
} agreements[] = {
	{ CHECK_ISSUER, PKI_RULE_VALIDATION,
		"has another end than its certificate, or none of ours" },
	{ CHECK_ENTRY_TIME, PKI_RULE_LOG_EVENT,
		"the ledger gives another time than the entry's own" },
	{ CHECK_HASH, PKI_RULE_LOG_HASH, "is of a subtree that the log does not have" },
	{ CHECK_ORDER_SEQUENCE, PKI_RULE_APPEND_ONLY, HISTORY("order") },
	{ CHECK_CERTIFICATE_SEQUENCE, PKI_RULE_APPEND_ONLY, HISTORY("certificate") },
	{ CHECK_CERTIFICATE_ORDER, PKI_RULE_RECORD,
		"holder or time of issue are not its order's" },
	{ CHECK_CEREMONY, PKI_RULE_RECORD,
		"has no order, and another holder or time than the ceremony" },
	{ CHECK_NAME, PKI_RULE_DN_REASSIGNED, "its name is another holder's too" },
	{ CHECK_IDENTIFIER, PKI_RULE_RECORD,
		"the identifier is of no certificate, or is shared by other holders than recorded" },
	{ CHECK_NAME_SHARED, PKI_RULE_DN_REASSIGNED,
		"the name is of no certificate, or is shared by other holders than recorded" },
	{ CHECK_REVOCATION_SEQUENCE, PKI_RULE_APPEND_ONLY, HISTORY("revocation") },
	{ CHECK_REVOCATION_ISSUER, PKI_RULE_REVOCATION,
		"is another issuer's than its certificate" },
	{ CHECK_REVOKED, PKI_RULE_REVOKED_FINAL,
		"not all that its log entry says it revoked is revoked" },
	{ CHECK_CRL_SEQUENCE, PKI_RULE_CRL_FIELDS, HISTORY("CRL") },
};

/* The version of the ledger that brought the table. */
static int
agreements_since(enum check_sql sql)
{
	return sql == CHECK_IDENTIFIER    ? LEDGER_IDENTIFIERS
	       : sql == CHECK_NAME_SHARED ? LEDGER_NAMES
					  : 0;
}

static void
tell(const struct check *c, const char *object, enum pki_rule rule, const char *text)
{
	struct pki_err err = { 0 };
	(void)pki_fail_rule(&err, PKI_TAMPERED, rule, "%s", text);
	c->fn(c->ctx, object, &err);
}

static void
tell_failure(const struct check *c, struct pki_ledger *ledger)
{
	struct pki_err err = { 0 };
	(void)ledger_fail(ledger, "check", &err);
	c->fn(c->ctx, "database", &err);
}

static const char *
column(sqlite3_stmt *s, int i)
{
	const char *text = (const char *)sqlite3_column_text(s, i);
	return text != NULL ? text : "";
}

static void
check_agreement(
	const struct check *c, enum check_sql sql, enum pki_rule rule, const char *text)
{
	sqlite3_stmt *s = NULL;
	int code = sqlite3_prepare_v2(c->ledger->db, statements[sql], -1, &s, NULL);
	if (code == SQLITE_OK)
		while ((code = sqlite3_step(s)) == SQLITE_ROW)
			tell(c, column(s, 0), rule, text);
	if (code != SQLITE_DONE)
		tell_failure(c, c->ledger);
	sqlite3_finalize(s);
}

/* Compares two schemas, both sorted by name, and reports each missing or different
 * object. */
static void
compare(const struct check *c, sqlite3_stmt *is, sqlite3_stmt *want)
{
	int i = sqlite3_step(is), w = sqlite3_step(want);
	while (i == SQLITE_ROW || w == SQLITE_ROW) {
		int order = i != SQLITE_ROW   ? 1
			    : w != SQLITE_ROW ? -1
					      : strcmp(column(is, 0), column(want, 0));
		if (order < 0)
			tell(c, column(is, 0), PKI_RULE_APPEND_ONLY,
				"is not of this suite's schema");
		else if (order > 0)
			tell(c, column(want, 0), PKI_RULE_APPEND_ONLY,
				"was taken out of the schema, which refuses changes");
		else if (strcmp(column(is, 1), column(want, 1)) != 0)
			tell(c, column(is, 0), PKI_RULE_APPEND_ONLY,
				"is not as this suite makes it");
		if (order <= 0)
			i = sqlite3_step(is);
		if (order >= 0)
			w = sqlite3_step(want);
	}
	if (i != SQLITE_DONE)
		tell_failure(c, c->ledger);
}

static enum pki_status
check_schema(const struct check *c, struct pki_ledger *model, struct pki_err *err)
{
	sqlite3_stmt *is = NULL, *want = NULL;
	if (sqlite3_open(":memory:", &model->db) != SQLITE_OK)
		return ledger_fail(model, "open", err);
	PKI_TRY(ledger_make_schema(model, 0, c->ledger->version, err));
	if (sqlite3_prepare_v2(model->db, statements[CHECK_SCHEMA], -1, &want, NULL) !=
		SQLITE_OK)
		return ledger_fail(model, "check", err);
	if (sqlite3_prepare_v2(c->ledger->db, statements[CHECK_SCHEMA], -1, &is, NULL) !=
		SQLITE_OK)
		tell_failure(c, c->ledger);
	else
		compare(c, is, want);
	sqlite3_finalize(is);
	sqlite3_finalize(want);
	return PKI_OK;
}

/* rule 109: no one changed the ledger; earlier versions did not compare identifiers. */
static void
check_shared(const struct check *c)
{
	struct pki_err err = { 0 };
	sqlite3_stmt *s = NULL;
	int code = SQLITE_ERROR;
	bool before = c->ledger->version < LEDGER_IDENTIFIERS;
	if (!before || ledger_define_identifier(c->ledger, NULL) == PKI_OK)
		code = sqlite3_prepare_v2(c->ledger->db,
			statements[before ? CHECK_SHARED_BEFORE : CHECK_SHARED], -1, &s,
			NULL);
	if (code == SQLITE_OK)
		while ((code = sqlite3_step(s)) == SQLITE_ROW) {
			(void)pki_refuse(&err, PKI_RULE_IDENTIFIER,
				"one identifier in the serialNumber is of several holders, by an earlier version: %s",
				column(s, 1));
			c->fn(c->ctx, column(s, 0), &err);
			err = (struct pki_err){ 0 };
		}
	if (code != SQLITE_DONE)
		tell_failure(c, c->ledger);
	sqlite3_finalize(s);
}

enum pki_status
pki_ledger_reconcile(struct pki_ledger *ledger, pki_ledger_finding_fn *fn, void *ctx,
	struct pki_err *err)
{
	const struct check c = { ledger, fn, ctx };
	struct pki_ledger model = { .lock = -1 };
	enum pki_status status = check_schema(&c, &model, err);
	ledger_disconnect(&model);
	for (size_t i = 0; i < PKI_COUNT(agreements); i++)
		if (ledger->version >= agreements_since(agreements[i].sql))
			check_agreement(&c, agreements[i].sql, agreements[i].rule,
				agreements[i].text);
	check_shared(&c);
	return status;
}

static enum pki_status
damaged(const char *what, const char *text, struct pki_err *err)
{
	return pki_fail(err, PKI_TAMPERED, "%s: %s; keep the file and restore a backup",
		what, text != NULL ? text : "");
}

/* Steps a statement to its first row. *row false: the statement has none. */
static enum pki_status
first_row(struct pki_ledger *ledger, const char *sql, sqlite3_stmt **s, bool *row,
	struct pki_err *err)
{
	if (sqlite3_prepare_v2(ledger->db, sql, -1, s, NULL) != SQLITE_OK)
		return ledger_fail(ledger, "check", err);
	return ledger_step(ledger, *s, row, "check", err);
}

static void
finalize(sqlite3_stmt **s)
{
	sqlite3_finalize(*s);
}

/* Reads the newest rows: each statement counts the rows that their index lacks. */
static enum pki_status
check_newest(struct pki_ledger *ledger, struct pki_err *err)
{
	for (int i = CHECK_NEWEST_ENTRY; i <= CHECK_NEWEST_CRL; i++) {
		PKI_CLEANUP(finalize) sqlite3_stmt *s = NULL;
		bool row = false;
		PKI_TRY(first_row(ledger, statements[i], &s, &row, err));
		if (sqlite3_column_int64(s, 0) != 0)
			return damaged(
				"the newest rows", "an index lacks some of them", err);
	}
	return PKI_OK;
}

enum pki_status
pki_ledger_quick_check(struct pki_ledger *ledger, struct pki_err *err)
{
	PKI_CLEANUP(finalize) sqlite3_stmt *size = NULL;
	PKI_CLEANUP(finalize) sqlite3_stmt *s = NULL;
	bool row = false;
	PKI_TRY(first_row(ledger,
		"SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
		&size, &row, err));
	if (sqlite3_column_int64(size, 0) > PKI_LEDGER_QUICK_MAX)
		return check_newest(ledger, err);
	PKI_TRY(first_row(ledger, "PRAGMA quick_check(1)", &s, &row, err));
	if (row && strcmp(column(s, 0), "ok") != 0)
		return damaged("quick check", column(s, 0), err);
	return check_newest(ledger, err);
}
