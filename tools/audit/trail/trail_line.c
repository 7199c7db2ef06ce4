/* A line of a story, and what proves it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tools/audit/trail/trail.h"

struct line {
	struct trail *t;
	uint64_t index;
	const json_t *entry, *detail;
	const char *type;
	json_t *json, *signatures, *proofs;
	char object[40];
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
	json_array_append_new(l->proofs, json_string(text));
}

/* Under the root that the log signed. */
static enum pki_status
check_included(struct line *l, struct pki_bytes text, struct pki_err *err)
{
	const struct pki_checkpoint *cp = &l->t->cp;
	struct pki_merkle_source src = pki_log_source(l->t->a->ledger);
	struct pki_proof proof;
	struct pki_hash leaf;
	char hex[PKI_SHA256_HEX];
	PKI_TRY(pki_merkle_leaf(text, &leaf, err));
	pki_hex_encode(leaf.octets, PKI_SHA256, hex);
	json_object_set_new(l->json, "leaf", json_string(hex));
	if (cp->size == 0) /* a finding of its own */
		return PKI_OK;
	if (l->index >= cp->size)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_LOG_CHECKPOINT,
			"is under no signed checkpoint");
	PKI_TRY(pki_merkle_inclusion(l->index, cp->size, &src, &proof, err));
	PKI_TRY(pki_merkle_check_inclusion(
		&leaf, l->index, cp->size, &cp->root, &proof, err));
	json_object_set_new(l->json, "included", json_true());
	return PKI_OK;
}

static void
add_signature(struct line *l, const struct pki_cms_signer *signer)
{
	PKI_CLEANUP(pki_cert_row_free) struct pki_cert_row row = { 0 };
	struct pki_err err = { 0 };
	char serial[PKI_SERIAL_TEXT], at[PKI_MSEC_TEXT];
	const struct pki_serial *number = pki_cert_get0_serial(signer->cert);
	pki_serial_text(number, serial);
	pki_msec_format(signer->signed_at, at);
	bool known = pki_ledger_certificate(l->t->a->ledger, PKI_ISSUER_CA, number, &row,
			     NULL, &err) == PKI_OK;
	json_array_append_new(
		l->signatures, json_pack("{s:s, s:s, s:s}", "serial", serial, "profile",
				       known ? row.profile : "", "signed", at));
}

static void
add_signatures(
	struct line *l, const struct pki_order_row *row, struct pki_signed_order *order)
{
	struct pki_err err = { 0 };
	if (pki_order_open(pki_buf_bytes(&row->cms), l->t->a->issuers[PKI_ISSUER_CA],
		    row->committed / 1000, l->t->a->cache, order, &err) != PKI_OK)
		return; /* the order's own check says why */
	for (size_t i = 0; i < order->cms.signer_count; i++)
		add_signature(l, &order->cms.signers[i]);
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

/* The ledger's row of a certificate against what this entry says was done to it. */
static void
check_revoked(struct line *l, const char *serial)
{
	struct audit *a = l->t->a;
	PKI_CLEANUP(pki_cert_row_free) struct pki_cert_row row = { 0 };
	struct pki_serial number;
	struct pki_err err = { 0 };
	char object[CERTIFICATE_OBJECT], at[PKI_MSEC_TEXT];
	snprintf(object, sizeof object, "serial %.40s", serial);
	if (pki_serial_parse(serial, &number, &err) != PKI_OK ||
		pki_ledger_issued(a->ledger, &number, &row, NULL, &err) != PKI_OK) {
		finding_add(a, object, &err);
		return;
	}
	const char *reason = pki_reason_name(row.reason);
	pki_msec_format(row.revoked_at, at);
	if (!row.revoked || strcmp(row.revoked_by, entry_text(l->detail, "order")) != 0 ||
		reason == NULL || strcmp(reason, entry_text(l->detail, "reason")) != 0 ||
		strcmp(at, entry_text(l->entry, "at")) != 0)
		finding_rule(a, object, PKI_RULE_REVOCATION,
			"was revoked as %s says, and the ledger does not say so",
			l->object);
	else
		prove(l, "the ledger has %s revoked, with this reason and time", serial);
}

/* What the log says of the report must be what was signed. */
static void
check_report(
	struct line *l, const struct pki_order_row *row, const struct pki_order *order)
{
	char reported[PKI_MSEC_TEXT];
	const json_t *serials = json_object_get(l->detail, "serials");
	pki_msec_format(order->reported, reported);
	if (strcmp(reported, entry_text(l->detail, "reported")) != 0 ||
		strcmp(order->cause, entry_text(l->detail, "cause")) != 0)
		finding_rule(l->t->a, row->id, PKI_RULE_REVOCATION,
			"cause or time of the report in %s are not those that were signed",
			l->object);
	for (size_t i = 0; i < json_array_size(serials); i++) {
		const char *serial = json_string_value(json_array_get(serials, i));
		if (serial != NULL)
			check_revoked(l, serial);
	}
	pki_msec took = row->committed - order->reported;
	prove(l, "committed %" PRId64 " ms after the report; OCSP says so from then on",
		took > 0 ? took : 0);
}

/* A carried out order. Its check makes the decision again, and looks at its certificates.
 */
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
	audit_order(a, &row);
	add_signatures(l, &row, &order);
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

/* A step of the registration authority: its officer's signature is in the order that came
 * of it. */
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
	add_signatures(l, &row, &order);
	pki_hex_encode(row.digest, sizeof row.digest, digest);
	if ((invitation || approved) &&
		strcmp(digest, entry_text(l->detail, "order_digest")) != 0)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_RECORD,
			"has another digest than the order %s that was carried out", id);
	for (size_t i = json_array_size(l->signatures); i-- > 0;)
		if (strcmp(entry_text(json_array_get(l->signatures, i), "serial"),
			    actor) != 0)
			json_array_remove(l->signatures, i);
	if (json_array_size(l->signatures) == 0)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_OFFICER_STATUS,
			"names the officer %s, whose signature is not in the order %s",
			actor, id);
	prove(l, "the officer's signature is in the order %s", id);
	if (invitation)
		prove(l, "it invites in the name of: %s", order.order.department);
	return PKI_OK;
}

/* Of the story's certificates, those that this list has to name. */
static enum pki_status
line_of_crl(struct line *l, struct pki_err *err)
{
	struct audit *a = l->t->a;
	PKI_CLEANUP(pki_crl_row_free) struct pki_crl_row row = { 0 };
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = NULL;
	char digest[PKI_SHA256_HEX];
	int issuer = (int)json_integer_value(json_object_get(l->detail, "issuer"));
	json_int_t number = json_integer_value(json_object_get(l->detail, "number"));
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
				"CRL %jd does not list %s as the ledger has it",
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
		certificate_check(l->t->a, &row, NULL, &cert);
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

enum pki_status
trail_line(struct trail *t, uint64_t index, struct pki_bytes text, const json_t *entry,
	struct pki_err *err)
{
	struct pki_err own = { 0 };
	uint64_t before = findings_count(t->a->findings);
	struct line l = { .t = t,
		.index = index,
		.entry = entry,
		.detail = json_object_get(entry, "detail"),
		.type = entry_text(entry, "type"),
		.signatures = json_array(),
		.proofs = json_array() };
	snprintf(l.object, sizeof l.object, "log entry %ju", (uintmax_t)index);
	l.json = json_pack("{s:I, s:s, s:s, s:s, s:O, s:b, s:o, s:o}", "index",
		(json_int_t)index, "at", entry_text(entry, "at"), "event", l.type,
		"source", entry_text(entry, "source"), "detail", l.detail, "included",
		false, "signatures", l.signatures, "proofs", l.proofs);
	if (l.json == NULL)
		return pki_fail(err, PKI_MEMORY, "%s", l.object);
	t->a->spot.position = index;
	if (check_included(&l, text, &own) != PKI_OK)
		finding_add(t->a, l.object, &own);
	if (line_of_type(&l, &own) != PKI_OK)
		finding_add(t->a, l.object, &own);
	json_object_set_new(l.json, "verified",
		json_boolean(findings_count(t->a->findings) == before));
	json_array_append_new(t->lines, l.json);
	return PKI_OK;
}
