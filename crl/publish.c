/* One list: made by pki-ca, through the gate, published, told. */
#include <stdio.h>
#include <string.h>

#include "crl/service.h"
#include "libpki/base/file.h"
#include "libpki/host/api.h"

/* rule 54: the root's keepers need time to come together. */
#define ROOT_WARNING (30 * PKI_DAY)
#define COMPARE_CHUNK 65536

static enum pki_status
list_path(const struct crld *d, const struct crld_list *list, char out[PATH_MAX],
	struct pki_err *err)
{
	char name[PKI_CRL_FILE];
	crld_file(list, name);
	return pki_conf_path(d->conf->publish, name, out, err);
}

/* *out has no data if nothing is published there; a file of no octets has. */
static enum pki_status
read_file(const struct crld *d, const struct crld_list *list, struct pki_buf *out,
	struct pki_err *err)
{
	char path[PATH_MAX];
	PKI_TRY(list_path(d, list, path, err));
	return pki_file_exists(path) ? pki_file_read(path, CRLD_MAX, out, err) : PKI_OK;
}

/* *out stays NULL if it is no list of this issuer; der is taken over. */
static enum pki_status
parse_published(const struct crld *d, const struct crld_list *list, struct pki_buf *der,
	struct pki_crl **out, struct pki_err *err)
{
	char name[PKI_CRL_FILE];
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = NULL;
	struct pki_err why = { 0 };
	if (der->data == NULL)
		return PKI_OK;
	enum pki_status status = pki_crl_adopt(der, &crl, &why);
	if (status == PKI_OK)
		status = pki_crl_verify(crl, d->issuers[list->issuer], &why);
	if (status == PKI_MEMORY) {
		*err = why;
		return status;
	}
	if (status == PKI_OK) {
		*out = crl;
		crl = NULL;
		return PKI_OK;
	}
	/* what is no CRL of ours protects nobody: the next one mends it */
	crld_file(list, name);
	pki_err_object(&why, "%s, which is being replaced", name);
	pki_report_error(CRLD_NAME, &why);
	return PKI_OK;
}

/* Is it what readers now get (rule 104)? Piece by piece: the list may be large. */
static enum pki_status
check_file(const char *path, struct pki_bytes der, struct pki_err *err)
{
	PKI_CLEANUP(pki_close_file) FILE *file = fopen(path, "re");
	uint8_t chunk[COMPARE_CHUNK];
	size_t at = 0, got = 0;
	while (file != NULL && (got = fread(chunk, 1, sizeof chunk, file)) > 0) {
		if (got > der.len - at || memcmp(chunk, der.data + at, got) != 0)
			break;
		at += got;
	}
	if (file == NULL || got > 0 || at != der.len)
		return pki_fail(err, PKI_TAMPERED, "%s is not what was published", path);
	return PKI_OK;
}

static enum pki_status
publish(struct crld *d, const struct crld_list *list, struct pki_bytes der,
	struct pki_err *err)
{
	char path[PATH_MAX];
	if (list->partition != 0) {
		PKI_TRY(pki_conf_path(d->conf->publish, "crl", path, err));
		PKI_TRY(pki_file_mkdirs(path, 0755, err));
	}
	PKI_TRY(list_path(d, list, path, err));
	PKI_TRY(pki_file_publish(path, der.data, der.len, 0644, err));
	PKI_TRY(check_file(path, der, err));
	put_wake(d->put);
	return PKI_OK;
}

static enum pki_status
call(struct crld *d, const char *path, json_t *request, json_t **reply,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf body = { 0 };
	enum pki_status status =
		request != NULL ? pki_json_dump(request, &body, err)
				: pki_fail(err, PKI_MEMORY, "a request to pki-ca");
	json_decref(request);
	if (status != PKI_OK)
		return status;
	return pki_api_call(d->conf->socket, path, "application/json",
		pki_buf_bytes(&body), reply, err);
}

static enum pki_status
report_published(struct crld *d, struct crld_list *list, struct pki_err *err)
{
	char now[PKI_MSEC_TEXT];
	PKI_CLEANUP(pki_json_cleanup) json_t *reply = NULL;
	pki_msec at = pki_msec_now();
	if (list->last.number == 0 || list->last.published != 0)
		return PKI_OK;
	pki_msec_format(at, now);
	struct pki_err own = { 0 };
	enum pki_status status = call(d, "/v1/crl/published",
		json_pack("{s:i, s:I, s:s}", "issuer", list->issuer, "number",
			(json_int_t)list->last.number, "published", now),
		&reply, &own);
	/* STATE: another process, `once` beside `run`, told it first */
	if (status != PKI_OK && status != PKI_STATE) {
		*err = own;
		return status;
	}
	list->last.published = at;
	return PKI_OK;
}

/* Have the CA make one; it is in the ledger when the answer comes. */
static enum pki_status
ask(struct crld *d, const struct crld_list *list, struct pki_err *err)
{
	json_int_t number = 0;
	PKI_CLEANUP(pki_json_cleanup) json_t *reply = NULL;
	PKI_TRY(call(d, "/v1/crl", json_pack("{s:i}", "partition", (int)list->partition),
		&reply, err));
	if (json_unpack(reply, "{s:I}", "number", &number) != 0)
		return pki_fail(
			err, PKI_UNAVAILABLE, "pki-ca's answer holds no CRL number");
	if ((uint64_t)number <= list->last.number)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_CRL_FIELDS,
			"pki-ca made CRL %lld after CRL %llu", (long long)number,
			(unsigned long long)list->last.number);
	return PKI_OK;
}

/* The ledger's part of the gate: all of it, or what came after the published one. */
static enum pki_status
walk_gate(struct gate *gate, const struct crld_list *list, const struct pki_crl_row *row,
	struct pki_err *err)
{
	const struct pki_revoked_query query = {
		.issuer = row->issuer,
		.partition = row->partition,
		.after = gate->resumes ? list->out.revocations : 0,
		.to = row->revocations,
		.from = row->cutoff,
	};
	PKI_TRY(gate_open(gate, err));
	PKI_TRY(pki_ledger_each_revoked(gate->d->ledger, &query, gate_must, gate, err));
	return gate_close(gate, err);
}

static enum pki_status
pass_gate(struct crld *d, struct crld_list *list, const struct pki_crl_row *row,
	const struct pki_crl *crl, const struct pki_crl *published, struct pki_err *err)
{
	struct sample sample;
	char url[PKI_URL_TEXT];
	struct gate gate = {
		.d = d,
		.issuer = list->issuer,
		.url = list->partition != 0 ? url : NULL,
		.keeps = list->issuer == PKI_ISSUER_CA && d->conf->crl_keep,
		.crl = crl,
		.published = published,
		.fresh = &sample,
		.resumes = published != NULL && list->out.checked &&
			   list->out.number == pki_crl_number(published),
	};
	list->disputed = false;
	PKI_TRY(sample_begin(&sample, err));
	pki_crl_url(&d->urls, list->partition, url);
	if (pki_crl_number(crl) != row->number)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_CRL_FIELDS,
			"the ledger has it as number %llu, it says %llu",
			(unsigned long long)row->number,
			(unsigned long long)pki_crl_number(crl));
	if (row->revocations < list->need)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_STATUS_AGREE,
			"it is built over %llu revocations; there were %llu before",
			(unsigned long long)row->revocations,
			(unsigned long long)list->need);
	PKI_TRY(walk_gate(&gate, list, row, err));
	/* of a partition without news there is nothing to ask that the full list does not
	 */
	if (list->issuer != PKI_ISSUER_CA || (list->partition != 0 && sample.count == 0))
		return PKI_OK;
	enum pki_status status = agree_check(d, crl, &sample, err);
	list->disputed = status != PKI_OK;
	return status;
}

/* One that the gate does not let through stays where it is, and the published one too. */
static void
refuse(struct crld *d, struct crld_list *list, struct pki_err *err)
{
	char name[PKI_CRL_FILE];
	crld_file(list, name);
	if (!list->refused) {
		list->refused = true;
		list->refused_at = pki_monotonic_msec();
	}
	monitor_result(d, list, CRL_REFUSED_IT);
	pki_err_object(err, "%s: CRL %llu (not published)", name,
		(unsigned long long)list->last.number);
}

static void
note_file(const struct crld *d, struct crld_list *list)
{
	char path[PATH_MAX];
	struct pki_err err = { 0 };
	if (list_path(d, list, path, &err) != PKI_OK || stat(path, &list->out.file) != 0)
		list->out.file = (struct stat){ 0 };
}

/* For what is public, and may be large. */
static bool
same_octets(struct pki_bytes a, struct pki_bytes b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

static enum pki_status
publish_row(struct crld *d, struct crld_list *list, const struct pki_crl_row *row,
	const struct pki_crl *crl, struct pki_err *err)
{
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *published = NULL;
	PKI_CLEANUP(pki_buf_free) struct pki_buf file = { 0 };
	struct pki_bytes der = pki_crl_get0_der(crl);
	note_file(d, list); /* before it is read: a change meanwhile is seen next time */
	PKI_TRY(read_file(d, list, &file, err));
	struct pki_err why = { 0 };
	if (same_octets(pki_buf_bytes(&file), der) &&
		pki_crl_verify(crl, d->issuers[list->issuer], &why) == PKI_OK) {
		list_out(d, list, row, crl,
			list->out.checked && list->out.number == row->number);
		return PKI_OK;
	}
	PKI_TRY(parse_published(d, list, &file, &published, err));
	if (pass_gate(d, list, row, crl, published, err) != PKI_OK) {
		refuse(d, list, err);
		return err->status;
	}
	list->refused = false;
	pki_crl_free(published);
	published = NULL;
	enum pki_status status = publish(d, list, der, err);
	monitor_result(d, list, status == PKI_OK ? CRL_PUBLISHED_IT : CRL_FAILED);
	if (status != PKI_OK)
		return status;
	note_file(d, list);
	list_out(d, list, row, crl, true);
	return PKI_OK;
}

enum pki_status
list_publish(struct crld *d, struct crld_list *list, struct pki_err *err)
{
	PKI_CLEANUP(pki_crl_row_free) struct pki_crl_row row = { 0 };
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = NULL;
	bool found = false;
	PKI_TRY(pki_ledger_last_crl(
		d->ledger, list->issuer, (int)list->partition, &row, &found, err));
	if (!found)
		return PKI_OK;
	list_note(d, list, &row);
	if (list->out.number != row.number) {
		PKI_TRY(pki_ledger_crl(
			d->ledger, list->issuer, row.number, &row, NULL, err));
		enum pki_status status = pki_crl_adopt(&row.der, &crl, err);
		if (status != PKI_OK) {
			refuse(d, list, err);
			return status;
		}
		PKI_TRY(publish_row(d, list, &row, crl, err));
	}
	return PKI_OK;
}

enum pki_status
list_bring_up(struct crld *d, struct crld_list *list, bool force, struct pki_err *err)
{
	struct pki_err refused = { 0 };
	/* left behind by a stop between making and publishing */
	if (list_publish(d, list, &refused) == PKI_OK) {
		PKI_TRY(report_published(d, list, err));
	} else if (list->refused && !list->disputed) {
		pki_report_error(CRLD_NAME, &refused);
	} else {
		*err = refused;
		return err->status;
	}
	bool ended = list->last.next_update == PKI_CRL_LAST;
	if (ended || (!force && !list_due(d, list)))
		return PKI_OK;
	PKI_TRY(ask(d, list, err));
	PKI_TRY(list_publish(d, list, err));
	return report_published(d, list, err);
}

/* Once a day. */
static void
warn_of_end(struct crld *d, const struct pki_crl_row *row)
{
	if (row->next_update > pki_time_now() + ROOT_WARNING) {
		pki_report_end(&d->root_end);
		return;
	}
	char text[PKI_TIME_TEXT];
	struct pki_err err = { 0 };
	pki_time_format(row->next_update, text);
	(void)pki_fail_rule(&err, PKI_STATE, PKI_RULE_CARL_YEARLY,
		"the root's CRL ends on %s; make the next one with pki-ca root-crl",
		text);
	pki_report_trouble(&d->root_end, &err);
}

enum pki_status
crld_root(struct crld *d, struct pki_err *err)
{
	d->root.issuer = PKI_ISSUER_ROOT;
	PKI_TRY(list_publish(d, &d->root, err));
	PKI_TRY(report_published(d, &d->root, err));
	if (d->root.last.number != 0)
		warn_of_end(d, &d->root.last);
	return PKI_OK;
}
