/* The revoked set: the entries of the signer's CRLs, each once, sorted by serial. */
#ifndef CA_SIGNER_REVOKED_SET_H
#define CA_SIGNER_REVOKED_SET_H

#include "libpki/x509/crl.h"

/* All zeros: empty. */
struct revoked_set {
	struct pki_revoked *items;
	size_t count;
	size_t cap;
};

void revoked_set_free(struct revoked_set *set);
/* Make room for more items. */
enum pki_status revoked_set_reserve(
	struct revoked_set *set, size_t more, struct pki_err *err) PKI_MUST_CHECK;
/* Append in any order; revoked_set_sort() makes a set of them. items need not be aligned. */
enum pki_status revoked_set_append(struct revoked_set *set, const void *items,
	size_t count, struct pki_err *err) PKI_MUST_CHECK;
/* Append all items of `from`, which is empty afterwards; unchanged on an error. */
enum pki_status revoked_set_move(struct revoked_set *set, struct revoked_set *from,
	struct pki_err *err) PKI_MUST_CHECK;
/* Equal serials stay, side by side. */
void revoked_set_sort(struct revoked_set *set);

/* The first item from `from` on that does not come before serial; count if there is none. */
size_t revoked_set_seek(
	const struct revoked_set *set, size_t from, const struct pki_serial *serial);
/* Has the item at position i this serial? */
bool revoked_set_is_at(
	const struct revoked_set *set, size_t i, const struct pki_serial *serial);
/* NULL if no item has this serial. */
struct pki_revoked *revoked_set_find(
	const struct revoked_set *set, const struct pki_serial *serial);

/* No serial may be in both. Moves each item once at most. */
enum pki_status revoked_set_add(struct revoked_set *set, const struct revoked_set *more,
	struct pki_err *err) PKI_MUST_CHECK;
/* Serials of `less` that the set lacks do not matter. */
void revoked_set_remove(struct revoked_set *set, const struct revoked_set *less);

#endif
