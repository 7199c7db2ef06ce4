#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "crl/gate.h"
#include "crl/sample.h"
#include "crl/service.h"
#include "tests/unit/common/status_pki.h"

#define URL "http://a.test/crl/1.crl"

/* The certificates of the ledger; all but EXPIRED are alive. */
enum { ONE = 1, TWO, THREE, EXPIRED, LAST };

static struct {
	struct status_id ca, other;
	struct service d;
	char dir[32];
	char path[64];
	pki_time now;
} f;

#define ok(call) \
	do { \
		struct pki_err err = { 0 }; \
		if ((call) != PKI_OK) \
			fail_msg("%s: %s", #call, err.msg); \
	} while (0)

static struct pki_serial
serial(uint8_t n)
{
	struct pki_serial s = { .octets = { 0x40 }, .len = 20 };
	s.octets[19] = n;
	return s;
}

static void
add_certificate(uint8_t n)
{
	struct pki_cert_row row = {
		.issuer = PKI_ISSUER_CA,
		.serial = serial(n),
		.key_hash = { n },
		.not_before = f.now - 20 * PKI_DAY,
		.not_after = n == EXPIRED ? f.now - 2 * PKI_DAY : f.now + 10 * PKI_DAY,
		.issued = (f.now - 20 * PKI_DAY) * 1000,
	};
	snprintf(row.profile, sizeof row.profile, "officer-auditor");
	ok(pki_buf_append(&row.der, "der", 3, &err));
	ok(pki_ledger_add_certificate(f.d.ledger, &row, &err));
	pki_cert_row_free(&row);
}

static int
set_up(void **state)
{
	(void)state;
	f.now = pki_time_now();
	f.ca = status_ca("TEST CA");
	f.other = status_ca("TEST Other");
	f.d.issuers[PKI_ISSUER_CA] = f.ca.cert;
	strcpy(f.dir, "/tmp/pki-gate-XXXXXX");
	assert_non_null(mkdtemp(f.dir));
	snprintf(f.path, sizeof f.path, "%s/ledger.db", f.dir);
	ok(pki_ledger_open(f.path, PKI_LEDGER_CREATE, &f.d.ledger, &err));
	ok(pki_ledger_begin(f.d.ledger, &err));
	ok(pki_ledger_add_issuer(f.d.ledger, PKI_ISSUER_ROOT, f.ca.cert, &err));
	ok(pki_ledger_add_issuer(f.d.ledger, PKI_ISSUER_CA, f.ca.cert, &err));
	for (int n = ONE; n <= LAST; n++)
		add_certificate((uint8_t)n);
	ok(pki_ledger_commit(f.d.ledger, &err));
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	char command[64];
	pki_ledger_close(f.d.ledger);
	status_free(&f.ca);
	status_free(&f.other);
	snprintf(command, sizeof command, "rm -r %s", f.dir);
	return system(command);
}

/* What stands on a list: serials up to 0, revoked that long before the list was made. */
struct list {
	uint64_t number;
	uint8_t serials[5];
	pki_time age; /* of the list */
	enum pki_reason reason; /* of the first; 0: keyCompromise as for the others */
	pki_time earlier; /* the first is revoked so much earlier */
	bool partition; /* its IDP */
	bool keeps; /* expiredCertsOnCRL */
	bool other; /* of another CA */
	bool spoilt; /* its signature */
};

static size_t
entries(const struct list *list, struct pki_revoked out[5])
{
	size_t count = 0;
	for (; list->serials[count] != 0; count++)
		out[count] = (struct pki_revoked){ .serial = serial(list->serials[count]),
			.revoked_at = f.now - 5 * PKI_DAY,
			.reason = PKI_REASON_KEY_COMPROMISE };
	if (count == 0)
		return 0;
	out[0].revoked_at -= list->earlier;
	if (list->reason != 0)
		out[0].reason = list->reason;
	return count;
}

static struct pki_crl *
make(const struct list *list)
{
	struct pki_revoked revoked[5];
	const struct status_id *ca = list->other ? &f.other : &f.ca;
	struct pki_crl_spec spec = { .issuer = ca->cert,
		.number = list->number,
		.this_update = f.now - list->age,
		.next_update = f.now - list->age + PKI_DAY,
		.distribution_point = list->partition ? URL : NULL,
		.expired_since = list->keeps ? pki_cert_not_before(ca->cert) : 0,
		.revoked = revoked,
		.count = entries(list, revoked) };
	struct pki_crl *crl = NULL;
	ok(pki_crl_build(&spec, ca->key, &crl, &err));
	if (!list->spoilt)
		return crl;
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 };
	struct pki_bytes good = pki_crl_get0_der(crl);
	ok(pki_buf_append(&der, good.data, good.len, &err));
	der.data[der.len - 1] ^= 1;
	pki_crl_free(crl);
	ok(pki_crl_parse(pki_buf_bytes(&der), &crl, &err));
	return crl;
}

/* What the gate is told that it is. */
struct told {
	bool partition, keeps, anew; /* held against all of the ledger */
	struct sample *fresh;
};

static enum pki_status
pass_as(const struct list *crl, const struct list *published, const struct list *must,
	const struct told *told, struct pki_err *err)
{
	struct pki_revoked revoked[5];
	size_t count = entries(must, revoked);
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *new = make(crl);
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *old = NULL;
	if (published->number != 0)
		old = make(published);
	struct gate gate = { .ledger = f.d.ledger,
		.ca = f.d.issuers[PKI_ISSUER_CA],
		.issuer = PKI_ISSUER_CA,
		.crl = new,
		.published = old,
		.url = told->partition ? URL : NULL,
		.keeps = told->keeps,
		.fresh = told->fresh,
		.resumes = old != NULL && !told->anew };
	PKI_TRY(gate_open(&gate, err));
	for (size_t i = 0; i < count; i++)
		PKI_TRY(gate_must(&gate, &revoked[i], err));
	return gate_close(&gate, err);
}

static enum pki_status
pass(const struct list *crl, const struct list *published, const struct list *must,
	struct pki_err *err)
{
	static const struct told full;
	return pass_as(crl, published, must, &full, err);
}

struct gate_case {
	const char *name;
	struct list crl, published, must;
	enum pki_status want;
	enum pki_rule want_rule;
};

static void
try_cases(const struct gate_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct pki_err err = { 0 };
		enum pki_status got =
			pass(&cases[i].crl, &cases[i].published, &cases[i].must, &err);
		if (got != cases[i].want ||
			(cases[i].want_rule != 0 && err.rule != cases[i].want_rule))
			fail_msg("%s: status %d rule %d: %s", cases[i].name, (int)got,
				(int)err.rule, err.msg);
	}
}

static void
r49_r57_r58_r76_r104_gate(void **state)
{
	(void)state;
	static const struct gate_case cases[] = {
		{ "first", { .number = 1, .serials = { ONE } }, { .number = 0 },
			{ .number = 0, .serials = { ONE } }, PKI_OK, 0 },
		{ "next", { .number = 2, .serials = { ONE, TWO } },
			{ .number = 1, .serials = { ONE } },
			{ .number = 0, .serials = { TWO } }, PKI_OK, 0 },
		{ "empty after empty", { .number = 2, .serials = { 0 } },
			{ .number = 1, .serials = { 0 } }, { .number = 0 }, PKI_OK, 0 },
		{ "a revocation is missing", { .number = 2, .serials = { ONE } },
			{ .number = 0 }, { .number = 0, .serials = { ONE, TWO } },
			PKI_TAMPERED, PKI_RULE_STATUS_AGREE },
		{ "another reason",
			{ .number = 2,
				.serials = { ONE },
				.reason = PKI_REASON_SUPERSEDED },
			{ .number = 0 }, { .number = 0, .serials = { ONE } },
			PKI_TAMPERED, PKI_RULE_STATUS_AGREE },
		{ "another date", { .number = 2, .serials = { ONE }, .earlier = 1 },
			{ .number = 0 }, { .number = 0, .serials = { ONE } },
			PKI_TAMPERED, PKI_RULE_STATUS_AGREE },
		{ "an entry lost", { .number = 2, .serials = { ONE } },
			{ .number = 1, .serials = { ONE, TWO } }, { .number = 0 },
			PKI_TAMPERED, PKI_RULE_CRL_EXPIRED },
		{ "lost, listed past its expiry", { .number = 2, .serials = { ONE } },
			{ .number = 1, .serials = { ONE, EXPIRED } }, { .number = 0 },
			PKI_OK, 0 },
		{ "lost, not listed past its expiry", { .number = 2, .serials = { ONE } },
			{ .number = 1, .serials = { ONE, EXPIRED }, .age = 3 * PKI_DAY },
			{ .number = 0 }, PKI_TAMPERED, PKI_RULE_CRL_EXPIRED },
		{ "the same number", { .number = 2, .serials = { ONE } },
			{ .number = 2, .serials = { ONE } }, { .number = 0 },
			PKI_TAMPERED, PKI_RULE_CRL_FIELDS },
		{ "an older number", { .number = 2, .serials = { ONE } },
			{ .number = 3, .serials = { ONE } }, { .number = 0 },
			PKI_TAMPERED, PKI_RULE_CRL_FIELDS },
		{ "an entry too many", { .number = 2, .serials = { ONE, TWO } },
			{ .number = 1, .serials = { ONE } }, { .number = 0 },
			PKI_TAMPERED, PKI_RULE_STATUS_AGREE },
		{ "changed since the last",
			{ .number = 2, .serials = { ONE, TWO }, .earlier = 1 },
			{ .number = 1, .serials = { ONE } },
			{ .number = 0, .serials = { TWO } }, PKI_TAMPERED,
			PKI_RULE_STATUS_AGREE },
		{ "told again", { .number = 2, .serials = { ONE, TWO } },
			{ .number = 1, .serials = { ONE } },
			{ .number = 0, .serials = { ONE, TWO } }, PKI_OK, 0 },
		{ "of another CA", { .number = 2, .serials = { ONE }, .other = true },
			{ .number = 0 }, { .number = 0 }, PKI_INPUT, 0 },
		{ "bad signature", { .number = 2, .serials = { ONE }, .spoilt = true },
			{ .number = 0 }, { .number = 0 }, PKI_INPUT, 0 },
		{ "out of date", { .number = 2, .serials = { ONE }, .age = 2 * PKI_DAY },
			{ .number = 0 }, { .number = 0 }, PKI_REFUSED,
			PKI_RULE_CRL_FIELDS },
	};
	try_cases(cases, PKI_COUNT(cases));
}

static void
r57_r76_in_the_midst(void **state)
{
	(void)state;
	static const struct gate_case cases[] = {
		{ "next, before and between those of the last",
			{ .number = 2, .serials = { ONE, TWO, THREE, LAST } },
			{ .number = 1, .serials = { TWO, LAST } },
			{ .number = 0, .serials = { ONE, THREE } }, PKI_OK, 0 },
		{ "one lost between others", { .number = 2, .serials = { ONE, THREE } },
			{ .number = 1, .serials = { ONE, TWO, THREE } }, { .number = 0 },
			PKI_TAMPERED, PKI_RULE_CRL_EXPIRED },
		{ "one lost where another one came",
			{ .number = 2, .serials = { TWO, THREE } },
			{ .number = 1, .serials = { ONE, THREE } },
			{ .number = 0, .serials = { TWO } }, PKI_TAMPERED,
			PKI_RULE_CRL_EXPIRED },
		{ "an expired one gone before others",
			{ .number = 2, .serials = { ONE, LAST } },
			{ .number = 1, .serials = { ONE, EXPIRED, LAST } },
			{ .number = 0 }, PKI_OK, 0 },
	};
	try_cases(cases, PKI_COUNT(cases));
}

/* What it says of itself, against what it is asked for. */
static void
r52_r56_its_place(void **state)
{
	(void)state;
	static const struct {
		bool partition, keeps;
		struct told told;
		enum pki_rule want_rule;
	} cases[] = {
		{ true, false, { .partition = true }, 0 },
		{ true, true, { .partition = true, .keeps = true }, 0 },
		{ false, true, { .keeps = true }, 0 },
		{ false, false, { .partition = true }, PKI_RULE_CRL_PARTITION },
		{ true, false, { .partition = false }, PKI_RULE_CRL_PARTITION },
		{ false, false, { .keeps = true }, PKI_RULE_CRL_KEEPS_EXPIRED },
		{ false, true, { .keeps = false }, PKI_RULE_CRL_KEEPS_EXPIRED },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err err = { 0 };
		struct list crl = { .number = 1,
			.partition = cases[i].partition,
			.keeps = cases[i].keeps };
		struct list none = { .number = 0 };
		enum pki_status got = pass_as(&crl, &none, &none, &cases[i].told, &err);
		assert_int_equal(got, cases[i].want_rule != 0 ? PKI_TAMPERED : PKI_OK);
		assert_int_equal(err.rule, cases[i].want_rule);
	}
}

/* What the published one hid, all of the ledger shows. */
static void
r76_against_all_of_the_ledger(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	struct list crl = { .number = 2, .serials = { ONE, TWO } },
		    published = { .number = 1, .serials = { ONE } },
		    all = { .number = 0, .serials = { ONE, TWO } },
		    less = { .number = 0, .serials = { TWO } };
	const struct told anew = { .anew = true };
	assert_int_equal(pass_as(&crl, &published, &all, &anew, &err), PKI_OK);
	assert_int_equal(pass_as(&crl, &published, &less, &anew, &err), PKI_TAMPERED);
	assert_int_equal(err.rule, PKI_RULE_STATUS_AGREE);
}

/* rule 56: with what expired kept, nothing leaves */
static void
r56_nothing_leaves(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	struct list crl = { .number = 2, .serials = { ONE }, .keeps = true },
		    published = { .number = 1,
			    .serials = { ONE, EXPIRED },
			    .keeps = true },
		    none = { .number = 0 };
	const struct told keeps = { .keeps = true };
	assert_int_equal(pass_as(&crl, &published, &none, &keeps, &err), PKI_TAMPERED);
	assert_int_equal(err.rule, PKI_RULE_CRL_EXPIRED);
}

/* An entry of a certificate that the ledger does not know cannot be let go. */
static void
unknown_entry(void **state)
{
	(void)state;
	struct pki_err err = { 0 };
	struct list crl = { .number = 2, .serials = { ONE } },
		    published = { .number = 1, .serials = { ONE, 99 } },
		    none = { .number = 0 };
	assert_int_equal(pass(&crl, &published, &none, &err), PKI_NOTFOUND);
}

/* The responders are asked about what is new on a list, wherever it stands. */
static void
r76_fresh_entries(void **state)
{
	(void)state;
	static const struct list first = { .number = 0 },
				 published = { .number = 1, .serials = { TWO } };
	static const struct {
		const struct list *published;
		uint8_t want[4];
		size_t count;
	} cases[] = {
		{ &first, { ONE, TWO, THREE }, 3 },
		{ &published, { ONE, THREE }, 2 },
	};
	const struct list crl = { .number = 2, .serials = { ONE, TWO, THREE } };
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		struct pki_err err = { 0 };
		struct sample sample;
		const struct told told = { .anew = true, .fresh = &sample };
		assert_int_equal(sample_begin(&sample, &err), PKI_OK);
		assert_int_equal(
			pass_as(&crl, cases[i].published, &crl, &told, &err), PKI_OK);
		assert_int_equal(sample.count, cases[i].count);
		for (size_t k = 0; k < sample.count; k++) {
			struct pki_serial want = serial(cases[i].want[k]);
			assert_int_equal(
				pki_serial_compare(&sample.entries[k].serial, &want), 0);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(r49_r57_r58_r76_r104_gate),
		cmocka_unit_test(r57_r76_in_the_midst),
		cmocka_unit_test(r52_r56_its_place),
		cmocka_unit_test(r56_nothing_leaves),
		cmocka_unit_test(r76_against_all_of_the_ledger),
		cmocka_unit_test(r76_fresh_entries),
		cmocka_unit_test(unknown_entry),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
