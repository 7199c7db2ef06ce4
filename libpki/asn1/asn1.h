/* Between OpenSSL's ASN.1 types and the suite's own; internal to the crypto layer. */
#ifndef LIBPKI_ASN1_ASN1_H
#define LIBPKI_ASN1_ASN1_H

#include <openssl/types.h>

#include "libpki/base/serial.h"
#include "libpki/base/time.h"

/* UTCTime or GeneralizedTime in the DER forms of RFC 5280 4.1.2.5 (seconds, Z, no fraction);
 * INPUT for anything else. */
enum pki_status pki_asn1_time_get(
	const ASN1_TIME *in, pki_time *out, struct pki_err *err) PKI_MUST_CHECK;
/* INPUT: negative or longer than 20 octets (rule 1). */
enum pki_status pki_asn1_serial_get(const ASN1_INTEGER *in, struct pki_serial *out,
	struct pki_err *err) PKI_MUST_CHECK;
/* Owned by the caller (ASN1_INTEGER_free). */
enum pki_status pki_asn1_serial_new(const struct pki_serial *in, ASN1_INTEGER **out,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
