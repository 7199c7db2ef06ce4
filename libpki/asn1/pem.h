/* PEM at the edge (RFC 7468): the library works on DER. Internal to the crypto layer. */
#ifndef LIBPKI_ASN1_PEM_H
#define LIBPKI_ASN1_PEM_H

#include <stdio.h>

#include "libpki/base/mem.h"

#define PKI_PEM_LABEL 64

/* Begins with a PEM header after white space? Other input is treated as DER. */
bool pki_pem_looks_like(struct pki_bytes in);

/*
 * The label and the DER (appended) of the first block. INPUT without a block, or if the block
 * has RFC 1421 headers (traditional encryption). If der may hold a secret: free with
 * pki_buf_cleanse().
 */
enum pki_status pki_pem_decode(struct pki_bytes in, char label[PKI_PEM_LABEL],
	struct pki_buf *der, struct pki_err *err) PKI_MUST_CHECK;

/* DER, or PEM with a label of the list (NULL ends) -> DER, appended. INPUT; LIMIT above max. */
enum pki_status pki_pem_or_der(struct pki_bytes in, size_t max, const char *const *labels,
	struct pki_buf *der, struct pki_err *err) PKI_MUST_CHECK;

enum pki_status pki_pem_encode(const char *label, struct pki_bytes der,
	struct pki_buf *out, struct pki_err *err) PKI_MUST_CHECK;
/* As encode, but straight to a file: PEM of a large CRL needs no memory. */
enum pki_status pki_pem_write(const char *label, struct pki_bytes der, FILE *out,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
