#include "ra/draft.h"

#include <stdio.h>
#include <string.h>

#include "ra/check.h"
#include "ra/store/invitation.h"

/* The salt hides the document: a reader of the ledger cannot confirm guesses. */
static enum pki_status
document_digest(
	const struct ra_record *record, char out[PKI_SHA256_HEX], struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *form = NULL;
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf text = { 0 };
	PKI_TRY(ra_form_to_json(&record->form, &form, err));
	PKI_TRY(pki_json_dump(form, &text, err));
	return ra_salt_digest(record->salt, pki_buf_bytes(&text), out, err);
}

static enum pki_status
set_registration(const struct ra *ra, const struct ra_record *record,
	struct pki_order *order, struct pki_err *err)
{
	const struct ra_form *form = &record->form;
	PKI_TRY(ra_check_subject(ra->policy, form, &order->subject, err));
	PKI_TRY(pki_time_parse(form->requested, &order->requested, err));
	PKI_TRY(pki_time_parse(form->document_expires, &order->document_end, err));
	order->document_end += PKI_DAY - 1;
	snprintf(order->identity_method, sizeof order->identity_method, "%s",
		record->method);
	snprintf(order->document_type, sizeof order->document_type, "%s",
		form->document_type);
	snprintf(order->document_country, sizeof order->document_country, "%s",
		form->document_country);
	snprintf(order->terms_version, sizeof order->terms_version, "%s",
		form->terms_version);
	snprintf(order->terms_digest, sizeof order->terms_digest, "%s",
		ra->policy->terms_digest);
	for (; order->evidence_count < record->evidence_count; order->evidence_count++)
		memcpy(order->evidence[order->evidence_count],
			record->evidence[order->evidence_count].digest, PKI_SHA256_HEX);
	return document_digest(record, order->document_digest, err);
}

static enum pki_status
add_cert(const struct ra *ra, enum pki_kind kind, const struct pki_buf *csr,
	pki_time not_after, struct pki_order *order, struct pki_err *err)
{
	const struct pki_profile *profile = pki_policy_kind(ra->policy, kind);
	if (profile == NULL)
		return pki_fail(err, PKI_CONFIG, "the policy has no profile of kind %s",
			pki_kind_name(kind));
	struct pki_order_cert *cert = &order->certs[order->cert_count++];
	snprintf(cert->profile, sizeof cert->profile, "%s", profile->name);
	cert->not_after = not_after;
	return pki_buf_append(&cert->csr, csr->data, csr->len, err);
}

static enum pki_status
set_origin(struct ra *ra, const struct ra_application *application,
	const struct ra_record *record, struct pki_order *order, struct pki_err *err)
{
	if (application->renewal) {
		memcpy(order->serials, record->serials, sizeof order->serials);
		order->serial_count = record->serial_count;
		return PKI_OK;
	}
	struct ra_invitation invitation;
	enum pki_status status = ra_invitation_by_id(
		ra->store, application->invitation, &invitation, NULL, err);
	if (status == PKI_OK)
		status = pki_buf_append(
			&order->invitation, invitation.cms.data, invitation.cms.len, err);
	ra_invitation_free(&invitation);
	return status;
}

static enum pki_status
fill(struct ra *ra, const struct ra_application *application,
	const struct ra_record *record, struct pki_order *order, struct pki_err *err)
{
	snprintf(order->authority, sizeof order->authority, "%s", ra->conf->authority);
	snprintf(order->application, sizeof order->application, "%s", application->id);
	snprintf(order->holder, sizeof order->holder, "%s", application->holder);
	PKI_TRY(set_registration(ra, record, order, err));
	PKI_TRY(add_cert(ra, PKI_KIND_HOLDER_AUTH, &record->auth_csr, record->not_after,
		order, err));
	PKI_TRY(add_cert(ra, PKI_KIND_HOLDER_SIGN, &record->sign_csr, record->not_after,
		order, err));
	return set_origin(ra, application, record, order, err);
}

enum pki_status
ra_draft_order(struct ra *ra, const struct ra_draft *draft, struct pki_buf *json,
	struct pki_err *err)
{
	struct pki_order order = {
		.action = draft->application->renewal ? PKI_ACTION_RENEW
						      : PKI_ACTION_ISSUE,
		.created = draft->created,
	};
	snprintf(order.id, sizeof order.id, "%s", draft->order);
	enum pki_status status = fill(ra, draft->application, draft->record, &order, err);
	if (status == PKI_OK)
		status = pki_order_encode(&order, json, err);
	pki_order_free(&order);
	return status;
}
