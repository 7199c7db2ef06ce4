/*
 * load --url URL --ledger FILE [OPTION...]: ask an OCSP responder about certificates of a
 * ledger, hold each answer's status against the ledger's, verify signatures. JSON on
 * stdout; exit 1 if an answer was wrong or did not come. Options, with their defaults:
 *
 *   --seconds 5  --connections 16  --threads 1  --certificates 1000
 *   --rate 0       requests per second, an open loop; 0: as fast as answers come
 *   --get  --nonce  --fresh (a connection for each request)  --hash SHA1
 *   --verify 1000  verify the signature of one in so many answers
 *   --revoking     certificates may be revoked meanwhile
 *   --any          whatever comes is right: the server is no responder
 *   --save DIR     ask once for each, by GET, and keep the answers in files of the paths
 */
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "libpki/base/file.h"
#include "tests/bench/common/hist.h"
#include "tests/bench/common/http_load.h"
#include "tests/bench/common/ocsp_brief.h"
#include "tests/bench/common/questions.h"
#include "tests/bench/common/tool.h"

#define THREADS_MAX 64
#define COMPLAINTS_MAX 5

static struct {
	struct http_load load; /* one thread's share */
	struct question_form form;
	struct question *questions;
	size_t certificates, threads;
	double seconds;
	unsigned long verify;
	bool revoking, any;
	const char *save;
	struct pki_cert *issuer;
} bench = {
	.load.connections = 16,
	.form.hash = "SHA1",
	.certificates = 1000,
	.threads = 1,
	.seconds = 5,
	.verify = 1000,
};

struct client {
	pthread_t thread;
	size_t next;
	uint64_t answered, in_time, wrong, later, lost, verified, changed;
	struct hist hist;
};

static void
complain(const char *what, const struct pki_serial *serial)
{
	static int complaints;
	char text[PKI_SERIAL_TEXT];
	pki_serial_text(serial, text);
	if (__atomic_fetch_add(&complaints, 1, __ATOMIC_RELAXED) < COMPLAINTS_MAX)
		fprintf(stderr, "load: %s: %s\n", text, what);
}

static void
ask(void *ctx, struct http_call *call)
{
	struct client *c = ctx;
	call->item = c->next++ % bench.certificates;
	call->wire = pki_buf_bytes(&bench.questions[call->item].wire);
}

static bool
agrees(struct client *c, const struct question *q, const struct ocsp_brief *brief)
{
	if (!pki_bytes_equal(brief->serial.data, brief->serial.len, q->serial.octets,
		    q->serial.len))
		return false;
	bool changed = bench.revoking && q->want == PKI_OCSP_GOOD &&
		       brief->status == PKI_OCSP_REVOKED;
	c->changed += changed;
	return changed || brief->status == q->want;
}

static bool
verifies(struct client *c, const struct question *q, struct pki_bytes body)
{
	struct pki_err err = { 0 };
	struct pki_ocsp_result result;
	c->verified++;
	if (pki_ocsp_response_verify(body, pki_buf_bytes(&q->der), bench.issuer,
		    pki_time_now(), &result, &err) == PKI_OK)
		return true;
	complain(err.msg, &q->serial);
	return false;
}

static void
keep(const struct question *q, struct pki_bytes body)
{
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf base64 = { 0 };
	char path[PATH_MAX], folder[PATH_MAX];
	must(pki_base64_encode(q->der.data, q->der.len, &base64, &err), &err);
	must(pki_conf_path(bench.save, (const char *)base64.data, path, &err), &err);
	snprintf(folder, sizeof folder, "%s", path);
	*strrchr(folder, '/') = '\0';
	must(pki_file_mkdirs(folder, 0755, &err), &err);
	FILE *file = fopen(path, "w");
	if (file == NULL || fwrite(body.data, 1, body.len, file) != body.len ||
		fclose(file) != 0) {
		perror(path);
		exit(1);
	}
}

static void
answered(void *ctx, const struct http_call *call, const struct http_answer *answer)
{
	struct client *c = ctx;
	const struct question *q = &bench.questions[call->item];
	struct ocsp_brief brief;
	c->answered++;
	c->in_time += answer->at <= bench.load.until;
	hist_add(&c->hist, answer->at - call->due);
	if (bench.any && answer->code == 200) {
		c->changed++;
	} else if (answer->code != 200 || !ocsp_brief_read(answer->body, &brief)) {
		c->wrong++;
		complain("not an OCSP answer", &q->serial);
	} else if (brief.response == PKI_OCSP_TRY_LATER) {
		c->later++;
	} else if (brief.response != 0 || !agrees(c, q, &brief)) {
		c->wrong++;
		complain("another status than the ledger's", &q->serial);
	} else if (bench.verify != 0 && c->answered % bench.verify == 1 % bench.verify) {
		c->wrong += !verifies(c, q, answer->body);
	}
	if (bench.save != NULL)
		keep(q, answer->body);
}

static void
lost(void *ctx, const struct http_call *call, const char *why)
{
	struct client *c = ctx;
	c->lost++;
	complain(why, &bench.questions[call->item].serial);
}

static void *
run(void *arg)
{
	struct client *c = arg;
	struct http_load load = bench.load;
	load.ctx = c;
	http_load_run(&load);
	return NULL;
}

static void
report(const struct client *all)
{
	struct client sum = { .answered = 0 };
	for (size_t i = 0; i < bench.threads; i++) {
		sum.answered += all[i].answered;
		sum.in_time += all[i].in_time;
		sum.wrong += all[i].wrong;
		sum.later += all[i].later;
		sum.lost += all[i].lost;
		sum.verified += all[i].verified;
		sum.changed += all[i].changed;
		hist_merge(&sum.hist, &all[i].hist);
	}
	double seconds = (double)(bench.load.until - bench.load.start) / 1e9;
	printf("{\"answered\": %ju, \"seconds\": %.3f, \"rate\": %.0f, \"wrong\": %ju, \"try_later\": %ju, \"lost\": %ju, \"verified\": %ju, \"changed\": %ju, \"p50_us\": %.0f, \"p99_us\": %.0f, \"p999_us\": %.0f, \"max_us\": %.0f}\n",
		(uintmax_t)sum.answered, seconds, (double)sum.in_time / seconds,
		(uintmax_t)sum.wrong, (uintmax_t)sum.later, (uintmax_t)sum.lost,
		(uintmax_t)sum.verified, (uintmax_t)sum.changed,
		(double)hist_quantile(&sum.hist, 0.5) / 1e3,
		(double)hist_quantile(&sum.hist, 0.99) / 1e3,
		(double)hist_quantile(&sum.hist, 0.999) / 1e3,
		(double)sum.hist.max / 1e3);
	if (sum.wrong != 0 || sum.lost != 0 || sum.answered == 0)
		exit(1);
}

static void
usage(void)
{
	fputs("usage: load --url URL --ledger FILE [--seconds N] [--connections N] [--threads N] [--certificates N] [--rate N] [--get] [--nonce] [--fresh] [--hash NAME] [--verify N] [--revoking] [--any] [--save DIR]\n",
		stderr);
	exit(2);
}

static void
read_options(int argc, char **argv, const char **ledger)
{
	static const struct option options[] = { { "url", 1, NULL, 'u' },
		{ "ledger", 1, NULL, 'l' }, { "seconds", 1, NULL, 's' },
		{ "connections", 1, NULL, 'c' }, { "threads", 1, NULL, 't' },
		{ "certificates", 1, NULL, 'n' }, { "rate", 1, NULL, 'r' },
		{ "get", 0, NULL, 'g' }, { "nonce", 0, NULL, 'o' },
		{ "fresh", 0, NULL, 'f' }, { "hash", 1, NULL, 'h' },
		{ "verify", 1, NULL, 'v' }, { "revoking", 0, NULL, 'k' },
		{ "any", 0, NULL, 'y' }, { "save", 1, NULL, 'a' }, { 0 } };
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;)
		switch (c) {
		case 'u':
			bench.form.path = http_load_url(optarg, &bench.load.address);
			break;
		case 'l':
			*ledger = optarg;
			break;
		case 's':
			bench.seconds = strtod(optarg, NULL);
			break;
		case 'c':
			bench.load.connections = strtoul(optarg, NULL, 10);
			break;
		case 't':
			bench.threads = strtoul(optarg, NULL, 10);
			break;
		case 'n':
			bench.certificates = strtoul(optarg, NULL, 10);
			break;
		case 'r':
			bench.load.rate = strtod(optarg, NULL);
			break;
		case 'g':
			bench.form.get = true;
			break;
		case 'o':
			bench.form.nonce = true;
			break;
		case 'f':
			bench.form.fresh = bench.load.fresh = true;
			break;
		case 'h':
			bench.form.hash = optarg;
			break;
		case 'v':
			bench.verify = strtoul(optarg, NULL, 10);
			break;
		case 'k':
			bench.revoking = true;
			break;
		case 'y':
			bench.any = true;
			break;
		case 'a':
			bench.save = optarg;
			break;
		default:
			usage();
		}
	if (bench.save != NULL) {
		bench.form.get = true;
		bench.threads = 1;
		bench.load.count = bench.certificates;
	}
	bool fits = bench.threads >= 1 && bench.threads <= THREADS_MAX &&
		    bench.load.connections >= bench.threads &&
		    bench.load.connections <= HTTP_LOAD_CONNECTIONS_MAX;
	if (!fits || bench.form.path == NULL || *ledger == NULL ||
		bench.certificates == 0 || optind != argc)
		usage();
}

int
main(int argc, char **argv)
{
	static struct client clients[THREADS_MAX];
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_ledger_cleanup) struct pki_ledger *ledger = NULL;
	const char *path = NULL;
	read_options(argc, argv, &path);
	must(pki_ledger_open(path, PKI_LEDGER_READ, &ledger, &err), &err);
	must(pki_ledger_issuer(ledger, PKI_ISSUER_CA, &bench.issuer, &err), &err);
	bench.questions = questions_draw(ledger, &bench.form, bench.certificates);
	bench.load.connections /= bench.threads;
	bench.load.rate /= (double)bench.threads;
	bench.load.ask = ask;
	bench.load.answered = answered;
	bench.load.lost = lost;
	bench.load.start = nsec_now();
	bench.load.until = bench.load.start + (uint64_t)(bench.seconds * 1e9);
	for (size_t i = 0; i < bench.threads; i++) {
		clients[i].next = i * bench.certificates / bench.threads;
		if (pthread_create(&clients[i].thread, NULL, run, &clients[i]) != 0)
			abort();
	}
	for (size_t i = 0; i < bench.threads; i++)
		pthread_join(clients[i].thread, NULL);
	report(clients);
	return 0;
}
