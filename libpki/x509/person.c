#include "libpki/x509/person.h"

#include <string.h>

#define NUMBER_MAX 32
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool
is_identifier(const char *text)
{
	if (strncmp(text, "OF:", 3) != 0 || strspn(text + 3, LETTERS) != 2 ||
		text[5] != '-')
		return false;
	const char *number = text + 6;
	size_t len = strspn(number, LETTERS "0123456789-");
	return len >= 1 && len <= NUMBER_MAX && number[len] == '\0';
}

enum pki_status
pki_person_check(const char *identifier, struct pki_err *err)
{
	if (is_identifier(identifier))
		return PKI_OK;
	return pki_refuse(err, PKI_RULE_PERSONS,
		"\"%s\" does not identify an officer; the serialNumber must be " PKI_PERSON_FORM
		" (upper case, no spaces)",
		identifier);
}

void
pki_person_of(const struct pki_name *name, char out[PKI_PERSON_TEXT])
{
	size_t used = 0;
	memset(out, 0, PKI_PERSON_TEXT);
	for (const char *c = name->serial_number; *c != '\0'; c++)
		if (*c != ' ')
			out[used++] =
				(char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c);
	if (!is_identifier(out))
		out[0] = '\0';
}

static enum pki_status
key_of_common_name(
	const struct pki_name *name, uint8_t out[PKI_SHA256], struct pki_err *err)
{
	struct pki_name only = { 0 };
	memcpy(only.common_name, name->common_name, sizeof only.common_name);
	return pki_name_key(&only, out, err);
}

enum pki_status
pki_person_namesake(const struct pki_name *a, const struct pki_name *b, bool *same,
	struct pki_err *err)
{
	uint8_t key_a[PKI_SHA256], key_b[PKI_SHA256];
	PKI_TRY(key_of_common_name(a, key_a, err));
	PKI_TRY(key_of_common_name(b, key_b, err));
	*same = memcmp(key_a, key_b, sizeof key_a) == 0;
	return PKI_OK;
}

enum pki_status
pki_person_same(const struct pki_name *a, const struct pki_name *b, bool *same,
	struct pki_err *err)
{
	char person_a[PKI_PERSON_TEXT], person_b[PKI_PERSON_TEXT];
	pki_person_of(a, person_a);
	pki_person_of(b, person_b);
	if (person_a[0] == '\0' || person_b[0] == '\0')
		return pki_person_namesake(a, b, same, err);
	*same = strcmp(person_a, person_b) == 0;
	return PKI_OK;
}
