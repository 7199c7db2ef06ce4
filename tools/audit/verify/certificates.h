/* Certificates: their bytes against the ledger's columns, the profile and the log. */
#ifndef TOOLS_AUDIT_VERIFY_CERTIFICATES_H
#define TOOLS_AUDIT_VERIFY_CERTIFICATES_H

#include "tools/audit/audit.h"

/* The order for a certificate. */
struct certificate_origin {
	const char *order;
	uint64_t index; /* of the order's log entry */
	const json_t *entry;
};
/* Certificates without an order; certificates of orders are verified with their orders. */
enum pki_status certificates_verify(struct audit *a, struct pki_err *err) PKI_MUST_CHECK;
/* One certificate: its bytes, the ledger's row, the log entry, the profile in force then.
 * origin NULL: the certificate has no order. *out: the parsed certificate, or NULL. */
void certificates_verify_one(struct audit *a, const struct pki_cert_row *row,
	const struct certificate_origin *origin, struct pki_cert **out);
/* "serial 4a...", the name of a certificate in findings */
#define CERTIFICATE_OBJECT (PKI_SERIAL_TEXT + 8)
void certificates_object(const struct pki_serial *serial, char out[CERTIFICATE_OBJECT]);

#endif
