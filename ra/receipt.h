/* The signed receipt of a revocation. */
#ifndef RA_RECEIPT_H
#define RA_RECEIPT_H

#include "libpki/base/json.h"

/* Write the receipt (CMS, DER, 0644) of pki-ca's reply to path. */
enum pki_status ra_receipt_write(
	const json_t *reply, const char *path, struct pki_err *err) PKI_MUST_CHECK;

#endif
