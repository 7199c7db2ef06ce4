/* Parse, then walk the tree with every reader. */
#include "libpki/base/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
walk(struct pki_yaml *node)
{
	struct pki_err err = { 0 };
	char text[16];
	bool yes;
	long number;
	int64_t seconds;
	if (pki_yaml_string(node, text, sizeof text, &err) == PKI_OK &&
		pki_yaml_text(node) == NULL)
		abort();
	err = (struct pki_err){ 0 };
	if (pki_yaml_bool(node, &yes, &err) == PKI_OK)
		err = (struct pki_err){ 0 };
	if (pki_yaml_int(node, -5, 5, &number, &err) == PKI_OK &&
		(number < -5 || number > 5))
		abort();
	err = (struct pki_err){ 0 };
	if (pki_yaml_duration(node, &seconds, &err) == PKI_OK && seconds <= 0)
		abort();
	for (size_t i = 0; i < pki_yaml_count(node); i++) {
		const char *key = pki_yaml_key(node, i);
		if (key != NULL && pki_yaml_get(node, key) != pki_yaml_item(node, i))
			abort();
		walk(pki_yaml_item(node, i));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_yaml_cleanup) struct pki_yaml *root = NULL;
	if (pki_yaml_parse((struct pki_bytes){ data, size }, "fuzz", &root, &err) !=
		PKI_OK)
		return 0;
	walk(root);
	/* walk() took every key */
	err = (struct pki_err){ 0 };
	if (pki_yaml_done(root, &err) != PKI_OK)
		abort();
	return 0;
}
