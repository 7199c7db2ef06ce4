#include "ca/signer/signer_history_priv.h"

#include <stdlib.h>
#include <string.h>

#include "ca/signer/signer_clock_priv.h"
#include "libpki/base/json.h"
#include "libpki/state/log.h"

static void
kept_free(struct kept *kept)
{
	for (size_t i = 0; i < PKI_COUNT(kept->facts.certs); i++)
		pki_cert_row_free(&kept->facts.certs[i]);
	free(kept);
}

void
history_free(struct history *history)
{
	for (size_t i = 0; i < history->kept_count; i++)
		kept_free(history->kept[i]);
	used_ids_free(&history->used);
	*history = (struct history){ .kept_count = 0 };
}

/* An order or invitation used at that time. */
static enum pki_status
add_used(struct signer_state *s, const char *id, pki_msec at, struct pki_err *err)
{
	return used_ids_add(&s->history.used, id, at + pki_policy_longest_age(s->policy),
		s->clock.now, err);
}

enum pki_status
signer_history_from(struct signer_state *s, struct pki_bytes fields, struct pki_err *err)
{
	struct history *h = &s->history;
	struct pki_proof peaks;
	size_t used = 0;
	if (h->loading)
		return pki_fail(err, PKI_STATE, "the log's entries are sent once");
	PKI_TRY(ipc_get_number(&fields, &h->log.size, err));
	PKI_TRY(ipc_get_proof(&fields, &peaks, err));
	PKI_TRY(ipc_end(fields, err));
	for (unsigned level = 0; level < PKI_PROOF_MAX; level++)
		if ((h->log.size >> level & 1) != 0 && used < peaks.count)
			h->log.hashes[level] = peaks.hashes[used++];
	h->from = h->log.size;
	h->loading = true;
	return PKI_OK;
}

/* The members of an entry that records certificates. */
static enum pki_status
learn(struct signer_state *s, const json_t *entry, pki_msec at, struct pki_err *err)
{
	static const char *const types[] = { "certificate-issued",
		"certificate-renewed" };
	const char *type = json_string_value(json_object_get(entry, "type"));
	const json_t *detail = json_object_get(entry, "detail");
	const char *order = json_string_value(json_object_get(detail, "order"));
	const char *invitation = json_string_value(json_object_get(detail, "invitation"));
	for (size_t i = 0; type != NULL && i < PKI_COUNT(types); i++) {
		if (strcmp(type, types[i]) != 0)
			continue;
		if (order != NULL)
			PKI_TRY(add_used(s, order, at, err));
		if (invitation != NULL)
			PKI_TRY(add_used(s, invitation, at, err));
	}
	return PKI_OK;
}

static enum pki_status
read_entry(struct signer_state *s, struct pki_bytes text, bool first, struct pki_err *err)
{
	static const char certificates[] = "\"certificate-";
	struct pki_hash leaf;
	PKI_CLEANUP(pki_json_cleanup) json_t *entry = NULL;
	PKI_TRY(pki_merkle_leaf(text, &leaf, err));
	PKI_TRY(pki_merkle_grow(&s->history.log, &leaf, NULL, err));
	/* most entries record no certificates */
	if (!first && memmem(text.data, text.len, certificates,
			      sizeof certificates - 1) == NULL)
		return PKI_OK;
	if (text.len > PKI_ENTRY_MAX)
		return pki_fail(err, PKI_INPUT, "an entry of %zu octets", text.len);
	pki_msec at = 0;
	PKI_TRY(pki_json_parse(text, &entry, err));
	const char *when = json_string_value(json_object_get(entry, "at"));
	PKI_TRY(pki_msec_parse(when != NULL ? when : "", &at, err));
	if (first)
		s->history.since = at;
	return learn(s, entry, at, err);
}

enum pki_status
signer_history(struct signer_state *s, struct pki_bytes fields, struct pki_err *err)
{
	struct history *h = &s->history;
	if (!h->loading)
		return pki_fail(err, PKI_STATE, "entries of an unknown place in the log");
	while (fields.len > 0) {
		struct pki_bytes entry;
		PKI_TRY(ipc_get(&fields, IPC_BYTES, &entry, err));
		PKI_TRY(read_entry(s, entry, h->from > 0 && h->log.size == h->from, err));
	}
	return PKI_OK;
}

enum pki_status
history_check(struct signer_state *s, struct pki_err *err)
{
	const struct pki_checkpoint *last = &s->tx.last.checkpoint;
	struct pki_hash root = { 0 };
	const struct history *h = &s->history;
	if (last->size == 0 && h->log.size == 0)
		return PKI_OK;
	if (!h->loading || (h->from > 0 && h->log.size == h->from))
		return signer_now(s, &s->history.since, err);
	PKI_TRY(pki_merkle_peaks_root(&h->log, &root, err));
	if (h->log.size != last->size || memcmp(&root, &last->root, sizeof root) != 0)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_LOG_CHECKPOINT,
			"the log's last entries are not those of its last checkpoint; restore the newest ledger");
	return PKI_OK;
}

static struct kept *
find_kept(const struct history *h, const char *order)
{
	for (size_t i = 0; i < h->kept_count; i++)
		if (strcmp(h->kept[i]->facts.order.id, order) == 0)
			return h->kept[i];
	return NULL;
}

static bool
invitation_used(const struct history *h, const struct facts *facts)
{
	const char *invitation = facts->invitation.id;
	if (invitation[0] == '\0')
		return false;
	for (size_t i = 0; i < h->kept_count; i++)
		if (strcmp(h->kept[i]->facts.invitation.id, invitation) == 0 &&
			strcmp(h->kept[i]->facts.order.id, facts->order.id) != 0)
			return true;
	return used_ids_has(&h->used, invitation);
}

enum pki_status
history_recall(const struct signer_state *s, const struct facts *facts,
	const struct facts **out, struct pki_err *err)
{
	const struct history *h = &s->history;
	const struct kept *kept = find_kept(h, facts->order.id);
	*out = NULL;
	if (facts->created <= h->since) {
		char since[PKI_MSEC_TEXT];
		pki_msec_format(h->since, since);
		return pki_refuse(err, PKI_RULE_ORDER_AGE,
			"made before %s, from when on the signer knows which orders were used; make a new order",
			since);
	}
	if (used_ids_has(&h->used, facts->order.id) ||
		(kept != NULL && memcmp(kept->facts.order.digest, facts->order.digest,
					 PKI_SHA256) != 0))
		return pki_refuse(err, PKI_RULE_ORDER_USED,
			"the order %s was used; it counts once", facts->order.id);
	if (invitation_used(h, facts))
		return pki_refuse(err, PKI_RULE_INVITATION,
			"the invitation %s was used; it counts once",
			facts->invitation.id);
	*out = kept == NULL ? NULL : &kept->facts;
	return PKI_OK;
}

/* Takes an order off the list; its certificates are not made again. */
static enum pki_status
settle(struct signer_state *s, size_t i, struct pki_err *err)
{
	struct history *h = &s->history;
	const struct facts *facts = &h->kept[i]->facts;
	PKI_TRY(add_used(s, facts->order.id, s->clock.now, err));
	if (facts->invitation.id[0] != '\0')
		PKI_TRY(add_used(s, facts->invitation.id, s->clock.now, err));
	kept_free(h->kept[i]);
	h->kept_count--;
	memmove(&h->kept[i], &h->kept[i + 1], (h->kept_count - i) * sizeof h->kept[0]);
	return PKI_OK;
}

/* Makes room: the oldest lost order is not made again. */
static enum pki_status
drop_one(struct signer_state *s, struct pki_err *err)
{
	for (size_t i = 0; i < s->history.kept_count; i++)
		if (s->history.kept[i]->state == KEPT_LOST)
			return settle(s, i, err);
	return pki_fail(err, PKI_BUSY, "more than %d orders in one transaction",
		HISTORY_KEPT_MAX);
}

enum pki_status
history_keep(struct signer_state *s, struct facts *facts, const struct facts **out,
	struct pki_err *err)
{
	struct history *h = &s->history;
	struct kept *kept = find_kept(h, facts->order.id);
	if (kept != NULL) {
		kept->state = KEPT_SIGNED;
		*out = &kept->facts;
		return PKI_OK;
	}
	if (h->kept_count == HISTORY_KEPT_MAX)
		PKI_TRY(drop_one(s, err));
	kept = calloc(1, sizeof *kept);
	if (kept == NULL)
		return pki_fail(err, PKI_MEMORY, "the certificates of an order");
	kept->facts = *facts;
	*facts = (struct facts){ 0 };
	h->kept[h->kept_count++] = kept;
	*out = &kept->facts;
	return PKI_OK;
}

enum pki_status
history_covered(struct signer_state *s, struct pki_err *err)
{
	struct history *h = &s->history;
	for (size_t i = h->kept_count; i-- > 0;)
		if (h->kept[i]->state == KEPT_COVERED)
			PKI_TRY(settle(s, i, err));
	for (size_t i = 0; i < h->kept_count; i++)
		if (h->kept[i]->state == KEPT_SIGNED)
			h->kept[i]->state = KEPT_COVERED;
	return PKI_OK;
}

void
history_uncovered(struct signer_state *s)
{
	for (size_t i = 0; i < s->history.kept_count; i++)
		s->history.kept[i]->state = KEPT_LOST;
}
