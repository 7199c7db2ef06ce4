/* What the rows allow: the rules, and what is read back. */
#include <stdio.h>
#include <string.h>

#include "tests/unit/common/ledger_rows.h"

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
	struct pki_name_use use;
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
	ok(pki_ledger_name_use(f->ledger, service.name_key, "H-2", &use, &err));
	assert_string_equal(use.other, PKI_HOLDER_SERVICE);
	assert_false(use.own);
	row = make_cert(3, "H-2", 2);
	ok(pki_ledger_name_use(f->ledger, row.name_key, "H-2", &use, &err));
	assert_string_equal(use.other, "");
	assert_false(use.own);
	ok(add_cert(f->ledger, row, &err));
	ok(pki_ledger_name_use(f->ledger, row.name_key, "H-2", &use, &err));
	assert_string_equal(use.other, "");
	assert_true(use.own);
	assert_false(use.shared);
	ok(pki_ledger_name_use(f->ledger, row.name_key, "", &use, &err));
	assert_string_equal(use.other, "H-2");
	/* an officer renews under the same name */
	ok(add_order(f->ledger, 3, PKI_ACTION_RENEW, "", &err));
	row = make_cert(11, "", 3);
	ok(add_cert(f->ledger, row, &err));
	commit(f);
}

/* The old hashes differ, the names do not. */
static void
r108_names_are_compared_by_key(void **state)
{
	struct fixture *f = *state;
	issue_first(f);
	begin(f);
	ok(add_order(f->ledger, 2, PKI_ACTION_ISSUE, "H-2", &err));
	struct pki_cert_row row = make_cert(3, "H-2", 2);
	memcpy(row.name_key, make_cert(1, "H-1", 1).name_key, PKI_SHA256);
	refused(add_cert(f->ledger, row, &err), DN_REASSIGNED);
	pki_ledger_rollback(f->ledger);
}

static void
r109_an_identifier_has_one_holder(void **state)
{
	struct fixture *f = *state;
	struct pki_identifier_use use;
	uint64_t shared = 9;
	issue_first(f);
	begin(f);
	ok(add_order(f->ledger, 2, PKI_ACTION_ISSUE, "H-2", &err));
	struct pki_cert_row row = make_cert(3, "H-2", 2);
	strcpy(row.identifier, make_cert(1, "H-1", 1).identifier);
	refused(add_cert(f->ledger, row, &err), IDENTIFIER);
	row = make_cert(4, "H-2", 2);
	ok(add_cert(f->ledger, row, &err));
	row = make_cert(5, "H-2", 2);
	ok(add_cert(f->ledger, row, &err));
	commit(f);
	ok(pki_ledger_identifier_use(f->ledger, row.identifier, "H-1", &use, &err));
	assert_string_equal(use.other, "H-2");
	assert_false(use.own);
	ok(pki_ledger_identifier_use(f->ledger, row.identifier, "H-2", &use, &err));
	assert_string_equal(use.other, "");
	assert_true(use.own);
	ok(pki_ledger_identifier_use(f->ledger, "", "H-2", &use, &err));
	assert_string_equal(use.other, "");
	ok(pki_ledger_identifiers_shared(f->ledger, START, &shared, &err));
	assert_int_equal(shared, 0);
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
	ok(pki_ledger_order(f->ledger, row.id, &read, NULL, &err));
	assert_string_equal(read.id, row.id);
	assert_string_equal(read.holder, "H-1");
	assert_int_equal(read.action, PKI_ACTION_ISSUE);
	assert_int_equal(read.committed, START * 1000);
	assert_memory_equal(read.cms.data, "cms", 3);
	struct pki_order_row none = { 0 };
	fails(pki_ledger_order(f->ledger, other.id, &none, NULL, &err), NOTFOUND);
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
	ok(pki_ledger_certificate(f->ledger, 2, &cert.serial, &read, NULL, &err));
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

static struct pki_cert_row
make_officer(uint64_t n, uint64_t order)
{
	struct pki_cert_row row = make_cert(n, "", order);
	snprintf(row.profile, sizeof row.profile, "officer-security");
	return row;
}

/* Adds the certificate n, by the ceremony; the ledger's number of it. */
static int64_t
put_officer(struct fixture *f, struct pki_cert_row row)
{
	ok(pki_buf_append(&row.der, "der", 3, &err));
	ok(pki_ledger_add_certificate(f->ledger, &row, &err));
	pki_cert_row_free(&row);
	return row.id;
}

static void
r121_a_person_has_one_valid_certificate(void **state)
{
	struct fixture *f = *state;
	char person[PKI_PERSON_TEXT];
	begin(f);
	int64_t first = put_officer(f, make_officer(1, 0));
	int64_t second = put_officer(f, make_officer(2, 0));
	struct pki_cert_row later = make_officer(3, 0);
	later.not_before = START + YEAR + 1;
	later.not_after = START + 2 * YEAR;
	int64_t third = put_officer(f, later);
	ok(pki_ledger_add_officer(f->ledger, first, "OF:MC-1", &err));
	refused(pki_ledger_add_officer(f->ledger, second, "OF:MC-1", &err), PERSONS);
	ok(pki_ledger_add_officer(f->ledger, second, "OF:MC-2", &err));
	refused(pki_ledger_add_officer(f->ledger, second, "OF:MC-3", &err), APPEND_ONLY);
	/* the first certificate has ended by then */
	ok(pki_ledger_add_officer(f->ledger, third, "OF:MC-1", &err));
	refused(pki_ledger_add_officer(f->ledger, 99, "OF:MC-9", &err), PERSONS);
	ok(pki_ledger_officer(f->ledger, first, person, &err));
	assert_string_equal(person, "OF:MC-1");
	ok(pki_ledger_officer(f->ledger, 99, person, &err));
	assert_string_equal(person, "");
	commit(f);
}

static enum pki_status
supersede(struct fixture *f, const struct pki_cert_row *old, uint64_t order,
	enum pki_reason reason, struct pki_err *error)
{
	struct pki_revocation_row row = { .issuer = PKI_ISSUER_CA,
		.serial = old->serial,
		.reason = reason,
		.reported = START * 1000,
		.committed = START * 1000 };
	snprintf(row.order, sizeof row.order, "O-%032jx", (uintmax_t)order);
	return pki_ledger_add_revocation(f->ledger, &row, error);
}

static void
r121_a_renewal_revokes_what_it_replaces(void **state)
{
	struct fixture *f = *state;
	struct pki_cert_row old = make_officer(11, 0), other = make_officer(12, 0);
	snprintf(other.profile, sizeof other.profile, "officer-auditor");
	begin(f);
	int64_t first = put_officer(f, old);
	put_officer(f, other);
	ok(pki_ledger_add_officer(f->ledger, first, "OF:MC-1", &err));
	commit(f);
	issue_first(f);
	begin(f);
	struct pki_cert_row holder = make_cert(1, "H-1", 1);
	ok(add_order(f->ledger, 5, PKI_ACTION_RENEW, "", &err));
	refused(supersede(f, &old, 5, PKI_REASON_SUPERSEDED, &err), REVOCATION);
	int64_t next = put_officer(f, make_officer(13, 5));
	refused(pki_ledger_add_officer(f->ledger, next, "OF:MC-1", &err), PERSONS);
	refused(supersede(f, &old, 5, PKI_REASON_KEY_COMPROMISE, &err), REVOCATION);
	refused(supersede(f, &other, 5, PKI_REASON_SUPERSEDED, &err), REVOCATION);
	refused(supersede(f, &holder, 5, PKI_REASON_SUPERSEDED, &err), REVOCATION);
	refused(supersede(f, &old, 1, PKI_REASON_SUPERSEDED, &err), REVOCATION);
	ok(supersede(f, &old, 5, PKI_REASON_SUPERSEDED, &err));
	ok(pki_ledger_add_officer(f->ledger, next, "OF:MC-1", &err));
	commit(f);
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
	ok(pki_ledger_by_order(f->ledger, "O-00000000000000000000000000000002",
		count_cert, &left, &err));
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

/* In decimal, the last octet of the id of each. */
static enum pki_status
collect_order(void *ctx, const struct pki_order_row *row, struct pki_err *err)
{
	(void)err;
	uint64_t *seen = ctx;
	*seen = *seen * 10 + (uint64_t)(row->id[strlen(row->id) - 1] - '0');
	assert_true(row->row > 0);
	return PKI_OK;
}

static void
walk_of_orders(void **state)
{
	struct fixture *f = *state;
	static const struct {
		int64_t after;
		uint64_t limit, want;
	} cases[] = { { INT64_MIN, 0, 1234 }, { 0, 3, 123 }, { 1, 2, 23 }, { 3, 9, 4 },
		{ 4, 1, 0 } };
	begin(f);
	for (int i = 1; i <= 4; i++)
		ok(add_order(f->ledger, i, PKI_ACTION_ISSUE, "H-2", &err));
	commit(f);
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		uint64_t seen = 0;
		ok(pki_ledger_orders_after(f->ledger, cases[i].after, cases[i].limit,
			collect_order, &seen, &err));
		assert_int_equal(seen, cases[i].want);
	}
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
		pki_time from, until;
		uint64_t after, want;
	} cases[] = { { 2, START, 0, 0, 312 }, { 2, START + 100, 0, 0, 312 },
		{ 2, START + 101, 0, 0, 32 }, { 2, START + 301, 0, 0, 0 },
		{ 2, START, 0, 1, 12 }, { 2, START + 101, 0, 2, 2 },
		{ 2, START, 0, 3, 0 }, { 1, START, 0, 0, 0 },
		{ 2, START, START + 101, 0, 1 }, { 2, START + 100, START + 201, 0, 12 },
		{ 2, START, START + 100, 0, 0 } };
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		uint64_t seen = 0;
		const struct pki_revoked_query query = { .issuer = cases[i].issuer,
			.after = cases[i].after,
			.from = cases[i].from };
		if (cases[i].until == 0)
			ok(pki_ledger_each_revoked(
				f->ledger, &query, collect, &seen, &err));
		else
			ok(pki_ledger_each_ending(f->ledger,
				&(struct pki_ending_query){
					query.issuer, query.from, cases[i].until },
				collect, &seen, &err));
		assert_int_equal(seen, cases[i].want);
	}
}

static void
r49_crl_numbers_grow_by_one(void **state)
{
	struct fixture *f = *state;
	struct pki_cert_row cert = make_cert(1, "H-1", 1), good = make_cert(2, "H-1", 1);
	struct pki_crl_row none = { 0 };
	issue_first(f);
	begin(f);
	fails(pki_ledger_crl(f->ledger, 2, 0, &none, NULL, &err), NOTFOUND);
	refused(add_crl(f->ledger, 2, START, 0, &err), CRL_FIELDS);
	ok(add_crl(f->ledger, 1, START + 10, 0, &err));
	refused(add_crl(f->ledger, 1, START + 10, 0, &err), CRL_FIELDS);
	refused(add_crl(f->ledger, 3, START + 10, 0, &err), CRL_FIELDS);
	refused(add_crl(f->ledger, 2, START + 9, 0, &err), CRL_FIELDS);
	refused(add_crl(f->ledger, 2, START + 10, 1, &err), REVOKED_FINAL);
	ok(add_order(f->ledger, 2, PKI_ACTION_REVOKE, "H-1", &err));
	ok(add_revocation(f->ledger, &cert, 2, START * 1000, &err));
	fails(pki_ledger_crl_covering(f->ledger, 2, &cert.serial, &none, NULL, &err),
		NOTFOUND);
	ok(add_crl(f->ledger, 2, START + 20, 1, &err));
	refused(add_crl(f->ledger, 3, START + 20, 0, &err), REVOKED_FINAL);
	ok(add_crl(f->ledger, 3, START + 20, 1, &err));
	fails(pki_ledger_crl_covering(f->ledger, 2, &good.serial, &none, NULL, &err),
		NOTFOUND);
	ok(pki_ledger_add_publication(f->ledger, 2, 2, START * 1000 + 77, &err));
	fails(pki_ledger_add_publication(f->ledger, 2, 2, START * 1000 + 78, &err),
		STATE);
	commit(f);
	PKI_CLEANUP(pki_crl_row_free) struct pki_crl_row crl = { 0 };
	ok(pki_ledger_crl_covering(f->ledger, 2, &cert.serial, &crl, NULL, &err));
	assert_int_equal(crl.number, 2);
	assert_int_equal(crl.published, START * 1000 + 77);
	PKI_CLEANUP(pki_crl_row_free) struct pki_crl_row last = { 0 };
	ok(pki_ledger_crl(f->ledger, 2, 0, &last, NULL, &err));
	assert_int_equal(last.number, 3);
	assert_int_equal(last.published, 0);
	assert_int_equal(last.this_update, START + 20);
}

static const struct pki_urls urls = { .crl_base = "http://a.test/crl/", .partitions = 4 };

static void
r52_partitions_are_for_ever(void **state)
{
	struct fixture *f = *state;
	struct pki_urls known;
	struct pki_cert_row read = { 0 };
	issue_first(f);
	ok(pki_ledger_partitions(f->ledger, 2, &known, &err));
	assert_int_equal(known.partitions, 0);
	begin(f);
	struct pki_cert_row cert = make_cert(3, "H-1", 1), other = make_cert(4, "H-1", 1);
	cert.partition = 1;
	refused(add_cert(f->ledger, cert, &err), CRL_PARTITION);
	refused(add_list(f->ledger, 1, 1, START, 0, false, &err), CRL_PARTITION);
	ok(pki_ledger_add_partitions(f->ledger, 2, &urls, &err));
	refused(pki_ledger_add_partitions(f->ledger, 2, &urls, &err), CRL_PARTITION);
	ok(pki_ledger_partitions(f->ledger, 2, &known, &err));
	assert_int_equal(known.partitions, 4);
	assert_string_equal(known.crl_base, "http://a.test/crl/");
	ok(pki_ledger_partitions(f->ledger, 1, &known, &err));
	assert_int_equal(known.partitions, 0);
	cert.partition = 4;
	ok(add_cert(f->ledger, cert, &err));
	other.partition = 5;
	refused(add_cert(f->ledger, other, &err), CRL_PARTITION);
	refused(add_list(f->ledger, 5, 1, START, 0, false, &err), CRL_PARTITION);
	commit(f);
	ok(pki_ledger_certificate(f->ledger, 2, &cert.serial, &read, NULL, &err));
	assert_int_equal(read.partition, 4);
	pki_cert_row_free(&read);
}

static enum pki_status
sum_partitions(void *ctx, const struct pki_revoked *revoked, struct pki_err *err)
{
	(void)err;
	uint64_t *sum = ctx;
	*sum = *sum * 10 + revoked->partition + 1;
	return PKI_OK;
}

/* Each list by itself, its numbers from one sequence. */
static void
r49_r52_lists_of_one_issuer(void **state)
{
	struct fixture *f = *state;
	struct pki_cert_row certs[4];
	struct pki_crl_row row = { 0 };
	issue_first(f);
	begin(f);
	ok(pki_ledger_add_partitions(f->ledger, 2, &urls, &err));
	ok(add_order(f->ledger, 2, PKI_ACTION_REVOKE, "H-1", &err));
	for (unsigned i = 0; i < 4; i++) {
		certs[i] = make_cert(10 + i, "H-1", 1);
		certs[i].partition = i % 3;
		ok(add_cert(f->ledger, certs[i], &err));
	}
	fails(pki_ledger_last_crl(f->ledger, 2, PKI_LIST_ANY, &row, NULL, &err),
		NOTFOUND);
	ok(add_list(f->ledger, 0, 1, START, 0, false, &err));
	ok(add_list(f->ledger, 2, 2, START, 0, false, &err));
	refused(add_list(f->ledger, 1, 2, START, 0, false, &err), CRL_FIELDS);
	refused(add_list(f->ledger, 1, 3, START - 1, 0, false, &err), CRL_FIELDS);
	for (unsigned i = 0; i < 4; i++)
		ok(add_revocation(f->ledger, &certs[i], 2, START * 1000, &err));
	ok(add_list(f->ledger, 1, 3, START, 2, false, &err));
	refused(add_list(f->ledger, 2, 4, START, 1, false, &err), REVOKED_FINAL);
	ok(add_list(f->ledger, 2, 4, START + 1, 4, false, &err));
	ok(add_list(f->ledger, 0, 5, START + 2, 4, false, &err));
	commit(f);
	static const struct {
		int partition;
		uint64_t want;
	} last[] = { { PKI_LIST_ANY, 5 }, { 0, 5 }, { 1, 3 }, { 2, 4 } };
	for (size_t i = 0; i < PKI_COUNT(last); i++) {
		ok(pki_ledger_last_crl(
			f->ledger, 2, last[i].partition, &row, NULL, &err));
		assert_int_equal(row.number, last[i].want);
		assert_null(row.der.data);
	}
	fails(pki_ledger_last_crl(f->ledger, 2, 3, &row, NULL, &err), NOTFOUND);
	/* the list that the certificate names: 0 and 3 the full one */
	static const uint64_t covering[] = { 5, 3, 4, 5 };
	for (size_t i = 0; i < 4; i++) {
		ok(pki_ledger_crl_covering(
			f->ledger, 2, &certs[i].serial, &row, NULL, &err));
		assert_int_equal(row.number, covering[i]);
		assert_int_equal(row.partition, certs[i].partition);
	}
	struct pki_revoked_query query = { .issuer = 2 };
	static const uint64_t sums[] = { 1231, 2, 3, 0 };
	for (unsigned k = 0; k < 4; k++) {
		uint64_t sum = 0;
		query.partition = k;
		ok(pki_ledger_each_revoked(
			f->ledger, &query, sum_partitions, &sum, &err));
		assert_int_equal(sum, sums[k]);
	}
	query = (struct pki_revoked_query){ .issuer = 2, .partition = 2, .after = 3 };
	uint64_t none = 0;
	ok(pki_ledger_each_revoked(f->ledger, &query, sum_partitions, &none, &err));
	assert_int_equal(none, 0);
}

static void
r53_r55_nothing_follows_the_last_crl(void **state)
{
	struct fixture *f = *state;
	struct pki_cert_row first = make_cert(1, "H-1", 1),
			    second = make_cert(2, "H-1", 1);
	pki_time end = START + YEAR;
	issue_first(f);
	begin(f);
	ok(pki_ledger_add_partitions(f->ledger, 2, &urls, &err));
	ok(add_order(f->ledger, 2, PKI_ACTION_REVOKE, "H-1", &err));
	refused(add_list(f->ledger, 0, 1, end, 0, true, &err), CRL_LAST);
	ok(add_revocation(f->ledger, &first, 2, START * 1000, &err));
	refused(add_list(f->ledger, 0, 1, end, 1, true, &err), CRL_LAST);
	ok(pki_ledger_mark(f->ledger, &err));
	ok(add_list(f->ledger, 0, 1, end + 1, 1, true, &err));
	pki_ledger_undo(f->ledger);
	ok(add_revocation(f->ledger, &second, 2, START * 1000, &err));
	ok(add_list(f->ledger, 0, 1, end, 2, true, &err));
	refused(add_list(f->ledger, 0, 2, end, 2, true, &err), CRL_LAST);
	refused(add_list(f->ledger, 0, 2, end, 2, false, &err), CRL_LAST);
	ok(add_list(f->ledger, 1, 2, end, 2, false, &err));
	ok(add_list(f->ledger, 1, 3, end, 2, true, &err));
	refused(add_list(f->ledger, 1, 4, end, 2, true, &err), CRL_LAST);
	refused(add_cert(f->ledger, make_cert(3, "H-1", 1), &err), CRL_LAST);
	commit(f);
	struct pki_crl_row row;
	ok(pki_ledger_last_crl(f->ledger, 2, 0, &row, NULL, &err));
	assert_int_equal(row.next_update, PKI_CRL_LAST);
}

static void
r55_what_keeps_the_last_crl_waiting(void **state)
{
	struct fixture *f = *state;
	struct pki_ledger_alive alive;
	struct pki_cert_row later = make_cert(3, "H-1", 1);
	later.not_after += 100;
	issue_first(f); /* serials 1 and 2 */
	begin(f);
	ok(add_order(f->ledger, 2, PKI_ACTION_REVOKE, "H-1", &err));
	ok(add_cert(f->ledger, later, &err));
	ok(pki_ledger_alive(f->ledger, 2, START, &alive, &err));
	assert_int_equal(alive.count, 3);
	assert_int_equal(alive.not_after, later.not_after);
	assert_int_equal(pki_serial_compare(&alive.serial, &later.serial), 0);
	assert_string_equal(alive.profile, later.profile);
	ok(pki_ledger_alive(f->ledger, 2, later.not_after, &alive, &err));
	assert_int_equal(alive.count, 1);
	ok(pki_ledger_alive(f->ledger, 2, later.not_after + 1, &alive, &err));
	assert_int_equal(alive.count, 0);
	ok(add_revocation(f->ledger, &later, 2, START * 1000, &err));
	ok(pki_ledger_alive(f->ledger, 2, START, &alive, &err));
	assert_int_equal(alive.count, 2);
	assert_int_equal(alive.not_after, later.not_after - 100);
	ok(pki_ledger_alive(f->ledger, 1, START, &alive, &err));
	assert_int_equal(alive.count, 0);
	commit(f);
}

static void
r55_no_revocation_after_the_last_crl(void **state)
{
	struct fixture *f = *state;
	struct pki_cert_row cert = make_cert(1, "H-1", 1);
	issue_first(f);
	begin(f);
	ok(add_order(f->ledger, 2, PKI_ACTION_REVOKE, "H-1", &err));
	ok(add_list(f->ledger, 0, 1, START + YEAR + 1, 0, true, &err));
	refused(add_revocation(f->ledger, &cert, 2, START * 1000, &err), CRL_LAST);
	commit(f);
}

static void
r57_no_list_lets_go_what_has_not_expired(void **state)
{
	struct fixture *f = *state;
	struct pki_crl_row row = { .issuer = PKI_ISSUER_CA,
		.number = 1,
		.this_update = START,
		.next_update = START + 1,
		.cutoff = START + 1 };
	ok(pki_buf_append(&row.der, "crl", 3, &err));
	begin(f);
	refused(pki_ledger_add_crl(f->ledger, &row, &err), CRL_EXPIRED);
	row.cutoff = START;
	ok(pki_ledger_add_crl(f->ledger, &row, &err));
	pki_crl_row_free(&row);
	ok(pki_ledger_crl_head(f->ledger, 2, 1, &row, NULL, &err));
	assert_int_equal(row.cutoff, START);
	commit(f);
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
	ok(pki_ledger_checkpoint(f->ledger, 0, &out, NULL, &err));
	ok(pki_ledger_entry(f->ledger, 1, &out, &err));
	assert_string_equal((char *)out.data, "note{}");
	fails(pki_ledger_entry(f->ledger, 2, &out, &err), NOTFOUND);
	fails(pki_ledger_checkpoint(f->ledger, 3, &out, NULL, &err), NOTFOUND);
	struct pki_hash read;
	ok(pki_ledger_hash(f->ledger, 0, 0, &read, &err));
	assert_int_equal(read.octets[0], 1);
	fails(pki_ledger_hash(f->ledger, 1, 0, &read, &err), NOTFOUND);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(r01_serial_numbers),
		TEST(r03_r04_validity),
		TEST(r04_same_three_years_everywhere),
		TEST(r15_names_are_never_reassigned),
		TEST(r109_an_identifier_has_one_holder),
		TEST(r108_names_are_compared_by_key),
		TEST(r31_r36_keys_count_once),
		TEST(r35_no_certificate_without_its_order),
		TEST(r203_an_order_counts_once),
		TEST(r47_r58_revocation_is_final),
		TEST(r121_a_person_has_one_valid_certificate),
		TEST(r121_a_renewal_revokes_what_it_replaces),
		TEST(walks_by_holder_order_and_pages),
		TEST(walk_of_orders),
		TEST(r57_what_a_crl_lists),
		TEST(r49_crl_numbers_grow_by_one),
		TEST(r49_r52_lists_of_one_issuer),
		TEST(r52_partitions_are_for_ever),
		TEST(r53_r55_nothing_follows_the_last_crl),
		TEST(r55_no_revocation_after_the_last_crl),
		TEST(r55_what_keeps_the_last_crl_waiting),
		TEST(r57_no_list_lets_go_what_has_not_expired),
		TEST(r81_r209_the_log_only_grows),
		TEST(a_mark_undoes_only_itself),
		TEST(an_order_needs_its_log_entry),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
