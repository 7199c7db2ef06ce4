/* Holders: the persons of the store, each with a key of the vault. */
#ifndef RA_STORE_HOLDER_H
#define RA_STORE_HOLDER_H

#include "libpki/cms/order.h"
#include "ra/store/store.h"

struct ra_holder {
	char id[PKI_ID_TEXT];
	uint64_t applications;
	pki_msec changed; /* the last step of all applications; 0: no application */
};

/* Add a holder with a new key; does nothing if the holder is in the store. */
enum pki_status ra_holder_add(
	struct ra_store *store, const char *id, struct pki_err *err) PKI_MUST_CHECK;
/* NOTFOUND; STATE once the holder's personal data was erased. The error names the
 * holder. */
enum pki_status ra_holder_need(
	struct ra_store *store, const char *id, struct pki_err *err) PKI_MUST_CHECK;
/* As ra_holder_need(), but the error does not name the holder. */
enum pki_status ra_holder_check_kept(
	struct ra_store *store, const char *id, struct pki_err *err) PKI_MUST_CHECK;

/* The holder's applications, counted; none for an unknown holder. */
enum pki_status ra_holder_get(struct ra_store *store, const char *id,
	struct ra_holder *out, struct pki_err *err) PKI_MUST_CHECK;

typedef enum pki_status (*ra_holder_fn)(
	void *ctx, const struct ra_holder *holder, struct pki_err *err);
/* Call fn for each holder who was not erased and whose applications have had no step
 * since `before`. fn must not write to the store. */
enum pki_status ra_holder_each_idle(struct ra_store *store, pki_msec before,
	ra_holder_fn fn, void *ctx, struct pki_err *err) PKI_MUST_CHECK;

/* The holder's wrapped key (vault.h), appended; no octet once the holder was erased.
 * NOTFOUND. */
enum pki_status ra_holder_key(struct ra_store *store, const char *id,
	struct pki_buf *wrapped, struct pki_err *err) PKI_MUST_CHECK;

#endif
