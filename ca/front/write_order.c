#include "ca/front/write_order.h"

#include <string.h>

#include "ca/front/order_reply.h"
#include "ca/front/write_records.h"

/* A row borrows the bytes; nobody frees the row. */
static struct pki_buf
borrow(struct pki_bytes of)
{
	union {
		const void *in;
		uint8_t *out;
	} bytes = { .in = of.data };
	return (struct pki_buf){ .data = bytes.out, .len = of.len };
}

static void
add_officers(struct pki_json *detail, const struct facts *facts)
{
	struct pki_json list = pki_json_array();
	for (size_t i = 0; i < facts->officer_count; i++)
		pki_json_append_serial(&list, &facts->officers[i]);
	pki_json_nest(detail, "officers", &list);
}

static enum pki_status
add_certificates(struct pki_json *detail, const struct job *job, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_free) struct pki_json list = pki_json_array();
	for (size_t i = 0; i < job->facts.cert_count; i++) {
		char digest[PKI_SHA256_HEX];
		PKI_TRY(pki_sha256_hex(job->facts.certs[i].der.data,
			job->facts.certs[i].der.len, digest, err));
		struct pki_json item = pki_json_object();
		pki_json_text(&item, "profile", job->facts.certs[i].profile);
		pki_json_serial(&item, "serial", &job->facts.certs[i].serial);
		pki_json_text(&item, "digest", digest);
		pki_json_append(&list, &item);
	}
	pki_json_nest(detail, "certificates", &list);
	return PKI_OK;
}

/* The revoked certificates: of a revocation, or the one that a renewal replaces. Of a
 * repeated report the reason has no effect, and is not recorded. */
static void
add_revocation_detail(struct pki_json *detail, const struct job *job)
{
	const struct facts *facts = &job->facts;
	struct pki_json serials = pki_json_array();
	for (size_t i = 0; i < job->target_count; i++)
		pki_json_append_serial(&serials, &job->targets[i].serial);
	if (!job->repeated)
		pki_json_text(detail, "reason", pki_reason_name(facts->reason));
	pki_json_msec(detail, "reported", facts->reported);
	pki_json_nest(detail, job->repeated ? "already" : "serials", &serials);
}

/* Appends the log entry of the order. */
static enum pki_status
log_order(struct writer *w, struct job *job, struct pki_err *err)
{
	static const char *const types[] = {
		[PKI_ACTION_ISSUE] = "certificate-issued",
		[PKI_ACTION_RENEW] = "certificate-renewed",
		[PKI_ACTION_REVOKE] = "certificate-revoked",
	};
	const struct facts *facts = &job->facts;
	const char *type = job->repeated ? "revocation-repeated"
					 : types[facts->order.action];
	char digest[PKI_SHA256_HEX], actor[PKI_SERIAL_TEXT];
	PKI_CLEANUP(pki_json_free) struct pki_json detail = pki_json_object();
	pki_hex_encode(facts->order.digest, sizeof facts->order.digest, digest);
	pki_serial_text(&facts->officers[facts->officer_count - 1], actor);
	pki_json_text(&detail, "order", facts->order.id);
	pki_json_text(&detail, "order_digest", digest);
	pki_json_text(&detail, "action", pki_action_name(facts->order.action));
	pki_json_text(&detail, "holder", facts->order.holder);
	if (facts->order.action == PKI_ACTION_ISSUE)
		pki_json_text(&detail, "invitation", facts->invitation.id);
	add_officers(&detail, facts);
	/* the cause of a revocation tells of a person's life: it stays in the order */
	if (facts->order.action != PKI_ACTION_REVOKE)
		PKI_TRY(add_certificates(&detail, job, err));
	if (job->target_count > 0)
		add_revocation_detail(&detail, job);
	return write_log(
		w, job, (struct pki_event){ .type = type, .actor = actor }, &detail, err);
}

static enum pki_status
add_order(struct writer *w, const struct job *job, struct pki_order_row *row,
	struct pki_err *err)
{
	row->committed = w->now;
	row->log_index = job->index;
	return pki_ledger_add_order(w->ledger, row, err);
}

static enum pki_status
add_certificate(struct writer *w, struct pki_cert_row *row, struct order_reply *reply,
	struct pki_err *err)
{
	const struct pki_profile *profile = pki_policy_profile(w->policy, row->profile);
	row->issued = w->now;
	if (profile != NULL && profile->issuer_urls)
		row->partition =
			pki_serial_partition(&row->serial, w->conf->ca_urls.partitions);
	PKI_TRY(pki_ledger_add_certificate(w->ledger, row, err));
	return order_reply_add_certificate(reply, row, err);
}

static enum pki_status
add_revocation(struct writer *w, const struct job *job, size_t i,
	struct order_reply *reply, struct pki_err *err)
{
	struct pki_revocation_row row = {
		.issuer = job->targets[i].issuer,
		.serial = job->targets[i].serial,
		.reason = job->facts.reason,
		.reported = job->facts.reported,
		.committed = w->now,
	};
	memcpy(row.order, job->facts.order.id, sizeof row.order);
	PKI_TRY(pki_ledger_add_revocation(w->ledger, &row, err));
	if (job->facts.order.action == PKI_ACTION_REVOKE)
		order_reply_add_revoked(
			reply, &job->targets[i].serial, job->targets[i].profile);
	return PKI_OK;
}

/* rule 121: after the person's last certificate was revoked. */
static enum pki_status
add_officer(struct writer *w, const struct facts *facts, struct pki_err *err)
{
	char person[PKI_PERSON_TEXT];
	pki_person_of(&facts->subject, person);
	if (facts->order.holder[0] != '\0' || person[0] == '\0')
		return PKI_OK;
	return pki_ledger_add_officer(w->ledger, facts->certs[0].id, person, err);
}

enum pki_status
write_order(struct writer *w, struct job *job, struct pki_err *err)
{
	struct facts *facts = &job->facts;
	pki_err_object(err, "%s", facts->order.id);
	PKI_TRY(log_order(w, job, err));
	facts->order.cms = borrow(job->body);
	PKI_TRY(add_order(w, job, &facts->order, err));
	if (facts->invitation.id[0] != '\0')
		PKI_TRY(add_order(w, job, &facts->invitation, err));
	PKI_CLEANUP(order_reply_free)
	struct order_reply reply = order_reply_begin(&facts->order);
	for (size_t i = 0; i < facts->cert_count; i++)
		PKI_TRY(add_certificate(w, &facts->certs[i], &reply, err));
	for (size_t i = 0; i < job->target_count; i++)
		PKI_TRY(job->repeated ? order_reply_add_already(&reply, w->ledger,
						&job->targets[i].serial, err)
				      : add_revocation(w, job, i, &reply, err));
	if (facts->cert_count > 0)
		PKI_TRY(add_officer(w, facts, err));
	if (facts->cert_count > 0 && job->target_count > 0)
		pki_json_serial(&reply.json, "replaced", &job->targets[0].serial);
	job->reply = order_reply_end(&reply);
	if (facts->order.action == PKI_ACTION_REVOKE && !job->repeated)
		pki_json_text(&job->reply, "reason", pki_reason_name(facts->reason));
	return PKI_OK;
}
