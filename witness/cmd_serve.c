#include <malloc.h>
#include <stdio.h>
#include <string.h>

#include "libpki/base/file.h"
#include "libpki/base/secret.h"
#include "libpki/host/daemon.h"
#include "libpki/host/sandbox.h"
#include "libpki/host/http.h"
#include "libpki/host/report.h"
#include "witness/cmd.h"
#include "witness/judge.h"
#include "witness/monitor.h"

#define CONNECTIONS_MAX 256
#define IDLE_SECONDS 30
/* While a thread waits for the disk, the second reads. */
#define THREADS 2

static const struct pki_http_header text_plain[] = {
	{ "Content-Type", "text/plain; charset=utf-8" },
	{ "Cache-Control", "no-store" },
};
/* C2SP tlog-witness: of the size in a 409 */
static const struct pki_http_header text_size[] = {
	{ "Content-Type", "text/x.tlog.size" },
	{ "Cache-Control", "no-store" },
};

/* Errors in the request go to the sender; errors of the witness only to the journal. */
static void
explain(unsigned code, const struct pki_err *err, struct pki_buf *body)
{
	char text[sizeof err->msg + sizeof err->object + 128] = "internal error";
	if (code >= 500)
		pki_report_error(WITNESS_PROGRAM, err);
	else
		pki_err_text(err, text, sizeof text);
	if (pki_buf_printf(body, NULL, "%s\n", text) != PKI_OK)
		pki_buf_reset(body);
}

static unsigned
add_checkpoint(struct witness *witness, struct pki_bytes sent, struct pki_buf *body)
{
	struct request request;
	struct pki_err err = { 0 };
	unsigned code = 400;
	if (request_parse(sent, &request, &err) == PKI_OK)
		code = judge_checkpoint(witness, &request, body, &err);
	if (code != 200 && code != 409)
		explain(code, &err, body);
	return code;
}

static void
handle(void *ctx, struct pki_http_request *req)
{
	static const struct pki_http_header allow[] = { { "Allow", "POST" } };
	struct witness *witness = ctx;
	PKI_CLEANUP(pki_buf_free) struct pki_buf body = { 0 };
	unsigned code = 404;
	if (strcmp(pki_http_path(req), "/add-checkpoint") == 0)
		code = strcmp(pki_http_method(req), "POST") != 0
			       ? 405
			       : add_checkpoint(witness, pki_http_body(req), &body);
	monitor_answer(witness, code);
	if (code == 405)
		pki_http_reply(req, code, allow, PKI_COUNT(allow), pki_buf_bytes(&body));
	else
		pki_http_reply(req, code, code == 409 ? text_size : text_plain,
			PKI_COUNT(text_plain), pki_buf_bytes(&body));
}

static enum pki_status
begin(struct witness *witness, struct pki_http_server *server, struct pki_err *err)
{
	const char *writable[] = { witness->conf->state, NULL };
	PKI_TRY(pki_sandbox_enter(PKI_SANDBOX_SERVER, writable, NULL, err));
	PKI_TRY(pki_monitor_begin(witness->monitor, err));
	return pki_http_begin(server, err);
}

static enum pki_status
serve(struct witness *witness, struct pki_err *err)
{
	const struct pki_http_config config = {
		.listen = witness->conf->listen,
		.threads = THREADS,
		.body_max = REQUEST_MAX,
		.connections_max = CONNECTIONS_MAX,
		.idle_seconds = IDLE_SECONDS,
		.handler = handle,
		.ctx = witness,
	};
	struct pki_http_server *server = NULL;
	sigset_t signals;
	pki_daemon_signals(&signals);
	PKI_TRY(pki_http_listen(&config, &server, err));
	enum pki_status status = begin(witness, server, err);
	if (status == PKI_OK) {
		fprintf(stderr, WITNESS_PROGRAM ": %s at %s, sandbox %s\n",
			(const char *)witness->vkey.data, config.listen,
			pki_sandbox_text());
		(void)pki_daemon_wait(&signals, -1);
	}
	pki_http_stop(server);
	return status;
}

static enum pki_status
open_witness(const struct pki_args *args, struct witness_conf *conf,
	struct witness *witness, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf pass = { 0 };
	const char *source = pki_arg(args, "passphrase");
	PKI_TRY(witness_conf_load(pki_arg(args, "config"), conf, err));
	PKI_TRY(pki_secret_read(source != NULL ? source : "prompt",
		"passphrase of the witness's key", &pass, err));
	PKI_TRY(state_open(conf, pki_buf_bytes(&pass), witness, err));
	malloc_trim(0); /* opening the key took scrypt's 16 MB */
	return monitor_listen(witness, err);
}

enum pki_status
witness_cmd_serve(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	PKI_CLEANUP(pki_free_ptr) struct witness_conf *conf = calloc(1, sizeof *conf);
	PKI_CLEANUP(state_close) struct witness witness = { 0 };
	if (conf == NULL)
		return pki_fail(err, PKI_MEMORY, "configuration");
	PKI_TRY(open_witness(args, conf, &witness, err));
	return serve(&witness, err);
}
