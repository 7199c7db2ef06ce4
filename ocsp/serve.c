#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "libpki/api.h"
#include "libpki/crl.h"
#include "libpki/file.h"
#include "libpki/sandbox.h"
#include "ocsp/ocspd.h"

#define CONNECTIONS_MAX 1024
#define IDLE_SECONDS 30
/* The certificate's age is looked at, failed orders and events are tried again this often.
 */
#define HOUSEKEEPING_SECONDS 60
/* Until pki-ca has logged the start. */
#define RETRY_SECONDS 5
/* A CRL of a million entries takes 53 MB. */
#define CRL_MAX ((size_t)64 << 20)

static void
report(const struct pki_err *err)
{
	char text[sizeof err->msg + sizeof err->object + 128];
	pki_err_text(err, text, sizeof text);
	fprintf(stderr, OCSPD_NAME ": %s\n", text);
}

void
ocspd_trouble(struct ocspd *daemon, const struct pki_err *err)
{
	pki_time now = pki_time_now(), told = atomic_load(&daemon->told);
	if (err->status == PKI_UNAVAILABLE &&
		(now < told || now >= told + HOUSEKEEPING_SECONDS) &&
		atomic_compare_exchange_strong(&daemon->told, &told, now))
		report(err);
}

/* pki-ca logs it; a responder goes on answering where pki-ca does not. */
static bool
event(struct ocspd *daemon, const char *type, json_t *detail)
{
	struct pki_err err = { 0 };
	enum pki_status status =
		pki_api_event(daemon->conf.socket, OCSPD_NAME, type, "", detail, &err);
	json_decref(detail);
	if (status != PKI_OK) {
		pki_err_object(&err, "event %s", type);
		report(&err);
	}
	return status == PKI_OK;
}

/* An event that names the current certificate. */
static bool
event_serial(struct ocspd *daemon, const char *type)
{
	char serial[PKI_SERIAL_TEXT];
	identity_serial(daemon->identity, serial);
	return event(daemon, type, json_pack("{s:s}", "serial", serial));
}

/* Each thread of the HTTP server takes a worker of its own, for good. */
static struct worker *
own_worker(struct ocspd *daemon)
{
	static _Thread_local struct worker *mine;
	if (mine == NULL) {
		size_t i = atomic_fetch_add(&daemon->next_worker, 1);
		if (i < daemon->worker_count)
			mine = &daemon->workers[i];
	}
	return mine;
}

static void
handle(void *ctx, struct pki_http_request *req)
{
	struct worker *worker = own_worker(ctx);
	if (worker != NULL)
		ocsp_over_http(worker, req);
	else
		pki_http_reply(req, 500, NULL, 0, (struct pki_bytes){ 0 });
}

static enum pki_status
open_worker(struct ocspd *daemon, size_t i, struct pki_err *err)
{
	char path[PATH_MAX];
	struct worker *worker = &daemon->workers[i];
	static const struct pki_serial any = { { 1 }, 1 };
	struct pki_cert_status unused;
	worker->daemon = daemon;
	PKI_TRY(pki_conf_path(daemon->conf.state, "ledger.db", path, err));
	PKI_TRY(i == 0 ? pki_ledger_open(path, PKI_LEDGER_READ, &worker->ledger, err)
		       : pki_ledger_open_beside(
				 daemon->workers[0].ledger, &worker->ledger, err));
	/* the first read opens the rest of its files: before the sandbox */
	return pki_ledger_status(worker->ledger, PKI_ISSUER_CA, &any, &unused, err);
}

static enum pki_status
open_workers(struct ocspd *daemon, struct pki_err *err)
{
	size_t count = (size_t)daemon->conf.ocsp_threads;
	daemon->workers = calloc(count, sizeof *daemon->workers);
	if (daemon->workers == NULL)
		return pki_fail(err, PKI_MEMORY, "%zu threads", count);
	daemon->worker_count = count;
	for (size_t i = 0; i < count; i++)
		PKI_TRY(open_worker(daemon, i, err));
	return pki_ledger_issuer(
		daemon->workers[0].ledger, PKI_ISSUER_CA, &daemon->issuer, err);
}

/* rule 76: a ledger without the published CRL is an old backup and knows less than the CRL.
 */
static enum pki_status
check_ledger_age(struct ocspd *daemon, struct pki_err *err)
{
	char path[PATH_MAX];
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 };
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = NULL;
	struct pki_crl_row row = { 0 };
	struct pki_err none = { 0 };
	PKI_TRY(pki_conf_path(daemon->conf.publish, "ca.crl", path, err));
	if (pki_file_read(path, CRL_MAX, &der, &none) != PKI_OK ||
		pki_crl_parse(pki_buf_bytes(&der), &crl, &none) != PKI_OK ||
		pki_crl_verify(crl, daemon->issuer, &none) != PKI_OK)
		return PKI_OK; /* nothing to compare with; pki-crl mends it */
	enum pki_status status =
		pki_ledger_crl(daemon->workers[0].ledger, PKI_ISSUER_CA, 0, &row, err);
	uint64_t number = row.number;
	pki_crl_row_free(&row);
	PKI_TRY(status);
	if (number < pki_crl_number(crl))
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_STATUS_AGREE,
			"CRL %llu is published; the ledger's last is %llu: an old backup. "
			"Restore the newest",
			(unsigned long long)pki_crl_number(crl),
			(unsigned long long)number);
	return PKI_OK;
}

/* "http://host:port/ocsp/" -> "/ocsp" */
static void
set_base_path(struct ocspd *daemon)
{
	const char *url = daemon->conf.ca_urls.ocsp;
	const char *host = strstr(url, "://");
	const char *path = host != NULL ? strchr(host + 3, '/') : NULL;
	snprintf(daemon->base_path, sizeof daemon->base_path, "%s",
		path != NULL ? path : "");
	size_t len = strlen(daemon->base_path);
	while (len > 0 && daemon->base_path[len - 1] == '/')
		daemon->base_path[--len] = '\0';
}

static void
close_daemon(struct ocspd *daemon)
{
	for (size_t i = 0; i < daemon->worker_count; i++) {
		identity_drop(&daemon->workers[i].share);
		pki_ledger_close(daemon->workers[i].ledger);
	}
	free(daemon->workers);
	identity_free(daemon->identity);
	cache_free(daemon->cache);
	pki_cert_free(daemon->issuer);
}

static enum pki_status
open_daemon(struct ocspd *daemon, struct pki_bytes pass, struct pki_err *err)
{
	bool ordered = false;
	struct pki_err why = { 0 };
	set_base_path(daemon);
	PKI_TRY(cache_new(&daemon->cache, err));
	PKI_TRY(open_workers(daemon, err));
	PKI_TRY(check_ledger_age(daemon, err));
	PKI_TRY(identity_open(&daemon->conf, daemon->issuer, pass, &daemon->identity, err));
	enum pki_status status = identity_renew(daemon->identity, &ordered, &why);
	if (status == PKI_OK && ordered)
		event_serial(daemon, "responder-certificate-ordered");
	if (status == PKI_OK)
		return PKI_OK;
	/* what is left of the old certificate serves until an order succeeds */
	struct identity_share *share = &daemon->workers[0].share;
	struct pki_err none = { 0 };
	if (identity_take(daemon->identity, share, &none) != PKI_OK) {
		*err = why;
		return status;
	}
	report(&why);
	return PKI_OK;
}

static void
housekeeping(struct ocspd *daemon, bool *started)
{
	struct pki_err err = { 0 };
	bool ordered = false;
	if (!*started)
		*started = event_serial(daemon, "responder-started");
	if (identity_renew(daemon->identity, &ordered, &err) != PKI_OK)
		report(&err);
	if (ordered) {
		event_serial(daemon, "responder-certificate-ordered");
		malloc_trim(0); /* sealing took scrypt's 16 MB */
	}
	unsigned long long unissued = atomic_exchange(&daemon->unissued, 0);
	if (unissued != 0 && !event(daemon, "unissued-asked",
				     json_pack("{s:I}", "count", (json_int_t)unissued)))
		atomic_fetch_add(&daemon->unissued, unissued);
}

/* Until SIGTERM or SIGINT, which every thread has blocked. */
static void
wait_for_end(struct ocspd *daemon, const sigset_t *signals)
{
	bool started = false;
	int sig;
	malloc_trim(0); /* opening keys took scrypt's 16 MB */
	do {
		housekeeping(daemon, &started);
		struct timespec pause = { .tv_sec = started ? HOUSEKEEPING_SECONDS
							    : RETRY_SECONDS };
		sig = sigtimedwait(signals, NULL, &pause);
	} while (sig < 0);
	if (started || event_serial(daemon, "responder-started"))
		event_serial(daemon, "responder-stopped");
}

static enum pki_status
shut_in(const struct ocspd *daemon, struct pki_err *err)
{
	const char *writable[] = { daemon->conf.ocsp_state, daemon->conf.publish, NULL };
	const char *readable[] = { daemon->conf.state, NULL };
	return pki_sandbox_enter(PKI_SANDBOX_SERVER, writable, readable, err);
}

static enum pki_status
serve(struct ocspd *daemon, struct pki_err *err)
{
	const struct pki_http_config config = {
		.listen = daemon->conf.ocsp_listen,
		.threads = (unsigned)daemon->worker_count,
		.body_max = PKI_OCSP_REQUEST_MAX,
		.connections_max = CONNECTIONS_MAX,
		.idle_seconds = IDLE_SECONDS,
		.handler = handle,
		.ctx = daemon,
	};
	struct pki_http_server *server = NULL;
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	PKI_TRY(pki_http_listen(&config, &server, err));
	enum pki_status status = shut_in(daemon, err);
	if (status == PKI_OK)
		status = pki_http_begin(server, err);
	if (status == PKI_OK) {
		fprintf(stderr, OCSPD_NAME ": answering at %s, sandbox %s\n",
			daemon->conf.ocsp_listen, pki_sandbox_text());
		wait_for_end(daemon, &signals);
	}
	pki_http_stop(server);
	return status;
}

enum pki_status
serve_run(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	const char *source = pki_arg(args, "passphrase");
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf pass = { 0 };
	PKI_CLEANUP(close_daemon) struct ocspd daemon = { 0 };
	PKI_TRY(pki_conf_load(pki_arg(args, "config"), &daemon.conf, err));
	PKI_TRY(pki_secret_read(source != NULL ? source : "prompt",
		"passphrase of the OCSP service", &pass, err));
	PKI_TRY(open_daemon(&daemon, pki_buf_bytes(&pass), err));
	return serve(&daemon, err);
}
