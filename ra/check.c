#include "ra/check.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "libpki/base/file.h"
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

enum pki_status
ra_check_subject(const struct pki_policy *policy, const struct ra_form *form,
	struct pki_name *out, struct pki_err *err)
{
	*out = (struct pki_name){ 0 };
	snprintf(out->country, sizeof out->country, "%s", form->country);
	snprintf(out->given_name, sizeof out->given_name, "%s", form->given_name);
	snprintf(out->surname, sizeof out->surname, "%s", form->surname);
	PKI_TRY(natural_serial(policy, form, out->serial_number, err));
	if ((size_t)snprintf(out->common_name, sizeof out->common_name, "%s %s",
		    form->given_name, form->surname) >= sizeof out->common_name)
		return pki_refuse(err, PKI_RULE_SUBJECT,
			"given_name and surname together are longer than %d characters",
			PKI_NAME_CHARS);
	if (policy->test_names && strncmp(out->common_name, "TEST ", 5) != 0)
		return pki_refuse(err, PKI_RULE_SUBJECT,
			"given_name lacks the prefix \"TEST \"; this installation's rules require the prefix (rules.yaml: test_names)");
	return pki_name_check(out, true, err);
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
	if (now - requested > policy->request_max_age)
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
