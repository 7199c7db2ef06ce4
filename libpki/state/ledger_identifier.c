/* Identifiers of persons and their holders (rule 109). */
#include "libpki/state/ledger_priv.h"

static enum pki_status
identifier_of(struct pki_bytes der, char out[PKI_IDENTIFIER_TEXT])
{
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *cert = NULL;
	struct pki_name name;
	PKI_TRY(pki_cert_parse_own(der, &cert, NULL));
	PKI_TRY(pki_cert_subject(cert, &name, NULL));
	pki_name_identifier(&name, out);
	return PKI_OK;
}

/* identifier(der): NULL if the certificate has no identifier or cannot be read. */
static void
identifier(sqlite3_context *ctx, int count, sqlite3_value **values)
{
	(void)count;
	char text[PKI_IDENTIFIER_TEXT];
	struct pki_bytes der = { sqlite3_value_blob(values[0]),
		(size_t)sqlite3_value_bytes(values[0]) };
	if (identifier_of(der, text) == PKI_OK && text[0] != '\0')
		sqlite3_result_text(ctx, text, -1, SQLITE_TRANSIENT);
}

enum pki_status
ledger_define_identifier(struct pki_ledger *ledger, struct pki_err *err)
{
	if (sqlite3_create_function(ledger->db, "identifier", 1,
		    SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, identifier, NULL,
		    NULL) != SQLITE_OK)
		return ledger_fail(ledger, "open", err);
	return PKI_OK;
}

enum pki_status
pki_ledger_identifier_use(struct pki_ledger *ledger, const char *key, const char *holder,
	struct pki_identifier_use *out, struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	bool row = false;
	*out = (struct pki_identifier_use){
		.own = key[0] == '\0' || ledger->version < LEDGER_IDENTIFIERS,
	};
	if (out->own)
		return PKI_OK;
	PKI_TRY(ledger_statement(ledger, SQL_IDENTIFIER, &s, err));
	ledger_bind_text(s, 1, key);
	ledger_bind_text(s, 2, holder);
	PKI_TRY(ledger_step(ledger, s, &row, "look for the identifier", err));
	out->own = sqlite3_column_int64(s, 1) != 0;
	return ledger_column_text(s, 0, out->other, sizeof out->other, err);
}

enum pki_status
ledger_add_identifier(
	struct pki_ledger *ledger, const struct pki_cert_row *row, struct pki_err *err)
{
	struct pki_identifier_use use;
	if (row->identifier[0] == '\0' || row->holder[0] == '\0')
		return PKI_OK;
	PKI_TRY(pki_ledger_identifier_use(
		ledger, row->identifier, row->holder, &use, err));
	if (use.own && use.other[0] == '\0')
		return PKI_OK;
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	PKI_TRY(ledger_statement(ledger, SQL_IDENTIFIER_ADD, &s, err));
	ledger_bind_text(s, 1, row->identifier);
	ledger_bind_text(s, 2, row->holder);
	return ledger_run(ledger, s, "record the identifier", err);
}

enum pki_status
pki_ledger_identifiers_shared(
	struct pki_ledger *ledger, pki_time now, uint64_t *out, struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	bool row = false;
	*out = 0;
	if (ledger->version < LEDGER_IDENTIFIERS)
		return PKI_OK;
	PKI_TRY(ledger_statement(ledger, SQL_IDENTIFIERS_SHARED, &s, err));
	sqlite3_bind_int64(s, 1, now);
	PKI_TRY(ledger_step(ledger, s, &row, "count the identifiers", err));
	*out = row ? (uint64_t)sqlite3_column_int64(s, 0) : 0;
	return PKI_OK;
}
