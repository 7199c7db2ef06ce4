/* The ids of a trail: certificates, their orders, and the objects named by the orders. */
#include "tools/audit/trail/trail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool
trail_has(const struct trail *t, const char *id)
{
	for (size_t i = 0; i < t->id_count; i++)
		if (strcmp(t->ids[i], id) == 0)
			return true;
	return false;
}

enum pki_status
trail_add(struct trail *t, const char *id, struct pki_err *err)
{
	if (id[0] == '\0' || strlen(id) >= TRAIL_ID || trail_has(t, id))
		return PKI_OK;
	char(*grown)[TRAIL_ID] = reallocarray(t->ids, t->id_count + 1, sizeof *grown);
	if (grown == NULL)
		return pki_fail(err, PKI_MEMORY, "%s", id);
	t->ids = grown;
	snprintf(grown[t->id_count++], TRAIL_ID, "%s", id);
	return PKI_OK;
}

/* false if the order is missing or does not open; the verification of the order adds the
 * finding */
static bool
open_order(struct trail *t, const char *id, struct pki_order_row *row,
	struct pki_signed_order *order)
{
	struct pki_err own = { 0 };
	return pki_ledger_order(t->a->ledger, id, row, NULL, &own) == PKI_OK &&
	       pki_order_open(pki_buf_bytes(&row->cms), t->a->issuers[PKI_ISSUER_CA],
		       row->committed / 1000, t->a->cache, order, &own) == PKI_OK;
}

static enum pki_status
add_invitation(struct trail *t, const struct pki_signed_order *order, pki_msec at,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_order_close) struct pki_signed_order invitation = { 0 };
	struct pki_err own = { 0 };
	if (order->order.invitation.len == 0 ||
		pki_order_open(pki_buf_bytes(&order->order.invitation),
			t->a->issuers[PKI_ISSUER_CA], at / 1000, t->a->cache, &invitation,
			&own) != PKI_OK)
		return PKI_OK;
	return trail_add(t, invitation.order.id, err);
}

/* An order with its application and its invitation. */
static enum pki_status
add_order(struct trail *t, const char *id, struct pki_err *err)
{
	PKI_CLEANUP(pki_order_row_free) struct pki_order_row row = { 0 };
	PKI_CLEANUP(pki_order_close) struct pki_signed_order order = { 0 };
	if (trail_has(t, id))
		return PKI_OK;
	PKI_TRY(trail_add(t, id, err));
	if (!open_order(t, id, &row, &order))
		return PKI_OK;
	PKI_TRY(trail_add(t, order.order.application, err));
	return add_invitation(t, &order, row.committed, err);
}

/* The first CRL with the certificate, and the first published CRL with the certificate. */
static enum pki_status
find_lists(struct trail *t, struct trail_revoked *r, struct pki_err *err)
{
	PKI_CLEANUP(pki_crl_row_free) struct pki_crl_row crl = { 0 };
	bool found = false;
	PKI_TRY(pki_ledger_crl_covering(
		t->a->ledger, r->issuer, &r->serial, &crl, &found, err));
	unsigned partition = crl.partition;
	r->listed = crl.number;
	for (uint64_t n = crl.number; found && r->published == 0; n++) {
		PKI_TRY(pki_ledger_crl_head(
			t->a->ledger, r->issuer, n, &crl, &found, err));
		if (found && crl.partition == partition && crl.published != 0)
			r->published = n;
	}
	return PKI_OK;
}

static enum pki_status
add_revoked(struct trail *t, const struct pki_cert_row *row, struct pki_err *err)
{
	struct trail_revoked *grown =
		reallocarray(t->revoked, t->revoked_count + 1, sizeof *grown);
	if (grown == NULL)
		return pki_fail(err, PKI_MEMORY, "revocations");
	t->revoked = grown;
	struct trail_revoked *r = &grown[t->revoked_count++];
	*r = (struct trail_revoked){ .issuer = row->issuer,
		.serial = row->serial,
		.reason = row->reason,
		.at = row->revoked_at };
	PKI_TRY(find_lists(t, r, err));
	return add_order(t, row->revoked_by, err);
}

static void
describe(struct trail *t, const struct pki_cert_row *row)
{
	struct pki_json json = pki_json_object();
	pki_json_serial(&json, "serial", &row->serial);
	pki_json_text(&json, "profile", row->profile);
	pki_json_text(&json, "holder", row->holder);
	pki_json_text(&json, "order", row->order);
	pki_json_time(&json, "not_before", row->not_before);
	pki_json_time(&json, "not_after", row->not_after);
	if (row->revoked) {
		const char *reason = pki_reason_name(row->reason);
		pki_json_msec(&json, "revoked", row->revoked_at);
		pki_json_text(&json, "reason", reason != NULL ? reason : "?");
	}
	pki_json_append(&t->certificates, &json);
}

static enum pki_status
add_certificate(void *ctx, const struct pki_cert_row *row, struct pki_err *err)
{
	struct trail *t = ctx;
	char serial[PKI_SERIAL_TEXT];
	pki_serial_text(&row->serial, serial);
	if (trail_has(t, serial))
		return PKI_OK;
	PKI_TRY(trail_add(t, serial, err));
	describe(t, row);
	if (row->order[0] != '\0')
		PKI_TRY(add_order(t, row->order, err));
	return row->revoked ? add_revoked(t, row, err) : PKI_OK;
}

/* An order to renew which names a predecessor from the trail. */
static enum pki_status
on_successor(void *ctx, const struct pki_cert_row *row, struct pki_err *err)
{
	struct trail *t = ctx;
	PKI_CLEANUP(pki_order_row_free) struct pki_order_row order_row = { 0 };
	PKI_CLEANUP(pki_order_close) struct pki_signed_order order = { 0 };
	if (trail_has(t, row->order) || !open_order(t, row->order, &order_row, &order) ||
		order.order.action != PKI_ACTION_RENEW)
		return PKI_OK;
	for (size_t i = 0; i < order.order.serial_count; i++) {
		char serial[PKI_SERIAL_TEXT];
		pki_serial_text(&order.order.serials[i], serial);
		if (trail_has(t, serial))
			return add_order(t, row->order, err);
	}
	return PKI_OK;
}

static enum pki_status
find_serial(struct trail *t, const char *what, struct pki_err *err)
{
	PKI_CLEANUP(pki_cert_row_free) struct pki_cert_row row = { 0 };
	struct pki_serial serial;
	char text[PKI_SERIAL_TEXT];
	bool found = false;
	if (pki_serial_read(what, &serial, NULL) != PKI_OK)
		return pki_fail(err, PKI_INPUT,
			"neither a holder (H-), an order (O-), an invitation (I-), an application (A-) nor a serial number");
	PKI_TRY(pki_ledger_issued(t->a->ledger, &serial, &row, &found, err));
	if (!found) {
		pki_serial_text(&serial, text);
		return trail_add(t, text, err);
	}
	PKI_TRY(add_certificate(t, &row, err));
	if (row.holder[0] == '\0')
		return PKI_OK;
	return pki_ledger_by_holder(t->a->ledger, row.holder, on_successor, t, err);
}

/* The certificates revoked by an order. */
struct revoked_by {
	struct trail *t;
	const char *order;
};

static enum pki_status
on_revoked(void *ctx, const struct pki_cert_row *row, struct pki_err *err)
{
	const struct revoked_by *by = ctx;
	return strcmp(row->revoked_by, by->order) == 0 ? add_certificate(by->t, row, err)
						       : PKI_OK;
}

static enum pki_status
find_revoked(struct trail *t, const char *id, struct pki_err *err)
{
	PKI_CLEANUP(pki_order_row_free) struct pki_order_row row = { 0 };
	PKI_CLEANUP(pki_order_close) struct pki_signed_order order = { 0 };
	struct revoked_by by = { t, id };
	if (!open_order(t, id, &row, &order))
		return PKI_OK;
	if (row.holder[0] != '\0')
		return pki_ledger_by_holder(
			t->a->ledger, row.holder, on_revoked, &by, err);
	for (size_t i = 0; i < order.order.serial_count; i++) {
		PKI_CLEANUP(pki_cert_row_free) struct pki_cert_row cert = { 0 };
		struct pki_err own = { 0 };
		if (pki_ledger_issued(t->a->ledger, &order.order.serials[i], &cert, NULL,
			    &own) == PKI_OK)
			PKI_TRY(on_revoked(&by, &cert, err));
	}
	return PKI_OK;
}

static enum pki_status
find_order(struct trail *t, const char *id, struct pki_err *err)
{
	PKI_CLEANUP(pki_order_row_free) struct pki_order_row row = { 0 };
	PKI_CLEANUP(pki_json_cleanup) json_t *entry = NULL;
	struct pki_err own = { 0 };
	PKI_TRY(add_order(t, id, err));
	if (pki_ledger_order(t->a->ledger, id, &row, NULL, &own) != PKI_OK)
		return PKI_OK;
	if (row.action == PKI_ACTION_REVOKE)
		return find_revoked(t, id, err);
	if (row.action != PKI_ACTION_INVITE)
		return pki_ledger_by_order(t->a->ledger, id, add_certificate, t, err);
	/* the invitation is part of the order recorded by its entry */
	entry = entry_read(t->a->ledger, row.log_index);
	const char *outer = entry_text(json_object_get(entry, "detail"), "order");
	PKI_TRY(add_order(t, outer, err));
	return pki_ledger_by_order(t->a->ledger, outer, add_certificate, t, err);
}

enum pki_status
trail_find(struct trail *t, const char *what, struct pki_err *err)
{
	if (pki_id_valid(what, 'O') || pki_id_valid(what, 'I'))
		return find_order(t, what, err);
	if (!pki_id_valid(what, 'H') && !pki_id_valid(what, 'A'))
		return find_serial(t, what, err);
	PKI_TRY(trail_add(t, what, err));
	return what[0] == 'H'
		       ? pki_ledger_by_holder(t->a->ledger, what, add_certificate, t, err)
		       : PKI_OK;
}
