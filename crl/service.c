#include "crl/service.h"

#include <stdio.h>
#include <stdlib.h>

#include "crl/mirror.h"

/* The approaching end of the root's CRL is reported once a day. */
#define ROOT_REPORT_MSEC (PKI_DAY * 1000)

/* CRLs do not depend on the policy: without it, the page shows no officers. */
static void
read_policy(struct service *s)
{
	struct pki_err own = { 0 };
	if (pki_policy_load(s->conf->policy, &s->policy, &own) == PKI_OK)
		return;
	fprintf(stderr, CRL_PROGRAM ": note: the page shows no officers:\n");
	pki_report_error(CRL_PROGRAM, &own);
}

enum pki_status
service_open(struct service *s, const char *config, struct pki_err *err)
{
	char path[PATH_MAX];
	pki_report_init(&s->root_end, CRL_PROGRAM, NULL);
	s->root_end.interval_msec = ROOT_REPORT_MSEC;
	for (size_t i = 0; i < PKI_RESPONDERS_MAX; i++)
		pki_report_init(&s->responders[i].report, CRL_PROGRAM, NULL);
	PKI_TRY(pki_conf_load(config, &s->conf, err));
	read_policy(s);
	PKI_TRY(pki_conf_path(s->conf->state, "ledger.db", path, err));
	PKI_TRY(pki_ledger_open(path, PKI_LEDGER_READ, &s->ledger, err));
	for (int issuer = PKI_ISSUER_ROOT; issuer <= PKI_ISSUER_CA; issuer++)
		PKI_TRY(pki_ledger_issuer(s->ledger, issuer, &s->issuers[issuer], err));
	return PKI_OK;
}

void
service_close(struct service *s)
{
	free(s->crls);
	mirrors_stop(s->mirrors);
	pki_monitor_stop(s->monitor);
	pki_ledger_close(s->ledger);
	pki_policy_free(s->policy);
	pki_conf_free(s->conf);
	for (int issuer = PKI_ISSUER_ROOT; issuer <= PKI_ISSUER_CA; issuer++)
		pki_cert_free(s->issuers[issuer]);
}
