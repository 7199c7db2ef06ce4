#include <stdio.h>
#include <string.h>

#include "ra/commands/commands.h"
#include "ra/code.h"
#include "ra/print.h"
#include "ra/store/invitation.h"
#include "ra/store/outbox.h"

#define EXPIRES "30d"
#define EXPIRES_MAX (90 * PKI_DAY) /* an applicant should come soon */

const struct pki_option ra_cmd_invite_options[] = {
	{ "department", "TEXT", "the department that invites", 1 },
	{ "expires", "TIME", "how long the code can be used (" EXPIRES ")", 1 },
	RA_OFFICER_OPTIONS,
	{ 0 },
};

static enum pki_status
fill(const struct pki_args *args, struct ra *ra, struct pki_order *order,
	struct ra_invitation *invitation, struct pki_err *err)
{
	const char *department = pki_arg(args, "department");
	const char *expires = pki_arg(args, "expires");
	int64_t seconds;
	if (department == NULL || department[0] == '\0' ||
		strlen(department) >= sizeof order->department)
		return pki_fail(
			err, PKI_USAGE, "give --department TEXT, 127 octets at most");
	PKI_TRY(pki_duration_parse(expires != NULL ? expires : EXPIRES, &seconds, err));
	if (seconds > EXPIRES_MAX)
		return pki_fail(err, PKI_USAGE, "--expires: 90d at most");
	PKI_TRY(pki_id_make('I', order->id, err));
	order->created = pki_msec_now();
	order->expires = order->created / 1000 + seconds;
	snprintf(order->authority, sizeof order->authority, "%s", ra->conf->authority);
	snprintf(order->department, sizeof order->department, "%s", department);
	pki_hex_encode(invitation->code, PKI_SHA256, order->applicant_digest);
	memcpy(invitation->id, order->id, sizeof invitation->id);
	memcpy(invitation->department, order->department, sizeof invitation->department);
	invitation->created = order->created;
	invitation->expires = order->expires;
	return PKI_OK;
}

static enum pki_status
record(struct ra *ra, const struct ra_invitation *invitation, const char *officer,
	struct pki_err *err)
{
	char digest[PKI_SHA256_HEX];
	PKI_TRY(pki_sha256_hex(invitation->cms.data, invitation->cms.len, digest, err));
	PKI_CLEANUP(pki_json_free) struct pki_json detail = pki_json_object();
	pki_json_text(&detail, "invitation", invitation->id);
	pki_json_text(&detail, "order_digest", digest);
	pki_json_time(&detail, "expires", invitation->expires);
	PKI_TRY(ra_store_begin(ra->store, err));
	PKI_TRY(ra_invitation_add(ra->store, invitation, err));
	PKI_TRY(ra_outbox_add(ra->store, "invitation-made", officer, &detail, err));
	return ra_store_commit(ra->store, err);
}

static enum pki_status
invite(const struct pki_args *args, struct ra *ra, struct ra_officer *officer,
	struct ra_invitation *invitation, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf json = { 0 };
	struct pki_order order = { .action = PKI_ACTION_INVITE };
	char code[RA_CODE_TEXT], local[RA_LOCAL];
	PKI_TRY(ra_code_make(code, err));
	PKI_TRY(ra_code_digest(code, invitation->code, err));
	PKI_TRY(fill(args, ra, &order, invitation, err));
	PKI_TRY(ra_need_officer(ra, args, officer, err));
	PKI_TRY(pki_order_encode(&order, &json, err));
	PKI_TRY(pki_cms_sign(pki_buf_bytes(&json), officer->key, officer->cert,
		&invitation->cms, err));
	PKI_TRY(record(ra, invitation, officer->serial, err));
	PKI_CLEANUP(pki_json_free) struct pki_json out = pki_json_object();
	pki_json_text(&out, "invitation", invitation->id);
	pki_json_text(&out, "code", code);
	pki_json_text(&out, "department", invitation->department);
	pki_json_time(&out, "expires", invitation->expires);
	return ra_print_result(ra, &out, err,
		"invitation  %s\ncode        %s\nexpires     %s\n\nHand the code to the applicant: the code is shown only now, and counts once.\nnext: pki-ra submit --invitation %s --application FILE.yaml ...\n",
		invitation->id, code, ra_print_local(invitation->expires, local), code);
}

enum pki_status
ra_cmd_invite(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	PKI_CLEANUP(ra_close) struct ra ra;
	PKI_CLEANUP(ra_officer_free) struct ra_officer officer = { 0 };
	PKI_CLEANUP(ra_invitation_free) struct ra_invitation invitation = { 0 };
	PKI_TRY(ra_open(args, &ra, err));
	return invite(args, &ra, &officer, &invitation, err);
}
