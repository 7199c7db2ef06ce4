/* Revoked certificates, each once, sorted by serial: what the signer knows to be on its CRLs. */
#ifndef CA_SIGNER_ROLL_H
#define CA_SIGNER_ROLL_H

#include "libpki/x509/crl.h"

/* All zeros: empty. */
struct roll {
	struct pki_revoked *items;
	size_t count;
	size_t cap;
};

void roll_free(struct roll *roll);
/* At the end, in whatever order; roll_sort() makes a roll of it. items need not be aligned. */
enum pki_status roll_append(struct roll *roll, const void *items, size_t count,
	struct pki_err *err) PKI_MUST_CHECK;
/* The same of all items of another, which is empty then; on an error it is as it was. */
enum pki_status roll_move(
	struct roll *roll, struct roll *from, struct pki_err *err) PKI_MUST_CHECK;
/* Serials that are there twice stay so, side by side. */
void roll_sort(struct roll *roll);

/* The first item from `from` on that does not come before serial; count if there is none. */
size_t roll_seek(const struct roll *roll, size_t from, const struct pki_serial *serial);
/* NULL if it is not there. */
struct pki_revoked *roll_find(const struct roll *roll, const struct pki_serial *serial);

/* No serial in both. All that stands between two new ones moves once. */
enum pki_status roll_add(
	struct roll *roll, const struct roll *more, struct pki_err *err) PKI_MUST_CHECK;
/* What is not there is passed over. */
void roll_remove(struct roll *roll, const struct roll *less);

#endif
