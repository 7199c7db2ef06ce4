/* The database's file: damage, wrong programs, readers, a full disk, a kill. */
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libpki/base/file.h"
#include "libpki/x509/certify.h"
#include "tests/unit/common/ledger_rows.h"
#include "tests/unit/common/chain.h"

static void
opens_what_it_made_and_nothing_else(void **state)
{
	struct fixture *f = *state;
	struct pki_ledger *other = NULL;
	fails(pki_ledger_open(f->path, PKI_LEDGER_WRITE, &other, &err), LOCKED);
	pki_ledger_close(f->ledger);
	f->ledger = NULL;
	fails(pki_ledger_open(f->path, PKI_LEDGER_CREATE, &other, &err), STATE);
	ok(pki_ledger_open(f->path, PKI_LEDGER_WRITE, &f->ledger, &err));
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *ca = NULL;
	ok(pki_ledger_issuer(f->ledger, PKI_ISSUER_CA, &ca, &err));
	assert_int_equal(pki_cert_not_after(ca), START + 10 * YEAR);
	struct pki_cert *none = NULL;
	fails(pki_ledger_issuer(f->ledger, 3, &none, &err), NOTFOUND);
	fails(pki_ledger_add_issuer(f->ledger, PKI_ISSUER_CA, ca, &err), STATE);

	char path[128];
	snprintf(path, sizeof path, "%s/none.db", f->dir);
	fails(pki_ledger_open(path, PKI_LEDGER_READ, &other, &err), IO);
	fails(pki_ledger_open(path, PKI_LEDGER_WRITE, &other, &err), IO);
	char text[5000];
	memset(text, 'x', sizeof text);
	ok(pki_file_publish(path, text, sizeof text, 0644, &err));
	fails(pki_ledger_open(path, PKI_LEDGER_READ, &other, &err), INPUT);
	fails(pki_ledger_open(path, PKI_LEDGER_WRITE, &other, &err), INPUT);
	ok(pki_file_publish(path, "", 0, 0644, &err));
	fails(pki_ledger_open(path, PKI_LEDGER_READ, &other, &err), INPUT);
	assert_null(other);
}

/* Run SQL as a wrong program would, past libpki. */
static int
sql(const char *path, const char *text, char *message, size_t size)
{
	sqlite3 *db = NULL;
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	int code = sqlite3_exec(db, text, NULL, NULL, NULL);
	snprintf(message, size, "%s", sqlite3_errmsg(db));
	sqlite3_close(db);
	return code;
}

static enum pki_status
count_revoked(void *ctx, const struct pki_revoked *revoked, struct pki_err *err)
{
	(void)err;
	*(uint64_t *)ctx += revoked->serial.octets[19] == 2;
	return PKI_OK;
}

static enum pki_status
count_revocation(void *ctx, const struct pki_revocation_row *row, struct pki_err *err)
{
	(void)err;
	*(uint64_t *)ctx += row->not_after == 1798761600 && row->partition == 0;
	return PKI_OK;
}

static void
refuses_other_versions_and_databases(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *sql;
		enum pki_status want;
	} cases[] = {
		{ "PRAGMA user_version = 98", PKI_VERSION },
		{ "PRAGMA user_version = 99", PKI_VERSION },
		{ "PRAGMA application_id = 1", PKI_INPUT },
	};
	pki_ledger_close(f->ledger);
	f->ledger = NULL;
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		char message[128];
		struct pki_err err = { 0 };
		assert_int_equal(
			sql(f->path, cases[i].sql, message, sizeof message), SQLITE_OK);
		assert_int_equal(
			pki_ledger_open(f->path, PKI_LEDGER_READ, &f->ledger, &err),
			cases[i].want);
		err = (struct pki_err){ 0 };
		assert_int_equal(
			pki_ledger_open(f->path, PKI_LEDGER_WRITE, &f->ledger, &err),
			cases[i].want);
		assert_string_equal(err.object, f->path);
	}
}

/* Version 1 in the file; later programs read what it said. */
static void
converts_version_1(void **state)
{
	struct fixture *f = *state;
	char path[96], command[256], message[128];
	snprintf(path, sizeof path, "%s/v1.db", f->dir);
	snprintf(command, sizeof command,
		"sqlite3 '%s' < tests/unit/common/ledger_v1.sql", path);
	assert_int_equal(system(command), 0);
	struct pki_ledger *ledger = NULL;
	fails(pki_ledger_open(path, PKI_LEDGER_READ, &ledger, &err), STATE);
	ok(pki_ledger_open(path, PKI_LEDGER_WRITE, &ledger, &err));
	pki_ledger_close(ledger);
	ok(pki_ledger_open(path, PKI_LEDGER_READ, &ledger, &err));
	ok(pki_ledger_check(ledger, &err));
	static const pki_time cutoffs[] = { 1767225600, 1767225600, 1767225700 };
	for (uint64_t n = 1; n <= 3; n++) {
		struct pki_crl_row row;
		ok(pki_ledger_crl_head(ledger, 2, n, &row, NULL, &err));
		assert_int_equal(row.cutoff, cutoffs[n - 1]);
		assert_int_equal(row.partition, 0);
	}
	struct pki_serial serial;
	struct pki_crl_row row;
	ok(pki_serial_parse("4000000000000000000000000000000000000002", &serial, &err));
	ok(pki_ledger_crl_covering(ledger, 2, &serial, &row, NULL, &err));
	assert_int_equal(row.number, 2);
	uint64_t count = 0;
	const struct pki_ending_query query = { 2, 1798761600, 1798761601 };
	ok(pki_ledger_each_ending(ledger, &query, count_revoked, &count, &err));
	ok(pki_ledger_each_revocation(ledger, 2, count_revocation, &count, &err));
	assert_int_equal(count, 2);
	pki_ledger_close(ledger);
	assert_int_equal(
		sql(path, "UPDATE revocation SET partition = 1", message, sizeof message),
		SQLITE_CONSTRAINT);
	assert_int_equal(sql(path, "UPDATE crl SET cutoff = 0", message, sizeof message),
		SQLITE_CONSTRAINT);
}

/* A certificate of the name, and row and order for it. */
static void
add_named(struct fixture *f, const struct chain *chain, uint64_t n, const char *holder,
	const char *given_name)
{
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *cert = NULL;
	PKI_CLEANUP(pki_key_cleanup) struct pki_key *key = NULL;
	ok(pki_key_generate(PKI_ALG_P256, &key, &err));
	struct pki_name name = chain_subject;
	struct pki_cert_spec spec = chain_spec(chain, PKI_KIND_HOLDER_SIGN, key);
	snprintf(name.given_name, sizeof name.given_name, "%s", given_name);
	spec.subject = &name;
	ok(pki_certify(&spec, chain->ca_key, &cert, &err));
	ok(add_order(f->ledger, n, PKI_ACTION_ISSUE, holder, &err));
	struct pki_cert_row row = make_cert(n, holder, n);
	struct pki_bytes der = pki_cert_get0_der(cert);
	ok(pki_name_hash(&name, row.name_hash, &err));
	ok(pki_buf_append(&row.der, der.data, der.len, &err));
	ok(pki_ledger_add_certificate(f->ledger, &row, &err));
	pki_cert_row_free(&row);
}

static void
note_finding(void *ctx, const char *object, struct pki_err *err)
{
	if (strncmp(object, "name", 4) == 0)
		snprintf(ctx, 400, "%.100s: %.200s", object, err->msg);
}

/* The ledger becomes one of version 4, which took the names of two holders for two names. */
static void
r108_converts_version_4(void **state)
{
	struct fixture *f = *state;
	struct chain chain;
	char message[128], found[400] = "";
	uint64_t shared = 0;
	chain_make(&chain);
	begin(f);
	add_named(f, &chain, 1, "H-1", "Ren\u00e9");
	add_named(f, &chain, 2, "H-2", "Rene\u0301");
	add_named(f, &chain, 3, "H-3", "Rene");
	commit(f);
	pki_ledger_close(f->ledger);
	f->ledger = NULL;
	assert_int_equal(sql(f->path, "DROP TABLE name; PRAGMA user_version = 4", message,
				 sizeof message),
		SQLITE_OK);
	struct pki_name name = chain_subject;
	uint8_t key[PKI_SHA256];
	struct pki_name_use use;
	strcpy(name.given_name, "REN\u00c9");
	ok(pki_name_key(&name, key, &err));
	ok(pki_ledger_open(f->path, PKI_LEDGER_READ, &f->ledger, &err));
	ok(pki_ledger_reconcile(f->ledger, note_finding, found, &err));
	assert_string_equal(found, "");
	ok(pki_ledger_name_use(f->ledger, key, "H-1", &use, &err));
	assert_true(use.own && use.other[0] == '\0' && !use.shared);
	ok(pki_ledger_names_shared(f->ledger, START, &shared, &err));
	assert_int_equal(shared, 0);
	pki_ledger_close(f->ledger);

	ok(pki_ledger_open(f->path, PKI_LEDGER_WRITE, &f->ledger, &err));
	ok(pki_ledger_reconcile(f->ledger, note_finding, found, &err));
	assert_string_equal(found, "");
	ok(pki_ledger_name_use(f->ledger, key, "H-1", &use, &err));
	assert_true(use.own && use.shared);
	assert_string_equal(use.other, "H-2");
	ok(pki_ledger_name_use(f->ledger, key, "H-9", &use, &err));
	assert_true(!use.own && use.shared);
	ok(pki_ledger_names_shared(f->ledger, START, &shared, &err));
	assert_int_equal(shared, 1);
	begin(f);
	ok(add_order(f->ledger, 4, PKI_ACTION_RENEW, "H-1", &err));
	struct pki_cert_row row = make_cert(4, "H-1", 4);
	memcpy(row.name_key, key, sizeof key);
	refused(add_cert(f->ledger, row, &err), DN_REASSIGNED);
	pki_ledger_rollback(f->ledger);
	begin(f);
	ok(add_order(f->ledger, 5, PKI_ACTION_REVOKE, "H-2", &err));
	row = make_cert(2, "H-2", 2);
	ok(add_revocation(f->ledger, &row, 5, START * 1000, &err));
	commit(f);
	ok(pki_ledger_names_shared(f->ledger, START, &shared, &err));
	assert_int_equal(shared, 0);
	pki_ledger_close(f->ledger);
	f->ledger = NULL;
	/* past the triggers: the shared name is said to be one holder's */
	assert_int_equal(
		sql(f->path, "DROP TRIGGER name_no_update; UPDATE name SET shared = 0",
			message, sizeof message),
		SQLITE_OK);
	ok(pki_ledger_open(f->path, PKI_LEDGER_READ, &f->ledger, &err));
	ok(pki_ledger_reconcile(f->ledger, note_finding, found, &err));
	assert_non_null(strstr(found, "name of H-"));
	pki_ledger_close(f->ledger);
	f->ledger = NULL;
	assert_int_equal(sql(f->path, "DELETE FROM name", message, sizeof message),
		SQLITE_CONSTRAINT);
	chain_free(&chain);
}

static bool
damaged(const char *path)
{
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_ledger_cleanup) struct pki_ledger *ledger = NULL;
	enum pki_status status = pki_ledger_open(path, PKI_LEDGER_READ, &ledger, &err);
	enum pki_status quick = status;
	if (status == PKI_OK) {
		status = pki_ledger_check(ledger, &err);
		quick = pki_ledger_quick_check(ledger, NULL);
	}
	assert_int_equal(quick, status);
	return status == PKI_TAMPERED;
}

static void
finds_damage(void **state)
{
	struct fixture *f = *state;
	begin(f);
	ok(add_order(f->ledger, 1, PKI_ACTION_ISSUE, "H-1", &err));
	for (uint64_t i = 0; i < 200; i++)
		ok(add_cert(f->ledger, make_cert(i, "H-1", 1), &err));
	commit(f);
	ok(pki_ledger_check(f->ledger, &err));
	pki_ledger_close(f->ledger);
	f->ledger = NULL;

	/* what the log repeats would hide the damage */
	char wal[80];
	snprintf(wal, sizeof wal, "%s-wal", f->path);
	assert_int_equal(unlink(wal), 0);
	PKI_CLEANUP(pki_buf_free) struct pki_buf file = { 0 };
	ok(pki_file_read(f->path, PKI_FILE_MAX, &file, &err));
	for (size_t page = 1; page < file.len / 4096; page++) {
		memset(file.data + page * 4096, 0x55, 64);
		ok(pki_file_publish(f->path, file.data, file.len, 0644, &err));
		assert_true(damaged(f->path));
	}
}

/* A program that goes past the library meets the same refusals. */
static void
r213_no_program_rewrites_history(void **state)
{
	struct fixture *f = *state;
	static const char *const tables[] = { "issuer", "orders", "certificate",
		"revocation", "crl", "publication", "entry", "hash", "checkpoint",
		"partitioning" };
	const struct pki_urls urls = { .crl_base = "http://a.test/", .partitions = 4 };
	struct pki_cert_row cert = make_cert(1, "H-1", 1);
	struct pki_bytes note = { (const uint8_t *)"note", 4 };
	struct pki_hash hash = { { 1 } };
	issue_first(f);
	begin(f);
	ok(add_order(f->ledger, 2, PKI_ACTION_REVOKE, "H-1", &err));
	ok(add_revocation(f->ledger, &cert, 2, START * 1000, &err));
	ok(add_crl(f->ledger, 1, START, 1, &err));
	ok(pki_ledger_add_publication(f->ledger, 2, 1, START * 1000, &err));
	ok(pki_ledger_add_hash(f->ledger, 0, 0, &hash, &err));
	ok(pki_ledger_add_checkpoint(f->ledger, 1, note, &err));
	ok(pki_ledger_add_partitions(f->ledger, 2, &urls, &err));
	commit(f);
	for (size_t i = 0; i < PKI_COUNT(tables); i++) {
		char text[160], message[256];
		snprintf(text, sizeof text, "DELETE FROM %s", tables[i]);
		assert_int_equal(
			sql(f->path, text, message, sizeof message), SQLITE_CONSTRAINT);
		assert_non_null(strstr(message, "r213: "));
		snprintf(text, sizeof text, "INSERT OR REPLACE INTO %s SELECT * FROM %s",
			tables[i], tables[i]);
		assert_int_equal(
			sql(f->path, text, message, sizeof message), SQLITE_CONSTRAINT);
	}
	static const char *const updates[] = { "issuer SET not_after = 0",
		"orders SET holder = 'x'", "certificate SET not_after = not_after + 1",
		"certificate SET holder = 'H-3'", "revocation SET reason = 0",
		"crl SET number = 9", "publication SET published = 0",
		"entry SET entry = x'00'", "hash SET hash = zeroblob(32)",
		"checkpoint SET note = x'00'", "partitioning SET lists = 8",
		"certificate SET partition = 1", "revocation SET serial = x'01'",
		"revocation SET not_after = 0", "crl SET cutoff = 0",
		"crl SET partition = 1" };
	for (size_t i = 0; i < PKI_COUNT(updates); i++) {
		char text[160], message[256];
		snprintf(text, sizeof text, "UPDATE %s", updates[i]);
		assert_int_equal(
			sql(f->path, text, message, sizeof message), SQLITE_CONSTRAINT);
		assert_non_null(strstr(message, "r213: "));
	}
	struct pki_ledger_figures figures;
	ok(pki_ledger_count(f->ledger, &figures, &err));
	assert_int_equal(figures.certificates, 2);
	assert_int_equal(figures.revocations, 1);
}

static void
readers_see_commits_and_keep_snapshots(void **state)
{
	struct fixture *f = *state;
	PKI_CLEANUP(pki_ledger_cleanup) struct pki_ledger *reader = NULL;
	struct pki_cert_row cert = make_cert(1, "H-1", 1);
	struct pki_cert_status status;
	struct pki_ledger_view before, after;
	ok(pki_ledger_open(f->path, PKI_LEDGER_READ, &reader, &err));
	ok(pki_ledger_view(reader, &before, &err));
	ok(pki_ledger_snapshot(reader, &err));
	issue_first(f);
	ok(pki_ledger_status(reader, 2, &cert.serial, &status, &err));
	assert_false(status.issued);
	pki_ledger_release(reader);
	ok(pki_ledger_status(reader, 2, &cert.serial, &status, &err));
	assert_true(status.issued);
	ok(pki_ledger_view(reader, &after, &err));
	assert_false(pki_ledger_view_equal(&before, &after));
	fails(pki_ledger_begin(reader, &err), IO);
	/* the writer gone, and its lock with it */
	pki_ledger_close(f->ledger);
	f->ledger = NULL;
	ok(pki_ledger_status(reader, 2, &cert.serial, &status, &err));
	assert_true(status.issued);
}

static void
a_bare_copy_is_readable(void **state)
{
	struct fixture *f = *state;
	issue_first(f);
	pki_ledger_close(f->ledger);
	f->ledger = NULL;
	char copy[96], command[400];
	snprintf(copy, sizeof copy, "%s/copy 100%%?#.db", f->dir);
	snprintf(command, sizeof command, "cp '%s' '%s' && chmod 400 '%s'", f->path, copy,
		copy);
	assert_int_equal(system(command), 0);
	PKI_CLEANUP(pki_ledger_cleanup) struct pki_ledger *reader = NULL;
	ok(pki_ledger_open(copy, PKI_LEDGER_READ, &reader, &err));
	ok(pki_ledger_check(reader, &err));
	struct pki_ledger_figures figures;
	ok(pki_ledger_count(reader, &figures, &err));
	assert_int_equal(figures.certificates, 2);
}

/* One transaction as the service makes it: order, two certificates, entry, hash. */
static enum pki_status
one_commit(struct pki_ledger *ledger, uint64_t n, struct pki_err *err)
{
	PKI_CLEANUP(pki_order_row_free)
	struct pki_order_row order = make_order(n + 1, PKI_ACTION_ISSUE, "H-1");
	struct pki_hash hash = { { 1 } };
	order.log_index = n;
	PKI_TRY(pki_ledger_begin(ledger, err));
	PKI_TRY(add_entry(ledger, n, START * 1000, err));
	PKI_TRY(pki_ledger_add_hash(ledger, 0, n, &hash, err));
	PKI_TRY(pki_ledger_add_order(ledger, &order, err));
	PKI_TRY(add_cert(ledger, make_cert(2 * n + 1, "H-1", n + 1), err));
	PKI_TRY(add_cert(ledger, make_cert(2 * n + 2, "H-1", n + 1), err));
	return pki_ledger_commit(ledger, err);
}

static void
a_full_disk_undoes_the_transaction_and_no_more(void **state)
{
	struct fixture *f = *state;
	struct pki_err full = { 0 };
	struct pki_ledger_figures figures;
	struct rlimit limit;
	uint64_t n = 0;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	struct rlimit small = { 400000, limit.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	while (n < 1000 && one_commit(f->ledger, n, &full) == PKI_OK)
		n++;
	pki_ledger_rollback(f->ledger);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(full.status, PKI_FULL);
	ok(pki_ledger_count(f->ledger, &figures, &err));
	assert_int_equal(figures.orders, n);
	assert_int_equal(figures.entries, n);
	assert_int_equal(figures.certificates, 2 * n);
	ok(one_commit(f->ledger, n, &err));
	ok(pki_ledger_count(f->ledger, &figures, &err));
	assert_int_equal(figures.orders, n + 1);
	ok(pki_ledger_check(f->ledger, &err));
}

static off_t
wal_size(const struct fixture *f)
{
	char path[128];
	struct stat st;
	snprintf(path, sizeof path, "%s-wal", f->path);
	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

/* Entries of the greatest size, 64 kB each. */
static void
write_much(struct fixture *f, uint64_t *n, int count)
{
	static uint8_t octets[65535];
	for (int i = 0; i < count; i += 100) {
		begin(f);
		ok(pki_ledger_entry_count(f->ledger, n, &err));
		for (int k = 0; k < 100; k++, ++*n)
			ok(pki_ledger_add_entry(f->ledger, *n, START * 1000,
				(struct pki_bytes){ octets, sizeof octets }, &err));
		commit(f);
	}
}

static void
the_wal_shrinks_after_a_long_read(void **state)
{
	struct fixture *f = *state;
	PKI_CLEANUP(pki_ledger_cleanup) struct pki_ledger *reader = NULL;
	uint64_t n = 0;
	write_much(f, &n, 100);
	ok(pki_ledger_open(f->path, PKI_LEDGER_READ, &reader, &err));
	ok(pki_ledger_snapshot(reader, &err));
	write_much(f, &n, 1000);
	assert_true(wal_size(f) > 64 << 20);
	pki_ledger_release(reader);
	write_much(f, &n, 100); /* the checkpoint is complete now */
	write_much(f, &n, 100); /* the WAL begins anew */
	assert_true(wal_size(f) <= 32 << 20);
	ok(pki_ledger_quick_check(f->ledger, &err));
}

/* A WAL whose index is missing, in a folder that cannot be written. */
static void
a_wal_without_its_index(void **state)
{
	struct fixture *f = *state;
	struct pki_ledger *reader = NULL;
	char command[512];
	issue_first(f);
	snprintf(command, sizeof command,
		"chmod 755 '%s' && mkdir '%s/ro' && cp '%s' '%s-wal' '%s/ro' && chmod 555 '%s/ro' && chmod 444 '%s'/ro/*",
		f->dir, f->dir, f->path, f->path, f->dir, f->dir, f->dir);
	assert_int_equal(system(command), 0);
	snprintf(command, sizeof command, "%s/ro/ledger.db", f->dir);
	/* root may write everywhere */
	if (geteuid() == 0)
		assert_int_equal(seteuid(65534), 0);
	struct pki_err own = { 0 };
	enum pki_status status = pki_ledger_open(command, PKI_LEDGER_READ, &reader, &own);
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(status, PKI_IO);
	assert_non_null(strstr(own.msg, "VACUUM INTO"));
	snprintf(command, sizeof command, "chmod 755 '%s/ro'", f->dir);
	assert_int_equal(system(command), 0);
	snprintf(command, sizeof command, "rm -r '%s/ro'", f->dir);
	assert_int_equal(system(command), 0);
}

/* A copy of the database as it stands, without its WAL: what a backup is. */
static void
copy_database(const char *from, const char *to)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf file = { 0 };
	ok(pki_file_read(from, PKI_FILE_MAX, &file, &err));
	ok(pki_file_publish(to, file.data, file.len, 0644, &err));
}

static void
a_view_changes_with_each_commit(void **state)
{
	struct fixture *f = *state;
	PKI_CLEANUP(pki_ledger_cleanup) struct pki_ledger *a = NULL;
	PKI_CLEANUP(pki_ledger_cleanup) struct pki_ledger *b = NULL;
	struct pki_ledger_view before, after, other;
	ok(pki_ledger_open(f->path, PKI_LEDGER_READ, &a, &err));
	ok(pki_ledger_open_beside(a, &b, &err));
	ok(pki_ledger_view(a, &before, &err));
	for (uint64_t n = 0; n < 100; n++) {
		ok(one_commit(f->ledger, n, &err));
		ok(pki_ledger_view(a, &after, &err));
		assert_false(pki_ledger_view_equal(&before, &after));
		assert_int_equal(after.last_event, START * 1000);
		ok(pki_ledger_view(b, &other, &err));
		assert_true(pki_ledger_view_equal(&after, &other));
		before = after;
	}
	ok(pki_ledger_view(a, &after, &err));
	assert_true(pki_ledger_view_equal(&before, &after));
	fails(pki_ledger_view(f->ledger, &after, &err), INTERNAL);
}

/* Also the reader that has looked at nothing since the backup was first there: another one
 * of this process answered from what came after. */
static void
no_reader_takes_an_older_file(void **state)
{
	struct fixture *f = *state;
	char backup[80], wal[80];
	PKI_CLEANUP(pki_ledger_cleanup) struct pki_ledger *a = NULL;
	PKI_CLEANUP(pki_ledger_cleanup) struct pki_ledger *b = NULL;
	uint64_t count = 0;
	struct pki_ledger_view view;
	snprintf(backup, sizeof backup, "%s.backup", f->path);
	snprintf(wal, sizeof wal, "%s-wal", f->path);
	ok(one_commit(f->ledger, 0, &err));
	pki_ledger_close(f->ledger);
	f->ledger = NULL;
	char message[128];
	sql(f->path, "PRAGMA wal_checkpoint(TRUNCATE)", message, sizeof message);
	unlink(wal);
	copy_database(f->path, backup);
	ok(pki_ledger_open(f->path, PKI_LEDGER_READ, &a, &err));
	ok(pki_ledger_open_beside(a, &b, &err));

	ok(pki_ledger_open(f->path, PKI_LEDGER_WRITE, &f->ledger, &err));
	ok(one_commit(f->ledger, 1, &err));
	ok(pki_ledger_entry_count(a, &count, &err));
	assert_int_equal(count, 2);
	pki_ledger_close(f->ledger);
	f->ledger = NULL;
	unlink(wal);
	copy_database(backup, f->path);
	fails(pki_ledger_entry_count(b, &count, &err), TAMPERED);
	fails(pki_ledger_entry_count(b, &count, &err), TAMPERED);
	fails(pki_ledger_view(b, &view, &err), TAMPERED);
	fails(pki_ledger_entry_count(a, &count, &err), TAMPERED);
}

/* Commits and tells each through the pipe, until it is killed. */
static void
writer(const char *path, int out)
{
	struct pki_err err = { 0 };
	struct pki_ledger *ledger = NULL;
	uint64_t n = 0;
	if (pki_ledger_open(path, PKI_LEDGER_WRITE, &ledger, &err) != PKI_OK ||
		pki_ledger_entry_count(ledger, &n, &err) != PKI_OK)
		_exit(1);
	for (;; n++)
		if (one_commit(ledger, n, &err) != PKI_OK ||
			write(out, &n, sizeof n) != sizeof n)
			_exit(1);
}

static uint64_t
run_and_kill(const char *path, useconds_t after)
{
	int ends[2];
	uint64_t told = 0, n;
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0)
		writer(path, ends[1]);
	close(ends[1]);
	usleep(after);
	kill(child, SIGKILL);
	int status;
	waitpid(child, &status, 0);
	assert_true(WIFSIGNALED(status));
	while (read(ends[0], &n, sizeof n) == sizeof n)
		told = n + 1;
	close(ends[0]);
	return told;
}

static void
a_kill_leaves_all_or_nothing(void **state)
{
	struct fixture *f = *state;
	pki_ledger_close(f->ledger);
	f->ledger = NULL;
	srandom((unsigned)getpid());
	for (int round = 0; round < 25; round++) {
		uint64_t told = run_and_kill(f->path, (useconds_t)(random() % 40000));
		PKI_CLEANUP(pki_ledger_cleanup) struct pki_ledger *ledger = NULL;
		ok(pki_ledger_open(f->path, PKI_LEDGER_WRITE, &ledger, &err));
		ok(pki_ledger_check(ledger, &err));
		struct pki_ledger_figures figures;
		ok(pki_ledger_count(ledger, &figures, &err));
		assert_true(figures.orders >= told);
		assert_int_equal(figures.entries, figures.orders);
		assert_int_equal(figures.certificates, 2 * figures.orders);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(opens_what_it_made_and_nothing_else),
		TEST(refuses_other_versions_and_databases),
		TEST(converts_version_1),
		TEST(r108_converts_version_4),
		TEST(finds_damage),
		TEST(r213_no_program_rewrites_history),
		TEST(readers_see_commits_and_keep_snapshots),
		TEST(a_bare_copy_is_readable),
		TEST(a_view_changes_with_each_commit),
		TEST(no_reader_takes_an_older_file),
		TEST(a_full_disk_undoes_the_transaction_and_no_more),
		TEST(the_wal_shrinks_after_a_long_read),
		TEST(a_wal_without_its_index),
		TEST(a_kill_leaves_all_or_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
