/*
 * Public keys from SubjectPublicKeyInfo; internal to key.c.
 *
 * Why not OpenSSL's decoder alone: for an EC key d2i_PUBKEY() takes thirty times as long.
 * Measured in one run, a CA with d2i_PUBKEY() alone issues 0.63 of the certificates per second
 * and core. Of RSA keys this decoder's word is final: OpenSSL's drops the sign of a negative
 * modulus. A key on a curve that is refused here goes to OpenSSL's decoder.
 */
#ifndef LIBPKI_ASN1_SPKI_H
#define LIBPKI_ASN1_SPKI_H

#include <openssl/types.h>

#include "libpki/base/mem.h"

/*
 * Of an RSA key or a key on a NIST curve: the EVP_PKEY, the SubjectPublicKeyInfo encoded anew,
 * and the length of the subjectPublicKey's value, which ends the encoding. REFUSED (rule 31) for
 * an RSA key whose numbers are not positive INTEGERs. For a malformed key on a curve and for
 * keys of further algorithms *pkey stays NULL: the caller then asks OpenSSL's decoder.
 */
enum pki_status pki_spki_decode(struct pki_bytes in, EVP_PKEY **pkey,
	struct pki_buf *canonical, size_t *point_len, struct pki_err *err) PKI_MUST_CHECK;

#endif
