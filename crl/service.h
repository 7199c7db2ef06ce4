/* The data of the CRL service: the CRLs and their state. A single thread uses the data. */
#ifndef CRL_SERVICE_H
#define CRL_SERVICE_H

#include "crl/crl.h"
#include "libpki/host/conf_crl.h"
#include "libpki/host/monitor.h"
#include "libpki/host/report.h"
#include "libpki/state/ledger.h"
#include "libpki/state/policy.h"

#define CRL_PROGRAM "pki-crl"

/* A CRL of a million entries takes 53 MB. */
#define CRL_MAX ((size_t)64 << 20)

/* An OCSP responder of the configuration. */
struct responder {
	bool silent; /* no answer came */
	struct pki_report report;
	int64_t rests_until; /* on the monotonic clock */
};

struct service {
	struct pki_conf *conf;
	struct pki_policy
		*policy; /* whose certificates are officers'; NULL: not readable */
	struct pki_ledger *ledger;
	struct pki_cert *issuers[PKI_ISSUER_CA + 1]; /* by issuer number; 0 is unused */
	struct pki_urls urls; /* of the ledger's partitions */
	struct crl root;
	struct crl *crls; /* urls.partitions + 1; [0] is the full CRL, [k] partition k */
	struct pki_ledger_view view; /* of the ledger at the last reading */
	uint64_t seen; /* revocations of the ledger, counted in the CRLs' `need` */
	uint64_t newest; /* the highest known CRLNumber of the issuing CA */
	pki_time full_since; /* the oldest revocation missing on the full CRL; 0: none */
	int64_t looked_at; /* when the files were read, on the monotonic clock; 0: not yet */
	struct responder responders[PKI_RESPONDERS_MAX];
	struct mirrors *mirrors; /* NULL: none */
	struct pki_monitor *monitor;
	struct pki_report root_end; /* the root's CRL ends soon */
};

enum pki_status service_open(
	struct service *s, const char *config, struct pki_err *err) PKI_MUST_CHECK;
void service_close(struct service *s);

#endif
