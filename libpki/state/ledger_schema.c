#include <stdio.h>
#include <string.h>

#include "libpki/state/ledger_priv.h"

/*
 * A constraint's name and a trigger's message say "rN: text" or "state: text", which
 * ledger_fail() turns into the refusal. The triggers look for what UNIQUE would find as
 * well: INSERT OR REPLACE deletes the old row without asking a constraint.
 */
/* clang-format off */
#define REFUSE(text, condition) \
	"SELECT RAISE(ABORT, '" text "') WHERE " condition ";"

#define NO_UPDATE(table) \
	"CREATE TRIGGER " table "_no_update BEFORE UPDATE ON " table " BEGIN " \
	REFUSE("r213: the ledger is append-only: no UPDATE of " table, "1") "END;"
#define FINAL(table) NO_UPDATE(table) \
	"CREATE TRIGGER " table "_no_delete BEFORE DELETE ON " table " BEGIN " \
	REFUSE("r213: the ledger is append-only: no DELETE from " table, "1") "END;"

#define NO_PARTITION \
	"NEW.partition NOT BETWEEN 0 AND coalesce((SELECT lists FROM partitioning" \
	" WHERE issuer = NEW.issuer), 0)"

/* PKI_CRL_LAST */
#define LAST_CRL "next_update = 253402300799"

/* The last second of three years, as pki_time_add_years() counts them. */
#define THREE_YEARS \
	"unixepoch(not_before, 'unixepoch', '+3 years', " \
	"iif(strftime('%m-%d', not_before, 'unixepoch') = '02-29', '-1 day', '+0 days')) - 1"

static const char version_1[] =
	"CREATE TABLE issuer ("
	" id INTEGER PRIMARY KEY CHECK (id > 0),"
	" not_after INTEGER NOT NULL,"
	" der BLOB NOT NULL"
	") STRICT;"
	"CREATE TRIGGER issuer_new BEFORE INSERT ON issuer BEGIN "
	REFUSE("state: the issuer is in the ledger already",
		"EXISTS (SELECT 1 FROM issuer WHERE id = NEW.id)")
	"END;" FINAL("issuer")

	"CREATE TABLE entry ("
	" id INTEGER PRIMARY KEY CHECK (id >= 0),"
	" at INTEGER NOT NULL,"
	" entry BLOB NOT NULL CHECK (length(entry) BETWEEN 1 AND 65535)"
	") STRICT;"
	"CREATE TRIGGER entry_new BEFORE INSERT ON entry BEGIN "
	REFUSE("r213: a log entry must take the next index",
		"NEW.id <> (SELECT coalesce(max(id) + 1, 0) FROM entry)")
	REFUSE("r209: the event is older than the last one; set the clock right",
		"NEW.at < (SELECT at FROM entry WHERE id = NEW.id - 1)")
	"END;" FINAL("entry")

	"CREATE TABLE hash ("
	" level INTEGER NOT NULL CHECK (level BETWEEN 0 AND 63),"
	" position INTEGER NOT NULL CHECK (position >= 0),"
	" hash BLOB NOT NULL CHECK (length(hash) = 32),"
	" PRIMARY KEY (level, position)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TRIGGER hash_new BEFORE INSERT ON hash BEGIN "
	REFUSE("r213: the hash of this subtree is in the ledger already",
		"EXISTS (SELECT 1 FROM hash WHERE level = NEW.level"
		" AND position = NEW.position)")
	"END;" FINAL("hash")

	"CREATE TABLE checkpoint ("
	" size INTEGER PRIMARY KEY CHECK (size > 0),"
	" note BLOB NOT NULL"
	") STRICT;"
	"CREATE TRIGGER checkpoint_new BEFORE INSERT ON checkpoint BEGIN "
	REFUSE("r81: a checkpoint must cover more than the last one",
		"NEW.size <= (SELECT max(size) FROM checkpoint)")
	REFUSE("r81: a checkpoint must not cover more entries than there are",
		"NEW.size > (SELECT coalesce(max(id) + 1, 0) FROM entry)")
	"END;" FINAL("checkpoint")

	"CREATE TABLE orders ("
	" id INTEGER PRIMARY KEY,"
	" name TEXT NOT NULL UNIQUE CHECK (name <> ''),"
	" action INTEGER NOT NULL CHECK (action BETWEEN 0 AND 3),"
	" holder TEXT NOT NULL,"
	" digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),"
	" committed INTEGER NOT NULL,"
	" log_index INTEGER NOT NULL REFERENCES entry (id) DEFERRABLE INITIALLY DEFERRED,"
	" cms BLOB NOT NULL"
	") STRICT;"
	"CREATE TRIGGER orders_new BEFORE INSERT ON orders BEGIN "
	REFUSE("r203: an order of this identifier was carried out; sign a new order",
		"EXISTS (SELECT 1 FROM orders WHERE name = NEW.name)")
	REFUSE("r203: this order was carried out; sign a new order",
		"EXISTS (SELECT 1 FROM orders WHERE digest = NEW.digest)")
	REFUSE("r213: the row is taken", "EXISTS (SELECT 1 FROM orders WHERE id = NEW.id)")
	"END;" FINAL("orders")

	"CREATE TABLE certificate ("
	" id INTEGER PRIMARY KEY,"
	" issuer INTEGER NOT NULL REFERENCES issuer (id),"
	" serial BLOB NOT NULL,"
	" holder TEXT NOT NULL,"
	" profile TEXT NOT NULL CHECK (profile <> ''),"
	" order_id INTEGER REFERENCES orders (id),"
	" name_hash BLOB NOT NULL CHECK (length(name_hash) = 32),"
	" key_hash BLOB NOT NULL UNIQUE CHECK (length(key_hash) = 32),"
	" not_before INTEGER NOT NULL,"
	" not_after INTEGER NOT NULL,"
	" document_end INTEGER NOT NULL,"
	" issued INTEGER NOT NULL,"
	" der BLOB NOT NULL CHECK (length(der) > 0),"
	" UNIQUE (issuer, serial),"
	" CONSTRAINT \"r1: the serial number must be positive and of 20 octets at most\""
	" CHECK (length(serial) BETWEEN 1 AND 20 AND substr(serial, 1, 1) <> x'00'"
	" AND (length(serial) < 20 OR substr(serial, 1, 1) < x'80')),"
	" CONSTRAINT \"r3: notAfter must come after notBefore\""
	" CHECK (not_before < not_after),"
	" CONSTRAINT \"r4: notAfter is more than three years after notBefore; ask for less\""
	" CHECK (issuer = 1 OR not_after <= " THREE_YEARS "),"
	" CONSTRAINT \"r4: notAfter is after the end of the identity document; ask for less\""
	" CHECK (document_end = 0 OR not_after <= document_end),"
	" CONSTRAINT \"r35: a certificate of a holder needs an order\""
	" CHECK (holder = '' OR order_id IS NOT NULL)"
	") STRICT;"
	"CREATE INDEX certificate_name ON certificate (name_hash, holder);"
	"CREATE INDEX certificate_holder ON certificate (holder) WHERE holder <> '';"
	"CREATE INDEX certificate_order ON certificate (order_id) WHERE order_id IS NOT NULL;"

	"CREATE TABLE revocation ("
	" certificate INTEGER PRIMARY KEY REFERENCES certificate (id),"
	" issuer INTEGER NOT NULL,"
	" position INTEGER NOT NULL," /* 1, 2, ... among the issuer's */
	" reason INTEGER NOT NULL CHECK (reason IN (0, 1, 2, 3, 4, 5, 9)),"
	" order_id INTEGER NOT NULL REFERENCES orders (id),"
	" reported INTEGER NOT NULL,"
	" committed INTEGER NOT NULL,"
	" UNIQUE (issuer, position)"
	") STRICT;"

	"CREATE TRIGGER certificate_new BEFORE INSERT ON certificate BEGIN "
	REFUSE("r1: the serial number was used before",
		"EXISTS (SELECT 1 FROM certificate"
		" WHERE issuer = NEW.issuer AND serial = NEW.serial)")
	REFUSE("r31: the key is blocked: its certificate was revoked; make a new key",
		"EXISTS (SELECT 1 FROM certificate c JOIN revocation r ON r.certificate = c.id"
		" WHERE c.key_hash = NEW.key_hash)")
	REFUSE("r36: the key was certified before; make a new key",
		"EXISTS (SELECT 1 FROM certificate WHERE key_hash = NEW.key_hash)")
	REFUSE("r15: the name belongs to another holder; change the name",
		"EXISTS (SELECT 1 FROM certificate"
		" WHERE name_hash = NEW.name_hash AND holder <> NEW.holder)")
	REFUSE("r4: notAfter is after the end of the issuer; ask for less",
		"NEW.not_after > (SELECT not_after FROM issuer WHERE id = NEW.issuer)")
	REFUSE("r35: only the ceremony, before the first order, makes certificates "
		"without an order",
		"NEW.order_id IS NULL AND EXISTS (SELECT 1 FROM orders)")
	REFUSE("r35: the order is not one to issue or renew for this holder",
		"NEW.order_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM orders"
		" WHERE id = NEW.order_id AND holder = NEW.holder AND action IN (0, 1))")
	REFUSE("r213: the row is taken",
		"EXISTS (SELECT 1 FROM certificate WHERE id = NEW.id)")
	"END;" FINAL("certificate")

	"CREATE TRIGGER revocation_new BEFORE INSERT ON revocation BEGIN "
	REFUSE("state: the certificate is revoked already",
		"EXISTS (SELECT 1 FROM revocation WHERE certificate = NEW.certificate)")
	REFUSE("r47: the order is not one to revoke",
		"NOT EXISTS (SELECT 1 FROM orders WHERE id = NEW.order_id AND action = 2)")
	REFUSE("r213: the revocation is not the next one of the certificate''s issuer",
		"NOT EXISTS (SELECT 1 FROM certificate"
		" WHERE id = NEW.certificate AND issuer = NEW.issuer)"
		" OR NEW.position <> (SELECT coalesce(max(position), 0) + 1 FROM revocation"
		" WHERE issuer = NEW.issuer)")
	"END;" FINAL("revocation")

	"CREATE TABLE crl ("
	" issuer INTEGER NOT NULL REFERENCES issuer (id),"
	" number INTEGER NOT NULL CHECK (number > 0),"
	" this_update INTEGER NOT NULL,"
	" next_update INTEGER NOT NULL,"
	" committed INTEGER NOT NULL,"
	" revocations INTEGER NOT NULL,"
	" der BLOB NOT NULL CHECK (length(der) > 0),"
	" PRIMARY KEY (issuer, number),"
	" CONSTRAINT \"r49: nextUpdate must come after thisUpdate\""
	" CHECK (this_update < next_update)"
	") STRICT;"
	"CREATE INDEX crl_coverage ON crl (issuer, revocations, number);"
	"CREATE TRIGGER crl_new BEFORE INSERT ON crl BEGIN "
	REFUSE("r49: the CRL number must be one more than the last",
		"NEW.number <> (SELECT coalesce(max(number), 0) + 1 FROM crl"
		" WHERE issuer = NEW.issuer)")
	REFUSE("r49: thisUpdate is before that of the last CRL; set the clock right",
		"NEW.this_update < (SELECT this_update FROM crl"
		" WHERE issuer = NEW.issuer AND number = NEW.number - 1)")
	REFUSE("r58: the CRL covers fewer revocations than the last, or more than there are",
		"NEW.revocations > (SELECT coalesce(max(position), 0) FROM revocation"
		" WHERE issuer = NEW.issuer) OR NEW.revocations < (SELECT revocations FROM crl"
		" WHERE issuer = NEW.issuer AND number = NEW.number - 1)")
	"END;" FINAL("crl")

	"CREATE TABLE publication ("
	" issuer INTEGER NOT NULL,"
	" number INTEGER NOT NULL,"
	" published INTEGER NOT NULL,"
	" PRIMARY KEY (issuer, number),"
	" FOREIGN KEY (issuer, number) REFERENCES crl (issuer, number)"
	") STRICT, WITHOUT ROWID;"
	"CREATE TRIGGER publication_new BEFORE INSERT ON publication BEGIN "
	REFUSE("state: the CRL was published already",
		"EXISTS (SELECT 1 FROM publication"
		" WHERE issuer = NEW.issuer AND number = NEW.number)")
	"END;" FINAL("publication");

/* What the walks over revocations need stands in their rows; the certificates' are large. */
static const char version_2[] =
	"CREATE TABLE partitioning ("
	" issuer INTEGER PRIMARY KEY REFERENCES issuer (id),"
	" lists INTEGER NOT NULL CHECK (lists BETWEEN 1 AND 4096),"
	" base TEXT NOT NULL CHECK (base <> '')"
	") STRICT;"
	"CREATE TRIGGER partitioning_new BEFORE INSERT ON partitioning BEGIN "
	REFUSE("r52: the issuer''s certificates are partitioned already, for ever",
		"EXISTS (SELECT 1 FROM partitioning WHERE issuer = NEW.issuer)")
	"END;" FINAL("partitioning")

	"ALTER TABLE certificate ADD COLUMN partition INTEGER NOT NULL DEFAULT 0;"
	"CREATE INDEX certificate_end ON certificate (issuer, not_after);"
	"CREATE TRIGGER certificate_list BEFORE INSERT ON certificate BEGIN "
	REFUSE("r52: the issuer has no such partition", NO_PARTITION)
	REFUSE("r55: the issuer''s last CRL is made; it certifies nothing more",
		"EXISTS (SELECT 1 FROM crl WHERE issuer = NEW.issuer AND " LAST_CRL ")")
	"END;"

	"DROP TRIGGER revocation_no_update;"
	"ALTER TABLE revocation ADD COLUMN serial BLOB NOT NULL DEFAULT x'';"
	"ALTER TABLE revocation ADD COLUMN not_after INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE revocation ADD COLUMN partition INTEGER NOT NULL DEFAULT 0;"
	"UPDATE revocation SET (serial, not_after) ="
	" (SELECT serial, not_after FROM certificate WHERE id = certificate);"
	"CREATE INDEX revocation_end ON revocation (issuer, not_after);"
	"CREATE INDEX revocation_list ON revocation (issuer, partition, position)"
	" WHERE partition > 0;"
	"CREATE TRIGGER revocation_copy BEFORE INSERT ON revocation BEGIN "
	REFUSE("r213: serial, end and partition are not the certificate''s",
		"NOT EXISTS (SELECT 1 FROM certificate WHERE id = NEW.certificate"
		" AND serial = NEW.serial AND not_after = NEW.not_after"
		" AND partition = NEW.partition)")
	REFUSE("r55: the issuer''s last CRL is made; no list could say so any more",
		"EXISTS (SELECT 1 FROM crl WHERE issuer = NEW.issuer AND " LAST_CRL ")")
	"END;" NO_UPDATE("revocation")

	"DROP TRIGGER crl_no_update;"
	"ALTER TABLE crl ADD COLUMN partition INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE crl ADD COLUMN cutoff INTEGER NOT NULL DEFAULT 0;"
	"UPDATE crl SET cutoff = coalesce((SELECT p.this_update FROM crl p"
	" WHERE p.issuer = crl.issuer AND p.number = crl.number - 1), this_update);"
	"DROP INDEX crl_coverage;"
	"CREATE INDEX crl_list ON crl (issuer, partition, revocations, number);"
	"CREATE INDEX crl_last ON crl (issuer, partition) WHERE " LAST_CRL ";"
	"CREATE TRIGGER crl_scope BEFORE INSERT ON crl BEGIN "
	REFUSE("r52: the issuer has no such partition", NO_PARTITION)
	REFUSE("r55: the last CRL of this list is made",
		"EXISTS (SELECT 1 FROM crl WHERE issuer = NEW.issuer"
		" AND partition = NEW.partition AND " LAST_CRL ")")
	REFUSE("r55: a certificate has neither expired nor been revoked; the last CRL comes "
		"after all of them",
		"NEW." LAST_CRL " AND EXISTS (SELECT 1 FROM certificate c"
		" WHERE c.issuer = NEW.issuer AND c.not_after >= NEW.this_update AND NOT EXISTS"
		" (SELECT 1 FROM revocation r WHERE r.certificate = c.id))")
	REFUSE("r57: certificates that end after thisUpdate are not past their expiry",
		"NEW.cutoff > NEW.this_update")
	"END;" NO_UPDATE("crl");

/* clang-format on */

/* In order; a ledger of version N has had the first N. Never change one that was released.
 */
static const char *const migrations[] = { version_1, version_2 };

enum { LEDGER_VERSION = PKI_COUNT(migrations) };

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

static enum pki_status
upgrade(struct pki_ledger *ledger, int64_t from, struct pki_err *err)
{
	for (int64_t v = from; v < LEDGER_VERSION; v++)
		PKI_TRY(ledger_exec(ledger, migrations[v], err));
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
	/* a file that another CREATE left behind before its first commit is empty */
	bool empty = header.application == 0 && header.version == 0 &&
		     header.objects == 0;
	if (mode == PKI_LEDGER_CREATE && !empty)
		return pki_fail(err, PKI_STATE,
			"the file exists; a ledger is made only once: name another file");
	if (mode != PKI_LEDGER_CREATE && header.application != LEDGER_APPLICATION)
		return pki_fail(err, PKI_INPUT,
			"not a ledger of this suite; name the ledger.db that pki-ca init "
			"made");
	if (header.version > LEDGER_VERSION)
		return pki_fail(err, PKI_VERSION,
			"ledger version %jd is newer than %d; use the suite that made it",
			(intmax_t)header.version, (int)LEDGER_VERSION);
	if (header.version == LEDGER_VERSION)
		return PKI_OK;
	if (mode == PKI_LEDGER_READ)
		return pki_fail(err, PKI_STATE,
			"ledger version %jd is older than %d; start pki-ca once to convert "
			"it",
			(intmax_t)header.version, (int)LEDGER_VERSION);
	PKI_TRY(pki_ledger_begin(ledger, err));
	enum pki_status status = upgrade(ledger, header.version, err);
	if (status != PKI_OK) {
		pki_ledger_rollback(ledger);
		return status;
	}
	return pki_ledger_commit(ledger, err);
}
