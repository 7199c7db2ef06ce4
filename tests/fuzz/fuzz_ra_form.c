/* Application forms; what is read is kept as JSON and read back the same. */
#include <string.h>

#include "ra/store/form.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pki_err err = { 0 };
	struct ra_form form, again;
	PKI_CLEANUP(pki_json_cleanup) json_t *json = NULL;
	if (ra_form_parse((struct pki_bytes){ data, size }, "form", &form, &err) !=
		PKI_OK)
		return 0;
	if (ra_form_to_json(&form, &json, &err) != PKI_OK ||
		ra_form_from_json(json, &again, &err) != PKI_OK ||
		strcmp(form.surname, again.surname) != 0 ||
		strcmp(form.document_number, again.document_number) != 0)
		abort();
	return 0;
}
