/* Officers and services. */
#include "libpki/state/ledger_priv.h"

enum pki_status
pki_ledger_count_staff(struct pki_ledger *ledger, pki_time at, pki_staff_fn *fn,
	void *ctx, struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	bool row = false;
	PKI_TRY(ledger_statement(ledger, SQL_STAFF_COUNT, &s, err));
	sqlite3_bind_int64(s, 1, at);
	PKI_TRY(ledger_step(ledger, s, &row, "count the officers", err));
	while (row) {
		struct pki_staff_count count = {
			.count = (uint64_t)sqlite3_column_int64(s, 1),
			.first_end = sqlite3_column_int64(s, 2),
		};
		PKI_TRY(ledger_column_text(
			s, 0, count.profile, sizeof count.profile, err));
		fn(ctx, &count);
		PKI_TRY(ledger_step(ledger, s, &row, "count the officers", err));
	}
	return PKI_OK;
}

enum pki_status
pki_ledger_add_officer(struct pki_ledger *ledger, int64_t certificate, const char *person,
	struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	PKI_TRY(ledger_statement(ledger, SQL_OFFICER_ADD, &s, err));
	sqlite3_bind_int64(s, 1, certificate);
	ledger_bind_text(s, 2, person);
	return ledger_run(ledger, s, "record the officer", err);
}

enum pki_status
pki_ledger_officer(struct pki_ledger *ledger, int64_t certificate,
	char person[PKI_PERSON_TEXT], struct pki_err *err)
{
	PKI_CLEANUP(ledger_reset) sqlite3_stmt *s = NULL;
	bool row = false;
	person[0] = '\0';
	if (ledger->version < 3)
		return PKI_OK;
	PKI_TRY(ledger_statement(ledger, SQL_OFFICER, &s, err));
	sqlite3_bind_int64(s, 1, certificate);
	PKI_TRY(ledger_step(ledger, s, &row, "read the officer", err));
	return row ? ledger_column_text(s, 0, person, PKI_PERSON_TEXT, err) : PKI_OK;
}
