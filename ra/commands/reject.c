#include <stdio.h>
#include <string.h>

#include "ra/commands/commands.h"
#include "ra/print.h"
#include "ra/store/outbox.h"
#include "ra/store/part.h"

const struct pki_option ra_cmd_reject_options[] = {
	{ "reason", "TEXT", "why; kept sealed with the application", 1 },
	RA_OFFICER_OPTIONS,
	{ 0 },
};

/* The officer's signed decision. Its text may name the person, so the log has the
 * digest only. */
static enum pki_status
sign(const struct ra_application *a, const char *reason, struct ra_officer *officer,
	struct pki_buf *json, struct pki_buf *cms, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_free) struct pki_json decision = pki_json_object();
	pki_json_text(&decision, "type", "rejection");
	pki_json_text(&decision, "application", a->id);
	pki_json_text(&decision, "reason", reason);
	pki_json_msec(&decision, "decided", pki_msec_now());
	PKI_TRY(pki_json_write(&decision, json, err));
	return pki_cms_sign(pki_buf_bytes(json), officer->key, officer->cert, cms, err);
}

static enum pki_status
store(struct ra *ra, struct ra_application *a, const struct ra_officer *officer,
	const struct pki_buf *json, const struct pki_buf *cms, struct pki_err *err)
{
	enum ra_state from = a->state;
	char digest[PKI_SHA256_HEX];
	PKI_TRY(pki_sha256_hex(cms->data, cms->len, digest, err));
	PKI_CLEANUP(pki_json_free) struct pki_json detail = pki_json_object();
	pki_json_text(&detail, "application", a->id);
	pki_json_text(&detail, "decision_digest", digest);
	a->state = RA_REJECTED;
	PKI_TRY(ra_store_begin(ra->store, err));
	PKI_TRY(ra_application_move(ra->store, a, from, err));
	PKI_TRY(ra_part_put(ra->store, a, "rejection", pki_buf_bytes(json), err));
	PKI_TRY(ra_part_put(ra->store, a, "rejection-signed", pki_buf_bytes(cms), err));
	PKI_TRY(ra_outbox_add(
		ra->store, "application-rejected", officer->serial, &detail, err));
	return ra_store_commit(ra->store, err);
}

static enum pki_status
reject(const struct pki_args *args, struct ra *ra, struct ra_application *a,
	struct pki_err *err)
{
	PKI_CLEANUP(ra_officer_free) struct ra_officer officer = { 0 };
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf json = { 0 };
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf cms = { 0 };
	const char *reason = pki_arg(args, "reason");
	if (reason == NULL || reason[0] == '\0')
		return pki_fail(err, PKI_USAGE, "give --reason TEXT");
	if (a->state > RA_APPROVED)
		return pki_fail(err, PKI_STATE,
			"the application is %s; an officer rejects open applications only",
			ra_state_name(a->state));
	PKI_TRY(ra_check_not_committed(ra, a, err));
	PKI_TRY(ra_need_officer(ra, args, &officer, err));
	PKI_TRY(sign(a, reason, &officer, &json, &cms, err));
	PKI_TRY(store(ra, a, &officer, &json, &cms, err));
	struct pki_json out = ra_print_object(a);
	return ra_print_result(ra, &out, err, "application  %s\nstate        %s\n", a->id,
		ra_state_name(a->state));
}

enum pki_status
ra_cmd_reject(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	return ra_with_application(args, reject, err);
}
