/* Public keys from SubjectPublicKeyInfo; internal to key.c. */
#ifndef LIBPKI_ASN1_SPKI_H
#define LIBPKI_ASN1_SPKI_H

#include <openssl/types.h>

#include "libpki/base/mem.h"

/*
 * An RSA key, or one on a NIST curve: its EVP_PKEY, its SubjectPublicKeyInfo encoded anew, and
 * how many octets at that one's end are the subjectPublicKey's value. *pkey stays NULL for any
 * other key, and for one that is malformed: OpenSSL's own decoder has the last word, and takes
 * thirty times as long.
 */
enum pki_status pki_spki_decode(struct pki_bytes in, EVP_PKEY **pkey,
	struct pki_buf *canonical, size_t *point_len, struct pki_err *err) PKI_MUST_CHECK;

#endif
