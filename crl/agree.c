#include "crl/agree.h"

#include <time.h>

#include "crl/monitor.h"
#include "crl/sample.h"
#include "crl/service.h"
#include "libpki/host/probe.h"

/* A revocation waits this long for a responder's answers, unless an answer contradicts the
 * CRL. */
#define QUERY_MSEC 3000
/* A responder may be about to read a fresh commit: before its answer counts as a contradiction,
 * the query is repeated. */
#define AGAIN_TIMES 3
#define AGAIN_NSEC 500000000L
/* A responder without an answer is left alone for this long. */
#define REST_MSEC 60000
/* Certificates among which an unrevoked certificate is looked for, and its least age in
 * seconds: a distant responder may not know a younger certificate. */
#define LOOK_AT 16
#define OLD_ENOUGH 10

static enum pki_status
contradiction(const char *url, const struct pki_serial *serial, const char *says,
	struct pki_err *err)
{
	char text[PKI_SERIAL_TEXT];
	pki_serial_text(serial, text);
	return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_STATUS_AGREE,
		"the responder %.200s says of certificate %s %s. Check which ledger the responder reads. Stop the responder, or remove it from crl.ocsp",
		url, text, says);
}

/* An answer from before the revocation cannot know the revocation; "unknown" says nothing. */
static enum pki_status
agree_listed(const char *url, const struct pki_revoked *entry,
	const struct pki_ocsp_result *result, struct pki_err *err)
{
	const struct pki_serial *serial = &entry->serial;
	switch (result->status) {
	case PKI_OCSP_GOOD:
		return result->this_update < entry->revoked_at
			       ? PKI_OK
			       : contradiction(
					 url, serial, "good; the CRL says revoked", err);
	case PKI_OCSP_REVOKED:
		return result->revoked_at == entry->revoked_at &&
				       result->reason == entry->reason
			       ? PKI_OK
			       : contradiction(url, serial,
					 "another date or reason than the CRL", err);
	case PKI_OCSP_UNISSUED:
		return contradiction(
			url, serial, "\"not issued\"; the CRL says revoked", err);
	case PKI_OCSP_UNKNOWN:
		return PKI_OK;
	}
	return PKI_OK;
}

enum pki_status
agree_query(const char *url, const struct pki_cert *issuer,
	const struct pki_revoked *entry, struct pki_err *err)
{
	struct pki_ocsp_result result;
	PKI_TRY(pki_probe_ocsp(url, issuer, &entry->serial, NULL, &result, err));
	return agree_listed(url, entry, &result, err);
}

/* A certificate that was revoked meanwhile is on the next CRL. */
static enum pki_status
query_unlisted(struct service *s, const char *url, const struct pki_serial *serial,
	struct pki_err *err)
{
	struct pki_ocsp_result result;
	struct pki_cert_status now;
	PKI_TRY(pki_probe_ocsp(
		url, s->issuers[PKI_ISSUER_CA], serial, NULL, &result, err));
	if (result.status == PKI_OCSP_UNISSUED)
		return contradiction(
			url, serial, "\"not issued\"; the ledger says good", err);
	if (result.status != PKI_OCSP_REVOKED)
		return PKI_OK;
	PKI_TRY(pki_ledger_status(s->ledger, PKI_ISSUER_CA, serial, &now, err));
	return now.revoked ? PKI_OK
			   : contradiction(
				     url, serial, "revoked; CRL and ledger do not", err);
}

struct queries {
	const struct sample *listed;
	struct pki_serial unlisted[SAMPLE_OTHERS];
	size_t unlisted_count;
};

static enum pki_status
query(struct service *s, const char *url, const struct queries *queries, size_t i,
	struct pki_err *err)
{
	const struct sample *listed = queries->listed;
	if (i >= listed->count)
		return query_unlisted(s, url, &queries->unlisted[i - listed->count], err);
	return agree_query(url, s->issuers[PKI_ISSUER_CA], &listed->entries[i], err);
}

static enum pki_status
query_all(struct service *s, const char *url, const struct queries *queries,
	struct pki_err *err)
{
	static const struct timespec pause = { 0, AGAIN_NSEC };
	size_t count = queries->listed->count + queries->unlisted_count;
	int64_t end = pki_monotonic_msec() + QUERY_MSEC;
	unsigned again = 0;
	/* after a contradiction the query is repeated even if the time is over */
	bool doubted = true;
	for (size_t i = 0; i < count && (doubted || pki_monotonic_msec() < end);) {
		struct pki_err own = { 0 };
		enum pki_status status = query(s, url, queries, i, &own);
		doubted = status != PKI_OK;
		if (status == PKI_OK) {
			i++;
		} else if (own.rule == PKI_RULE_STATUS_AGREE && again++ < AGAIN_TIMES) {
			nanosleep(&pause, NULL);
		} else {
			return pki_err_move(err, &own);
		}
	}
	return PKI_OK;
}

struct chosen {
	struct queries *queries;
	pki_time old;
};

static enum pki_status
choose(void *ctx, const struct pki_cert_row *row, struct pki_err *err)
{
	struct chosen *chosen = ctx;
	struct queries *queries = chosen->queries;
	(void)err;
	if (row->issuer == PKI_ISSUER_CA && !row->revoked &&
		row->issued / 1000 < chosen->old &&
		queries->unlisted_count < SAMPLE_OTHERS)
		queries->unlisted[queries->unlisted_count++] = row->serial;
	return PKI_OK;
}

/* Neighbours, from anywhere in the ledger. */
static enum pki_status
choose_unlisted(struct service *s, struct sample *sample, struct queries *out,
	struct pki_err *err)
{
	struct pki_ledger_figures figures;
	struct chosen chosen = { out, pki_time_now() - OLD_ENOUGH };
	PKI_TRY(pki_ledger_count(s->ledger, &figures, err));
	uint64_t from =
		figures.certificates > LOOK_AT
			? sample_random(sample, figures.certificates - LOOK_AT + 1)
			: 0;
	return pki_ledger_each_certificate(
		s->ledger, (int64_t)from, LOOK_AT, choose, &chosen, err);
}

/* A responder that does not answer delays no revocation. */
static void
no_answer(struct responder *responder, struct pki_err *why)
{
	responder->rests_until = pki_monotonic_msec() + REST_MSEC;
	responder->silent = true;
	pki_err_object(why, "crl.ocsp (CRLs are published all the same)");
	pki_report_trouble(&responder->report, why);
}

static enum pki_status
compare(struct service *s, size_t i, const struct queries *queries, struct pki_err *err)
{
	struct responder *responder = &s->responders[i];
	struct pki_err own = { 0 };
	if (pki_monotonic_msec() < responder->rests_until)
		return PKI_OK;
	enum pki_status status = query_all(s, s->conf->crl->responders[i], queries, &own);
	if (status == PKI_OK) {
		responder->silent = false;
		pki_report_end(&responder->report);
		monitor_responder(s, i, CRL_AGREES);
		return PKI_OK;
	}
	if (own.rule != PKI_RULE_STATUS_AGREE) {
		no_answer(responder, &own);
		monitor_responder(s, i, CRL_SILENT);
		return PKI_OK;
	}
	monitor_responder(s, i, CRL_CONTRADICTS);
	return pki_err_move(err, &own);
}

enum pki_status
agree_check(struct service *s, const struct pki_crl *crl, struct sample *sample,
	struct pki_err *err)
{
	struct queries queries = { .listed = sample };
	/* no responder is left for a CA that has ended */
	if (s->conf->crl->responder_count == 0 ||
		pki_crl_next_update(crl) == PKI_CRL_LAST)
		return PKI_OK;
	PKI_TRY(sample_add_crl(sample, crl, err));
	PKI_TRY(choose_unlisted(s, sample, &queries, err));
	for (size_t i = 0; i < s->conf->crl->responder_count; i++)
		PKI_TRY(compare(s, i, &queries, err));
	return PKI_OK;
}
