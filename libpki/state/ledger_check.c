/* What an auditor asks of the ledger as a whole: that the schema, which refuses what must
 * not be, is there, and that the tables say the same of one thing. */
#include <stdio.h>
#include <string.h>

#include "libpki/state/ledger_priv.h"

struct check {
	struct pki_ledger *ledger;
	pki_ledger_finding_fn *fn;
	void *ctx;
};

/* Statistics steer the planner and say nothing. */
#define SCHEMA \
	"SELECT type || ' ' || name, ifnull(sql, '') FROM sqlite_schema" \
	" WHERE name NOT LIKE 'sqlite_stat%' ORDER BY 1"

#define SERIAL "lower(hex(serial))"
#define HISTORY(what) \
	"another " what " was there before it, or it is not where it was written"

/*
 * Each gives the objects of which two places say something different. The log, whose
 * entries are under a signature, bears witness against the rows. What a row must be by
 * itself, the schema says.
 */
static const struct {
	enum pki_rule rule;
	const char *text, *sql;
} agreements[] = {
	{ PKI_RULE_VALIDATION, "has another end than its certificate, or none of ours",
		"SELECT 'issuer ' || id FROM issuer i WHERE NOT EXISTS (SELECT 1"
		" FROM certificate c WHERE c.issuer = 1 AND i.id <= 2 AND c.der = i.der"
		" AND c.not_after = i.not_after)" },
	{ PKI_RULE_LOG_EVENT, "the ledger gives another time than the entry's own",
		"SELECT 'log entry ' || id FROM (SELECT id, at, iif(json_valid(text),"
		" json_extract(text, '$.at'), '') AS said FROM (SELECT id, at,"
		" CAST(entry AS TEXT) AS text FROM entry)) WHERE at IS NOT"
		" unixepoch(substr(said, 1, 19)) * 1000"
		" + CAST(substr(said, 21, 3) AS INTEGER)" },
	{ PKI_RULE_LOG_HASH, "is of a subtree that the log does not have",
		"SELECT 'log hash ' || level || '/' || position FROM hash,"
		" (SELECT max(id) + 1 AS size FROM entry) WHERE position >= size >> "
		"level" },
	{ PKI_RULE_APPEND_ONLY, HISTORY("order"),
		"SELECT name FROM (SELECT name, id, committed, log_index,"
		" lag(id, 1, 0) OVER w AS i, lag(committed, 1, 0) OVER w AS c,"
		" lag(log_index, 1, 0) OVER w AS l FROM orders WINDOW w AS (ORDER BY id))"
		" WHERE id <> i + 1 OR committed < c OR log_index < l" },
	{ PKI_RULE_APPEND_ONLY, HISTORY("certificate"),
		"SELECT 'serial ' || " SERIAL " FROM (SELECT serial, id,"
		" ifnull(order_id, 0) AS o, lag(id, 1, 0) OVER w AS i,"
		" lag(ifnull(order_id, 0), 1, 0) OVER w AS before FROM certificate"
		" WINDOW w AS (ORDER BY id)) WHERE id <> i + 1 OR o < before" },
	{ PKI_RULE_RECORD, "holder or time of issue are not its order's",
		"SELECT 'serial ' || " SERIAL " FROM certificate c JOIN orders o"
		" ON o.id = c.order_id WHERE c.holder <> o.holder"
		" OR c.issued <> o.committed OR o.action NOT IN (0, 1)" },
	{ PKI_RULE_RECORD, "has no order, and another holder or time than the ceremony",
		"SELECT 'serial ' || " SERIAL " FROM certificate WHERE order_id IS NULL"
		" AND (holder <> '' OR document_end <> 0"
		" OR issued <> (SELECT at FROM entry WHERE id = 0))" },
	{ PKI_RULE_DN_REASSIGNED, "its name is another holder's too",
		"SELECT 'serial ' || " SERIAL " FROM certificate WHERE name_hash IN"
		" (SELECT name_hash FROM certificate GROUP BY name_hash"
		" HAVING min(holder) <> max(holder))" },
	{ PKI_RULE_APPEND_ONLY, HISTORY("revocation"),
		"SELECT 'revocation of ' || " SERIAL " FROM (SELECT serial, position,"
		" order_id, lag(position, 1, 0) OVER w AS p, lag(order_id, 1, 0) OVER w"
		" AS o FROM revocation WINDOW w AS (PARTITION BY issuer ORDER BY position))"
		" WHERE position <> p + 1 OR order_id < o" },
	{ PKI_RULE_REVOCATION, "is another issuer's than its certificate",
		"SELECT 'revocation of ' || lower(hex(r.serial)) FROM revocation r"
		" JOIN certificate c ON c.id = r.certificate WHERE c.issuer <> r.issuer" },
	{ PKI_RULE_REVOKED_FINAL, "not all that its log entry says it revoked is revoked",
		"SELECT o.name FROM orders o JOIN entry e ON e.id = o.log_index"
		" LEFT JOIN (SELECT order_id, count(*) AS n FROM revocation"
		" GROUP BY order_id) r ON r.order_id = o.id WHERE o.action = 2 AND"
		" iif(json_valid(CAST(e.entry AS TEXT)),"
		" json_array_length(CAST(e.entry AS TEXT), '$.detail.serials'), 0)"
		" IS NOT ifnull(r.n, 0)" },
	{ PKI_RULE_CRL_FIELDS, HISTORY("CRL"),
		"SELECT 'CRL ' || number || ' of issuer ' || issuer FROM (SELECT issuer,"
		" number, this_update, committed, revocations, lag(number, 1, 0) OVER w"
		" AS n, lag(this_update, 1, 0) OVER w AS t, lag(committed, 1, 0) OVER w"
		" AS c, lag(revocations, 1, 0) OVER w AS r FROM crl"
		" WINDOW w AS (PARTITION BY issuer ORDER BY number)) WHERE number <> n + 1"
		" OR this_update < t OR committed < c OR revocations < r" },
};

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
	const struct check *c, const char *sql, enum pki_rule rule, const char *text)
{
	sqlite3_stmt *s = NULL;
	int code = sqlite3_prepare_v2(c->ledger->db, sql, -1, &s, NULL);
	if (code == SQLITE_OK)
		while ((code = sqlite3_step(s)) == SQLITE_ROW)
			tell(c, column(s, 0), rule, text);
	if (code != SQLITE_DONE)
		tell_failure(c, c->ledger);
	sqlite3_finalize(s);
}

/* Both in the order of their names: what one of them lacks, or says otherwise. */
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
	PKI_TRY(ledger_migrate(model, PKI_LEDGER_CREATE, err));
	if (sqlite3_prepare_v2(model->db, SCHEMA, -1, &want, NULL) != SQLITE_OK)
		return ledger_fail(model, "check", err);
	if (sqlite3_prepare_v2(c->ledger->db, SCHEMA, -1, &is, NULL) != SQLITE_OK)
		tell_failure(c, c->ledger);
	else
		compare(c, is, want);
	sqlite3_finalize(is);
	sqlite3_finalize(want);
	return PKI_OK;
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
		check_agreement(
			&c, agreements[i].sql, agreements[i].rule, agreements[i].text);
	return status;
}
