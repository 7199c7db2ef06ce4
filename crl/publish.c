#include "crl/publish.h"

#include <stdio.h>
#include <string.h>

#include "crl/agree.h"
#include "crl/gate.h"
#include "crl/mirror.h"
#include "crl/monitor.h"
#include "crl/sample.h"
#include "crl/service.h"
#include "libpki/base/file.h"
#include "libpki/host/api.h"

static enum pki_status
list_path(const struct service *s, const struct crl *crl, char out[PATH_MAX],
	struct pki_err *err)
{
	char name[PKI_CRL_FILE];
	crl_name(crl, name);
	return pki_conf_path(s->conf->publish, name, out, err);
}

/* *out has no data if the file does not exist; for an empty file data is not NULL. */
static enum pki_status
read_file(const struct service *s, const struct crl *crl, struct pki_buf *out,
	struct pki_err *err)
{
	char path[PATH_MAX];
	PKI_TRY(list_path(s, crl, path, err));
	return pki_file_exists(path) ? pki_file_read(path, CRL_MAX, out, err) : PKI_OK;
}

/* *out stays NULL if der is no CRL of this issuer. Takes der over. */
static enum pki_status
parse_published(const struct service *s, const struct crl *crl, struct pki_buf *der,
	struct pki_crl **out, struct pki_err *err)
{
	char name[PKI_CRL_FILE];
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *parsed = NULL;
	struct pki_err own = { 0 };
	if (der->data == NULL)
		return PKI_OK;
	enum pki_status status = pki_crl_adopt(der, &parsed, &own);
	if (status == PKI_OK)
		status = pki_crl_verify(parsed, s->issuers[crl->issuer], &own);
	if (status == PKI_MEMORY)
		return pki_err_move(err, &own);
	if (status == PKI_OK) {
		*out = parsed;
		parsed = NULL;
		return PKI_OK;
	}
	/* a damaged file protects nobody: the next CRL replaces the file */
	crl_name(crl, name);
	pki_err_object(&own, "%s, which is being replaced", name);
	pki_report_error(CRL_PROGRAM, &own);
	return PKI_OK;
}

static enum pki_status
publish(struct service *s, const struct crl *crl, struct pki_bytes der,
	struct pki_err *err)
{
	char path[PATH_MAX];
	if (crl->partition != 0) {
		PKI_TRY(pki_conf_path(s->conf->publish, "crl", path, err));
		PKI_TRY(pki_file_mkdirs(path, 0755, err));
	}
	PKI_TRY(list_path(s, crl, path, err));
	PKI_TRY(pki_file_publish(path, der.data, der.len, 0644, err));
	/* rule 104: do readers get this CRL now? */
	if (!pki_file_holds(path, der))
		return pki_fail(err, PKI_TAMPERED, "%s is not what was published", path);
	mirrors_wake(s->mirrors);
	return PKI_OK;
}

static enum pki_status
call(struct service *s, const char *path, struct pki_json *request, json_t **reply,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf body = { 0 };
	PKI_TRY(pki_json_write(request, &body, err));
	return pki_api_call(s->conf->socket, path, "application/json",
		pki_buf_bytes(&body), reply, err);
}

enum pki_status
publish_report(struct service *s, struct crl *crl, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_free) struct pki_json request = pki_json_object();
	PKI_CLEANUP(pki_json_cleanup) json_t *reply = NULL;
	struct pki_err own = { 0 };
	pki_msec at = pki_msec_now();
	if (crl->last.number == 0 || crl->last.published != 0)
		return PKI_OK;
	pki_json_number(&request, "issuer", crl->issuer);
	pki_json_number(&request, "number", (int64_t)crl->last.number);
	pki_json_msec(&request, "published", at);
	enum pki_status status = call(s, "/v1/crl/published", &request, &reply, &own);
	/* STATE: `once` in a second process, beside `run`, reported first */
	if (status != PKI_OK && status != PKI_STATE)
		return pki_err_move(err, &own);
	crl->last.published = at;
	return PKI_OK;
}

/* Have pki-ca sign a new CRL. When the reply comes, the ledger has the CRL. */
static enum pki_status
make(struct service *s, const struct crl *crl, struct pki_err *err)
{
	json_int_t number = 0;
	PKI_CLEANUP(pki_json_free) struct pki_json request = pki_json_object();
	PKI_CLEANUP(pki_json_cleanup) json_t *reply = NULL;
	pki_json_number(&request, "partition", crl->partition);
	PKI_TRY(call(s, "/v1/crl", &request, &reply, err));
	if (json_unpack(reply, "{s:I}", "number", &number) != 0)
		return pki_fail(
			err, PKI_UNAVAILABLE, "pki-ca's answer holds no CRL number");
	if ((uint64_t)number <= crl->last.number)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_CRL_FIELDS,
			"pki-ca made CRL %lld after CRL %llu", (long long)number,
			(unsigned long long)crl->last.number);
	return PKI_OK;
}

/* The ledger's part of the gate: all revocations, or those since the published CRL. */
static enum pki_status
walk_gate(struct gate *gate, const struct crl *crl, const struct pki_crl_row *row,
	struct pki_err *err)
{
	const struct pki_revoked_query query = {
		.issuer = row->issuer,
		.partition = row->partition,
		.after = gate->resumes ? crl->out.revocations : 0,
		.to = row->revocations,
		.from = row->cutoff,
	};
	PKI_TRY(gate_open(gate, err));
	PKI_TRY(pki_ledger_each_revoked(gate->ledger, &query, gate_must, gate, err));
	return gate_close(gate, err);
}

static enum pki_status
pass_gate(struct service *s, struct crl *crl, const struct pki_crl_row *row,
	const struct pki_crl *parsed, const struct pki_crl *published,
	struct pki_err *err)
{
	struct sample sample;
	char url[PKI_URL_TEXT];
	struct gate gate = {
		.ledger = s->ledger,
		.issuer = crl->issuer,
		.ca = s->issuers[crl->issuer],
		.url = crl->partition != 0 ? url : NULL,
		.keeps = crl->issuer == PKI_ISSUER_CA && s->conf->crl_keep,
		.crl = parsed,
		.published = published,
		.fresh = &sample,
		.resumes = published != NULL && crl->out.checked &&
			   crl->out.number == pki_crl_number(published),
	};
	crl->disputed = false;
	PKI_TRY(sample_begin(&sample, err));
	pki_crl_url(&s->urls, crl->partition, url);
	if (pki_crl_number(parsed) != row->number)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_CRL_FIELDS,
			"the ledger has the CRL as number %llu; its CRLNumber is %llu",
			(unsigned long long)row->number,
			(unsigned long long)pki_crl_number(parsed));
	if (row->revocations < crl->need)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_STATUS_AGREE,
			"the CRL is built over %llu revocations; the ledger had %llu before",
			(unsigned long long)row->revocations,
			(unsigned long long)crl->need);
	PKI_TRY(walk_gate(&gate, crl, row, err));
	/* a partition without new entries needs no query: the full CRL had the same queries */
	if (crl->issuer != PKI_ISSUER_CA || (crl->partition != 0 && sample.count == 0))
		return PKI_OK;
	enum pki_status status = agree_check(s, parsed, &sample, err);
	crl->disputed = status != PKI_OK;
	return status;
}

/* The refused CRL stays in the ledger, and the published file stays in place. */
static void
refuse(struct service *s, struct crl *crl, struct pki_err *err)
{
	char name[PKI_CRL_FILE];
	crl_name(crl, name);
	if (!crl->refused) {
		crl->refused = true;
		crl->refused_at = pki_monotonic_msec();
	}
	monitor_result(s, crl, CRL_REFUSED_IT);
	pki_err_object(err, "%s: CRL %llu (not published)", name,
		(unsigned long long)crl->last.number);
}

static void
note_file(const struct service *s, struct crl *crl)
{
	char path[PATH_MAX];
	if (list_path(s, crl, path, NULL) != PKI_OK || stat(path, &crl->out.file) != 0)
		crl->out.file = (struct stat){ 0 };
}

/* Public data; memcmp(), as the data may be large. */
static bool
same_octets(struct pki_bytes a, struct pki_bytes b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

static enum pki_status
publish_row(struct service *s, struct crl *crl, const struct pki_crl_row *row,
	const struct pki_crl *parsed, struct pki_err *err)
{
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *published = NULL;
	PKI_CLEANUP(pki_buf_free) struct pki_buf file = { 0 };
	struct pki_bytes der = pki_crl_get0_der(parsed);
	note_file(
		s, crl); /* before the file is read: a change meanwhile is then seen next
	 * time */
	PKI_TRY(read_file(s, crl, &file, err));
	if (same_octets(pki_buf_bytes(&file), der) &&
		pki_crl_verify(parsed, s->issuers[crl->issuer], NULL) == PKI_OK) {
		crl_note_published(s, crl, row, parsed,
			crl->out.checked && crl->out.number == row->number);
		return PKI_OK;
	}
	PKI_TRY(parse_published(s, crl, &file, &published, err));
	enum pki_status status = pass_gate(s, crl, row, parsed, published, err);
	if (status != PKI_OK) {
		refuse(s, crl, err);
		return status;
	}
	crl->refused = false;
	pki_crl_free(published);
	published = NULL;
	status = publish(s, crl, der, err);
	monitor_result(s, crl, status == PKI_OK ? CRL_PUBLISHED_IT : CRL_FAILED);
	if (status != PKI_OK)
		return status;
	note_file(s, crl);
	crl_note_published(s, crl, row, parsed, true);
	return PKI_OK;
}

enum pki_status
publish_last(struct service *s, struct crl *crl, struct pki_err *err)
{
	PKI_CLEANUP(pki_crl_row_free) struct pki_crl_row row = { 0 };
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *parsed = NULL;
	bool found = false;
	PKI_TRY(pki_ledger_last_crl(
		s->ledger, crl->issuer, (int)crl->partition, &row, &found, err));
	if (!found)
		return PKI_OK;
	crl_note(s, crl, &row);
	if (crl->out.number != row.number) {
		PKI_TRY(pki_ledger_crl(
			s->ledger, crl->issuer, row.number, &row, NULL, err));
		enum pki_status status = pki_crl_adopt(&row.der, &parsed, err);
		if (status != PKI_OK) {
			refuse(s, crl, err);
			return status;
		}
		PKI_TRY(publish_row(s, crl, &row, parsed, err));
	}
	return PKI_OK;
}

enum pki_status
publish_due(struct service *s, struct crl *crl, bool force, struct pki_err *err)
{
	struct pki_err own = { 0 };
	/* left behind by a stop between signing and publishing */
	if (publish_last(s, crl, &own) == PKI_OK)
		PKI_TRY(publish_report(s, crl, err));
	else if (crl->refused && !crl->disputed)
		pki_report_error(CRL_PROGRAM, &own);
	else
		return pki_err_move(err, &own);
	bool ended = crl->last.next_update == PKI_CRL_LAST;
	if (ended || (!force && !crl_is_due(s, crl)))
		return PKI_OK;
	PKI_TRY(make(s, crl, err));
	PKI_TRY(publish_last(s, crl, err));
	return publish_report(s, crl, err);
}
