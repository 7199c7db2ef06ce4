#include "ocsp/service.h"

#include <stdlib.h>

#include "libpki/base/file.h"
#include "libpki/base/secret.h"
#include "ocsp/cache.h"
#include "ocsp/export.h"
#include "ocsp/metrics.h"

static enum pki_status
read_secret(const struct pki_args *args, int i, struct pki_buf *pass, struct pki_err *err)
{
	int last = pki_arg_count(args, "passphrase") - 1;
	const char *source =
		last < 0 ? "prompt" : pki_arg_at(args, "passphrase", i < last ? i : last);
	return pki_secret_read(source, "passphrase of the OCSP service", pass, err);
}

enum pki_status
service_open_authority(struct service *service, const struct pki_args *args,
	const char *config, struct pki_err *err)
{
	size_t i = service->authority_count;
	struct pki_buf *pass = &service->secrets[i];
	struct authority *authority = NULL;
	PKI_TRY(read_secret(args, (int)i, pass, err));
	PKI_TRY(authority_open(config, pki_buf_bytes(pass), &authority, err));
	service->authorities[service->authority_count++] = authority;
	if (i == 0)
		service->conf = authority->conf;
	for (size_t other = 0; other < i; other++)
		if (authority_same(service->authorities[other], authority))
			return pki_fail(err, PKI_CONFIG,
				"%s: the configuration in %s is for the same CA already",
				config, service->authorities[other]->conf->dir);
	return PKI_OK;
}

static enum pki_status
open_thread(struct service *service, size_t i, struct pki_err *err)
{
	struct thread *thread = &service->threads[i];
	thread->service = service;
	pthread_mutex_init(&thread->lock, NULL);
	thread->cells = pki_monitor_cells(service->monitor, i);
	thread->lookups = &service->lookups[i * service->authority_count];
	for (size_t a = 0; a < service->authority_count; a++)
		PKI_TRY(lookup_open(service->authorities[a], &thread->lookups[a], err));
	return PKI_OK;
}

static enum pki_status
open_threads(struct service *service, struct pki_err *err)
{
	size_t count = service->thread_count;
	service->threads = calloc(count, sizeof *service->threads);
	service->lookups =
		calloc(count * service->authority_count, sizeof *service->lookups);
	if (service->threads == NULL || service->lookups == NULL)
		return pki_fail(err, PKI_MEMORY, "%zu threads", count);
	for (size_t i = 0; i < count; i++)
		PKI_TRY(open_thread(service, i, err));
	return PKI_OK;
}

static enum pki_status
open_exporters(struct service *service, struct pki_err *err)
{
	for (size_t a = 0; a < service->authority_count; a++)
		if (service->authorities[a]->conf->ocsp->export[0] != '\0')
			PKI_TRY(exporter_new(
				service->authorities[a], &service->exporters[a], err));
	return PKI_OK;
}

void
service_close(struct service *service)
{
	for (size_t a = 0; a < service->authority_count; a++)
		exporter_free(service->exporters[a]);
	size_t lookups = service->thread_count * service->authority_count;
	for (size_t i = 0; service->lookups != NULL && i < lookups; i++)
		lookup_close(&service->lookups[i]);
	free(service->lookups);
	free(service->threads);
	cache_free(service->cache);
	pki_monitor_stop(service->monitor);
	for (size_t i = 0; i < service->authority_count; i++)
		authority_free(service->authorities[i]);
	for (size_t i = 0; i < PKI_VALUES_MAX; i++)
		pki_buf_cleanse(&service->secrets[i]);
}

static void
health(void *ctx, struct pki_health *health)
{
	struct service *service = ctx;
	for (size_t i = 0; i < service->authority_count; i++)
		authority_health(service->authorities[i], health);
}

enum pki_status
service_open_threads(struct service *service, struct pki_err *err)
{
	const struct pki_conf *conf = service->conf;
	service->thread_count = (size_t)conf->ocsp->threads;
	pki_report_init(&service->trouble, OCSP_PROGRAM, NULL);
	const struct pki_monitor_config monitor = {
		.listen = conf->ocsp->monitor,
		.metrics = metrics_table,
		.sets = service->thread_count + 1, /* the last is the main thread's */
		.health = health,
		.ctx = service,
	};
	PKI_TRY(cache_new((size_t)conf->ocsp->cache, &service->cache, err));
	PKI_TRY(pki_monitor_listen(&monitor, &service->monitor, err));
	PKI_TRY(open_exporters(service, err));
	return open_threads(service, err);
}
