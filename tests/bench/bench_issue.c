/*
 * bench_issue [ORDERS [CONNECTIONS]]: certificates per second of a running pki-ca
 * ($PKI_CONFIG), each order with two certificates, two officers' signatures and an
 * invitation. Orders are made beforehand with the officers of $D/officers
 * (tools/sample.sh). JSON on stdout.
 */
#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "tests/bench/common/office.h"

#define CONNECTIONS_MAX 256

static struct {
	struct office office;
	struct pki_buf *orders;
	size_t count;
	atomic_size_t next;
	atomic_size_t failed;
} bench;

static size_t
drop(char *data, size_t size, size_t count, void *ctx)
{
	(void)ctx;
	if (count > 10 && strncmp(data, "{\"error", 7) == 0)
		fprintf(stderr, "bench_issue: %.*s\n", (int)(size * count), data);
	return size * count;
}

static void *
client(void *arg)
{
	CURL *curl = curl_easy_init();
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, bench.office.conf.socket);
	curl_easy_setopt(curl, CURLOPT_URL, "http://localhost/v1/orders");
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
	for (;;) {
		size_t i = atomic_fetch_add(&bench.next, 1);
		if (i >= bench.count)
			break;
		long code = 0;
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)bench.orders[i].len);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, bench.orders[i].data);
		if (curl_easy_perform(curl) == CURLE_OK)
			curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
		if (code != 200)
			atomic_fetch_add(&bench.failed, 1);
	}
	curl_easy_cleanup(curl);
	return arg;
}

static double
submit_all(size_t connections)
{
	pthread_t threads[CONNECTIONS_MAX];
	uint64_t start = nsec_now();
	for (size_t i = 0; i < connections; i++)
		if (pthread_create(&threads[i], NULL, client, NULL) != 0)
			exit(1);
	for (size_t i = 0; i < connections; i++)
		pthread_join(threads[i], NULL);
	return (double)(nsec_now() - start) / 1e9;
}

int
main(int argc, char **argv)
{
	char holder[PKI_ID_TEXT];
	bench.count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
	size_t connections = argc > 2 ? strtoul(argv[2], NULL, 10) : 64;
	if (bench.count == 0 || connections == 0 || connections > CONNECTIONS_MAX) {
		fputs("usage: D=INSTALLATION bench_issue [ORDERS [CONNECTIONS]]\n", stderr);
		return 2;
	}
	office_open(&bench.office);
	bench.orders = calloc(bench.count, sizeof *bench.orders);
	for (size_t i = 0; i < bench.count; i++)
		bench.orders[i] = order_issue(&bench.office, holder);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	double seconds = submit_all(connections);
	size_t failed = atomic_load(&bench.failed);
	printf("{\"orders\": %zu, \"failed\": %zu, \"seconds\": %.3f, "
	       "\"certificates_per_second\": %.0f}\n",
		bench.count, failed, seconds, 2 * (double)(bench.count - failed) / seconds);
	return failed != 0;
}
