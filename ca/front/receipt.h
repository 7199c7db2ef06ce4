/* Receipts of revocations: sealed JSON with a proof of inclusion in the log. */
#ifndef CA_FRONT_RECEIPT_H
#define CA_FRONT_RECEIPT_H

#include "ca/front/writer.h"

/* Appends the unsealed receipt of a revocation to out, and the revocation's log entry to
 * entry. */
enum pki_status receipt_content(struct writer *w, const struct pki_order_row *row,
	struct pki_buf *entry, struct pki_buf *out, struct pki_err *err) PKI_MUST_CHECK;
/* Appends the sealed receipt in base64 to out; after the commit. */
enum pki_status receipt_read(struct writer *w, const char *order, struct pki_buf *out,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
