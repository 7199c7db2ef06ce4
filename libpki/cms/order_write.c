#include "libpki/cms/order_priv.h"

#include <string.h>

#define MALFORMED(err, ...) \
	pki_fail_rule((err), PKI_INPUT, PKI_RULE_ORDER_FORM, __VA_ARGS__)

static json_t *write_object(const struct pki_member *table, const void *base,
	const struct pki_order *order, struct pki_err *err);

static json_t *
write_base64(const struct pki_buf *buf, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	if (buf->len == 0 || pki_base64_encode(buf->data, buf->len, &text, err) != PKI_OK)
		return NULL;
	return json_stringn((const char *)text.data, text.len);
}

static json_t *
write_time(enum pki_form form, const void *field)
{
	int64_t t = 0;
	memcpy(&t, field, sizeof t);
	if (t == 0)
		return NULL;
	char text[PKI_MSEC_TEXT];
	if (form == FORM_TIME)
		pki_time_format(t, text);
	else
		pki_msec_format(t, text);
	return json_string(text);
}

static json_t *
write_list(enum pki_form form, const struct pki_order *order, struct pki_err *err)
{
	size_t count = form == FORM_EVIDENCE  ? order->evidence_count
		       : form == FORM_SERIALS ? order->serial_count
					      : order->cert_count;
	json_t *list = count != 0 ? json_array() : NULL;
	for (size_t i = 0; i < count; i++) {
		char serial[PKI_SERIAL_TEXT];
		json_t *item = NULL;
		if (form == FORM_EVIDENCE) {
			item = json_string(order->evidence[i]);
		} else if (form == FORM_SERIALS) {
			pki_serial_text(&order->serials[i], serial);
			item = json_string(serial);
		} else {
			item = write_object(
				pki_order_cert_members, &order->certs[i], order, err);
		}
		if (json_array_append_new(list, item) != 0)
			pki_fail(err, PKI_INPUT, "an item that is not UTF-8 or empty");
	}
	return list;
}

/* NULL: absent, or an error in err. */
static json_t *
write_member(const struct pki_member *m, const void *base, const struct pki_order *order,
	struct pki_err *err)
{
	const char *field = (const char *)base + m->offset;
	json_t *value = NULL;
	switch (m->form) {
	case FORM_TEXT:
	case FORM_WORD:
	case FORM_ID:
	case FORM_DIGEST:
		if (field[0] == '\0')
			return NULL;
		value = json_string(field);
		if (value == NULL)
			MALFORMED(err, "\"%s\" is not UTF-8", m->name);
		return value;
	case FORM_TIME:
	case FORM_MSEC:
		return write_time(m->form, field);
	case FORM_BASE64:
		return write_base64((const struct pki_buf *)(const void *)field, err);
	case FORM_OBJECT:
		value = write_object(m->members, base, order, err);
		if (json_object_size(value) != 0)
			return value;
		json_decref(value);
		return NULL;
	case FORM_EVIDENCE:
	case FORM_SERIALS:
	case FORM_CERTS:
		return write_list(m->form, order, err);
	}
	return NULL;
}

static json_t *
write_object(const struct pki_member *table, const void *base,
	const struct pki_order *order, struct pki_err *err)
{
	json_t *object = json_object();
	for (const struct pki_member *m = table; m->name != NULL; m++) {
		if (json_object_get(object, m->name) != NULL)
			continue;
		json_t *value = write_member(m, base, order, err);
		if (value != NULL && json_object_set_new(object, m->name, value) != 0)
			pki_fail(err, PKI_MEMORY, "the order's JSON");
	}
	return object;
}

enum pki_status
pki_order_encode(const struct pki_order *order, struct pki_buf *json, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup)
	json_t *root = write_object(pki_order_members, order, order, err);
	if (json_object_set_new(root, "version", json_integer(PKI_ORDER_VERSION)) != 0 ||
		json_object_set_new(root, "type", json_string("order")) != 0 ||
		json_object_set_new(
			root, "action", json_string(pki_action_name(order->action))) != 0)
		return pki_fail(err, PKI_MEMORY, "the order's JSON");
	PKI_TRY(err->status);
	/* what cannot be read back must not be signed */
	struct pki_order again = { 0 };
	enum pki_status status = pki_order_read(root, &again, err);
	pki_order_free(&again);
	PKI_TRY(status);
	return pki_json_dump(root, json, err);
}
