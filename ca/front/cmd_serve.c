#include <errno.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ca/commands.h"
#include "ca/front/front.h"
#include "ca/front/handover.h"
#include "ca/front/quorum_wait.h"
#include "ca/front/restore.h"
#include "ca/front/start.h"
#include "ca/front/writer.h"
#include "libpki/base/file.h"
#include "libpki/host/conf_ca.h"
#include "libpki/host/conf_log.h"
#include "libpki/host/daemon.h"
#include "libpki/host/sandbox.h"
#include "libpki/state/decide.h"

/* Connections beyond the requests that can wait: the reply "busy" needs a connection too.
 * The queue's shares are shares of the connections, because a request that finds its share
 * full gives its connection back at once. */
#define CONNECTIONS_SPARE 64
#define IDLE_SECONDS 30

struct server {
	struct pki_conf *conf;
	struct pki_policy *policy;
	struct channel signer;
	struct pki_ledger *ledger, *front_ledger, *publisher_ledger;
	struct queue queue;
	struct publisher publisher;
	struct writer writer;
	struct peers peers;
	struct pki_monitor *metrics;
	struct front front;
	struct pki_http_server *http;
	pthread_t thread;
	bool writing; /* the thread runs */
	char log_dir[PATH_MAX];
};

static enum pki_status
open_ledgers(struct server *s, struct pki_err *err)
{
	char path[PATH_MAX];
	PKI_TRY(pki_conf_path(s->conf->state, "ledger.db", path, err));
	PKI_TRY(pki_ledger_open(path, PKI_LEDGER_WRITE, &s->ledger, err));
	PKI_TRY(pki_ledger_open(path, PKI_LEDGER_READ, &s->front_ledger, err));
	PKI_TRY(pki_ledger_open(path, PKI_LEDGER_READ, &s->publisher_ledger, err));
	PKI_TRY(pki_ledger_issuer(s->ledger, PKI_ISSUER_CA, &s->writer.ca, err));
	return pki_ledger_issuer(s->ledger, PKI_ISSUER_ROOT, &s->writer.root, err);
}

static enum pki_status
listen_and_sandbox(struct server *s, struct pki_err *err)
{
	char where[PATH_MAX + 8], folder[PATH_MAX];
	snprintf(folder, sizeof folder, "%s", s->conf->socket);
	const char *socket_dir = dirname(folder);
	PKI_TRY(pki_file_mkdirs(socket_dir, 0750, err));
	snprintf(where, sizeof where, "unix:%s", s->conf->socket);
	struct pki_http_config config = {
		.listen = where,
		.threads = 1,
		.body_max = PKI_CMS_MAX,
		.connections_max =
			(unsigned)QUEUE_REQUESTS(s->conf->ca->queue) + CONNECTIONS_SPARE,
		.idle_seconds = IDLE_SECONDS,
		.handler = front_handle,
		.ctx = &s->front,
	};
	PKI_TRY(pki_http_listen(&config, &s->http, err));
	const char *const writable[] = { s->conf->state, s->conf->publish, socket_dir,
		NULL };
	return pki_sandbox_enter(PKI_SANDBOX_SERVER, writable, NULL, err);
}

static void
wire(struct server *s)
{
	s->writer.conf = s->conf;
	s->writer.policy = s->policy;
	s->writer.signer = &s->signer;
	s->writer.ledger = s->ledger;
	s->writer.queue = &s->queue;
	s->writer.publisher = NULL;
	s->writer.checkpoint = s->signer.ready.checkpoint;
	s->writer.pending = s->writer.sent;
	s->writer.metrics = s->metrics;
	s->front.conf = s->conf;
	s->front.policy = s->policy;
	s->front.ledger = s->front_ledger;
	s->front.queue = &s->queue;
	s->front.signer = &s->signer;
	s->front.peers = &s->peers;
	s->front.writer = &s->writer;
	s->front.metrics = s->metrics;
	s->front.screen.policy = s->policy;
	s->front.screen.ledger = s->front_ledger;
	s->front.screen.metrics = s->metrics;
}

/* Records the partitions of pki.yaml, once: certificates name partitions from now on. */
static enum pki_status
begin_partitions(struct server *s, struct pki_err *err)
{
	struct pki_urls known;
	PKI_TRY(pki_ledger_partitions(s->ledger, PKI_ISSUER_CA, &known, err));
	if (known.partitions == s->conf->ca_urls.partitions)
		return PKI_OK;
	return writer_job(&s->writer, JOB_PARTITIONS, err);
}

/* The log records the policy and the witnesses' keys. */
/* The version of the rules, for auditors of later times. */
static enum pki_status
start_event(struct server *s, struct pki_err *err)
{
	struct pki_json detail = pki_json_object();
	pki_json_number(&detail, "rules", PKI_RULES_NOW);
	return writer_event(&s->writer, "ca-started", &detail, err);
}

static enum pki_status
load_event(struct server *s, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_free) struct pki_json detail = pki_json_object();
	PKI_CLEANUP(pki_json_free) struct pki_json witnesses = pki_json_array();
	pki_json_text(&detail, "digest", s->policy->digest);
	for (size_t i = 0; s->policy->witnesses > 0 && i < s->conf->log->witness_count;
		i++) {
		char digest[PKI_SHA256_HEX];
		const char *vkey = s->conf->log->witnesses[i].vkey;
		PKI_TRY(pki_sha256_hex(vkey, strlen(vkey), digest, err));
		pki_json_append_text(&witnesses, digest);
	}
	if (s->policy->witnesses > 0)
		pki_json_nest(&detail, "witnesses", &witnesses);
	return writer_event(&s->writer, "policy-loaded", &detail, err);
}

/* A policy of earlier times stays: revocations go on. The signer refuses what breaks a rule. */
static void
warn_policy(const struct server *s)
{
	struct pki_err own = { 0 };
	char text[1024];
	if (pki_policy_check(s->policy, s->conf->policy, &own) == PKI_OK)
		return;
	pki_err_text(&own, text, sizeof text);
	fprintf(stderr, "pki-ca: warning: %s\n", text);
}

static enum pki_status
start(struct server *s, const struct pki_args *args, signer_entry *signer,
	struct pki_err *err)
{
	uint64_t published = 0;
	PKI_TRY(pki_conf_load(pki_arg(args, "config"), &s->conf, err));
	PKI_TRY(pki_policy_load(s->conf->policy, &s->policy, err));
	warn_policy(s);
	PKI_TRY(quorum_configured(s->conf, s->policy, err));
	PKI_TRY(peers_find(s->conf->ca, &s->peers, err));
	PKI_TRY(pki_conf_path(s->conf->publish, "log", s->log_dir, err));
	PKI_TRY(start_ledger(s->conf, s->policy, err));
	const struct signer_setup setup = { s->conf, s->policy, args, SIGNER_SERVES };
	PKI_TRY(channel_start(&s->signer, signer, &setup, err));
	PKI_TRY(open_ledgers(s, err));
	PKI_TRY(handover(&s->signer, &setup, s->ledger, &s->writer.sent, err));
	PKI_TRY(start_check_log(
		s->log_dir, &s->signer.ready, s->ledger, &published, err));
	PKI_TRY(start_check_crls(s->conf, s->ledger, err));
	/* nothing is published for a ledger that may be of another past */
	PKI_TRY(restore_vkey(s->log_dir, s->signer.ready.vkey, err));
	PKI_TRY(restore_log(s->publisher_ledger, s->log_dir, published, err));
	PKI_TRY(queue_init(&s->queue, (size_t)s->conf->ca->queue, err));
	PKI_TRY(metrics_open(&s->metrics, err));
	wire(s);
	PKI_TRY(screen_open(&s->front.screen, s->conf->ca->rate, err));
	PKI_TRY(quorum_begin(&s->writer, err));
	PKI_TRY(listen_and_sandbox(s, err));
	PKI_TRY(start_event(s, err));
	PKI_TRY(load_event(s, err));
	PKI_TRY(begin_partitions(s, err));
	const struct publisher_config publisher = { s->conf, s->publisher_ledger,
		s->log_dir, published };
	PKI_TRY(publisher_start(&s->publisher, &publisher, err));
	s->writer.publisher = &s->publisher;
	int rc = pthread_create(&s->thread, NULL, writer_run, &s->writer);
	if (rc != 0)
		return pki_fail_errno(err, PKI_INTERNAL, rc, "writer's thread");
	s->writing = true;
	return pki_http_begin(s->http, err);
}

/* Only wait_for_end() receives signals. */
static void
block_signals(sigset_t *set)
{
	pki_daemon_signals(set);
	sigaddset(set, SIGCHLD);
	sigprocmask(SIG_BLOCK, set, NULL);
}

static enum pki_status
wait_for_end(struct server *s, const sigset_t *set, struct pki_err *err)
{
	for (;;) {
		siginfo_t info;
		if (sigwaitinfo(set, &info) < 0)
			continue;
		if (writer_ended(&s->writer))
			return pki_err_move(err, &s->writer.failure);
		if (info.si_signo != SIGCHLD)
			return PKI_OK;
		/* channel_stop() reaps the signer: threads read its pid until then */
		info.si_pid = 0;
		if (waitid(P_PID, (id_t)s->signer.pid, &info,
			    WEXITED | WNOHANG | WNOWAIT) != 0 ||
			info.si_pid == 0)
			continue;
		return pki_fail(err, PKI_UNAVAILABLE,
			"the signer ended (%s %d); start pki-ca again",
			info.si_code == CLD_EXITED ? "status" : "signal", info.si_status);
	}
}

/* Requests in the queue get a reply first. After a failed start, any part of the server
 * may be missing. */
static void
finish(struct server *s, bool in_order)
{
	pki_http_stop(s->http);
	if (s->writing) {
		queue_close(&s->queue);
		pthread_join(s->thread, NULL);
	}
	struct pki_err own = { 0 };
	if (in_order && writer_event(&s->writer, "ca-stopped", NULL, &own) != PKI_OK)
		fprintf(stderr, "pki-ca: %s\n", own.msg);
	if (s->writer.publisher != NULL)
		publisher_stop(s->writer.publisher);
}

static void
release(struct server *s)
{
	screen_close(&s->front.screen);
	pki_monitor_stop(s->metrics);
	pki_ledger_close(s->publisher_ledger);
	pki_ledger_close(s->front_ledger);
	pki_ledger_close(s->ledger);
	pki_cert_free(s->writer.root);
	pki_cert_free(s->writer.ca);
	channel_stop(&s->signer);
	pki_policy_free(s->policy);
	pki_conf_free(s->conf);
}

enum pki_status
ca_cmd_serve(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	const struct ca_program *program = ctx;
	static struct server s = { .signer = { .fd = -1 } };
	sigset_t signals;
	block_signals(&signals);
	enum pki_status status = start(&s, args, program->signer, err);
	if (status == PKI_OK) {
		fprintf(stderr, "pki-ca: ready at %s (front: %s, signer: %s)\n",
			s.conf->socket, pki_sandbox_text(), s.signer.ready.sandbox);
		status = wait_for_end(&s, &signals, err);
	}
	finish(&s, status == PKI_OK);
	release(&s);
	return status;
}
