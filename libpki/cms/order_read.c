#include "libpki/cms/order_priv.h"

#include <string.h>

/* Read by hand, before the tables. */
static const char *const head_members[] = { "version", "type", "action" };

#define MALFORMED(err, ...) \
	pki_fail_rule((err), PKI_INPUT, PKI_RULE_ORDER_FORM, __VA_ARGS__)

/* The position of the walk: the struct of the present table, and the whole order. */
struct place {
	char *base;
	struct pki_order *order;
	unsigned action; /* one bit */
};

static const struct pki_member *
find_member(const struct pki_member *table, const char *name, unsigned action)
{
	for (const struct pki_member *m = table; m->name != NULL; m++)
		if ((m->may & action) != 0 && strcmp(m->name, name) == 0)
			return m;
	return NULL;
}

/* The text of a value, which must be a string and not empty. */
static enum pki_status
need_text(const char *name, json_t *value, const char **out, struct pki_err *err)
{
	if (!json_is_string(value))
		return MALFORMED(err, "\"%s\" is not a string", name);
	*out = json_string_value(value);
	if ((*out)[0] == '\0')
		return MALFORMED(err, "\"%s\" is empty; leave it out", name);
	return PKI_OK;
}

static bool
has_control(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			return true;
	return false;
}

static bool
is_word(const char *text)
{
	return text[0] >= 'a' && text[0] <= 'z' &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(text);
}

static bool
is_digest(const char *text)
{
	return strlen(text) == PKI_SHA256_HEX - 1 &&
	       strspn(text, "0123456789abcdef") == PKI_SHA256_HEX - 1;
}

static enum pki_status
read_string(const struct pki_member *m, json_t *value, char *out, struct pki_err *err)
{
	const char *text = NULL;
	PKI_TRY(need_text(m->name, value, &text, err));
	if (strlen(text) >= m->size)
		return MALFORMED(
			err, "\"%s\" is longer than %zu octets", m->name, m->size - 1);
	bool good = m->form == FORM_TEXT   ? !has_control(text)
		    : m->form == FORM_WORD ? is_word(text)
		    : m->form == FORM_ID   ? pki_id_valid(text, (char)m->aux)
					   : is_digest(text);
	static const char *const wants[] = {
		[FORM_TEXT] = "text without control characters",
		[FORM_WORD] = "a lower-case word",
		[FORM_ID] = "an identifier: a letter, a hyphen, 32 lower-case hex digits",
		[FORM_DIGEST] = "a SHA-256 digest in lower-case hex",
	};
	if (!good)
		return MALFORMED(err, "\"%s\" is not %s", m->name, wants[m->form]);
	memcpy(out, text, strlen(text) + 1);
	return PKI_OK;
}

/* A moment has a single spelling, so that equal orders are equal bytes. */
static enum pki_status
read_time(const struct pki_member *m, json_t *value, void *out, struct pki_err *err)
{
	const char *text = NULL;
	PKI_TRY(need_text(m->name, value, &text, err));
	char again[PKI_MSEC_TEXT] = "";
	int64_t t = 0;
	if (m->form == FORM_TIME) {
		if (pki_time_parse(text, &t, NULL) == PKI_OK)
			pki_time_format(t, again);
	} else if (pki_msec_parse(text, &t, NULL) == PKI_OK) {
		pki_msec_format(t, again);
	}
	if (strcmp(again, text) != 0 || t <= 0)
		return MALFORMED(err, "\"%s\" is not a time like %s", m->name,
			m->form == FORM_TIME ? "2026-11-22T13:03:00Z"
					     : "2026-11-22T13:03:00.000Z");
	memcpy(out, &t, sizeof t);
	return PKI_OK;
}

static enum pki_status
read_base64(const struct pki_member *m, json_t *value, struct pki_buf *out,
	struct pki_err *err)
{
	const char *text = NULL;
	PKI_TRY(need_text(m->name, value, &text, err));
	size_t len = strlen(text);
	if (len / 4 * 3 > m->aux + 2)
		return MALFORMED(
			err, "\"%s\" is longer than %zu octets", m->name, m->aux);
	struct pki_err own = { 0 };
	if (pki_base64_decode(text, len, out, &own) != PKI_OK || out->len > m->aux)
		return MALFORMED(err, "\"%s\" is not base64: %s", m->name, own.msg);
	return PKI_OK;
}

static enum pki_status
need_array(
	const char *name, json_t *value, size_t max, size_t *count, struct pki_err *err)
{
	*count = json_array_size(value);
	if (!json_is_array(value) || *count == 0 || *count > max)
		return MALFORMED(err, "\"%s\" is not a list of 1 to %zu", name, max);
	return PKI_OK;
}

static enum pki_status
read_evidence(json_t *value, struct pki_order *out, struct pki_err *err)
{
	size_t count = 0;
	PKI_TRY(need_array("evidence", value, PKI_ORDER_EVIDENCE_MAX, &count, err));
	static const struct pki_member item = { "evidence", FORM_DIGEST, 0,
		PKI_SHA256_HEX, 0, 0, 0, NULL };
	for (size_t i = 0; i < count; i++) {
		PKI_TRY(read_string(
			&item, json_array_get(value, i), out->evidence[i], err));
		out->evidence_count++;
	}
	return PKI_OK;
}

static enum pki_status
read_serials(json_t *value, struct pki_order *out, struct pki_err *err)
{
	size_t count = 0;
	PKI_TRY(need_array("serials", value, PKI_ORDER_SERIALS_MAX, &count, err));
	for (size_t i = 0; i < count; i++) {
		const char *text = NULL;
		PKI_TRY(need_text("serials", json_array_get(value, i), &text, err));
		char again[PKI_SERIAL_TEXT] = "";
		if (pki_serial_parse(text, &out->serials[i], NULL) == PKI_OK)
			pki_serial_text(&out->serials[i], again);
		if (strcmp(again, text) != 0)
			return MALFORMED(err,
				"\"serials\" has an item that is no serial number in lower-case hex");
		for (size_t j = 0; j < i; j++)
			if (pki_serial_compare(&out->serials[i], &out->serials[j]) == 0)
				return MALFORMED(err, "\"serials\" names %s twice", text);
		out->serial_count++;
	}
	return PKI_OK;
}

static enum pki_status read_object(const struct pki_member *table, const char *name,
	json_t *object, struct place place, struct pki_err *err);

static enum pki_status
read_certs(json_t *value, struct place place, struct pki_err *err)
{
	size_t count = 0;
	PKI_TRY(need_array("certificates", value, PKI_ORDER_CERTS_MAX, &count, err));
	for (size_t i = 0; i < count; i++) {
		struct pki_order_cert *cert = &place.order->certs[i];
		place.order->cert_count++;
		struct place inner = { (char *)cert, place.order, place.action };
		PKI_TRY(read_object(pki_order_cert_members, "certificates",
			json_array_get(value, i), inner, err));
	}
	return PKI_OK;
}

static enum pki_status
read_member(const struct pki_member *m, json_t *value, struct place place,
	struct pki_err *err)
{
	void *field = place.base + m->offset;
	switch (m->form) {
	case FORM_TEXT:
	case FORM_WORD:
	case FORM_ID:
	case FORM_DIGEST:
		return read_string(m, value, field, err);
	case FORM_TIME:
	case FORM_MSEC:
		return read_time(m, value, field, err);
	case FORM_BASE64:
		return read_base64(m, value, field, err);
	case FORM_OBJECT:
		return read_object(m->members, m->name, value, place, err);
	case FORM_EVIDENCE:
		return read_evidence(value, place.order, err);
	case FORM_SERIALS:
		return read_serials(value, place.order, err);
	case FORM_CERTS:
		return read_certs(value, place, err);
	}
	return pki_fail(err, PKI_INTERNAL, "form %d of \"%s\"", (int)m->form, m->name);
}

static bool
is_head(const struct pki_member *table, const char *name)
{
	for (size_t i = 0; table == pki_order_members && i < PKI_COUNT(head_members); i++)
		if (strcmp(head_members[i], name) == 0)
			return true;
	return false;
}

static enum pki_status
read_object(const struct pki_member *table, const char *name, json_t *object,
	struct place place, struct pki_err *err)
{
	if (!json_is_object(object))
		return MALFORMED(err, "\"%s\" is not an object", name);
	for (void *it = json_object_iter(object); it != NULL;
		it = json_object_iter_next(object, it)) {
		const char *key = json_object_iter_key(it);
		if (is_head(table, key))
			continue;
		const struct pki_member *m = find_member(table, key, place.action);
		if (m == NULL)
			return MALFORMED(err,
				"\"%s\" has a member \"%.40s\" that an order to %s does not know",
				name, key, pki_action_name(place.order->action));
		PKI_TRY(read_member(m, json_object_iter_value(it), place, err));
	}
	for (const struct pki_member *m = table; m->name != NULL; m++)
		if ((m->must & place.action) != 0 &&
			json_object_get(object, m->name) == NULL)
			return MALFORMED(err, "\"%s\" lacks \"%s\"", name, m->name);
	return PKI_OK;
}

static enum pki_status
read_head(json_t *json, struct pki_order *out, struct pki_err *err)
{
	if (!json_is_object(json))
		return MALFORMED(err, "an order is a JSON object");
	const json_t *version = json_object_get(json, "version");
	if (!json_is_integer(version) || json_integer_value(version) < 1)
		return MALFORMED(err, "\"version\" is not a number from 1");
	if (json_integer_value(version) > PKI_ORDER_VERSION)
		return pki_fail(err, PKI_VERSION,
			"an order of version %lld; this suite reads version %d; update it",
			(long long)json_integer_value(version), PKI_ORDER_VERSION);
	const char *type = json_string_value(json_object_get(json, "type"));
	if (type == NULL || strcmp(type, "order") != 0)
		return MALFORMED(err, "\"type\" is not \"order\"");
	const char *action = json_string_value(json_object_get(json, "action"));
	if (action == NULL || !pki_action_by_name(action, &out->action))
		return MALFORMED(
			err, "\"action\" is none of issue, renew, revoke, invite, erase");
	return PKI_OK;
}

enum pki_status
pki_order_read(json_t *json, struct pki_order *out, struct pki_err *err)
{
	PKI_TRY(read_head(json, out, err));
	struct place place = { (char *)out, out, 1u << out->action };
	PKI_TRY(read_object(pki_order_members, "order", json, place, err));
	if (out->action == PKI_ACTION_REVOKE && out->holder[0] == '\0' &&
		out->serial_count == 0)
		return MALFORMED(err, "names neither a holder nor serials to revoke");
	return PKI_OK;
}

enum pki_status
pki_order_decode(struct pki_bytes json, struct pki_order *out, struct pki_err *err)
{
	*out = (struct pki_order){ 0 };
	if (json.len > PKI_CMS_MAX)
		return pki_fail(err, PKI_LIMIT, "an order of %zu octets; at most %zu",
			json.len, PKI_CMS_MAX);
	PKI_CLEANUP(pki_json_cleanup) json_t *root = NULL;
	struct pki_err own = { 0 };
	if (pki_json_parse(json, &root, &own) != PKI_OK)
		return pki_fail_rule(err, own.status, PKI_RULE_ORDER_FORM, "%s", own.msg);
	enum pki_status status = pki_order_read(root, out, err);
	if (status != PKI_OK) {
		if (out->id[0] != '\0')
			pki_err_object(err, "order %s", out->id);
		pki_order_free(out);
	}
	return status;
}
