#include "ca/front/order_reply.h"

#include "libpki/asn1/pem.h"

struct order_reply
order_reply_begin(const struct pki_order_row *row)
{
	bool revoke = row->action == PKI_ACTION_REVOKE;
	struct order_reply reply = { .json = pki_json_object(),
		.items = pki_json_array(),
		.already = pki_json_array(),
		.list = revoke ? "revoked" : "certificates" };
	pki_json_text(&reply.json, "order", row->id);
	pki_json_text(&reply.json, "action", pki_action_name(row->action));
	pki_json_text(&reply.json, "holder", row->holder);
	pki_json_msec(&reply.json, "committed", row->committed);
	return reply;
}

void
order_reply_free(struct order_reply *reply)
{
	pki_json_free(&reply->json);
	pki_json_free(&reply->items);
	pki_json_free(&reply->already);
}

enum pki_status
order_reply_add_certificate(
	struct order_reply *reply, const struct pki_cert_row *row, struct pki_err *err)
{
	struct pki_json item = pki_json_object();
	PKI_CLEANUP(pki_buf_free) struct pki_buf pem = { 0 };
	enum pki_status status =
		pki_pem_encode("CERTIFICATE", pki_buf_bytes(&row->der), &pem, err);
	pki_json_text(&item, "profile", row->profile);
	pki_json_serial(&item, "serial", &row->serial);
	pki_json_time(&item, "not_before", row->not_before);
	pki_json_time(&item, "not_after", row->not_after);
	pki_json_text(&item, "pem", (const char *)pem.data);
	pki_json_append(&reply->items, &item);
	return status;
}

void
order_reply_add_revoked(
	struct order_reply *reply, const struct pki_serial *serial, const char *profile)
{
	struct pki_json item = pki_json_object();
	pki_json_serial(&item, "serial", serial);
	pki_json_text(&item, "profile", profile);
	pki_json_append(&reply->items, &item);
}

enum pki_status
order_reply_add_already(struct order_reply *reply, struct pki_ledger *ledger,
	const struct pki_serial *serial, struct pki_err *err)
{
	PKI_CLEANUP(pki_cert_row_free) struct pki_cert_row row = { 0 };
	PKI_TRY(pki_ledger_issued(ledger, serial, &row, NULL, err));
	struct pki_json item = pki_json_object();
	pki_json_serial(&item, "serial", serial);
	pki_json_text(&item, "profile", row.profile);
	pki_json_text(&item, "reason", pki_reason_name(row.reason));
	pki_json_msec(&item, "revoked", row.revoked_at);
	pki_json_text(&item, "order", row.revoked_by);
	pki_json_append(&reply->already, &item);
	reply->repeated = true;
	return PKI_OK;
}

struct pki_json
order_reply_end(struct order_reply *reply)
{
	struct pki_json json = reply->json;
	reply->json = (struct pki_json){ 0 };
	pki_json_nest(&json, reply->list, &reply->items);
	if (reply->repeated)
		pki_json_nest(&json, "already", &reply->already);
	return json;
}

void
order_reply_add_log(struct pki_json *reply, uint64_t index, uint64_t size)
{
	struct pki_json log = pki_json_object();
	pki_json_number(&log, "index", (int64_t)index);
	pki_json_number(&log, "size", (int64_t)size);
	pki_json_nest(reply, "log", &log);
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
parse_serial(const json_t *value, struct pki_serial *out, struct pki_err *err)
{
	const char *text = json_string_value(value);
	return pki_serial_parse(text != NULL ? text : "", out, err);
}

static enum pki_status
read_revoked(struct pki_ledger *ledger, const json_t *detail, struct order_reply *reply,
	struct pki_err *err)
{
	const json_t *serials = json_object_get(detail, "serials");
	const json_t *already = json_object_get(detail, "already");
	struct pki_serial serial;
	for (size_t i = 0; i < json_array_size(serials); i++) {
		PKI_CLEANUP(pki_cert_row_free) struct pki_cert_row row = { 0 };
		PKI_TRY(parse_serial(json_array_get(serials, i), &serial, err));
		PKI_TRY(pki_ledger_issued(ledger, &serial, &row, NULL, err));
		order_reply_add_revoked(reply, &serial, row.profile);
	}
	for (size_t i = 0; i < json_array_size(already); i++) {
		PKI_TRY(parse_serial(json_array_get(already, i), &serial, err));
		PKI_TRY(order_reply_add_already(reply, ledger, &serial, err));
	}
	return PKI_OK;
}

enum pki_status
order_reply_read(struct pki_ledger *ledger, const struct pki_order_row *row,
	struct pki_json *out, struct pki_err *err)
{
	PKI_CLEANUP(order_reply_free) struct order_reply reply = order_reply_begin(row);
	PKI_CLEANUP(pki_json_cleanup) json_t *detail = NULL;
	uint64_t size = 0;
	if (row->action == PKI_ACTION_REVOKE) {
		PKI_TRY(order_reply_read_detail(ledger, row->log_index, &detail, err));
		if (json_object_get(detail, "reason") != NULL)
			pki_json_value(&reply.json, "reason",
				json_incref(json_object_get(detail, "reason")));
		PKI_TRY(read_revoked(ledger, detail, &reply, err));
	} else {
		PKI_TRY(order_reply_read_detail(ledger, row->log_index, &detail, err));
		PKI_TRY(pki_ledger_by_order(
			ledger, row->id, on_certificate, &reply, err));
		json_t *replaced = json_array_get(json_object_get(detail, "serials"), 0);
		if (replaced != NULL)
			pki_json_value(&reply.json, "replaced", json_incref(replaced));
	}
	PKI_TRY(pki_ledger_entry_count(ledger, &size, err));
	*out = order_reply_end(&reply);
	order_reply_add_log(out, row->log_index, size);
	return PKI_OK;
}
