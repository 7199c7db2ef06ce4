/*
 * The application form: the applicant's declarations, as a YAML file and as JSON in the
 * sealed record. An error lists the names of all wrong fields, but never a value.
 */
#ifndef RA_STORE_FORM_H
#define RA_STORE_FORM_H

#include "libpki/base/json.h"
#include "libpki/base/time.h"
#include "libpki/x509/name.h"

#define RA_DATE 11 /* "2026-11-22" and the NUL */
#define RA_EMAIL 255 /* RFC 5321 4.5.3.1: 254 octets of a path's address */
#define RA_PHONE 24 /* E.164: 15 digits; blanks and hyphens between them */
#define RA_NUMBER 33 /* longest document number in use has 20 characters (TD3: 9) */
#define RA_WORD_FIELD 48

struct ra_form {
	char given_name[PKI_NAME_SIZE];
	char surname[PKI_NAME_SIZE];
	char country[3];
	char birth_date[RA_DATE];
	char birth_place[PKI_NAME_SIZE];
	char nationality[3];
	char email[RA_EMAIL];
	char phone[RA_PHONE];
	char document_type[RA_WORD_FIELD];
	char document_country[3];
	char document_number[RA_NUMBER];
	char document_expires[RA_DATE];
	char terms_version[32];
	char terms_accepted[6]; /* "true", "false" */
	char requested[RA_DATE];
};

/* INPUT with all wrong fields; IO, LIMIT. */
enum pki_status ra_form_read(
	const char *path, struct ra_form *out, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ra_form_parse(struct pki_bytes yaml, const char *name,
	struct ra_form *out, struct pki_err *err) PKI_MUST_CHECK;

/* *out is the caller's. from_json: TAMPERED if a field is missing. */
enum pki_status ra_form_to_json(
	const struct ra_form *form, json_t **out, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ra_form_from_json(
	const json_t *json, struct ra_form *out, struct pki_err *err) PKI_MUST_CHECK;

#endif
