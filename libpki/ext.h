/*
 * Certificate extensions, written from the spec's typed fields through one const table; internal
 * to cert_build.c.
 */
#ifndef LIBPKI_EXT_H
#define LIBPKI_EXT_H

#include "libpki/cert.h"
#include "libpki/der.h"

/* Extensions ::= SEQUENCE OF Extension: all that spec's profile asks for, in the table's order. */
enum pki_status pki_ext_put_all(struct pki_der *w, const struct pki_cert_spec *spec,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
