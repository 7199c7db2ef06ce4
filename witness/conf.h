/* A witness's configuration, pki-witness.yaml(5). Relative paths count from the file's
 * folder. */
#ifndef WITNESS_CONF_H
#define WITNESS_CONF_H

#include <limits.h>

#include "libpki/host/conf_log.h"

/* The latest checkpoints of all logs are in a single file, which each cosignature replaces. */
#define WITNESS_LOGS_MAX 64
#define WITNESS_VKEY_TEXT PKI_VKEY_TEXT

struct witness_log {
	char origin[PKI_ORIGIN_TEXT];
	char vkey[WITNESS_VKEY_TEXT];
};

struct witness_conf {
	char name[PKI_ORIGIN_TEXT];
	char state[PATH_MAX]; /* folder */
	char key[PATH_MAX]; /* in state */
	char listen[64];
	char monitor[64]; /* for operators; "": none */
	struct witness_log logs[WITNESS_LOGS_MAX]; /* an origin may have several keys */
	size_t log_count;
};

/* path NULL: $PKI_CONFIG, else /etc/pki/pki-witness.yaml. */
enum pki_status witness_conf_load(
	const char *path, struct witness_conf *out, struct pki_err *err) PKI_MUST_CHECK;
/* The path of a file in the state folder. */
enum pki_status witness_conf_path(const struct witness_conf *conf, const char *name,
	char out[PATH_MAX], struct pki_err *err) PKI_MUST_CHECK;

#endif
