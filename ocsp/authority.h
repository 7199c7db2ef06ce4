/* A CA of the responder: an installation with configuration, ledger and keys. */
#ifndef OCSP_AUTHORITY_H
#define OCSP_AUTHORITY_H

#include <pthread.h>
#include <stdatomic.h>

#include "libpki/host/conf_ocsp.h"
#include "libpki/host/monitor.h"
#include "libpki/host/report.h"
#include "libpki/state/ledger.h"
#include "ocsp/identity.h"

struct authority {
	struct pki_conf *conf;
	struct pki_ledger *ledger; /* the main thread's */
	struct pki_report ledger_trouble;
	struct pki_cert *issuer;
	struct identity *identities[PKI_OCSP_ALGS_MAX];
	size_t identity_count;
	char base_path[PKI_URL_TEXT]; /* of the OCSP URL, without a slash at the end */
	atomic_ullong
		unissued; /* queries about unissued certificates since the last event (rule 60) */
	atomic_bool started; /* pki-ca has logged the start */
	atomic_bool unreadable; /* the ledger */
	atomic_bool
		ended; /* the last CRL is made: only the CRL tells status (rules 55, 62) */
	atomic_bool export_failing;
	pthread_mutex_t lock; /* of view and views */
	struct pki_ledger_view view;
	uint64_t views; /* the number of the present view */
};

/* pass is borrowed for as long as the authority lives. */
enum pki_status authority_open(const char *config, struct pki_bytes pass,
	struct authority **out, struct pki_err *err) PKI_MUST_CHECK;
void authority_free(struct authority *authority);
/* Do both have the CertIDs of the same CA? */
bool authority_same(const struct authority *a, const struct authority *b);
/* Housekeeping: renew certificates, report events to pki-ca. */
void authority_keep(struct authority *authority);
/* Report the stop to pki-ca. */
void authority_stopped(struct authority *authority);
/* Can the ledger be read, and has the CA ended? */
void authority_look(struct authority *authority);
/* The number, above 0, of a view of the ledger: equal views have equal numbers. */
uint64_t authority_view(struct authority *authority, const struct pki_ledger_view *view);
/* For the health page. */
void authority_health(struct authority *authority, struct pki_health *health);

#endif
