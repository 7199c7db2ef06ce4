/*
 * bench_crl [ENTRIES]: a CRL of that many entries (1,000,000) built, parsed, verified, and
 * each entry looked up; and read and verified by OpenSSL's own types. JSON on stdout:
 * octets of DER; for each step seconds of processor time and octets of memory above those
 * before.
 */
#include <fcntl.h>
#include <malloc.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "libpki/base/file.h"
#include "libpki/x509/crl.h"

static struct {
	struct pki_key *key;
	struct pki_cert *cert;
	struct pki_revoked *list;
	size_t count;
	struct pki_crl *crl;
	struct pki_buf der;
} bench;

static void
must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "bench_crl: %s failed\n", what);
	exit(1);
}

static void
add_ext(X509 *x509, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509V3_set_ctx(&ctx, x509, x509, NULL, NULL, 0);
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	must(ext != NULL && X509_add_ext(x509, ext, -1) == 1, value);
	X509_EXTENSION_free(ext);
}

static void
make_issuer(void)
{
	struct pki_err err = { 0 };
	X509 *x509 = X509_new();
	must(x509 != NULL && pki_key_generate(PKI_ALG_P256, &bench.key, &err) == PKI_OK,
		"the key");
	EVP_PKEY *pkey = pki_key_get0_evp(bench.key);
	X509_set_version(x509, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x509), 1);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), "CN", MBSTRING_UTF8,
		(const unsigned char *)"TEST CA", -1, -1, 0);
	X509_set_issuer_name(x509, X509_get_subject_name(x509));
	X509_gmtime_adj(X509_getm_notBefore(x509), 0);
	X509_gmtime_adj(X509_getm_notAfter(x509), 86400);
	X509_set_pubkey(x509, pkey);
	add_ext(x509, NID_basic_constraints, "critical,CA:TRUE");
	add_ext(x509, NID_key_usage, "critical,keyCertSign,cRLSign");
	add_ext(x509, NID_subject_key_identifier, "hash");
	must(X509_sign(x509, pkey, EVP_sha256()) > 0 &&
			pki_cert_from_x509(x509, &bench.cert, &err) == PKI_OK,
		"the issuer");
	X509_free(x509);
}

/* In no order, as a ledger has them. */
static void
make_list(void)
{
	struct pki_err err = { 0 };
	bench.list = calloc(bench.count, sizeof *bench.list);
	must(bench.list != NULL, "the list");
	for (size_t i = 0; i < bench.count; i++) {
		struct pki_revoked *r = &bench.list[i];
		must(pki_serial_random(&r->serial, &err) == PKI_OK, "a serial");
		r->revoked_at = pki_time_now() - (pki_time)i * 60;
		r->reason = i % 4 == 0 ? PKI_REASON_UNSPECIFIED : PKI_REASON_SUPERSEDED;
	}
}

static bool
build(void)
{
	struct pki_err err = { 0 };
	struct pki_crl_spec spec = {
		.issuer = bench.cert,
		.number = 1,
		.this_update = pki_time_now(),
		.next_update = pki_time_now() + PKI_DAY,
		.revoked = bench.list,
		.count = bench.count,
	};
	return pki_crl_build(&spec, bench.key, &bench.crl, &err) == PKI_OK;
}

static bool
parse(void)
{
	struct pki_err err = { 0 };
	return pki_crl_parse(pki_buf_bytes(&bench.der), &bench.crl, &err) == PKI_OK;
}

static bool
verify(void)
{
	struct pki_err err = { 0 };
	return pki_crl_verify(bench.crl, bench.cert, &err) == PKI_OK;
}

static bool
find(void)
{
	struct pki_revoked found;
	for (size_t i = 0; i < bench.count; i++)
		if (!pki_crl_find(bench.crl, &bench.list[i].serial, &found) ||
			found.revoked_at != bench.list[i].revoked_at)
			return false;
	return true;
}

static bool
peer(void)
{
	const unsigned char *p = bench.der.data;
	X509_CRL *x509 = d2i_X509_CRL(NULL, &p, (long)bench.der.len);
	bool ok = x509 != NULL && X509_CRL_verify(x509, pki_key_get0_evp(bench.key)) == 1;
	X509_CRL_free(x509);
	return ok;
}

/* Octets, from a line of /proc/self/status. */
static long
memory(const char *name)
{
	char line[256];
	long kilobytes = 0;
	FILE *status = fopen("/proc/self/status", "r");
	while (status != NULL && fgets(line, sizeof line, status) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			kilobytes = strtol(line + strlen(name), NULL, 10);
	if (status != NULL)
		fclose(status);
	return kilobytes * 1024;
}

/* The peak starts anew: proc_pid_clear_refs(5) */
static void
forget_peak(void)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY);
	must(fd >= 0 && write(fd, "5", 1) == 1 && close(fd) == 0, "clear_refs");
}

static double
processor(void)
{
	struct rusage used;
	getrusage(RUSAGE_SELF, &used);
	return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
	       (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

static void
step(const char *name, bool (*run)(void))
{
	malloc_trim(0);
	forget_peak();
	long resident = memory("VmRSS:");
	double start = processor();
	must(run(), name);
	printf(", \"%s\": {\"seconds\": %.3f, \"memory\": %ld}", name,
		processor() - start, memory("VmHWM:") - resident);
}

int
main(int argc, char **argv)
{
	struct pki_err err = { 0 };
	bench.count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
	make_issuer();
	make_list();
	printf("{\"entries\": %zu", bench.count);
	step("build", build);
	struct pki_bytes der = pki_crl_get0_der(bench.crl);
	must(pki_buf_append(&bench.der, der.data, der.len, &err) == PKI_OK, "a copy");
	pki_crl_free(bench.crl);
	step("parse", parse);
	step("verify", verify);
	step("find", find);
	pki_crl_free(bench.crl);
	step("openssl", peer);
	printf(", \"octets\": %zu}\n", bench.der.len);
	pki_key_free(bench.key);
	pki_cert_free(bench.cert);
	pki_buf_free(&bench.der);
	free(bench.list);
	return 0;
}
