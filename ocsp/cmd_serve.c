#include <malloc.h>
#include <stdio.h>

#include "libpki/base/file.h"
#include "libpki/host/conf_ocsp.h"
#include "libpki/host/daemon.h"
#include "libpki/host/sandbox.h"
#include "ocsp/service.h"

#define CONNECTIONS_MAX 1024
#define IDLE_SECONDS 30
/* The certificates' age is looked at, failed orders and events are tried again this often.
 */
#define HOUSEKEEPING_SECONDS 60
/* The same until pki-ca has logged the start; and workers' ledgers are looked after. */
#define RETRY_SECONDS 5
/* Folders that the service may write, and read, for each authority. */
#define WRITABLE 3

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
	if (worker == NULL) {
		pki_http_reply(req, 500, NULL, 0, (struct pki_bytes){ 0 });
		return;
	}
	pthread_mutex_lock(&worker->lock);
	ocsp_over_http(worker, req);
	pthread_mutex_unlock(&worker->lock);
}

static enum pki_status
open_worker(struct ocspd *daemon, size_t i, struct pki_err *err)
{
	struct worker *worker = &daemon->workers[i];
	worker->daemon = daemon;
	pthread_mutex_init(&worker->lock, NULL);
	worker->cells = pki_monitor_cells(daemon->monitor, i);
	worker->desks = &daemon->desks[i * daemon->authority_count];
	for (size_t a = 0; a < daemon->authority_count; a++)
		PKI_TRY(desk_open(daemon->authorities[a], &worker->desks[a], err));
	return PKI_OK;
}

static enum pki_status
open_workers(struct ocspd *daemon, struct pki_err *err)
{
	size_t count = daemon->worker_count;
	daemon->workers = calloc(count, sizeof *daemon->workers);
	daemon->desks = calloc(count * daemon->authority_count, sizeof *daemon->desks);
	if (daemon->workers == NULL || daemon->desks == NULL)
		return pki_fail(err, PKI_MEMORY, "%zu threads", count);
	for (size_t i = 0; i < count; i++)
		PKI_TRY(open_worker(daemon, i, err));
	return PKI_OK;
}

static enum pki_status
open_exporters(struct ocspd *daemon, struct pki_err *err)
{
	for (size_t a = 0; a < daemon->authority_count; a++)
		if (daemon->authorities[a]->conf->ocsp->export[0] != '\0')
			PKI_TRY(exporter_new(
				daemon->authorities[a], &daemon->exporters[a], err));
	return PKI_OK;
}

static void
close_daemon(struct ocspd *daemon)
{
	for (size_t a = 0; a < daemon->authority_count; a++)
		exporter_free(daemon->exporters[a]);
	size_t desks = daemon->worker_count * daemon->authority_count;
	for (size_t i = 0; daemon->desks != NULL && i < desks; i++)
		desk_close(&daemon->desks[i]);
	free(daemon->desks);
	free(daemon->workers);
	cache_free(daemon->cache);
	pki_monitor_stop(daemon->monitor);
	for (size_t i = 0; i < daemon->authority_count; i++)
		authority_free(daemon->authorities[i]);
}

static void
health(void *ctx, struct pki_health *health)
{
	struct ocspd *daemon = ctx;
	for (size_t i = 0; i < daemon->authority_count; i++)
		authority_health(daemon->authorities[i], health);
}

static enum pki_status
open_daemon(struct ocspd *daemon, struct pki_err *err)
{
	const struct pki_conf *conf = daemon->conf;
	daemon->worker_count = (size_t)conf->ocsp->threads;
	pki_report_init(&daemon->trouble, OCSPD_NAME, NULL);
	const struct pki_monitor_config monitor = {
		.listen = conf->ocsp->monitor,
		.metrics = ocsp_metrics,
		.sets = daemon->worker_count + 1, /* the last is the main thread's */
		.health = health,
		.ctx = daemon,
	};
	PKI_TRY(cache_new((size_t)conf->ocsp->cache, &daemon->cache, err));
	PKI_TRY(pki_monitor_listen(&monitor, &daemon->monitor, err));
	PKI_TRY(open_exporters(daemon, err));
	return open_workers(daemon, err);
}

static bool
housekeeping(struct ocspd *daemon)
{
	bool all_started = true;
	pki_time first = 0;
	for (size_t a = 0; a < daemon->authority_count; a++) {
		struct authority *authority = daemon->authorities[a];
		authority_keep(authority);
		all_started = all_started && authority->started;
		for (size_t i = 0; i < authority->identity_count && !authority->ended;
			i++) {
			char serial[PKI_SERIAL_TEXT];
			pki_time end;
			identity_now(authority->identities[i], serial, &end);
			first = first == 0 || end < first ? end : first;
		}
	}
	count_certificate_end(
		pki_monitor_cells(daemon->monitor, daemon->worker_count), first);
	return all_started;
}

/* A worker that nobody asks would hold on to files that others have taken the place of, and
 * keep those from being read. What is wrong with them is told when somebody asks. */
static void
look_after_ledgers(struct ocspd *daemon)
{
	for (size_t i = 0; i < daemon->worker_count; i++) {
		struct worker *worker = &daemon->workers[i];
		pthread_mutex_lock(&worker->lock);
		for (size_t a = 0; a < daemon->authority_count; a++) {
			struct pki_ledger_view view;
			struct pki_err ignored = { 0 };
			(void)!pki_ledger_view(worker->desks[a].ledger, &view, &ignored);
		}
		pthread_mutex_unlock(&worker->lock);
	}
	for (size_t a = 0; a < daemon->authority_count; a++)
		authority_look(daemon->authorities[a]);
}

/* Until SIGTERM or SIGINT, which every thread has blocked. */
static void
wait_for_end(struct ocspd *daemon, const sigset_t *signals)
{
	bool all_started = false;
	malloc_trim(0); /* opening keys took scrypt's 16 MB */
	for (unsigned seconds = 0;; seconds += RETRY_SECONDS) {
		if (!all_started || seconds % HOUSEKEEPING_SECONDS == 0)
			all_started = housekeeping(daemon);
		look_after_ledgers(daemon);
		if (pki_daemon_wait(signals, RETRY_SECONDS * 1000L))
			break;
	}
	for (size_t a = 0; a < daemon->authority_count; a++)
		authority_stopped(daemon->authorities[a]);
}

static enum pki_status
shut_in(const struct ocspd *daemon, struct pki_err *err)
{
	const char *writable[WRITABLE * PKI_VALUES_MAX + 1] = { 0 };
	const char *readable[PKI_VALUES_MAX + 1] = { 0 };
	size_t count = 0;
	for (size_t a = 0; a < daemon->authority_count; a++) {
		const struct pki_conf *conf = daemon->authorities[a]->conf;
		writable[count++] = conf->ocsp->state;
		writable[count++] = conf->publish;
		if (conf->ocsp->export[0] != '\0')
			writable[count++] = conf->ocsp->export;
		readable[a] = conf->state;
	}
	return pki_sandbox_enter(PKI_SANDBOX_SERVER, writable, readable, err);
}

static enum pki_status
begin(struct ocspd *daemon, struct pki_http_server *server, struct pki_err *err)
{
	PKI_TRY(shut_in(daemon, err));
	PKI_TRY(pki_monitor_begin(daemon->monitor, err));
	for (size_t a = 0; a < daemon->authority_count; a++)
		if (daemon->exporters[a] != NULL)
			PKI_TRY(exporter_begin(daemon->exporters[a], err));
	return pki_http_begin(server, err);
}

static enum pki_status
serve(struct ocspd *daemon, struct pki_err *err)
{
	const struct pki_conf *conf = daemon->conf;
	const struct pki_http_config config = {
		.listen = conf->ocsp->listen,
		.threads = (unsigned)daemon->worker_count,
		.body_max = PKI_OCSP_REQUEST_MAX,
		.connections_max = CONNECTIONS_MAX,
		.idle_seconds = IDLE_SECONDS,
		.handler = handle,
		.ctx = daemon,
	};
	struct pki_http_server *server = NULL;
	sigset_t signals;
	pki_daemon_signals(&signals);
	PKI_TRY(pki_http_listen(&config, &server, err));
	enum pki_status status = begin(daemon, server, err);
	if (status == PKI_OK) {
		fprintf(stderr, OCSPD_NAME ": answering at %s, sandbox %s\n",
			conf->ocsp->listen, pki_sandbox_text());
		wait_for_end(daemon, &signals);
	}
	pki_http_stop(server);
	return status;
}

static enum pki_status
read_secret(const struct pki_args *args, int i, struct pki_buf *pass, struct pki_err *err)
{
	int last = pki_arg_count(args, "passphrase") - 1;
	const char *source =
		last < 0 ? "prompt" : pki_arg_at(args, "passphrase", i < last ? i : last);
	return pki_secret_read(source, "passphrase of the OCSP service", pass, err);
}

struct secrets {
	struct pki_buf pass[PKI_VALUES_MAX];
};

static void
secrets_cleanse(struct secrets *secrets)
{
	for (size_t i = 0; i < PKI_COUNT(secrets->pass); i++)
		pki_buf_cleanse(&secrets->pass[i]);
}

/* The i-th installation; a passphrase each, the last for the rest. */
static enum pki_status
open_nth(const struct pki_args *args, int i, const char *config, struct ocspd *daemon,
	struct secrets *secrets, struct pki_err *err)
{
	struct authority *authority = NULL;
	PKI_TRY(read_secret(args, i, &secrets->pass[i], err));
	PKI_TRY(authority_open(
		config, pki_buf_bytes(&secrets->pass[i]), &authority, err));
	daemon->authorities[daemon->authority_count++] = authority;
	if (i == 0)
		daemon->conf = authority->conf;
	for (int other = 0; other < i; other++)
		if (authority_same(daemon->authorities[other], authority))
			return pki_fail(err, PKI_CONFIG,
				"%s: its CA is answered for already, from %s", config,
				daemon->authorities[other]->conf->dir);
	return PKI_OK;
}

static enum pki_status
open_authorities(const struct pki_args *args, struct ocspd *daemon,
	struct secrets *secrets, struct pki_err *err)
{
	PKI_TRY(open_nth(args, 0, pki_arg(args, "config"), daemon, secrets, err));
	for (int i = 0; i < pki_arg_count(args, "also"); i++)
		PKI_TRY(open_nth(
			args, i + 1, pki_arg_at(args, "also", i), daemon, secrets, err));
	return PKI_OK;
}

enum pki_status
serve_run(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	PKI_CLEANUP(secrets_cleanse) struct secrets secrets = { 0 };
	PKI_CLEANUP(close_daemon) struct ocspd daemon = { 0 };
	PKI_TRY(open_authorities(args, &daemon, &secrets, err));
	PKI_TRY(open_daemon(&daemon, err));
	return serve(&daemon, err);
}

static void
exporter_cleanup(struct exporter **ex)
{
	exporter_free(*ex);
}

static enum pki_status
export_all(struct authority *authority, bool as_json, struct pki_err *err)
{
	PKI_CLEANUP(exporter_cleanup) struct exporter *ex = NULL;
	uint64_t written = 0;
	if (authority->conf->ocsp->export[0] == '\0')
		return pki_fail(err, PKI_CONFIG,
			"nothing says where to: set ocsp.export in the configuration");
	PKI_TRY(exporter_new(authority, &ex, err));
	PKI_TRY(exporter_run(ex, &written, err));
	PKI_CLEANUP(pki_json_cleanup)
	json_t *json = json_pack("{s:I}", "written", (json_int_t)written);
	if (as_json)
		pki_cli_json(json, stdout);
	else
		printf("%llu answers written to %s\n", (unsigned long long)written,
			authority->conf->ocsp->export);
	return PKI_OK;
}

enum pki_status
export_run(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	PKI_CLEANUP(secrets_cleanse) struct secrets secrets = { 0 };
	PKI_CLEANUP(close_daemon) struct ocspd daemon = { 0 };
	PKI_TRY(open_nth(args, 0, pki_arg(args, "config"), &daemon, &secrets, err));
	return export_all(daemon.authorities[0], pki_arg_flag(args, "json"), err);
}
