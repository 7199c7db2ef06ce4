#include "ca/front/order_reply.h"

#include <string.h>

#include "libpki/asn1/pem.h"

static enum pki_status
added(int rc, struct pki_err *err)
{
	return rc == 0 ? PKI_OK : pki_fail(err, PKI_MEMORY, "reply");
}

enum pki_status
order_reply_new(const struct pki_order_row *row, json_t **out, struct pki_err *err)
{
	char committed[PKI_MSEC_TEXT];
	pki_msec_format(row->committed, committed);
	bool revoke = row->action == PKI_ACTION_REVOKE;
	*out = json_pack("{s:s, s:s, s:s, s:s, s:[]}", "order", row->id, "action",
		pki_action_name(row->action), "holder", row->holder, "committed",
		committed, revoke ? "revoked" : "certificates");
	return added(*out != NULL ? 0 : -1, err);
}

enum pki_status
order_reply_add_certificate(
	json_t *reply, const struct pki_cert_row *row, struct pki_err *err)
{
	char serial[PKI_SERIAL_TEXT], not_before[PKI_TIME_TEXT], not_after[PKI_TIME_TEXT];
	PKI_CLEANUP(pki_buf_free) struct pki_buf pem = { 0 };
	PKI_TRY(pki_pem_encode("CERTIFICATE", pki_buf_bytes(&row->der), &pem, err));
	pki_serial_text(&row->serial, serial);
	pki_time_format(row->not_before, not_before);
	pki_time_format(row->not_after, not_after);
	return added(
		json_array_append_new(json_object_get(reply, "certificates"),
			json_pack("{s:s, s:s, s:s, s:s, s:s}", "profile", row->profile,
				"serial", serial, "not_before", not_before, "not_after",
				not_after, "pem", (const char *)pem.data)),
		err);
}

enum pki_status
order_reply_add_revoked(json_t *reply, const struct pki_serial *serial,
	const char *profile, struct pki_err *err)
{
	char text[PKI_SERIAL_TEXT];
	pki_serial_text(serial, text);
	return added(json_array_append_new(json_object_get(reply, "revoked"),
			     json_pack("{s:s, s:s}", "serial", text, "profile", profile)),
		err);
}

enum pki_status
order_reply_add_log(json_t *reply, uint64_t index, uint64_t size, struct pki_err *err)
{
	return added(json_object_set_new(reply, "log",
			     json_pack("{s:I, s:I}", "index", (json_int_t)index, "size",
				     (json_int_t)size)),
		err);
}

static enum pki_status
on_certificate(void *ctx, const struct pki_cert_row *row, struct pki_err *err)
{
	return order_reply_add_certificate(ctx, row, err);
}

enum pki_status
order_reply_read_detail(
	struct pki_ledger *ledger, uint64_t index, json_t **out, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf entry = { 0 };
	PKI_CLEANUP(pki_json_cleanup) json_t *json = NULL;
	PKI_TRY(pki_ledger_entry(ledger, index, &entry, err));
	PKI_TRY(pki_json_parse(pki_buf_bytes(&entry), &json, err));
	*out = json_incref(json_object_get(json, "detail"));
	if (*out == NULL)
		return pki_fail(err, PKI_TAMPERED, "log entry %llu has no detail",
			(unsigned long long)index);
	return PKI_OK;
}

static enum pki_status
read_revoked(struct pki_ledger *ledger, const json_t *serials, json_t *reply,
	struct pki_err *err)
{
	for (size_t i = 0; i < json_array_size(serials); i++) {
		const char *text = json_string_value(json_array_get(serials, i));
		struct pki_cert_row row = { 0 };
		struct pki_serial serial;
		PKI_TRY(pki_serial_parse(text != NULL ? text : "", &serial, err));
		PKI_TRY(pki_ledger_issued(ledger, &serial, &row, NULL, err));
		enum pki_status status =
			order_reply_add_revoked(reply, &serial, row.profile, err);
		pki_cert_row_free(&row);
		PKI_TRY(status);
	}
	return PKI_OK;
}

enum pki_status
order_reply_read(struct pki_ledger *ledger, const struct pki_order_row *row, json_t **out,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *reply = NULL;
	PKI_CLEANUP(pki_json_cleanup) json_t *detail = NULL;
	uint64_t size = 0;
	PKI_TRY(order_reply_new(row, &reply, err));
	if (row->action == PKI_ACTION_REVOKE) {
		PKI_TRY(order_reply_read_detail(ledger, row->log_index, &detail, err));
		json_object_set(reply, "reason", json_object_get(detail, "reason"));
		PKI_TRY(read_revoked(
			ledger, json_object_get(detail, "serials"), reply, err));
	} else {
		PKI_TRY(pki_ledger_by_order(ledger, row->id, on_certificate, reply, err));
	}
	PKI_TRY(pki_ledger_entry_count(ledger, &size, err));
	PKI_TRY(order_reply_add_log(reply, row->log_index, size, err));
	*out = reply;
	reply = NULL;
	return PKI_OK;
}
