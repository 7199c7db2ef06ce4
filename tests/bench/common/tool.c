#include "tests/bench/common/tool.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "libpki/base/file.h"
#include "libpki/base/secret.h"

void
must(enum pki_status status, const struct pki_err *err)
{
	if (status == PKI_OK)
		return;
	char text[1024];
	pki_err_text(err, text, sizeof text);
	fprintf(stderr, "%s: %s\n", program_invocation_short_name, text);
	exit(1);
}

uint64_t
nsec_now(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

void
sample_path(char out[PATH_MAX], const char *fmt, ...)
{
	const char *dir = getenv("D");
	if (dir == NULL) {
		fprintf(stderr, "%s: set D to the sample installation\n",
			program_invocation_short_name);
		exit(2);
	}
	int len = snprintf(out, PATH_MAX, "%s/", dir);
	va_list ap;
	va_start(ap, fmt);
	if (len < PATH_MAX)
		len += vsnprintf(out + len, (size_t)(PATH_MAX - len), fmt, ap);
	va_end(ap);
	if (len >= PATH_MAX)
		exit(2);
}

/* pki-ca's own: SHA-256 over both, each behind its length, in hexadecimal. */
struct pki_buf
custody(void)
{
	struct pki_err err = { 0 };
	struct pki_buf both = { 0 }, secret = { 0 };
	char path[PATH_MAX], source[PATH_MAX + 8], hex[PKI_SHA256_HEX];
	for (int i = 1; i <= 2; i++) {
		PKI_CLEANUP(pki_buf_cleanse) struct pki_buf part = { 0 };
		uint8_t length[8] = { 0 };
		sample_path(path, "secrets/custodian-%d", i);
		snprintf(source, sizeof source, "file:%s", path);
		must(pki_secret_read(source, "custodian", &part, &err), &err);
		length[7] = (uint8_t)part.len;
		must(pki_buf_append(&both, length, sizeof length, &err), &err);
		must(pki_buf_append(&both, part.data, part.len, &err), &err);
	}
	must(pki_sha256_hex(both.data, both.len, hex, &err), &err);
	must(pki_buf_append(&secret, hex, sizeof hex - 1, &err), &err);
	pki_buf_cleanse(&both);
	return secret;
}
