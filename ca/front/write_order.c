/* An accepted order into the transaction: log entry, order, certificates or revocations. */
#include <string.h>

#include "ca/front/order_reply.h"
#include "ca/front/writer.h"

/* A row borrows the bytes; it is never freed. */
static struct pki_buf
borrow(const void *data, size_t len)
{
	union {
		const void *in;
		uint8_t *out;
	} bytes = { .in = data };
	return (struct pki_buf){ .data = bytes.out, .len = len };
}

static json_t *
serial_json(const struct pki_serial *serial)
{
	char text[PKI_SERIAL_TEXT];
	pki_serial_text(serial, text);
	return json_string(text);
}

static json_t *
officers_json(const struct facts *facts)
{
	json_t *list = json_array();
	for (size_t i = 0; i < facts->officer_count; i++)
		json_array_append_new(list, serial_json(&facts->officers[i]));
	return list;
}

static enum pki_status
certificates_json(const struct job *job, json_t **out, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *list = json_array();
	for (size_t i = 0; i < job->facts.cert_count; i++) {
		char digest[PKI_SHA256_HEX];
		PKI_TRY(pki_sha256_hex(
			job->certs[i].data, job->certs[i].len, digest, err));
		json_array_append_new(
			list, json_pack("{s:s, s:o, s:s}", "profile",
				      job->facts.certs[i].profile, "serial",
				      serial_json(&job->facts.certs[i].serial), "digest",
				      digest));
	}
	*out = list;
	list = NULL;
	return PKI_OK;
}

static json_t *
targets_json(const struct job *job)
{
	json_t *list = json_array();
	for (size_t i = 0; i < job->target_count; i++)
		json_array_append_new(list, serial_json(&job->targets[i].serial));
	return list;
}

/* The entry that records the order. */
static enum pki_status
log_order(struct writer *w, struct job *job, pki_msec now, struct pki_err *err)
{
	static const char *const types[] = {
		[PKI_ACTION_ISSUE] = "certificate-issued",
		[PKI_ACTION_RENEW] = "certificate-renewed",
		[PKI_ACTION_REVOKE] = "certificate-revoked",
	};
	const struct facts *facts = &job->facts;
	char digest[PKI_SHA256_HEX], actor[PKI_SERIAL_TEXT], reported[PKI_MSEC_TEXT];
	pki_hex_encode(facts->digest, sizeof facts->digest, digest);
	pki_serial_text(&facts->officers[facts->officer_count - 1], actor);
	json_t *detail = json_pack("{s:s, s:s, s:s, s:s, s:o}", "order", facts->id,
		"order_digest", digest, "action", pki_action_name(facts->action),
		"holder", facts->holder, "officers", officers_json(facts));
	if (facts->action == PKI_ACTION_REVOKE) {
		pki_msec_format(facts->reported, reported);
		json_object_set_new(detail, "cause", json_string(facts->cause));
		json_object_set_new(
			detail, "reason", json_string(pki_reason_name(facts->reason)));
		json_object_set_new(detail, "reported", json_string(reported));
		json_object_set_new(detail, "serials", targets_json(job));
	} else {
		json_t *list = NULL;
		if (certificates_json(job, &list, err) != PKI_OK) {
			json_decref(detail);
			return err->status;
		}
		json_object_set_new(detail, "certificates", list);
	}
	return write_log(w, types[facts->action], actor, detail, now, job, err);
}

static enum pki_status
add_orders(struct writer *w, const struct job *job, struct pki_order_row *row,
	struct pki_err *err)
{
	const struct facts *facts = &job->facts;
	memcpy(row->id, facts->id, sizeof row->id);
	memcpy(row->holder, facts->holder, sizeof row->holder);
	memcpy(row->digest, facts->digest, sizeof row->digest);
	row->action = facts->action;
	row->cms = borrow(job->body.data, job->body.len);
	PKI_TRY(pki_ledger_add_order(w->ledger, row, err));
	if (facts->invitation[0] == '\0')
		return PKI_OK;
	struct pki_order_row invitation = {
		.action = PKI_ACTION_INVITE,
		.committed = row->committed,
		.log_index = row->log_index,
		.cms = borrow(job->invitation.data, job->invitation.len),
	};
	memcpy(invitation.id, facts->invitation, sizeof invitation.id);
	memcpy(invitation.digest, facts->invitation_digest, sizeof invitation.digest);
	return pki_ledger_add_order(w->ledger, &invitation, err);
}

static enum pki_status
add_certificate(
	struct writer *w, struct job *job, size_t i, pki_msec now, struct pki_err *err)
{
	const struct facts *facts = &job->facts;
	struct pki_cert_row row = {
		.issuer = PKI_ISSUER_CA,
		.serial = facts->certs[i].serial,
		.not_before = facts->certs[i].not_before,
		.not_after = facts->certs[i].not_after,
		.document_end = facts->document_end,
		.issued = now,
		.der = borrow(job->certs[i].data, job->certs[i].len),
	};
	memcpy(row.holder, facts->holder, sizeof row.holder);
	memcpy(row.profile, facts->certs[i].profile, sizeof row.profile);
	memcpy(row.order, facts->id, sizeof row.order);
	memcpy(row.name_hash, facts->name_hash, sizeof row.name_hash);
	memcpy(row.key_hash, facts->certs[i].key_hash, sizeof row.key_hash);
	const struct pki_profile *profile = pki_policy_profile(w->policy, row.profile);
	if (profile != NULL && profile->issuer_urls)
		row.partition =
			pki_serial_partition(&row.serial, w->conf->ca_urls.partitions);
	PKI_TRY(pki_ledger_add_certificate(w->ledger, &row, err));
	return order_reply_add_certificate(job->reply, &row, err);
}

static enum pki_status
add_revocation(
	struct writer *w, struct job *job, size_t i, pki_msec now, struct pki_err *err)
{
	struct pki_revocation_row row = {
		.issuer = job->targets[i].issuer,
		.serial = job->targets[i].serial,
		.reason = job->facts.reason,
		.reported = job->facts.reported,
		.committed = now,
	};
	memcpy(row.order, job->facts.id, sizeof row.order);
	PKI_TRY(pki_ledger_add_revocation(w->ledger, &row, err));
	return order_reply_add_revoked(
		job->reply, &job->targets[i].serial, job->targets[i].profile, err);
}

enum pki_status
write_order(struct writer *w, struct job *job, pki_msec now, struct pki_err *err)
{
	const struct facts *facts = &job->facts;
	pki_err_object(err, "%s", facts->id);
	PKI_TRY(log_order(w, job, now, err));
	struct pki_order_row row = { .committed = now, .log_index = job->index };
	PKI_TRY(add_orders(w, job, &row, err));
	PKI_TRY(order_reply_new(&row, &job->reply, err));
	for (size_t i = 0; i < facts->cert_count; i++)
		PKI_TRY(add_certificate(w, job, i, now, err));
	for (size_t i = 0; i < job->target_count; i++)
		PKI_TRY(add_revocation(w, job, i, now, err));
	if (facts->action == PKI_ACTION_REVOKE)
		json_object_set_new(job->reply, "reason",
			json_string(pki_reason_name(facts->reason)));
	return PKI_OK;
}
