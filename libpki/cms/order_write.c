#include "libpki/cms/order_priv.h"

#include <string.h>

static struct pki_json make_object(
	const struct pki_member *table, const void *base, const struct pki_order *order);

static void
put_base64(struct pki_json *object, const char *name, const struct pki_buf *buf)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	if (buf->len == 0)
		return;
	bool made = pki_base64_encode(buf->data, buf->len, &text, NULL) == PKI_OK;
	pki_json_value(object, name,
		made ? json_stringn((const char *)text.data, text.len) : NULL);
}

static void
put_time(struct pki_json *object, const struct pki_member *m, const void *field)
{
	int64_t t = 0;
	memcpy(&t, field, sizeof t);
	if (t == 0)
		return;
	if (m->form == FORM_TIME)
		pki_json_time(object, m->name, t);
	else
		pki_json_msec(object, m->name, t);
}

static struct pki_json
make_list(enum pki_form form, const struct pki_order *order)
{
	struct pki_json list = pki_json_array();
	if (form == FORM_EVIDENCE) {
		for (size_t i = 0; i < order->evidence_count; i++)
			pki_json_append_text(&list, order->evidence[i]);
	} else if (form == FORM_SERIALS) {
		for (size_t i = 0; i < order->serial_count; i++)
			pki_json_append_serial(&list, &order->serials[i]);
	} else {
		for (size_t i = 0; i < order->cert_count; i++) {
			PKI_CLEANUP(pki_json_free)
			struct pki_json cert = make_object(
				pki_order_cert_members, &order->certs[i], order);
			pki_json_append(&list, &cert);
		}
	}
	return list;
}

static void
put_member(struct pki_json *object, const struct pki_member *m, const void *base,
	const struct pki_order *order)
{
	const char *field = (const char *)base + m->offset;
	PKI_CLEANUP(pki_json_free) struct pki_json child = { 0 };
	switch (m->form) {
	case FORM_TEXT:
	case FORM_WORD:
	case FORM_ID:
	case FORM_DIGEST:
		pki_json_text_if(object, m->name, field);
		break;
	case FORM_TIME:
	case FORM_MSEC:
		put_time(object, m, field);
		break;
	case FORM_BASE64:
		put_base64(object, m->name, (const struct pki_buf *)(const void *)field);
		break;
	case FORM_OBJECT:
		child = make_object(m->members, base, order);
		pki_json_nest_if(object, m->name, &child);
		break;
	case FORM_EVIDENCE:
	case FORM_SERIALS:
	case FORM_CERTS:
		child = make_list(m->form, order);
		pki_json_nest_if(object, m->name, &child);
		break;
	}
}

static struct pki_json
make_object(
	const struct pki_member *table, const void *base, const struct pki_order *order)
{
	struct pki_json object = pki_json_object();
	for (const struct pki_member *m = table; m->name != NULL; m++)
		put_member(&object, m, base, order);
	return object;
}

enum pki_status
pki_order_encode(const struct pki_order *order, struct pki_buf *json, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_free)
	struct pki_json object = make_object(pki_order_members, order, order);
	pki_json_number(&object, "version", PKI_ORDER_VERSION);
	pki_json_text(&object, "type", "order");
	pki_json_text(&object, "action", pki_action_name(order->action));
	PKI_CLEANUP(pki_json_cleanup) json_t *root = NULL;
	struct pki_err own = { 0 };
	enum pki_status status = pki_json_take(&object, &root, &own);
	if (status == PKI_INPUT)
		return pki_fail_rule(err, status, PKI_RULE_ORDER_FORM, "%s", own.msg);
	PKI_TRY(pki_err_move(err, &own));
	/* an order that cannot be read back must not be signed */
	struct pki_order again = { 0 };
	status = pki_order_read(root, &again, err);
	pki_order_free(&again);
	PKI_TRY(status);
	return pki_json_dump(root, json, err);
}
