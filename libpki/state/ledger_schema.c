#include <stdio.h>
#include <string.h>

#include "libpki/state/ledger_priv.h"

/* In sequence: a ledger of version N has had the first N migrations. Never change a
 * released migration. */
enum { VERSION_1, VERSION_2, VERSION_3, VERSION_4, VERSION_5 };
static const char *const migrations[] = {
#include "libpki/state/ledger_schema.sql.inc"
};

enum { LEDGER_VERSION = PKI_COUNT(migrations) };
/* The oldest version that a reader reads: an auditor may hold a copy from before the
 * conversion. */
enum { LEDGER_READABLE = 2 };

struct header {
	int64_t application;
	int64_t version;
	int64_t objects; /* tables, indexes, triggers */
};

static enum pki_status
read_number(struct pki_ledger *ledger, const char *sql, int64_t *out, struct pki_err *err)
{
	sqlite3_stmt *statement = NULL;
	if (sqlite3_prepare_v2(ledger->db, sql, -1, &statement, NULL) != SQLITE_OK)
		return ledger_fail(ledger, "open", err);
	enum pki_status status = PKI_OK;
	if (sqlite3_step(statement) == SQLITE_ROW)
		*out = sqlite3_column_int64(statement, 0);
	else
		status = ledger_fail(ledger, "open", err);
	sqlite3_finalize(statement);
	return status;
}

static enum pki_status
read_header(struct pki_ledger *ledger, struct header *out, struct pki_err *err)
{
	PKI_TRY(read_number(ledger, "PRAGMA application_id", &out->application, err));
	PKI_TRY(read_number(ledger, "PRAGMA user_version", &out->version, err));
	return read_number(
		ledger, "SELECT count(*) FROM sqlite_schema", &out->objects, err);
}

enum pki_status
ledger_make_schema(
	struct pki_ledger *ledger, int64_t from, int64_t to, struct pki_err *err)
{
	PKI_TRY(ledger_define_identifier(ledger, err));
	PKI_TRY(ledger_add_name_key(ledger, err));
	for (int64_t v = from; v < to; v++)
		PKI_TRY(ledger_exec(ledger, migrations[v], err));
	return PKI_OK;
}

static enum pki_status
upgrade(struct pki_ledger *ledger, int64_t from, struct pki_err *err)
{
	PKI_TRY(ledger_make_schema(ledger, from, LEDGER_VERSION, err));
	char numbers[96];
	snprintf(numbers, sizeof numbers,
		"PRAGMA application_id = %d; PRAGMA user_version = %d",
		LEDGER_APPLICATION, (int)LEDGER_VERSION);
	return ledger_exec(ledger, numbers, err);
}

enum pki_status
ledger_migrate(struct pki_ledger *ledger, enum pki_ledger_mode mode, struct pki_err *err)
{
	struct header header = { 0 };
	PKI_TRY(read_header(ledger, &header, err));
	/* a CREATE that was interrupted before the first commit leaves an empty file */
	bool empty = header.application == 0 && header.version == 0 &&
		     header.objects == 0;
	if (mode == PKI_LEDGER_CREATE && !empty)
		return pki_fail(err, PKI_STATE,
			"the file exists; a ledger is made only once: name another file");
	if (mode != PKI_LEDGER_CREATE && header.application != LEDGER_APPLICATION)
		return pki_fail(err, PKI_INPUT,
			"not a ledger of this suite; name the ledger.db that pki-ca init made");
	if (header.version > LEDGER_VERSION)
		return pki_fail(err, PKI_VERSION,
			"ledger version %jd is newer than %d; use the suite that made it",
			(intmax_t)header.version, (int)LEDGER_VERSION);
	ledger->version = mode == PKI_LEDGER_READ ? header.version : LEDGER_VERSION;
	if (header.version == LEDGER_VERSION)
		return PKI_OK;
	if (mode == PKI_LEDGER_READ && header.version >= LEDGER_READABLE)
		return PKI_OK;
	if (mode == PKI_LEDGER_READ)
		return pki_fail(err, PKI_STATE,
			"ledger version %jd is older than %d; start pki-ca once to convert it",
			(intmax_t)header.version, (int)LEDGER_VERSION);
	PKI_TRY(pki_ledger_begin(ledger, err));
	enum pki_status status = upgrade(ledger, header.version, err);
	if (status != PKI_OK) {
		pki_ledger_rollback(ledger);
		return status;
	}
	return pki_ledger_commit(ledger, err);
}
