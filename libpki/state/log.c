#include "libpki/state/log.h"

#include <string.h>

/* The event types (ETSI EN 319 411-1 6.4.5), and the program that may log each type.
 * log(5) gives the members of the details. */
static const struct {
	const char *type;
	const char *source;
} events[] = {
	{ "application-approved", "pki-ra" },
	{ "application-rejected", "pki-ra" },
	{ "application-submitted", "pki-ra" },
	{ "application-verified", "pki-ra" },
	{ "ca-ended", "pki-ca" },
	{ "ca-started", "pki-ca" },
	{ "ca-stopped", "pki-ca" },
	{ "ceremony-completed", "pki-ca" },
	{ "certificate-accepted", "pki-ra" },
	{ "certificate-issued", "pki-ca" },
	{ "certificate-renewed", "pki-ca" },
	{ "certificate-revoked", "pki-ca" },
	{ "crl-issued", "pki-ca" },
	{ "crl-partitioned", "pki-ca" },
	{ "crl-published", "pki-ca" },
	{ "crl-service-started", "pki-crl" },
	{ "crl-service-stopped", "pki-crl" },
	{ "erasure-ordered", "pki-ra" },
	{ "holder-erased", "pki-ra" },
	{ "invitation-made", "pki-ra" },
	{ "issuing-failed", "pki-ca" },
	{ "login-failed", "pki-ra" },
	{ "order-refused", "pki-ca" },
	{ "policy-loaded", "pki-ca" },
	{ "responder-certificate-ordered", "pki-ocspd" },
	{ "responder-started", "pki-ocspd" },
	{ "responder-stopped", "pki-ocspd" },
	{ "revocation-repeated", "pki-ca" },
	{ "root-crl-recorded", "pki-ca" },
	{ "unissued-asked", "pki-ocspd" },
};

/* Objects within lists within an object: enough for the certificates of an order. */
#define DETAIL_DEPTH 3

const char *
pki_event_source(const char *type)
{
	for (size_t i = 0; i < PKI_COUNT(events); i++)
		if (strcmp(events[i].type, type) == 0)
			return events[i].source;
	return NULL;
}

bool
pki_event_known(const char *type)
{
	return pki_event_source(type) != NULL;
}

/* Identifiers, serials, digests, times, rule names and counts pass. Sentences and line
 * breaks do not pass, so that no value can look like a further line. */
static bool
is_plain(const char *text)
{
	size_t len = strspn(text,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:_-");
	return len < PKI_EVENT_WORD && text[len] == '\0';
}

static bool
detail_valid(const json_t *value, int depth)
{
	size_t i;
	const char *key;
	json_t *member;
	switch (json_typeof(value)) {
	case JSON_STRING:
		return is_plain(json_string_value(value));
	case JSON_INTEGER:
		return true;
	case JSON_ARRAY:
		json_array_foreach (value, i, member)
			if (depth == 0 || !detail_valid(member, depth - 1))
				return false;
		return true;
	case JSON_OBJECT:
		/* jansson's iterator takes no const */
		json_object_foreach ((json_t *)(uintptr_t)value, key, member)
			if (depth == 0 || !is_plain(key) ||
				!detail_valid(member, depth - 1))
				return false;
		return true;
	case JSON_REAL: /* no canonical form */
	case JSON_TRUE:
	case JSON_FALSE:
	case JSON_NULL:
		return false;
	}
	return false;
}

static enum pki_status
check_event(const struct pki_event *event, struct pki_err *err)
{
	const char *source = pki_event_source(event->type);
	if (source == NULL)
		return pki_fail_rule(err, PKI_INPUT, PKI_RULE_LOG_EVENT,
			"event type \"%s\" is not in the table of log(5)", event->type);
	if (strcmp(event->source, source) != 0)
		return pki_fail_rule(err, PKI_INPUT, PKI_RULE_LOG_EVENT,
			"%s is %s's to say, not %.40s's", event->type, source,
			event->source);
	if (strspn(event->actor, "0123456789abcdef") != strlen(event->actor) ||
		strlen(event->actor) >= PKI_SERIAL_TEXT)
		return pki_fail_rule(err, PKI_INPUT, PKI_RULE_LOG_EVENT,
			"the actor is an officer's serial in hex, or nobody");
	if (event->detail != NULL && (!json_is_object(event->detail) ||
					     !detail_valid(event->detail, DETAIL_DEPTH)))
		return pki_fail_rule(err, PKI_INPUT, PKI_RULE_LOG_EVENT,
			"the event's detail must be an object of words, integers, lists and objects of them; no text that could name a person");
	return PKI_OK;
}

static enum pki_status
encode(const struct pki_event *event, struct pki_buf *out, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_free) struct pki_json entry = pki_json_object();
	pki_json_text(&entry, "type", event->type);
	pki_json_text(&entry, "source", event->source);
	pki_json_text(&entry, "actor", event->actor);
	pki_json_msec(&entry, "at", event->at);
	pki_json_value(&entry, "detail",
		event->detail != NULL ? json_incref(event->detail) : json_object());
	PKI_TRY(pki_json_write(&entry, out, err));
	if (out->len > PKI_ENTRY_MAX)
		return pki_fail_rule(err, PKI_LIMIT, PKI_RULE_LOG_EVENT,
			"the event has %zu octets; the log takes %zu", out->len,
			PKI_ENTRY_MAX);
	return PKI_OK;
}

/* RFC 9162 2.1: adds the leaf's hash and the hash of every subtree that the leaf
 * completes. */
static enum pki_status
add_hashes(struct pki_ledger *ledger, uint64_t index, struct pki_bytes entry,
	struct pki_err *err)
{
	struct pki_hash hash, left;
	PKI_TRY(pki_merkle_leaf(entry, &hash, err));
	PKI_TRY(pki_ledger_add_hash(ledger, 0, index, &hash, err));
	for (unsigned level = 0; ((index >> level) & 1) != 0; level++) {
		PKI_TRY(pki_ledger_hash(ledger, level, (index >> level) - 1, &left, err));
		PKI_TRY(pki_merkle_node(&left, &hash, &hash, err));
		PKI_TRY(pki_ledger_add_hash(
			ledger, level + 1, index >> (level + 1), &hash, err));
	}
	return PKI_OK;
}

enum pki_status
pki_log_append(struct pki_ledger *ledger, const struct pki_event *event, uint64_t *index,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf entry = { 0 };
	uint64_t count = 0;
	pki_msec last = 0;
	PKI_TRY(check_event(event, err));
	PKI_TRY(encode(event, &entry, err));
	PKI_TRY(pki_ledger_last_event(ledger, &last, err));
	if (event->at < last) {
		char text[PKI_MSEC_TEXT];
		pki_msec_format(last, text);
		return pki_fail_rule(err, PKI_CLOCK, PKI_RULE_CLOCK,
			"the event is older than the last one, of %s; set the clock right",
			text);
	}
	PKI_TRY(pki_ledger_entry_count(ledger, &count, err));
	PKI_TRY(pki_ledger_add_entry(
		ledger, count, event->at, pki_buf_bytes(&entry), err));
	PKI_TRY(add_hashes(ledger, count, pki_buf_bytes(&entry), err));
	if (index != NULL)
		*index = count;
	return PKI_OK;
}

static enum pki_status
read_hash(void *ctx, unsigned level, uint64_t index, struct pki_hash *out,
	struct pki_err *err)
{
	return pki_ledger_hash(ctx, level, index, out, err);
}

struct pki_merkle_source
pki_log_source(struct pki_ledger *ledger)
{
	return (struct pki_merkle_source){ read_hash, ledger };
}

enum pki_status
pki_log_root(struct pki_ledger *ledger, uint64_t size, struct pki_hash *out,
	struct pki_err *err)
{
	struct pki_merkle_source src = pki_log_source(ledger);
	return pki_merkle_root(size, &src, out, err);
}
