#include "ca/front/receipt.h"

#include <string.h>

#include "ca/front/order_reply.h"
#include "libpki/state/log.h"

/* Adds "log": the entry's index and the proof of inclusion. *entry: the log entry. */
static enum pki_status
add_log(struct writer *w, uint64_t index, struct pki_buf *entry, struct pki_json *receipt,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf note = { 0 };
	struct pki_merkle_source source = pki_log_source(w->ledger);
	struct pki_proof proof;
	struct pki_hash leaf;
	char hex[PKI_SHA256_HEX];
	PKI_TRY(pki_ledger_entry(w->ledger, index, entry, err));
	PKI_TRY(pki_merkle_leaf(pki_buf_bytes(entry), &leaf, err));
	PKI_TRY(pki_ledger_checkpoint(w->ledger, w->checkpoint, &note, NULL, err));
	PKI_TRY(pki_merkle_inclusion(index, w->checkpoint, &source, &proof, err));
	struct pki_json path = pki_json_array(), log = pki_json_object();
	for (size_t i = 0; i < proof.count; i++) {
		pki_hex_encode(proof.hashes[i].octets, PKI_SHA256, hex);
		pki_json_append_text(&path, hex);
	}
	pki_hex_encode(leaf.octets, PKI_SHA256, hex);
	pki_json_number(&log, "index", (int64_t)index);
	pki_json_text(&log, "entry_hash", hex);
	pki_json_text(&log, "checkpoint", (const char *)note.data);
	pki_json_nest(&log, "proof", &path);
	pki_json_nest(receipt, "log", &log);
	return PKI_OK;
}

/* Adds the first CRL that lists the revocation: "crl_number" is null before the CRL is
 * made, "published" is null before the CRL is published. */
static enum pki_status
add_publication(struct writer *w, const json_t *serials, struct pki_json *receipt,
	struct pki_err *err)
{
	const char *text = json_string_value(json_array_get(serials, 0));
	struct pki_serial serial;
	struct pki_crl_row crl = { 0 };
	bool found = false;
	PKI_CLEANUP(pki_cert_row_free) struct pki_cert_row row = { 0 };
	PKI_TRY(pki_serial_parse(text != NULL ? text : "", &serial, err));
	PKI_TRY(pki_ledger_issued(w->ledger, &serial, &row, NULL, err));
	PKI_TRY(pki_ledger_crl_covering(
		w->ledger, row.issuer, &serial, &crl, &found, err));
	if (found && crl.published != 0)
		pki_json_msec(receipt, "published", crl.published);
	else
		pki_json_null(receipt, "published");
	if (found)
		pki_json_number(receipt, "crl_number", (int64_t)crl.number);
	else
		pki_json_null(receipt, "crl_number");
	return PKI_OK;
}

enum pki_status
receipt_content(struct writer *w, const struct pki_order_row *row, struct pki_buf *entry,
	struct pki_buf *out, struct pki_err *err)
{
	static const char *const logged[] = { "reason", "reported", "serials" };
	PKI_CLEANUP(pki_json_cleanup) json_t *detail = NULL;
	PKI_CLEANUP(pki_json_free) struct pki_json receipt = pki_json_object();
	PKI_TRY(order_reply_read_detail(w->ledger, row->log_index, &detail, err));
	pki_json_text(&receipt, "type", "receipt");
	pki_json_text(&receipt, "order", row->id);
	pki_json_text(&receipt, "holder", row->holder);
	pki_json_msec(&receipt, "committed", row->committed);
	for (size_t i = 0; i < PKI_COUNT(logged); i++)
		pki_json_value(&receipt, logged[i],
			json_incref(json_object_get(detail, logged[i])));
	PKI_TRY(add_log(w, row->log_index, entry, &receipt, err));
	PKI_TRY(add_publication(w, json_object_get(detail, "serials"), &receipt, err));
	return pki_json_write(&receipt, out, err);
}

static enum pki_status
seal(struct writer *w, const struct pki_buf *content, const struct pki_buf *entry,
	struct pki_buf *out, struct pki_err *err)
{
	struct pki_bytes cms;
	PKI_TRY(ipc_begin(&w->signer->buf, IPC_SEAL, err));
	PKI_TRY(ipc_put(&w->signer->buf, IPC_BYTES, content->data, content->len, err));
	PKI_TRY(ipc_put(&w->signer->buf, IPC_BYTES, entry->data, entry->len, err));
	PKI_TRY(channel_call(w->signer, &cms, err));
	PKI_TRY(ipc_get(&cms, IPC_BYTES, &cms, err));
	return pki_base64_encode(cms.data, cms.len, out, err);
}

/* An order that found the certificates revoked has the receipt of the order that revoked
 * the last of these certificates. */
static enum pki_status
find_revoking(struct writer *w, struct pki_order_row *row, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *detail = NULL;
	PKI_CLEANUP(pki_cert_row_free) struct pki_cert_row cert = { 0 };
	struct pki_serial serial;
	PKI_TRY(order_reply_read_detail(w->ledger, row->log_index, &detail, err));
	const json_t *already = json_object_get(detail, "already");
	if (json_array_size(already) == 0)
		return PKI_OK;
	const char *text =
		json_string_value(json_array_get(already, json_array_size(already) - 1));
	PKI_TRY(pki_serial_parse(text != NULL ? text : "", &serial, err));
	PKI_TRY(pki_ledger_issued(w->ledger, &serial, &cert, NULL, err));
	pki_order_row_free(row);
	*row = (struct pki_order_row){ 0 };
	return pki_ledger_order(w->ledger, cert.revoked_by, row, NULL, err);
}

enum pki_status
receipt_read(
	struct writer *w, const char *order, struct pki_buf *out, struct pki_err *err)
{
	PKI_CLEANUP(pki_order_row_free) struct pki_order_row row = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf content = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf entry = { 0 };
	pki_err_object(err, "%s", order);
	PKI_TRY(pki_ledger_order(w->ledger, order, &row, NULL, err));
	if (row.action != PKI_ACTION_REVOKE)
		return pki_fail(err, PKI_STATE,
			"is not a revocation; only revocations have receipts");
	PKI_TRY(find_revoking(w, &row, err));
	PKI_TRY(receipt_content(w, &row, &entry, &content, err));
	return seal(w, &content, &entry, out, err);
}
