#include "ca/front/ledger_rules.h"

#include <string.h>

#include "ca/front/officer_rules.h"

enum pki_status
ledger_rules_unused(struct pki_ledger *ledger, const char *id, enum pki_rule rule,
	const char *what, struct pki_err *err)
{
	struct pki_order_row row = { 0 };
	bool found = false;
	PKI_TRY(pki_ledger_order(ledger, id, &row, &found, err));
	if (!found)
		return PKI_OK;
	char when[PKI_MSEC_TEXT];
	pki_msec_format(row.committed, when);
	pki_order_row_free(&row);
	return pki_refuse(
		err, rule, "%s %s was used at %s; it counts once", what, id, when);
}

/* rule 205 */
enum pki_status
ledger_rules_officers(struct pki_ledger *ledger, const struct pki_serial *serials,
	size_t count, struct pki_err *err)
{
	for (size_t i = 0; i < count; i++) {
		struct pki_cert_status cert = { 0 };
		char text[PKI_SERIAL_TEXT];
		pki_serial_text(&serials[i], text);
		PKI_TRY(pki_ledger_status(
			ledger, PKI_ISSUER_CA, &serials[i], &cert, err));
		if (!cert.issued)
			return pki_refuse(err, PKI_RULE_OFFICER_STATUS,
				"certificate %s of a signer is not in the ledger", text);
		if (cert.revoked)
			return pki_refuse(err, PKI_RULE_OFFICER_STATUS,
				"certificate %s of a signer is revoked; another officer must sign",
				text);
	}
	return PKI_OK;
}

static enum pki_status
check_keys(struct pki_ledger *ledger, const struct facts *facts, struct pki_err *err)
{
	for (size_t i = 0; i < facts->cert_count; i++) {
		bool certified = false, blocked = false;
		PKI_TRY(pki_ledger_key_known(
			ledger, facts->certs[i].key_hash, &certified, &blocked, err));
		if (blocked)
			return pki_refuse(err, PKI_RULE_WEAK_KEY,
				"the key for %s was revoked and is blocked for ever; make a new one",
				facts->certs[i].profile);
		if (certified)
			return pki_refuse(err, PKI_RULE_REKEY,
				"the key for %s was certified before; each certificate needs a new key",
				facts->certs[i].profile);
	}
	return PKI_OK;
}

static enum pki_status
check_name(struct pki_ledger *ledger, const struct facts *facts, struct pki_err *err)
{
	struct pki_name_use use;
	PKI_TRY(pki_ledger_name_use(
		ledger, facts->certs[0].name_key, facts->order.holder, &use, err));
	if (use.other[0] == '\0')
		return PKI_OK;
	return pki_refuse(err, PKI_RULE_DN_REASSIGNED,
		use.own ? "an earlier version gave this name also to holder %s; the certificates can only be revoked, and the person applies with another document"
			: "the name belongs to holder %s; a name never goes to another person",
		use.other);
}

/* rule 109; a holder whose identifier an earlier version gave to others, too, gets no more
 * certificates for this identifier. */
static enum pki_status
check_identifier(
	struct pki_ledger *ledger, const struct facts *facts, struct pki_err *err)
{
	struct pki_identifier_use use;
	if (facts->order.holder[0] == '\0')
		return PKI_OK;
	PKI_TRY(pki_ledger_identifier_use(
		ledger, facts->certs[0].identifier, facts->order.holder, &use, err));
	if (use.other[0] == '\0')
		return PKI_OK;
	return pki_refuse(err, PKI_RULE_IDENTIFIER,
		use.own ? "the identifier in the serialNumber was given to holder %s, too; it is certified no more: use another document"
			: "the identifier in the serialNumber belongs to holder %s; for this person order for that holder, else use another document",
		use.other);
}

struct history {
	struct pki_ledger *ledger;
	const struct facts *facts;
};

/* Orders made before a report of loss are refused after the report. */
static enum pki_status
older_than_revocation(void *ctx, const struct pki_cert_row *row, struct pki_err *err)
{
	const struct history *history = ctx;
	if (!row->revoked || row->revoked_at < history->facts->created)
		return PKI_OK;
	return pki_refuse(err, PKI_RULE_ORDER_AGE,
		"certificates of holder %s were revoked after this order was made; identify the person again and make another",
		history->facts->order.holder);
}

static enum pki_status
renewed(struct pki_ledger *ledger, const struct pki_cert_row *row, bool *out,
	struct pki_err *err)
{
	struct pki_order_row order = { 0 };
	*out = false;
	if (row->order[0] == '\0')
		return PKI_OK;
	PKI_TRY(pki_ledger_order(ledger, row->order, &order, NULL, err));
	*out = order.action == PKI_ACTION_RENEW;
	pki_order_row_free(&order);
	return PKI_OK;
}

/* The newest certificates decide. After a renewal the next certificates need a new
 * identification. */
static enum pki_status
last_was_renewal(void *ctx, const struct pki_cert_row *row, struct pki_err *err)
{
	struct history *history = ctx;
	struct pki_cert_row predecessor = { 0 };
	bool by_renewal = false;
	PKI_TRY(renewed(history->ledger, row, &by_renewal, err));
	if (!by_renewal)
		return PKI_OK;
	PKI_TRY(pki_ledger_certificate(history->ledger, PKI_ISSUER_CA,
		&history->facts->serials[0], &predecessor, NULL, err));
	bool newer = row->id >= predecessor.id;
	pki_cert_row_free(&predecessor);
	if (newer)
		return pki_refuse(err, PKI_RULE_RENEWAL,
			"these certificates were renewed once; the next ones need a new identification (an issue order)");
	return PKI_OK;
}

/* Certificates issued as a pair are renewed as a pair. */
static enum pki_status
not_revoked(void *ctx, const struct pki_cert_row *row, struct pki_err *err)
{
	(void)ctx;
	if (!row->revoked)
		return PKI_OK;
	char text[PKI_SERIAL_TEXT];
	pki_serial_text(&row->serial, text);
	return pki_refuse(err, PKI_RULE_RENEWAL,
		"%s is revoked; after a revocation the person is identified as at first",
		text);
}

/* The order may spell the name in another way than the predecessor: composed letters. */
static bool
same_name(const struct pki_cert_row *row, const struct facts *facts)
{
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *cert = NULL;
	struct pki_name name;
	uint8_t key[PKI_SHA256];
	if (memcmp(row->name_hash, facts->certs[0].name_hash, sizeof row->name_hash) == 0)
		return true;
	return pki_cert_parse(pki_buf_bytes(&row->der), &cert, NULL) == PKI_OK &&
	       pki_cert_subject(cert, &name, NULL) == PKI_OK &&
	       pki_name_key(&name, key, NULL) == PKI_OK &&
	       memcmp(key, facts->certs[0].name_key, sizeof key) == 0;
}

static enum pki_status
check_predecessor(struct pki_ledger *ledger, const struct facts *facts,
	const struct pki_serial *serial, pki_msec now, struct pki_err *err)
{
	struct pki_cert_row row = { 0 };
	char text[PKI_SERIAL_TEXT];
	pki_serial_text(serial, text);
	PKI_TRY(pki_ledger_certificate(ledger, PKI_ISSUER_CA, serial, &row, NULL, err));
	enum pki_status status = PKI_OK;
	if (strcmp(row.holder, facts->order.holder) != 0)
		status =
			pki_refuse(err, PKI_RULE_RENEWAL, "%s is another holder's", text);
	else if (row.not_after < now / 1000)
		status = pki_refuse(err, PKI_RULE_RENEWAL,
			"%s has expired; the person is identified as at first", text);
	else if (!same_name(&row, facts))
		status = pki_refuse(err, PKI_RULE_RENEWAL,
			"%s bears another name; a changed name is verified as at first",
			text);
	else
		status = pki_ledger_by_order(ledger, row.order, not_revoked, NULL, err);
	pki_cert_row_free(&row);
	return status;
}

/* rule 37 */
static enum pki_status
check_ca(struct pki_ledger *ledger, const struct pki_cert *ca, struct pki_err *err)
{
	struct pki_cert_status cert = { 0 };
	PKI_TRY(pki_ledger_status(
		ledger, PKI_ISSUER_ROOT, pki_cert_get0_serial(ca), &cert, err));
	if (cert.revoked)
		return pki_refuse(err, PKI_RULE_CA_REVOKED,
			"the CA's own certificate is revoked; it issues no more");
	return PKI_OK;
}

static enum pki_status
check_certify(struct pki_ledger *ledger, const struct pki_cert *ca, pki_msec now,
	const struct facts *facts, struct pki_err *err)
{
	struct history history = { ledger, facts };
	bool of_holder = facts->order.holder[0] != '\0';
	PKI_TRY(check_ca(ledger, ca, err));
	if (facts->order.action == PKI_ACTION_RENEW && of_holder) {
		if (facts->serial_count == 0)
			return pki_refuse(
				err, PKI_RULE_RENEWAL, "the order names no predecessor");
		for (size_t i = 0; i < facts->serial_count; i++)
			PKI_TRY(check_predecessor(
				ledger, facts, &facts->serials[i], now, err));
		PKI_TRY(pki_ledger_by_holder(
			ledger, facts->order.holder, last_was_renewal, &history, err));
	}
	if (of_holder)
		PKI_TRY(pki_ledger_by_holder(ledger, facts->order.holder,
			older_than_revocation, &history, err));
	PKI_TRY(check_identifier(ledger, facts, err));
	PKI_TRY(check_name(ledger, facts, err));
	return check_keys(ledger, facts, err);
}

/* Do the signers meet the rule's needs, if each person counts once? */
static bool
met(const struct pki_order_rule *rule, const struct facts *facts)
{
	bool taken[PKI_CMS_SIGNERS_MAX] = { false };
	for (size_t n = 0; n < rule->need_count; n++) {
		int found = 0;
		for (size_t i = 0;
			i < facts->officer_count && found < rule->needs[n].count; i++)
			if (!taken[i] && (rule->needs[n].roles & facts->roles[i]) != 0) {
				taken[i] = true;
				found++;
			}
		if (found < rule->needs[n].count)
			return false;
	}
	return true;
}

static bool
covers(const struct pki_order_rule *rule, const char *profile)
{
	for (size_t i = 0; i < rule->profile_count; i++)
		if (strcmp(rule->profiles[i], profile) == 0)
			return true;
	return false;
}

/* rule 201 for each certificate to revoke: the signer checks roles without the
 * certificate's profile, which only the ledger knows. */
static enum pki_status
check_entitled(const struct pki_policy *policy, const struct facts *facts,
	const char *profile, struct pki_err *err)
{
	for (size_t i = 0; i < policy->order_count; i++) {
		const struct pki_order_rule *rule = &policy->orders[i];
		if (rule->action == PKI_ACTION_REVOKE && covers(rule, profile) &&
			met(rule, facts))
			return PKI_OK;
	}
	return pki_refuse(err, PKI_RULE_ROLE,
		"these officers may not revoke a certificate of profile %s (rules.yaml orders)",
		profile);
}

/* rule 51, RFC 5280 5.3.1: cACompromise is for certificates issued by the root,
 * keyCompromise for all further certificates. */
static enum pki_status
check_reason(enum pki_reason reason, const struct pki_cert_row *row, struct pki_err *err)
{
	bool of_ca = row->issuer == PKI_ISSUER_ROOT;
	if (reason == (of_ca ? PKI_REASON_KEY_COMPROMISE : PKI_REASON_CA_COMPROMISE))
		return pki_refuse(err, PKI_RULE_CRL_REASON,
			"%s is no reason for a certificate of profile %s",
			pki_reason_name(reason), row->profile);
	return PKI_OK;
}

struct gather {
	const struct pki_policy *policy;
	struct job *job;
	pki_time now;
	bool repeated; /* gathers the certificates that are revoked already */
	bool revoked; /* a revoked certificate was left out */
	pki_msec oldest; /* when the oldest of the certificates was made */
};

static enum pki_status
add_target(void *ctx, const struct pki_cert_row *row, struct pki_err *err)
{
	struct gather *gather = ctx;
	struct job *job = gather->job;
	gather->revoked |= row->revoked;
	if (gather->repeated ? !row->revoked
			     : row->revoked || row->not_after < gather->now)
		return PKI_OK;
	for (size_t i = 0; i < job->target_count; i++)
		if (pki_serial_compare(&job->targets[i].serial, &row->serial) == 0)
			return PKI_OK;
	PKI_TRY(check_entitled(gather->policy, &job->facts, row->profile, err));
	PKI_TRY(check_reason(job->facts.reason, row, err));
	if (job->target_count == TARGETS_MAX)
		return pki_fail(err, PKI_LIMIT, "more than %d certificates in one order",
			TARGETS_MAX);
	struct target *target = &job->targets[job->target_count++];
	target->issuer = row->issuer;
	target->serial = row->serial;
	memcpy(target->profile, row->profile, sizeof target->profile);
	if (job->target_count == 1 || row->issued < gather->oldest)
		gather->oldest = row->issued;
	return PKI_OK;
}

static enum pki_status
add_serial(struct pki_ledger *ledger, struct gather *gather,
	const struct pki_serial *serial, struct pki_err *err)
{
	struct pki_cert_row row = { 0 };
	PKI_TRY(pki_ledger_issued(ledger, serial, &row, NULL, err));
	enum pki_status status = PKI_OK;
	if (strcmp(row.holder, gather->job->facts.order.holder) != 0)
		status = pki_refuse(err, PKI_RULE_REVOCATION,
			"the certificate is not of the holder whom the order names");
	else
		status = add_target(gather, &row, err);
	pki_cert_row_free(&row);
	return status;
}

/* Rule 47: a report of loss revokes all of the holder's certificates in one
 * transaction. */
static enum pki_status
gather_targets(struct pki_ledger *ledger, struct gather *gather, struct pki_err *err)
{
	const struct facts *facts = &gather->job->facts;
	gather->job->target_count = 0;
	for (size_t i = 0; i < facts->serial_count; i++)
		PKI_TRY(add_serial(ledger, gather, &facts->serials[i], err));
	if (facts->order.holder[0] == '\0' ||
		(!facts->whole_holder && facts->serial_count != 0))
		return PKI_OK;
	return pki_ledger_by_holder(ledger, facts->order.holder, add_target, gather, err);
}

/* The receipt says when the loss was reported: not before there was something to lose. */
static enum pki_status
check_reported(const struct gather *gather, struct pki_err *err)
{
	char reported[PKI_MSEC_TEXT], oldest[PKI_MSEC_TEXT];
	pki_msec at = gather->job->facts.reported;
	/* a client with the same implausible clock reports at any time */
	if (at == 0 || gather->job->any_time || at + PKI_CLOCK_SKEW_MS >= gather->oldest)
		return PKI_OK;
	pki_msec_format(at, reported);
	pki_msec_format(gather->oldest, oldest);
	return pki_refuse(err, PKI_RULE_REVOCATION,
		"reported %s, before the oldest of the certificates was made, %s; correct the time of the report",
		reported, oldest);
}

/* A report about certificates that are all revoked already is recorded: a client that
 * lost the reply to its order finds that order, and a later report has its evidence. */
static enum pki_status
check_revoke(struct pki_ledger *ledger, const struct pki_policy *policy, pki_msec now,
	struct job *job, struct pki_err *err)
{
	struct gather gather = { .policy = policy, .job = job, .now = now / 1000 };
	PKI_TRY(gather_targets(ledger, &gather, err));
	gather.repeated = job->target_count == 0 && gather.revoked;
	if (gather.repeated)
		PKI_TRY(gather_targets(ledger, &gather, err));
	job->repeated = gather.repeated;
	if (job->target_count == 0)
		return pki_fail(err, PKI_NOTFOUND, "holder %s has no valid certificate",
			job->facts.order.holder);
	PKI_TRY(check_reported(&gather, err));
	return gather.repeated ? PKI_OK
			       : officer_rules_revoke(ledger, policy, now, job, err);
}

enum pki_status
ledger_rules_check(struct pki_ledger *ledger, const struct pki_policy *policy,
	const struct pki_cert *ca, pki_msec now, struct job *job, struct pki_err *err)
{
	const struct facts *facts = &job->facts;
	pki_err_object(err, "%s", facts->order.id);
	PKI_TRY(ledger_rules_unused(
		ledger, facts->order.id, PKI_RULE_ORDER_USED, "order", err));
	PKI_TRY(ledger_rules_officers(
		ledger, facts->officers, facts->officer_count, err));
	if (facts->invitation.id[0] != '\0') {
		PKI_TRY(ledger_rules_unused(ledger, facts->invitation.id,
			PKI_RULE_INVITATION, "invitation", err));
		PKI_TRY(ledger_rules_officers(
			ledger, facts->inviters, facts->inviter_count, err));
	}
	switch (facts->order.action) {
	case PKI_ACTION_ISSUE:
	case PKI_ACTION_RENEW:
		PKI_TRY(check_certify(ledger, ca, now, facts, err));
		return officer_rules_issue(ledger, policy, now, job, err);
	case PKI_ACTION_REVOKE:
		return check_revoke(ledger, policy, now, job, err);
	case PKI_ACTION_INVITE:
		return pki_refuse(err, PKI_RULE_ORDER_FORM,
			"an invitation is not sent by itself: it rides in an issue order");
	case PKI_ACTION_ERASE:
		return pki_refuse(err, PKI_RULE_ORDER_FORM,
			"personal data lies in the RA's store alone: pki-ra erase");
	}
	return pki_fail(err, PKI_INTERNAL, "action %d", (int)facts->order.action);
}

static bool
share_key(const struct facts *a, const struct facts *b)
{
	for (size_t i = 0; i < a->cert_count; i++)
		for (size_t k = 0; k < b->cert_count; k++)
			if (memcmp(a->certs[i].key_hash, b->certs[k].key_hash,
				    PKI_SHA256) == 0)
				return true;
	return false;
}

static bool
share_identifier(const struct facts *a, const struct facts *b)
{
	return a->certs[0].identifier[0] != '\0' &&
	       strcmp(a->certs[0].identifier, b->certs[0].identifier) == 0;
}

bool
ledger_rules_conflict(const struct facts *a, const struct facts *b)
{
	/* an officer who goes, comes, or gets another certificate may affect every later
	 * order */
	if (a->order.holder[0] == '\0')
		return true;
	if (strcmp(a->order.id, b->order.id) == 0 ||
		(a->order.holder[0] != '\0' &&
			strcmp(a->order.holder, b->order.holder) == 0) ||
		(a->invitation.id[0] != '\0' &&
			strcmp(a->invitation.id, b->invitation.id) == 0))
		return true;
	return a->cert_count > 0 && b->cert_count > 0 &&
	       (memcmp(a->certs[0].name_key, b->certs[0].name_key, PKI_SHA256) == 0 ||
		       share_identifier(a, b) || share_key(a, b));
}
