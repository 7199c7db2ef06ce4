#include "ra/store/record.h"

#include <stdio.h>
#include <string.h>

void
ra_record_free(struct ra_record *record)
{
	pki_buf_free(&record->auth_csr);
	pki_buf_free(&record->sign_csr);
}

enum pki_status
ra_salt_make(char out[RA_SALT_HEX], struct pki_err *err)
{
	uint8_t salt[RA_SALT];
	PKI_TRY(pki_random(salt, sizeof salt, err));
	pki_hex_encode(salt, sizeof salt, out);
	return PKI_OK;
}

enum pki_status
ra_salt_digest(const char *salt, struct pki_bytes data, char out[PKI_SHA256_HEX],
	struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf all = { 0 };
	uint8_t octets[RA_SALT];
	size_t len = 0;
	PKI_TRY(pki_hex_decode(salt, octets, sizeof octets, &len, err));
	PKI_TRY(pki_buf_append(&all, octets, len, err));
	PKI_TRY(pki_buf_append(&all, data.data, data.len, err));
	return pki_sha256_hex(all.data, all.len, out, err);
}

void
ra_record_name(const struct ra_record *record, char out[RA_NAME_TEXT])
{
	snprintf(out, RA_NAME_TEXT, "%s %s", record->form.given_name,
		record->form.surname);
}

static void
add_evidence(struct pki_json *json, const struct ra_record *record)
{
	PKI_CLEANUP(pki_json_free) struct pki_json list = pki_json_array();
	for (size_t i = 0; i < record->evidence_count; i++) {
		const struct ra_evidence *e = &record->evidence[i];
		PKI_CLEANUP(pki_json_free) struct pki_json one = pki_json_object();
		pki_json_text(&one, "name", e->name);
		pki_json_text(&one, "application", e->application);
		pki_json_number(&one, "number", e->number);
		pki_json_number(&one, "size", e->size);
		pki_json_text(&one, "salt", e->salt);
		pki_json_text(&one, "digest", e->digest);
		pki_json_append(&list, &one);
	}
	pki_json_nest(json, "evidence", &list);
}

static void
add_serials(struct pki_json *json, const struct ra_record *record)
{
	PKI_CLEANUP(pki_json_free) struct pki_json list = pki_json_array();
	for (size_t i = 0; i < record->serial_count; i++)
		pki_json_append_serial(&list, &record->serials[i]);
	pki_json_nest(json, "serials", &list);
}

static enum pki_status
add_request(struct pki_json *json, const char *name, const struct pki_buf *csr,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	PKI_TRY(pki_base64_encode(csr->data, csr->len, &text, err));
	pki_json_text(json, name, (const char *)text.data);
	return PKI_OK;
}

enum pki_status
ra_record_save(struct ra_store *store, const struct ra_application *application,
	const struct ra_record *record, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf text = { 0 };
	PKI_CLEANUP(pki_json_free) struct pki_json json = pki_json_object();
	json_t *form = NULL;
	PKI_TRY(ra_form_to_json(&record->form, &form, err));
	pki_json_value(&json, "form", form);
	pki_json_text(&json, "salt", record->salt);
	PKI_TRY(add_request(&json, "auth_csr", &record->auth_csr, err));
	PKI_TRY(add_request(&json, "sign_csr", &record->sign_csr, err));
	add_evidence(&json, record);
	add_serials(&json, record);
	pki_json_number(&json, "not_after", record->not_after);
	pki_json_text(&json, "method", record->method);
	pki_json_bool(&json, "email_verified", record->email_verified);
	pki_json_bool(&json, "phone_verified", record->phone_verified);
	PKI_TRY(pki_json_write(&json, &text, err));
	return ra_part_put(store, application, "record", pki_buf_bytes(&text), err);
}

static bool
copy(const char *text, char *out, size_t size)
{
	if (text == NULL || strlen(text) >= size)
		return false;
	memcpy(out, text, strlen(text) + 1);
	return true;
}

static bool
read_evidence(const json_t *list, struct ra_record *out)
{
	out->evidence_count = json_array_size(list);
	if (out->evidence_count > PKI_ORDER_EVIDENCE_MAX)
		return false;
	for (size_t i = 0; i < out->evidence_count; i++) {
		struct ra_evidence *e = &out->evidence[i];
		const char *name, *application, *salt, *digest;
		json_int_t number, size;
		if (json_unpack(json_array_get(list, i), "{s:s, s:s, s:I, s:I, s:s, s:s}",
			    "name", &name, "application", &application, "number", &number,
			    "size", &size, "salt", &salt, "digest", &digest) != 0)
			return false;
		e->number = (long)number;
		e->size = size;
		if (!copy(name, e->name, sizeof e->name) ||
			!copy(application, e->application, sizeof e->application) ||
			!copy(salt, e->salt, sizeof e->salt) ||
			!copy(digest, e->digest, sizeof e->digest))
			return false;
	}
	return true;
}

static enum pki_status
read_rest(const json_t *json, struct ra_record *out, struct pki_err *err)
{
	PKI_TRY(ra_form_from_json(json_object_get(json, "form"), &out->form, err));
	const json_t *serials = json_object_get(json, "serials");
	for (size_t i = 0; i < json_array_size(serials) && i < PKI_ORDER_SERIALS_MAX;
		i++) {
		const char *text = json_string_value(json_array_get(serials, i));
		PKI_TRY(pki_serial_parse(
			text != NULL ? text : "", &out->serials[i], err));
		out->serial_count++;
	}
	return PKI_OK;
}

static enum pki_status
read_record(json_t *json, struct ra_record *out, struct pki_err *err)
{
	const char *salt, *auth, *sign, *method;
	json_int_t not_after;
	int email, phone;
	if (json_unpack(json, "{s:s, s:s, s:s, s:I, s:s, s:b, s:b}", "salt", &salt,
		    "auth_csr", &auth, "sign_csr", &sign, "not_after", &not_after,
		    "method", &method, "email_verified", &email, "phone_verified",
		    &phone) != 0 ||
		!copy(salt, out->salt, sizeof out->salt) ||
		!copy(method, out->method, sizeof out->method) ||
		!read_evidence(json_object_get(json, "evidence"), out))
		return pki_fail(err, PKI_TAMPERED, "the stored record is not complete");
	out->not_after = not_after;
	out->email_verified = email != 0;
	out->phone_verified = phone != 0;
	PKI_TRY(pki_base64_decode(auth, strlen(auth), &out->auth_csr, err));
	PKI_TRY(pki_base64_decode(sign, strlen(sign), &out->sign_csr, err));
	return read_rest(json, out, err);
}

enum pki_status
ra_record_load(struct ra_store *store, const struct ra_application *application,
	struct ra_record *out, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf text = { 0 };
	PKI_CLEANUP(pki_json_cleanup) json_t *json = NULL;
	*out = (struct ra_record){ 0 };
	PKI_TRY(ra_part_get(store, application, "record", &text, err));
	PKI_TRY(pki_json_parse(pki_buf_bytes(&text), &json, err));
	return read_record(json, out, err);
}
