/* http_empty LISTEN THREADS [FILE]: the limit of HTTP, the suite's own server with a
 * handler that only answers 1 kB, or what is in the file. */
#include <signal.h>
#include <stdio.h>

#include "libpki/base/file.h"
#include "libpki/host/http.h"
#include "tests/bench/common/tool.h"

static struct pki_buf answer;

static void
handle(void *ctx, struct pki_http_request *req)
{
	(void)ctx;
	static const struct pki_http_header type = { "Content-Type",
		"application/ocsp-response" };
	pki_http_reply(req, 200, &type, 1, pki_buf_bytes(&answer));
}

int
main(int argc, char **argv)
{
	struct pki_err err = { 0 };
	struct pki_http_server *server = NULL;
	static const uint8_t kilobyte[1024];
	if (argc != 3 && argc != 4) {
		fputs("usage: http_empty LISTEN THREADS [FILE]\n", stderr);
		return 2;
	}
	struct pki_http_config config = {
		.listen = argv[1],
		.threads = (unsigned)strtoul(argv[2], NULL, 10),
		.body_max = 65536,
		.connections_max = 1000,
		.idle_seconds = 30,
		.handler = handle,
	};
	must(argc == 4 ? pki_file_read(argv[3], PKI_FILE_MAX, &answer, &err)
		       : pki_buf_append(&answer, kilobyte, sizeof kilobyte, &err),
		&err);
	must(pki_http_start(&config, &server, &err), &err);
	sigset_t stop;
	int sig;
	sigemptyset(&stop);
	sigaddset(&stop, SIGTERM);
	sigprocmask(SIG_BLOCK, &stop, NULL);
	sigwait(&stop, &sig);
	pki_http_stop(server);
	return 0;
}
