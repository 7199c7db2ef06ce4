/* Orders: opened and decided again, as of the moment of their commit. */
#ifndef TOOLS_AUDIT_VERIFY_ORDERS_H
#define TOOLS_AUDIT_VERIFY_ORDERS_H

#include "tools/audit/audit.h"

/* Verify each order with its log entry, signers, decision and certificates. */
enum pki_status orders_verify(struct audit *a, struct pki_err *err) PKI_MUST_CHECK;
/* Verify one order; every contradiction is a finding. */
void orders_verify_one(struct audit *a, const struct pki_order_row *row);

#endif
