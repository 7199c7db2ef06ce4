/* http_empty LISTEN THREADS: the limit of HTTP, the suite's own server with a handler that
 * only answers 1 kB. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "libpki/http.h"

static const uint8_t answer[1024];

static void
handle(void *ctx, struct pki_http_request *req)
{
	(void)ctx;
	static const struct pki_http_header type = { "Content-Type",
		"application/ocsp-response" };
	pki_http_reply(req, 200, &type, 1, (struct pki_bytes){ answer, sizeof answer });
}

int
main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	struct pki_err err = { 0 };
	struct pki_http_config config = {
		.listen = argv[1],
		.threads = (unsigned)strtoul(argv[2], NULL, 10),
		.body_max = 65536,
		.connections_max = 1000,
		.idle_seconds = 30,
		.handler = handle,
	};
	struct pki_http_server *server = NULL;
	if (pki_http_start(&config, &server, &err) != PKI_OK) {
		fprintf(stderr, "http_empty: %s\n", err.msg);
		return 1;
	}
	sigset_t stop;
	int sig;
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	sigwait(&stop, &sig);
	pki_http_stop(server);
	return 0;
}
