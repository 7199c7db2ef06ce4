#include <stdio.h>
#include <string.h>

#include "ra/commands/commands.h"
#include "ra/check.h"
#include "ra/enter.h"
#include "ra/print.h"
#include "ra/store/holder.h"

const struct pki_option ra_cmd_renew_options[] = {
	{ "holder", "H-...", "whose certificates", 1 },
	{ "auth-csr", "FILE", "request with the new authentication key", 1 },
	{ "sign-csr", "FILE", "request with the new signature key", 1 },
	{ "evidence", "FILE", "more evidence, beside what is kept; repeatable",
		PKI_VALUES_MAX },
	{ "terms", "VERSION", "the holder accepted this version of the terms anew", 1 },
	{ "not-after", "DATE", "the certificates end on this day at the latest", 1 },
	{ 0 },
};

/* The holder's youngest certificate of each kind. */
struct predecessors {
	const struct pki_policy *policy;
	struct pki_serial serials[2]; /* authentication, signature */
	bool found[2], revoked[2], expired[2];
};

static enum pki_status
note_cert(void *ctx, const struct pki_cert_row *row, struct pki_err *err)
{
	struct predecessors *p = ctx;
	const struct pki_profile *profile = pki_policy_profile(p->policy, row->profile);
	(void)err;
	if (profile == NULL || (profile->kind != PKI_KIND_HOLDER_AUTH &&
				       profile->kind != PKI_KIND_HOLDER_SIGN))
		return PKI_OK;
	int i = profile->kind == PKI_KIND_HOLDER_AUTH ? 0 : 1;
	p->found[i] = true;
	p->serials[i] = row->serial;
	p->revoked[i] = row->revoked;
	p->expired[i] = pki_time_now() > row->not_after;
	return PKI_OK;
}

/* Rule 46: the certificates that authenticate the request for new keys must be valid. */
static enum pki_status
find_predecessors(
	struct ra *ra, const char *holder, struct ra_record *record, struct pki_err *err)
{
	struct predecessors p = { .policy = ra->policy };
	PKI_TRY(ra_need_ledger(ra, err));
	PKI_TRY(pki_ledger_by_holder(ra->ledger, holder, note_cert, &p, err));
	record->serial_count = 0;
	for (int i = 0; i < 2; i++) {
		if (!p.found[i] || p.revoked[i] || p.expired[i])
			return pki_refuse(err, PKI_RULE_RENEWAL,
				"the holder's certificates are %s; the initial procedure applies: pki-ra submit with --holder",
				!p.found[i]    ? "not there"
				: p.revoked[i] ? "revoked"
					       : "expired");
		record->serials[record->serial_count++] = p.serials[i];
	}
	return PKI_OK;
}

static enum pki_status
note_issued(void *ctx, const struct ra_application *a, struct pki_err *err)
{
	struct ra_application *last = ctx;
	(void)err;
	if (last->id[0] == '\0' && (a->state == RA_ISSUED || a->state == RA_ACCEPTED))
		*last = *a;
	return PKI_OK;
}

/* The registration data of the last application that led to certificates. */
static enum pki_status
copy_registration(
	struct ra *ra, const char *holder, struct ra_record *record, struct pki_err *err)
{
	struct ra_application last = { 0 };
	struct ra_filter filter = { .state = -1, .holder = holder, .limit = -1 };
	PKI_TRY(ra_holder_need(ra->store, holder, err));
	PKI_TRY(ra_application_each(ra->store, &filter, note_issued, &last, NULL, err));
	if (last.id[0] == '\0')
		return pki_refuse(err, PKI_RULE_RENEWAL,
			"the store has no issued certificates of this holder; the initial procedure applies: pki-ra submit with --holder");
	PKI_TRY(ra_record_load(ra->store, &last, record, err));
	pki_buf_free(&record->auth_csr);
	pki_buf_free(&record->sign_csr);
	record->not_after = 0;
	record->method[0] = '\0';
	return PKI_OK;
}

static enum pki_status
update(const struct pki_args *args, struct ra_record *record, struct pki_err *err)
{
	char today[PKI_TIME_TEXT];
	const char *terms = pki_arg(args, "terms"),
		   *not_after = pki_arg(args, "not-after");
	pki_time_format(pki_time_now(), today);
	snprintf(record->form.requested, sizeof record->form.requested, "%.10s", today);
	if (terms != NULL)
		snprintf(record->form.terms_version, sizeof record->form.terms_version,
			"%s", terms);
	return not_after != NULL
		       ? ra_check_last_second(not_after, &record->not_after, err)
		       : PKI_OK;
}

static enum pki_status
renew(const struct pki_args *args, struct ra *ra, const char *holder,
	struct ra_record *record, struct pki_err *err)
{
	struct ra_application a = { 0 };
	snprintf(a.holder, sizeof a.holder, "%s", holder);
	PKI_TRY(copy_registration(ra, holder, record, err));
	PKI_TRY(find_predecessors(ra, holder, record, err));
	PKI_TRY(update(args, record, err));
	PKI_TRY(ra_check_form(ra->policy, &record->form, pki_msec_now(), err));
	PKI_TRY(ra_check_requests(ra->policy, pki_arg(args, "auth-csr"),
		pki_arg(args, "sign-csr"), record, err));
	PKI_TRY(ra_enter(ra, &a, record, args, NULL, err));
	struct pki_json json = ra_print_object(&a);
	return ra_print_result(ra, &json, err,
		"application  %s (renewal)\nholder       %s\n\nnext: pki-ra verify %s --method file-review, by a registration officer\n",
		a.id, a.holder, a.id);
}

enum pki_status
ra_cmd_renew(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	PKI_CLEANUP(ra_close) struct ra ra;
	PKI_CLEANUP(ra_record_free) struct ra_record record = { 0 };
	const char *holder = pki_arg(args, "holder");
	PKI_TRY(ra_open(args, &ra, err));
	if (holder == NULL || !pki_id_valid(holder, 'H'))
		return pki_fail(err, PKI_USAGE,
			"give --holder H-...; pki-ra search finds the holder");
	enum pki_status status = renew(args, &ra, holder, &record, err);
	if (status != PKI_OK)
		pki_err_object(err, "%s", holder);
	return status;
}
