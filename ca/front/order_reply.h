/* The reply about an order: equal at the commit and at each later request. */
#ifndef CA_FRONT_ORDER_REPLY_H
#define CA_FRONT_ORDER_REPLY_H

#include "libpki/base/json.h"
#include "libpki/state/ledger.h"

/* A builder for {"order","action","holder","committed", LIST: []}. LIST depends on the
 * action: "certificates" or "revoked"; "already" follows if the order found certificates
 * revoked. order_reply_end() returns the failure of the builder. */
struct order_reply {
	struct pki_json json;
	struct pki_json items;
	struct pki_json already;
	const char *list;
	bool repeated; /* "already" has items */
};

struct order_reply order_reply_begin(const struct pki_order_row *row);
void order_reply_free(struct order_reply *reply);
enum pki_status order_reply_add_certificate(struct order_reply *reply,
	const struct pki_cert_row *row, struct pki_err *err) PKI_MUST_CHECK;
void order_reply_add_revoked(
	struct order_reply *reply, const struct pki_serial *serial, const char *profile);
/* Adds a certificate that an earlier order revoked: {"serial","profile","reason",
 * "revoked","order"}, the last three of the revocation. */
enum pki_status order_reply_add_already(struct order_reply *reply,
	struct pki_ledger *ledger, const struct pki_serial *serial,
	struct pki_err *err) PKI_MUST_CHECK;
/* The caller completes the reply, as with order_reply_add_log(). */
struct pki_json order_reply_end(struct order_reply *reply);
/* "log": {"index","size"} */
void order_reply_add_log(struct pki_json *reply, uint64_t index, uint64_t size);

/* Makes the reply from the ledger. The reply about a revocation lacks the receipt. */
enum pki_status order_reply_read(struct pki_ledger *ledger,
	const struct pki_order_row *row, struct pki_json *out,
	struct pki_err *err) PKI_MUST_CHECK;
/* The "detail" of a log entry. */
enum pki_status order_reply_read_detail(struct pki_ledger *ledger, uint64_t index,
	json_t **out, struct pki_err *err) PKI_MUST_CHECK;

#endif
