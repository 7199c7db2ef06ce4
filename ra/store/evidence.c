#include "ra/store/evidence.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libpki/base/file.h"

/* dir, "/evidence/", an id, "/", a number */
#define EVIDENCE_PATH (PATH_MAX + 96)

static enum pki_status
describe(const char *path, struct pki_bytes file, struct ra_evidence *out,
	struct pki_err *err)
{
	const char *slash = strrchr(path, '/');
	PKI_CLEANUP(pki_json_cleanup)
	json_t *name = json_string(slash != NULL ? slash + 1 : path);
	/* JSON cannot express a name that is not UTF-8 */
	snprintf(out->name, sizeof out->name, "%s",
		name != NULL ? json_string_value(name) : "unnamed");
	out->size = (int64_t)file.len;
	PKI_TRY(ra_salt_make(out->salt, err));
	return ra_salt_digest(out->salt, file, out->digest, err);
}

static enum pki_status
add(struct ra_store *store, const struct ra_application *application, const char *path,
	struct ra_record *record, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf plain = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf sealed = { 0 };
	char file[EVIDENCE_PATH], name[32];
	if (record->evidence_count == PKI_ORDER_EVIDENCE_MAX)
		return pki_fail(err, PKI_LIMIT, "more than %d evidence files; join some",
			PKI_ORDER_EVIDENCE_MAX);
	PKI_TRY(pki_file_read(path, RA_EVIDENCE_MAX, &plain, err));
	struct ra_evidence *e = &record->evidence[record->evidence_count];
	*e = (struct ra_evidence){ .number = (long)record->evidence_count };
	snprintf(e->application, sizeof e->application, "%s", application->id);
	PKI_TRY(describe(path, pki_buf_bytes(&plain), e, err));
	snprintf(name, sizeof name, "evidence/%ld", e->number);
	const struct ra_part_name part = { application->id, application->holder, name };
	PKI_TRY(ra_part_seal(store, &part, pki_buf_bytes(&plain), &sealed, err));
	snprintf(file, sizeof file, "%s/evidence/%s", ra_store_dir(store),
		application->id);
	PKI_TRY(pki_file_mkdirs(file, 0700, err));
	snprintf(file, sizeof file, "%s/evidence/%s/%ld", ra_store_dir(store),
		application->id, e->number);
	PKI_TRY(pki_file_create(file, sealed.data, sealed.len, 0600, err));
	record->evidence_count++;
	return PKI_OK;
}

enum pki_status
ra_evidence_add(struct ra_store *store, const struct ra_application *application,
	const char *path, struct ra_record *record, struct pki_err *err)
{
	enum pki_status status = add(store, application, path, record, err);
	if (status != PKI_OK)
		pki_err_object(err, "evidence %zu", record->evidence_count + 1);
	return status;
}

static enum pki_status
read_one(struct ra_store *store, const struct ra_application *application,
	const struct ra_evidence *e, struct pki_buf *plain, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf sealed = { 0 };
	char file[EVIDENCE_PATH], name[32], digest[PKI_SHA256_HEX];
	snprintf(file, sizeof file, "%s/evidence/%s/%ld", ra_store_dir(store),
		e->application, e->number);
	snprintf(name, sizeof name, "evidence/%ld", e->number);
	const struct ra_part_name part = { e->application, application->holder, name };
	/* 64: nonce and tag */
	PKI_TRY(pki_file_read(file, RA_EVIDENCE_MAX + 64, &sealed, err));
	PKI_TRY(ra_part_unseal(store, &part, pki_buf_bytes(&sealed), plain, err));
	PKI_TRY(ra_salt_digest(e->salt, pki_buf_bytes(plain), digest, err));
	if (strcmp(digest, e->digest) != 0)
		return pki_fail(err, PKI_TAMPERED,
			"the evidence file is not what the applicant submitted; restore the store from its backup");
	return PKI_OK;
}

enum pki_status
ra_evidence_write(struct ra_store *store, const struct ra_application *application,
	const struct ra_record *record, const char *dir, struct pki_err *err)
{
	PKI_TRY(pki_file_mkdirs(dir, 0700, err));
	for (size_t i = 0; i < record->evidence_count; i++) {
		const struct ra_evidence *e = &record->evidence[i];
		PKI_CLEANUP(pki_buf_cleanse) struct pki_buf plain = { 0 };
		char file[EVIDENCE_PATH];
		PKI_TRY(read_one(store, application, e, &plain, err));
		snprintf(file, sizeof file, "%s/%ld-%s", dir, e->number + 1, e->name);
		PKI_TRY(pki_file_publish(file, plain.data, plain.len, 0600, err));
	}
	return PKI_OK;
}

enum pki_status
ra_evidence_check(struct ra_store *store, const struct ra_application *application,
	const struct ra_record *record, struct pki_err *err)
{
	for (size_t i = 0; i < record->evidence_count; i++) {
		PKI_CLEANUP(pki_buf_cleanse) struct pki_buf plain = { 0 };
		PKI_TRY(read_one(store, application, &record->evidence[i], &plain, err));
	}
	return PKI_OK;
}

void
ra_evidence_discard(struct ra_store *store, const char *application)
{
	char path[EVIDENCE_PATH];
	for (int i = 0; i < PKI_ORDER_EVIDENCE_MAX; i++) {
		snprintf(path, sizeof path, "%s/evidence/%s/%d", ra_store_dir(store),
			application, i);
		unlink(path);
	}
	snprintf(path, sizeof path, "%s/evidence/%s", ra_store_dir(store), application);
	rmdir(path);
}
