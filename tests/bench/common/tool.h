/* What the measuring programs share: they end at the first error. */
#ifndef TESTS_BENCH_TOOL_H
#define TESTS_BENCH_TOOL_H

#include <stdint.h>

#include "libpki/host/conf.h"

/* Anything but OK: the program's name and the message on stderr, exit 1. */
void must(enum pki_status status, const struct pki_err *err);
/* Monotonic nanoseconds. */
uint64_t nsec_now(void);

/* DIR/NAME of an installation made by tools/make/sample.sh, whose folder is $D; exit 2 without it. */
void sample_path(char out[PATH_MAX], const char *fmt, ...) PKI_PRINTF(2, 3);
/* What opens the CA's keys: the secret that pki-ca(8) makes of both custodians' passphrases. */
struct pki_buf custody(void);

#endif
