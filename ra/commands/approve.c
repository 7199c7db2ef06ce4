#include <stdio.h>
#include <string.h>

#include "ra/ra.h"

const struct pki_option ra_approve_options[] = {
	RA_OFFICER_OPTIONS,
	{ 0 },
};

/* The second officer signs what the first one signed: it must be this application. */
static enum pki_status
check_order(struct ra *ra, const struct ra_application *a, const struct ra_record *record,
	const struct pki_buf *cms, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf want = { 0 };
	struct pki_signed_order order = { 0 };
	enum pki_status st = pki_order_open(
		pki_buf_bytes(cms), ra->ca, pki_time_now(), NULL, &order, err);
	if (st == PKI_OK)
		st = ra_draft(
			ra, a, record, order.order.id, order.order.created, &want, err);
	if (st == PKI_OK && !pki_bytes_equal(want.data, want.len, order.cms.content.data,
				    order.cms.content.len))
		st = pki_fail(err, PKI_STATE,
			"the signed order is not what the application and the policy say now; have it verified again: pki-ra verify %s",
			a->id);
	pki_order_close(&order);
	return st;
}

static enum pki_status
check(struct ra *ra, const struct ra_application *a, const struct ra_record *record,
	const struct ra_officer *officer, const struct pki_buf *cms, struct pki_err *err)
{
	if (strcmp(officer->serial, a->verified_by) == 0)
		return pki_refuse(err, PKI_RULE_SIGNATURES,
			"this officer verified the application; another one must approve it");
	PKI_TRY(ra_check_form(ra->policy, &record->form, pki_msec_now(), err));
	return check_order(ra, a, record, cms, err);
}

static enum pki_status
store(struct ra *ra, struct ra_application *a, const struct pki_buf *cms,
	struct pki_err *err)
{
	char digest[PKI_SHA256_HEX];
	PKI_TRY(pki_sha256_hex(cms->data, cms->len, digest, err));
	PKI_CLEANUP(pki_json_cleanup)
	json_t *detail = json_pack("{s:s, s:s, s:s}", "application", a->id, "order",
		a->order, "order_digest", digest);
	a->state = RA_APPROVED;
	PKI_TRY(ra_store_begin(ra->store, err));
	PKI_TRY(ra_store_move(ra->store, a, RA_VERIFIED, err));
	PKI_TRY(ra_store_put(ra->store, a, "order", pki_buf_bytes(cms), err));
	PKI_TRY(ra_store_event(
		ra->store, "application-approved", a->approved_by, detail, err));
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
			"the application is %s; only a verified one is approved",
			ra_state_name(a->state));
	PKI_TRY(ra_need_ca(ra, err));
	PKI_TRY(ra_record_load(ra->store, a, &record, err));
	PKI_TRY(ra_store_part(ra->store, a, "order", &cms, err));
	PKI_TRY(ra_need_officer(ra, args, &officer, err));
	PKI_TRY(check(ra, a, &record, &officer, &cms, err));
	PKI_TRY(pki_cms_cosign(
		pki_buf_bytes(&cms), officer.key, officer.cert, &both, err));
	snprintf(a->approved_by, sizeof a->approved_by, "%s", officer.serial);
	PKI_TRY(store(ra, a, &both, err));
	ra_print(ra, ra_application_json(a),
		"application  %s\norder        %s\nstate        %s\n\n"
		"next: pki-ra issue %s --out DIR\n",
		a->id, a->order, ra_state_name(a->state), a->id);
	return PKI_OK;
}

enum pki_status
ra_approve(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	return ra_with_application(args, cosign, err);
}
