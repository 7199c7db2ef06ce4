#include <stdio.h>
#include <string.h>

#include "libpki/base/file.h"
#include "libpki/state/decide.h"
#include "ra/commands/commands.h"
#include "ra/print.h"
#include "ra/retention.h"
#include "ra/store/erasure.h"
#include "ra/store/outbox.h"

const struct pki_option ra_cmd_erase_options[] = {
	{ "due", NULL, "list the holders whose retention time is over", 1 },
	{ "order", "FILE", "write the signed order there (CMS, DER)", 1 },
	RA_OFFICER_OPTIONS,
	{ 0 },
};

static enum pki_status
check_due(struct ra *ra, const char *holder, struct pki_err *err)
{
	struct ra_holder found;
	struct ra_retention kept;
	char due[RA_LOCAL], end[RA_LOCAL];
	PKI_TRY(ra_holder_get(ra->store, holder, &found, err));
	PKI_TRY(ra_retention_get(ra, &found, &kept, err));
	if (pki_time_now() >= kept.due)
		return PKI_OK;
	ra_print_local(kept.due, due);
	if (kept.end == 0)
		return pki_refuse(err, PKI_RULE_RETENTION,
			"an application without certificates is kept for %d days after its last step, until %s; erase the holder then (rules.yaml: retention)",
			ra->policy->retention_days, due);
	return pki_refuse(err, PKI_RULE_RETENTION,
		"the last certificate ends %s; the data is kept for %d years after this end, until %s; erase the holder then (rules.yaml: retention)",
		ra_print_local(kept.end, end), ra->policy->retention_years, due);
}

/* Rule 205: the signers' certificates are in the ledger and not revoked. */
static enum pki_status
check_signers(struct ra *ra, const struct pki_cms *cms, struct pki_err *err)
{
	for (size_t i = 0; i < cms->signer_count; i++) {
		struct pki_cert_status status = { 0 };
		char serial[PKI_SERIAL_TEXT];
		const struct pki_serial *number =
			pki_cert_get0_serial(cms->signers[i].cert);
		pki_serial_text(number, serial);
		PKI_TRY(pki_ledger_status(
			ra->ledger, PKI_ISSUER_CA, number, &status, err));
		if (!status.issued || status.revoked)
			return pki_refuse(err, PKI_RULE_OFFICER_STATUS,
				"the certificate %s of a signer is %s; another officer must sign",
				serial, status.revoked ? "revoked" : "not in the ledger");
	}
	return PKI_OK;
}

/* The order must order the erasure of this holder. *lacks: only a second officer's
 * signature is missing. */
static enum pki_status
check_order(
	struct ra *ra, const struct ra_erasure *erasure, bool *lacks, struct pki_err *err)
{
	struct pki_signed_order order = { 0 };
	struct pki_decision decision = { 0 };
	struct pki_err own = { 0 };
	PKI_TRY(pki_order_open(
		pki_buf_bytes(&erasure->cms), ra->ca, pki_time_now(), NULL, &order, err));
	enum pki_status status = PKI_OK;
	if (order.order.action != PKI_ACTION_ERASE ||
		strcmp(order.order.holder, erasure->holder) != 0 ||
		strcmp(order.order.id, erasure->order) != 0)
		status = pki_fail(err, PKI_TAMPERED,
			"the stored order is not an order to erase this holder; restore the store from its backup");
	if (status == PKI_OK)
		status = check_signers(ra, &order.cms, err);
	*lacks = false;
	const struct pki_case c = { .policy = ra->policy,
		.order = &order,
		.issuer = ra->ca,
		.now = pki_msec_now() };
	if (status == PKI_OK && pki_decide(&c, &decision, &own) != PKI_OK) {
		*lacks = own.rule == PKI_RULE_SIGNATURES && order.cms.signer_count == 1;
		if (!*lacks)
			status = pki_err_move(err, &own);
	}
	pki_decision_free(&decision);
	pki_order_close(&order);
	return status;
}

static enum pki_status
sign_first(struct ra *ra, const char *holder, struct ra_officer *officer,
	struct ra_erasure *out, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf json = { 0 };
	struct pki_order order = { .action = PKI_ACTION_ERASE,
		.created = pki_msec_now() };
	PKI_TRY(pki_id_make('O', order.id, err));
	snprintf(order.authority, sizeof order.authority, "%s", ra->conf->authority);
	snprintf(order.holder, sizeof order.holder, "%s", holder);
	PKI_TRY(pki_order_encode(&order, &json, err));
	snprintf(out->holder, sizeof out->holder, "%s", holder);
	memcpy(out->order, order.id, sizeof out->order);
	pki_buf_reset(&out->cms);
	return pki_cms_sign(
		pki_buf_bytes(&json), officer->key, officer->cert, &out->cms, err);
}

/* Does the order wait for a second officer? Not if the order is too old, or the first
 * officer is no longer entitled. */
static bool
waits(struct ra *ra, const struct ra_erasure *erasure)
{
	bool lacks = false;
	return erasure->erased == 0 && check_order(ra, erasure, &lacks, NULL) == PKI_OK &&
	       lacks;
}

static bool
signed_by(const struct ra *ra, const struct ra_erasure *erasure,
	const struct ra_officer *officer)
{
	struct pki_cms cms = { 0 };
	bool by = false;
	if (pki_cms_open(pki_buf_bytes(&erasure->cms), ra->ca, pki_time_now(), NULL, &cms,
		    NULL) == PKI_OK)
		by = pki_serial_compare(pki_cert_get0_serial(cms.signers[0].cert),
			     pki_cert_get0_serial(officer->cert)) == 0;
	pki_cms_close(&cms);
	return by;
}

static enum pki_status
sign_second(const struct ra *ra, struct ra_officer *officer, struct ra_erasure *erasure,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf both = { 0 };
	if (signed_by(ra, erasure, officer))
		return pki_refuse(err, PKI_RULE_SIGNATURES,
			"this officer ordered the erasure; another officer must sign, too");
	PKI_TRY(pki_cms_cosign(
		pki_buf_bytes(&erasure->cms), officer->key, officer->cert, &both, err));
	pki_buf_reset(&erasure->cms);
	return pki_buf_append(&erasure->cms, both.data, both.len, err);
}

static enum pki_status
record(struct ra *ra, const struct ra_erasure *erasure, const char *officer,
	struct pki_err *err)
{
	struct ra_holder holder;
	char digest[PKI_SHA256_HEX];
	bool done = erasure->erased != 0;
	PKI_TRY(ra_holder_need(ra->store, erasure->holder, err));
	/* another process may have added an application since */
	PKI_TRY(check_due(ra, erasure->holder, err));
	PKI_TRY(ra_holder_get(ra->store, erasure->holder, &holder, err));
	PKI_TRY(pki_sha256_hex(erasure->cms.data, erasure->cms.len, digest, err));
	PKI_CLEANUP(pki_json_free) struct pki_json detail = pki_json_object();
	pki_json_text(&detail, "holder", erasure->holder);
	pki_json_text(&detail, "order", erasure->order);
	pki_json_text(&detail, "order_digest", digest);
	pki_json_number(&detail, "applications", (int64_t)holder.applications);
	if (done)
		PKI_TRY(ra_erasure_execute(ra->store, erasure, officer, err));
	else
		PKI_TRY(ra_erasure_order(ra->store, erasure, err));
	return ra_outbox_add(ra->store, done ? "holder-erased" : "erasure-ordered",
		officer, &detail, err);
}

static enum pki_status
commit(struct ra *ra, const struct ra_erasure *erasure, const char *officer,
	struct pki_err *err)
{
	PKI_TRY(ra_store_begin(ra->store, err));
	enum pki_status status = record(ra, erasure, officer, err);
	if (status == PKI_OK)
		status = ra_store_commit(ra->store, err);
	ra_store_rollback(ra->store);
	return status;
}

static enum pki_status
report(struct ra *ra, const struct ra_erasure *e, const char *path, struct pki_err *err)
{
	char local[RA_LOCAL];
	PKI_CLEANUP(pki_json_free) struct pki_json json = pki_json_object();
	pki_json_text(&json, "holder", e->holder);
	pki_json_text(&json, "order", e->order);
	pki_json_text(&json, "state", e->erased != 0 ? "erased" : "ordered");
	if (e->erased != 0) {
		pki_json_msec(&json, "erased", e->erased);
		PKI_TRY(ra_print_result(ra, &json, err,
			"holder       %s\norder        %s\nerased       %s\n", e->holder,
			e->order, ra_print_local(e->erased / 1000, local)));
	} else {
		PKI_TRY(ra_print_result(ra, &json, err,
			"holder       %s\norder        %s\n\nnext: pki-ra erase %s, by another officer, who destroys the data for ever\n",
			e->holder, e->order, e->holder));
	}
	return path != NULL ? pki_file_publish(path, e->cms.data, e->cms.len, 0644, err)
			    : PKI_OK;
}

static enum pki_status
erase(struct ra *ra, const struct pki_args *args, struct ra_erasure *erasure,
	const char *holder, struct pki_err *err)
{
	PKI_CLEANUP(ra_officer_free) struct ra_officer officer = { 0 };
	bool lacks;
	PKI_TRY(ra_holder_need(ra->store, holder, err));
	PKI_TRY(check_due(ra, holder, err));
	PKI_TRY(ra_need_ca(ra, err));
	PKI_TRY(ra_need_officer(ra, args, &officer, err));
	if (waits(ra, erasure))
		PKI_TRY(sign_second(ra, &officer, erasure, err));
	else
		PKI_TRY(sign_first(ra, holder, &officer, erasure, err));
	PKI_TRY(check_order(ra, erasure, &lacks, err));
	if (!lacks)
		erasure->erased = pki_msec_now();
	return commit(ra, erasure, officer.serial, err);
}

static enum pki_status
erase_or_report(const struct pki_args *args, struct ra *ra, const char *holder,
	struct pki_err *err)
{
	PKI_CLEANUP(ra_erasure_free) struct ra_erasure erasure = { 0 };
	const char *path = pki_arg(args, "order");
	bool ordered;
	if (!pki_id_valid(holder, 'H'))
		return pki_fail(err, PKI_USAGE,
			"the operand is not a holder: H-, then 32 hex digits; pki-ra erase --due lists the holders");
	PKI_TRY(ra_erasure_get(ra->store, holder, &erasure, &ordered, err));
	if (erasure.erased == 0 || path == NULL)
		PKI_TRY(erase(ra, args, &erasure, holder, err));
	return report(ra, &erasure, path, err);
}

enum pki_status
ra_cmd_erase(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	PKI_CLEANUP(ra_close) struct ra ra;
	PKI_TRY(ra_open(args, &ra, err));
	if (pki_arg_flag(args, "due") == (args->operand_count == 1))
		return pki_fail(err, PKI_USAGE, "give either a holder or --due");
	if (args->operand_count == 0)
		return ra_retention_print(&ra, err);
	enum pki_status status = erase_or_report(args, &ra, args->operands[0], err);
	if (status != PKI_OK)
		pki_err_object(err, "%.60s", args->operands[0]);
	return status;
}
