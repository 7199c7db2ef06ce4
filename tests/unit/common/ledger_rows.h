/* A ledger of its own for each test, with two issuers, and rows for it. */
#ifndef TESTS_UNIT_LEDGER_ROWS_H
#define TESTS_UNIT_LEDGER_ROWS_H

/* cmocka.h wants these before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "libpki/state/ledger.h"
#include "tests/unit/common/expect.h"

/* 2026-01-01T00:00:00Z */
#define START ((pki_time)1767225600)
#define YEAR (365 * PKI_DAY)

struct fixture {
	char dir[32];
	char path[64];
	struct pki_ledger *ledger;
};

#define refused(call, want_rule) \
	do { \
		struct pki_err err = { 0 }; \
		assert_int_equal((call), PKI_REFUSED); \
		assert_int_equal(err.rule, PKI_RULE_##want_rule); \
	} while (0)

int setup(void **state);
int teardown(void **state);
struct pki_order_row make_order(uint64_t n, enum pki_action action, const char *holder);
enum pki_status add_order(struct pki_ledger *ledger, uint64_t n, enum pki_action action,
	const char *holder, struct pki_err *err);
struct pki_cert_row make_cert(uint64_t n, const char *holder, uint64_t order);
enum pki_status add_cert(
	struct pki_ledger *ledger, struct pki_cert_row row, struct pki_err *err);
enum pki_status add_revocation(struct pki_ledger *ledger, const struct pki_cert_row *cert,
	uint64_t order, pki_msec at, struct pki_err *err);
enum pki_status add_entry(
	struct pki_ledger *ledger, uint64_t index, pki_msec at, struct pki_err *err);
/* Orders' log_index 0 must exist at commit. */
void begin(struct fixture *f);
void commit(struct fixture *f);
/* Holder H-1, order 1, certificates 1 and 2, committed. */
void issue_first(struct fixture *f);
enum pki_status add_crl(struct pki_ledger *ledger, uint64_t number, pki_time at,
	uint64_t revocations, struct pki_err *err);
/* As add_crl, of a partition; nextUpdate is a day later, or the end of days. */
enum pki_status add_list(struct pki_ledger *ledger, unsigned partition, uint64_t number,
	pki_time at, uint64_t revocations, bool last, struct pki_err *err);

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
