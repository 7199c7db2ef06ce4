#include <stdio.h>
#include <string.h>

#include "ra/commands/commands.h"
#include "ra/check.h"
#include "ra/draft.h"
#include "ra/print.h"
#include "ra/store/index.h"
#include "ra/store/outbox.h"

const struct pki_option ra_cmd_verify_options[] = {
	{ "method", "METHOD",
		"how the person was identified: one of rules.yaml, e.g. in-person", 1 },
	{ "email-verified", NULL, "the e-mail address was tried", 1 },
	{ "phone-verified", NULL, "the phone number was tried", 1 },
	{ "not-after", "DATE", "the certificates end on this day at the latest", 1 },
	RA_OFFICER_OPTIONS,
	{ 0 },
};

/* Rule 43: rules.yaml lists the methods for this action. */
static enum pki_status
set_method(const struct pki_policy *policy, const struct ra_application *a,
	const char *method, struct ra_record *record, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf known = { 0 };
	enum pki_action action = a->renewal ? PKI_ACTION_RENEW : PKI_ACTION_ISSUE;
	for (size_t i = 0; i < policy->order_count; i++) {
		const struct pki_order_rule *rule = &policy->orders[i];
		if (rule->action != action)
			continue;
		for (size_t j = 0; j < rule->method_count; j++) {
			if (method != NULL && strcmp(rule->methods[j], method) == 0) {
				snprintf(record->method, sizeof record->method, "%s",
					method);
				return PKI_OK;
			}
			PKI_TRY(pki_buf_printf(&known, err, "%s%s",
				known.len != 0 ? ", " : "", rule->methods[j]));
		}
	}
	return pki_refuse(err, PKI_RULE_IDENTITY,
		"give the method of identification: --method, one of %s",
		known.len != 0 ? (const char *)known.data : "(none in rules.yaml)");
}

static enum pki_status
set_findings(const struct ra *ra, const struct ra_application *a,
	const struct pki_args *args, struct ra_record *record, struct pki_err *err)
{
	const char *not_after = pki_arg(args, "not-after");
	PKI_TRY(set_method(ra->policy, a, pki_arg(args, "method"), record, err));
	record->email_verified = pki_arg_flag(args, "email-verified");
	record->phone_verified = pki_arg_flag(args, "phone-verified");
	return not_after != NULL
		       ? ra_check_last_second(not_after, &record->not_after, err)
		       : PKI_OK;
}

static enum pki_status
store(struct ra *ra, struct ra_application *a, const struct ra_record *record,
	const struct pki_buf *cms, struct pki_err *err)
{
	enum ra_state from = a->state;
	char digest[PKI_SHA256_HEX];
	PKI_TRY(pki_sha256_hex(cms->data, cms->len, digest, err));
	PKI_CLEANUP(pki_json_free) struct pki_json detail = pki_json_object();
	pki_json_text(&detail, "application", a->id);
	pki_json_text(&detail, "order", a->order);
	pki_json_text(&detail, "order_digest", digest);
	pki_json_text(&detail, "method", record->method);
	a->state = RA_VERIFIED;
	a->approved_by[0] = '\0';
	PKI_TRY(ra_store_begin(ra->store, err));
	PKI_TRY(ra_application_move(ra->store, a, from, err));
	PKI_TRY(ra_record_save(ra->store, a, record, err));
	PKI_TRY(ra_part_put(ra->store, a, "order", pki_buf_bytes(cms), err));
	PKI_TRY(ra_index_text(ra->store, a->id, a->order, err));
	PKI_TRY(ra_outbox_add(
		ra->store, "application-verified", a->verified_by, &detail, err));
	return ra_store_commit(ra->store, err);
}

static enum pki_status
sign(struct ra *ra, struct ra_application *a, const struct ra_record *record,
	struct ra_officer *officer, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf json = { 0 };
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf cms = { 0 };
	PKI_TRY(pki_id_make('O', a->order, err));
	snprintf(a->verified_by, sizeof a->verified_by, "%s", officer->serial);
	const struct ra_draft draft = { a, record, a->order, pki_msec_now() };
	PKI_TRY(ra_draft_order(ra, &draft, &json, err));
	PKI_TRY(pki_cms_sign(
		pki_buf_bytes(&json), officer->key, officer->cert, &cms, err));
	return store(ra, a, record, &cms, err);
}

static enum pki_status
check(struct ra *ra, const struct ra_application *a, const struct ra_record *record,
	struct pki_err *err)
{
	if (a->state > RA_APPROVED)
		return pki_fail(err, PKI_STATE,
			"the application is %s; an officer verifies open applications only",
			ra_state_name(a->state));
	PKI_TRY(ra_check_not_committed(ra, a, err));
	return ra_check_form(ra->policy, &record->form, pki_msec_now(), err);
}

static enum pki_status
verify(const struct pki_args *args, struct ra *ra, struct ra_application *a,
	struct pki_err *err)
{
	PKI_CLEANUP(ra_record_free) struct ra_record record = { 0 };
	PKI_CLEANUP(ra_officer_free) struct ra_officer officer = { 0 };
	PKI_TRY(ra_record_load(ra->store, a, &record, err));
	PKI_TRY(check(ra, a, &record, err));
	PKI_TRY(set_findings(ra, a, args, &record, err));
	ra_check_notes(&record.form);
	PKI_TRY(ra_need_officer(ra, args, &officer, err));
	PKI_TRY(sign(ra, a, &record, &officer, err));
	struct pki_json json = ra_print_object(a);
	return ra_print_result(ra, &json, err,
		"application  %s\norder        %s\nstate        %s\n\nnext: pki-ra approve %s, by another officer\n",
		a->id, a->order, ra_state_name(a->state), a->id);
}

enum pki_status
ra_cmd_verify(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	return ra_with_application(args, verify, err);
}
