/* Shared by the crl_*.c files alone. */
#ifndef LIBPKI_X509_CRL_PRIV_H
#define LIBPKI_X509_CRL_PRIV_H

#include <openssl/x509.h>

#include "libpki/x509/crl.h"

/*
 * crl_index.c: the positions of a CRL's entries, sorted by serial; eight octets for each entry.
 * Starts as {0} with base and serial set.
 */
struct pki_crl_index {
	const void *base;
	/* The serial at a position: 1 to 20 octets, without leading zeros. */
	struct pki_bytes (*serial)(const void *base, uint32_t place);
	uint64_t *keys; /* the serial's length and first bits, 32 in all; the place */
	size_t count;
};

/* Room for max places; MEMORY. */
enum pki_status pki_crl_index_reserve(
	struct pki_crl_index *index, size_t max, struct pki_err *err) PKI_MUST_CHECK;
void pki_crl_index_add(struct pki_crl_index *index, uint32_t place);
/* By serial. REFUSED by rule 48: a serial is on the CRL twice. */
enum pki_status pki_crl_index_sort(
	struct pki_crl_index *index, struct pki_err *err) PKI_MUST_CHECK;
/* The i-th position of the sorted index; the position of serial, false if absent. */
uint32_t pki_crl_index_place(const struct pki_crl_index *index, size_t i);
bool pki_crl_index_find(
	const struct pki_crl_index *index, struct pki_bytes serial, uint32_t *place);
void pki_crl_index_free(struct pki_crl_index *index);

struct pki_crl {
	struct pki_buf room;
	/* Views of room; room.len is not used. All but the signature include tag and
	 * length. */
	struct pki_bytes der, tbs, issuer, algorithm, signature;
	uint64_t number;
	pki_time this_update;
	pki_time next_update;
	struct pki_buf authority_key_id;
	struct pki_buf distribution_point; /* text; empty: a full CRL */
	pki_time expired_since; /* 0: not there */
	struct pki_crl_index index; /* of entries within der */
};

/* crl_parse.c. Takes room over; der is a view of room. */
enum pki_status pki_crl_take(struct pki_buf *room, struct pki_bytes der,
	struct pki_crl **out, struct pki_err *err) PKI_MUST_CHECK;
/* Take the first entry off list; rules 48 and 51. */
enum pki_status pki_crl_read_entry(struct pki_bytes *list, struct pki_revoked *out,
	struct pki_err *err) PKI_MUST_CHECK;

/* crl_ext.c. REFUSED: spec asks for an extension against the rules. */
enum pki_status pki_crl_check_extensions(
	const struct pki_crl_spec *spec, struct pki_err *err) PKI_MUST_CHECK;
/* Appends the Extensions of spec. */
enum pki_status pki_crl_encode_extensions(const struct pki_crl_spec *spec,
	struct pki_buf *der, struct pki_err *err) PKI_MUST_CHECK;
/* Fills crl's fields from the extensions; this_update is set before. */
enum pki_status pki_crl_read_extensions(
	struct pki_crl *crl, struct pki_bytes der, struct pki_err *err) PKI_MUST_CHECK;
/* Does `in` hold a single DER value of this type, with tag and length? */
bool pki_crl_is_der(struct pki_bytes in, const ASN1_ITEM *item);

#endif
