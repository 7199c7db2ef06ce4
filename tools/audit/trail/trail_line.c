/* A line of a trail, and its proofs. */
#include "tools/audit/trail/trail.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "libpki/state/log.h"
#include "tools/audit/verify/certificates.h"
#include "tools/audit/verify/orders.h"

struct line {
	struct trail *t;
	uint64_t index;
	const json_t *entry;
	json_t *detail; /* of the entry */
	const char *type;
	struct pki_json signatures, proofs;
	size_t signature_count;
	char leaf[PKI_SHA256_HEX]; /* "": none */
	bool included; /* in the checkpoint's tree */
	char object[ENTRY_OBJECT];
};

static void prove(struct line *l, const char *fmt, ...) PKI_PRINTF(2, 3);

static void
prove(struct line *l, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	pki_json_append_text(&l->proofs, text);
}

/* The entry is in the tree whose root the log signed. */
static enum pki_status
check_included(struct line *l, struct pki_bytes text, struct pki_err *err)
{
	const struct pki_checkpoint *cp = &l->t->cp;
	struct pki_merkle_source src = pki_log_source(l->t->a->ledger);
	struct pki_proof proof;
	struct pki_hash leaf;
	PKI_TRY(pki_merkle_leaf(text, &leaf, err));
	pki_hex_encode(leaf.octets, PKI_SHA256, l->leaf);
	if (cp->size == 0) /* open_checkpoint() has added a finding */
		return PKI_OK;
	if (l->index >= cp->size)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_LOG_CHECKPOINT,
			"is under no signed checkpoint");
	PKI_TRY(pki_merkle_inclusion(l->index, cp->size, &src, &proof, err));
	PKI_TRY(pki_merkle_check_inclusion(
		&leaf, l->index, cp->size, &cp->root, &proof, err));
	l->included = true;
	return PKI_OK;
}

static void
add_signature(struct line *l, const struct pki_cms_signer *signer)
{
	PKI_CLEANUP(pki_cert_row_free) struct pki_cert_row row = { 0 };
	const struct pki_serial *number = pki_cert_get0_serial(signer->cert);
	struct pki_json json = pki_json_object();
	bool known = pki_ledger_certificate(l->t->a->ledger, PKI_ISSUER_CA, number, &row,
			     NULL, NULL) == PKI_OK;
	pki_json_serial(&json, "serial", number);
	pki_json_text(&json, "profile", known ? row.profile : "");
	pki_json_msec(&json, "signed", signer->signed_at);
	pki_json_append(&l->signatures, &json);
	l->signature_count++;
}

/* Open the order and add its signatures: of one officer, or all for NULL. Nothing is
 * added of an order which does not open; the verification of the order adds the finding. */
static void
add_signatures(struct line *l, const struct pki_order_row *row, const char *officer,
	struct pki_signed_order *order)
{
	if (pki_order_open(pki_buf_bytes(&row->cms), l->t->a->issuers[PKI_ISSUER_CA],
		    row->committed / 1000, l->t->a->cache, order, NULL) != PKI_OK)
		return;
	for (size_t i = 0; i < order->cms.signer_count; i++) {
		char serial[PKI_SERIAL_TEXT];
		pki_serial_text(pki_cert_get0_serial(order->cms.signers[i].cert), serial);
		if (officer == NULL || strcmp(officer, serial) == 0)
			add_signature(l, &order->cms.signers[i]);
	}
}

static enum pki_status
on_issued(void *ctx, const struct pki_cert_row *row, struct pki_err *err)
{
	struct line *l = ctx;
	char serial[PKI_SERIAL_TEXT];
	(void)err;
	pki_serial_text(&row->serial, serial);
	prove(l,
		"certificate %s (%s): digest in the entry, CA's signature, lint of its profile",
		serial, row->profile);
	return PKI_OK;
}

/* The ledger's row of a certificate must agree with the revocation in this entry. */
static void
check_revoked(struct line *l, const char *serial)
{
	struct audit *a = l->t->a;
	PKI_CLEANUP(pki_cert_row_free) struct pki_cert_row row = { 0 };
	struct pki_serial number;
	struct pki_err own = { 0 };
	char object[CERTIFICATE_OBJECT], at[PKI_MSEC_TEXT];
	snprintf(object, sizeof object, "serial %.40s", serial);
	if (pki_serial_parse(serial, &number, &own) != PKI_OK ||
		pki_ledger_issued(a->ledger, &number, &row, NULL, &own) != PKI_OK) {
		audit_add_finding(a, object, &own);
		return;
	}
	const char *reason = pki_reason_name(row.reason);
	pki_msec_format(row.revoked_at, at);
	if (!row.revoked || strcmp(row.revoked_by, entry_text(l->detail, "order")) != 0 ||
		reason == NULL || strcmp(reason, entry_text(l->detail, "reason")) != 0 ||
		strcmp(at, entry_text(l->entry, "at")) != 0)
		audit_add_breach(a, object, PKI_RULE_REVOCATION,
			"was revoked according to %s, but the ledger differs", l->object);
	else
		prove(l, "the ledger has %s revoked, with this reason and time", serial);
}

/* The log must record the report of the loss as it was signed. */
static void
check_report(
	struct line *l, const struct pki_order_row *row, const struct pki_order *order)
{
	char reported[PKI_MSEC_TEXT];
	const json_t *serials = json_object_get(l->detail, "serials");
	/* in entries without a version; later ones leave the cause to the order */
	const json_t *cause = json_object_get(l->detail, "cause");
	pki_msec_format(order->reported, reported);
	if (strcmp(reported, entry_text(l->detail, "reported")) != 0 ||
		(cause != NULL &&
			strcmp(order->cause, entry_text(l->detail, "cause")) != 0))
		audit_add_breach(l->t->a, row->id, PKI_RULE_REVOCATION,
			"cause or time of the report in %s differ from the signed order",
			l->object);
	for (size_t i = 0; i < json_array_size(serials); i++) {
		const char *serial = json_string_value(json_array_get(serials, i));
		if (serial != NULL)
			check_revoked(l, serial);
	}
	prove(l, "cause in the order: %s", order->cause);
	pki_msec took = row->committed - order->reported;
	if (json_object_get(l->detail, "already") != NULL)
		prove(l,
			"recorded %" PRId64
			" ms after the report; the certificates were revoked already",
			took > 0 ? took : 0);
	else
		prove(l,
			"committed %" PRId64
			" ms after the report; OCSP says so from then on",
			took > 0 ? took : 0);
}

/* An order which was carried out: verified again, with its certificates. */
static enum pki_status
line_of_order(struct line *l, struct pki_err *err)
{
	struct audit *a = l->t->a;
	PKI_CLEANUP(pki_order_row_free) struct pki_order_row row = { 0 };
	PKI_CLEANUP(pki_order_close) struct pki_signed_order order = { 0 };
	const char *id = entry_text(l->detail, "order");
	bool found = false;
	PKI_TRY(pki_ledger_order(a->ledger, id, &row, &found, err));
	if (!found)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_APPEND_ONLY,
			"records the order %s, which the ledger no longer has", id);
	uint64_t before = findings_count(a->findings);
	orders_verify_one(a, &row);
	add_signatures(l, &row, NULL, &order);
	bool right = findings_count(a->findings) == before;
	if (right)
		prove(l,
			"order %s: digest in the entry, signatures, officers' standing, decision made again",
			id);
	if (row.action == PKI_ACTION_REVOKE)
		check_report(l, &row, &order.order);
	else if (right)
		return pki_ledger_by_order(a->ledger, id, on_issued, l, err);
	return PKI_OK;
}

/* A step of the registration authority: the order which followed must hold the officer's
 * signature. */
static enum pki_status
line_of_step(struct line *l, struct pki_err *err)
{
	struct audit *a = l->t->a;
	PKI_CLEANUP(pki_order_row_free) struct pki_order_row row = { 0 };
	PKI_CLEANUP(pki_order_close) struct pki_signed_order order = { 0 };
	const char *actor = entry_text(l->entry, "actor"),
		   *id = entry_text(l->detail, "order");
	bool invitation = strcmp(l->type, "invitation-made") == 0;
	bool approved = strcmp(l->type, "application-approved") == 0;
	char digest[PKI_SHA256_HEX];
	if (!invitation && !approved && strcmp(l->type, "application-verified") != 0)
		return PKI_OK;
	if (invitation)
		id = entry_text(l->detail, "invitation");
	bool found = false;
	PKI_TRY(pki_ledger_order(a->ledger, id, &row, &found, err));
	if (!found) {
		prove(l,
			"no order came of it: the officer is as the registration authority says");
		return PKI_OK;
	}
	pki_hex_encode(row.digest, sizeof row.digest, digest);
	bool same = (!invitation && !approved) ||
		    strcmp(digest, entry_text(l->detail, "order_digest")) == 0;
	add_signatures(l, &row, same ? actor : NULL, &order);
	if (!same)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_RECORD,
			"has another digest than the executed order %s", id);
	if (l->signature_count == 0)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_OFFICER_STATUS,
			"names the officer %s, whose signature is not in the order %s",
			actor, id);
	prove(l, "the officer's signature is in the order %s", id);
	if (invitation)
		prove(l, "it invites in the name of: %s", order.order.department);
	return PKI_OK;
}

/* The CRL lists the trail's revoked certificates. */
static enum pki_status
line_of_crl(struct line *l, struct pki_err *err)
{
	struct audit *a = l->t->a;
	PKI_CLEANUP(pki_crl_row_free) struct pki_crl_row row = { 0 };
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = NULL;
	char digest[PKI_SHA256_HEX];
	int issuer = (int)entry_number(l->detail, "issuer");
	json_int_t number = entry_number(l->detail, "number");
	PKI_TRY(pki_ledger_crl(a->ledger, issuer, (uint64_t)number, &row, NULL, err));
	PKI_TRY(pki_sha256_hex(row.der.data, row.der.len, digest, err));
	if (strcmp(l->type, "crl-published") != 0 &&
		strcmp(digest, entry_text(l->detail, "digest")) != 0)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_RECORD,
			"has another digest than the ledger's CRL %jd", (intmax_t)number);
	PKI_TRY(pki_crl_parse(pki_buf_bytes(&row.der), &crl, err));
	PKI_TRY(pki_crl_verify(crl, a->issuers[issuer], err));
	for (size_t i = 0; i < l->t->revoked_count; i++) {
		const struct trail_revoked *r = &l->t->revoked[i];
		char serial[PKI_SERIAL_TEXT];
		struct pki_revoked is;
		if (r->issuer != issuer || (r->listed != (uint64_t)number &&
						   r->published != (uint64_t)number))
			continue;
		pki_serial_text(&r->serial, serial);
		if (!pki_crl_find(crl, &r->serial, &is) ||
			is.revoked_at != r->at / 1000 || is.reason != r->reason)
			return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_STATUS_AGREE,
				"CRL %jd does not list %s with the ledger's date and reason",
				(intmax_t)number, serial);
		prove(l, "CRL %jd, signed by its issuer, lists %s: %s", (intmax_t)number,
			serial, pki_reason_name(is.reason));
		if (strcmp(l->type, "crl-published") == 0)
			prove(l, "published %" PRId64 " ms after the revocation",
				row.published - r->at);
	}
	return PKI_OK;
}

/* The ceremony's certificates have no order. */
static enum pki_status
line_of_ceremony(struct line *l, struct pki_err *err)
{
	for (size_t i = 0; i < l->t->id_count; i++) {
		PKI_CLEANUP(pki_cert_row_free) struct pki_cert_row row = { 0 };
		PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *cert = NULL;
		struct pki_serial serial;
		struct pki_err own = { 0 };
		uint64_t before = findings_count(l->t->a->findings);
		if (pki_serial_parse(l->t->ids[i], &serial, &own) != PKI_OK ||
			pki_ledger_issued(l->t->a->ledger, &serial, &row, NULL, &own) !=
				PKI_OK ||
			row.order[0] != '\0')
			continue;
		certificates_verify_one(l->t->a, &row, NULL, &cert);
		if (findings_count(l->t->a->findings) == before)
			PKI_TRY(on_issued(l, &row, err));
	}
	return PKI_OK;
}

static enum pki_status
line_of_type(struct line *l, struct pki_err *err)
{
	static const struct {
		const char *type;
		enum pki_status (*line)(struct line *l, struct pki_err *err);
	} kinds[] = {
		{ "certificate-issued", line_of_order },
		{ "certificate-renewed", line_of_order },
		{ "certificate-revoked", line_of_order },
		{ "revocation-repeated", line_of_order },
		{ "crl-issued", line_of_crl },
		{ "root-crl-recorded", line_of_crl },
		{ "crl-published", line_of_crl },
		{ "ceremony-completed", line_of_ceremony },
	};
	for (size_t i = 0; i < PKI_COUNT(kinds); i++)
		if (strcmp(l->type, kinds[i].type) == 0)
			return kinds[i].line(l, err);
	return line_of_step(l, err);
}

/* Empties l's builders. */
static void
append_json(struct line *l, bool verified)
{
	struct pki_json json = pki_json_object();
	pki_json_number(&json, "index", (int64_t)l->index);
	pki_json_text(&json, "at", entry_text(l->entry, "at"));
	pki_json_text(&json, "event", l->type);
	pki_json_text(&json, "source", entry_text(l->entry, "source"));
	pki_json_value(&json, "detail", json_incref(l->detail));
	pki_json_bool(&json, "included", l->included);
	pki_json_nest(&json, "signatures", &l->signatures);
	pki_json_nest(&json, "proofs", &l->proofs);
	pki_json_text_if(&json, "leaf", l->leaf);
	pki_json_bool(&json, "verified", verified);
	pki_json_append(&l->t->lines, &json);
}

void
trail_add_line(
	struct trail *t, uint64_t index, struct pki_bytes text, const json_t *entry)
{
	struct pki_err own = { 0 };
	uint64_t before = findings_count(t->a->findings);
	struct line l = { .t = t,
		.index = index,
		.entry = entry,
		.detail = json_object_get(entry, "detail"),
		.type = entry_text(entry, "type"),
		.signatures = pki_json_array(),
		.proofs = pki_json_array() };
	entry_object(index, l.object);
	t->a->position.object = index;
	if (check_included(&l, text, &own) != PKI_OK)
		audit_add_finding(t->a, l.object, &own);
	if (line_of_type(&l, &own) != PKI_OK)
		audit_add_finding(t->a, l.object, &own);
	append_json(&l, findings_count(t->a->findings) == before);
}
