/*
 * Certificate extensions, built from typed structs through one const table; internal to
 * cert.c and lint.c.
 */
#ifndef LIBPKI_EXT_H
#define LIBPKI_EXT_H

#include "libpki/cert.h"

/* Add all extensions that spec's profile asks for to tbs, in the table's order. */
enum pki_status pki_ext_add_all(X509 *tbs, const struct pki_cert_spec *spec,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
