/* Orders: opened and decided again, as of the moment of their commit. */
#include <stdio.h>
#include <string.h>

#include "tools/audit/audit.h"

/* The signer decides shortly before the ledger commits; a queue lies between. */
#define DECIDED_WITHIN ((pki_time)300)

/* Officers must have been in good standing: known, theirs, not revoked by then. */
static void
check_signers(struct audit *a, const struct pki_order_row *row, const struct pki_cms *cms)
{
	for (size_t i = 0; i < cms->signer_count; i++) {
		PKI_CLEANUP(pki_cert_row_free) struct pki_cert_row cert = { 0 };
		struct pki_err err = { 0 };
		char serial[PKI_SERIAL_TEXT];
		const struct pki_cert *signer = cms->signers[i].cert;
		const struct pki_serial *number = pki_cert_get0_serial(signer);
		struct pki_bytes der = pki_cert_get0_der(signer);
		pki_serial_text(number, serial);
		if (pki_ledger_certificate(a->ledger, PKI_ISSUER_CA, number, &cert, &err) !=
			PKI_OK)
			finding_rule(a, row->id, PKI_RULE_OFFICER_STATUS,
				"the signer %s is not in the ledger", serial);
		else if (!pki_bytes_equal(der.data, der.len, cert.der.data, cert.der.len))
			finding_rule(a, row->id, PKI_RULE_OFFICER_STATUS,
				"the signer's certificate is not the ledger's %s", serial);
		else if (cert.revoked && cert.revoked_at < row->committed)
			finding_rule(a, row->id, PKI_RULE_OFFICER_STATUS,
				"the signer %s was revoked before the order", serial);
	}
}

struct issued {
	struct audit *a;
	const struct pki_order *order;
	const struct pki_decision *decision;
	size_t count;
};

static bool
same_key(const struct pki_cert *cert, const struct pki_csr *csr)
{
	return pki_key_matches(pki_cert_get0_key(cert), pki_csr_get0_key(csr));
}

/* One certificate of the order against what was decided. */
static enum pki_status
on_issued(void *ctx, const struct pki_cert_row *row, struct pki_err *err)
{
	struct issued *w = ctx;
	char serial[PKI_SERIAL_TEXT], object[64];
	struct pki_name name;
	struct pki_err own = { 0 };
	uint8_t ordered[PKI_SHA256];
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *cert = NULL;
	(void)err;
	pki_serial_text(&row->serial, serial);
	snprintf(object, sizeof object, "serial %s", serial);
	size_t i = w->count++;
	if (i >= w->decision->cert_count) {
		finding_rule(w->a, object, PKI_RULE_RECORD,
			"the order %s did not ask for this certificate", w->order->id);
		return PKI_OK;
	}
	if (pki_cert_parse(pki_buf_bytes(&row->der), &cert, &own) != PKI_OK ||
		pki_cert_subject(cert, &name, &own) != PKI_OK ||
		pki_name_hash(&w->order->subject, ordered, &own) != PKI_OK) {
		finding_add(w->a, object, &own);
		return PKI_OK;
	}
	if (strcmp(row->profile, w->decision->certs[i].profile->name) != 0 ||
		!same_key(cert, w->decision->certs[i].csr) ||
		memcmp(ordered, row->name_hash, sizeof ordered) != 0 ||
		strcmp(name.common_name, w->order->subject.common_name) != 0)
		finding_rule(w->a, object, PKI_RULE_RECORD,
			"profile, key or name are not those of the order %s", w->order->id);
	pki_time late = pki_cert_not_before(cert) - w->decision->certs[i].not_before;
	if (late > 0 || -late > DECIDED_WITHIN ||
		pki_cert_not_after(cert) > w->decision->certs[i].not_after ||
		row->document_end != w->order->document_end)
		finding_rule(w->a, object, PKI_RULE_VALIDITY,
			"the dates are not those that the order %s allowed", w->order->id);
	return PKI_OK;
}

static void
check_entry(struct audit *a, const struct pki_order_row *row)
{
	char digest[PKI_SHA256_HEX], committed[PKI_MSEC_TEXT];
	PKI_CLEANUP(pki_json_cleanup) json_t *entry = entry_read(a, row->log_index);
	const json_t *detail = json_object_get(entry, "detail");
	pki_hex_encode(row->digest, sizeof row->digest, digest);
	pki_msec_format(row->committed, committed);
	if (strcmp(entry_text(entry, "at"), committed) != 0 ||
		strcmp(entry_text(detail, "order"), row->id) != 0 ||
		strcmp(entry_text(detail, "order_digest"), digest) != 0 ||
		strcmp(entry_text(detail, "holder"), row->holder) != 0)
		finding_rule(a, row->id, PKI_RULE_RECORD,
			"log entry %ju does not record this order",
			(uintmax_t)row->log_index);
}

/* The invitation's own row says that it was used. */
static void
check_used(struct audit *a, const struct pki_order_row *row,
	const struct pki_signed_order *invitation)
{
	PKI_CLEANUP(pki_order_row_free) struct pki_order_row used = { 0 };
	struct pki_err err = { 0 };
	const char *id = invitation->order.id;
	if (pki_ledger_order(a->ledger, id, &used, &err) != PKI_OK ||
		used.action != PKI_ACTION_INVITE || used.log_index != row->log_index)
		finding_rule(a, row->id, PKI_RULE_INVITATION,
			"the ledger no longer says that it used the invitation %s", id);
}

static enum pki_status
check_decided(struct audit *a, const struct pki_order_row *row,
	const struct pki_signed_order *order, struct pki_err *err)
{
	struct pki_decision decision = { 0 };
	const struct pki_policy *policy = policy_at(a, row->log_index);
	if (policy == NULL)
		return PKI_OK;
	enum pki_status status = pki_decide(policy, order, a->issuers[PKI_ISSUER_CA],
		row->committed, a->cache, &decision, err);
	if (status == PKI_OK && decision.invitation != NULL)
		check_used(a, row, decision.invitation);
	if (status == PKI_OK && row->action != PKI_ACTION_REVOKE) {
		struct issued w = { a, &order->order, &decision, 0 };
		status = pki_ledger_by_order(a->ledger, row->id, on_issued, &w, err);
		if (status == PKI_OK && w.count < decision.cert_count)
			finding_rule(a, row->id, PKI_RULE_RECORD,
				"%zu certificates were ordered, the ledger has %zu",
				decision.cert_count, w.count);
	}
	pki_decision_free(&decision);
	return status;
}

/* An invitation rode inside the order that its entry records. */
static enum pki_status
check_invitation(struct audit *a, const struct pki_order_row *row, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *entry = entry_read(a, row->log_index);
	PKI_CLEANUP(pki_order_row_free) struct pki_order_row outer = { 0 };
	PKI_CLEANUP(pki_order_close) struct pki_signed_order order = { 0 };
	const char *id = entry_text(json_object_get(entry, "detail"), "order");
	PKI_TRY(pki_ledger_order(a->ledger, id, &outer, err));
	PKI_TRY(pki_order_open(pki_buf_bytes(&outer.cms), a->issuers[PKI_ISSUER_CA],
		outer.committed / 1000, a->cache, &order, err));
	const struct pki_buf *invitation = &order.order.invitation;
	if (!pki_bytes_equal(
		    invitation->data, invitation->len, row->cms.data, row->cms.len))
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_INVITATION,
			"the order %s carries another invitation", id);
	if (row->committed != outer.committed || row->log_index != outer.log_index ||
		row->holder[0] != '\0')
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_INVITATION,
			"time, log entry or holder are not those of the order %s", id);
	return PKI_OK;
}

static enum pki_status
check_order(struct audit *a, const struct pki_order_row *row, struct pki_err *err)
{
	PKI_CLEANUP(pki_order_close) struct pki_signed_order order = { 0 };
	uint8_t digest[PKI_SHA256];
	PKI_TRY(pki_sha256(row->cms.data, row->cms.len, digest, err));
	if (memcmp(digest, row->digest, sizeof digest) != 0)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_RECORD,
			"the order's bytes do not have the recorded digest");
	if (row->action == PKI_ACTION_INVITE)
		return check_invitation(a, row, err);
	check_entry(a, row);
	PKI_TRY(pki_order_open(pki_buf_bytes(&row->cms), a->issuers[PKI_ISSUER_CA],
		row->committed / 1000, a->cache, &order, err));
	if (strcmp(order.order.id, row->id) != 0 || order.order.action != row->action ||
		strcmp(order.order.holder, row->holder) != 0)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_RECORD,
			"identifier, action or holder are not those that were signed");
	check_signers(a, row, &order.cms);
	return check_decided(a, row, &order, err);
}

static enum pki_status
on_order(void *ctx, const struct pki_order_row *row, struct pki_err *err)
{
	struct audit *a = ctx;
	struct pki_err own = { 0 };
	(void)err;
	if (check_order(a, row, &own) != PKI_OK)
		finding_add(a, row->id, &own);
	if (a->orders++ % 16 == 0)
		pki_progress("orders", a->orders, a->figures.orders);
	return PKI_OK;
}

enum pki_status
audit_orders(struct audit *a, struct pki_err *err)
{
	return pki_ledger_each_order(a->ledger, on_order, a, err);
}
