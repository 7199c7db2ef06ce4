#include <stdio.h>

#include "crl/cmd.h"
#include "crl/mirror.h"
#include "crl/monitor.h"
#include "crl/pending.h"
#include "crl/root.h"
#include "crl/rounds.h"
#include "crl/service.h"
#include "crl/web.h"
#include "libpki/host/api.h"
#include "libpki/host/daemon.h"
#include "libpki/host/sandbox.h"
#include "libpki/host/worker.h"

#define POLL_MSEC 200
/* Revocations within this time, as of a holder's two certificates, share a CRL. */
#define GATHER_MSEC 100
/* Pauses after failures. Once the CA is back, a CRL is out well within a minute. */
#define BACKOFF_MSEC 400
#define BACKOFF_MAX_MSEC 5000

static bool
event(struct service *s, const char *type, struct pki_err *err)
{
	enum pki_status status =
		pki_api_event(s->conf->socket, CRL_PROGRAM, type, "", NULL, err);
	pki_err_object(err, "event %s", type);
	return status == PKI_OK;
}

static bool
any_urgent(const struct service *s)
{
	for (unsigned k = 0; k <= s->urls.partitions; k++)
		if (crl_is_urgent(s, &s->crls[k]))
			return true;
	return false;
}

/* Read the ledger once and publish. *stop: a signal came meanwhile; *more: call again at
 * once. */
static enum pki_status
look(struct service *s, const sigset_t *signals, bool *more, bool *stop,
	struct pki_err *err)
{
	struct pki_ledger_view before = s->view;
	*more = false;
	PKI_TRY(pending_look(s, err));
	if (!pki_ledger_view_equal(&s->view, &before) ||
		s->root.out.number != s->root.last.number)
		PKI_TRY(root_publish(s, err));
	if (any_urgent(s)) {
		*stop = pki_daemon_wait(signals, GATHER_MSEC);
		PKI_TRY(pending_look(s, err));
	}
	return rounds_publish(s, ROUNDS_DUE, more, err);
}

/* Until SIGTERM or SIGINT. A failure is reported and tried again; published files stay. */
static void
work(struct service *s, const sigset_t *signals)
{
	bool started = false, stop = false, more = false;
	struct pki_report report = PKI_REPORT(CRL_PROGRAM, NULL);
	struct pki_backoff backoff = { BACKOFF_MSEC, BACKOFF_MAX_MSEC, 0 };
	while (!stop) {
		long wait = POLL_MSEC;
		struct pki_err err = { 0 };
		bool done = look(s, signals, &more, &stop, &err) == PKI_OK;
		if (done && !started)
			done = started = event(s, "crl-service-started", &err);
		monitor_working(s, done);
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
	if (started && !event(s, "crl-service-stopped", &err))
		pki_report_error(CRL_PROGRAM, &err);
}

static enum pki_status
enter_sandbox(const struct service *s, struct pki_err *err)
{
	const char *writable[] = { s->conf->publish, NULL };
	const char *readable[] = { s->conf->state, NULL };
	bool calls = s->mirrors != NULL || s->conf->crl->responder_count > 0;
	return pki_sandbox_enter(
		calls ? PKI_SANDBOX_CLIENT : PKI_SANDBOX_SERVER, writable, readable, err);
}

static enum pki_status
serve(struct service *s, struct web *web, struct pki_err *err)
{
	sigset_t signals;
	pki_daemon_signals(&signals);
	PKI_TRY(enter_sandbox(s, err));
	if (web != NULL)
		PKI_TRY(web_begin(web, err));
	PKI_TRY(pki_monitor_begin(s->monitor, err));
	PKI_TRY(mirrors_begin(s->mirrors, err));
	fprintf(stderr, CRL_PROGRAM ": publishing to %s%s%s, sandbox %s\n",
		s->conf->publish, web != NULL ? " and at " : "",
		web != NULL ? s->conf->crl->listen : "", pki_sandbox_text());
	work(s, &signals);
	return PKI_OK;
}

enum pki_status
crl_cmd_run(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	PKI_CLEANUP(service_close) struct service d = { 0 };
	struct web *web = NULL;
	PKI_TRY(service_open(&d, pki_arg(args, "config"), err));
	PKI_TRY(monitor_listen(&d, d.conf->crl->monitor, err));
	PKI_TRY(mirrors_open(&d, err));
	if (d.conf->crl->listen[0] != '\0')
		PKI_TRY(web_listen(d.conf, &web, err));
	enum pki_status status = serve(&d, web, err);
	web_stop(web);
	return status;
}
