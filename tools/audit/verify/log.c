/* Entries, the Merkle tree, checkpoints; each entry against the rows of the ledger. */
#include <stdio.h>
#include <string.h>

#include "libpki/base/file.h"
#include "tools/audit/verify/log.h"
#include "libpki/state/log.h"

struct walk {
	struct audit *a;
	uint64_t covered; /* entries under the last checkpoint */
	struct pki_merkle_peaks tree; /* of the entries taken so far */
	pki_msec last;
	json_int_t version; /* of the last entry; 0: none */
};

static void
check_order_entry(struct audit *a, uint64_t index, const json_t *detail)
{
	PKI_CLEANUP(pki_order_row_free) struct pki_order_row row = { 0 };
	struct pki_err own = { 0 };
	char object[ENTRY_OBJECT], digest[PKI_SHA256_HEX];
	const char *id = entry_text(detail, "order");
	entry_object(index, object);
	if (pki_ledger_order(a->ledger, id, &row, NULL, &own) != PKI_OK) {
		audit_add_breach(a, object, PKI_RULE_APPEND_ONLY,
			"records the order %s, which the ledger no longer has; restore a backup",
			id);
		return;
	}
	pki_hex_encode(row.digest, sizeof row.digest, digest);
	if (row.log_index != index ||
		strcmp(digest, entry_text(detail, "order_digest")) != 0)
		audit_add_breach(a, object, PKI_RULE_RECORD,
			"does not match the order %s: another digest or another entry",
			id);
}

static void
check_crl_entry(struct audit *a, uint64_t index, pki_msec at, const json_t *detail)
{
	PKI_CLEANUP(pki_crl_row_free) struct pki_crl_row row = { 0 };
	struct pki_err own = { 0 };
	char object[ENTRY_OBJECT], digest[PKI_SHA256_HEX];
	json_int_t issuer = entry_number(detail, "issuer");
	json_int_t number = entry_number(detail, "number");
	entry_object(index, object);
	a->counts.crl_entries++;
	if (issuer >= 0 && issuer <= PKI_ISSUER_CA && a->log.crl_first[issuer] == 0)
		a->log.crl_first[issuer] = (uint64_t)number;
	if (number <= 0 ||
		pki_ledger_crl(a->ledger, (int)issuer, (uint64_t)number, &row, NULL,
			&own) != PKI_OK ||
		pki_sha256_hex(row.der.data, row.der.len, digest, &own) != PKI_OK) {
		audit_add_breach(a, object, PKI_RULE_APPEND_ONLY,
			"records the CRL %jd of issuer %jd, which the ledger no longer has",
			(intmax_t)number, (intmax_t)issuer);
		return;
	}
	if (strcmp(digest, entry_text(detail, "digest")) != 0 || row.committed != at)
		audit_add_breach(a, object, PKI_RULE_RECORD,
			"records another digest or time for the CRL %jd of issuer %jd",
			(intmax_t)number, (intmax_t)issuer);
}

static void
check_publication_entry(
	struct audit *a, uint64_t index, bool versioned, const json_t *detail)
{
	struct pki_crl_row row = { 0 };
	struct pki_err own = { 0 };
	char object[ENTRY_OBJECT], published[PKI_MSEC_TEXT] = "";
	json_int_t issuer = entry_number(detail, "issuer");
	json_int_t number = entry_number(detail, "number");
	entry_object(index, object);
	a->counts.publications++;
	if (number > 0 && pki_ledger_crl_head(a->ledger, (int)issuer, (uint64_t)number,
				  &row, NULL, &own) == PKI_OK)
		pki_msec_format(row.published, published);
	if (strcmp(published, entry_text(detail, "published")) != 0)
		audit_add_breach(a, object, PKI_RULE_RECORD,
			"records a publication of the CRL %jd of issuer %jd at another time than the ledger",
			(intmax_t)number, (intmax_t)issuer);
	else if (versioned && row.published < row.committed)
		audit_add_breach(a, object, PKI_RULE_RECORD,
			"records a publication of the CRL %jd of issuer %jd before its commit",
			(intmax_t)number, (intmax_t)issuer);
}

static void
check_partitioned(struct audit *a, uint64_t index, const json_t *detail)
{
	char object[ENTRY_OBJECT];
	entry_object(index, object);
	if (a->log.partitioned != 0 || entry_number(detail, "issuer") != PKI_ISSUER_CA ||
		entry_number(detail, "partitions") != a->urls.partitions)
		audit_add_breach(a, object, PKI_RULE_CRL_PARTITION,
			"partitions the CRL a second time, or otherwise than the ledger");
	a->log.partitioned = index;
}

/* Versions only grow: what a later start says of an older version changes nothing. */
static void
note_rules(struct audit *a, uint64_t index, const json_t *detail)
{
	json_int_t version = entry_number(detail, "rules");
	for (json_int_t v = 2; v <= version && v <= PKI_RULES_NOW; v++)
		if (a->log.rules[v] == 0)
			a->log.rules[v] = index;
}

unsigned
log_rules(const struct audit *a, uint64_t index)
{
	unsigned version = PKI_RULES_NOW;
	while (version > 1 &&
		(a->log.rules[version] == 0 || index < a->log.rules[version]))
		version--;
	return version;
}

enum pki_status
log_learn(struct audit *a, uint64_t index, const json_t *entry, struct pki_err *err)
{
	const char *type = entry_text(entry, "type");
	json_t *detail = json_object_get(entry, "detail");
	if (strcmp(type, "policy-loaded") == 0)
		return policies_begin(
			&a->policies, index, entry_text(detail, "digest"), err);
	if (strcmp(type, "ceremony-completed") == 0 && a->log.ceremony == NULL)
		a->log.ceremony = json_incref(detail);
	else if (strcmp(type, "ca-started") == 0)
		note_rules(a, index, detail);
	else if (strcmp(type, "crl-partitioned") == 0)
		check_partitioned(a, index, detail);
	return PKI_OK;
}

/* The member of the policy's period; a policy that the auditor was not given is a finding of
 * its own. */
static bool
is_method(const struct audit *a, uint64_t index, const char *method)
{
	const struct policy_period *period = policies_at(&a->policies, index);
	return method[0] == '\0' || period == NULL || period->policy == NULL ||
	       pki_policy_method(period->policy, method);
}

/* rule 122, for the entries that name their version */
static enum pki_status
check_form(struct walk *w, uint64_t index, const json_t *entry, struct pki_err *err)
{
	const json_t *detail = json_object_get(entry, "detail");
	const struct pki_event event = { entry_text(entry, "type"),
		entry_text(entry, "source"), entry_text(entry, "actor"), 0,
		json_object_get(entry, "detail"), 0 };
	const json_t *member = json_object_get(entry, "version");
	json_int_t version = json_integer_value(member), last = w->version;
	w->version = version;
	if (member == NULL && last == 0)
		return PKI_OK;
	if (version != PKI_ENTRY_VERSION)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_EVENT_FORM,
			"has the version %jd after entries of version %jd; this auditor knows version %d",
			(intmax_t)version, (intmax_t)last, PKI_ENTRY_VERSION);
	const char *clock = entry_text(entry, "clock");
	pki_msec wall = 0;
	if (json_object_size(entry) != (clock[0] != '\0' ? 7 : 6) || detail == NULL ||
		(clock[0] != '\0' && pki_msec_parse(clock, &wall, NULL) != PKI_OK))
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_EVENT_FORM,
			"has other members than actor, at, clock, detail, source, type and version");
	PKI_TRY(pki_event_check(&event, err));
	if (!is_method(w->a, index, entry_text(detail, "method")))
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_EVENT_FORM,
			"names a method of identification that the policy of its time does not list");
	return PKI_OK;
}

/* rule 209: no entry is of a time to come; with an implausible clock pki-ca logs only what
 * must not wait. */
static void
check_clock(struct audit *a, const char *object, const json_t *entry, pki_msec at)
{
	static const char *const go_on[] = { "certificate-revoked", "revocation-repeated",
		"crl-issued", "crl-published", "root-crl-recorded" };
	const char *type = entry_text(entry, "type");
	bool found = json_object_get(entry, "clock") == NULL;
	if (at > pki_msec_now() + PKI_CLOCK_SKEW_MS)
		audit_add_breach(a, object, PKI_RULE_CLOCK,
			"is of a time to come: this clock is wrong, or pki-ca's was");
	for (size_t i = 0; i < PKI_COUNT(go_on); i++)
		found = found || strcmp(type, go_on[i]) == 0;
	if (!found)
		audit_add_breach(a, object, PKI_RULE_CLOCK,
			"was logged although the clock was not plausible");
}

static void
check_entry_content(struct walk *w, uint64_t index, struct pki_bytes text)
{
	struct audit *a = w->a;
	struct pki_err own = { 0 };
	char object[ENTRY_OBJECT];
	PKI_CLEANUP(pki_json_cleanup) json_t *entry = NULL;
	PKI_CLEANUP(pki_buf_free) struct pki_buf canonical = { 0 };
	pki_msec at = 0;
	entry_object(index, object);
	if (pki_json_parse(text, &entry, &own) != PKI_OK ||
		pki_json_dump(entry, &canonical, &own) != PKI_OK ||
		pki_msec_parse(entry_text(entry, "at"), &at, &own) != PKI_OK) {
		audit_add_finding(a, object, &own);
		return;
	}
	if (!pki_bytes_equal(canonical.data, canonical.len, text.data, text.len) ||
		!pki_event_known(entry_text(entry, "type")))
		audit_add_breach(a, object, PKI_RULE_LOG_EVENT,
			"is not canonical JSON of an event type of log(5)");
	if (at < w->last)
		audit_add_breach(
			a, object, PKI_RULE_CLOCK, "is older than the entry before");
	w->last = at;
	check_clock(a, object, entry, at);
	if (check_form(w, index, entry, &own) != PKI_OK)
		audit_add_finding(a, object, &own);
	const char *type = entry_text(entry, "type");
	json_t *detail = json_object_get(entry, "detail");
	if (strcmp(type, "certificate-issued") == 0 ||
		strcmp(type, "certificate-renewed") == 0 ||
		strcmp(type, "certificate-revoked") == 0 ||
		strcmp(type, "revocation-repeated") == 0)
		check_order_entry(a, index, detail);
	else if (strcmp(type, "crl-issued") == 0 ||
		 strcmp(type, "root-crl-recorded") == 0)
		check_crl_entry(a, index, at, detail);
	else if (strcmp(type, "crl-published") == 0)
		check_publication_entry(a, index, w->version > 0, detail);
	else if (log_learn(a, index, entry, &own) != PKI_OK)
		audit_add_finding(a, object, &own);
}

/* The stored hash of a subtree must be the hash of its entries. */
static enum pki_status
check_hash(void *ctx, unsigned level, uint64_t index, const struct pki_hash *want,
	struct pki_err *err)
{
	struct audit *a = ctx;
	(void)err;
	struct pki_err own = { 0 };
	struct pki_hash stored;
	char object[64];
	snprintf(object, sizeof object, "log hash %u/%ju", level, (uintmax_t)index);
	a->counts.hashes++;
	if (pki_ledger_hash(a->ledger, level, index, &stored, &own) != PKI_OK)
		audit_add_finding(a, object, &own);
	else if (memcmp(&stored, want, sizeof stored) != 0)
		audit_add_breach(a, object, PKI_RULE_LOG_HASH,
			"is not the hash of its entries; an entry or the tree was changed");
	return PKI_OK;
}

static enum pki_status
take_entry(struct walk *w, struct pki_err *err)
{
	struct audit *a = w->a;
	uint64_t index = w->tree.size;
	const struct pki_merkle_sink sink = { check_hash, a };
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	struct pki_hash leaf;
	PKI_TRY(pki_ledger_entry(a->ledger, index, &text, err));
	PKI_TRY(pki_merkle_leaf(pki_buf_bytes(&text), &leaf, err));
	PKI_TRY(pki_merkle_grow(&w->tree, &leaf, &sink, err));
	a->counts.entries++;
	check_entry_content(w, index, pki_buf_bytes(&text));
	if (index % 256 == 0)
		pki_progress("log", index, a->figures.entries);
	return PKI_OK;
}

static enum pki_status
on_checkpoint(void *ctx, uint64_t size, struct pki_bytes note, struct pki_err *err)
{
	struct walk *w = ctx;
	struct audit *a = w->a;
	struct pki_checkpoint cp;
	struct pki_hash root = { 0 };
	struct pki_err own = { 0 };
	char object[64];
	snprintf(object, sizeof object, "checkpoint %ju", (uintmax_t)size);
	if (size <= a->since.size)
		return PKI_OK;
	while (w->tree.size < size && w->tree.size < a->figures.entries)
		PKI_TRY(take_entry(w, err));
	PKI_TRY(pki_merkle_peaks_root(&w->tree, &root, err));
	a->counts.checkpoints++;
	w->covered = size;
	if (pki_checkpoint_open(note, a->vkey, &cp, &own) != PKI_OK)
		audit_add_finding(a, object, &own);
	else if (cp.size != size || size > a->figures.entries)
		audit_add_breach(a, object, PKI_RULE_LOG_CHECKPOINT,
			"is signed over %ju entries; the log has %ju", (uintmax_t)cp.size,
			(uintmax_t)a->figures.entries);
	else if (memcmp(&cp.root, &root, sizeof root) != 0)
		audit_add_breach(a, object, PKI_RULE_LOG_CHECKPOINT,
			"is signed over another root: an entry below was changed");
	return PKI_OK;
}

enum pki_status
log_verify(struct audit *a, struct pki_err *err)
{
	const struct pki_merkle_source source = pki_log_source(a->ledger);
	struct walk w = { .a = a,
		.covered = a->since.size,
		.last = a->since.at,
		.version = a->since.version };
	PKI_TRY(pki_merkle_peaks(a->since.size, &source, &w.tree, err));
	PKI_TRY(pki_ledger_each_checkpoint(a->ledger, on_checkpoint, &w, err));
	while (w.tree.size < a->figures.entries)
		PKI_TRY(take_entry(&w, err));
	if (w.covered < a->figures.entries)
		audit_add_breach(a, "log", PKI_RULE_LOG_CHECKPOINT,
			"%ju entries at the end are under no signed checkpoint",
			(uintmax_t)(a->figures.entries - w.covered));
	return PKI_OK;
}

/* Count the witnesses' cosignatures; a wrong cosignature is a finding. */
static void
check_witnesses(struct audit *a, const char *path, struct pki_bytes note)
{
	for (size_t i = 0; i < a->sources->witness_count; i++) {
		struct pki_err own = { 0 };
		pki_time at = 0;
		bool found = false;
		if (pki_checkpoint_cosigned(
			    note, a->sources->witnesses[i], &at, &found, &own) != PKI_OK)
			audit_add_finding(a, path, &own);
		else if (found)
			a->counts.cosignatures++;
	}
}

enum pki_status
log_check_note(struct audit *a, const char *path, struct pki_bytes note,
	struct pki_checkpoint *cp, struct pki_err *err)
{
	struct pki_hash root;
	PKI_TRY(pki_checkpoint_open(note, a->vkey, cp, err));
	if (cp->size > a->figures.entries)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_LOG_CHECKPOINT,
			"covers %ju entries, the ledger has %ju; the ledger is an old copy",
			(uintmax_t)cp->size, (uintmax_t)a->figures.entries);
	PKI_TRY(pki_log_root(a->ledger, cp->size, &root, err));
	if (memcmp(&cp->root, &root, sizeof root) != 0)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_LOG_CHECKPOINT,
			"is not a checkpoint of this log: the log was rewritten");
	a->counts.checkpoints++;
	check_witnesses(a, path, note);
	return PKI_OK;
}

enum pki_status
log_check_file(
	struct audit *a, const char *path, struct pki_checkpoint *cp, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf note = { 0 };
	PKI_TRY(pki_file_read(path, PKI_NOTE_MAX, &note, err));
	return log_check_note(a, path, pki_buf_bytes(&note), cp, err);
}
