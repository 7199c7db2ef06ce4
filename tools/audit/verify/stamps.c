#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "libpki/base/file.h"
#include "libpki/cms/tsp.h"
#include "tools/audit/verify/stamps.h"
#include "libpki/host/conf.h"

#define FOLDER "witness/timestamps"
/* The authority may be unavailable for a while, and a time-stamp may be on its way. */
#define LATE 3

struct stamps {
	struct audit *a;
	char dir[PATH_MAX];
	struct pki_buf trust;
	uint64_t covered; /* entries under the largest valid time-stamp */
};

static enum pki_status
read_file(const struct stamps *s, const char *name, struct pki_buf *out,
	struct pki_err *err)
{
	char path[PATH_MAX];
	PKI_TRY(pki_conf_path(s->dir, name, path, err));
	return pki_file_read(path, PKI_NOTE_MAX, out, err);
}

/* The time-stamp must date the ledger's checkpoint, and so must the checkpoint beside the
 * time-stamp. */
static enum pki_status
check_stamp(struct stamps *s, uint64_t size, const char *name, struct pki_err *err)
{
	char path[PATH_MAX], note_name[40];
	struct pki_tsp_query query;
	pki_time at;
	PKI_CLEANUP(pki_buf_free)
	struct pki_buf note = { 0 }, beside = { 0 }, response = { 0 };
	if (size == 0 ||
		pki_ledger_checkpoint(s->a->ledger, size, &note, NULL, err) != PKI_OK) {
		*err = (struct pki_err){ 0 };
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_TIMESTAMP,
			"the ledger has no checkpoint of %ju entries", (uintmax_t)size);
	}
	snprintf(note_name, sizeof note_name, "%ju.note", (uintmax_t)size);
	PKI_TRY(pki_conf_path(s->dir, note_name, path, err));
	if (pki_file_exists(path))
		PKI_TRY(read_file(s, note_name, &beside, err));
	if (beside.len > 0 &&
		!pki_bytes_equal(note.data, note.len, beside.data, beside.len))
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_TIMESTAMP,
			"the checkpoint beside the time-stamp is not the ledger's");
	PKI_TRY(read_file(s, name, &response, err));
	PKI_TRY(pki_tsp_query_of(pki_buf_bytes(&note), &query, err));
	struct pki_err own = { 0 };
	enum pki_status status = pki_tsp_verify(
		pki_buf_bytes(&response), &query, pki_buf_bytes(&s->trust), &at, &own);
	if (status == PKI_INPUT)
		own.rule = PKI_RULE_TIMESTAMP;
	return status == PKI_OK ? PKI_OK : pki_err_move(err, &own);
}

/* SIZE.suffix */
static bool
is_of(const char *name, const char *suffix, uint64_t *size)
{
	size_t len = strcspn(name, ".");
	return strcmp(name + len, suffix) == 0 &&
	       pki_note_size((struct pki_bytes){ (const uint8_t *)name, len }, size);
}

static void
check_file(struct stamps *s, const char *name)
{
	struct pki_err own = { 0 };
	char object[PATH_MAX], token[40];
	uint64_t size = 0;
	snprintf(object, sizeof object, FOLDER "/%s", name);
	if (is_of(name, ".tsr", &size)) {
		if (check_stamp(s, size, name, &own) != PKI_OK) {
			audit_add_finding(s->a, object, &own);
			return;
		}
		s->a->counts.stamps++;
		s->covered = size > s->covered ? size : s->covered;
		return;
	}
	if (!is_of(name, ".note", &size))
		return;
	snprintf(token, sizeof token, "%ju.tsr", (uintmax_t)size);
	if (pki_conf_path(s->dir, token, object, &own) == PKI_OK &&
		pki_file_exists(object))
		return;
	(void)pki_fail_rule(&own, PKI_TAMPERED, PKI_RULE_TIMESTAMP,
		"its time-stamp %s is missing, although `pki-witness feed` writes the time-stamp first",
		token);
	snprintf(object, sizeof object, FOLDER "/%s", name);
	audit_add_finding(s->a, object, &own);
}

static bool
is_ours(const char *name, uint64_t *size)
{
	return is_of(name, ".tsr", size) || is_of(name, ".note", size);
}

static int
is_stamp(const struct dirent *entry)
{
	uint64_t size;
	return is_ours(entry->d_name, &size);
}

/* The file is of a checkpoint younger than the audit. */
static bool
is_later(const struct stamps *s, const char *name)
{
	char path[PATH_MAX];
	struct pki_err own = { 0 };
	uint64_t size;
	return is_ours(name, &size) && size > s->a->figures.entries &&
	       pki_conf_path(s->dir, name, path, &own) == PKI_OK &&
	       audit_file_is_newer(s->a, path);
}

static enum pki_status
check_folder(struct stamps *s, struct pki_err *err)
{
	struct dirent **files = NULL;
	int count = scandir(s->dir, &files, is_stamp, versionsort);
	if (count < 0 && errno != ENOENT)
		return pki_fail_errno(err, PKI_IO, errno, "%s", s->dir);
	for (int i = 0; i < count; i++) {
		if (!is_later(s, files[i]->d_name))
			check_file(s, files[i]->d_name);
		free(files[i]);
	}
	free(files);
	return PKI_OK;
}

/* The oldest entry without a time-stamp must not be old. */
static void
check_late(struct stamps *s)
{
	struct pki_err own = { 0 };
	int64_t every = s->a->sources->stamp_every;
	pki_msec at = 0;
	if (every == 0 || s->covered >= s->a->figures.entries)
		return;
	PKI_CLEANUP(pki_json_cleanup)
	json_t *entry = entry_read(s->a->ledger, s->covered);
	if (pki_msec_parse(entry_text(entry, "at"), &at, &own) != PKI_OK ||
		s->a->started.tv_sec - at / 1000 <= LATE * every)
		return;
	(void)pki_fail_rule(&own, PKI_NOTFOUND, PKI_RULE_TIMESTAMP,
		"the log has no time-stamp from entry %ju of %s on; a time-stamp is due every %lld s",
		(uintmax_t)s->covered, entry_text(entry, "at"), (long long)every);
	audit_add_finding(s->a, "time-stamps", &own);
}

enum pki_status
stamps_verify(struct audit *a, struct pki_err *err)
{
	struct stamps s = { .a = a };
	const char *trust = a->sources->tsa;
	PKI_TRY(pki_conf_path(a->sources->publish, FOLDER, s.dir, err));
	if (trust[0] == '\0' && !pki_file_exists(s.dir))
		return PKI_OK;
	if (trust[0] == '\0')
		return pki_fail_rule(err, PKI_CONFIG, PKI_RULE_TIMESTAMP,
			"time-stamps were found, but no authority's certificate to trust");
	enum pki_status status = pki_file_read(trust, PKI_FILE_MAX, &s.trust, err);
	if (status == PKI_OK)
		status = check_folder(&s, err);
	if (status == PKI_OK)
		check_late(&s);
	pki_buf_free(&s.trust);
	return status;
}
