/*
 * Published files of other processes, which write while the ledger is in use. They are
 * read before the audit's snapshot of the ledger, so the snapshot must know everything in
 * these files.
 */
#ifndef TOOLS_AUDIT_EARLY_H
#define TOOLS_AUDIT_EARLY_H

#include <limits.h>

#include "libpki/base/mem.h"

enum early_file {
	EARLY_CHECKPOINT, /* log/checkpoint */
	EARLY_COSIGNED, /* witness/checkpoint, cosigned by witnesses */
	EARLY_RESPONDER, /* ocsp.pem, the responder's certificate */
	EARLY_COUNT
};

struct early {
	const char *dir; /* the folder of published files; borrowed */
	struct {
		bool exists;
		struct pki_buf content;
		struct pki_err err; /* why the file could not be read */
	} files[EARLY_COUNT];
};

void early_read(struct early *early, const char *dir);
void early_free(struct early *early);
bool early_exists(const struct early *early, enum early_file which);
/* Sets path, then *out, which is early's. */
enum pki_status early_get(const struct early *early, enum early_file which,
	char path[PATH_MAX], struct pki_bytes *out, struct pki_err *err) PKI_MUST_CHECK;

#endif
