/* gzip (RFC 1952), for answers over HTTP. */
#ifndef CRL_GZIP_H
#define CRL_GZIP_H

#include "libpki/base/mem.h"

/* Appends. */
enum pki_status gzip_compress(
	struct pki_bytes in, struct pki_buf *out, struct pki_err *err) PKI_MUST_CHECK;

#endif
