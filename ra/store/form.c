#include "ra/store/form.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "libpki/base/file.h"
#include "libpki/base/text.h"
#include "libpki/base/yaml.h"

typedef bool (*check_fn)(const char *text);

static bool
is_text(const char *text)
{
	for (const char *p = text; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	return text[0] != '\0' && text[0] != ' ' && text[strlen(text) - 1] != ' ';
}

static bool
is_country(const char *text)
{
	return strlen(text) == 2 && isupper((unsigned char)text[0]) &&
	       isupper((unsigned char)text[1]);
}

static bool
is_date(const char *text)
{
	pki_time t;
	return strlen(text) == RA_DATE - 1 && pki_time_parse(text, &t, NULL) == PKI_OK;
}

static bool
is_email(const char *text)
{
	const char *at = strchr(text, '@');
	return at != NULL && at != text && strchr(at + 1, '@') == NULL &&
	       strchr(at, '.') != NULL && at[1] != '.' && text[strlen(text) - 1] != '.' &&
	       strpbrk(text, " \t\r\n,;<>\"") == NULL;
}

/* E.164: + and 7 to 15 digits; blanks and hyphens between them */
static bool
is_phone(const char *text)
{
	size_t digits = 0;
	if (text[0] != '+')
		return false;
	for (const char *p = text + 1; *p != '\0'; p++) {
		if (isdigit((unsigned char)*p))
			digits++;
		else if (*p != ' ' && *p != '-')
			return false;
	}
	return digits >= 7 && digits <= 15;
}

static bool
is_word(const char *text)
{
	return text[0] != '\0' &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(text);
}

static bool
is_number(const char *text)
{
	bool some = false;
	for (const char *p = text; *p != '\0'; p++) {
		if (isalnum((unsigned char)*p))
			some = true;
		else if (*p != ' ' && *p != '-')
			return false;
	}
	return some;
}

static bool
is_bool(const char *text)
{
	return strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
}

static const struct field {
	const char *section; /* NULL: top */
	const char *key;
	size_t offset, size;
	check_fn check;
	const char *want;
} fields[] = {
#define F(section, key, member, check, want) \
	{ \
		section, key, offsetof(struct ra_form, member), \
			sizeof(((struct ra_form *)0)->member), check, want \
	}
	F(NULL, "given_name", given_name, is_text, "text"),
	F(NULL, "surname", surname, is_text, "text"),
	F(NULL, "country", country, is_country, "two capitals (ISO 3166)"),
	F(NULL, "birth_date", birth_date, is_date, "a date YYYY-MM-DD"),
	F(NULL, "birth_place", birth_place, is_text, "text"),
	F(NULL, "nationality", nationality, is_country, "two capitals (ISO 3166)"),
	F(NULL, "email", email, is_email, "an e-mail address"),
	F(NULL, "phone", phone, is_phone, "+ and 7 to 15 digits"),
	F("document", "type", document_type, is_word, "a document type"),
	F("document", "country", document_country, is_country, "two capitals (ISO 3166)"),
	F("document", "number", document_number, is_number, "letters and digits"),
	F("document", "expires", document_expires, is_date, "a date YYYY-MM-DD"),
	F("terms", "version", terms_version, is_text, "text"),
	F("terms", "accepted", terms_accepted, is_bool, "true or false"),
	F(NULL, "requested", requested, is_date, "a date YYYY-MM-DD"),
#undef F
};

static char *
at(struct ra_form *form, const struct field *field)
{
	return (char *)form + field->offset;
}

static const char *
at_const(const struct ra_form *form, const struct field *field)
{
	return (const char *)form + field->offset;
}

static void
field_path(const struct field *field, char *out, size_t size)
{
	snprintf(out, size, "%s%s%s", field->section != NULL ? field->section : "",
		field->section != NULL ? "." : "", field->key);
}

/* The faults of the fields, as many as fit into an error's message. */
struct faults {
	char text[512];
	int omitted;
	int count;
};

static void
add_fault(struct faults *faults, const char *path, const char *what)
{
	size_t used = strlen(faults->text);
	faults->count++;
	int need = snprintf(faults->text + used, sizeof faults->text - used, "%s%s: %s",
		used != 0 ? "; " : "", path, what);
	if ((size_t)need >= sizeof faults->text - used) {
		faults->text[used] = '\0';
		faults->omitted++;
	}
}

/* rule 108: texts are stored in NFC. A text that is not UTF-8 does not come from YAML. */
static bool
compose(char *text, size_t size)
{
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf nfc = { 0 };
	if (pki_text_nfc(text, &nfc, NULL) != PKI_OK || nfc.len >= size)
		return false;
	memcpy(text, nfc.data, nfc.len + 1);
	return true;
}

static void
read_field(struct pki_yaml *root, const struct field *field, struct ra_form *out,
	struct faults *faults)
{
	struct pki_yaml *map = root;
	char *text = at(out, field);
	char wanted[80], path[64];
	field_path(field, path, sizeof path);
	if (field->section != NULL)
		map = pki_yaml_get(root, field->section);
	if (map != NULL && pki_yaml_expect_map(map, NULL) != PKI_OK)
		map = NULL;
	struct pki_yaml *node = map != NULL ? pki_yaml_get(map, field->key) : NULL;
	if (node == NULL) {
		add_fault(faults, path, "missing");
		return;
	}
	snprintf(wanted, sizeof wanted, "not %s", field->want);
	if (pki_yaml_string(node, text, field->size, NULL) != PKI_OK ||
		!field->check(text) || !compose(text, field->size))
		add_fault(faults, path, wanted);
}

static enum pki_status
read_all(struct pki_yaml *root, struct ra_form *out, struct pki_err *err)
{
	struct faults faults = { 0 };
	PKI_TRY(pki_yaml_expect_map(root, err));
	for (size_t i = 0; i < PKI_COUNT(fields); i++)
		read_field(root, &fields[i], out, &faults);
	struct pki_err own = { 0 };
	if (pki_yaml_done(root, &own) != PKI_OK)
		add_fault(&faults, "form", own.msg);
	if (faults.omitted != 0)
		return pki_fail(
			err, PKI_INPUT, "%s; and %d more", faults.text, faults.omitted);
	if (faults.count != 0)
		return pki_fail(err, PKI_INPUT, "%s", faults.text);
	return PKI_OK;
}

enum pki_status
ra_form_parse(
	struct pki_bytes yaml, const char *name, struct ra_form *out, struct pki_err *err)
{
	PKI_CLEANUP(pki_yaml_cleanup) struct pki_yaml *root = NULL;
	struct pki_err own = { 0 };
	*out = (struct ra_form){ 0 };
	enum pki_status status = pki_yaml_parse(yaml, name, &root, &own);
	if (status == PKI_OK)
		status = read_all(root, out, &own);
	if (status == PKI_OK)
		return PKI_OK;
	pki_err_object(&own, "%s", name);
	/* a form is input, not configuration */
	if (own.status == PKI_CONFIG)
		own.status = PKI_INPUT;
	return pki_err_move(err, &own);
}

enum pki_status
ra_form_read(const char *path, struct ra_form *out, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf yaml = { 0 };
	PKI_TRY(pki_file_read(path, PKI_FILE_MAX, &yaml, err));
	return ra_form_parse(pki_buf_bytes(&yaml), path, out, err);
}

static bool
same_section(const struct field *a, const struct field *b)
{
	return a->section != NULL && b->section != NULL &&
	       strcmp(a->section, b->section) == 0;
}

enum pki_status
ra_form_to_json(const struct ra_form *form, json_t **out, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_free) struct pki_json top = pki_json_object();
	PKI_CLEANUP(pki_json_free) struct pki_json section = { 0 };
	for (size_t i = 0; i < PKI_COUNT(fields); i++) {
		const struct field *f = &fields[i];
		if (f->section == NULL) {
			pki_json_text(&top, f->key, at_const(form, f));
			continue;
		}
		/* the fields of a section follow each other in the table */
		if (i == 0 || !same_section(f, f - 1))
			section = pki_json_object();
		pki_json_text(&section, f->key, at_const(form, f));
		if (i + 1 == PKI_COUNT(fields) || !same_section(f, f + 1))
			pki_json_nest(&top, f->section, &section);
	}
	return pki_json_take(&top, out, err);
}

enum pki_status
ra_form_from_json(const json_t *json, struct ra_form *out, struct pki_err *err)
{
	*out = (struct ra_form){ 0 };
	for (size_t i = 0; i < PKI_COUNT(fields); i++) {
		const struct field *f = &fields[i];
		const json_t *map = f->section != NULL ? json_object_get(json, f->section)
						       : json;
		const char *text = json_string_value(json_object_get(map, f->key));
		if (text == NULL || strlen(text) >= f->size)
			return pki_fail(err, PKI_TAMPERED, "the stored form lacks \"%s\"",
				f->key);
		memcpy(at(out, f), text, strlen(text) + 1);
	}
	return PKI_OK;
}
