/* Which lists are due, by what the ledger holds. */
#include "crl/monitor.h"
#include "crl/pending.h"
#include "crl/service.h"

#include <stdio.h>
#include <string.h>

#include "libpki/host/conf_crl.h"
#include "tests/unit/common/ledger_rows.h"
#include "tests/unit/common/status_pki.h"

#define HOUR ((pki_time)3600)

static struct service d;
static struct status_id ca;
static struct pki_conf_crl crl_conf;
static struct pki_conf conf = { .crl = &crl_conf };
static struct pki_cert_row certs[4]; /* of the full list, partitions 1, 2, 2 */

static int
set_up(void **state)
{
	setup(state);
	struct fixture *f = *state;
	const struct pki_urls urls = { .crl_base = "http://a.test/crl/",
		.partitions = 2 };
	d = (struct service){ .conf = &conf };
	ok(pki_ledger_open(f->path, PKI_LEDGER_READ, &d.ledger, &err));
	crl_conf.interval = 24 * HOUR;
	crl_conf.full_within = HOUR;
	conf.publish = f->dir;
	ok(monitor_listen(&d, "", &err));
	ca = status_ca("TEST CA");
	issue_first(f);
	begin(f);
	ok(pki_ledger_add_partitions(f->ledger, 2, &urls, &err));
	ok(add_order(f->ledger, 2, PKI_ACTION_REVOKE, "H-1", &err));
	for (unsigned i = 0; i < 4; i++) {
		certs[i] = make_cert(10 + i, "H-1", 1);
		certs[i].partition = i < 3 ? i : 2;
		ok(add_cert(f->ledger, certs[i], &err));
	}
	commit(f);
	return 0;
}

static int
tear_down(void **state)
{
	free(d.crls);
	pki_ledger_close(d.ledger);
	pki_monitor_stop(d.monitor);
	status_free(&ca);
	return teardown(state);
}

static void
make(struct fixture *f, unsigned partition, uint64_t number, pki_time ago,
	uint64_t revocations, bool last)
{
	begin(f);
	ok(add_list(f->ledger, partition, number, pki_time_now() - ago, revocations, last,
		&err));
	commit(f);
	d.looked_at = 0;
}

static void
revoke(struct fixture *f, unsigned which, pki_time ago)
{
	begin(f);
	ok(add_revocation(
		f->ledger, &certs[which], 2, (pki_time_now() - ago) * 1000, &err));
	commit(f);
}

/* As if what the ledger has of each list were published. */
static void
look(void)
{
	const struct pki_crl_spec spec = { .issuer = ca.cert,
		.number = 1,
		.this_update = START,
		.next_update = START + 1 };
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = NULL;
	ok(pki_crl_build(&spec, ca.key, &crl, &err));
	ok(pending_look(&d, &err));
	for (unsigned k = 0; k <= d.urls.partitions; k++) {
		d.crls[k].last.published = 1;
		crl_note_published(&d, &d.crls[k], &d.crls[k].last, crl, true);
	}
}

static void
assert_due(const char *urgent, const char *due)
{
	for (unsigned k = 0; k <= 2; k++) {
		assert_int_equal(crl_is_urgent(&d, &d.crls[k]), urgent[k] == '1');
		assert_int_equal(crl_is_due(&d, &d.crls[k]), due[k] == '1');
	}
}

static void
what_is_not_there_is_urgent(void **state)
{
	struct fixture *f = *state;
	look();
	assert_due("111", "111");
	make(f, 0, 1, 100, 0, false);
	make(f, 2, 2, 100, 0, false);
	look();
	assert_due("010", "010");
	make(f, 1, 3, 100, 0, false);
	look();
	assert_due("000", "000");
}

static void
r76_a_revocation_hurries_the_list_that_the_certificate_names(void **state)
{
	struct fixture *f = *state;
	for (unsigned k = 0; k <= 2; k++)
		make(f, k, k + 1, 200, 0, false);
	look();
	revoke(f, 2, 60);
	look();
	assert_due("001", "001");
	assert_int_equal(d.crls[2].pending, 1);
	make(f, 2, 4, 50, 1, false);
	look();
	assert_due("000", "000");
	assert_int_equal(d.crls[2].pending, 0);
	/* of a certificate from before there were partitions */
	revoke(f, 0, 40);
	look();
	assert_due("100", "100");
	make(f, 0, 5, 30, 2, false);
	look();
	assert_due("000", "000");
	/* another process had it made over all: nothing is left to do */
	revoke(f, 1, 20);
	revoke(f, 3, 20);
	make(f, 1, 6, 10, 4, false);
	make(f, 2, 7, 10, 4, false);
	look();
	assert_due("000", "000");
}

static void
the_full_list_follows(void **state)
{
	struct fixture *f = *state;
	for (unsigned k = 0; k <= 2; k++)
		make(f, k, k + 1, 3 * HOUR, 0, false);
	look();
	revoke(f, 2, HOUR - 60);
	make(f, 2, 4, 10, 1, false);
	look();
	assert_due("000", "000");
	d.full_since -= 70;
	assert_due("000", "100");
	make(f, 0, 5, 5, 1, false);
	look();
	assert_due("000", "000");
	/* so it does after a restart: the ledger tells since when */
	revoke(f, 3, HOUR + 60);
	make(f, 2, 6, 3, 2, false);
	free(d.crls);
	d.crls = NULL;
	d.seen = 0;
	d.full_since = 0;
	look();
	assert_due("000", "100");
}

static void
r53_daily(void **state)
{
	struct fixture *f = *state;
	make(f, 0, 1, 25 * HOUR, 0, false);
	make(f, 1, 2, 24 * HOUR, 0, false);
	make(f, 2, 3, 23 * HOUR, 0, false);
	look();
	assert_due("000", "110");
}

static void
r55_nothing_follows_the_last(void **state)
{
	struct fixture *f = *state;
	static const unsigned first[] = { 1, 2 };
	struct pki_cert_row row;
	for (size_t i = 0; i < 2; i++) {
		begin(f);
		row = make_cert(first[i], "H-1", 1);
		ok(add_revocation(f->ledger, &row, 2, START * 1000, &err));
		commit(f);
	}
	for (unsigned i = 0; i < 4; i++)
		revoke(f, i, 0);
	for (unsigned k = 0; k <= 2; k++)
		make(f, k, k + 1, -(400 * 24 * HOUR), 6, true);
	look();
	assert_due("000", "000");
}

static void
what_is_out_and_not_told_is_urgent(void **state)
{
	struct fixture *f = *state;
	for (unsigned k = 0; k <= 2; k++)
		make(f, k, k + 1, 100, 0, false);
	look();
	d.crls[2].last.published = 0;
	assert_due("001", "001");
	d.crls[2].last.published = 1;
	assert_due("000", "000");
}

static void
what_others_had_made_is_seen_at_once(void **state)
{
	struct fixture *f = *state;
	for (unsigned k = 0; k <= 2; k++)
		make(f, k, k + 1, 100, 0, false);
	look();
	int64_t looked = d.looked_at = pki_monotonic_msec();
	ok(pending_look(&d, &err));
	assert_int_equal(d.looked_at, looked);
	begin(f);
	ok(add_list(f->ledger, 1, 4, pki_time_now(), 0, false, &err));
	commit(f);
	ok(pending_look(&d, &err));
	assert_int_equal(d.crls[1].last.number, 4);
	assert_true(crl_is_urgent(&d, &d.crls[1]));
}

static void
a_refused_one_is_asked_for_again_a_minute_later(void **state)
{
	struct fixture *f = *state;
	for (unsigned k = 0; k <= 2; k++)
		make(f, k, k + 1, 100, 0, false);
	look();
	d.crls[1].out.number = 0;
	assert_due("010", "010");
	d.crls[1].refused = true;
	d.crls[1].refused_at = pki_monotonic_msec();
	assert_due("000", "000");
	d.crls[1].refused_at -= 60000;
	assert_due("010", "010");
}

#define LISTS_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LISTS_TEST(what_is_not_there_is_urgent),
		LISTS_TEST(r76_a_revocation_hurries_the_list_that_the_certificate_names),
		LISTS_TEST(the_full_list_follows),
		LISTS_TEST(r53_daily),
		LISTS_TEST(r55_nothing_follows_the_last),
		LISTS_TEST(what_is_out_and_not_told_is_urgent),
		LISTS_TEST(what_others_had_made_is_seen_at_once),
		LISTS_TEST(a_refused_one_is_asked_for_again_a_minute_later),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
