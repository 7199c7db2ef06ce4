#include "libpki/ledger.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "libpki/file.h"

/* 2026-01-01T00:00:00Z */
#define START ((pki_time)1767225600)
#define YEAR (365 * PKI_DAY)

struct fixture {
	char dir[32];
	char path[64];
	struct pki_ledger *ledger;
};

#define ok(call) \
	do { \
		struct pki_err err = { 0 }; \
		enum pki_status status_ = (call); \
		if (status_ != PKI_OK) \
			fail_msg("%s: %s", #call, err.msg); \
	} while (0)

#define refused(call, want_rule) \
	do { \
		struct pki_err err = { 0 }; \
		assert_int_equal((call), PKI_REFUSED); \
		assert_int_equal(err.rule, PKI_RULE_##want_rule); \
	} while (0)

#define fails(call, want_status) \
	do { \
		struct pki_err err = { 0 }; \
		assert_int_equal((call), PKI_##want_status); \
	} while (0)

/* An issuer's certificate that ends at not_after; the ledger reads nothing else of it. */
static struct pki_cert *
make_issuer(pki_time not_after)
{
	struct pki_cert *cert = NULL;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x509 = X509_new();
	assert_true(X509_set_version(x509, X509_VERSION_3));
	ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
	X509_NAME *name = X509_get_subject_name(x509);
	X509_NAME_add_entry_by_txt(
		name, "CN", MBSTRING_UTF8, (const unsigned char *)"TEST CA", -1, -1, 0);
	X509_set_issuer_name(x509, name);
	ASN1_TIME_set(X509_getm_notBefore(x509), START);
	ASN1_TIME_set(X509_getm_notAfter(x509), not_after);
	X509_set_pubkey(x509, key);
	assert_true(X509_sign(x509, key, EVP_sha256()) > 0);
	ok(pki_cert_from_x509(x509, &cert, &err));
	X509_free(x509);
	EVP_PKEY_free(key);
	return cert;
}

static void
add_issuers(struct pki_ledger *ledger)
{
	PKI_CLEANUP(pki_cert_cleanup)
	struct pki_cert *root = make_issuer(START + 20 * YEAR);
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *ca = make_issuer(START + 10 * YEAR);
	ok(pki_ledger_begin(ledger, &err));
	ok(pki_ledger_add_issuer(ledger, PKI_ISSUER_ROOT, root, &err));
	ok(pki_ledger_add_issuer(ledger, PKI_ISSUER_CA, ca, &err));
	ok(pki_ledger_commit(ledger, &err));
}

static int
setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	strcpy(f->dir, "/tmp/pki-ledger-XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof f->path, "%s/ledger.db", f->dir);
	ok(pki_ledger_open(f->path, PKI_LEDGER_CREATE, &f->ledger, &err));
	add_issuers(f->ledger);
	*state = f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;
	pki_ledger_close(f->ledger);
	char command[64];
	snprintf(command, sizeof command, "rm -r %s", f->dir);
	int status = system(command);
	free(f);
	return status;
}

static struct pki_order_row
make_order(uint64_t n, enum pki_action action, const char *holder)
{
	struct pki_order_row row = { .action = action, .committed = START * 1000 };
	snprintf(row.id, sizeof row.id, "O-%032jx", (uintmax_t)n);
	snprintf(row.holder, sizeof row.holder, "%s", holder);
	memcpy(row.digest, &n, sizeof n);
	ok(pki_buf_append(&row.cms, "cms", 3, &err));
	return row;
}

static enum pki_status
add_order(struct pki_ledger *ledger, uint64_t n, enum pki_action action, const char *holder,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_order_row_free)
	struct pki_order_row row = make_order(n, action, holder);
	return pki_ledger_add_order(ledger, &row, err);
}

static struct pki_cert_row
make_cert(uint64_t n, const char *holder, uint64_t order)
{
	struct pki_cert_row row = {
		.issuer = PKI_ISSUER_CA,
		.serial = { .octets = { 0x40 }, .len = 20 },
		.not_before = START,
		.not_after = START + YEAR,
		.issued = START * 1000,
	};
	memcpy(row.serial.octets + 8, &n, sizeof n);
	memcpy(row.key_hash, &n, sizeof n);
	snprintf(row.holder, sizeof row.holder, "%s", holder);
	snprintf(row.profile, sizeof row.profile, "holder-signature");
	if (order != 0)
		snprintf(row.order, sizeof row.order, "O-%032jx", (uintmax_t)order);
	/* a name of the holder's own */
	ok(pki_sha256(holder, strlen(holder), row.name_hash, &err));
	return row;
}

static enum pki_status
add_cert(struct pki_ledger *ledger, struct pki_cert_row row, struct pki_err *err)
{
	PKI_TRY(pki_buf_append(&row.der, "der", 3, err));
	enum pki_status status = pki_ledger_add_certificate(ledger, &row, err);
	pki_cert_row_free(&row);
	return status;
}

static enum pki_status
add_revocation(struct pki_ledger *ledger, const struct pki_cert_row *cert, uint64_t order,
	pki_msec at, struct pki_err *err)
{
	struct pki_revocation_row row = { .issuer = cert->issuer,
		.serial = cert->serial,
		.reason = PKI_REASON_KEY_COMPROMISE,
		.reported = at - 1000,
		.committed = at };
	snprintf(row.order, sizeof row.order, "O-%032jx", (uintmax_t)order);
	return pki_ledger_add_revocation(ledger, &row, err);
}

static enum pki_status
add_entry(struct pki_ledger *ledger, uint64_t index, pki_msec at, struct pki_err *err)
{
	return pki_ledger_add_entry(
		ledger, index, at, (struct pki_bytes){ (const uint8_t *)"{}", 2 }, err);
}

/* Orders' log_index 0 must exist at commit. */
static void
begin(struct fixture *f)
{
	uint64_t entries = 0;
	ok(pki_ledger_begin(f->ledger, &err));
	ok(pki_ledger_entry_count(f->ledger, &entries, &err));
	if (entries == 0)
		ok(add_entry(f->ledger, 0, START * 1000, &err));
}

static void
commit(struct fixture *f)
{
	ok(pki_ledger_commit(f->ledger, &err));
}

/* Holder H-1, order 1, certificates 1 and 2, committed. */
static void
issue_first(struct fixture *f)
{
	begin(f);
	ok(add_order(f->ledger, 1, PKI_ACTION_ISSUE, "H-1", &err));
	ok(add_cert(f->ledger, make_cert(1, "H-1", 1), &err));
	ok(add_cert(f->ledger, make_cert(2, "H-1", 1), &err));
	commit(f);
}

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

static void
refuses_other_versions_and_databases(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *sql;
		enum pki_status want;
	} cases[] = {
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

static bool
damaged(const char *path)
{
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_ledger_cleanup) struct pki_ledger *ledger = NULL;
	enum pki_status status = pki_ledger_open(path, PKI_LEDGER_READ, &ledger, &err);
	if (status == PKI_OK)
		status = pki_ledger_check(ledger, &err);
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

static void
r01_serial_numbers(void **state)
{
	struct fixture *f = *state;
	issue_first(f);
	begin(f);
	ok(add_order(f->ledger, 2, PKI_ACTION_ISSUE, "H-1", &err));
	struct pki_cert_row again = make_cert(3, "H-1", 2);
	again.serial = make_cert(1, "H-1", 2).serial;
	refused(add_cert(f->ledger, again, &err), SERIAL);
	static const struct pki_serial wrong[] = {
		{ .len = 0 },
		{ .octets = { 0x00, 0x01 }, .len = 2 },
		{ .octets = { 0x80 }, .len = 20 },
	};
	for (size_t i = 0; i < PKI_COUNT(wrong); i++) {
		struct pki_cert_row row = make_cert(4, "H-1", 2);
		row.serial = wrong[i];
		refused(add_cert(f->ledger, row, &err), SERIAL);
	}
	/* another issuer's numbers are its own */
	again.issuer = PKI_ISSUER_ROOT;
	ok(add_cert(f->ledger, again, &err));
	commit(f);
}

/* 0 for "" */
static pki_time
parse(const char *text)
{
	pki_time t = 0;
	if (text[0] != '\0')
		ok(pki_time_parse(text, &t, &err));
	return t;
}

static void
r03_r04_validity(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *not_before, *not_after, *document_end;
		int issuer;
		enum pki_rule want;
	} cases[] = {
		{ "2026-01-01", "2028-12-31T23:59:59Z", "", 2, PKI_RULE_NONE },
		{ "2026-01-01", "2029-01-01T00:00:00Z", "", 2, PKI_RULE_VALIDITY },
		{ "2028-02-29", "2031-02-27T23:59:59Z", "", 2, PKI_RULE_NONE },
		{ "2028-02-29", "2031-02-28T00:00:00Z", "", 2, PKI_RULE_VALIDITY },
		{ "2027-02-28", "2030-02-27T23:59:59Z", "", 2, PKI_RULE_NONE },
		{ "2026-01-01", "2036-01-01T00:00:00Z", "", 1, PKI_RULE_NONE },
		{ "2026-01-01", "2027-01-01", "2027-01-01", 2, PKI_RULE_NONE },
		{ "2026-01-01", "2027-01-01T00:00:01Z", "2027-01-01", 2,
			PKI_RULE_VALIDITY },
		{ "2026-01-01", "2046-01-01", "", 1, PKI_RULE_VALIDITY },
		{ "2034-01-01", "2036-01-01", "", 2, PKI_RULE_VALIDITY },
		{ "2026-01-01", "2026-01-01", "", 2, PKI_RULE_DATES },
	};
	begin(f);
	ok(add_order(f->ledger, 1, PKI_ACTION_ISSUE, "H-1", &err));
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_cert_row row = make_cert(10 + i, "H-1", 1);
		row.issuer = cases[i].issuer;
		row.not_before = parse(cases[i].not_before);
		row.not_after = parse(cases[i].not_after);
		row.document_end = parse(cases[i].document_end);
		struct pki_err err = { 0 };
		enum pki_status status = add_cert(f->ledger, row, &err);
		assert_int_equal(err.rule, cases[i].want);
		assert_int_equal(
			status, cases[i].want == PKI_RULE_NONE ? PKI_OK : PKI_REFUSED);
	}
	commit(f);
}

/* SQL's three years and the library's are the same second, over a leap cycle. */
static void
r04_same_three_years_everywhere(void **state)
{
	struct fixture *f = *state;
	begin(f);
	ok(add_order(f->ledger, 1, PKI_ACTION_ISSUE, "H-1", &err));
	for (uint64_t day = 0; day < 4 * 366; day++) {
		struct pki_cert_row row = make_cert(10 + day, "H-1", 1);
		row.not_before = START + (pki_time)day * PKI_DAY + 4711;
		row.not_after = pki_time_add_years(row.not_before, 3) + 1;
		refused(add_cert(f->ledger, row, &err), VALIDITY);
		row.not_after--;
		ok(add_cert(f->ledger, row, &err));
	}
	commit(f);
}

static void
r15_names_are_never_reassigned(void **state)
{
	struct fixture *f = *state;
	char holder[PKI_ID_TEXT];
	struct pki_cert_row service = make_cert(9, "", 0);
	begin(f);
	ok(add_cert(f->ledger, service, &err));
	commit(f);
	issue_first(f);
	begin(f);
	ok(add_order(f->ledger, 2, PKI_ACTION_ISSUE, "H-2", &err));
	struct pki_cert_row row = make_cert(3, "H-2", 2);
	memcpy(row.name_hash, make_cert(1, "H-1", 1).name_hash, PKI_SHA256);
	refused(add_cert(f->ledger, row, &err), DN_REASSIGNED);
	memcpy(row.name_hash, service.name_hash, PKI_SHA256);
	refused(add_cert(f->ledger, row, &err), DN_REASSIGNED);
	ok(pki_ledger_name_holder(f->ledger, service.name_hash, holder, &err));
	assert_string_equal(holder, "service");
	row = make_cert(3, "H-2", 2);
	ok(pki_ledger_name_holder(f->ledger, row.name_hash, holder, &err));
	assert_string_equal(holder, "");
	ok(add_cert(f->ledger, row, &err));
	ok(pki_ledger_name_holder(f->ledger, row.name_hash, holder, &err));
	assert_string_equal(holder, "H-2");
	/* an officer renews under the same name */
	ok(add_order(f->ledger, 3, PKI_ACTION_RENEW, "", &err));
	row = make_cert(11, "", 3);
	ok(add_cert(f->ledger, row, &err));
	commit(f);
}

static void
r31_r36_keys_count_once(void **state)
{
	struct fixture *f = *state;
	bool certified = true, blocked = true;
	struct pki_cert_row first = make_cert(1, "H-1", 1);
	ok(pki_ledger_key_known(f->ledger, first.key_hash, &certified, &blocked, &err));
	assert_false(certified || blocked);
	issue_first(f);
	ok(pki_ledger_key_known(f->ledger, first.key_hash, &certified, &blocked, &err));
	assert_true(certified && !blocked);
	begin(f);
	ok(add_order(f->ledger, 2, PKI_ACTION_RENEW, "H-1", &err));
	struct pki_cert_row row = make_cert(3, "H-1", 2);
	memcpy(row.key_hash, first.key_hash, PKI_SHA256);
	refused(add_cert(f->ledger, row, &err), REKEY);
	ok(add_order(f->ledger, 3, PKI_ACTION_REVOKE, "H-1", &err));
	ok(add_revocation(f->ledger, &first, 3, START * 1000, &err));
	refused(add_cert(f->ledger, row, &err), WEAK_KEY);
	ok(pki_ledger_key_known(f->ledger, first.key_hash, &certified, &blocked, &err));
	assert_true(certified && blocked);
	commit(f);
}

static void
r35_no_certificate_without_its_order(void **state)
{
	struct fixture *f = *state;
	begin(f);
	ok(add_cert(f->ledger, make_cert(1, "", 0), &err));
	refused(add_cert(f->ledger, make_cert(2, "H-1", 0), &err), RECORD);
	refused(add_cert(f->ledger, make_cert(2, "H-1", 1), &err), RECORD);
	ok(add_order(f->ledger, 1, PKI_ACTION_ISSUE, "H-1", &err));
	refused(add_cert(f->ledger, make_cert(2, "", 0), &err), RECORD);
	refused(add_cert(f->ledger, make_cert(2, "H-2", 1), &err), RECORD);
	ok(add_order(f->ledger, 2, PKI_ACTION_REVOKE, "H-1", &err));
	refused(add_cert(f->ledger, make_cert(2, "H-1", 2), &err), RECORD);
	ok(add_cert(f->ledger, make_cert(2, "H-1", 1), &err));
	commit(f);
}

static void
r203_an_order_counts_once(void **state)
{
	struct fixture *f = *state;
	begin(f);
	ok(add_order(f->ledger, 1, PKI_ACTION_ISSUE, "H-1", &err));
	refused(add_order(f->ledger, 1, PKI_ACTION_ISSUE, "H-1", &err), ORDER_USED);
	PKI_CLEANUP(pki_order_row_free)
	struct pki_order_row row = make_order(1, PKI_ACTION_ISSUE, "H-1");
	row.digest[31] = 1;
	refused(pki_ledger_add_order(f->ledger, &row, &err), ORDER_USED);
	PKI_CLEANUP(pki_order_row_free)
	struct pki_order_row other = make_order(1, PKI_ACTION_ISSUE, "H-1");
	other.id[3] = 'f';
	refused(pki_ledger_add_order(f->ledger, &other, &err), ORDER_USED);
	commit(f);
	PKI_CLEANUP(pki_order_row_free) struct pki_order_row read = { 0 };
	ok(pki_ledger_order(f->ledger, row.id, &read, &err));
	assert_string_equal(read.id, row.id);
	assert_string_equal(read.holder, "H-1");
	assert_int_equal(read.action, PKI_ACTION_ISSUE);
	assert_int_equal(read.committed, START * 1000);
	assert_memory_equal(read.cms.data, "cms", 3);
	struct pki_order_row none = { 0 };
	fails(pki_ledger_order(f->ledger, other.id, &none, &err), NOTFOUND);
}

static void
r47_r58_revocation_is_final(void **state)
{
	struct fixture *f = *state;
	struct pki_cert_row cert = make_cert(1, "H-1", 1), none = make_cert(7, "H-1", 1);
	struct pki_cert_status status;
	uint64_t count = 9;
	issue_first(f);
	ok(pki_ledger_status(f->ledger, 2, &cert.serial, &status, &err));
	assert_true(status.issued && !status.revoked);
	ok(pki_ledger_status(f->ledger, 2, &none.serial, &status, &err));
	assert_false(status.issued || status.revoked);
	ok(pki_ledger_status(f->ledger, 1, &cert.serial, &status, &err));
	assert_false(status.issued);
	begin(f);
	ok(add_order(f->ledger, 2, PKI_ACTION_REVOKE, "H-1", &err));
	refused(add_revocation(f->ledger, &cert, 1, START * 1000, &err), REVOCATION);
	refused(add_revocation(f->ledger, &cert, 5, START * 1000, &err), REVOCATION);
	fails(add_revocation(f->ledger, &none, 2, START * 1000, &err), NOTFOUND);
	ok(add_revocation(f->ledger, &cert, 2, START * 1000 + 5999, &err));
	fails(add_revocation(f->ledger, &cert, 2, START * 1000, &err), STATE);
	commit(f);
	ok(pki_ledger_status(f->ledger, 2, &cert.serial, &status, &err));
	assert_true(status.issued && status.revoked);
	assert_int_equal(status.revoked_at, START + 5);
	assert_int_equal(status.reason, PKI_REASON_KEY_COMPROMISE);
	ok(pki_ledger_revocation_count(f->ledger, 2, &count, &err));
	assert_int_equal(count, 1);
	ok(pki_ledger_revocation_count(f->ledger, 1, &count, &err));
	assert_int_equal(count, 0);
	PKI_CLEANUP(pki_cert_row_free) struct pki_cert_row read = { 0 };
	ok(pki_ledger_certificate(f->ledger, 2, &cert.serial, &read, &err));
	assert_true(read.revoked);
	assert_string_equal(read.revoked_by, "O-00000000000000000000000000000002");
	assert_string_equal(read.order, "O-00000000000000000000000000000001");
	assert_memory_equal(read.key_hash, cert.key_hash, PKI_SHA256);
	assert_memory_equal(read.der.data, "der", 3);
}

static enum pki_status
count_cert(void *ctx, const struct pki_cert_row *row, struct pki_err *err)
{
	(void)err;
	int *left = ctx;
	return row->der.len == 3 && --*left == 0 ? PKI_NOTFOUND : PKI_OK;
}

static void
walks_by_holder_order_and_pages(void **state)
{
	struct fixture *f = *state;
	issue_first(f);
	begin(f);
	ok(add_order(f->ledger, 2, PKI_ACTION_ISSUE, "H-2", &err));
	ok(add_cert(f->ledger, make_cert(3, "H-2", 2), &err));
	commit(f);
	int left = 9;
	ok(pki_ledger_by_holder(f->ledger, "H-1", count_cert, &left, &err));
	assert_int_equal(left, 7);
	ok(pki_ledger_by_order(
		f->ledger, "O-00000000000000000000000000000002", count_cert, &left, &err));
	assert_int_equal(left, 6);
	ok(pki_ledger_each_certificate(f->ledger, 0, 0, count_cert, &left, &err));
	assert_int_equal(left, 3);
	ok(pki_ledger_each_certificate(f->ledger, 1, 1, count_cert, &left, &err));
	assert_int_equal(left, 2);
	fails(pki_ledger_each_certificate(f->ledger, 0, 0, count_cert, &left, &err),
		NOTFOUND);
	struct pki_ledger_figures figures;
	ok(pki_ledger_count(f->ledger, &figures, &err));
	assert_int_equal(figures.certificates, 3);
	assert_int_equal(figures.orders, 2);
	assert_int_equal(figures.entries, 1);
	assert_int_equal(figures.revocations, 0);
}

static enum pki_status
collect(void *ctx, const struct pki_revoked *revoked, struct pki_err *err)
{
	(void)err;
	uint64_t *seen = ctx, n;
	memcpy(&n, revoked->serial.octets + 8, sizeof n);
	*seen = *seen * 10 + n;
	return PKI_OK;
}

static void
r57_what_a_crl_lists(void **state)
{
	struct fixture *f = *state;
	begin(f);
	ok(add_order(f->ledger, 1, PKI_ACTION_ISSUE, "H-1", &err));
	ok(add_order(f->ledger, 2, PKI_ACTION_REVOKE, "H-1", &err));
	struct pki_cert_row certs[5];
	for (uint64_t i = 1; i < 5; i++) {
		certs[i] = make_cert(i, "H-1", 1);
		certs[i].not_after = START + (pki_time)i * 100;
		ok(add_cert(f->ledger, certs[i], &err));
	}
	ok(add_revocation(f->ledger, &certs[3], 2, START * 1000, &err));
	ok(add_revocation(f->ledger, &certs[1], 2, START * 1000, &err));
	ok(add_revocation(f->ledger, &certs[2], 2, START * 1000, &err));
	commit(f);
	static const struct {
		int issuer;
		pki_time at;
		uint64_t want;
	} cases[] = { { 2, START, 123 }, { 2, START + 100, 123 }, { 2, START + 101, 23 },
		{ 2, START + 301, 0 }, { 1, START, 0 } };
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		uint64_t seen = 0;
		ok(pki_ledger_each_revoked(
			f->ledger, cases[i].issuer, cases[i].at, collect, &seen, &err));
		assert_int_equal(seen, cases[i].want);
	}
}

static enum pki_status
add_crl(struct pki_ledger *ledger, uint64_t number, pki_time at, uint64_t revocations,
	struct pki_err *err)
{
	struct pki_crl_row row = { .issuer = PKI_ISSUER_CA,
		.number = number,
		.this_update = at,
		.next_update = at + PKI_DAY,
		.committed = at * 1000,
		.revocations = revocations };
	PKI_TRY(pki_buf_append(&row.der, "crl", 3, err));
	enum pki_status status = pki_ledger_add_crl(ledger, &row, err);
	pki_crl_row_free(&row);
	return status;
}

static void
r49_crl_numbers_grow_by_one(void **state)
{
	struct fixture *f = *state;
	struct pki_cert_row cert = make_cert(1, "H-1", 1), good = make_cert(2, "H-1", 1);
	struct pki_crl_row none = { 0 };
	issue_first(f);
	begin(f);
	fails(pki_ledger_crl(f->ledger, 2, 0, &none, &err), NOTFOUND);
	refused(add_crl(f->ledger, 2, START, 0, &err), CRL_FIELDS);
	ok(add_crl(f->ledger, 1, START + 10, 0, &err));
	refused(add_crl(f->ledger, 1, START + 10, 0, &err), CRL_FIELDS);
	refused(add_crl(f->ledger, 3, START + 10, 0, &err), CRL_FIELDS);
	refused(add_crl(f->ledger, 2, START + 9, 0, &err), CRL_FIELDS);
	refused(add_crl(f->ledger, 2, START + 10, 1, &err), REVOKED_FINAL);
	ok(add_order(f->ledger, 2, PKI_ACTION_REVOKE, "H-1", &err));
	ok(add_revocation(f->ledger, &cert, 2, START * 1000, &err));
	fails(pki_ledger_crl_covering(f->ledger, 2, &cert.serial, &none, &err), NOTFOUND);
	ok(add_crl(f->ledger, 2, START + 20, 1, &err));
	refused(add_crl(f->ledger, 3, START + 20, 0, &err), REVOKED_FINAL);
	ok(add_crl(f->ledger, 3, START + 20, 1, &err));
	fails(pki_ledger_crl_covering(f->ledger, 2, &good.serial, &none, &err), NOTFOUND);
	ok(pki_ledger_add_publication(f->ledger, 2, 2, START * 1000 + 77, &err));
	fails(pki_ledger_add_publication(f->ledger, 2, 2, START * 1000 + 78, &err), STATE);
	commit(f);
	PKI_CLEANUP(pki_crl_row_free) struct pki_crl_row crl = { 0 };
	ok(pki_ledger_crl_covering(f->ledger, 2, &cert.serial, &crl, &err));
	assert_int_equal(crl.number, 2);
	assert_int_equal(crl.published, START * 1000 + 77);
	PKI_CLEANUP(pki_crl_row_free) struct pki_crl_row last = { 0 };
	ok(pki_ledger_crl(f->ledger, 2, 0, &last, &err));
	assert_int_equal(last.number, 3);
	assert_int_equal(last.published, 0);
	assert_int_equal(last.this_update, START + 20);
}

static void
r81_r209_the_log_only_grows(void **state)
{
	struct fixture *f = *state;
	struct pki_bytes note = { (const uint8_t *)"note", 4 };
	struct pki_hash hash = { { 1 } };
	pki_msec at = 0;
	ok(pki_ledger_last_event(f->ledger, &at, &err));
	assert_int_equal(at, 0);
	begin(f);
	ok(pki_ledger_last_event(f->ledger, &at, &err));
	assert_int_equal(at, START * 1000);
	refused(add_entry(f->ledger, 0, START * 1000, &err), APPEND_ONLY);
	refused(add_entry(f->ledger, 2, START * 1000, &err), APPEND_ONLY);
	refused(add_entry(f->ledger, 1, START * 1000 - 1, &err), CLOCK);
	ok(add_entry(f->ledger, 1, START * 1000, &err));
	ok(pki_ledger_add_hash(f->ledger, 0, 0, &hash, &err));
	refused(pki_ledger_add_hash(f->ledger, 0, 0, &hash, &err), APPEND_ONLY);
	ok(pki_ledger_add_checkpoint(f->ledger, 1, note, &err));
	refused(pki_ledger_add_checkpoint(f->ledger, 1, note, &err), LOG_CHECKPOINT);
	refused(pki_ledger_add_checkpoint(f->ledger, 3, note, &err), LOG_CHECKPOINT);
	ok(pki_ledger_add_checkpoint(f->ledger, 2, note, &err));
	commit(f);
	PKI_CLEANUP(pki_buf_free) struct pki_buf out = { 0 };
	ok(pki_ledger_checkpoint(f->ledger, 0, &out, &err));
	ok(pki_ledger_entry(f->ledger, 1, &out, &err));
	assert_string_equal((char *)out.data, "note{}");
	fails(pki_ledger_entry(f->ledger, 2, &out, &err), NOTFOUND);
	fails(pki_ledger_checkpoint(f->ledger, 3, &out, &err), NOTFOUND);
	struct pki_hash read;
	ok(pki_ledger_hash(f->ledger, 0, 0, &read, &err));
	assert_int_equal(read.octets[0], 1);
	fails(pki_ledger_hash(f->ledger, 1, 0, &read, &err), NOTFOUND);
}

/* A program that goes past the library meets the same refusals. */
static void
r213_no_program_rewrites_history(void **state)
{
	struct fixture *f = *state;
	static const char *const tables[] = { "issuer", "orders", "certificate",
		"revocation", "crl", "publication", "entry", "hash", "checkpoint" };
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
		"checkpoint SET note = x'00'" };
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
a_mark_undoes_only_itself(void **state)
{
	struct fixture *f = *state;
	struct pki_cert_status status;
	fails(pki_ledger_mark(f->ledger, &err), INTERNAL);
	begin(f);
	for (uint64_t i = 1; i <= 3; i++) {
		ok(pki_ledger_mark(f->ledger, &err));
		ok(add_order(f->ledger, i, PKI_ACTION_ISSUE, "H-1", &err));
		ok(add_cert(f->ledger, make_cert(i, "H-1", i), &err));
		if (i == 2)
			pki_ledger_undo(f->ledger);
		else
			ok(pki_ledger_keep(f->ledger, &err));
	}
	commit(f);
	for (uint64_t i = 1; i <= 3; i++) {
		struct pki_cert_row row = make_cert(i, "H-1", i);
		ok(pki_ledger_status(f->ledger, 2, &row.serial, &status, &err));
		assert_int_equal(status.issued, i != 2);
	}
	begin(f);
	ok(add_order(f->ledger, 2, PKI_ACTION_ISSUE, "H-1", &err));
	pki_ledger_rollback(f->ledger);
	struct pki_ledger_figures figures;
	ok(pki_ledger_count(f->ledger, &figures, &err));
	assert_int_equal(figures.orders, 2);
}

static void
an_order_needs_its_log_entry(void **state)
{
	struct fixture *f = *state;
	ok(pki_ledger_begin(f->ledger, &err));
	ok(add_order(f->ledger, 1, PKI_ACTION_ISSUE, "H-1", &err));
	fails(pki_ledger_commit(f->ledger, &err), REFUSED);
	issue_first(f);
}

static void
readers_see_commits_and_keep_snapshots(void **state)
{
	struct fixture *f = *state;
	PKI_CLEANUP(pki_ledger_cleanup) struct pki_ledger *reader = NULL;
	struct pki_cert_row cert = make_cert(1, "H-1", 1);
	struct pki_cert_status status;
	uint64_t before = 0, after = 0;
	ok(pki_ledger_open(f->path, PKI_LEDGER_READ, &reader, &err));
	ok(pki_ledger_version(reader, &before, &err));
	ok(pki_ledger_snapshot(reader, &err));
	issue_first(f);
	ok(pki_ledger_status(reader, 2, &cert.serial, &status, &err));
	assert_false(status.issued);
	pki_ledger_release(reader);
	ok(pki_ledger_status(reader, 2, &cert.serial, &status, &err));
	assert_true(status.issued);
	ok(pki_ledger_version(reader, &after, &err));
	assert_int_not_equal(before, after);
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

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(opens_what_it_made_and_nothing_else),
		TEST(refuses_other_versions_and_databases),
		TEST(finds_damage),
		TEST(r01_serial_numbers),
		TEST(r03_r04_validity),
		TEST(r04_same_three_years_everywhere),
		TEST(r15_names_are_never_reassigned),
		TEST(r31_r36_keys_count_once),
		TEST(r35_no_certificate_without_its_order),
		TEST(r203_an_order_counts_once),
		TEST(r47_r58_revocation_is_final),
		TEST(walks_by_holder_order_and_pages),
		TEST(r57_what_a_crl_lists),
		TEST(r49_crl_numbers_grow_by_one),
		TEST(r81_r209_the_log_only_grows),
		TEST(r213_no_program_rewrites_history),
		TEST(a_mark_undoes_only_itself),
		TEST(an_order_needs_its_log_entry),
		TEST(readers_see_commits_and_keep_snapshots),
		TEST(a_bare_copy_is_readable),
		TEST(a_full_disk_undoes_the_transaction_and_no_more),
		TEST(a_kill_leaves_all_or_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
