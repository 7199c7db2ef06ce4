#include <stdio.h>
#include <string.h>

#include "ra/commands/commands.h"
#include "ra/check.h"
#include "ra/draft.h"
#include "ra/print.h"
#include "ra/store/outbox.h"

const struct pki_option ra_cmd_approve_options[] = {
	RA_OFFICER_OPTIONS,
	{ 0 },
};

/* The order signed by the first officer must still be the order of this application. */
static enum pki_status
check_order(struct ra *ra, const struct ra_application *a, const struct ra_record *record,
	const struct pki_buf *cms, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf want = { 0 };
	struct pki_signed_order order = { 0 };
	enum pki_status status = pki_order_open(
		pki_buf_bytes(cms), ra->ca, pki_time_now(), NULL, &order, err);
	const struct ra_draft draft = { a, record, order.order.id, order.order.created };
	if (status == PKI_OK)
		status = ra_draft_order(ra, &draft, &want, err);
	if (status == PKI_OK && !pki_bytes_equal(want.data, want.len,
					order.cms.content.data, order.cms.content.len))
		status = pki_fail(err, PKI_STATE,
			"the signed order differs from the application and the policy of today; have the application verified again: pki-ra verify %s",
			a->id);
	pki_order_close(&order);
	return status;
}

static enum pki_status
check(struct ra *ra, const struct ra_application *a, const struct ra_record *record,
	const struct ra_officer *officer, const struct pki_buf *cms, struct pki_err *err)
{
	if (strcmp(officer->serial, a->verified_by) == 0)
		return pki_refuse(err, PKI_RULE_SIGNATURES,
			"this officer verified the application; another officer must approve it");
	PKI_TRY(ra_check_form(ra->policy, &record->form, pki_msec_now(), err));
	return check_order(ra, a, record, cms, err);
}

static enum pki_status
store(struct ra *ra, struct ra_application *a, const struct pki_buf *cms,
	struct pki_err *err)
{
	char digest[PKI_SHA256_HEX];
	PKI_TRY(pki_sha256_hex(cms->data, cms->len, digest, err));
	PKI_CLEANUP(pki_json_free) struct pki_json detail = pki_json_object();
	pki_json_text(&detail, "application", a->id);
	pki_json_text(&detail, "order", a->order);
	pki_json_text(&detail, "order_digest", digest);
	a->state = RA_APPROVED;
	PKI_TRY(ra_store_begin(ra->store, err));
	PKI_TRY(ra_application_move(ra->store, a, RA_VERIFIED, err));
	PKI_TRY(ra_part_put(ra->store, a, "order", pki_buf_bytes(cms), err));
	PKI_TRY(ra_outbox_add(
		ra->store, "application-approved", a->approved_by, &detail, err));
	return ra_store_commit(ra->store, err);
}

static enum pki_status
cosign(const struct pki_args *args, struct ra *ra, struct ra_application *a,
	struct pki_err *err)
{
	PKI_CLEANUP(ra_officer_free) struct ra_officer officer = { 0 };
	PKI_CLEANUP(ra_record_free) struct ra_record record = { 0 };
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf cms = { 0 };
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf both = { 0 };
	if (a->state != RA_VERIFIED)
		return pki_fail(err, PKI_STATE,
			"the application is %s; an officer approves verified applications only",
			ra_state_name(a->state));
	PKI_TRY(ra_need_ca(ra, err));
	PKI_TRY(ra_record_load(ra->store, a, &record, err));
	PKI_TRY(ra_part_get(ra->store, a, "order", &cms, err));
	PKI_TRY(ra_need_officer(ra, args, &officer, err));
	PKI_TRY(check(ra, a, &record, &officer, &cms, err));
	PKI_TRY(pki_cms_cosign(
		pki_buf_bytes(&cms), officer.key, officer.cert, &both, err));
	snprintf(a->approved_by, sizeof a->approved_by, "%s", officer.serial);
	PKI_TRY(store(ra, a, &both, err));
	struct pki_json json = ra_print_object(a);
	return ra_print_result(ra, &json, err,
		"application  %s\norder        %s\nstate        %s\n\nnext: pki-ra issue %s --out DIR\n",
		a->id, a->order, ra_state_name(a->state), a->id);
}

enum pki_status
ra_cmd_approve(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	return ra_with_application(args, cosign, err);
}
