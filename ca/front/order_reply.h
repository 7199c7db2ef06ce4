/* The reply about an order, the same at its commit and when somebody asks again. */
#ifndef CA_FRONT_ORDER_REPLY_H
#define CA_FRONT_ORDER_REPLY_H

#include "libpki/base/json.h"
#include "libpki/state/ledger.h"

/* {"order","action","holder","committed", LIST: []}; LIST by the action: "certificates",
 * "revoked". A builder: order_reply_end() has its failure. */
struct order_reply {
	struct pki_json json;
	struct pki_json items;
	const char *list;
};

struct order_reply order_reply_begin(const struct pki_order_row *row);
void order_reply_free(struct order_reply *reply);
enum pki_status order_reply_add_certificate(struct order_reply *reply,
	const struct pki_cert_row *row, struct pki_err *err) PKI_MUST_CHECK;
void order_reply_add_revoked(
	struct order_reply *reply, const struct pki_serial *serial, const char *profile);
/* To be completed, as with order_reply_add_log(). */
struct pki_json order_reply_end(struct order_reply *reply);
/* "log": {"index","size"} */
void order_reply_add_log(struct pki_json *reply, uint64_t index, uint64_t size);

/* From the ledger; a revocation's lacks its receipt. */
enum pki_status order_reply_read(struct pki_ledger *ledger,
	const struct pki_order_row *row, struct pki_json *out,
	struct pki_err *err) PKI_MUST_CHECK;
/* The "detail" of a log entry. */
enum pki_status order_reply_read_detail(struct pki_ledger *ledger, uint64_t index,
	json_t **out, struct pki_err *err) PKI_MUST_CHECK;

#endif
