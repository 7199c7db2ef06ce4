/* RSA moduli that can be factored (rule 31); internal to key.c. */
#ifndef LIBPKI_X509_WEAK_H
#define LIBPKI_X509_WEAK_H

#include <openssl/types.h>
#include <stdbool.h>

#include "libpki/base/err.h"

/*
 * REFUSED by rule 31: a factor below 752 (SP 800-89 5.3.3), the ROCA fingerprint
 * (CVE-2017-15361), primes so close that 100 rounds of Fermat's method find them.
 */
enum pki_status pki_weak_modulus(const BIGNUM *n, struct pki_err *err) PKI_MUST_CHECK;

#endif
