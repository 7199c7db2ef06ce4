/*
 * All responses without a nonce as files, laid out for GET (RFC 9919 5), for any number of web
 * servers. A file's time is the thisUpdate of its response.
 */
#include "ocsp/export.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "libpki/base/file.h"
#include "libpki/host/conf_ocsp.h"
#include "libpki/host/worker.h"
#include "ocsp/response.h"
#include "ocsp/service.h"

/* A response is replaced after a third of its life; a round over all certificates takes half
 * that time. */
#define RENEW_SHARE 3
#define ROUND_SHARE 6
#define TICK_MSEC 200
/* Certificates between two looks at the ledger. */
#define BATCH 64
/* Longer than the time from a revocation to the commit: an older file may still say good. */
#define COMMIT_SECONDS 60

struct exporter {
	struct authority *authority;
	struct lookup lookup;
	int64_t newest; /* certificates up to this one have files */
	int64_t cursor; /* of the renewing round */
	uint64_t revocations; /* so many of the issuer's are in the files */
	uint64_t written;
	struct pki_report report;
	struct pki_worker worker;
};

/* Hashes in the CertIDs of clients: RFC 5019, RFC 9919. */
static const char *const hashes[] = { "SHA1", "SHA256" };

/* Is the file's answer still true, and long enough? */
static bool
is_fresh(const struct exporter *ex, const char *path, const struct pki_cert_row *row)
{
	struct stat st;
	if (stat(path, &st) != 0)
		return false;
	pki_time now = pki_time_now(), made = st.st_mtime;
	return made <= now &&
	       now < made + ex->authority->conf->ocsp->lifetime / RENEW_SHARE &&
	       !(row->revoked && made < row->revoked_at / 1000 + COMMIT_SECONDS);
}

static enum pki_status
write_response(struct exporter *ex, struct pki_bytes request, const char *path,
	const struct pki_cert_row *row, struct pki_err *err)
{
	struct pki_ocsp_single single = { .status = PKI_OCSP_GOOD };
	PKI_CLEANUP(pki_ocsp_request_cleanup) struct pki_ocsp_request *req = NULL;
	PKI_CLEANUP(response_signed_free) struct response_signed made = { 0 };
	char folder[PATH_MAX];
	if (row->revoked)
		single = (struct pki_ocsp_single){ PKI_OCSP_REVOKED,
			row->revoked_at / 1000, row->reason };
	PKI_TRY(pki_ocsp_request_parse(request, &req, err));
	PKI_TRY(response_sign(&ex->lookup, req, &single, &made, err));
	/* base64 has slashes: folders to a web server */
	snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(path, '/') - path), path);
	PKI_TRY(pki_file_mkdirs(folder, 0755, err));
	PKI_TRY(pki_file_publish(path, made.body.data, made.body.len, 0644, err));
	ex->written++;
	return PKI_OK;
}

static enum pki_status
export_certificate(void *ctx, const struct pki_cert_row *row, struct pki_err *err)
{
	struct exporter *ex = ctx;
	const struct pki_cert *issuer = ex->authority->issuer;
	for (size_t i = 0; row->issuer == PKI_ISSUER_CA && i < PKI_COUNT(hashes); i++) {
		PKI_CLEANUP(pki_buf_free) struct pki_buf request = { 0 };
		char path[PATH_MAX];
		PKI_TRY(pki_ocsp_request_build(issuer, &row->serial, hashes[i],
			(struct pki_bytes){ 0 }, &request, err));
		PKI_TRY(pki_ocsp_file(ex->authority->conf->ocsp->export,
			pki_buf_bytes(&request), path, err));
		if (!is_fresh(ex, path, row))
			PKI_TRY(write_response(
				ex, pki_buf_bytes(&request), path, row, err));
	}
	return PKI_OK;
}

static enum pki_status
on_revoked(void *ctx, const struct pki_revoked *revoked, struct pki_err *err)
{
	struct exporter *ex = ctx;
	struct pki_cert_row row = { 0 };
	PKI_TRY(pki_ledger_certificate(
		ex->lookup.ledger, PKI_ISSUER_CA, &revoked->serial, &row, NULL, err));
	enum pki_status status = export_certificate(ex, &row, err);
	pki_cert_row_free(&row);
	if (status == PKI_OK)
		ex->revocations++;
	return status;
}

static enum pki_status
on_certificate(void *ctx, const struct pki_cert_row *row, struct pki_err *err)
{
	struct exporter *ex = ctx;
	PKI_TRY(export_certificate(ex, row, err));
	if (row->id > ex->newest)
		ex->newest = row->id;
	ex->cursor = row->id;
	return PKI_OK;
}

/* Revocations before anything else. */
static enum pki_status
export_revocations(struct exporter *ex, struct pki_err *err)
{
	const struct pki_revoked_query query = { .issuer = PKI_ISSUER_CA,
		.after = ex->revocations };
	return pki_ledger_each_revoked(ex->lookup.ledger, &query, on_revoked, ex, err);
}

/* *more: certificates without files are left. */
static enum pki_status
export_new(struct exporter *ex, bool *more, struct pki_err *err)
{
	int64_t from = ex->newest, cursor = ex->cursor;
	PKI_TRY(pki_ledger_each_certificate(
		ex->lookup.ledger, from, BATCH, on_certificate, ex, err));
	*more = ex->newest >= from + BATCH;
	ex->cursor = cursor;
	return PKI_OK;
}

/* As many certificates as the round's pace needs; after the last, the round begins again. */
static enum pki_status
renew_some(struct exporter *ex, struct pki_err *err)
{
	pki_time round = ex->authority->conf->ocsp->lifetime / ROUND_SHARE;
	int64_t ticks = round * 1000 / TICK_MSEC + 1;
	int64_t from = ex->cursor, share = ex->newest / ticks + 1;
	PKI_TRY(pki_ledger_each_certificate(
		ex->lookup.ledger, from, (uint64_t)share, on_certificate, ex, err));
	if (ex->cursor == from || ex->cursor >= ex->newest)
		ex->cursor = 0;
	return PKI_OK;
}

static enum pki_status
tick(struct exporter *ex, bool *more, struct pki_err *err)
{
	if (atomic_load(&ex->authority->ended))
		return PKI_OK;
	PKI_TRY(export_revocations(ex, err));
	PKI_TRY(export_new(ex, more, err));
	return *more ? PKI_OK : renew_some(ex, err);
}

/* The health page shows a failure meanwhile. */
static enum pki_status
job(void *ctx, long *wait_msec, struct pki_err *err)
{
	struct exporter *ex = ctx;
	bool more = false;
	enum pki_status status = tick(ex, &more, err);
	*wait_msec = more ? 0 : TICK_MSEC;
	atomic_store(&ex->authority->export_failing, status != PKI_OK);
	if (status != PKI_OK)
		pki_err_object(err, "export to %s", ex->authority->conf->ocsp->export);
	return status;
}

enum pki_status
exporter_new(struct authority *authority, struct exporter **out, struct pki_err *err)
{
	struct exporter *ex = calloc(1, sizeof *ex);
	if (ex == NULL)
		return pki_fail(err, PKI_MEMORY, "the export");
	ex->authority = authority;
	pki_report_init(&ex->report, OCSP_PROGRAM, NULL);
	const struct pki_worker_config config = {
		.name = "the export",
		.job = job,
		.ctx = ex,
		.backoff = { TICK_MSEC, TICK_MSEC, 0 },
		.report = &ex->report,
	};
	enum pki_status status = pki_worker_init(&ex->worker, &config, err);
	if (status == PKI_OK)
		status = pki_file_mkdirs(authority->conf->ocsp->export, 0755, err);
	pki_file_sweep(authority->conf->ocsp->export);
	if (status == PKI_OK)
		status = lookup_open(authority, &ex->lookup, err);
	if (status != PKI_OK) {
		exporter_free(ex);
		return status;
	}
	*out = ex;
	return PKI_OK;
}

enum pki_status
exporter_begin(struct exporter *ex, struct pki_err *err)
{
	return pki_worker_start(&ex->worker, err);
}

void
exporter_free(struct exporter *ex)
{
	if (ex == NULL)
		return;
	pki_worker_free(&ex->worker);
	lookup_close(&ex->lookup);
	free(ex);
}

enum pki_status
exporter_run(struct exporter *ex, uint64_t *written, struct pki_err *err)
{
	struct pki_ledger_figures figures = { 0 };
	bool more = true;
	if (atomic_load(&ex->authority->ended))
		return pki_fail_rule(err, PKI_STATE, PKI_RULE_CRL_LAST,
			"the CA's last CRL is made; it says all that there is to say");
	PKI_TRY(pki_ledger_count(ex->lookup.ledger, &figures, err));
	while (more) {
		PKI_TRY(export_new(ex, &more, err));
		pki_progress("certificates", (uint64_t)ex->newest, figures.certificates);
	}
	pki_progress_end();
	*written = ex->written;
	return PKI_OK;
}
