#include "tools/audit/entry.h"

#include <stdio.h>
#include <string.h>

#include "libpki/base/json.h"

json_t *
entry_read(struct pki_ledger *ledger, uint64_t index)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	json_t *json = NULL;
	if (pki_ledger_entry(ledger, index, &text, NULL) != PKI_OK ||
		pki_json_parse(pki_buf_bytes(&text), &json, NULL) != PKI_OK)
		return NULL;
	return json;
}

const char *
entry_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text != NULL ? text : "";
}

json_int_t
entry_number(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

bool
entry_list_has(const json_t *list, const char *text)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *member = json_string_value(json_array_get(list, i));
		if (member != NULL && strcmp(member, text) == 0)
			return true;
	}
	return false;
}

void
entry_object(uint64_t index, char out[ENTRY_OBJECT])
{
	snprintf(out, ENTRY_OBJECT, "log entry %ju", (uintmax_t)index);
}
