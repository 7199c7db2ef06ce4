/* OCSP responses, queried or exported, against the ledger. */
#include <stdio.h>
#include <string.h>

#include "libpki/base/file.h"
#include "libpki/host/http.h"
#include "libpki/ocsp/ocsp.h"
#include "tools/audit/verify/certificates.h"
#include "tools/audit/verify/ocsp.h"
#include "tools/audit/workers.h"

#define NONCE_LEN 32
/* A response with the delegate's certificate has about 1 kB. */
#define RESPONSE_MAX ((size_t)64 << 10)
/* ETSI EN 319 411-1 REV-6.2.4: from the decision to the status, at most. */
#define SEEN_WITHIN ((pki_time)3600)
#define SAMPLE_DEFAULT 1000

/* Rows in a batch. */
#define BATCH 64

struct batch {
	struct pki_cert_row rows[BATCH];
	size_t count;
};

static enum pki_status
compare(const struct audit *a, const struct pki_cert_row *row,
	const struct pki_ocsp_result *is, struct pki_err *err)
{
	pki_time revoked_at = row->revoked_at / 1000;
	if (is->status == PKI_OCSP_UNISSUED || is->status == PKI_OCSP_UNKNOWN)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_STATUS_AGREE,
			"OCSP does not know this certificate, although it was issued");
	if (!row->revoked && is->status == PKI_OCSP_REVOKED) {
		/* later than our view of a ledger in use */
		if (a->ocsp.url != NULL && is->revoked_at >= a->started.tv_sec)
			return PKI_OK;
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_STATUS_AGREE,
			"OCSP says revoked, but the ledger has no revocation");
	}
	if (row->revoked && is->status == PKI_OCSP_GOOD) {
		/* a response of the same second may have been made before the revocation */
		bool behind = is->this_update <= revoked_at &&
			      a->ocsp.last_event - revoked_at <= SEEN_WITHIN;
		return pki_fail_rule(err, behind ? PKI_STATE : PKI_TAMPERED,
			PKI_RULE_STATUS_AGREE,
			"OCSP says good, although the certificate was revoked%s",
			behind ? " since: the answer is behind" : "");
	}
	if (row->revoked && (is->revoked_at != revoked_at || is->reason != row->reason))
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_STATUS_AGREE,
			"OCSP gives another date or reason of the revocation");
	return PKI_OK;
}

static enum pki_status
ask(const struct audit *a, const struct pki_serial *serial, struct pki_ocsp_result *out,
	struct pki_err *err)
{
	const struct pki_cert *issuer = a->issuers[PKI_ISSUER_CA];
	PKI_CLEANUP(pki_buf_free) struct pki_buf request = { 0 };
	PKI_CLEANUP(pki_http_response_free) struct pki_http_response response = { 0 };
	uint8_t nonce[NONCE_LEN];
	PKI_TRY(pki_random(nonce, sizeof nonce, err));
	PKI_TRY(pki_ocsp_request_build(issuer, serial, "SHA256",
		(struct pki_bytes){ nonce, sizeof nonce }, &request, err));
	const struct pki_http_outgoing call = { .url_base = a->ocsp.url,
		.method = "POST",
		.path = "",
		.content_type = "application/ocsp-request",
		.body = pki_buf_bytes(&request),
		.max = RESPONSE_MAX };
	PKI_TRY(pki_http_send(&call, &response, err));
	if (response.code != 200)
		return pki_fail(err, PKI_UNAVAILABLE, "the responder answers HTTP %ld",
			response.code);
	return pki_ocsp_response_verify(pki_buf_bytes(&response.body),
		pki_buf_bytes(&request), issuer, pki_time_now(), out, err);
}

/* The file is named by the GET request (RFC 9919 5.1). An old response gives another
 * status than a wrong response. */
static enum pki_status
read_file(const struct audit *a, const struct pki_serial *serial, const char *hash,
	struct pki_ocsp_result *out, struct pki_err *err)
{
	const struct pki_cert *issuer = a->issuers[PKI_ISSUER_CA];
	PKI_CLEANUP(pki_buf_free) struct pki_buf request = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf file = { 0 };
	char path[PATH_MAX];
	PKI_TRY(pki_ocsp_request_build(
		issuer, serial, hash, (struct pki_bytes){ 0 }, &request, err));
	PKI_TRY(pki_ocsp_file(a->ocsp.dir, pki_buf_bytes(&request), path, err));
	if (!pki_file_exists(path))
		return pki_fail_rule(err, PKI_NOTFOUND, PKI_RULE_OCSP_NEXT_UPDATE,
			"no answer for %s is exported", hash);
	PKI_TRY(pki_file_read(path, RESPONSE_MAX, &file, err));
	return pki_ocsp_response_verify(
		pki_buf_bytes(&file), pki_buf_bytes(&request), issuer, 0, out, err);
}

static void
judge_answer(struct audit *a, const struct pki_cert_row *row, enum pki_status status,
	const struct pki_ocsp_result *is, struct pki_err *err)
{
	char object[CERTIFICATE_OBJECT];
	certificates_object(&row->serial, object);
	if (status == PKI_OK) {
		a->counts.responses++;
		status = compare(a, row, is, err);
	}
	if (status == PKI_OK && is->next_update < a->ocsp.last_event)
		status = pki_fail_rule(err, PKI_STATE, PKI_RULE_OCSP_NEXT_UPDATE,
			"the OCSP response had ended before the ledger's last event");
	if (status != PKI_OK)
		audit_add_finding(a, object, err);
}

/* Evenly spread. */
static bool
in_sample(const struct audit *a, const struct pki_cert_row *row)
{
	uint64_t all = a->figures.certificates, n = a->ocsp.sample,
		 id = (uint64_t)row->id;
	return n >= all || id * n / all != (id - 1) * n / all;
}

static void
look_at(struct audit *a, const struct pki_cert_row *row)
{
	static const char *const hashes[] = { "SHA1", "SHA256" };
	struct pki_ocsp_result is = { 0 };
	struct pki_err own = { 0 };
	enum pki_status status;
	a->position.object = (uint64_t)row->id;
	if (row->issuer != PKI_ISSUER_CA)
		return;
	if (a->ocsp.url != NULL && in_sample(a, row)) {
		status = ask(a, &row->serial, &is, &own);
		judge_answer(a, row, status, &is, &own);
	}
	for (size_t i = 0; a->ocsp.dir != NULL && i < PKI_COUNT(hashes); i++) {
		own = (struct pki_err){ 0 };
		status = read_file(a, &row->serial, hashes[i], &is, &own);
		judge_answer(a, row, status, &is, &own);
	}
}

static enum pki_status
on_row(void *ctx, const struct pki_cert_row *row, struct pki_err *err)
{
	struct batch *batch = ctx;
	(void)err;
	batch->rows[batch->count] = *row;
	batch->rows[batch->count++].der = (struct pki_buf){ 0 }; /* not looked at */
	return PKI_OK;
}

static enum pki_status
take(struct audit *a, void *state, void *out, size_t *count, struct pki_err *err)
{
	int64_t *after = state;
	struct batch *batch = out;
	batch->count = 0;
	enum pki_status status =
		pki_ledger_each_certificate(a->ledger, *after, BATCH, on_row, batch, err);
	*count = batch->count;
	if (batch->count > 0)
		*after = batch->rows[batch->count - 1].id;
	return status;
}

static void
look_at_all(struct audit *a, void *in, size_t count)
{
	const struct batch *batch = in;
	for (size_t i = 0; i < count; i++)
		look_at(a, &batch->rows[i]);
}

/* rule 60: query about a random serial number */
static void
ask_unissued(struct audit *a)
{
	struct pki_serial serial = { .len = 16 };
	struct pki_ocsp_result is = { 0 };
	struct pki_err own = { 0 };
	char object[CERTIFICATE_OBJECT];
	enum pki_status status = pki_random(serial.octets, serial.len, &own);
	serial.octets[0] = (serial.octets[0] & 0x7f) | 0x40;
	certificates_object(&serial, object);
	if (status == PKI_OK)
		status = ask(a, &serial, &is, &own);
	if (status == PKI_OK && is.status == PKI_OCSP_GOOD)
		status = pki_fail_rule(&own, PKI_TAMPERED, PKI_RULE_OCSP_UNISSUED,
			"OCSP says good, although no certificate has this serial number");
	if (status != PKI_OK)
		audit_add_finding(a, object, &own);
}

enum pki_status
ocsp_verify(struct audit *a, struct pki_err *err)
{
	static const struct workers_task part = { "OCSP", sizeof(struct batch), take,
		look_at_all };
	int64_t after = INT64_MIN;
	pki_msec last = 0;
	if (a->ocsp.url == NULL && a->ocsp.dir == NULL)
		return PKI_OK;
	PKI_TRY(pki_ledger_last_event(a->ledger, &last, err));
	a->ocsp.last_event = last / 1000;
	if (a->ocsp.url != NULL)
		ask_unissued(a);
	return workers_run(a, &part, &after, a->figures.certificates, err);
}

enum pki_status
ocsp_options(struct audit_ocsp *out, const struct pki_args *args, struct pki_err *err)
{
	const char *sample = pki_arg(args, "ocsp-sample");
	char *end = NULL;
	out->url = pki_arg(args, "ocsp");
	out->dir = pki_arg(args, "ocsp-export");
	out->sample = SAMPLE_DEFAULT;
	if (sample == NULL)
		return PKI_OK;
	out->sample = strtoull(sample, &end, 10);
	if (*end != '\0' || sample[0] < '0' || sample[0] > '9' || out->sample == 0 ||
		out->sample > UINT32_MAX)
		return pki_fail(err, PKI_USAGE, "--ocsp-sample takes a number");
	return PKI_OK;
}
