#include "tools/audit/verify/published_log.h"

#include <stdio.h>
#include <string.h>

#include "libpki/host/conf.h"
#include "libpki/state/log.h"
#include "tools/audit/verify/log.h"

/* pki-ca publishes within a second of each commit; the copy of the ledger is made after the copy
 * of the published files. */
#define PUBLISHED_WITHIN ((pki_msec)600 * 1000)

static enum pki_status
check_early(struct audit *a, enum early_file which, char path[PATH_MAX],
	struct pki_checkpoint *cp, struct pki_err *err)
{
	struct pki_bytes note;
	PKI_TRY(early_get(&a->early, which, path, &note, err));
	return log_check_note(a, path, note, cp, err);
}

/* A published tile, full or partial. */
struct tile {
	const char *dir;
	int level; /* PKI_LOG_ENTRIES: an entry bundle */
	uint64_t index;
	unsigned width;
};

static enum pki_status
check_bundle(struct audit *a, const struct tile *tile, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf bundle = { 0 };
	PKI_TRY(pki_log_read_entries(tile->dir, tile->index, tile->width, &bundle, err));
	struct pki_bytes rest = pki_buf_bytes(&bundle), entry;
	for (uint64_t i = tile->index * PKI_TILE_WIDTH; pki_log_next_entry(&rest, &entry);
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
check_hashes(struct audit *a, const struct tile *tile, struct pki_err *err)
{
	unsigned level = (unsigned)tile->level;
	PKI_CLEANUP(pki_buf_free) struct pki_buf file = { 0 };
	PKI_TRY(pki_log_read_tile(
		tile->dir, level, tile->index, tile->width, &file, err));
	for (unsigned i = 0; i < tile->width; i++) {
		struct pki_hash stored;
		PKI_TRY(pki_ledger_hash(a->ledger, level * 8,
			tile->index * PKI_TILE_WIDTH + i, &stored, err));
		if (memcmp(stored.octets, file.data + (size_t)i * PKI_SHA256,
			    PKI_SHA256) != 0)
			return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_LOG_TILES,
				"hash %u is not the ledger's; publish again", i);
	}
	return PKI_OK;
}

static void
check_tile(struct audit *a, const struct tile *tile)
{
	struct pki_err own = { 0 };
	char object[64];
	enum pki_status status;
	if (tile->level == PKI_LOG_ENTRIES) {
		snprintf(object, sizeof object, "published entries %ju",
			(uintmax_t)tile->index);
		status = check_bundle(a, tile, &own);
	} else {
		snprintf(object, sizeof object, "published tile %d/%ju", tile->level,
			(uintmax_t)tile->index);
		status = check_hashes(a, tile, &own);
	}
	if (status != PKI_OK)
		audit_add_finding(a, object, &own);
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
		struct tile tile = { dir, level, i, width };
		check_tile(a, &tile);
		/* a holder of an older checkpoint fetches the tiles of its time */
		pki_log_partials(dir, level, i, older);
		for (tile.width = 1; tile.width < width; tile.width++)
			if (older[tile.width])
				check_tile(a, &tile);
		a->counts.tiles += level != PKI_LOG_ENTRIES;
		pki_progress("published log", i, count / PKI_TILE_WIDTH + 1);
	}
}

/* The last checkpoint cosigned for `pki-witness feed`. */
static void
audit_cosigned(struct audit *a)
{
	char path[PATH_MAX];
	struct pki_err own = { 0 };
	struct pki_checkpoint cp;
	if (early_exists(&a->early, EARLY_COSIGNED) &&
		check_early(a, EARLY_COSIGNED, path, &cp, &own) != PKI_OK)
		audit_add_finding(a, path, &own);
}

static pki_msec
time_of_entry(struct audit *a, uint64_t index)
{
	struct pki_err own = { 0 };
	pki_msec at = 0;
	PKI_CLEANUP(pki_json_cleanup) json_t *entry = entry_read(a->ledger, index);
	return pki_msec_parse(entry_text(entry, "at"), &at, &own) == PKI_OK ? at : 0;
}

/* An older published log hides the later entries from its readers. */
static void
check_behind(struct audit *a, const char *path, uint64_t size)
{
	uint64_t count = a->figures.entries;
	struct pki_err own = { 0 };
	if (size >= count ||
		time_of_entry(a, count - 1) - time_of_entry(a, size) <= PUBLISHED_WITHIN)
		return;
	(void)pki_fail_rule(&own, PKI_NOTFOUND, PKI_RULE_LOG_CHECKPOINT,
		"covers %ju entries and is behind the ledger, which has %ju; publish again",
		(uintmax_t)size, (uintmax_t)count);
	audit_add_finding(a, path, &own);
}

enum pki_status
published_log_verify(struct audit *a, struct pki_err *err)
{
	char path[PATH_MAX], dir[PATH_MAX];
	struct pki_checkpoint cp;
	PKI_TRY(pki_conf_path(a->sources->publish, "log", dir, err));
	if (check_early(a, EARLY_CHECKPOINT, path, &cp, err) != PKI_OK) {
		audit_add_finding(a, path, err);
		return PKI_OK;
	}
	check_behind(a, path, cp.size);
	audit_cosigned(a);
	check_level(a, dir, PKI_LOG_ENTRIES, cp.size);
	for (int level = 0; level < 8 && cp.size >> (8 * level) != 0; level++)
		check_level(a, dir, level, cp.size >> (8 * level));
	return PKI_OK;
}
