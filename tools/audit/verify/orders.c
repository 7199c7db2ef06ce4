#include <stdio.h>
#include <string.h>

#include "tools/audit/verify/orders.h"
#include "libpki/state/decide.h"
#include "tools/audit/verify/certificates.h"
#include "tools/audit/verify/log.h"
#include "tools/audit/verify/since.h"
#include "tools/audit/workers.h"

/* The signer decides shortly before the ledger commits; a queue lies between. */
#define DECIDED_WITHIN ((pki_time)300)

/* Officers must have been in good standing: known, theirs, not revoked by then. */
static void
check_signers(struct audit *a, const struct pki_order_row *row, const struct pki_cms *cms)
{
	for (size_t i = 0; i < cms->signer_count; i++) {
		PKI_CLEANUP(pki_cert_row_free) struct pki_cert_row cert = { 0 };
		struct pki_err own = { 0 };
		char serial[PKI_SERIAL_TEXT];
		const struct pki_cert *signer = cms->signers[i].cert;
		const struct pki_serial *number = pki_cert_get0_serial(signer);
		struct pki_bytes der = pki_cert_get0_der(signer);
		pki_serial_text(number, serial);
		if (pki_ledger_certificate(a->ledger, PKI_ISSUER_CA, number, &cert, NULL,
			    &own) != PKI_OK)
			audit_add_breach(a, row->id, PKI_RULE_OFFICER_STATUS,
				"the signer %s is not in the ledger", serial);
		else if (!pki_bytes_equal(der.data, der.len, cert.der.data, cert.der.len))
			audit_add_breach(a, row->id, PKI_RULE_OFFICER_STATUS,
				"the signer's certificate is not the ledger's %s",
				serial);
		else if (cert.revoked && cert.revoked_at < row->committed)
			audit_add_breach(a, row->id, PKI_RULE_OFFICER_STATUS,
				"the signer %s was revoked before the order", serial);
	}
}

/* One order, and its certificates. */
struct visit {
	struct audit *a;
	const struct pki_order_row *row;
	const json_t *entry;
	const struct pki_order *order; /* NULL: the order does not open */
	const struct pki_decision *decision; /* NULL: none */
	size_t count; /* of certificates */
	pki_msec judged; /* the time at which pki-ca judged the order */
};

static bool
same_key(const struct pki_cert *cert, const struct pki_csr *csr)
{
	return pki_key_matches(pki_cert_get0_key(cert), pki_csr_get0_key(csr));
}

/* The order's last certificate counted, against the decision. */
static enum pki_status
check_issued(const struct visit *v, const struct pki_cert_row *row,
	const struct pki_cert *cert, struct pki_err *err)
{
	size_t i = v->count - 1;
	char object[CERTIFICATE_OBJECT];
	struct pki_name name;
	uint8_t ordered[PKI_SHA256];
	if (i >= v->decision->cert_count)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_RECORD,
			"the order %s did not ask for this certificate", v->row->id);
	certificates_object(&row->serial, object);
	PKI_TRY(pki_cert_subject(cert, &name, err));
	PKI_TRY(pki_name_hash(&v->order->subject, ordered, err));
	if (strcmp(row->profile, v->decision->certs[i].profile->name) != 0 ||
		!same_key(cert, v->decision->certs[i].csr) ||
		memcmp(ordered, row->name_hash, sizeof ordered) != 0 ||
		strcmp(name.common_name, v->order->subject.common_name) != 0 ||
		row->document_end != v->order->document_end)
		audit_add_breach(v->a, object, PKI_RULE_RECORD,
			"profile, key, name or end of the document differ from the order %s",
			v->row->id);
	pki_time late = pki_cert_not_before(cert) - v->decision->certs[i].not_before;
	if (late > 0 || -late > DECIDED_WITHIN ||
		pki_cert_not_after(cert) > v->decision->certs[i].not_after)
		audit_add_breach(v->a, object, PKI_RULE_VALIDITY,
			"the dates differ from the dates allowed by the order %s",
			v->row->id);
	return PKI_OK;
}

static enum pki_status
on_issued(void *ctx, const struct pki_cert_row *row, struct pki_err *err)
{
	struct visit *v = ctx;
	struct pki_err own = { 0 };
	char object[CERTIFICATE_OBJECT];
	struct certificate_origin origin = { v->row->id, v->row->log_index, v->entry };
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *cert = NULL;
	(void)err;
	v->count++;
	certificates_verify_one(v->a, row, &origin, &cert);
	certificates_object(&row->serial, object);
	if (cert != NULL && v->decision != NULL &&
		check_issued(v, row, cert, &own) != PKI_OK)
		audit_add_finding(v->a, object, &own);
	return PKI_OK;
}

static void
check_entry(struct audit *a, const struct pki_order_row *row, const json_t *entry)
{
	char digest[PKI_SHA256_HEX], committed[PKI_MSEC_TEXT];
	const json_t *detail = json_object_get(entry, "detail");
	pki_hex_encode(row->digest, sizeof row->digest, digest);
	pki_msec_format(row->committed, committed);
	if (strcmp(entry_text(entry, "at"), committed) != 0 ||
		strcmp(entry_text(detail, "order"), row->id) != 0 ||
		strcmp(entry_text(detail, "order_digest"), digest) != 0 ||
		strcmp(entry_text(detail, "holder"), row->holder) != 0)
		audit_add_breach(a, row->id, PKI_RULE_RECORD,
			"log entry %ju does not record this order",
			(uintmax_t)row->log_index);
}

/* A report that revoked nothing must name certificates that were revoked before. */
static void
check_repeated(struct audit *a, const struct pki_order_row *row, const json_t *entry)
{
	const json_t *already =
		json_object_get(json_object_get(entry, "detail"), "already");
	size_t count = json_array_size(already), right = 0;
	if (strcmp(entry_text(entry, "type"), "revocation-repeated") != 0)
		return;
	for (size_t i = 0; i < count; i++) {
		PKI_CLEANUP(pki_cert_row_free) struct pki_cert_row cert = { 0 };
		const char *text = json_string_value(json_array_get(already, i));
		struct pki_serial serial;
		right += text != NULL &&
			 pki_serial_parse(text, &serial, NULL) == PKI_OK &&
			 pki_ledger_issued(a->ledger, &serial, &cert, NULL, NULL) ==
				 PKI_OK &&
			 strcmp(cert.holder, row->holder) == 0 && cert.revoked &&
			 cert.revoked_at <= row->committed;
	}
	if (right == 0 || right < count || row->action != PKI_ACTION_REVOKE)
		audit_add_breach(a, row->id, PKI_RULE_REVOCATION,
			"the report revoked nothing, and not all certificates that log entry %ju names were revoked before",
			(uintmax_t)row->log_index);
}

/* The invitation's row must record its use by this order. */
static void
check_used(struct audit *a, const struct pki_order_row *row,
	const struct pki_signed_order *invitation)
{
	PKI_CLEANUP(pki_order_row_free) struct pki_order_row used = { 0 };
	struct pki_err own = { 0 };
	const char *id = invitation->order.id;
	if (pki_ledger_order(a->ledger, id, &used, NULL, &own) != PKI_OK ||
		used.action != PKI_ACTION_INVITE || used.log_index != row->log_index)
		audit_add_breach(a, row->id, PKI_RULE_INVITATION,
			"the ledger lacks the use of the invitation %s by this order",
			id);
}

/* The renewal of an officer or service revokes the certificate that it replaces. */
static void
check_replaced(const struct visit *v, const struct pki_serial *replaced)
{
	char serial[PKI_SERIAL_TEXT];
	const json_t *detail = json_object_get(v->entry, "detail");
	pki_serial_text(replaced, serial);
	if (!entry_list_has(json_object_get(detail, "serials"), serial))
		audit_add_breach(v->a, v->row->id, PKI_RULE_REVOCATION,
			"the log entry lacks the certificate %s, which the renewal replaces",
			serial);
}

/* Decide again. The decision stays in v for the order's certificates. */
static enum pki_status
check_decided(struct visit *v, const struct pki_signed_order *order,
	struct pki_decision *decision, struct pki_err *err)
{
	struct audit *a = v->a;
	const struct pki_order_row *row = v->row;
	const struct pki_policy *policy = audit_policy(a, row->log_index);
	if (policy == NULL)
		return PKI_OK;
	const struct pki_case c = { .policy = policy,
		.order = order,
		.issuer = a->issuers[PKI_ISSUER_CA],
		.now = v->judged,
		.cache = a->cache,
		.rules = log_rules(a, row->log_index) };
	PKI_TRY(pki_decide(&c, decision, err));
	if (decision->replaced != NULL)
		check_replaced(v, &order->order.serials[0]);
	if (decision->invitation != NULL)
		check_used(a, row, decision->invitation);
	v->order = &order->order;
	v->decision = decision;
	return PKI_OK;
}

/* The last order verified: its invitation is the next row of the ledger. */
struct previous {
	char id[PKI_ID_TEXT]; /* "": none */
	pki_msec committed;
	uint64_t log_index;
	struct pki_buf invitation;
};

/* Takes the order's invitation over. */
static void
previous_set(struct previous *previous, const struct pki_order_row *row,
	struct pki_signed_order *order)
{
	pki_buf_free(&previous->invitation);
	memcpy(previous->id, order->order.id, sizeof previous->id);
	previous->committed = row->committed;
	previous->log_index = row->log_index;
	previous->invitation = order->order.invitation;
	order->order.invitation = (struct pki_buf){ 0 };
}

/* Find the invitation in the order recorded by the entry. */
static enum pki_status
find_invitation(struct visit *v, struct previous *previous, struct pki_err *err)
{
	struct audit *a = v->a;
	PKI_CLEANUP(pki_order_row_free) struct pki_order_row outer = { 0 };
	PKI_CLEANUP(pki_order_close) struct pki_signed_order order = { 0 };
	const char *id = entry_text(json_object_get(v->entry, "detail"), "order");
	if (previous->id[0] != '\0' && strcmp(previous->id, id) == 0)
		return PKI_OK;
	PKI_TRY(pki_ledger_order(a->ledger, id, &outer, NULL, err));
	PKI_TRY(pki_order_open(pki_buf_bytes(&outer.cms), a->issuers[PKI_ISSUER_CA],
		outer.committed / 1000, a->cache, &order, err));
	previous_set(previous, &outer, &order);
	return PKI_OK;
}

/* An invitation is part of the order recorded by its entry. */
static enum pki_status
check_invitation(struct visit *v, struct previous *previous, struct pki_err *err)
{
	const struct pki_order_row *row = v->row;
	const struct pki_buf *cms = &row->cms, *invitation = &previous->invitation;
	PKI_TRY(find_invitation(v, previous, err));
	if (!pki_bytes_equal(invitation->data, invitation->len, cms->data, cms->len))
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_INVITATION,
			"the order %s carries another invitation", previous->id);
	if (row->committed != previous->committed ||
		row->log_index != previous->log_index || row->holder[0] != '\0')
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_INVITATION,
			"time, log entry or holder differ from the order %s",
			previous->id);
	return PKI_OK;
}

/* A client whose clock leapt with pki-ca's signs at the wall clock's time, which the entry
 * names. */
static enum pki_status
open_order(struct visit *v, struct pki_signed_order *order, struct pki_err *err)
{
	struct audit *a = v->a;
	struct pki_err own = { 0 };
	const struct pki_order_row *row = v->row;
	pki_msec wall = 0;
	v->judged = row->committed;
	if (pki_order_open(pki_buf_bytes(&row->cms), a->issuers[PKI_ISSUER_CA],
		    row->committed / 1000, a->cache, order, &own) == PKI_OK)
		return PKI_OK;
	if (pki_msec_parse(entry_text(v->entry, "clock"), &wall, NULL) != PKI_OK)
		return pki_err_move(err, &own);
	pki_order_close(order);
	v->judged = wall;
	return pki_order_open(pki_buf_bytes(&row->cms), a->issuers[PKI_ISSUER_CA],
		wall / 1000, a->cache, order, err);
}

static enum pki_status
check_order(struct visit *v, struct previous *previous, struct pki_signed_order *order,
	struct pki_decision *decision, struct pki_err *err)
{
	struct audit *a = v->a;
	const struct pki_order_row *row = v->row;
	uint8_t digest[PKI_SHA256];
	PKI_TRY(pki_sha256(row->cms.data, row->cms.len, digest, err));
	if (memcmp(digest, row->digest, sizeof digest) != 0)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_RECORD,
			"the order's bytes do not have the recorded digest");
	if (row->action == PKI_ACTION_INVITE)
		return check_invitation(v, previous, err);
	check_entry(a, row, v->entry);
	check_repeated(a, row, v->entry);
	PKI_TRY(open_order(v, order, err));
	if (strcmp(order->order.id, row->id) != 0 || order->order.action != row->action ||
		strcmp(order->order.holder, row->holder) != 0)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_RECORD,
			"identifier, action or holder differ from the signed order");
	check_signers(a, row, &order->cms);
	return check_decided(v, order, decision, err);
}

static enum pki_status
check_certificates(struct visit *v, struct pki_err *err)
{
	PKI_TRY(pki_ledger_by_order(v->a->ledger, v->row->id, on_issued, v, err));
	if (v->decision != NULL && v->count < v->decision->cert_count)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_RECORD,
			"%zu certificates were ordered, the ledger has %zu",
			v->decision->cert_count, v->count);
	return PKI_OK;
}

static void
look_at(struct audit *a, const struct pki_order_row *row, struct previous *previous)
{
	struct pki_err own = { 0 };
	struct pki_decision decision = { 0 };
	PKI_CLEANUP(pki_order_close) struct pki_signed_order order = { 0 };
	PKI_CLEANUP(pki_json_cleanup)
	json_t *entry = entry_read(a->ledger, row->log_index);
	struct visit v = { .a = a, .row = row, .entry = entry };
	a->position.object = (uint64_t)row->row;
	a->counts.orders++;
	if (check_order(&v, previous, &order, &decision, &own) != PKI_OK)
		audit_add_finding(a, row->id, &own);
	if (check_certificates(&v, &own) != PKI_OK)
		audit_add_finding(a, row->id, &own);
	if (row->action != PKI_ACTION_INVITE)
		previous_set(previous, row, &order);
	pki_decision_free(&decision);
}

void
orders_verify_one(struct audit *a, const struct pki_order_row *row)
{
	struct previous previous = { 0 };
	look_at(a, row, &previous);
	pki_buf_free(&previous.invitation);
}

/* Rows in a batch: the verification of an order takes a millisecond. */
#define BATCH 32

struct batch {
	struct pki_order_row rows[BATCH];
	size_t count;
};

static enum pki_status
on_row(void *ctx, const struct pki_order_row *row, struct pki_err *err)
{
	struct batch *batch = ctx;
	struct pki_order_row *copy = &batch->rows[batch->count];
	*copy = *row;
	copy->cms = (struct pki_buf){ 0 };
	PKI_TRY(pki_buf_append(&copy->cms, row->cms.data, row->cms.len, err));
	batch->count++;
	return PKI_OK;
}

static enum pki_status
take_orders(struct audit *a, void *state, void *out, size_t *count, struct pki_err *err)
{
	int64_t *after = state;
	struct batch *batch = out;
	batch->count = 0;
	enum pki_status status =
		pki_ledger_orders_after(a->ledger, *after, BATCH, on_row, batch, err);
	*count = batch->count;
	if (batch->count > 0)
		*after = batch->rows[batch->count - 1].row;
	return status;
}

static void
look_at_orders(struct audit *a, void *in, size_t count)
{
	struct batch *batch = in;
	struct previous previous = { 0 };
	for (size_t i = 0; i < count; i++) {
		look_at(a, &batch->rows[i], &previous);
		pki_order_row_free(&batch->rows[i]);
	}
	pki_buf_free(&previous.invitation);
}

enum pki_status
orders_verify(struct audit *a, struct pki_err *err)
{
	static const struct workers_task part = { "orders", sizeof(struct batch),
		take_orders, look_at_orders };
	int64_t after = INT64_MIN;
	PKI_TRY(since_order(a, &after, err));
	return workers_run(a, &part, &after, a->figures.orders, err);
}
