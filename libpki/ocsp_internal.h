/* Shared by the ocsp_*.c files alone. */
#ifndef LIBPKI_OCSP_INTERNAL_H
#define LIBPKI_OCSP_INTERNAL_H

#include <openssl/ocsp.h>
#include <string.h>

#include "libpki/ocsp.h"

struct pki_ocsp_request {
	OCSP_REQUEST *req;
	OCSP_CERTID *ids[PKI_OCSP_CERTIDS_MAX]; /* within req */
	struct pki_serial serials[PKI_OCSP_CERTIDS_MAX];
	size_t count;
	uint8_t nonce[PKI_OCSP_NONCE_MAX];
	size_t nonce_len; /* 0: none */
};

/* rules 70, 71: REFUSED unless cert is a delegate of issuer as they ask for, at `at`. */
enum pki_status pki_ocsp_check_delegate(const struct pki_cert *cert,
	const struct pki_cert *issuer, pki_time at, struct pki_err *err) PKI_MUST_CHECK;

#endif
