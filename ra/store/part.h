/*
 * Sealed parts of an application, under its holder's key: "record" (record.h), "order"
 * (CMS), "answer" (the JSON of pki-ca's reply), "statement" and "rejection-signed" (CMS),
 * "rejection" (JSON). Errors: NOTFOUND for an unknown holder or part, STATE once the
 * holder's personal data was erased, TAMPERED if a part does not open.
 */
#ifndef RA_STORE_PART_H
#define RA_STORE_PART_H

#include "ra/store/application.h"

/* Store a part; replaces an earlier one of this name. */
enum pki_status ra_part_put(struct ra_store *store,
	const struct ra_application *application, const char *name,
	struct pki_bytes plain, struct pki_err *err) PKI_MUST_CHECK;
/* Appends to out. The error names the application. */
enum pki_status ra_part_get(struct ra_store *store,
	const struct ra_application *application, const char *name, struct pki_buf *out,
	struct pki_err *err) PKI_MUST_CHECK;

/* Seal and unseal a part that is kept in a file. Appends to out. */
struct ra_part_name {
	const char *application;
	const char *holder;
	const char *name;
};
enum pki_status ra_part_seal(struct ra_store *store, const struct ra_part_name *part,
	struct pki_bytes plain, struct pki_buf *out, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ra_part_unseal(struct ra_store *store, const struct ra_part_name *part,
	struct pki_bytes sealed, struct pki_buf *out, struct pki_err *err) PKI_MUST_CHECK;

#endif
