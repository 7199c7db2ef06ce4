/* Walks that take several batches, and callbacks that use the handle of their walk. */
#include <string.h>

#include "tests/unit/common/ledger_rows.h"

/* More than any batch has, and no multiple of one. */
#define MANY 2500u

static uint64_t
number_of(const struct pki_serial *serial)
{
	uint64_t n;
	memcpy(&n, serial->octets + 8, sizeof n);
	return n;
}

/* Certificates 1 to MANY, all revoked in this order and with one end. */
static void
revoke_many(struct fixture *f)
{
	begin(f);
	ok(add_order(f->ledger, 1, PKI_ACTION_ISSUE, "H-1", &err));
	ok(add_order(f->ledger, 2, PKI_ACTION_REVOKE, "H-1", &err));
	for (uint64_t n = 1; n <= MANY; n++) {
		struct pki_cert_row cert = make_cert(n, "H-1", 1);
		ok(add_cert(f->ledger, cert, &err));
		ok(add_revocation(f->ledger, &cert, 2, START * 1000, &err));
	}
	commit(f);
}

/* Counts rows that come in the order of their numbers. */
struct count {
	struct pki_ledger *ledger;
	uint64_t first, seen;
	unsigned depth;
};

static void
count_one(struct count *count, const struct pki_serial *serial)
{
	assert_int_equal(number_of(serial), count->first + count->seen);
	count->seen++;
}

static enum pki_status
on_cert(void *ctx, const struct pki_cert_row *row, struct pki_err *err)
{
	(void)err;
	assert_int_equal(row->der.len, 3);
	count_one(ctx, &row->serial);
	return PKI_OK;
}

static enum pki_status
on_revoked(void *ctx, const struct pki_revoked *revoked, struct pki_err *err)
{
	(void)err;
	count_one(ctx, &revoked->serial);
	return PKI_OK;
}

static enum pki_status
on_revocation(void *ctx, const struct pki_revocation_row *row, struct pki_err *err)
{
	(void)err;
	count_one(ctx, &row->serial);
	return PKI_OK;
}

static void
each_row_comes_once(void **state)
{
	struct fixture *f = *state;
	revoke_many(f);
	static const struct {
		uint64_t after, limit, want;
	} pages[] = { { 0, 0, MANY }, { 0, 64, 64 }, { 0, 65, 65 }, { 100, 200, 200 },
		{ MANY - 10, 64, 10 }, { MANY, 0, 0 } };
	for (size_t i = 0; i < PKI_COUNT(pages); i++) {
		struct count count = { .first = pages[i].after + 1 };
		ok(pki_ledger_each_certificate(f->ledger, (int64_t)pages[i].after,
			pages[i].limit, on_cert, &count, &err));
		assert_int_equal(count.seen, pages[i].want);
	}
	static const struct {
		uint64_t after, to, want;
	} lists[] = { { 0, 0, MANY }, { 0, 1024, 1024 }, { 0, 1025, 1025 },
		{ 476, 0, MANY - 476 }, { MANY, 0, 0 } };
	for (size_t i = 0; i < PKI_COUNT(lists); i++) {
		struct count count = { .first = lists[i].after + 1 };
		const struct pki_revoked_query query = { .issuer = PKI_ISSUER_CA,
			.after = lists[i].after,
			.to = lists[i].to };
		ok(pki_ledger_each_revoked(f->ledger, &query, on_revoked, &count, &err));
		assert_int_equal(count.seen, lists[i].want);
	}
	struct count ending = { .first = 1 }, all = { .first = 1 }, held = { .first = 1 };
	const struct pki_ending_query year_end = { PKI_ISSUER_CA, START + YEAR,
		START + YEAR + 1 };
	ok(pki_ledger_each_ending(f->ledger, &year_end, on_revoked, &ending, &err));
	assert_int_equal(ending.seen, MANY);
	ok(pki_ledger_each_revocation(
		f->ledger, PKI_ISSUER_CA, on_revocation, &all, &err));
	assert_int_equal(all.seen, MANY);
	ok(pki_ledger_by_holder(f->ledger, "H-1", on_cert, &held, &err));
	assert_int_equal(held.seen, MANY);
}

static enum pki_status
on_checkpoint(void *ctx, uint64_t size, struct pki_bytes note, struct pki_err *err)
{
	uint64_t *last = ctx;
	(void)err;
	assert_int_equal(size, *last + 1);
	assert_memory_equal(note.data, "note", note.len);
	*last = size;
	return PKI_OK;
}

static void
each_checkpoint_comes_once(void **state)
{
	struct fixture *f = *state;
	const struct pki_bytes note = { (const uint8_t *)"note", 4 };
	uint64_t last = 0;
	begin(f);
	for (uint64_t n = 1; n <= 200; n++) {
		ok(add_entry(f->ledger, n, START * 1000, &err));
		ok(pki_ledger_add_checkpoint(f->ledger, n, note, &err));
	}
	commit(f);
	ok(pki_ledger_each_checkpoint(f->ledger, on_checkpoint, &last, &err));
	assert_int_equal(last, 200);
}

/* Look-ups, the same walk once more, and another one. */
static enum pki_status
on_cert_again(void *ctx, const struct pki_cert_row *row, struct pki_err *err)
{
	struct count *outer = ctx;
	struct count inner = { outer->ledger, 1, 0, outer->depth + 1 };
	PKI_CLEANUP(pki_cert_row_free) struct pki_cert_row same = { 0 };
	count_one(outer, &row->serial);
	PKI_TRY(pki_ledger_issued(outer->ledger, &row->serial, &same, NULL, err));
	assert_int_equal(same.id, row->id);
	if (outer->depth == 2)
		return PKI_OK;
	PKI_TRY(pki_ledger_by_holder(outer->ledger, "H-1", on_cert_again, &inner, err));
	assert_int_equal(inner.seen, 2);
	return PKI_OK;
}

static void
callbacks_use_the_handle(void **state)
{
	struct fixture *f = *state;
	PKI_CLEANUP(pki_ledger_cleanup) struct pki_ledger *reader = NULL;
	issue_first(f);
	ok(pki_ledger_open(f->path, PKI_LEDGER_READ, &reader, &err));
	struct pki_ledger *const handles[] = { f->ledger, reader };
	for (size_t i = 0; i < PKI_COUNT(handles); i++) {
		struct count count = { .ledger = handles[i], .first = 1 };
		ok(pki_ledger_by_holder(handles[i], "H-1", on_cert_again, &count, &err));
		assert_int_equal(count.seen, 2);
	}
}

/* What is committed while a reader walks does not show in its walk. */
struct race {
	struct fixture *f;
	struct pki_ledger *reader;
	uint64_t seen;
};

static void
add_another(struct fixture *f)
{
	begin(f);
	ok(add_cert(f->ledger, make_cert(MANY + 1, "H-1", 1), &err));
	commit(f);
}

static enum pki_status
commit_meanwhile(void *ctx, const struct pki_cert_row *row, struct pki_err *err)
{
	struct race *race = ctx;
	struct pki_cert_status status;
	if (race->seen++ == 0)
		add_another(race->f);
	assert_true(row->revoked);
	struct pki_serial added = make_cert(MANY + 1, "H-1", 1).serial;
	PKI_TRY(pki_ledger_status(race->reader, PKI_ISSUER_CA, &added, &status, err));
	assert_false(status.issued);
	return PKI_OK;
}

static void
a_walk_is_of_one_state(void **state)
{
	struct fixture *f = *state;
	PKI_CLEANUP(pki_ledger_cleanup) struct pki_ledger *reader = NULL;
	struct pki_ledger_figures figures;
	revoke_many(f);
	ok(pki_ledger_open(f->path, PKI_LEDGER_READ, &reader, &err));
	struct race race = { f, reader, 0 };
	ok(pki_ledger_each_certificate(reader, 0, 0, commit_meanwhile, &race, &err));
	assert_int_equal(race.seen, MANY);
	ok(pki_ledger_count(reader, &figures, &err));
	assert_int_equal(figures.certificates, MANY + 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_row_comes_once),
		TEST(each_checkpoint_comes_once),
		TEST(callbacks_use_the_handle),
		TEST(a_walk_is_of_one_state),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
