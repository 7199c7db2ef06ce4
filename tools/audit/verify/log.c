/* The log: entries, the tree over them, its checkpoints; what each entry says happened. */
#include <stdio.h>
#include <string.h>

#include "libpki/base/file.h"
#include "tools/audit/audit.h"

/* pki-ca publishes in the second of a commit; a copy of the ledger is made after that of
 * the files. */
#define PUBLISHED_WITHIN ((pki_msec)600 * 1000)

struct walk {
	struct audit *a;
	uint64_t next; /* entries taken into the tree */
	struct pki_hash peaks[64]; /* complete subtrees, by level, left to right */
	pki_msec last;
};

static void
name_entry(uint64_t index, char out[40])
{
	snprintf(out, 40, "log entry %ju", (uintmax_t)index);
}

static void
check_order_entry(struct audit *a, uint64_t index, const json_t *detail)
{
	PKI_CLEANUP(pki_order_row_free) struct pki_order_row row = { 0 };
	struct pki_err err = { 0 };
	char object[40], digest[PKI_SHA256_HEX];
	const char *id = entry_text(detail, "order");
	name_entry(index, object);
	if (pki_ledger_order(a->ledger, id, &row, NULL, &err) != PKI_OK) {
		finding_rule(a, object, PKI_RULE_APPEND_ONLY,
			"records the order %s, which the ledger no longer has; restore a backup",
			id);
		return;
	}
	pki_hex_encode(row.digest, sizeof row.digest, digest);
	if (row.log_index != index ||
		strcmp(digest, entry_text(detail, "order_digest")) != 0)
		finding_rule(a, object, PKI_RULE_RECORD,
			"does not match the order %s: another digest or another entry",
			id);
}

static void
check_crl_entry(struct audit *a, uint64_t index, pki_msec at, const json_t *detail)
{
	PKI_CLEANUP(pki_crl_row_free) struct pki_crl_row row = { 0 };
	struct pki_err err = { 0 };
	char object[40], digest[PKI_SHA256_HEX];
	json_int_t issuer = json_integer_value(json_object_get(detail, "issuer"));
	json_int_t number = json_integer_value(json_object_get(detail, "number"));
	name_entry(index, object);
	a->crl_entries++;
	if (issuer >= 0 && issuer <= PKI_ISSUER_CA && a->crl_first[issuer] == 0)
		a->crl_first[issuer] = (uint64_t)number;
	if (number <= 0 ||
		pki_ledger_crl(a->ledger, (int)issuer, (uint64_t)number, &row, NULL,
			&err) != PKI_OK ||
		pki_sha256_hex(row.der.data, row.der.len, digest, &err) != PKI_OK) {
		finding_rule(a, object, PKI_RULE_APPEND_ONLY,
			"records the CRL %jd of issuer %jd, which the ledger no longer has",
			(intmax_t)number, (intmax_t)issuer);
		return;
	}
	if (strcmp(digest, entry_text(detail, "digest")) != 0 || row.committed != at)
		finding_rule(a, object, PKI_RULE_RECORD,
			"records another digest or time for the CRL %jd of issuer %jd",
			(intmax_t)number, (intmax_t)issuer);
}

static void
check_publication_entry(struct audit *a, uint64_t index, const json_t *detail)
{
	struct pki_crl_row row = { 0 };
	struct pki_err err = { 0 };
	char object[40], published[PKI_MSEC_TEXT] = "";
	json_int_t issuer = json_integer_value(json_object_get(detail, "issuer"));
	json_int_t number = json_integer_value(json_object_get(detail, "number"));
	name_entry(index, object);
	a->publications++;
	if (number > 0 && pki_ledger_crl_head(a->ledger, (int)issuer, (uint64_t)number,
				  &row, NULL, &err) == PKI_OK)
		pki_msec_format(row.published, published);
	if (strcmp(published, entry_text(detail, "published")) != 0)
		finding_rule(a, object, PKI_RULE_RECORD,
			"records that the CRL %jd of issuer %jd was published then; the ledger does not",
			(intmax_t)number, (intmax_t)issuer);
}

static void
check_partitioned(struct audit *a, uint64_t index, const json_t *detail)
{
	char object[40];
	name_entry(index, object);
	if (a->partitioned != 0 ||
		json_integer_value(json_object_get(detail, "issuer")) != PKI_ISSUER_CA ||
		json_integer_value(json_object_get(detail, "partitions")) !=
			a->urls.partitions)
		finding_rule(a, object, PKI_RULE_CRL_PARTITION,
			"partitions the CRL a second time, or otherwise than the ledger");
	a->partitioned = index;
}

enum pki_status
log_learn(struct audit *a, uint64_t index, const json_t *entry, struct pki_err *err)
{
	const char *type = entry_text(entry, "type");
	json_t *detail = json_object_get(entry, "detail");
	if (strcmp(type, "policy-loaded") == 0)
		return period_add(a, index, entry_text(detail, "digest"), err);
	if (strcmp(type, "ceremony-completed") == 0 && a->ceremony == NULL)
		a->ceremony = json_incref(detail);
	else if (strcmp(type, "crl-partitioned") == 0)
		check_partitioned(a, index, detail);
	return PKI_OK;
}

static void
check_entry_content(struct walk *w, uint64_t index, struct pki_bytes text)
{
	struct audit *a = w->a;
	struct pki_err err = { 0 };
	char object[40];
	PKI_CLEANUP(pki_json_cleanup) json_t *entry = NULL;
	PKI_CLEANUP(pki_buf_free) struct pki_buf canonical = { 0 };
	pki_msec at = 0;
	name_entry(index, object);
	if (pki_json_parse(text, &entry, &err) != PKI_OK ||
		pki_json_dump(entry, &canonical, &err) != PKI_OK ||
		pki_msec_parse(entry_text(entry, "at"), &at, &err) != PKI_OK) {
		finding_add(a, object, &err);
		return;
	}
	if (!pki_bytes_equal(canonical.data, canonical.len, text.data, text.len) ||
		!pki_event_known(entry_text(entry, "type")))
		finding_rule(a, object, PKI_RULE_LOG_EVENT,
			"is not canonical JSON of an event type of log(5)");
	if (at < w->last)
		finding_rule(
			a, object, PKI_RULE_CLOCK, "is older than the entry before it");
	w->last = at;
	const char *type = entry_text(entry, "type");
	json_t *detail = json_object_get(entry, "detail");
	if (strcmp(type, "certificate-issued") == 0 ||
		strcmp(type, "certificate-renewed") == 0 ||
		strcmp(type, "certificate-revoked") == 0)
		check_order_entry(a, index, detail);
	else if (strcmp(type, "crl-issued") == 0 ||
		 strcmp(type, "root-crl-recorded") == 0)
		check_crl_entry(a, index, at, detail);
	else if (strcmp(type, "crl-published") == 0)
		check_publication_entry(a, index, detail);
	else if (log_learn(a, index, entry, &err) != PKI_OK)
		finding_add(a, object, &err);
}

/* The stored hash of a subtree must be the one that its entries give. */
static void
check_hash(struct audit *a, unsigned level, uint64_t index, const struct pki_hash *want)
{
	struct pki_err err = { 0 };
	struct pki_hash stored;
	char object[64];
	snprintf(object, sizeof object, "log hash %u/%ju", level, (uintmax_t)index);
	a->hashes++;
	if (pki_ledger_hash(a->ledger, level, index, &stored, &err) != PKI_OK)
		finding_add(a, object, &err);
	else if (memcmp(&stored, want, sizeof stored) != 0)
		finding_rule(a, object, PKI_RULE_LOG_HASH,
			"is not the hash of its entries; an entry or the tree was changed");
}

static enum pki_status
take_entry(struct walk *w, struct pki_err *err)
{
	struct audit *a = w->a;
	uint64_t index = w->next;
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	struct pki_hash hash;
	PKI_TRY(pki_ledger_entry(a->ledger, index, &text, err));
	PKI_TRY(pki_merkle_leaf(pki_buf_bytes(&text), &hash, err));
	check_hash(a, 0, index, &hash);
	unsigned level = 0;
	for (; ((index >> level) & 1) != 0; level++) {
		PKI_TRY(pki_merkle_node(&w->peaks[level], &hash, &hash, err));
		check_hash(a, level + 1, index >> (level + 1), &hash);
	}
	w->peaks[level] = hash;
	w->next++;
	a->entries++;
	check_entry_content(w, index, pki_buf_bytes(&text));
	if (index % 256 == 0)
		pki_progress("log", index, a->figures.entries);
	return PKI_OK;
}

/* The root over the entries taken so far: their peaks, from the right. */
static enum pki_status
fold(const struct walk *w, struct pki_hash *out, struct pki_err *err)
{
	bool any = false;
	for (unsigned level = 0; level < 64 && w->next >> level != 0; level++) {
		if (((w->next >> level) & 1) == 0)
			continue;
		if (any)
			PKI_TRY(pki_merkle_node(&w->peaks[level], out, out, err));
		else
			*out = w->peaks[level];
		any = true;
	}
	return any ? PKI_OK : pki_sha256("", 0, out->octets, err);
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
	while (w->next < size && w->next < a->figures.entries)
		PKI_TRY(take_entry(w, err));
	PKI_TRY(fold(w, &root, err));
	a->checkpoints++;
	a->covered = size;
	if (pki_checkpoint_open(note, a->vkey, &cp, &own) != PKI_OK)
		finding_add(a, object, &own);
	else if (cp.size != size || size > a->figures.entries)
		finding_rule(a, object, PKI_RULE_LOG_CHECKPOINT,
			"is signed over %ju entries; the log has %ju", (uintmax_t)cp.size,
			(uintmax_t)a->figures.entries);
	else if (memcmp(&cp.root, &root, sizeof root) != 0)
		finding_rule(a, object, PKI_RULE_LOG_CHECKPOINT,
			"is signed over another root: an entry before it was changed");
	return PKI_OK;
}

enum pki_status
audit_log(struct audit *a, struct pki_err *err)
{
	struct walk w = { .a = a, .next = a->since.size, .last = a->since.at };
	a->covered = a->since.size;
	for (unsigned level = 0; level < 64 && w.next >> level != 0; level++)
		if (((w.next >> level) & 1) != 0)
			PKI_TRY(pki_ledger_hash(a->ledger, level, (w.next >> level) - 1,
				&w.peaks[level], err));
	PKI_TRY(pki_ledger_each_checkpoint(a->ledger, on_checkpoint, &w, err));
	while (w.next < a->figures.entries)
		PKI_TRY(take_entry(&w, err));
	if (a->covered < a->figures.entries)
		finding_rule(a, "log", PKI_RULE_LOG_CHECKPOINT,
			"%ju entries at the end are under no signed checkpoint",
			(uintmax_t)(a->figures.entries - a->covered));
	return PKI_OK;
}

/* Who of the witnesses cosigned it is counted; what is wrong in their name is a finding. */
static void
check_witnesses(struct audit *a, const char *path, struct pki_bytes note)
{
	for (size_t i = 0; i < a->place->witness_count; i++) {
		struct pki_err err = { 0 };
		pki_time at = 0;
		bool found = false;
		if (pki_checkpoint_cosigned(
			    note, a->place->witnesses[i], &at, &found, &err) != PKI_OK)
			finding_add(a, path, &err);
		else if (found)
			a->cosignatures++;
	}
}

enum pki_status
log_same(struct audit *a, const char *path, struct pki_bytes note,
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
	a->checkpoints++;
	check_witnesses(a, path, note);
	return PKI_OK;
}

enum pki_status
log_same_file(
	struct audit *a, const char *path, struct pki_checkpoint *cp, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf note = { 0 };
	PKI_TRY(pki_file_read(path, PKI_NOTE_MAX, &note, err));
	return log_same(a, path, pki_buf_bytes(&note), cp, err);
}

static enum pki_status
log_same_seen(struct audit *a, enum seen which, char path[PATH_MAX],
	struct pki_checkpoint *cp, struct pki_err *err)
{
	struct pki_bytes note;
	PKI_TRY(seen_get(a, which, path, &note, err));
	return log_same(a, path, note, cp, err);
}

static enum pki_status
check_bundle(struct audit *a, const char *dir, uint64_t index, unsigned width,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf bundle = { 0 };
	PKI_TRY(pki_log_read_entries(dir, index, width, &bundle, err));
	struct pki_bytes rest = pki_buf_bytes(&bundle), entry;
	for (uint64_t i = index * PKI_TILE_WIDTH; pki_log_next_entry(&rest, &entry);
		i++) {
		PKI_CLEANUP(pki_buf_free) struct pki_buf stored = { 0 };
		PKI_TRY(pki_ledger_entry(a->ledger, i, &stored, err));
		if (!pki_bytes_equal(stored.data, stored.len, entry.data, entry.len))
			return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_LOG_TILES,
				"the published entry %ju is not the ledger's; publish again",
				(uintmax_t)i);
	}
	return PKI_OK;
}

static enum pki_status
check_tile(struct audit *a, const char *dir, unsigned level, uint64_t index,
	unsigned width, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf tile = { 0 };
	PKI_TRY(pki_log_read_tile(dir, level, index, width, &tile, err));
	for (unsigned i = 0; i < width; i++) {
		struct pki_hash stored;
		PKI_TRY(pki_ledger_hash(
			a->ledger, level * 8, index * PKI_TILE_WIDTH + i, &stored, err));
		if (memcmp(stored.octets, tile.data + (size_t)i * PKI_SHA256,
			    PKI_SHA256) != 0)
			return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_LOG_TILES,
				"hash %u is not the ledger's; publish again", i);
	}
	return PKI_OK;
}

/* level PKI_LOG_ENTRIES: the bundle */
static void
check_width(struct audit *a, const char *dir, int level, uint64_t index, unsigned width)
{
	struct pki_err err = { 0 };
	char object[64];
	if (level == PKI_LOG_ENTRIES)
		snprintf(
			object, sizeof object, "published entries %ju", (uintmax_t)index);
	else
		snprintf(object, sizeof object, "published tile %d/%ju", level,
			(uintmax_t)index);
	if ((level == PKI_LOG_ENTRIES ? check_bundle(a, dir, index, width, &err)
				      : check_tile(a, dir, (unsigned)level, index, width,
						&err)) != PKI_OK)
		finding_add(a, object, &err);
}

static void
check_level(struct audit *a, const char *dir, int level, uint64_t count)
{
	unsigned step = level == PKI_LOG_ENTRIES ? 0 : 8 * (unsigned)level;
	uint64_t from = (a->since.size >> step) / PKI_TILE_WIDTH;
	for (uint64_t i = from; i * PKI_TILE_WIDTH < count; i++) {
		bool older[PKI_TILE_WIDTH];
		uint64_t left = count - i * PKI_TILE_WIDTH;
		unsigned width = left < PKI_TILE_WIDTH ? (unsigned)left : PKI_TILE_WIDTH;
		check_width(a, dir, level, i, width);
		/* who holds an older checkpoint asks for the tiles of its time */
		pki_log_partials(dir, level, i, older);
		for (unsigned w = 1; w < width; w++)
			if (older[w])
				check_width(a, dir, level, i, w);
		a->tiles += level != PKI_LOG_ENTRIES;
		pki_progress("published log", i, count / PKI_TILE_WIDTH + 1);
	}
}

/* The last one that `pki-witness feed` had cosigned. */
static void
audit_cosigned(struct audit *a)
{
	char path[PATH_MAX];
	struct pki_err err = { 0 };
	struct pki_checkpoint cp;
	if (a->seen[SEEN_WITNESSES].there &&
		log_same_seen(a, SEEN_WITNESSES, path, &cp, &err) != PKI_OK)
		finding_add(a, path, &err);
}

static pki_msec
time_of_entry(struct audit *a, uint64_t index)
{
	struct pki_err err = { 0 };
	pki_msec at = 0;
	PKI_CLEANUP(pki_json_cleanup) json_t *entry = entry_read(a, index);
	return pki_msec_parse(entry_text(entry, "at"), &at, &err) == PKI_OK ? at : 0;
}

/* An older log in the place of the last one: others that read it would not see the rest. */
static void
check_behind(struct audit *a, const char *path, uint64_t size)
{
	uint64_t count = a->figures.entries;
	struct pki_err err = { 0 };
	if (size >= count ||
		time_of_entry(a, count - 1) - time_of_entry(a, size) <= PUBLISHED_WITHIN)
		return;
	(void)pki_fail_rule(&err, PKI_NOTFOUND, PKI_RULE_LOG_CHECKPOINT,
		"covers %ju entries and is behind the ledger, which has %ju; publish again",
		(uintmax_t)size, (uintmax_t)count);
	finding_add(a, path, &err);
}

enum pki_status
audit_published(struct audit *a, struct pki_err *err)
{
	char path[PATH_MAX], dir[PATH_MAX];
	struct pki_checkpoint cp;
	PKI_TRY(pki_conf_path(a->place->publish, "log", dir, err));
	if (log_same_seen(a, SEEN_LOG, path, &cp, err) != PKI_OK) {
		finding_add(a, path, err);
		return PKI_OK;
	}
	check_behind(a, path, cp.size);
	audit_cosigned(a);
	check_level(a, dir, PKI_LOG_ENTRIES, cp.size);
	for (int level = 0; level < 8 && cp.size >> (8 * level) != 0; level++)
		check_level(a, dir, level, cp.size >> (8 * level));
	return PKI_OK;
}
