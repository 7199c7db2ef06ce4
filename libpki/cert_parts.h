/* A certificate's parts, for cert_build.c and the lint; internal to the crypto layer. */
#ifndef LIBPKI_CERT_PARTS_H
#define LIBPKI_CERT_PARTS_H

#include "libpki/cert.h"
#include "libpki/signed.h"

/* Takes der over and leaves it empty. Unlike pki_cert_parse() it asks OpenSSL for no X509. */
enum pki_status pki_cert_from_der(struct pki_buf *der, struct pki_cert **out,
	struct pki_err *err) PKI_MUST_CHECK;
const PKI_SIGNED *pki_cert_get0_signed(const struct pki_cert *cert);
const PKI_TBS *pki_cert_get0_tbs(const struct pki_cert *cert);

#endif
