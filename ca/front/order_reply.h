/* The answers about an order, the same at its commit and when they are asked for again. */
#ifndef CA_FRONT_ORDER_REPLY_H
#define CA_FRONT_ORDER_REPLY_H

#include "libpki/base/json.h"
#include "libpki/state/ledger.h"

/* {"order","action","holder","committed", LIST: []}; LIST by the action: "certificates",
 * "revoked". */
enum pki_status order_reply_new(const struct pki_order_row *row, json_t **out,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status order_reply_add_certificate(json_t *reply, const struct pki_cert_row *row,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status order_reply_add_revoked(json_t *reply, const struct pki_serial *serial,
	const char *profile, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status order_reply_add_log(
	json_t *reply, uint64_t index, uint64_t size, struct pki_err *err) PKI_MUST_CHECK;

/* From the ledger; a revocation's lacks its receipt. NOTFOUND */
enum pki_status order_reply_read(struct pki_ledger *ledger,
	const struct pki_order_row *row, json_t **out,
	struct pki_err *err) PKI_MUST_CHECK;
/* The "detail" of a log entry. */
enum pki_status order_reply_read_detail(struct pki_ledger *ledger, uint64_t index,
	json_t **out, struct pki_err *err) PKI_MUST_CHECK;

#endif
