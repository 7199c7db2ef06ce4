/*
 * bench_log ENTRIES: appends to the log of the sample installation in $D ($PKI_CONFIG),
 * whose services are stopped, in durable batches as pki-ca's; then proofs of entries that
 * chance picks, made from the ledger and checked. Rates of processor time, beside what the
 * hashes take that each cannot do without. The log has no checkpoint over the new entries.
 * JSON on stdout.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "libpki/state/log.h"
#include "tests/bench/common/office.h"

/* As many orders as one commit of pki-ca's takes. */
#define BATCH 64
#define PROOFS 20000

static struct pki_err err;

static double
cpu_now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* What an order of two certificates leaves. */
static void
append(struct pki_ledger *ledger)
{
	char order[PKI_ID_TEXT];
	static const char digest[] =
		"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
	PKI_CLEANUP(pki_json_cleanup) json_t *detail = NULL;
	struct pki_event event = { .type = "certificate-issued",
		.source = "pki-ca",
		.actor = "40000000000000000000000000000001",
		.at = pki_msec_now() };
	must(pki_id_make('O', order, &err), &err);
	detail = json_pack(
		"{s:s, s:s, s:s, s:s, s:s, s:[s, s], s:[{s:s, s:s, s:s}, {s:s, s:s, s:s}]}",
		"order", order, "order_digest", digest, "action", "issue", "holder", "",
		"invitation", "", "officers", event.actor, event.actor, "certificates",
		"profile", "one", "serial", event.actor, "digest", digest, "profile",
		"two", "serial", event.actor, "digest", digest);
	event.detail = detail;
	must(pki_log_append(ledger, &event, NULL, &err), &err);
}

/* Entries per second of processor time; *seconds of the clock. */
static double
append_all(struct pki_ledger *ledger, uint64_t count, double *seconds)
{
	double start = cpu_now();
	uint64_t begun = nsec_now();
	for (uint64_t n = 0; n < count; n += BATCH) {
		must(pki_ledger_begin(ledger, &err), &err);
		for (uint64_t k = n; k < n + BATCH && k < count; k++)
			append(ledger);
		must(pki_ledger_commit(ledger, &err), &err);
	}
	*seconds = (double)(nsec_now() - begun) / 1e9;
	return (double)count / (cpu_now() - start);
}

/* SHA-256 over so many octets, looked up once, per second. */
static double
hashes(size_t len)
{
	static const uint8_t octets[1024];
	uint8_t out[PKI_SHA256];
	EVP_MD *md = EVP_MD_fetch(NULL, "SHA256", NULL);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	double start = cpu_now();
	uint64_t n = 0;
	do {
		EVP_DigestInit_ex2(ctx, md, NULL);
		EVP_DigestUpdate(ctx, octets, len);
		EVP_DigestFinal_ex(ctx, out, NULL);
	} while (++n % 64 != 0 || cpu_now() - start < 0.3);
	double rate = (double)n / (cpu_now() - start);
	EVP_MD_CTX_free(ctx);
	EVP_MD_free(md);
	return rate;
}

struct proved {
	double made, checked; /* per second */
	double hashes; /* of a proof, in the mean */
};

static struct proved
prove(struct pki_ledger *ledger, uint64_t size)
{
	struct pki_merkle_source source = pki_log_source(ledger);
	struct pki_hash root, leaf;
	struct pki_proof proof;
	struct proved proved = { 0 };
	double start = cpu_now();
	must(pki_log_root(ledger, size, &root, &err), &err);
	srand48(1);
	for (int i = 0; i < PROOFS; i++) {
		uint64_t index = (uint64_t)(drand48() * (double)size);
		must(pki_merkle_inclusion(index, size, &source, &proof, &err), &err);
		must(source.read(source.ctx, 0, index, &leaf, &err), &err);
		double from = cpu_now();
		must(pki_merkle_check_inclusion(&leaf, index, size, &root, &proof, &err),
			&err);
		proved.checked += cpu_now() - from;
		proved.hashes += (double)proof.count / PROOFS;
	}
	proved.made = PROOFS / (cpu_now() - start - proved.checked);
	proved.checked = PROOFS / proved.checked;
	return proved;
}

int
main(int argc, char **argv)
{
	struct office office;
	struct pki_ledger *ledger = NULL;
	char path[PATH_MAX];
	double first_seconds, last_seconds;
	uint64_t size = 0, before = 0;
	uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
	if (count < 10 * BATCH) {
		fputs("usage: D=INSTALLATION bench_log ENTRIES (640 or more)\n", stderr);
		return 2;
	}
	office_open(&office);
	must(pki_conf_path(office.conf->state, "ledger.db", path, &err), &err);
	must(pki_ledger_open(path, PKI_LEDGER_WRITE, &ledger, &err), &err);
	must(pki_ledger_entry_count(ledger, &before, &err), &err);
	uint64_t tenth = count / 10;
	double first = append_all(ledger, tenth, &first_seconds);
	double rest_seconds;
	(void)append_all(ledger, count - 2 * tenth, &rest_seconds);
	double last = append_all(ledger, tenth, &last_seconds);
	must(pki_ledger_entry_count(ledger, &size, &err), &err);
	struct proved proved = prove(ledger, size);
	pki_ledger_close(ledger);
	/* a leaf of about 600 octets, and in the mean one node above it */
	double leaf = hashes(600), node = hashes(65);
	printf("{\"before\": %ju, \"entries\": %ju, \"first\": %.0f, \"last\": %.0f, \"last_on_clock\": %.0f, \"append_limit\": %.0f, \"proofs\": %.0f, \"checks\": %.0f, \"check_limit\": %.0f, \"nodes\": %.0f}\n",
		(uintmax_t)before, (uintmax_t)size, first, last,
		(double)tenth / last_seconds, 1 / (1 / leaf + 1 / node), proved.made,
		proved.checked, node / proved.hashes, node);
	return 0;
}
