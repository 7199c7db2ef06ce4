#include "ra/check.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "libpki/base/file.h"
#include "libpki/base/text.h"
#include "libpki/x509/csr.h"

static const struct pki_document_rule *
document_rule(const struct pki_policy *policy, const char *type)
{
	for (size_t i = 0; i < policy->document_count; i++)
		if (strcmp(policy->documents[i].type, type) == 0)
			return &policy->documents[i];
	return NULL;
}

/* "PASFR-12AB34567" (rule 13), without the number's blanks and hyphens: a document always
 * gives the same name. */
static enum pki_status
natural_serial(const struct pki_policy *policy, const struct ra_form *form,
	char out[PKI_NAME_CHARS + 1], struct pki_err *err)
{
	const struct pki_document_rule *rule = document_rule(policy, form->document_type);
	if (rule == NULL)
		return pki_refuse(err, PKI_RULE_DOCUMENT,
			"document.type \"%s\" is not accepted; rules.yaml lists the accepted documents",
			form->document_type);
	int used = snprintf(
		out, PKI_NAME_CHARS + 1, "%s%s-", rule->scheme, form->document_country);
	for (const char *p = form->document_number; *p != '\0' && used < PKI_NAME_CHARS;
		p++)
		if (isalnum((unsigned char)*p))
			out[used++] = (char)toupper((unsigned char)*p);
	out[used] = '\0';
	return PKI_OK;
}

static bool
drop_last_word(char *text)
{
	char *space = strrchr(text, ' ');
	if (space == NULL)
		return false;
	*space = '\0';
	return true;
}

/*
 * EN 319 412-2 4.2.4: the name by which the person is known, in at most 64 characters: given
 * names and surname. Of a longer name the last given names are left out, all but the first,
 * then the last words of the surname, all but the first; GN and SN have the whole name.
 */
static void
common_name(struct pki_name *name)
{
	char given[PKI_NAME_SIZE], surname[PKI_NAME_SIZE], text[2 * PKI_NAME_SIZE];
	snprintf(given, sizeof given, "%s", name->given_name);
	snprintf(surname, sizeof surname, "%s", name->surname);
	do
		snprintf(text, sizeof text, "%s %s", given, surname);
	while (pki_text_chars(text) > PKI_NAME_CHARS &&
		(drop_last_word(given) || drop_last_word(surname)));
	pki_text_cut(text, PKI_NAME_CHARS);
	memcpy(name->common_name, text, strlen(text) + 1);
}

/* rule 108. Forms of earlier versions are not composed. */
static enum pki_status
compose(const char *label, const char *text, char out[PKI_NAME_SIZE], struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf nfc = { 0 };
	PKI_TRY(pki_text_nfc(text, &nfc, err));
	if (nfc.len >= PKI_NAME_SIZE)
		return pki_refuse(err, PKI_RULE_SUBJECT, "%s has more than %d characters",
			label, PKI_NAME_CHARS);
	memcpy(out, nfc.data, nfc.len);
	return pki_name_check_text(label, out, err);
}

enum pki_status
ra_check_subject(const struct pki_policy *policy, const struct ra_form *form,
	struct pki_name *out, struct pki_err *err)
{
	*out = (struct pki_name){ 0 };
	snprintf(out->country, sizeof out->country, "%s", form->country);
	PKI_TRY(compose("given_name", form->given_name, out->given_name, err));
	PKI_TRY(compose("surname", form->surname, out->surname, err));
	char place[PKI_NAME_SIZE] = "";
	PKI_TRY(compose("birth_place", form->birth_place, place, err));
	PKI_TRY(natural_serial(policy, form, out->serial_number, err));
	common_name(out);
	if (policy->test_names && strncmp(out->common_name, "TEST ", 5) != 0)
		return pki_refuse(err, PKI_RULE_SUBJECT,
			"given_name lacks the prefix \"TEST \"; this installation's rules require the prefix (rules.yaml: test_names)");
	return pki_name_check_new(out, true, err);
}

static enum pki_status
check_document(const struct ra_form *form, pki_time now, struct pki_err *err)
{
	pki_time expires, birth;
	PKI_TRY(pki_time_parse(form->document_expires, &expires, err));
	PKI_TRY(pki_time_parse(form->birth_date, &birth, err));
	if (now >= expires + PKI_DAY)
		return pki_refuse(err, PKI_RULE_DOCUMENT,
			"the identity document expired on %s; the applicant needs a valid document",
			form->document_expires);
	if (birth > now)
		return pki_fail(
			err, PKI_INPUT, "birth_date is in the future; correct the form");
	return PKI_OK;
}

static enum pki_status
check_request(const struct pki_policy *policy, const struct ra_form *form, pki_time now,
	struct pki_err *err)
{
	pki_time requested;
	PKI_TRY(pki_time_parse(form->requested, &requested, err));
	if (requested > now)
		return pki_refuse(err, PKI_RULE_REQUEST_AGE,
			"the request is dated %s, in the future (UTC); correct the date",
			form->requested);
	/* until the last day is over */
	if (now - requested >= policy->request_max_age + PKI_DAY)
		return pki_refuse(err, PKI_RULE_REQUEST_AGE,
			"the request is dated %s; a request may be at most %d days old: have the applicant sign a new request",
			form->requested, (int)(policy->request_max_age / PKI_DAY));
	if (strcmp(form->terms_accepted, "true") != 0)
		return pki_refuse(err, PKI_RULE_TERMS,
			"the applicant did not accept the terms of use; no certificate is issued without acceptance");
	if (strcmp(form->terms_version, policy->terms_version) != 0)
		return pki_refuse(err, PKI_RULE_TERMS,
			"the applicant accepted version %s of the terms; version %s is in force: have the applicant accept the version in force",
			form->terms_version, policy->terms_version);
	return PKI_OK;
}

enum pki_status
ra_check_form(const struct pki_policy *policy, const struct ra_form *form, pki_msec now,
	struct pki_err *err)
{
	struct pki_name subject;
	PKI_TRY(ra_check_subject(policy, form, &subject, err));
	PKI_TRY(check_document(form, now / 1000, err));
	return check_request(policy, form, now / 1000, err);
}

void
ra_check_notes(const struct ra_form *form)
{
	const char *const texts[][2] = { { "given_name", form->given_name },
		{ "surname", form->surname } };
	for (size_t i = 0; i < PKI_COUNT(texts); i++) {
		struct pki_text_mix mix;
		if (pki_text_mixed(texts[i][1], &mix))
			fprintf(stderr,
				"pki-ra: note: %s: \"%.*s\" has letters of the scripts %s and %s; compare with the document\n",
				texts[i][0], (int)mix.word.len,
				(const char *)mix.word.data, mix.scripts[0],
				mix.scripts[1]);
	}
}

enum pki_status
ra_check_last_second(const char *date, pki_time *out, struct pki_err *err)
{
	if (strlen(date) != 10 || pki_time_parse(date, out, NULL) != PKI_OK)
		return pki_fail(err, PKI_USAGE, "--not-after: a date YYYY-MM-DD");
	*out += PKI_DAY - 1;
	return PKI_OK;
}

static enum pki_status
read_request(const struct pki_policy *policy, enum pki_kind kind, const char *path,
	struct pki_buf *der, uint8_t hash[PKI_SHA256], struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf text = { 0 };
	PKI_CLEANUP(pki_csr_cleanup) struct pki_csr *csr = NULL;
	const struct pki_profile *profile = pki_policy_kind(policy, kind);
	if (profile == NULL)
		return pki_fail(err, PKI_CONFIG, "the policy has no profile of kind %s",
			pki_kind_name(kind));
	enum pki_status status = pki_file_read(path, PKI_CSR_FILE_MAX, &text, err);
	if (status == PKI_OK)
		status = pki_csr_parse(pki_buf_bytes(&text), &csr, err);
	if (status == PKI_OK)
		status = pki_csr_check(csr, profile->key_algs, err);
	if (status == PKI_OK)
		status = pki_key_hash(pki_csr_get0_key(csr), hash, err);
	if (status != PKI_OK) {
		pki_err_object(err, "%s", path);
		return status;
	}
	struct pki_bytes bytes = pki_csr_get0_der(csr);
	return pki_buf_append(der, bytes.data, bytes.len, err);
}

enum pki_status
ra_check_requests(const struct pki_policy *policy, const char *auth_path,
	const char *sign_path, struct ra_record *record, struct pki_err *err)
{
	uint8_t auth[PKI_SHA256], sign[PKI_SHA256];
	if (auth_path == NULL || sign_path == NULL)
		return pki_fail(
			err, PKI_USAGE, "give both --auth-csr FILE and --sign-csr FILE");
	PKI_TRY(read_request(
		policy, PKI_KIND_HOLDER_AUTH, auth_path, &record->auth_csr, auth, err));
	PKI_TRY(read_request(
		policy, PKI_KIND_HOLDER_SIGN, sign_path, &record->sign_csr, sign, err));
	if (pki_bytes_equal(auth, sizeof auth, sign, sizeof sign))
		return pki_refuse(err, PKI_RULE_DISTINCT_KEYS,
			"both requests are for the same key; the holder makes one key for each certificate");
	return PKI_OK;
}
