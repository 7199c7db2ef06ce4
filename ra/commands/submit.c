#include <stdio.h>
#include <string.h>

#include "ra/commands/commands.h"
#include "ra/check.h"
#include "ra/code.h"
#include "ra/enter.h"
#include "ra/print.h"
#include "ra/store/holder.h"

const struct pki_option ra_cmd_submit_options[] = {
	{ "invitation", "CODE", "the code from the inviting department", 1 },
	{ "application", "FILE", "the form (YAML)", 1 },
	{ "auth-csr", "FILE", "request for the authentication certificate", 1 },
	{ "sign-csr", "FILE", "request for the signature certificate", 1 },
	{ "evidence", "FILE", "copy of a document, 10 MiB at most; repeatable",
		PKI_VALUES_MAX },
	{ "holder", "H-...", "the person is known: identified afresh", 1 },
	{ 0 },
};

static enum pki_status
find_invitation(
	struct ra *ra, const char *code, struct ra_invitation *out, struct pki_err *err)
{
	uint8_t digest[PKI_SHA256];
	char local[RA_LOCAL];
	bool found;
	if (code == NULL)
		return pki_refuse(err, PKI_RULE_INVITATION,
			"only invited applicants can apply; give --invitation CODE");
	PKI_TRY(ra_code_digest(code, digest, err));
	PKI_TRY(ra_invitation_by_code(ra->store, digest, out, &found, err));
	if (!found)
		return pki_refuse(err, PKI_RULE_INVITATION,
			"no invitation has this code; check the code with the inviting department");
	if (out->application[0] != '\0')
		return pki_refuse(err, PKI_RULE_INVITATION,
			"invitation %s was used for application %s; the department issues a new invitation",
			out->id, out->application);
	if (pki_time_now() > out->expires)
		return pki_refuse(err, PKI_RULE_INVITATION,
			"invitation %s expired on %s; the department issues a new invitation",
			out->id, ra_print_local(out->expires, local));
	return PKI_OK;
}

static enum pki_status
note_last(void *ctx, const struct ra_application *a, struct pki_err *err)
{
	(void)err;
	*(struct ra_application *)ctx = *a;
	return PKI_OK;
}

/* A holder is one person for ever: names and documents change, the day of birth does
 * not. */
static enum pki_status
check_same_person(struct ra *ra, const char *holder, const struct ra_form *form,
	struct pki_err *err)
{
	PKI_CLEANUP(ra_record_free) struct ra_record known = { 0 };
	struct ra_application last = { 0 };
	struct ra_filter filter = { .state = -1, .holder = holder, .limit = 1 };
	PKI_TRY(ra_application_each(ra->store, &filter, note_last, &last, NULL, err));
	if (last.id[0] == '\0')
		return PKI_OK;
	PKI_TRY(ra_record_load(ra->store, &last, &known, err));
	if (strcmp(known.form.birth_date, form->birth_date) == 0)
		return PKI_OK;
	pki_err_object(err, "%s", holder);
	return pki_refuse(err, PKI_RULE_IDENTITY,
		"birth_date is not this holder's; find the person with pki-ra search, or submit without --holder");
}

static enum pki_status
set_holder(struct ra *ra, const char *holder, const struct ra_form *form,
	struct ra_application *a, struct pki_err *err)
{
	if (holder == NULL)
		return PKI_OK;
	if (!pki_id_valid(holder, 'H'))
		return pki_fail(err, PKI_USAGE, "--holder: H-, then 32 hex digits");
	snprintf(a->holder, sizeof a->holder, "%s", holder);
	PKI_TRY(ra_holder_need(ra->store, holder, err));
	return check_same_person(ra, holder, form, err);
}

static enum pki_status
submit(const struct pki_args *args, struct ra *ra, struct ra_record *record,
	struct ra_invitation *invitation, struct pki_err *err)
{
	struct ra_application a = { 0 };
	const char *form = pki_arg(args, "application");
	if (form == NULL)
		return pki_fail(err, PKI_USAGE, "give --application FILE");
	PKI_TRY(ra_form_read(form, &record->form, err));
	PKI_TRY(find_invitation(ra, pki_arg(args, "invitation"), invitation, err));
	PKI_TRY(set_holder(ra, pki_arg(args, "holder"), &record->form, &a, err));
	PKI_TRY(ra_check_form(ra->policy, &record->form, pki_msec_now(), err));
	if (pki_arg_count(args, "evidence") == 0)
		return pki_refuse(err, PKI_RULE_REGISTRATION,
			"the evidence is missing; give a copy of the identity document with --evidence");
	PKI_TRY(ra_check_requests(ra->policy, pki_arg(args, "auth-csr"),
		pki_arg(args, "sign-csr"), record, err));
	PKI_TRY(ra_enter(ra, &a, record, args, invitation, err));
	struct pki_json json = ra_print_object(&a);
	return ra_print_result(ra, &json, err,
		"application  %s\nholder       %s\n\nnext: pki-ra verify %s --method in-person, by a registration officer\n",
		a.id, a.holder, a.id);
}

enum pki_status
ra_cmd_submit(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	PKI_CLEANUP(ra_close) struct ra ra;
	PKI_CLEANUP(ra_record_free) struct ra_record record = { 0 };
	PKI_CLEANUP(ra_invitation_free) struct ra_invitation invitation = { 0 };
	PKI_TRY(ra_open(args, &ra, err));
	return submit(args, &ra, &record, &invitation, err);
}
