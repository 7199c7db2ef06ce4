/* The responses about all of an authority's certificates as files, in conf's ocsp.export. */
#ifndef OCSP_EXPORT_H
#define OCSP_EXPORT_H

#include "ocsp/authority.h"

struct exporter;

enum pki_status exporter_new(struct authority *authority, struct exporter **out,
	struct pki_err *err) PKI_MUST_CHECK;
/* In a thread, until exporter_free(): changes are written within a second, and each file again
 * well before its response ends. */
enum pki_status exporter_begin(struct exporter *ex, struct pki_err *err) PKI_MUST_CHECK;
void exporter_free(struct exporter *ex);
/* Without a thread: all missing or old files. */
enum pki_status exporter_run(
	struct exporter *ex, uint64_t *written, struct pki_err *err) PKI_MUST_CHECK;

#endif
