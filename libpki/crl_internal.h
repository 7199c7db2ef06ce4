/* Shared by the crl_*.c files alone. */
#ifndef LIBPKI_CRL_INTERNAL_H
#define LIBPKI_CRL_INTERNAL_H

#include <openssl/x509.h>

#include "libpki/crl.h"

struct pki_crl {
	X509_CRL *x509;
	struct pki_buf der;
	uint64_t number;
	pki_time this_update;
	pki_time next_update;
	struct pki_buf distribution_point; /* text; empty: a full CRL */
	pki_time expired_since;            /* 0: not there */
	struct pki_revoked *entries;       /* by serial */
	size_t count;
};

/* crl_ext.c. REFUSED: spec asks for an extension that the rules do not allow. */
enum pki_status pki_crl_check_extensions(const struct pki_crl_spec *spec, struct pki_err *err)
	PKI_MUST_CHECK;
/* Appends those that spec asks for. */
enum pki_status pki_crl_add_extensions(STACK_OF(X509_EXTENSION) *extensions,
	const struct pki_crl_spec *spec, struct pki_err *err) PKI_MUST_CHECK;
/* Fills crl's fields that are extensions; this_update is set. */
enum pki_status pki_crl_read_extensions(struct pki_crl *crl,
	const STACK_OF(X509_EXTENSION) *extensions, struct pki_err *err) PKI_MUST_CHECK;

#endif
