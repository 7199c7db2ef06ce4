/*
 * The auditor reads a damaged ledger. An input is a list of edits to the ledger in tests/fixtures/v1:
 * rows are changed, deleted and doubled without constraints and triggers, then octets of the file are
 * changed. The first octet chooses the command, verify or trail, and --json.
 */
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>

#include "libpki/base/file.h"
#include "libpki/cms/order.h"
#include "tests/fuzz/temp.h"
#include "tools/audit/commands.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define COLUMNS_MAX 128
#define EDITS_MAX 8
#define VALUE_MAX ((size_t)256 << 10)
#define LEDGER_MAX ((size_t)4 << 20)

enum { EDIT_VALUE, EDIT_DELETE, EDIT_DOUBLE, EDIT_OCTETS, EDITS };
/* The new value of a column: from the input; the old value changed or cut; the next row's value; a
 * number near the old one. */
enum {
	TO_NULL,
	TO_INTEGER,
	TO_REAL,
	TO_TEXT,
	TO_BLOB,
	TO_CHANGED,
	TO_CUT,
	TO_NEXT,
	TO_NEAR,
	KINDS
};

static struct {
	struct {
		char table[32], name[32];
		bool rowid;
		unsigned rows;
	} columns[COLUMNS_MAX];
	size_t column_count;
	struct pki_buf ledger; /* its file, whose tables are not STRICT */
	char path[PATH_MAX], publish[PATH_MAX], policy[PATH_MAX], tsa[PATH_MAX];
	char holder[PKI_ID_TEXT];
} world;

struct input {
	const uint8_t *p;
	size_t left;
};

static uint8_t
octet(struct input *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->p++;
}

static uint64_t
number(struct input *in, unsigned octets)
{
	uint64_t n = 0;
	while (octets-- > 0)
		n = n << 8 | octet(in);
	return n;
}

static struct pki_bytes
octets(struct input *in)
{
	size_t len = octet(in);
	if (len > in->left)
		len = in->left;
	struct pki_bytes out = { in->p, len };
	in->p += len;
	in->left -= len;
	return out;
}

static void
must(bool worked, const char *what)
{
	if (worked)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static sqlite3 *
open_ledger(void)
{
	sqlite3 *db = NULL;
	must(sqlite3_open(world.path, &db) == SQLITE_OK &&
			sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL) ==
				SQLITE_OK &&
			sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 0, NULL) ==
				SQLITE_OK &&
			sqlite3_exec(db,
				"PRAGMA ignore_check_constraints = 1; PRAGMA synchronous = 0;"
				"PRAGMA journal_mode = MEMORY; PRAGMA foreign_keys = 0",
				NULL, NULL, NULL) == SQLITE_OK,
		"the ledger");
	return db;
}

/* Tables are not STRICT during the edits, and STRICT again for the auditor. */
static void
set_strict(sqlite3 *db, bool strict)
{
	static const char loose[] =
		"PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = replace(replace(sql,"
		" ') STRICT, WITHOUT', ') /*SW*/ WITHOUT'), ') STRICT', ') /*S*/')";
	static const char as_it_was[] =
		"PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = replace(replace(sql,"
		" ') /*SW*/ WITHOUT', ') STRICT, WITHOUT'), ') /*S*/', ') STRICT')";
	must(sqlite3_exec(db, strict ? as_it_was : loose, NULL, NULL, NULL) == SQLITE_OK,
		"the schema");
}

static void
learn_columns(sqlite3 *db)
{
	sqlite3_stmt *s = NULL;
	must(sqlite3_prepare_v2(db,
		     "SELECT m.name, c.name, m.sql NOT LIKE '%WITHOUT ROWID%' FROM sqlite_schema m,"
		     " pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY 1, c.cid",
		     -1, &s, NULL) == SQLITE_OK,
		"columns");
	while (sqlite3_step(s) == SQLITE_ROW && world.column_count < COLUMNS_MAX) {
		size_t i = world.column_count++;
		snprintf(world.columns[i].table, sizeof world.columns[i].table, "%s",
			(const char *)sqlite3_column_text(s, 0));
		snprintf(world.columns[i].name, sizeof world.columns[i].name, "%s",
			(const char *)sqlite3_column_text(s, 1));
		world.columns[i].rowid = sqlite3_column_int(s, 2);
	}
	sqlite3_finalize(s);
	must(world.column_count > 0, "columns");
}

static void
count_rows(sqlite3 *db)
{
	for (size_t i = 0; i < world.column_count; i++) {
		char sql[128];
		sqlite3_stmt *s = NULL;
		snprintf(sql, sizeof sql, "SELECT count(*) FROM %s",
			world.columns[i].table);
		must(sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK &&
				sqlite3_step(s) == SQLITE_ROW,
			sql);
		world.columns[i].rows = (unsigned)sqlite3_column_int(s, 0);
		sqlite3_finalize(s);
	}
}

static void
read_ledger(struct pki_buf *out)
{
	struct pki_err err = { 0 };
	must(pki_file_read(world.path, LEDGER_MAX, out, &err) == PKI_OK, err.msg);
}

static void
write_ledger(const struct pki_buf *file)
{
	FILE *out = fopen(world.path, "w");
	must(out != NULL && fwrite(file->data, 1, file->len, out) == file->len &&
			fclose(out) == 0,
		world.path);
}

static void
begin(void)
{
	char command[PATH_MAX];
	snprintf(command, sizeof command,
		"tar --warning=no-timestamp --strip-components=1 --no-same-owner -C %s"
		" -xzf tests/fixtures/v1/installation.tar.gz",
		temp_make());
	must(system(command) == 0, "the fixture"); /* NOLINT(cert-env33-c) */
	temp_path("state/ledger.db", world.path);
	temp_path("pub", world.publish);
	temp_path("policy", world.policy);
	temp_path("tsa/root.pem", world.tsa);
	sqlite3 *db = open_ledger();
	sqlite3_stmt *s = NULL;
	learn_columns(db);
	count_rows(db);
	must(sqlite3_prepare_v2(db,
		     "SELECT holder FROM certificate WHERE holder <> '' ORDER BY id", -1,
		     &s, NULL) == SQLITE_OK &&
			sqlite3_step(s) == SQLITE_ROW,
		"a holder");
	snprintf(world.holder, sizeof world.holder, "%s",
		(const char *)sqlite3_column_text(s, 0));
	sqlite3_finalize(s);
	set_strict(db, false);
	sqlite3_close(db);
	read_ledger(&world.ledger);
	must(freopen("/dev/null", "w", stdout) != NULL, "/dev/null");
}

struct row {
	const char *table, *column;
	char where[128];
};

static void
choose_row(struct input *in, struct row *out)
{
	size_t i = octet(in) % world.column_count;
	unsigned rows = world.columns[i].rows;
	unsigned at = (unsigned)number(in, 2) % (rows != 0 ? rows : 1);
	out->table = world.columns[i].table;
	out->column = world.columns[i].name;
	const char *by = world.columns[i].rowid ? "rowid" : out->column;
	snprintf(out->where, sizeof out->where,
		"%s = (SELECT %s FROM %s LIMIT 1 OFFSET %u)", by, by, out->table, at);
}

/* The old value with octets changed: two octets of the input say where, the third by what. */
static void
bind_changed(sqlite3_stmt *update, struct pki_bytes old, bool text, struct pki_bytes how)
{
	PKI_CLEANUP(pki_free_ptr) uint8_t *copy = malloc(old.len + 1);
	if (copy == NULL)
		abort();
	if (old.len != 0)
		memcpy(copy, old.data, old.len);
	for (size_t i = 0; i + 3 <= how.len && old.len != 0; i += 3)
		copy[((size_t)how.data[i] << 8 | how.data[i + 1]) % old.len] ^=
			how.data[i + 2];
	if (text)
		sqlite3_bind_text(
			update, 1, (const char *)copy, (int)old.len, SQLITE_TRANSIENT);
	else
		sqlite3_bind_blob(update, 1, copy, (int)old.len, SQLITE_TRANSIENT);
}

static void
bind_old(sqlite3_stmt *update, sqlite3_stmt *old, unsigned kind, struct input *in)
{
	bool text = sqlite3_column_type(old, 0) == SQLITE_TEXT;
	const void *data = sqlite3_column_blob(old, 0);
	size_t len = (size_t)sqlite3_column_bytes(old, 0);
	if (kind == TO_NEAR) {
		sqlite3_bind_int64(update, 1,
			(sqlite3_int64)((uint64_t)sqlite3_column_int64(old, 0) +
					octet(in) - 128));
		return;
	}
	if (kind == TO_CHANGED) {
		bind_changed(update, (struct pki_bytes){ data, len }, text, octets(in));
		return;
	}
	size_t cut = (size_t)number(in, 2);
	len = cut < len ? cut : len;
	if (text)
		sqlite3_bind_text(update, 1, data, (int)len, SQLITE_TRANSIENT);
	else
		sqlite3_bind_blob(update, 1, data, (int)len, SQLITE_TRANSIENT);
}

static void
bind_new(sqlite3_stmt *update, unsigned kind, struct input *in)
{
	double real;
	uint64_t bits;
	struct pki_bytes value;
	switch (kind) {
	case TO_INTEGER:
		sqlite3_bind_int64(update, 1, (sqlite3_int64)number(in, 8));
		break;
	case TO_REAL:
		bits = number(in, 8);
		memcpy(&real, &bits, sizeof real);
		sqlite3_bind_double(update, 1, real);
		break;
	case TO_TEXT:
		value = octets(in);
		sqlite3_bind_text(update, 1, (const char *)value.data, (int)value.len,
			SQLITE_TRANSIENT);
		break;
	case TO_BLOB:
		value = octets(in);
		sqlite3_bind_blob(
			update, 1, value.data, (int)value.len, SQLITE_TRANSIENT);
		break;
	default:
		sqlite3_bind_null(update, 1);
		break;
	}
}

static void
edit_value(sqlite3 *db, const struct row *row, struct input *in)
{
	char sql[512];
	sqlite3_stmt *old = NULL, *update = NULL;
	unsigned kind = octet(in) % KINDS;
	snprintf(sql, sizeof sql, "SELECT %s FROM %s WHERE %s%s", row->column, row->table,
		row->where, kind == TO_NEXT ? " + 1" : "");
	if (sqlite3_prepare_v2(db, sql, -1, &old, NULL) != SQLITE_OK)
		return;
	snprintf(sql, sizeof sql, "UPDATE OR IGNORE %s SET %s = ?1 WHERE %s", row->table,
		row->column, row->where);
	if (sqlite3_step(old) == SQLITE_ROW &&
		sqlite3_prepare_v2(db, sql, -1, &update, NULL) == SQLITE_OK) {
		if (kind == TO_NEXT)
			sqlite3_bind_value(update, 1, sqlite3_column_value(old, 0));
		else if (kind >= TO_CHANGED)
			bind_old(update, old, kind, in);
		else
			bind_new(update, kind, in);
		sqlite3_reset(old);
		(void)sqlite3_step(update);
	}
	sqlite3_finalize(old);
	sqlite3_finalize(update);
}

/* Insert the row again under a new number. */
static void
edit_double(sqlite3 *db, const struct row *row)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf sql = { 0 };
	struct pki_err err = { 0 };
	bool first = true;
	must(pki_buf_printf(&sql, &err, "INSERT OR IGNORE INTO %s SELECT ", row->table) ==
			PKI_OK,
		err.msg);
	for (size_t i = 0; i < world.column_count; i++) {
		if (strcmp(world.columns[i].table, row->table) != 0)
			continue;
		must(pki_buf_printf(&sql, &err, "%s%s%s", first ? "" : ", ",
			     world.columns[i].name, first ? " + 1000" : "") == PKI_OK,
			err.msg);
		first = false;
	}
	must(pki_buf_printf(&sql, &err, " FROM %s WHERE %s", row->table, row->where) ==
			PKI_OK,
		err.msg);
	(void)sqlite3_exec(db, (const char *)sql.data, NULL, NULL, NULL);
}

static void
edit_rows(struct input *in, struct pki_bytes patches[EDITS_MAX], size_t *patch_count)
{
	char sql[512];
	sqlite3 *db = open_ledger();
	for (size_t i = 0; i < EDITS_MAX && in->left != 0; i++) {
		unsigned edit = octet(in) % EDITS;
		struct row row;
		if (edit == EDIT_OCTETS) {
			patches[(*patch_count)++] = octets(in);
			continue;
		}
		choose_row(in, &row);
		snprintf(
			sql, sizeof sql, "DELETE FROM %s WHERE %s", row.table, row.where);
		if (edit == EDIT_VALUE)
			edit_value(db, &row, in);
		else if (edit == EDIT_DELETE)
			(void)sqlite3_exec(db, sql, NULL, NULL, NULL);
		else
			edit_double(db, &row);
	}
	set_strict(db, true);
	sqlite3_close(db);
}

/* Change octets of the file. A patch is an offset of three octets and the new octets. */
static void
edit_file(const struct pki_bytes *patches, size_t count)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf file = { 0 };
	if (count == 0)
		return;
	read_ledger(&file);
	for (size_t i = 0; i < count; i++) {
		struct input in = { patches[i].data, patches[i].len };
		size_t at = (size_t)number(&in, 3) % file.len;
		size_t len = in.left < file.len - at ? in.left : file.len - at;
		if (len != 0)
			memcpy(file.data + at, in.p, len);
	}
	write_ledger(&file);
}

static const struct pki_option options[] = { { "ledger", "FILE", "", 0 },
	{ "publish", "DIR", "", 0 }, { "policy", "DIR", "", 1 }, { "tsa", "FILE", "", 0 },
	{ "jobs", "N", "", 0 }, { "json", NULL, "", 0 }, { 0 } };

static enum pki_status
run(bool trail, bool json, int *exit_status, struct pki_err *err)
{
	struct pki_args args = { .options = options, .exit_status = exit_status };
	const char *const values[] = { world.path, world.publish, world.policy, world.tsa,
		"1" };
	for (size_t i = 0; i < PKI_COUNT(values); i++) {
		args.values[i][0] = values[i];
		args.counts[i] = 1;
	}
	args.counts[PKI_COUNT(values)] = json;
	if (!trail)
		return audit_cmd_verify(&args, NULL, err);
	args.operands[args.operand_count++] = world.holder;
	return audit_cmd_trail(&args, NULL, err);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct pki_bytes patches[EDITS_MAX];
	size_t patch_count = 0;
	int exit_status = 0;
	struct pki_err err = { 0 };
	if (world.column_count == 0)
		begin();
	uint8_t how = octet(&in);
	bool whole = in.left == 0;
	write_ledger(&world.ledger);
	edit_rows(&in, patches, &patch_count);
	edit_file(patches, patch_count);
	enum pki_status status = run(how & 1, how & 2, &exit_status, &err);
	if (status != err.status || (status != PKI_OK && err.msg[0] == '\0'))
		abort();
	if (whole && (status != PKI_OK || exit_status != 0)) {
		fprintf(stderr, "%d %d %s\n", status, exit_status, err.msg);
		abort();
	}
	return 0;
}
