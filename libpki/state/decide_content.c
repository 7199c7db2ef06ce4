#include <stdio.h>
#include <string.h>

#include "libpki/state/decide_priv.h"
#include "libpki/x509/person.h"

/* The prefix of all names in a test installation. */
#define TEST_PREFIX "TEST "

/* All certificates of an order are of one kind: holders', or officers' and services'. */
static bool
is_holder(const struct pki_decision *d)
{
	return pki_kind_is_holder(d->certs[0].profile->kind);
}

static enum pki_status
find_profiles(const struct pki_case *c, struct pki_decision *out, struct pki_err *err)
{
	const struct pki_order *order = &c->order->order;
	for (size_t i = 0; i < order->cert_count; i++) {
		const char *name = order->certs[i].profile;
		bool ruled = false;
		for (size_t j = 0; j < out->rule->profile_count; j++)
			ruled = ruled || strcmp(out->rule->profiles[j], name) == 0;
		if (!ruled)
			return pki_refuse(err, PKI_RULE_ROLE,
				"%s and %s are not ordered together; write two orders",
				order->certs[0].profile, name);
		out->certs[i].profile = pki_policy_profile(c->policy, name);
	}
	out->cert_count = order->cert_count;
	if (!is_holder(out) && out->cert_count != 1)
		return pki_refuse(err, PKI_RULE_RECORD,
			"%zu certificates for an officer or service; order one at a time",
			out->cert_count);
	if (is_holder(out) &&
		(out->cert_count != 2 ||
			out->certs[0].profile->kind == out->certs[1].profile->kind))
		return pki_refuse(err, PKI_RULE_DISTINCT_KEYS,
			"a holder has two certificates, one for authentication and one for signature; order both, each once");
	return PKI_OK;
}

/* rules 35, 43, 45, 208: the registration's record. */
static enum pki_status
check_record(
	const struct pki_case *c, const struct pki_order_rule *rule, struct pki_err *err)
{
	const struct pki_order *order = &c->order->order;
	if (order->holder[0] == '\0' || order->application[0] == '\0')
		return pki_refuse(err, PKI_RULE_RECORD,
			"names no %s; the record binds the person, the application and the keys",
			order->holder[0] == '\0' ? "holder" : "application");
	bool known = false;
	for (size_t i = 0; i < rule->method_count; i++)
		known = known || strcmp(rule->methods[i], order->identity_method) == 0;
	if (!known)
		return pki_refuse(err, PKI_RULE_IDENTITY,
			"identity_method \"%s\" is not one of rules.yaml for this order; identify the person by one that is",
			order->identity_method);
	if (order->evidence_count == 0)
		return pki_refuse(err, PKI_RULE_REGISTRATION,
			"names no evidence; add the digest of each file that was looked at");
	if (order->requested == 0)
		return pki_refuse(err, PKI_RULE_REGISTRATION,
			"lacks the date of the applicant's request");
	pki_time age = c->now / 1000 - order->requested;
	if (age < -PKI_CLOCK_SKEW_MS / 1000)
		return pki_refuse(err, PKI_RULE_REQUEST_AGE,
			"the applicant's request is dated in the future; mend its date");
	/* until the last day is over */
	if (age >= c->policy->request_max_age + PKI_DAY)
		return pki_refuse(err, PKI_RULE_REQUEST_AGE,
			"the applicant's request is %lld days old; at most %lld; ask for a new one",
			(long long)(age / PKI_DAY),
			(long long)(c->policy->request_max_age / PKI_DAY));
	return PKI_OK;
}

/* rule 15: nobody, and no service, gets the CA's own name. */
static enum pki_status
check_not_the_cas(const struct pki_case *c, struct pki_err *err)
{
	uint8_t cas[PKI_SHA256], wanted[PKI_SHA256];
	struct pki_name name;
	if (!decide_binds(c, 2))
		return PKI_OK;
	PKI_TRY(pki_cert_subject(c->issuer, &name, err));
	PKI_TRY(pki_name_key(&name, cas, err));
	PKI_TRY(pki_name_key(&c->order->order.subject, wanted, err));
	if (memcmp(cas, wanted, sizeof cas) == 0)
		return pki_refuse(err, PKI_RULE_DN_REASSIGNED,
			"\"%s\" is the CA's own name; give the service another",
			name.common_name);
	return PKI_OK;
}

static enum pki_status
check_name(const struct pki_case *c, const struct pki_decision *d, struct pki_err *err)
{
	const struct pki_name *subject = &c->order->order.subject;
	bool natural = d->certs[0].profile->natural_person;
	/* the names of services come from configurations, which go on as they are */
	bool person = natural || (d->certs[0].profile->kind == PKI_KIND_OFFICER &&
					 d->certs[0].profile->role != PKI_ROLE_RESPONDER);
	PKI_TRY(person && decide_binds(c, 2) ? pki_name_check_new(subject, natural, err)
					     : pki_name_check(subject, natural, err));
	if (c->policy->test_names &&
		strncmp(subject->common_name, TEST_PREFIX, strlen(TEST_PREFIX)) != 0)
		return pki_refuse(err, PKI_RULE_SUBJECT,
			"common name \"%s\" does not start with \"" TEST_PREFIX
			"\", as every name of this installation does (test_names)",
			subject->common_name);
	return check_not_the_cas(c, err);
}

/* rule 121: an officer's certificate identifies a person. A service is no person. */
static enum pki_status
check_person(const struct pki_case *c, const struct pki_decision *d, struct pki_err *err)
{
	const struct pki_profile *profile = d->certs[0].profile;
	if (profile->kind != PKI_KIND_OFFICER || profile->role == PKI_ROLE_RESPONDER ||
		!decide_binds(c, 2))
		return PKI_OK;
	return pki_person_check(c->order->order.subject.serial_number, err);
}

/* The successor has the role and the person of the certificate that she replaces. */
static enum pki_status
check_replaced(
	const struct pki_case *c, const struct pki_decision *d, struct pki_err *err)
{
	struct pki_name old;
	bool same = false;
	if (d->replaced == NULL)
		return PKI_OK;
	PKI_TRY(pki_cert_subject(d->replaced, &old, err));
	PKI_TRY(pki_person_same(&old, &c->order->order.subject, &same, err));
	if (!same)
		return pki_refuse(err, PKI_RULE_RENEWAL,
			"\"%s\" is another person than \"%s\", whose certificate the order replaces; another person needs an order to issue",
			c->order->order.subject.common_name, old.common_name);
	if (pki_policy_role(c->policy, d->replaced) != d->certs[0].profile->role)
		return pki_refuse(err, PKI_RULE_STAFF,
			"%s is another role than that of the certificate to replace; end the old role first, then order the new one",
			d->certs[0].profile->name);
	return PKI_OK;
}

/* As version 1 of the rules compared: by the old hash. */
static enum pki_status
old_namesake(const struct pki_name *a, const struct pki_name *b, bool *same,
	struct pki_err *err)
{
	struct pki_name only = { 0 };
	uint8_t hash[2][PKI_SHA256];
	memcpy(only.common_name, a->common_name, sizeof only.common_name);
	PKI_TRY(pki_name_hash(&only, hash[0], err));
	memcpy(only.common_name, b->common_name, sizeof only.common_name);
	PKI_TRY(pki_name_hash(&only, hash[1], err));
	*same = memcmp(hash[0], hash[1], PKI_SHA256) == 0;
	return PKI_OK;
}

/* A signer is the subject if both are one person, or have one common name: a person who
 * shares the name of an officer needs another officer. */
static enum pki_status
is_own(const struct pki_case *c, const struct pki_cert *signer, bool *own,
	struct pki_err *err)
{
	const struct pki_name *subject = &c->order->order.subject;
	struct pki_name name;
	PKI_TRY(pki_cert_subject(signer, &name, err));
	if (!decide_binds(c, 2))
		return old_namesake(subject, &name, own, err);
	PKI_TRY(pki_person_namesake(subject, &name, own, err));
	if (*own)
		return PKI_OK;
	return pki_person_same(subject, &name, own, err);
}

/* rule 44. The signature of the old key, for a renewal, is none for the order. */
static enum pki_status
check_not_own(const struct pki_case *c, const struct pki_decision *d, struct pki_err *err)
{
	if (!is_holder(d) && d->certs[0].profile->kind != PKI_KIND_OFFICER)
		return PKI_OK;
	for (size_t i = 0; i < c->order->cms.signer_count; i++) {
		bool own = false;
		const struct pki_cert *signer = c->order->cms.signers[i].cert;
		if (signer == d->replaced)
			continue;
		PKI_TRY(is_own(c, signer, &own, err));
		if (own)
			return pki_refuse(err, PKI_RULE_OWN_SUBJECT,
				"\"%s\" signed an order for a certificate of that name or person; another officer must sign",
				c->order->order.subject.common_name);
	}
	return PKI_OK;
}

/* rules 43, 207 */
static enum pki_status
check_document(const struct pki_case *c, struct pki_err *err)
{
	const struct pki_order *order = &c->order->order;
	if (order->document_type[0] == '\0')
		return pki_refuse(err, PKI_RULE_DOCUMENT,
			"names no identity document; add the one that was looked at");
	const struct pki_document_rule *rule = NULL;
	for (size_t i = 0; i < c->policy->document_count; i++)
		if (strcmp(c->policy->documents[i].type, order->document_type) == 0)
			rule = &c->policy->documents[i];
	if (rule == NULL)
		return pki_refuse(err, PKI_RULE_DOCUMENT,
			"a %s is not an accepted document; see rules.yaml documents",
			order->document_type);
	if (order->document_end * 1000 <= c->now) {
		char end[PKI_TIME_TEXT];
		pki_time_format(order->document_end, end);
		return pki_refuse(err, PKI_RULE_DOCUMENT,
			"the %s expired %s; ask for a valid one", order->document_type,
			end);
	}
	if (strspn(order->document_country, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 2)
		return pki_refuse(err, PKI_RULE_DOCUMENT,
			"document country \"%s\" is not two capital letters",
			order->document_country);
	char prefix[8];
	snprintf(prefix, sizeof prefix, "%s%s-", rule->scheme, order->document_country);
	if (strncmp(order->subject.serial_number, prefix, strlen(prefix)) != 0)
		return pki_refuse(err, PKI_RULE_DOCUMENT,
			"serialNumber %s is not of the %s of %s; it starts with %s",
			order->subject.serial_number, order->document_type,
			order->document_country, prefix);
	return PKI_OK;
}

/* rule 211 */
static enum pki_status
check_terms(const struct pki_case *c, struct pki_err *err)
{
	const struct pki_order *order = &c->order->order;
	if (strcmp(order->terms_version, c->policy->terms_version) != 0 ||
		strcmp(order->terms_digest, c->policy->terms_digest) != 0)
		return pki_refuse(err, PKI_RULE_TERMS,
			"the applicant accepted terms \"%s\" (%.8s); in force are \"%s\" (%.8s); let the applicant accept these",
			order->terms_version, order->terms_digest,
			c->policy->terms_version, c->policy->terms_digest);
	return PKI_OK;
}

/* Every fault of an invitation is a breach of rule 206 by the order. */
static enum pki_status
refuse_invitation(struct pki_err *own, struct pki_err *err)
{
	if (own->status != PKI_INPUT && own->status != PKI_REFUSED &&
		own->status != PKI_OFFICER && own->status != PKI_LIMIT)
		return pki_err_move(err, own);
	char text[sizeof own->msg];
	pki_err_text(own, text, sizeof text);
	return pki_refuse(
		err, PKI_RULE_INVITATION, "the invitation is refused: %s", text);
}

static enum pki_status
check_invitation(const struct pki_case *c, const struct pki_signed_order *invite,
	struct pki_err *err)
{
	const struct pki_order *order = &c->order->order;
	const struct pki_order *in = &invite->order;
	if (in->action != PKI_ACTION_INVITE)
		return pki_refuse(err, PKI_RULE_INVITATION,
			"an order to %s stands where the invitation should",
			pki_action_name(in->action));
	struct pki_case inner = { c->policy, invite, c->issuer, c->now, c->cache,
		c->rules };
	struct pki_decision decided = { 0 };
	struct pki_err own = { 0 };
	if (decide_signers(&inner, &decided, &own) != PKI_OK)
		return refuse_invitation(&own, err);
	if (strcmp(in->authority, order->authority) != 0)
		return pki_refuse(err, PKI_RULE_INVITATION,
			"the invitation is to %s, the order is of %s", in->authority,
			order->authority);
	if (in->created > order->created)
		return pki_refuse(err, PKI_RULE_INVITATION,
			"the invitation was made after the order");
	if (in->expires * 1000 < order->created) {
		char end[PKI_TIME_TEXT];
		pki_time_format(in->expires, end);
		return pki_refuse(err, PKI_RULE_INVITATION,
			"the invitation expired %s, before the order was made; ask the department for a new one",
			end);
	}
	return PKI_OK;
}

/* rule 206 */
static enum pki_status
open_invitation(const struct pki_case *c, struct pki_decision *out, struct pki_err *err)
{
	const struct pki_buf *cms = &c->order->order.invitation;
	if (cms->len == 0) {
		if (!out->rule->invitation)
			return PKI_OK;
		return pki_refuse(err, PKI_RULE_INVITATION,
			"no invitation by a government department; attach the applicant's");
	}
	struct pki_err own = { 0 };
	out->invitation = calloc(1, sizeof *out->invitation);
	if (out->invitation == NULL)
		return pki_fail(err, PKI_MEMORY, "the invitation");
	if (pki_order_open(pki_buf_bytes(cms), c->issuer, c->now / 1000, c->cache,
		    out->invitation, &own) != PKI_OK)
		return refuse_invitation(&own, err);
	return check_invitation(c, out->invitation, err);
}

/* rule 4: notAfter is the earliest end that profile, document and issuer allow. */
static enum pki_status
set_dates(
	const struct pki_case *c, size_t i, struct pki_decision *out, struct pki_err *err)
{
	const struct pki_order *order = &c->order->order;
	pki_time from = c->now / 1000, asked = order->certs[i].not_after;
	pki_time limit = pki_profile_not_after(out->certs[i].profile, from);
	const char *whose = "the profile's longest validity";
	if (order->document_end != 0 && order->document_end < limit) {
		limit = order->document_end;
		whose = "the identity document's end";
	}
	if (pki_cert_not_after(c->issuer) < limit) {
		limit = pki_cert_not_after(c->issuer);
		whose = "the issuer's end";
	}
	char limit_text[PKI_TIME_TEXT], asked_text[PKI_TIME_TEXT];
	pki_time_format(limit, limit_text);
	pki_time_format(asked, asked_text);
	if (limit <= from)
		return pki_refuse(err, PKI_RULE_VALIDITY,
			"%s (%s) has passed; nothing can be issued", whose, limit_text);
	if (asked != 0 && (asked > limit || asked <= from))
		return pki_refuse(err, PKI_RULE_VALIDITY,
			"%s: notAfter %s is not between now and %s, %s; leave it out to get the longest",
			out->certs[i].profile->name, asked_text, limit_text, whose);
	out->certs[i].not_before = from;
	out->certs[i].not_after = asked != 0 ? asked : limit;
	return PKI_OK;
}

/* rules 10, 31, 39, 93, 94 */
static enum pki_status
check_keys(const struct pki_case *c, struct pki_decision *out, struct pki_err *err)
{
	for (size_t i = 0; i < out->cert_count; i++) {
		const struct pki_order_cert *cert = &c->order->order.certs[i];
		PKI_TRY(pki_csr_parse(
			pki_buf_bytes(&cert->csr), &out->certs[i].csr, err));
		const struct pki_key *key = pki_csr_get0_key(out->certs[i].csr);
		unsigned algs = out->certs[i].profile->key_algs;
		PKI_TRY(decide_binds(c, 2) ? pki_csr_check(out->certs[i].csr, algs, err)
					   : pki_key_check(key, algs, err));
		for (size_t j = 0; j < i; j++)
			if (pki_key_matches(key, pki_csr_get0_key(out->certs[j].csr)))
				return pki_refuse(err, PKI_RULE_DISTINCT_KEYS,
					"both requests hold the same key; make one key for each");
		for (size_t j = 0; j < c->order->cms.signer_count; j++)
			if (pki_key_matches(key,
				    pki_cert_get0_key(c->order->cms.signers[j].cert)))
				return pki_refuse(err, PKI_RULE_OWN_SUBJECT,
					"a request holds the key of an officer who signed");
	}
	return PKI_OK;
}

enum pki_status
decide_content(const struct pki_case *c, struct pki_decision *out, struct pki_err *err)
{
	PKI_TRY(find_profiles(c, out, err));
	PKI_TRY(check_name(c, out, err));
	PKI_TRY(check_person(c, out, err));
	PKI_TRY(check_replaced(c, out, err));
	PKI_TRY(check_not_own(c, out, err));
	if (is_holder(out)) {
		PKI_TRY(check_record(c, out->rule, err));
		PKI_TRY(check_terms(c, err));
	}
	if (out->rule->document || c->order->order.document_type[0] != '\0')
		PKI_TRY(check_document(c, err));
	PKI_TRY(open_invitation(c, out, err));
	for (size_t i = 0; i < out->cert_count; i++)
		PKI_TRY(set_dates(c, i, out, err));
	return check_keys(c, out, err);
}
