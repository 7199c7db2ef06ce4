/* PEM at the edge (RFC 7468): the library works on DER. Internal to the crypto layer. */
#ifndef LIBPKI_ASN1_PEM_H
#define LIBPKI_ASN1_PEM_H

#include <stdio.h>

#include "libpki/base/mem.h"

#define PKI_PEM_LABEL 64

/* Text is longer than its DER: 4/3 by base64, 4 to 5 times by `openssl req -text`. */
#define PKI_PEM_TEXT_MAX(der_max) (8 * (der_max))

/*
 * Is a line of the input the begin of a PEM block? Text and a byte order mark of UTF-8 may come
 * before (RFC 7468 2). Other input is treated as DER.
 */
bool pki_pem_looks_like(struct pki_bytes in);

/*
 * The label of the next block, whether the block is whole or not; false after the last block.
 * `in` is moved on behind the begin of the block.
 */
bool pki_pem_next_label(struct pki_bytes *in, char label[PKI_PEM_LABEL]);

/*
 * The label and the DER (appended) of the first block. INPUT without a block, or if the block
 * has header lines (RFC 1421; private keys with traditional encryption have some). If der may
 * hold a secret: free with pki_buf_cleanse().
 */
enum pki_status pki_pem_decode(struct pki_bytes in, char label[PKI_PEM_LABEL],
	struct pki_buf *der, struct pki_err *err) PKI_MUST_CHECK;

/*
 * DER, or PEM whose first block has a label of the list (NULL ends) -> DER, appended. INPUT;
 * LIMIT for DER above max, and text above PKI_PEM_TEXT_MAX(max).
 */
enum pki_status pki_pem_or_der(struct pki_bytes in, size_t max, const char *const *labels,
	struct pki_buf *der, struct pki_err *err) PKI_MUST_CHECK;

enum pki_status pki_pem_encode(const char *label, struct pki_bytes der,
	struct pki_buf *out, struct pki_err *err) PKI_MUST_CHECK;
/* As encode, but straight to a file: PEM of a large CRL needs no memory. */
enum pki_status pki_pem_write(const char *label, struct pki_bytes der, FILE *out,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
