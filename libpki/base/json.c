#include "libpki/base/json.h"

#include <errno.h>
#include <string.h>

enum pki_status
pki_json_parse(struct pki_bytes text, json_t **out, struct pki_err *err)
{
	*out = NULL;
	if (text.len == 0)
		return pki_fail(err, PKI_INPUT, "no JSON: nothing is there");
	json_error_t why;
	*out = json_loadb(
		(const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &why);
	if (*out != NULL)
		return PKI_OK;
	if (json_error_code(&why) == json_error_out_of_memory)
		return pki_fail(err, PKI_MEMORY, "reading JSON");
	return pki_fail(err, PKI_INPUT, "not strict JSON: line %d, column %d: %s",
		why.line, why.column, why.text);
}

struct sink {
	struct pki_buf *out;
	struct pki_err *err;
};

static int
append(const char *text, size_t len, void *data)
{
	struct sink *sink = data;
	return pki_buf_append(sink->out, text, len, sink->err) == PKI_OK ? 0 : -1;
}

enum pki_status
pki_json_dump(const json_t *json, struct pki_buf *out, struct pki_err *err)
{
	struct sink sink = { out, err };
	size_t flags = JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY;
	if (json_dump_callback(json, append, &sink, flags) != 0)
		return pki_fail(err, PKI_MEMORY, "writing JSON");
	return PKI_OK;
}

void
pki_json_cleanup(json_t **json)
{
	json_decref(*json);
}

static struct pki_json
begin(json_t *value)
{
	struct pki_json json = { .value = value };
	if (value == NULL)
		json.failed = PKI_MEMORY;
	return json;
}

struct pki_json
pki_json_object(void)
{
	return begin(json_object());
}

struct pki_json
pki_json_array(void)
{
	return begin(json_array());
}

void
pki_json_free(struct pki_json *json)
{
	json_decref(json->value);
	*json = (struct pki_json){ 0 };
}

static void
fail(struct pki_json *json, enum pki_status failed, const char *member)
{
	if (json->failed != PKI_OK)
		return;
	json_decref(json->value);
	json->value = NULL;
	json->failed = failed;
	snprintf(json->member, sizeof json->member, "%s", member != NULL ? member : "");
}

/* Jansson's reason for refusing a text. */
static enum pki_status
text_failure(const char *text)
{
	json_error_t why;
	if (text == NULL)
		return PKI_INTERNAL;
	json_t *again = json_pack_ex(&why, 0, "s", text);
	bool utf8 = again != NULL || json_error_code(&why) != json_error_invalid_utf8;
	json_decref(again);
	return utf8 ? PKI_MEMORY : PKI_INPUT;
}

/* name: of a member, or NULL to append to an array. Takes ownership of value. */
static void
put(struct pki_json *json, const char *name, json_t *value)
{
	bool fits = name != NULL ? json_is_object(json->value)
				 : json_is_array(json->value);
	if (!fits)
		fail(json, PKI_INTERNAL, name);
	else if (value == NULL)
		fail(json, PKI_MEMORY, name);
	if (json->failed != PKI_OK) {
		json_decref(value);
		return;
	}
	int rc = name != NULL ? json_object_set_new(json->value, name, value)
			      : json_array_append_new(json->value, value);
	if (rc != 0)
		fail(json, name != NULL ? text_failure(name) : PKI_MEMORY, name);
}

static void
put_text(struct pki_json *json, const char *name, const char *text)
{
	json_t *value = json_string(text);
	if (value == NULL && json->failed == PKI_OK)
		fail(json, text_failure(text), name);
	put(json, name, value);
}

static void
put_builder(struct pki_json *json, const char *name, struct pki_json *child)
{
	json_t *value = child->value;
	if (value == NULL) {
		enum pki_status failed = child->failed;
		fail(json, failed != PKI_OK ? failed : PKI_INTERNAL,
			child->member[0] != '\0' ? child->member : name);
	}
	*child = (struct pki_json){ 0 };
	put(json, name, value);
}

void
pki_json_text(struct pki_json *object, const char *name, const char *text)
{
	put_text(object, name, text);
}

void
pki_json_text_if(struct pki_json *object, const char *name, const char *text)
{
	if (text != NULL && text[0] != '\0')
		put_text(object, name, text);
}

void
pki_json_number(struct pki_json *object, const char *name, int64_t number)
{
	put(object, name, json_integer(number));
}

void
pki_json_bool(struct pki_json *object, const char *name, bool value)
{
	put(object, name, json_boolean(value));
}

void
pki_json_null(struct pki_json *object, const char *name)
{
	put(object, name, json_null());
}

void
pki_json_time(struct pki_json *object, const char *name, pki_time t)
{
	char text[PKI_TIME_TEXT];
	pki_time_format(t, text);
	put_text(object, name, text);
}

void
pki_json_msec(struct pki_json *object, const char *name, pki_msec t)
{
	char text[PKI_MSEC_TEXT];
	pki_msec_format(t, text);
	put_text(object, name, text);
}

void
pki_json_serial(
	struct pki_json *object, const char *name, const struct pki_serial *serial)
{
	char text[PKI_SERIAL_TEXT];
	pki_serial_text(serial, text);
	put_text(object, name, text);
}

void
pki_json_value(struct pki_json *object, const char *name, json_t *value)
{
	put(object, name, value);
}

void
pki_json_nest(struct pki_json *object, const char *name, struct pki_json *child)
{
	put_builder(object, name, child);
}

void
pki_json_nest_if(struct pki_json *object, const char *name, struct pki_json *child)
{
	bool empty = json_object_size(child->value) + json_array_size(child->value) == 0;
	if (child->value != NULL && empty)
		pki_json_free(child);
	else
		put_builder(object, name, child);
}

void
pki_json_append_text(struct pki_json *array, const char *text)
{
	put_text(array, NULL, text);
}

void
pki_json_append_number(struct pki_json *array, int64_t number)
{
	put(array, NULL, json_integer(number));
}

void
pki_json_append_serial(struct pki_json *array, const struct pki_serial *serial)
{
	pki_json_serial(array, NULL, serial);
}

void
pki_json_append_value(struct pki_json *array, json_t *value)
{
	put(array, NULL, value);
}

void
pki_json_append(struct pki_json *array, struct pki_json *child)
{
	put_builder(array, NULL, child);
}

static enum pki_status
failure(const struct pki_json *json, struct pki_err *err)
{
	const char *member = json->member[0] != '\0' ? json->member : "an item of a list";
	if (json->failed == PKI_INPUT)
		return pki_fail(err, PKI_INPUT, "%s: the text is not UTF-8", member);
	if (json->failed == PKI_MEMORY)
		return pki_fail(err, PKI_MEMORY, "building JSON");
	return pki_fail(err, PKI_INTERNAL, "building JSON: %s: no value", member);
}

enum pki_status
pki_json_take(struct pki_json *json, json_t **out, struct pki_err *err)
{
	enum pki_status status = json->value != NULL ? PKI_OK : failure(json, err);
	*out = json->value;
	*json = (struct pki_json){ 0 };
	return status;
}

enum pki_status
pki_json_write(struct pki_json *json, struct pki_buf *out, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *value = NULL;
	PKI_TRY(pki_json_take(json, &value, err));
	return pki_json_dump(value, out, err);
}

enum pki_status
pki_json_print(struct pki_json *json, FILE *out, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *value = NULL;
	PKI_TRY(pki_json_take(json, &value, err));
	if (json_dumpf(value, out, JSON_INDENT(2) | JSON_ENCODE_ANY) != 0 ||
		fputc('\n', out) == EOF)
		return pki_fail_errno(err, PKI_IO, errno, "writing JSON");
	return PKI_OK;
}
