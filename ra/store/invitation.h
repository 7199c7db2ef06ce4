/* Invitations: the store keeps the SHA-256 of an invitation's code. At most one
 * application uses an invitation. */
#ifndef RA_STORE_INVITATION_H
#define RA_STORE_INVITATION_H

#include "libpki/cms/order.h"
#include "ra/store/store.h"

struct ra_invitation {
	char id[PKI_ID_TEXT];
	uint8_t code[PKI_SHA256];
	char department[128];
	pki_msec created;
	pki_time expires;
	char application[PKI_ID_TEXT]; /* "": not used */
	struct pki_buf cms; /* the signed invitation (DER); owned */
};
void ra_invitation_free(struct ra_invitation *invitation);

enum pki_status ra_invitation_add(struct ra_store *store,
	const struct ra_invitation *invitation, struct pki_err *err) PKI_MUST_CHECK;
/* The caller frees out, also after an error. Codes are compared in constant time.
 * found NULL: absence is NOTFOUND. */
enum pki_status ra_invitation_by_code(struct ra_store *store,
	const uint8_t code[PKI_SHA256], struct ra_invitation *out, bool *found,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ra_invitation_by_id(struct ra_store *store, const char *id,
	struct ra_invitation *out, bool *found, struct pki_err *err) PKI_MUST_CHECK;
typedef enum pki_status (*ra_invitation_fn)(
	void *ctx, const struct ra_invitation *invitation, struct pki_err *err);
enum pki_status ra_invitation_each(struct ra_store *store, ra_invitation_fn fn, void *ctx,
	struct pki_err *err) PKI_MUST_CHECK;
/* REFUSED (rule 206) if an application has used the invitation. */
enum pki_status ra_invitation_use(struct ra_store *store, const char *id,
	const char *application, struct pki_err *err) PKI_MUST_CHECK;

#endif
