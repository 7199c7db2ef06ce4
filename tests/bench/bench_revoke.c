/*
 * bench_revoke ORDERS [RATE [CONNECTIONS]]: revoke so many holders of a running pki-ca
 * ($PKI_CONFIG), each with a signed order of its own, at RATE orders per second (0: as many
 * as it takes). Orders are made beforehand with the officers of $D/officers, for the first
 * holders in the ledger that have something to revoke. JSON on stdout.
 */
#include <stdio.h>
#include <string.h>

#include "libpki/state/ledger.h"
#include "tests/bench/common/office.h"
#include "tests/bench/common/submit.h"

struct holders {
	char (*ids)[PKI_ID_TEXT];
	size_t count, want;
};

/* A holder's certificates are made together, and lie together. */
static enum pki_status
on_certificate(void *ctx, const struct pki_cert_row *row, struct pki_err *err)
{
	struct holders *all = ctx;
	if (row->holder[0] == '\0' || row->revoked ||
		(all->count > 0 && strcmp(all->ids[all->count - 1], row->holder) == 0))
		return PKI_OK;
	if (all->count == all->want)
		return pki_fail(err, PKI_STATE, "enough");
	strcpy(all->ids[all->count++], row->holder);
	return PKI_OK;
}

static void
find_holders(const struct office *office, struct holders *all)
{
	struct pki_err err = { 0 }, enough = { 0 };
	PKI_CLEANUP(pki_ledger_cleanup) struct pki_ledger *ledger = NULL;
	char path[PATH_MAX];
	must(pki_conf_path(office->conf->state, "ledger.db", path, &err), &err);
	must(pki_ledger_open(path, PKI_LEDGER_READ, &ledger, &err), &err);
	enum pki_status status =
		pki_ledger_each_certificate(ledger, 0, 0, on_certificate, all, &enough);
	if (all->count < all->want)
		must(status != PKI_OK
				? status
				: pki_fail(&enough, PKI_NOTFOUND,
					  "only %zu holders have something to revoke",
					  all->count),
			&enough);
}

int
main(int argc, char **argv)
{
	static struct office office;
	static struct submission all = { .connections = 32 };
	if (argc > 1)
		all.count = strtoul(argv[1], NULL, 10);
	if (argc > 2)
		all.rate = strtod(argv[2], NULL);
	if (argc > 3)
		all.connections = strtoul(argv[3], NULL, 10);
	if (all.count == 0 || all.connections == 0 ||
		all.connections > SUBMIT_CONNECTIONS_MAX) {
		fputs("usage: D=INSTALLATION bench_revoke ORDERS [RATE [CONNECTIONS]]\n",
			stderr);
		return 2;
	}
	office_open(&office);
	struct holders holders = { calloc(all.count, PKI_ID_TEXT), 0, all.count };
	struct pki_buf *orders = calloc(all.count, sizeof *orders);
	find_holders(&office, &holders);
	for (size_t i = 0; i < all.count; i++)
		orders[i] = order_revoke(&office, holders.ids[i]);
	all.socket = office.conf->socket;
	all.orders = orders;
	fputs("bench_revoke: ready\n", stderr); /* for scripts that measure meanwhile */
	submit(&all);
	printf("{\"orders\": %zu, \"failed\": %zu, \"seconds\": %.3f, \"orders_per_second\": %.0f, \"p50_us\": %.0f, \"p99_us\": %.0f}\n",
		all.count, all.failed, all.seconds,
		(double)(all.count - all.failed) / all.seconds,
		(double)hist_quantile(&all.hist, 0.5) / 1e3,
		(double)hist_quantile(&all.hist, 0.99) / 1e3);
	return all.failed != 0;
}
