/*
 * bench_issue [ORDERS [CONNECTIONS]]: certificates per second of a running pki-ca
 * ($PKI_CONFIG), each order with two certificates, two officers' signatures and an
 * invitation. Orders are made beforehand with the officers of $D/officers
 * (tools/sample.sh). JSON on stdout.
 */
#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "libpki/conf.h"
#include "libpki/csr.h"
#include "libpki/file.h"
#include "libpki/policy.h"

#define CONNECTIONS_MAX 256

struct officer {
	struct pki_cert *cert;
	struct pki_key *key;
};

static struct {
	struct pki_conf conf;
	struct pki_policy *policy;
	struct officer irene, claire, david;
	struct pki_buf *orders;
	size_t count;
	atomic_size_t next;
	atomic_size_t failed;
} bench;

static void
must(enum pki_status status, const struct pki_err *err)
{
	if (status == PKI_OK)
		return;
	char text[1024];
	pki_err_text(err, text, sizeof text);
	fprintf(stderr, "bench_issue: %s\n", text);
	exit(1);
}

static void
load_officer(const char *name, struct officer *out)
{
	struct pki_err err = { 0 };
	struct pki_buf pass = { 0 };
	char path[PATH_MAX];
	const char *dir = getenv("D");
	snprintf(path, sizeof path, "%s/officers/%s/cert.pem", dir, name);
	must(pki_cert_read(path, &out->cert, &err), &err);
	snprintf(path, sizeof path, "file:%s/officers/%s/passphrase", dir, name);
	must(pki_secret_read(path, name, &pass, &err), &err);
	snprintf(path, sizeof path, "%s/officers/%s/key.pem", dir, name);
	must(pki_key_open(path, pki_buf_bytes(&pass), &out->key, &err), &err);
	pki_buf_cleanse(&pass);
}

static struct pki_buf
sign(const struct pki_order *order, const struct officer *a, const struct officer *b)
{
	struct pki_err err = { 0 };
	struct pki_buf json = { 0 }, one = { 0 }, two = { 0 };
	must(pki_order_encode(order, &json, &err), &err);
	must(pki_cms_sign(pki_buf_bytes(&json), a->key, a->cert, &one, &err), &err);
	pki_buf_free(&json);
	if (b == NULL)
		return one;
	must(pki_cms_cosign(pki_buf_bytes(&one), b->key, b->cert, &two, &err), &err);
	pki_buf_free(&one);
	return two;
}

static struct pki_buf
invitation(pki_msec now)
{
	static const char digest[] =
		"0000000000000000000000000000000000000000000000000000000000000000";
	struct pki_err err = { 0 };
	struct pki_order o = { .action = PKI_ACTION_INVITE, .created = now };
	must(pki_id_make('I', o.id, &err), &err);
	strcpy(o.authority, bench.conf.authority);
	strcpy(o.department, "TEST Department");
	strcpy(o.applicant_digest, digest);
	o.expires = now / 1000 + PKI_DAY;
	return sign(&o, &bench.irene, NULL);
}

static void
add_certificate(struct pki_order *o, const char *profile)
{
	struct pki_err err = { 0 };
	struct pki_key *key = NULL;
	strcpy(o->certs[o->cert_count].profile, profile);
	must(pki_key_generate(PKI_ALG_P256, &key, &err), &err);
	must(pki_csr_make(key, &o->certs[o->cert_count].csr, &err), &err);
	pki_key_free(key);
	o->cert_count++;
}

static struct pki_buf
make_order(void)
{
	struct pki_err err = { 0 };
	pki_msec now = pki_msec_now();
	struct pki_order o = { .action = PKI_ACTION_ISSUE };
	must(pki_id_make('O', o.id, &err), &err);
	must(pki_id_make('A', o.application, &err), &err);
	must(pki_id_make('H', o.holder, &err), &err);
	o.invitation = invitation(now);
	o.created = pki_msec_now();
	strcpy(o.authority, bench.conf.authority);
	strcpy(o.subject.country, "FR");
	strcpy(o.subject.given_name, "Bench");
	strcpy(o.subject.surname, "Holder");
	snprintf(o.subject.serial_number, sizeof o.subject.serial_number, "PASFR-%.16s",
		o.holder + 2);
	strcpy(o.subject.common_name, "TEST Bench Holder");
	o.requested = now / 1000 - PKI_DAY;
	strcpy(o.identity_method, "in-person");
	strcpy(o.document_type, "passport");
	strcpy(o.document_country, "FR");
	o.document_end = now / 1000 + 2000 * PKI_DAY;
	strcpy(o.document_digest, bench.policy->terms_digest);
	strcpy(o.evidence[0], bench.policy->terms_digest);
	o.evidence_count = 1;
	strcpy(o.terms_version, bench.policy->terms_version);
	strcpy(o.terms_digest, bench.policy->terms_digest);
	add_certificate(&o, "holder-authentication");
	add_certificate(&o, "holder-signature");
	struct pki_buf cms = sign(&o, &bench.claire, &bench.david);
	pki_order_free(&o);
	return cms;
}

static size_t
drop(char *data, size_t size, size_t count, void *ctx)
{
	(void)ctx;
	if (count > 10 && strncmp(data, "{\"error", 7) == 0)
		fprintf(stderr, "bench_issue: %.*s\n", (int)(size * count), data);
	return size * count;
}

static void *
client(void *arg)
{
	CURL *curl = curl_easy_init();
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, bench.conf.socket);
	curl_easy_setopt(curl, CURLOPT_URL, "http://localhost/v1/orders");
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop);
	for (;;) {
		size_t i = atomic_fetch_add(&bench.next, 1);
		if (i >= bench.count)
			break;
		long code = 0;
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)bench.orders[i].len);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, bench.orders[i].data);
		if (curl_easy_perform(curl) == CURLE_OK)
			curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
		if (code != 200)
			atomic_fetch_add(&bench.failed, 1);
	}
	curl_easy_cleanup(curl);
	return arg;
}

static double
submit_all(size_t connections)
{
	pthread_t threads[CONNECTIONS_MAX];
	struct timespec a, b;
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (size_t i = 0; i < connections; i++)
		if (pthread_create(&threads[i], NULL, client, NULL) != 0)
			exit(1);
	for (size_t i = 0; i < connections; i++)
		pthread_join(threads[i], NULL);
	clock_gettime(CLOCK_MONOTONIC, &b);
	return (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
}

int
main(int argc, char **argv)
{
	struct pki_err err = { 0 };
	bench.count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000;
	size_t connections = argc > 2 ? strtoul(argv[2], NULL, 10) : 64;
	if (bench.count == 0 || connections == 0 || connections > CONNECTIONS_MAX ||
		getenv("D") == NULL) {
		fputs("usage: D=INSTALLATION bench_issue [ORDERS [CONNECTIONS]]\n", stderr);
		return 2;
	}
	must(pki_conf_load(NULL, &bench.conf, &err), &err);
	must(pki_policy_load(bench.conf.policy, &bench.policy, &err), &err);
	load_officer("irene", &bench.irene);
	load_officer("claire", &bench.claire);
	load_officer("david", &bench.david);
	bench.orders = calloc(bench.count, sizeof *bench.orders);
	for (size_t i = 0; i < bench.count; i++)
		bench.orders[i] = make_order();
	curl_global_init(CURL_GLOBAL_DEFAULT);
	double seconds = submit_all(connections);
	size_t failed = atomic_load(&bench.failed);
	printf("{\"orders\": %zu, \"failed\": %zu, \"seconds\": %.3f, "
	       "\"certificates_per_second\": %.0f}\n",
		bench.count, failed, seconds, 2 * (double)(bench.count - failed) / seconds);
	return failed != 0;
}
