/*
 * Public keys from SubjectPublicKeyInfo; internal to key.c.
 *
 * Why not OpenSSL's decoder alone: it takes thirty times as long for an EC key. Measured in one
 * run, an issuing CA that uses d2i_PUBKEY() alone makes 0.63 of the certificates per second and
 * core. Both decoders accept the same keys: each key that is refused here goes to OpenSSL's.
 */
#ifndef LIBPKI_ASN1_SPKI_H
#define LIBPKI_ASN1_SPKI_H

#include <openssl/types.h>

#include "libpki/base/mem.h"

/*
 * An RSA key, or one on a NIST curve: its EVP_PKEY, its SubjectPublicKeyInfo encoded anew, and
 * the length of the subjectPublicKey's value, which is at the end of that encoding. *pkey stays
 * NULL for any other key and for a malformed one: the caller then asks OpenSSL's decoder.
 */
enum pki_status pki_spki_decode(struct pki_bytes in, EVP_PKEY **pkey,
	struct pki_buf *canonical, size_t *point_len, struct pki_err *err) PKI_MUST_CHECK;

#endif
