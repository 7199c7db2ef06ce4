/*
 * bench_issue [ORDERS [CONNECTIONS]]: certificates per second of a running pki-ca
 * ($PKI_CONFIG), each order with two certificates, two officers' signatures and an
 * invitation. Orders are made beforehand with the officers of $D/officers
 * (tools/make/sample.sh). JSON on stdout.
 */
#include <stdio.h>

#include "tests/bench/common/office.h"
#include "tests/bench/common/submit.h"

int
main(int argc, char **argv)
{
	static struct office office;
	static struct submission all = { .count = 1000, .connections = 64 };
	char holder[PKI_ID_TEXT];
	if (argc > 1)
		all.count = strtoul(argv[1], NULL, 10);
	if (argc > 2)
		all.connections = strtoul(argv[2], NULL, 10);
	if (all.count == 0 || all.connections == 0 ||
		all.connections > SUBMIT_CONNECTIONS_MAX) {
		fputs("usage: D=INSTALLATION bench_issue [ORDERS [CONNECTIONS]]\n",
			stderr);
		return 2;
	}
	office_open(&office);
	struct pki_buf *orders = calloc(all.count, sizeof *orders);
	for (size_t i = 0; i < all.count; i++)
		orders[i] = order_issue(&office, holder);
	all.socket = office.conf->socket;
	all.orders = orders;
	submit(&all);
	printf("{\"orders\": %zu, \"failed\": %zu, \"seconds\": %.3f, \"certificates_per_second\": %.0f, \"p50_us\": %.0f, \"p99_us\": %.0f}\n",
		all.count, all.failed, all.seconds,
		2 * (double)(all.count - all.failed) / all.seconds,
		(double)hist_quantile(&all.hist, 0.5) / 1e3,
		(double)hist_quantile(&all.hist, 0.99) / 1e3);
	return all.failed != 0;
}
