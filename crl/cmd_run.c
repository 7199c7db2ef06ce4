#include <stdio.h>

#include "crl/service.h"
#include "libpki/host/api.h"
#include "libpki/host/conf_crl.h"
#include "libpki/host/daemon.h"
#include "libpki/host/sandbox.h"
#include "libpki/host/worker.h"

#define POLL_MSEC 200
/* Revocations that come together, as those of a holder's two certificates, make one CRL. */
#define GATHER_MSEC 100
/* Between two attempts that fail; the CA back, a CRL is out well within a minute. */
#define BACKOFF_MSEC 400
#define BACKOFF_MAX_MSEC 5000
/* That the root's CRL ends is said once a day. */
#define ROOT_REPORT_MSEC (PKI_DAY * 1000)

enum pki_status
crld_open(struct crld *d, const char *config, struct pki_err *err)
{
	char path[PATH_MAX];
	pki_report_init(&d->root_end, CRLD_NAME, NULL);
	d->root_end.interval_msec = ROOT_REPORT_MSEC;
	for (size_t i = 0; i < PKI_RESPONDERS_MAX; i++)
		pki_report_init(&d->responders[i].report, CRLD_NAME, NULL);
	PKI_TRY(pki_conf_load(config, &d->conf, err));
	PKI_TRY(pki_conf_path(d->conf->state, "ledger.db", path, err));
	PKI_TRY(pki_ledger_open(path, PKI_LEDGER_READ, &d->ledger, err));
	for (int issuer = PKI_ISSUER_ROOT; issuer <= PKI_ISSUER_CA; issuer++)
		PKI_TRY(pki_ledger_issuer(d->ledger, issuer, &d->issuers[issuer], err));
	return PKI_OK;
}

void
crld_close(struct crld *d)
{
	free(d->lists);
	put_stop(d->put);
	pki_monitor_stop(d->monitor);
	pki_ledger_close(d->ledger);
	pki_conf_free(d->conf);
	for (int issuer = PKI_ISSUER_ROOT; issuer <= PKI_ISSUER_CA; issuer++)
		pki_cert_free(d->issuers[issuer]);
}

enum pki_status
once_run(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	PKI_CLEANUP(crld_close) struct crld d = { 0 };
	PKI_TRY(crld_open(&d, pki_arg(args, "config"), err));
	PKI_TRY(monitor_listen(&d, "", err));
	PKI_TRY(put_open(&d, err));
	PKI_TRY(crld_root(&d, err));
	bool more = false;
	PKI_TRY(lists_look(&d, err));
	enum lists_force force = pki_arg_flag(args, "all") ? LISTS_ALL : LISTS_FULL;
	PKI_TRY(lists_bring_up(&d, force, &more, err));
	PKI_TRY(put_once(d.put, err));
	uint64_t number = d.lists[0].last.number;
	PKI_CLEANUP(pki_json_cleanup)
	json_t *json = json_pack("{s:I}", "number", (json_int_t)number);
	if (pki_arg_flag(args, "json"))
		pki_cli_json(json, stdout);
	else
		printf("CRL %llu published\n", (unsigned long long)number);
	return PKI_OK;
}

static bool
event(struct crld *d, const char *type, struct pki_err *err)
{
	enum pki_status status =
		pki_api_event(d->conf->socket, CRLD_NAME, type, "", NULL, err);
	pki_err_object(err, "event %s", type);
	return status == PKI_OK;
}

static bool
any_urgent(const struct crld *d)
{
	for (unsigned k = 0; k <= d->urls.partitions; k++)
		if (list_urgent(d, &d->lists[k]))
			return true;
	return false;
}

/* One look at the ledger. *stop: a signal came meanwhile; *more: look again at once. */
static enum pki_status
look(struct crld *d, const sigset_t *signals, bool *more, bool *stop, struct pki_err *err)
{
	uint64_t before = d->version;
	*more = false;
	PKI_TRY(lists_look(d, err));
	if (d->version != before)
		PKI_TRY(crld_root(d, err));
	if (any_urgent(d)) {
		*stop = pki_daemon_wait(signals, GATHER_MSEC);
		PKI_TRY(lists_look(d, err));
	}
	return lists_bring_up(d, LISTS_DUE, more, err);
}

/* Until SIGTERM or SIGINT. Errors are told and tried again: what is published stays. */
static void
work(struct crld *d, const sigset_t *signals)
{
	bool started = false, stop = false, more = false;
	struct pki_report report = PKI_REPORT(CRLD_NAME, NULL);
	struct pki_backoff backoff = { BACKOFF_MSEC, BACKOFF_MAX_MSEC, 0 };
	while (!stop) {
		long wait = POLL_MSEC;
		struct pki_err err = { 0 };
		bool done = look(d, signals, &more, &stop, &err) == PKI_OK;
		if (done && !started)
			done = started = event(d, "crl-service-started", &err);
		monitor_working(d, done);
		if (done) {
			pki_report_end(&report);
			pki_backoff_reset(&backoff);
			wait = more ? 0 : POLL_MSEC;
		} else {
			pki_report_trouble(&report, &err);
			wait = pki_backoff_fail(&backoff);
		}
		stop = stop || pki_daemon_wait(signals, wait);
	}
	struct pki_err err = { 0 };
	if (started && !event(d, "crl-service-stopped", &err))
		pki_report_error(CRLD_NAME, &err);
}

static enum pki_status
shut_in(const struct crld *d, struct pki_err *err)
{
	const char *writable[] = { d->conf->publish, NULL };
	const char *readable[] = { d->conf->state, NULL };
	bool calls = d->put != NULL || d->conf->crl->responder_count > 0;
	return pki_sandbox_enter(
		calls ? PKI_SANDBOX_CLIENT : PKI_SANDBOX_SERVER, writable, readable, err);
}

static enum pki_status
serve(struct crld *d, struct web *web, struct pki_err *err)
{
	sigset_t signals;
	pki_daemon_signals(&signals);
	PKI_TRY(shut_in(d, err));
	if (web != NULL)
		PKI_TRY(web_begin(web, err));
	PKI_TRY(pki_monitor_begin(d->monitor, err));
	PKI_TRY(put_begin(d->put, err));
	fprintf(stderr, CRLD_NAME ": publishing to %s%s%s, sandbox %s\n",
		d->conf->publish, web != NULL ? " and at " : "",
		web != NULL ? d->conf->crl->listen : "", pki_sandbox_text());
	work(d, &signals);
	return PKI_OK;
}

enum pki_status
run_run(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	PKI_CLEANUP(crld_close) struct crld d = { 0 };
	struct web *web = NULL;
	PKI_TRY(crld_open(&d, pki_arg(args, "config"), err));
	PKI_TRY(monitor_listen(&d, d.conf->crl->monitor, err));
	PKI_TRY(put_open(&d, err));
	if (d.conf->crl->listen[0] != '\0')
		PKI_TRY(web_listen(d.conf, &web, err));
	enum pki_status status = serve(&d, web, err);
	web_stop(web);
	return status;
}
