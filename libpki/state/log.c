#include "libpki/state/log.h"

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
	pki_json_number(&entry, "version", PKI_ENTRY_VERSION);
	if (event->clock != 0)
		pki_json_msec(&entry, "clock", event->clock);
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
	PKI_TRY(pki_event_check(event, err));
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
