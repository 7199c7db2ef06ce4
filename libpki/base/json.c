#include "libpki/base/json.h"

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
		return pki_fail(err, PKI_INTERNAL, "a value that JSON cannot express");
	return PKI_OK;
}

void
pki_json_cleanup(json_t **json)
{
	json_decref(*json);
}
