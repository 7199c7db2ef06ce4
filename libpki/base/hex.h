/* Hexadecimal (lower case) and base64 (RFC 4648 4, padded, one line). */
#ifndef LIBPKI_BASE_HEX_H
#define LIBPKI_BASE_HEX_H

#include "libpki/base/mem.h"

/* out holds 2 * len + 1 characters. */
void pki_hex_encode(const void *data, size_t len, char *out);
/* Even number of digits of either case, at most max bytes; INPUT or LIMIT. */
enum pki_status pki_hex_decode(const char *text, uint8_t *out, size_t max, size_t *len,
	struct pki_err *err) PKI_MUST_CHECK;

enum pki_status pki_base64_encode(const void *data, size_t len, struct pki_buf *out,
	struct pki_err *err) PKI_MUST_CHECK;
/* Strict: no white space, right padding, no bits left over; INPUT otherwise. */
enum pki_status pki_base64_decode(const char *text, size_t len, struct pki_buf *out,
	struct pki_err *err) PKI_MUST_CHECK;

/* SHA-256, as octets and as hexadecimal text. */
#define PKI_SHA256 32
#define PKI_SHA256_HEX 65
enum pki_status pki_sha256(const void *data, size_t len, uint8_t out[PKI_SHA256],
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status pki_sha256_hex(const void *data, size_t len, char out[PKI_SHA256_HEX],
	struct pki_err *err) PKI_MUST_CHECK;

/* len bytes from the CSPRNG; INTERNAL if it fails. */
enum pki_status pki_random(void *out, size_t len, struct pki_err *err) PKI_MUST_CHECK;

#endif
