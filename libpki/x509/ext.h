/*
 * Certificate extensions, built from typed structs through one const table; internal to
 * certify.c.
 */
#ifndef LIBPKI_X509_EXT_H
#define LIBPKI_X509_EXT_H

#include <openssl/x509.h>

#include "libpki/x509/cert.h"

/* Append all extensions of spec's profile, in the table's order. */
enum pki_status pki_ext_add_all(STACK_OF(X509_EXTENSION) * extensions,
	const struct pki_cert_spec *spec, struct pki_err *err) PKI_MUST_CHECK;

#endif
