/* The sources of an audit: paths and keys from options or from pki.yaml. */
#ifndef TOOLS_AUDIT_SOURCES_H
#define TOOLS_AUDIT_SOURCES_H

#include <limits.h>

#include "libpki/host/cli.h"
#include "libpki/host/conf_log.h"
#include "libpki/state/ledger.h"

struct audit_sources {
	char ledger[PATH_MAX];
	char publish[PATH_MAX];
	char policy[PATH_MAX]; /* from pki.yaml; "" if --policy is given */
	/* from pki.yaml and --witness */
	char witnesses[PKI_WITNESSES_MAX + PKI_VALUES_MAX][PKI_VKEY_TEXT];
	size_t witness_count;
	char tsa[PATH_MAX]; /* certificates to trust for time-stamps; "": none */
	int64_t stamp_every; /* seconds; 0: pki.yaml names no authority */
};
/* Options first; pki.yaml is read only if --ledger, --publish or --policy is missing. */
enum pki_status sources_find(const struct pki_args *args, struct audit_sources *out,
	struct pki_err *err) PKI_MUST_CHECK;
/* Open the ledger to read. pki.yaml is read only if --ledger is missing. */
enum pki_status sources_open_ledger(const struct pki_args *args, struct pki_ledger **out,
	struct pki_err *err) PKI_MUST_CHECK;
/* A log's verifier key from an argument: the key itself, or the path of its file. */
enum pki_status sources_read_vkey(
	const char *arg, struct pki_buf *out, struct pki_err *err) PKI_MUST_CHECK;

#endif
