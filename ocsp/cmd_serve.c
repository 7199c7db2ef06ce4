#include <malloc.h>
#include <stdio.h>

#include "libpki/host/daemon.h"
#include "libpki/host/sandbox.h"
#include "ocsp/cmd.h"
#include "ocsp/export.h"
#include "ocsp/metrics.h"
#include "ocsp/over_http.h"
#include "ocsp/service.h"

#define CONNECTIONS_MAX 1024
#define IDLE_SECONDS 30
/* The certificates' age is looked at, failed orders and events are tried again this often.
 */
#define HOUSEKEEPING_SECONDS 60
/* Until pki-ca has logged the start, housekeeping comes this often; so does the care for idle
 * threads' ledgers. */
#define RETRY_SECONDS 5
/* Folders per authority, at most. */
#define WRITABLE 3

/* Each thread of the HTTP server takes its struct thread, for good. */
static struct thread *
own_thread(struct service *service)
{
	static _Thread_local struct thread *mine;
	if (mine == NULL) {
		size_t i = atomic_fetch_add(&service->next_thread, 1);
		if (i < service->thread_count)
			mine = &service->threads[i];
	}
	return mine;
}

static void
handle(void *ctx, struct pki_http_request *req)
{
	struct thread *thread = own_thread(ctx);
	if (thread == NULL) {
		pki_http_reply(req, 500, NULL, 0, (struct pki_bytes){ 0 });
		return;
	}
	pthread_mutex_lock(&thread->lock);
	over_http_handle(thread, req);
	pthread_mutex_unlock(&thread->lock);
}

static bool
housekeeping(struct service *service)
{
	bool all_started = true;
	pki_time first = 0;
	for (size_t a = 0; a < service->authority_count; a++) {
		struct authority *authority = service->authorities[a];
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
	metrics_certificate_end(
		pki_monitor_cells(service->monitor, service->thread_count), first);
	return all_started;
}

/* An idle thread would keep replaced ledger files open, and the new files unread. Errors are
 * reported when a request comes. */
static void
look_after_ledgers(struct service *service)
{
	for (size_t i = 0; i < service->thread_count; i++) {
		struct thread *thread = &service->threads[i];
		pthread_mutex_lock(&thread->lock);
		for (size_t a = 0; a < service->authority_count; a++) {
			struct pki_ledger_view view;
			(void)!pki_ledger_view(thread->lookups[a].ledger, &view, NULL);
		}
		pthread_mutex_unlock(&thread->lock);
	}
	for (size_t a = 0; a < service->authority_count; a++)
		authority_look(service->authorities[a]);
}

/* Until SIGTERM or SIGINT, which every thread has blocked. */
static void
wait_for_end(struct service *service, const sigset_t *signals)
{
	bool all_started = false;
	malloc_trim(0); /* opening keys took scrypt's 16 MB */
	for (unsigned seconds = 0;; seconds += RETRY_SECONDS) {
		if (!all_started || seconds % HOUSEKEEPING_SECONDS == 0)
			all_started = housekeeping(service);
		look_after_ledgers(service);
		if (pki_daemon_wait(signals, RETRY_SECONDS * 1000L))
			break;
	}
	for (size_t a = 0; a < service->authority_count; a++)
		authority_stopped(service->authorities[a]);
}

static enum pki_status
enter_sandbox(const struct service *service, struct pki_err *err)
{
	const char *writable[WRITABLE * PKI_VALUES_MAX + 1] = { 0 };
	const char *readable[PKI_VALUES_MAX + 1] = { 0 };
	size_t count = 0;
	for (size_t a = 0; a < service->authority_count; a++) {
		const struct pki_conf *conf = service->authorities[a]->conf;
		writable[count++] = conf->ocsp->state;
		writable[count++] = conf->publish;
		if (conf->ocsp->export[0] != '\0')
			writable[count++] = conf->ocsp->export;
		readable[a] = conf->state;
	}
	return pki_sandbox_enter(PKI_SANDBOX_SERVER, writable, readable, err);
}

static enum pki_status
begin(struct service *service, struct pki_http_server *server, struct pki_err *err)
{
	PKI_TRY(enter_sandbox(service, err));
	PKI_TRY(pki_monitor_begin(service->monitor, err));
	for (size_t a = 0; a < service->authority_count; a++)
		if (service->exporters[a] != NULL)
			PKI_TRY(exporter_begin(service->exporters[a], err));
	return pki_http_begin(server, err);
}

static enum pki_status
serve(struct service *service, struct pki_err *err)
{
	const struct pki_conf *conf = service->conf;
	const struct pki_http_config config = {
		.listen = conf->ocsp->listen,
		.threads = (unsigned)service->thread_count,
		.body_max = PKI_OCSP_REQUEST_MAX,
		.connections_max = CONNECTIONS_MAX,
		.idle_seconds = IDLE_SECONDS,
		.handler = handle,
		.ctx = service,
	};
	struct pki_http_server *server = NULL;
	sigset_t signals;
	pki_daemon_signals(&signals);
	PKI_TRY(pki_http_listen(&config, &server, err));
	enum pki_status status = begin(service, server, err);
	if (status == PKI_OK) {
		fprintf(stderr, OCSP_PROGRAM ": answering at %s, sandbox %s\n",
			conf->ocsp->listen, pki_sandbox_text());
		wait_for_end(service, &signals);
	}
	pki_http_stop(server);
	return status;
}

static enum pki_status
open_authorities(
	struct service *service, const struct pki_args *args, struct pki_err *err)
{
	PKI_TRY(service_open_authority(service, args, pki_arg(args, "config"), err));
	for (int i = 0; i < pki_arg_count(args, "also"); i++)
		PKI_TRY(service_open_authority(
			service, args, pki_arg_at(args, "also", i), err));
	return PKI_OK;
}

enum pki_status
ocspd_cmd_serve(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	PKI_CLEANUP(service_close) struct service service = { 0 };
	PKI_TRY(open_authorities(&service, args, err));
	PKI_TRY(service_open_threads(&service, err));
	return serve(&service, err);
}
