/* Signatures over SIGNED{ToBeSigned} with the suite's keys. Internal to the library. */
#ifndef LIBPKI_X509_SIGNATURE_H
#define LIBPKI_X509_SIGNATURE_H

#include "libpki/asn1/signed.h"
#include "libpki/x509/key.h"

/* AlgorithmIdentifier of pki_key_sign()'s signatures. Appends. */
enum pki_status pki_signature_algorithm(const struct pki_key *key, struct pki_buf *der,
	struct pki_err *err) PKI_MUST_CHECK;

/* Is the signature key's over the bytes? OpenSSL's error queue is left empty. */
bool pki_signature_verify(const PKI_SIGNED *value, const struct pki_key *key);

#endif
