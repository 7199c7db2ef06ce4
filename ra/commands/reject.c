#include <stdio.h>
#include <string.h>

#include "ra/ra.h"

const struct pki_option ra_reject_options[] = {
	{ "reason", "TEXT", "why; kept sealed with the application", 1 },
	RA_OFFICER_OPTIONS,
	{ 0 },
};

/* The officer's signed decision; its text may name the person, so the log has its digest.
 */
static enum pki_status
sign(const struct ra_application *a, const char *reason, struct ra_officer *officer,
	struct pki_buf *json, struct pki_buf *cms, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup)
	json_t *decision = json_pack("{s:s, s:s, s:s}", "type", "rejection",
		"application", a->id, "reason", reason);
	if (decision == NULL)
		return pki_fail(err, PKI_INPUT, "--reason: not UTF-8");
	ra_msec_json(decision, "decided", pki_msec_now());
	PKI_TRY(pki_json_dump(decision, json, err));
	return pki_cms_sign(pki_buf_bytes(json), officer->key, officer->cert, cms, err);
}

static enum pki_status
store(struct ra *ra, struct ra_application *a, const struct ra_officer *officer,
	const struct pki_buf *json, const struct pki_buf *cms, struct pki_err *err)
{
	enum ra_state from = a->state;
	char digest[PKI_SHA256_HEX];
	PKI_TRY(pki_sha256_hex(cms->data, cms->len, digest, err));
	PKI_CLEANUP(pki_json_cleanup)
	json_t *detail =
		json_pack("{s:s, s:s}", "application", a->id, "decision_digest", digest);
	a->state = RA_REJECTED;
	PKI_TRY(ra_store_begin(ra->store, err));
	PKI_TRY(ra_store_move(ra->store, a, from, err));
	PKI_TRY(ra_store_put(ra->store, a, "rejection", pki_buf_bytes(json), err));
	PKI_TRY(ra_store_put(ra->store, a, "rejection-signed", pki_buf_bytes(cms), err));
	PKI_TRY(ra_store_event(
		ra->store, "application-rejected", officer->serial, detail, err));
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
			"the application is %s; it cannot be rejected any more",
			ra_state_name(a->state));
	PKI_TRY(ra_check_not_committed(ra, a, err));
	PKI_TRY(ra_need_officer(ra, args, &officer, err));
	PKI_TRY(sign(a, reason, &officer, &json, &cms, err));
	PKI_TRY(store(ra, a, &officer, &json, &cms, err));
	ra_print(ra, ra_application_json(a), "application  %s\nstate        %s\n", a->id,
		ra_state_name(a->state));
	return PKI_OK;
}

enum pki_status
ra_reject(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	return ra_with_application(args, reject, err);
}
