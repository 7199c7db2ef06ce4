#include "ca/front/publisher.h"

#include "ca/front/cosigned.h"
#include "libpki/base/time.h"
#include "libpki/host/conf_log.h"
#include "libpki/state/log.h"

/* Each publication rewrites a tile and three files; auditors need no shorter pause. */
#define PAUSE_MSEC 1000
/* How often the worker looks for cosignatures; also the pause while orders wait for
 * witnesses. */
#define TICK_MSEC 200

static enum pki_status
publish(struct publisher *p, struct pki_err *err)
{
	uint64_t size = p->published;
	PKI_TRY(pki_log_publish(
		p->config.ledger, p->config.dir, p->published, &size, err));
	p->published = size;
	return PKI_OK;
}

static void
merge(struct publisher *p)
{
	struct pki_err own = { 0 };
	if (cosigned_merge(p->config.conf, &own) == PKI_OK)
		pki_report_end(&p->merge_report);
	else
		pki_report_trouble(&p->merge_report, &own);
}

/* Milliseconds until the next publication; PKI_WAIT_FOREVER: no new entries. */
static long
look(struct publisher *p)
{
	pthread_mutex_lock(&p->lock);
	bool due = p->published < p->committed;
	int64_t next = p->last + (p->soon ? TICK_MSEC : PAUSE_MSEC);
	int64_t now = pki_monotonic_msec();
	long wait = !due                          ? PKI_WAIT_FOREVER
		    : p->last == 0 || now >= next ? 0
						  : (long)(next - now);
	if (wait == 0)
		p->soon = false;
	p->idle = !due;
	pthread_mutex_unlock(&p->lock);
	return wait;
}

static enum pki_status
work(void *ctx, long *wait_msec, struct pki_err *err)
{
	struct publisher *p = ctx;
	long wait = look(p);
	if (wait == 0) {
		p->last = pki_monotonic_msec();
		return publish(p, err);
	}
	*wait_msec = wait;
	if (p->config.conf->log->witness_count == 0)
		return PKI_OK;
	merge(p);
	if (wait == PKI_WAIT_FOREVER || wait > TICK_MSEC)
		*wait_msec = TICK_MSEC;
	return PKI_OK;
}

enum pki_status
publisher_start(
	struct publisher *p, const struct publisher_config *config, struct pki_err *err)
{
	*p = (struct publisher){ .config = *config, .published = config->published };
	pki_report_init(&p->publish_report, "pki-ca", "the log is not published");
	pki_report_init(&p->merge_report, "pki-ca", "cosignatures are not published");
	PKI_TRY(pki_ledger_entry_count(config->ledger, &p->committed, err));
	if (pthread_mutex_init(&p->lock, NULL) != 0)
		return pki_fail(err, PKI_INTERNAL, "publisher's lock");
	const struct pki_worker_config worker = { .name = "publisher",
		.job = work,
		.ctx = p,
		.backoff = { .first_msec = PAUSE_MSEC, .max_msec = PAUSE_MSEC },
		.report = &p->publish_report };
	PKI_TRY(pki_worker_init(&p->worker, &worker, err));
	return pki_worker_start(&p->worker, err);
}

void
publisher_notify(struct publisher *p, uint64_t committed, bool soon)
{
	pthread_mutex_lock(&p->lock);
	bool wake = p->idle || (soon && !p->soon);
	p->soon = p->soon || soon;
	p->committed = committed;
	p->idle = false;
	pthread_mutex_unlock(&p->lock);
	if (wake)
		pki_worker_wake(&p->worker);
}

void
publisher_stop(struct publisher *p)
{
	struct pki_err own = { 0 };
	pki_worker_free(&p->worker);
	if (p->published < p->committed && publish(p, &own) != PKI_OK)
		pki_report_trouble(&p->publish_report, &own);
}
