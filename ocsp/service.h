/* The data of the OCSP responder, RFC 6960 and RFC 9919. */
#ifndef OCSP_SERVICE_H
#define OCSP_SERVICE_H

#include "libpki/host/cli.h"
#include "ocsp/lookup.h"

#define OCSP_PROGRAM "pki-ocspd"

struct service {
	const struct pki_conf *conf; /* the first authority's, for the service too */
	struct authority *authorities[PKI_VALUES_MAX];
	struct pki_buf secrets[PKI_VALUES_MAX]; /* an authority's passphrase */
	size_t authority_count;
	struct exporter *exporters[PKI_VALUES_MAX]; /* NULL where nothing is exported */
	struct cache *cache;
	struct pki_monitor *monitor;
	struct thread *threads;
	struct lookup *lookups; /* of all threads */
	size_t thread_count;
	atomic_size_t next_thread; /* the next free element of threads */
	struct pki_report trouble; /* keeps the service from answering */
};

/* A thread of the HTTP server. */
struct thread {
	struct service *service;
	pthread_mutex_t
		lock; /* of the lookups: the main thread looks after idle threads */
	struct lookup *lookups; /* by authority */
	struct pki_cells *cells;
};

/* Adds an authority. The n-th authority takes the n-th --passphrase, or the last. */
enum pki_status service_open_authority(struct service *service,
	const struct pki_args *args, const char *config,
	struct pki_err *err) PKI_MUST_CHECK;
/* The rest, before the sandbox: cache, monitor, exporters, threads' data. */
enum pki_status service_open_threads(
	struct service *service, struct pki_err *err) PKI_MUST_CHECK;
void service_close(struct service *service);

#endif
