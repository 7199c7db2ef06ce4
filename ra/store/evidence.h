/* Evidence: copies of documents, sealed, as store/evidence/APPLICATION/NUMBER. */
#ifndef RA_STORE_EVIDENCE_H
#define RA_STORE_EVIDENCE_H

#include "ra/store/record.h"

/* A scan of a document's page at 300 dpi is 1 to 4 MiB. */
#define RA_EVIDENCE_MAX ((size_t)10 << 20)

/*
 * Seal a copy of the file at path, and add the evidence to the record. LIMIT above
 * RA_EVIDENCE_MAX octets or PKI_ORDER_EVIDENCE_MAX files. A file that was written before
 * an error stays: ra_evidence_discard() removes it.
 */
enum pki_status ra_evidence_add(struct ra_store *store,
	const struct ra_application *application, const char *path,
	struct ra_record *record, struct pki_err *err) PKI_MUST_CHECK;
/* Unseal all evidence into dir, as NUMBER-NAME, mode 0600. TAMPERED if a file is not
 * what the applicant submitted. */
enum pki_status ra_evidence_write(struct ra_store *store,
	const struct ra_application *application, const struct ra_record *record,
	const char *dir, struct pki_err *err) PKI_MUST_CHECK;
/* As ra_evidence_write(), without writing a file. */
enum pki_status ra_evidence_check(struct ra_store *store,
	const struct ra_application *application, const struct ra_record *record,
	struct pki_err *err) PKI_MUST_CHECK;
/* Remove the application's evidence files. */
void ra_evidence_discard(struct ra_store *store, const char *application);

#endif
