#include "ca/signer/signer_orders_priv.h"

#include <string.h>

#include "ca/clock.h"
#include "ca/signer/signer_clock_priv.h"
#include "ca/signer/signer_crl_priv.h"
#include "ca/signer/signer_history_priv.h"
#include "libpki/x509/certify.h"

static void
drop_one(struct pending *p)
{
	pki_decision_free(&p->decision);
	pki_order_close(&p->order);
	for (size_t c = 0; c < PKI_COUNT(p->facts.certs); c++)
		pki_cert_row_free(&p->facts.certs[c]);
	*p = (struct pending){ 0 };
}

static void
drop_pending(struct signer_state *s)
{
	for (size_t i = 0; i < s->pending_count; i++)
		drop_one(&s->pending[i]);
	s->pending_count = 0;
}

static void
copy_signers(
	struct facts *facts, const struct pki_policy *policy, const struct pki_cms *cms)
{
	for (size_t i = 0; i < cms->signer_count; i++) {
		const struct pki_cert *cert = cms->signers[i].cert;
		facts->officers[i] = *pki_cert_get0_serial(cert);
		facts->roles[i] = pki_policy_role(policy, cert);
	}
	facts->officer_count = cms->signer_count;
}

static void
copy_order(struct facts *facts, const struct pki_order *order)
{
	memcpy(facts->order.id, order->id, sizeof facts->order.id);
	memcpy(facts->order.holder, order->holder, sizeof facts->order.holder);
	facts->order.action = order->action;
	memcpy(facts->cause, order->cause, sizeof facts->cause);
	facts->created = order->created;
	facts->reported = order->reported;
	memcpy(facts->serials, order->serials, sizeof facts->serials);
	facts->serial_count = order->serial_count;
}

static void
copy_invitation(struct facts *facts, const struct pki_signed_order *invitation)
{
	if (invitation == NULL)
		return;
	facts->invitation.action = PKI_ACTION_INVITE;
	memcpy(facts->invitation.id, invitation->order.id, sizeof facts->invitation.id);
	memcpy(facts->invitation.digest, invitation->digest, PKI_SHA256);
	for (size_t i = 0; i < invitation->cms.signer_count; i++)
		facts->inviters[i] =
			*pki_cert_get0_serial(invitation->cms.signers[i].cert);
	facts->inviter_count = invitation->cms.signer_count;
}

/* The row of a certificate to be made. */
static enum pki_status
decided_certificate(struct pki_cert_row *row, const struct pki_order *order,
	const struct pki_decision *decision, size_t i, struct pki_err *err)
{
	row->issuer = PKI_ISSUER_CA;
	memcpy(row->order, order->id, sizeof row->order);
	memcpy(row->holder, order->holder, sizeof row->holder);
	row->document_end = order->document_end;
	const char *profile = decision->certs[i].profile->name;
	memcpy(row->profile, profile, sizeof row->profile);
	row->not_before = decision->certs[i].not_before;
	row->not_after = decision->certs[i].not_after;
	PKI_TRY(pki_name_hash(&order->subject, row->name_hash, err));
	pki_name_identifier(&order->subject, row->identifier);
	PKI_TRY(pki_name_key(&order->subject, row->name_key, err));
	PKI_TRY(pki_key_hash(
		pki_csr_get0_key(decision->certs[i].csr), row->key_hash, err));
	return pki_serial_random(&row->serial, err);
}

static enum pki_status
copy_decision(struct facts *facts, const struct pki_order *order,
	const struct pki_decision *decision, struct pki_err *err)
{
	facts->reason = decision->reason;
	facts->whole_holder = decision->whole_holder;
	facts->cert_count = decision->cert_count;
	facts->subject = order->subject;
	for (size_t i = 0; i < decision->cert_count; i++)
		PKI_TRY(decided_certificate(&facts->certs[i], order, decision, i, err));
	return PKI_OK;
}

/* rule 205, as far as the signer knows without a ledger: no signer's certificate is on a CRL. */
static enum pki_status
check_unlisted(
	const struct signer_state *s, const struct pki_cms *cms, struct pki_err *err)
{
	for (size_t i = 0; i < cms->signer_count; i++) {
		const struct pki_serial *serial =
			pki_cert_get0_serial(cms->signers[i].cert);
		char text[PKI_SERIAL_TEXT];
		pki_serial_text(serial, text);
		if (signer_has_listed(s, serial))
			return pki_refuse(err, PKI_RULE_OFFICER_STATUS,
				"certificate %s of a signer is revoked; another officer must sign",
				text);
	}
	return PKI_OK;
}

/* rule 46: after a revocation the person is identified as at first. */
static enum pki_status
check_predecessors(
	const struct signer_state *s, const struct pki_order *order, struct pki_err *err)
{
	for (size_t i = 0; i < order->serial_count; i++) {
		char text[PKI_SERIAL_TEXT];
		pki_serial_text(&order->serials[i], text);
		if (order->action == PKI_ACTION_RENEW &&
			signer_has_listed(s, &order->serials[i]))
			return pki_refuse(err, PKI_RULE_RENEWAL,
				"%s is revoked; after a revocation the person is identified as at first",
				text);
	}
	return PKI_OK;
}

/* Each order counts once. The same order again, whose commit failed: the same certificates. */
static enum pki_status
check_once(const struct signer_state *s, struct facts *facts, struct pki_err *err)
{
	const struct facts *before = NULL;
	if (facts->cert_count == 0)
		return PKI_OK;
	PKI_TRY(history_recall(s, facts, &before, err));
	for (size_t i = 0; before != NULL && i < before->cert_count; i++) {
		facts->certs[i] = before->certs[i];
		facts->certs[i].der = (struct pki_buf){ 0 };
	}
	return PKI_OK;
}

/* rules 53, 55: no list could say so any more. */
static enum pki_status
check_not_ended(const struct signer_state *s, struct pki_err *err)
{
	if (s->tx.last.made[0] != PKI_CRL_LAST)
		return PKI_OK;
	return pki_refuse(err, PKI_RULE_CRL_LAST,
		"the CA's last CRL is made; it certifies and revokes nothing more");
}

static enum pki_status
decide_at(struct signer_state *s, pki_msec now, struct pending *p, struct pki_bytes cms,
	struct pki_err *err)
{
	struct facts *facts = &p->facts;
	enum pki_status status =
		pki_order_open(cms, s->ca, now / 1000, s->cache, &p->order, err);
	memcpy(facts->order.digest, p->order.digest, sizeof facts->order.digest);
	PKI_TRY(status);
	const struct pki_order *order = &p->order.order;
	pki_err_object(err, "%s", order->id);
	copy_order(facts, order);
	copy_signers(facts, s->policy, &p->order.cms);
	PKI_TRY(check_not_ended(s, err));
	PKI_TRY(check_unlisted(s, &p->order.cms, err));
	const struct pki_case c = { .policy = s->policy,
		.order = &p->order,
		.issuer = s->ca,
		.now = now,
		.cache = s->cache };
	PKI_TRY(pki_decide(&c, &p->decision, err));
	copy_invitation(facts, p->decision.invitation);
	if (p->decision.invitation != NULL)
		PKI_TRY(check_unlisted(s, &p->decision.invitation->cms, err));
	PKI_TRY(check_predecessors(s, order, err));
	PKI_TRY(copy_decision(facts, order, &p->decision, err));
	return check_once(s, facts, err);
}

/* With an implausible clock only revocations are carried out. They come from clients whose
 * clocks are right, or from this machine. */
static enum pki_status
decide_one(struct signer_state *s, struct pending *p, struct pki_bytes cms,
	struct pki_err *err)
{
	pki_msec now = 0;
	bool right = signer_clock(s, &now);
	struct pki_err own = { 0 }, again = { 0 };
	enum pki_status status = decide_at(s, now, p, cms, &own);
	if (!right && own.status != PKI_OK) {
		drop_one(p);
		status = decide_at(s, s->clock.wall, p, cms, &again);
	}
	if (!right && status == PKI_OK && p->order.order.action != PKI_ACTION_REVOKE)
		return clock_implausible(now, s->clock.wall, err);
	p->ready = status == PKI_OK;
	return status == PKI_OK ? PKI_OK : pki_err_move(err, &own);
}

/* A refused order gets a reply with facts too, as far as known: the front logs the refusal. */
enum pki_status
signer_decide(struct signer_state *s, struct pki_bytes fields, struct pki_err *err)
{
	drop_pending(s);
	while (fields.len > 0) {
		struct pki_bytes cms;
		PKI_TRY(ipc_get(&fields, IPC_BYTES, &cms, err));
		if (s->pending_count == IPC_BATCH_MAX)
			return pki_fail(err, PKI_LIMIT,
				"more than %d orders in one batch", IPC_BATCH_MAX);
		struct pending *p = &s->pending[s->pending_count++];
		struct pki_err own = { 0 };
		enum pki_status status = decide_one(s, p, cms, &own);
		PKI_TRY(ipc_put(&s->reply, IPC_STRUCT, &p->facts, sizeof p->facts, err));
		if (status != PKI_OK) {
			PKI_TRY(ipc_put(&s->reply, IPC_ERROR, &own, sizeof own, err));
			continue;
		}
		const struct pki_buf *invitation = &p->order.order.invitation;
		PKI_TRY(ipc_put(
			&s->reply, IPC_BYTES, invitation->data, invitation->len, err));
	}
	return PKI_OK;
}

static enum pki_status
sign_one(struct signer_state *s, struct pending *p, size_t i, struct pki_err *err)
{
	const struct pki_decision *decision = &p->decision;
	struct pki_cert_row *row = &p->facts.certs[i];
	struct pki_cert_spec spec = {
		.profile = decision->certs[i].profile,
		.urls = &s->conf->ca_urls,
		.subject = &p->order.order.subject,
		.key = pki_csr_get0_key(decision->certs[i].csr),
		.issuer = s->ca,
		.not_before = row->not_before,
		.not_after = row->not_after,
		.document_end = row->document_end,
		.serial = row->serial,
	};
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *cert = NULL;
	pki_err_object(err, "%s", p->facts.order.id);
	PKI_TRY(pki_certify(&spec, s->ca_key, &cert, err));
	struct pki_bytes der = pki_cert_get0_der(cert);
	return pki_buf_append(&row->der, der.data, der.len, err);
}

/* rule 214 */
static enum pki_status
check_quorum(const struct signer_state *s, const struct pending *p, struct pki_err *err)
{
	bool concerned = false;
	for (size_t c = 0; c < p->decision.cert_count; c++)
		concerned = concerned || quorum_concerns(p->decision.certs[c].profile);
	pki_err_object(err, "%s", p->facts.order.id);
	return concerned ? quorum_check(&s->quorum, s->conf, s->policy, err) : PKI_OK;
}

static enum pki_status
put_certificates(struct signer_state *s, const struct facts *facts, struct pki_err *err)
{
	for (size_t c = 0; c < facts->cert_count; c++)
		PKI_TRY(ipc_put(&s->reply, IPC_BYTES, facts->certs[c].der.data,
			facts->certs[c].der.len, err));
	return PKI_OK;
}

static enum pki_status
sign_all(struct signer_state *s, struct pending *p, struct pki_err *err)
{
	const struct facts *before = NULL;
	if (p->facts.cert_count == 0)
		return PKI_OK;
	PKI_TRY(history_recall(s, &p->facts, &before, err));
	for (size_t c = 0; before == NULL && c < p->facts.cert_count; c++)
		PKI_TRY(sign_one(s, p, c, err));
	PKI_TRY(history_keep(s, &p->facts, &before, err));
	return put_certificates(s, before, err);
}

enum pki_status
signer_sign(struct signer_state *s, struct pki_bytes fields, struct pki_err *err)
{
	uint64_t mask;
	bool signing = false;
	PKI_TRY(ipc_get_number(&fields, &mask, err));
	PKI_TRY(ipc_end(fields, err));
	for (size_t i = 0; i < s->pending_count; i++) {
		struct pending *p = &s->pending[i];
		if ((mask >> i & 1) == 0)
			continue;
		if (!p->ready)
			return pki_fail(
				err, PKI_STATE, "order %zu of the batch was refused", i);
		struct pki_err own = { 0 };
		enum pki_status status = check_quorum(s, p, &own);
		signing = signing || status == PKI_OK;
		if (status == PKI_OK)
			status = sign_all(s, p, &own);
		if (status != PKI_OK)
			PKI_TRY(ipc_put(&s->reply, IPC_ERROR, &own, sizeof own, err));
	}
	s->quorum.issuing = s->quorum.issuing || signing;
	drop_pending(s);
	return PKI_OK;
}
