/* C2SP tlog-tiles: publishes and reads the log as files (rule 83). */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libpki/base/file.h"
#include "libpki/state/log.h"

#define TILE_BITS 8
/* A full bundle of the largest entries. */
#define BUNDLE_MAX ((size_t)PKI_TILE_WIDTH * (2 + 65535))
/* "x001/x234/067": 20 digits at most */
#define NUMBER_TEXT 40

/* 1234067 -> "x001/x234/067" */
static void
number_text(uint64_t n, char out[NUMBER_TEXT])
{
	char *p = out;
	uint64_t unit = 1;
	while (n / unit >= 1000)
		unit *= 1000;
	for (; unit >= 1000; unit /= 1000)
		p += sprintf(p, "x%03u/", (unsigned)(n / unit % 1000));
	sprintf(p, "%03u", (unsigned)(n % 1000));
}

static enum pki_status
tile_path(const char *dir, int level, uint64_t index, unsigned width, char out[PATH_MAX],
	struct pki_err *err)
{
	char number[NUMBER_TEXT], name[16], partial[16] = "";
	number_text(index, number);
	if (level == PKI_LOG_ENTRIES)
		snprintf(name, sizeof name, "entries");
	else
		snprintf(name, sizeof name, "%d", level);
	if (width < PKI_TILE_WIDTH)
		snprintf(partial, sizeof partial, ".p/%u", width);
	int len = snprintf(out, PATH_MAX, "%s/tile/%s/%s%s", dir, name, number, partial);
	if (len >= PATH_MAX)
		return pki_fail(err, PKI_CONFIG, "the path of the log is too long");
	return PKI_OK;
}

/* The content of a full or partial tile: `width` hashes or entries from `first` on. */
static enum pki_status
tile_content(struct pki_ledger *ledger, int level, uint64_t first, unsigned width,
	struct pki_buf *out, struct pki_err *err)
{
	for (uint64_t i = first; i < first + width; i++) {
		if (level != PKI_LOG_ENTRIES) {
			struct pki_hash hash;
			unsigned height = (unsigned)level * TILE_BITS;
			PKI_TRY(pki_ledger_hash(ledger, height, i, &hash, err));
			PKI_TRY(pki_buf_append(
				out, hash.octets, sizeof hash.octets, err));
			continue;
		}
		size_t at = out->len;
		PKI_TRY(pki_buf_append(out, "\0\0", 2, err));
		PKI_TRY(pki_ledger_entry(ledger, i, out, err));
		size_t len = out->len - at - 2;
		out->data[at] = (uint8_t)(len >> 8);
		out->data[at + 1] = (uint8_t)len;
	}
	return PKI_OK;
}

static enum pki_status
publish_tile(struct pki_ledger *ledger, const char *dir, int level, uint64_t index,
	unsigned width, struct pki_err *err)
{
	char path[PATH_MAX], folder[PATH_MAX];
	PKI_CLEANUP(pki_buf_free) struct pki_buf content = { 0 };
	PKI_TRY(tile_path(dir, level, index, width, path, err));
	PKI_TRY(tile_content(
		ledger, level, index * PKI_TILE_WIDTH, width, &content, err));
	snprintf(folder, sizeof folder, "%s", path);
	*strrchr(folder, '/') = '\0';
	PKI_TRY(pki_file_mkdirs(folder, 0755, err));
	return pki_file_publish(path, content.data, content.len, 0644, err);
}

/* Publishes the tiles of a level that change when the level grows from `from` to `count`
 * hashes. */
static enum pki_status
publish_level(struct pki_ledger *ledger, const char *dir, int level, uint64_t from,
	uint64_t count, struct pki_err *err)
{
	for (uint64_t i = from / PKI_TILE_WIDTH; i < count / PKI_TILE_WIDTH; i++)
		PKI_TRY(publish_tile(ledger, dir, level, i, PKI_TILE_WIDTH, err));
	unsigned rest = (unsigned)(count % PKI_TILE_WIDTH);
	if (rest == 0)
		return PKI_OK;
	return publish_tile(ledger, dir, level, count / PKI_TILE_WIDTH, rest, err);
}

/* A partial tile is useless after the full tile is published. A failure to remove does no
 * harm. */
static void
remove_partial(const char *dir, int level, uint64_t index)
{
	char path[PATH_MAX];
	if (tile_path(dir, level, index, 1, path, NULL) != PKI_OK)
		return;
	*strrchr(path, '/') = '\0';
	DIR *folder = opendir(path);
	if (folder == NULL)
		return;
	for (struct dirent *e; (e = readdir(folder)) != NULL;)
		if (e->d_name[0] != '.')
			unlinkat(dirfd(folder), e->d_name, 0);
	closedir(folder);
	rmdir(path);
}

static void
remove_partials(const char *dir, int level, uint64_t from, uint64_t count)
{
	for (uint64_t i = from / PKI_TILE_WIDTH; i < count / PKI_TILE_WIDTH; i++)
		remove_partial(dir, level, i);
}

/* The number of hashes at the level in a tree of `size` entries; 0 above the tree's top
 * level. */
static uint64_t
hashes_at(uint64_t size, int level)
{
	int shift = level * TILE_BITS;
	return shift < 64 ? size >> shift : 0;
}

static enum pki_status
publish(struct pki_ledger *ledger, const char *dir, uint64_t from, uint64_t size,
	struct pki_err *err)
{
	PKI_TRY(publish_level(ledger, dir, PKI_LOG_ENTRIES, from, size, err));
	for (int level = 0; hashes_at(size, level) != 0; level++)
		PKI_TRY(publish_level(ledger, dir, level, hashes_at(from, level),
			hashes_at(size, level), err));
	return PKI_OK;
}

enum pki_status
pki_log_publish(struct pki_ledger *ledger, const char *dir, uint64_t from, uint64_t *size,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf note = { 0 };
	struct pki_checkpoint cp;
	bool found = false;
	char path[PATH_MAX];
	*size = 0;
	PKI_TRY(pki_ledger_checkpoint(ledger, 0, &note, &found, err));
	if (!found)
		return PKI_OK;
	PKI_TRY(pki_checkpoint_parse(pki_buf_bytes(&note), &cp, err));
	if (from > cp.size)
		return pki_fail_rule(err, PKI_STATE, PKI_RULE_LOG_CHECKPOINT,
			"%ju entries were published, the ledger's last checkpoint covers %ju; restore a newer backup",
			(uintmax_t)from, (uintmax_t)cp.size);
	if (snprintf(path, sizeof path, "%s/checkpoint", dir) >= (int)sizeof path)
		return pki_fail(err, PKI_CONFIG, "the path of the log is too long");
	PKI_TRY(publish(ledger, dir, from, cp.size, err));
	PKI_TRY(pki_file_mkdirs(dir, 0755, err));
	PKI_TRY(pki_file_publish(path, note.data, note.len, 0644, err));
	remove_partials(dir, PKI_LOG_ENTRIES, from, cp.size);
	for (int level = 0; hashes_at(cp.size, level) != 0; level++)
		remove_partials(
			dir, level, hashes_at(from, level), hashes_at(cp.size, level));
	*size = cp.size;
	return PKI_OK;
}

/* Empty files are of no use to anybody; a bundle's length is known from its entries
 * alone. */
static bool
tile_is_there(const char *path, int level, unsigned width)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return false;
	return level == PKI_LOG_ENTRIES ? st.st_size >= 2 * (off_t)width
					: st.st_size == (off_t)width * PKI_SHA256;
}

static enum pki_status
repair_level(struct pki_ledger *ledger, const char *dir, int level, uint64_t count,
	uint64_t *made, struct pki_err *err)
{
	for (uint64_t i = 0; i * PKI_TILE_WIDTH < count; i++) {
		char path[PATH_MAX];
		uint64_t left = count - i * PKI_TILE_WIDTH;
		unsigned width = left < PKI_TILE_WIDTH ? (unsigned)left : PKI_TILE_WIDTH;
		PKI_TRY(tile_path(dir, level, i, width, path, err));
		if (tile_is_there(path, level, width))
			continue;
		PKI_TRY(publish_tile(ledger, dir, level, i, width, err));
		++*made;
	}
	return PKI_OK;
}

enum pki_status
pki_log_repair(struct pki_ledger *ledger, const char *dir, uint64_t size, uint64_t *made,
	struct pki_err *err)
{
	*made = 0;
	PKI_TRY(repair_level(ledger, dir, PKI_LOG_ENTRIES, size, made, err));
	for (int level = 0; hashes_at(size, level) != 0; level++)
		PKI_TRY(repair_level(
			ledger, dir, level, hashes_at(size, level), made, err));
	return PKI_OK;
}

/* Reads the partial tile, or the full tile that replaced the partial tile, perhaps
 * meanwhile. */
static enum pki_status
read_file(const char *dir, int level, uint64_t index, unsigned width, struct pki_buf *out,
	struct pki_err *err)
{
	char path[PATH_MAX];
	struct pki_err own = { 0 };
	if (width == 0 || width > PKI_TILE_WIDTH)
		return pki_fail(err, PKI_INTERNAL, "a tile of width %u", width);
	PKI_TRY(tile_path(dir, level, index, width, path, err));
	if (pki_file_read(path, BUNDLE_MAX, out, &own) == PKI_OK)
		return PKI_OK;
	if (pki_file_exists(path))
		return pki_err_move(err, &own);
	PKI_TRY(tile_path(dir, level, index, PKI_TILE_WIDTH, path, err));
	if (!pki_file_exists(path))
		return pki_fail_rule(err, PKI_NOTFOUND, PKI_RULE_LOG_TILES,
			"%s is not there; restart pki-ca, which publishes missing files again",
			path);
	return pki_file_read(path, BUNDLE_MAX, out, err);
}

static enum pki_status
wrong_width(struct pki_err *err, unsigned width, const char *what)
{
	return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_LOG_TILES,
		"%s does not hold %u whole items; remove the file and restart pki-ca, which publishes it again",
		what, width);
}

enum pki_status
pki_log_read_tile(const char *dir, unsigned level, uint64_t index, unsigned width,
	struct pki_buf *out, struct pki_err *err)
{
	size_t before = out->len, want = (size_t)width * PKI_SHA256;
	PKI_TRY(read_file(dir, (int)level, index, width, out, err));
	size_t got = out->len - before;
	if (got != want && got != (size_t)PKI_TILE_WIDTH * PKI_SHA256)
		return wrong_width(err, width, "the tile");
	out->len = before + want;
	return PKI_OK;
}

void
pki_log_partials(
	const char *dir, int level, uint64_t index, bool widths[static PKI_TILE_WIDTH])
{
	char path[PATH_MAX];
	memset(widths, 0, PKI_TILE_WIDTH * sizeof *widths);
	if (tile_path(dir, level, index, 1, path, NULL) != PKI_OK)
		return;
	*strrchr(path, '/') = '\0';
	DIR *folder = opendir(path);
	if (folder == NULL)
		return;
	for (struct dirent *e; (e = readdir(folder)) != NULL;) {
		char *end;
		unsigned long width = strtoul(e->d_name, &end, 10);
		if (*end == '\0' && width < PKI_TILE_WIDTH)
			widths[width] = width > 0;
	}
	closedir(folder);
}

bool
pki_log_next_entry(struct pki_bytes *bundle, struct pki_bytes *entry)
{
	if (bundle->len < 2)
		return false;
	size_t len = (size_t)bundle->data[0] << 8 | bundle->data[1];
	if (bundle->len - 2 < len)
		return false;
	*entry = (struct pki_bytes){ bundle->data + 2, len };
	bundle->data += 2 + len;
	bundle->len -= 2 + len;
	return true;
}

enum pki_status
pki_log_read_entries(const char *dir, uint64_t bundle, unsigned width,
	struct pki_buf *out, struct pki_err *err)
{
	size_t before = out->len;
	PKI_TRY(read_file(dir, PKI_LOG_ENTRIES, bundle, width, out, err));
	struct pki_bytes rest = { out->data + before, out->len - before }, entry;
	unsigned count = 0;
	size_t end = 0;
	while (pki_log_next_entry(&rest, &entry))
		if (++count == width)
			end = out->len - rest.len;
	if (rest.len != 0 || (count != width && count != PKI_TILE_WIDTH))
		return wrong_width(err, width, "the entry bundle");
	out->len = end;
	return PKI_OK;
}
