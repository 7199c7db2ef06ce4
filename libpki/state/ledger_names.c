/* Names and their holders (rules 15, 108). */
#include <stdio.h>

#include "libpki/asn1/der.h"
#include "libpki/state/ledger_priv.h"

/* Certificate ::= SEQUENCE { tbsCertificate SEQUENCE { [0] version, serialNumber, signature,
 * issuer, validity, subject, ... }, ... }. Only the subject is decoded: decoding the key, too,
 * takes ten times as long. */
static bool
find_subject(struct pki_bytes der, struct pki_bytes *out)
{
	struct pki_bytes cert, tbs, skipped;
	return pki_der_get(&der, PKI_DER_SEQUENCE, &cert) &&
	       pki_der_get(&cert, PKI_DER_SEQUENCE, &tbs) &&
	       pki_der_get(&tbs, PKI_DER_CONSTRUCTED, &skipped) &&
	       pki_der_get(&tbs, PKI_DER_INTEGER, &skipped) &&
	       pki_der_get(&tbs, PKI_DER_SEQUENCE, &skipped) &&
	       pki_der_get(&tbs, PKI_DER_SEQUENCE, &skipped) &&
	       pki_der_get(&tbs, PKI_DER_SEQUENCE, &skipped) &&
	       pki_der_get_whole(&tbs, PKI_DER_SEQUENCE, out);
}

static bool
key_of(struct pki_bytes der, uint8_t out[PKI_SHA256])
{
	struct pki_bytes subject;
	struct pki_name name;
	return find_subject(der, &subject) &&
	       pki_name_decode(subject, &name, NULL) == PKI_OK &&
	       pki_name_key(&name, out, NULL) == PKI_OK;
}

static void
name_key(sqlite3_context *ctx, int count, sqlite3_value **values)
{
	(void)count;
	uint8_t key[PKI_SHA256];
	struct pki_bytes der = { sqlite3_value_blob(values[0]),
		(size_t)sqlite3_value_bytes(values[0]) };
	if (key_of(der, key))
		sqlite3_result_blob(ctx, key, sizeof key, SQLITE_TRANSIENT);
}

enum pki_status
ledger_add_name_key(struct pki_ledger *ledger, struct pki_err *err)
{
	if (sqlite3_create_function(ledger->db, "name_key", 1,
		    SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, name_key, NULL,
		    NULL) != SQLITE_OK)
		return ledger_fail(ledger, "open", err);
	return PKI_OK;
}

enum pki_status
pki_ledger_name_use(struct pki_ledger *ledger, const uint8_t key[PKI_SHA256],
	const char *holder, struct pki_name_use *out, struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	bool row = false;
	*out = (struct pki_name_use){ .own = ledger->version < LEDGER_NAMES };
	if (out->own)
		return PKI_OK;
	PKI_TRY(ledger_statement(ledger, SQL_NAME, &s, err));
	ledger_bind_blob(s, 1, key, PKI_SHA256);
	ledger_bind_text(s, 2, holder);
	PKI_TRY(ledger_step(ledger, s, &row, "look for the name", err));
	out->own = sqlite3_column_int64(s, 1) != 0;
	out->shared = sqlite3_column_int64(s, 2) != 0;
	if (sqlite3_column_type(s, 0) == SQLITE_NULL)
		return PKI_OK;
	PKI_TRY(ledger_column_text(s, 0, out->other, sizeof out->other, err));
	if (out->other[0] == '\0')
		snprintf(out->other, sizeof out->other, "%s", PKI_HOLDER_SERVICE);
	return PKI_OK;
}

enum pki_status
ledger_add_name(
	struct pki_ledger *ledger, const struct pki_cert_row *row, struct pki_err *err)
{
	struct pki_name_use use;
	PKI_TRY(pki_ledger_name_use(ledger, row->name_key, row->holder, &use, err));
	if (use.own && use.other[0] == '\0')
		return PKI_OK;
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	PKI_TRY(ledger_statement(ledger, SQL_NAME_ADD, &s, err));
	ledger_bind_blob(s, 1, row->name_key, PKI_SHA256);
	ledger_bind_text(s, 2, row->holder);
	return ledger_run(ledger, s, "record the name", err);
}

enum pki_status
pki_ledger_names_shared(
	struct pki_ledger *ledger, pki_time now, uint64_t *out, struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	bool row = false;
	*out = 0;
	if (ledger->version < LEDGER_NAMES)
		return PKI_OK;
	PKI_TRY(ledger_statement(ledger, SQL_NAMES_SHARED, &s, err));
	sqlite3_bind_int64(s, 1, now);
	PKI_TRY(ledger_step(ledger, s, &row, "count the names", err));
	*out = row ? (uint64_t)sqlite3_column_int64(s, 0) : 0;
	return PKI_OK;
}
