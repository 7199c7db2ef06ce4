/* Receipts of revocations: sealed JSON that ties the report to the log. */
#include <string.h>

#include "ca/front/order_reply.h"
#include "ca/front/writer.h"
#include "libpki/state/log.h"

static enum pki_status
log_part(struct writer *w, uint64_t index, struct pki_buf *entry, json_t **out,
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
	PKI_CLEANUP(pki_json_cleanup) json_t *path = json_array();
	for (size_t i = 0; i < proof.count; i++) {
		pki_hex_encode(proof.hashes[i].octets, PKI_SHA256, hex);
		json_array_append_new(path, json_string(hex));
	}
	pki_hex_encode(leaf.octets, PKI_SHA256, hex);
	*out = json_pack("{s:I, s:s, s:s, s:O}", "index", (json_int_t)index, "entry_hash",
		hex, "checkpoint", (const char *)note.data, "proof", path);
	return *out != NULL ? PKI_OK : pki_fail(err, PKI_MEMORY, "receipt");
}

/* When a CRL first said so; null as long as none has been published. */
static enum pki_status
add_publication(
	struct writer *w, const json_t *serials, json_t *receipt, struct pki_err *err)
{
	const char *text = json_string_value(json_array_get(serials, 0));
	struct pki_serial serial;
	struct pki_crl_row crl = { 0 };
	bool found = false;
	char published[PKI_MSEC_TEXT];
	struct pki_cert_row row = { 0 };
	PKI_TRY(pki_serial_parse(text != NULL ? text : "", &serial, err));
	PKI_TRY(pki_ledger_issued(w->ledger, &serial, &row, NULL, err));
	int issuer = row.issuer;
	pki_cert_row_free(&row);
	PKI_TRY(pki_ledger_crl_covering(w->ledger, issuer, &serial, &crl, &found, err));
	bool known = found && crl.published != 0;
	pki_msec_format(crl.published, published);
	json_object_set_new(
		receipt, "published", known ? json_string(published) : json_null());
	json_object_set_new(receipt, "crl_number",
		found ? json_integer((json_int_t)crl.number) : json_null());
	return PKI_OK;
}

static enum pki_status
make_content(struct writer *w, const struct pki_order_row *row, struct pki_buf *entry,
	struct pki_buf *out, struct pki_err *err)
{
	char committed[PKI_MSEC_TEXT];
	PKI_CLEANUP(pki_json_cleanup) json_t *detail = NULL;
	PKI_CLEANUP(pki_json_cleanup) json_t *log = NULL;
	PKI_TRY(order_reply_read_detail(w->ledger, row->log_index, &detail, err));
	PKI_TRY(log_part(w, row->log_index, entry, &log, err));
	pki_msec_format(row->committed, committed);
	PKI_CLEANUP(pki_json_cleanup)
	json_t *receipt = json_pack("{s:s, s:s, s:s, s:O*, s:O*, s:s, s:O*, s:O}", "type",
		"receipt", "order", row->id, "holder", row->holder, "reason",
		json_object_get(detail, "reason"), "reported",
		json_object_get(detail, "reported"), "committed", committed, "serials",
		json_object_get(detail, "serials"), "log", log);
	if (receipt == NULL)
		return pki_fail(err, PKI_MEMORY, "receipt");
	PKI_TRY(add_publication(w, json_object_get(detail, "serials"), receipt, err));
	return pki_json_dump(receipt, out, err);
}

static enum pki_status
seal(struct writer *w, const struct pki_buf *content, const struct pki_buf *entry,
	json_t **out, struct pki_err *err)
{
	struct pki_bytes cms;
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	PKI_TRY(ipc_begin(&w->signer->buf, IPC_SEAL, err));
	PKI_TRY(ipc_put(&w->signer->buf, IPC_BYTES, content->data, content->len, err));
	PKI_TRY(ipc_put(&w->signer->buf, IPC_BYTES, entry->data, entry->len, err));
	PKI_TRY(channel_call(w->signer, &cms, err));
	PKI_TRY(ipc_get(&cms, IPC_BYTES, &cms, err));
	PKI_TRY(pki_base64_encode(cms.data, cms.len, &text, err));
	*out = json_string((const char *)text.data);
	return *out != NULL ? PKI_OK : pki_fail(err, PKI_MEMORY, "receipt");
}

enum pki_status
read_receipt(struct writer *w, const char *order, json_t **out, struct pki_err *err)
{
	struct pki_order_row row = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf content = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf entry = { 0 };
	pki_err_object(err, "%s", order);
	PKI_TRY(pki_ledger_order(w->ledger, order, &row, NULL, err));
	enum pki_status status = PKI_OK;
	if (row.action != PKI_ACTION_REVOKE)
		status = pki_fail(err, PKI_STATE,
			"is not a revocation; only revocations have receipts");
	else
		status = make_content(w, &row, &entry, &content, err);
	pki_order_row_free(&row);
	PKI_TRY(status);
	return seal(w, &content, &entry, out, err);
}
