#include "ca/front/publisher.h"

#include <stdio.h>
#include <time.h>

#include "ca/front/cosigned.h"
#include "libpki/host/conf_log.h"
#include "libpki/state/log.h"

/* Each publication rewrites a tile and three files; an auditor does not ask more often. */
#define PAUSE_SECONDS 1
/* Cosignatures are looked for at each tick, where there are witnesses. */
#define TICK_NSEC 200000000L
#define TICKS 5 /* in a second */

static void
publish(struct publisher *p)
{
	struct pki_err err = { 0 };
	uint64_t size = p->published;
	if (pki_log_publish(p->ledger, p->dir, p->published, &size, &err) == PKI_OK) {
		p->published = size;
		return;
	}
	char text[1024];
	pki_err_text(&err, text, sizeof text);
	fprintf(stderr, "pki-ca: the log is not published, next try in %d s: %s\n",
		PAUSE_SECONDS, text);
}

/* What lasts is told once. */
static void
merge(struct publisher *p)
{
	struct pki_err err = { 0 };
	if (p->conf->log->witness_count == 0)
		return;
	if (cosigned_merge(p->conf, &err) != PKI_OK && err.status != p->told) {
		char text[1024];
		pki_err_text(&err, text, sizeof text);
		fprintf(stderr, "pki-ca: cosignatures are not published: %s\n", text);
	}
	p->told = err.status;
}

/* Sleep, but not while somebody waits for the end. */
static void
pause_or_close(struct publisher *p)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += TICK_NSEC;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	while (!p->closed && pthread_cond_timedwait(&p->changed, &p->lock, &until) == 0)
		;
}

static void *
run(void *arg)
{
	struct publisher *p = arg;
	int rest = 0; /* ticks until it may publish again */
	pthread_mutex_lock(&p->lock);
	while (!p->closed) {
		bool due = p->published < p->committed;
		if (!due && rest == 0 && p->conf->log->witness_count == 0) {
			pthread_cond_wait(&p->changed, &p->lock);
			continue;
		}
		bool now = due && (rest == 0 || p->soon);
		p->soon = p->soon && !now;
		pthread_mutex_unlock(&p->lock);
		if (now) {
			publish(p);
			rest = PAUSE_SECONDS * TICKS;
		} else {
			merge(p);
		}
		pthread_mutex_lock(&p->lock);
		pause_or_close(p);
		rest -= rest > 0;
	}
	pthread_mutex_unlock(&p->lock);
	if (p->published < p->committed)
		publish(p);
	return NULL;
}

enum pki_status
publisher_start(struct publisher *p, const struct pki_conf *conf,
	struct pki_ledger *ledger, const char *dir, uint64_t published,
	struct pki_err *err)
{
	*p = (struct publisher){
		.ledger = ledger, .dir = dir, .conf = conf, .published = published
	};
	PKI_TRY(pki_ledger_entry_count(ledger, &p->committed, err));
	if (pthread_mutex_init(&p->lock, NULL) != 0 ||
		pthread_cond_init(&p->changed, NULL) != 0 ||
		pthread_create(&p->thread, NULL, run, p) != 0)
		return pki_fail(err, PKI_INTERNAL, "publisher's thread");
	return PKI_OK;
}

void
publisher_notify(struct publisher *p, uint64_t committed, bool soon)
{
	pthread_mutex_lock(&p->lock);
	p->soon = p->soon || soon;
	p->committed = committed;
	pthread_cond_signal(&p->changed);
	pthread_mutex_unlock(&p->lock);
}

void
publisher_stop(struct publisher *p)
{
	pthread_mutex_lock(&p->lock);
	p->closed = true;
	pthread_cond_signal(&p->changed);
	pthread_mutex_unlock(&p->lock);
	pthread_join(p->thread, NULL);
}
