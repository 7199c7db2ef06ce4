#include "crl/monitor.h"
#include "crl/pending.h"
#include "crl/service.h"
#include "libpki/host/http.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libpki/host/conf_crl.h"
#include "tests/unit/common/ledger_rows.h"
#include "tests/unit/common/status_pki.h"

#define INTERVAL 3600
enum { ROOT, CA, PARTITIONS }; /* lists */

static char base[80];
static struct pki_conf_crl crl_conf;
static struct pki_conf conf = { .crl = &crl_conf };

static void
open_monitor(struct service *d)
{
	d->conf = &conf;
	crl_conf.interval = INTERVAL;
	crl_conf.mirror_count = 2;
	strcpy(crl_conf.mirrors[0].url, "http://a.test/");
	strcpy(crl_conf.mirrors[1].url, "http://b.test/");
	ok(monitor_listen(d, base, &err));
	ok(pki_monitor_begin(d->monitor, &err));
}

static void
assert_health(long want_code, const char *want_part)
{
	struct pki_http_response response = { 0 };
	ok(pki_http_get(base, "/health", 4096, &response, &err));
	if (response.code != want_code ||
		strstr((char *)response.body.data, want_part) == NULL)
		fail_msg("%ld %s; not %ld %s", response.code, (char *)response.body.data,
			want_code, want_part);
	pki_http_response_free(&response);
}

static void
health(void **state)
{
	(void)state;
	static const struct {
		enum crl_metric metric;
		size_t which;
		size_t set;
		pki_time value;
		bool ago; /* so many seconds; negative: from now */
		const char *want; /* NULL: healthy */
	} cases[] = {
		{ CRL_AGE, CA, 0, INTERVAL + 50, true, NULL },
		{ CRL_AGE, CA, 0, INTERVAL + 62, true, "ca: the CRL is 36" },
		/* the root's is made by hand: its end counts alone */
		{ CRL_AGE, ROOT, 0, 100 * INTERVAL, true, NULL },
		{ CRL_LEFT, ROOT, 0, -100, true, NULL },
		{ CRL_LEFT, ROOT, 0, 1, true, "root: nextUpdate has passed" },
		{ CRL_LEFT, CA, 0, 1, true, "ca: nextUpdate has passed" },
		{ CRL_REFUSED, CA, 0, 1, false, "ca: the gate refuses" },
		{ CRL_REFUSED, ROOT, 0, 1, false, "root: the gate refuses" },
		{ CRL_AGE, PARTITIONS, 0, INTERVAL + 62, true,
			"partitions: the CRL is 36" },
		{ CRL_LEFT, PARTITIONS, 0, 1, true, "partitions: nextUpdate has passed" },
		{ CRL_BACKLOG_AGE, 0, 0, 50, true, NULL },
		{ CRL_BACKLOG_AGE, 0, 0, 62, true, "0 revocations are on no CRL, for 6" },
		{ CRL_PUT_FAILING, 0, 1, 1, true, "http://a.test/: files do not arrive" },
		{ CRL_PUT_FAILING, 1, 2, 1, true, "http://b.test/: files do not arrive" },
		{ CRL_FAILING, 0, 0, 1, true, NULL },
	};
	for (size_t i = 0; i < PKI_COUNT(cases); i++) {
		static struct service d;
		d = (struct service){ 0 };
		open_monitor(&d);
		pki_time now = pki_time_now();
		pki_cells_set(pki_monitor_cells(d.monitor, 0), CRL_AGE, CA, now);
		assert_health(200, "ok\n");
		pki_cells_set(pki_monitor_cells(d.monitor, cases[i].set), cases[i].metric,
			cases[i].which,
			cases[i].ago ? now - cases[i].value : cases[i].value);
		assert_health(cases[i].want != NULL ? 503 : 200,
			cases[i].want != NULL ? cases[i].want : "ok\n");
		pki_monitor_stop(d.monitor);
	}
}

static void
the_list_that_is_not_there(void **state)
{
	(void)state;
	static struct service d;
	open_monitor(&d);
	assert_health(503, "ca: no CRL is published");
	pki_monitor_stop(d.monitor);
}

static int64_t
get(const struct service *d, enum crl_metric metric, size_t which)
{
	return pki_monitor_get(d->monitor, metric, which);
}

static struct pki_crl *
make_list(const struct status_id *ca)
{
	const struct pki_crl_spec spec = { .issuer = ca->cert,
		.number = 1,
		.this_update = START,
		.next_update = START + 1 };
	struct pki_crl *crl = NULL;
	ok(pki_crl_build(&spec, ca->key, &crl, &err));
	return crl;
}

static void
out(struct service *d, struct crl *list, uint64_t number, const struct pki_crl *crl)
{
	struct pki_crl_row row;
	ok(pki_ledger_crl_head(d->ledger, PKI_ISSUER_CA, number, &row, NULL, &err));
	crl_note_published(d, list, &row, crl, true);
}

/* Revocations 1, 2 and 3, of which lists 1 and 2 hold one and two. */
static void
backlog(void **state)
{
	struct fixture *f = *state;
	static struct service d;
	d = (struct service){ 0 };
	struct status_id ca = status_ca("TEST CA");
	issue_first(f);
	ok(pki_ledger_open(f->path, PKI_LEDGER_READ, &d.ledger, &err));
	begin(f);
	ok(add_order(f->ledger, 2, PKI_ACTION_REVOKE, "H-1", &err));
	struct pki_cert_row cert[] = { make_cert(1, "H-1", 1), make_cert(2, "H-1", 1) };
	for (uint64_t i = 0; i < 2; i++) {
		ok(add_revocation(f->ledger, &cert[i], 2,
			(START + 100 * (pki_time)i) * 1000, &err));
		ok(add_crl(f->ledger, i + 1, START + 100 * (pki_time)i, i + 1, &err));
	}
	ok(add_cert(f->ledger, make_cert(3, "H-1", 1), &err));
	commit(f);
	open_monitor(&d);
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = make_list(&ca);

	d.crls = calloc(1, sizeof *d.crls);
	d.crls->issuer = PKI_ISSUER_CA;
	monitor_crls(&d);
	assert_int_equal(get(&d, CRL_BACKLOG, 0), 0); /* what is out is not known */
	out(&d, d.crls, 1, crl);
	assert_int_equal(get(&d, CRL_NUMBER, CA), 1);
	assert_int_equal(get(&d, CRL_AGE, CA), START);
	assert_int_equal(get(&d, CRL_LEFT, CA), START + PKI_DAY);
	ok(pending_look(&d, &err));
	assert_int_equal(
		get(&d, CRL_BACKLOG, 0), 0); /* the second list knows all of them */
	d.seen = 1;
	ok(pending_look(&d, &err));
	assert_int_equal(get(&d, CRL_BACKLOG, 0), 1);
	assert_int_equal(get(&d, CRL_BACKLOG_AGE, 0), START + 100);
	out(&d, d.crls, 2, crl);
	assert_int_equal(get(&d, CRL_BACKLOG, 0), 0);
	assert_int_equal(get(&d, CRL_BACKLOG_AGE, 0), 0);

	begin(f);
	struct pki_cert_row third = make_cert(3, "H-1", 1);
	ok(add_revocation(f->ledger, &third, 2, (START + 500) * 1000, &err));
	commit(f);
	ok(pending_look(&d, &err));
	assert_int_equal(get(&d, CRL_BACKLOG, 0), 1);
	assert_int_equal(get(&d, CRL_BACKLOG_AGE, 0), START + 500);
	/* another list that does not show it: the backlog stays */
	out(&d, d.crls, 2, crl);
	assert_int_equal(get(&d, CRL_BACKLOG, 0), 1);
	pki_monitor_stop(d.monitor);
	pki_ledger_close(d.ledger);
	free(d.crls);
	status_free(&ca);
}

static void
assert_page(const struct service *d, const char *line, bool there)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf page = { 0 };
	ok(pki_monitor_print(d->monitor, &page, &err));
	ok(pki_buf_append(&page, "", 1, &err));
	if ((strstr((char *)page.data, line) != NULL) != there)
		fail_msg("%s\n%s", line, (char *)page.data);
}

/* Each partition's own series; none of what pki.yaml does not have. */
static void
each_partition(void **state)
{
	(void)state;
	static struct service d;
	struct crl lists[4] = { { .issuer = PKI_ISSUER_CA } };
	d = (struct service){ .crls = lists, .urls = { .partitions = 3 } };
	open_monitor(&d);
	for (unsigned k = 1; k <= 3; k++)
		lists[k] = (struct crl){ .issuer = PKI_ISSUER_CA,
			.partition = k,
			.out = { .number = k == 2 ? 0 : 10 + k,
				.entries = 5 * k,
				.bytes = 100 * k,
				.this_update = START } };
	monitor_crls(&d); /* pki.yaml had none at the start */
	assert_page(&d, "# TYPE pki_crl_partition_entries gauge\n", true);
	assert_page(&d, "pki_crl_partition_entries{", false);
	pki_monitor_stop(d.monitor);
	crl_conf.mirror_count = 0;
	conf.ca_urls.partitions = 3;
	ok(monitor_listen(&d, "", &err));
	monitor_crls(&d);
	assert_page(&d, "\npki_crl_partition_number{partition=\"1\"} 11\n", true);
	assert_page(&d, "\npki_crl_partition_number{partition=\"2\"} 0\n", true);
	assert_page(&d, "\npki_crl_partition_entries{partition=\"3\"} 15\n", true);
	assert_page(&d, "\npki_crl_partition_bytes{partition=\"3\"} 300\n", true);
	assert_page(&d, "\npki_crl_partition_age_seconds{partition=\"3\"} ", true);
	assert_page(&d, "pki_crl_partition_age_seconds{partition=\"2\"}", false);
	assert_page(&d, "{partition=\"4\"}", false);
	assert_page(&d, "\npki_crl_bytes{list=\"partitions\"} 400\n", true);
	pki_monitor_stop(d.monitor);
}

/* All partitions as one list. */
static void
partitions(void **state)
{
	(void)state;
	static struct service d;
	struct crl lists[4] = { { .issuer = PKI_ISSUER_CA } };
	d = (struct service){ .crls = lists, .urls = { .partitions = 3 } };
	open_monitor(&d);
	for (unsigned k = 1; k <= 3; k++)
		lists[k] = (struct crl){ .issuer = PKI_ISSUER_CA,
			.partition = k,
			.out = { .number = k == 2 ? 0 : 10 + k,
				.entries = 5,
				.this_update = START + 10 * (pki_time)k,
				.next_update = START + 100 - 10 * (pki_time)k } };
	monitor_crls(&d);
	assert_int_equal(get(&d, CRL_AGE, PARTITIONS), START + 10);
	assert_int_equal(get(&d, CRL_LEFT, PARTITIONS), START + 70);
	assert_int_equal(get(&d, CRL_NUMBER, PARTITIONS), 13);
	assert_int_equal(get(&d, CRL_ENTRIES, PARTITIONS), 10);
	assert_int_equal(get(&d, CRL_NUMBER, CA), 0);
	lists[2].refused = lists[3].refused = true;
	monitor_result(&d, &lists[3], CRL_REFUSED_IT);
	assert_int_equal(get(&d, CRL_REFUSED, PARTITIONS), 2);
	assert_health(503, "partitions: the gate refuses");
	lists[1].pending = 2;
	lists[1].since = START + 7;
	lists[0].pending = 1;
	lists[0].since = START + 8;
	monitor_crls(&d);
	assert_int_equal(get(&d, CRL_BACKLOG, 0), 3);
	assert_int_equal(get(&d, CRL_BACKLOG_AGE, 0), START + 7);
	pki_monitor_stop(d.monitor);
}

static void
results(void **state)
{
	(void)state;
	static struct service d;
	d = (struct service){ 0 };
	open_monitor(&d);
	struct crl ca = { .issuer = PKI_ISSUER_CA, .refused = true };
	d.root.issuer = PKI_ISSUER_ROOT;
	monitor_result(&d, &ca, CRL_REFUSED_IT);
	monitor_result(&d, &ca, CRL_REFUSED_IT);
	assert_int_equal(get(&d, CRL_RESULTS, 4), 2);
	assert_int_equal(get(&d, CRL_REFUSED, CA), 1);
	assert_int_equal(get(&d, CRL_REFUSED, ROOT), 0);
	ca.refused = false;
	monitor_result(&d, &ca, CRL_PUBLISHED_IT);
	monitor_result(&d, &d.root, CRL_FAILED);
	assert_int_equal(get(&d, CRL_RESULTS, 3), 1);
	assert_int_equal(get(&d, CRL_RESULTS, 2), 1);
	assert_int_equal(get(&d, CRL_REFUSED, CA), 0);
	monitor_working(&d, false);
	pki_time since = get(&d, CRL_FAILING, 0);
	assert_true(since != 0);
	monitor_working(&d, true);
	assert_int_equal(get(&d, CRL_FAILING, 0), 0);
	pki_monitor_stop(d.monitor);
}

int
main(void)
{
	snprintf(base, sizeof base, "unix:/tmp/test_crl_monitor.%d", (int)getpid());
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(health),
		cmocka_unit_test(the_list_that_is_not_there),
		TEST(backlog),
		cmocka_unit_test(each_partition),
		cmocka_unit_test(partitions),
		cmocka_unit_test(results),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
