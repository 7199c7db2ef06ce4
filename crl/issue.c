#include <stdio.h>
#include <string.h>

#include "crl/crld.h"
#include "libpki/api.h"
#include "libpki/file.h"

/* The ledger's last CRL, which another process may have asked for, is read again after
 * this; another one is asked for in place of one that the gate refused. */
#define AGAIN_MSEC 60000
/* rule 54: the root's keepers need time to come together. */
#define ROOT_WARNING (30 * PKI_DAY)

static const char *const files[] = { NULL, "root.crl", "ca.crl" };

static void
row_cleanup(struct pki_crl_row *row)
{
	pki_crl_row_free(row);
}

/* *out stays NULL if nothing of this issuer is published there. */
static enum pki_status
read_published(struct crld *d, int issuer, struct pki_crl **out, struct pki_err *err)
{
	char path[PATH_MAX];
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 };
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = NULL;
	struct pki_err why = { 0 };
	PKI_TRY(pki_conf_path(d->conf.publish, files[issuer], path, err));
	if (!pki_file_exists(path))
		return PKI_OK;
	PKI_TRY(pki_file_read(path, CRLD_MAX, &der, err));
	if (pki_crl_parse(pki_buf_bytes(&der), &crl, &why) != PKI_OK ||
		pki_crl_verify(crl, d->issuers[issuer], &why) != PKI_OK) {
		/* what is no CRL of ours protects nobody: the next one mends it */
		pki_err_object(&why, "%s, which is being replaced", path);
		crld_report(&why);
		return PKI_OK;
	}
	*out = crl;
	crl = NULL;
	return PKI_OK;
}

/* Write, and read back what readers now get (rule 104). */
static enum pki_status
publish(struct crld *d, int issuer, const struct pki_buf *der, struct pki_err *err)
{
	char path[PATH_MAX];
	PKI_CLEANUP(pki_buf_free) struct pki_buf back = { 0 };
	PKI_TRY(pki_conf_path(d->conf.publish, files[issuer], path, err));
	PKI_TRY(pki_file_publish(path, der->data, der->len, 0644, err));
	PKI_TRY(pki_file_read(path, CRLD_MAX, &back, err));
	if (!pki_bytes_equal(back.data, back.len, der->data, der->len))
		return pki_fail(err, PKI_TAMPERED, "%s is not what was published", path);
	put_wake(d->put);
	return PKI_OK;
}

static enum pki_status
call(struct crld *d, const char *path, json_t *request, json_t **reply, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf body = { 0 };
	enum pki_status status = request != NULL
					 ? pki_json_dump(request, &body, err)
					 : pki_fail(err, PKI_MEMORY, "a request to pki-ca");
	json_decref(request);
	if (status != PKI_OK)
		return status;
	return pki_api_call(
		d->conf.socket, path, "application/json", pki_buf_bytes(&body), reply, err);
}

static enum pki_status
report_published(struct crld *d, const struct pki_crl_row *row, struct pki_err *err)
{
	char now[PKI_MSEC_TEXT];
	PKI_CLEANUP(pki_json_cleanup) json_t *reply = NULL;
	pki_msec_format(pki_msec_now(), now);
	return call(d, "/v1/crl/published",
		json_pack("{s:i, s:I, s:s}", "issuer", row->issuer, "number",
			(json_int_t)row->number, "published", now),
		&reply, err);
}

/* Have the CA make one; it is in the ledger when the answer comes. */
static enum pki_status
ask(struct crld *d, struct pki_err *err)
{
	json_int_t number = 0;
	PKI_CLEANUP(pki_json_cleanup) json_t *reply = NULL;
	PKI_TRY(call(d, "/v1/crl", json_object(), &reply, err));
	if (json_unpack(reply, "{s:I}", "number", &number) != 0)
		return pki_fail(
			err, PKI_UNAVAILABLE, "pki-ca's answer holds no CRL number");
	if ((uint64_t)number <= d->last.number)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_CRL_FIELDS,
			"pki-ca made CRL %lld after CRL %llu", (long long)number,
			(unsigned long long)d->last.number);
	return PKI_OK;
}

/* The last row; number 0 if there is none. */
static enum pki_status
read_last(struct crld *d, struct pki_crl_row *row, struct pki_err *err)
{
	struct pki_err why = { 0 };
	enum pki_status status = pki_ledger_crl(d->ledger, PKI_ISSUER_CA, 0, row, &why);
	if (status != PKI_OK && status != PKI_NOTFOUND) {
		*err = why;
		return status;
	}
	if (row->number != d->last.number)
		d->last.refused = false;
	d->last.number = row->number;
	d->last.revocations = row->revocations;
	d->last.this_update = row->this_update;
	d->last.read_at = pki_msec_now();
	return PKI_OK;
}

static enum pki_status
pass_gate(struct crld *d, const struct pki_crl_row *row, const struct pki_crl *published,
	const struct revoked_list *must, struct pki_crl **out, struct pki_err *err)
{
	PKI_TRY(pki_crl_parse(pki_buf_bytes(&row->der), out, err));
	if (pki_crl_number(*out) != row->number)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_CRL_FIELDS,
			"the ledger has it as number %llu, it says %llu",
			(unsigned long long)row->number,
			(unsigned long long)pki_crl_number(*out));
	return gate(d, row->issuer, *out, published, must, err);
}

static enum pki_status
publish_row(struct crld *d, const struct pki_crl_row *row, const struct revoked_list *must,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *published = NULL;
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = NULL;
	PKI_TRY(read_published(d, row->issuer, &published, err));
	struct pki_bytes old = { 0 };
	if (published != NULL) {
		old = pki_crl_get0_der(published);
		monitor_list(d, row->issuer, published);
	}
	if (pki_bytes_equal(old.data, old.len, row->der.data, row->der.len))
		return PKI_OK;
	enum pki_status status = pass_gate(d, row, published, must, &crl, err);
	if (status != PKI_OK) {
		monitor_result(d, row->issuer, CRL_REFUSED_IT);
		if (row->issuer == PKI_ISSUER_CA && !d->last.refused) {
			d->last.refused = true;
			d->last.refused_at = pki_msec_now();
		}
		pki_err_object(
			err, "CRL %llu (not published)", (unsigned long long)row->number);
		return status;
	}
	status = publish(d, row->issuer, &row->der, err);
	monitor_result(d, row->issuer, status == PKI_OK ? CRL_PUBLISHED_IT : CRL_FAILED);
	if (status == PKI_OK)
		monitor_list(d, row->issuer, crl);
	return status;
}

/* The ledger's last CRL of the CA to the public folder, and the fact back to the ledger. */
static enum pki_status
publish_last(struct crld *d, const struct revoked_list *must, struct pki_err *err)
{
	PKI_CLEANUP(row_cleanup) struct pki_crl_row row = { 0 };
	PKI_TRY(read_last(d, &row, err));
	if (row.number == 0)
		return PKI_OK;
	PKI_TRY(publish_row(d, &row, must, err));
	return row.published == 0 ? report_published(d, &row, err) : PKI_OK;
}

static bool
needed(const struct crld *d, uint64_t revocations)
{
	return d->last.number == 0 || revocations > d->last.revocations ||
	       pki_time_now() >= d->last.this_update + d->conf.crl_interval ||
	       (d->last.refused && pki_msec_now() >= d->last.refused_at + AGAIN_MSEC);
}

enum pki_status
crld_due(struct crld *d, bool *due, struct pki_err *err)
{
	uint64_t revocations = 0;
	PKI_TRY(pki_ledger_revocation_count(d->ledger, PKI_ISSUER_CA, &revocations, err));
	monitor_backlog(d, revocations);
	*due = needed(d, revocations) || pki_msec_now() >= d->last.read_at + AGAIN_MSEC;
	return PKI_OK;
}

enum pki_status
crld_bring_up(struct crld *d, bool force, struct pki_err *err)
{
	static const struct revoked_list none;
	PKI_CLEANUP(revoked_list_free) struct revoked_list must = { 0 };
	uint64_t revocations = 0;
	struct pki_err refused = { 0 };
	/* left behind by a stop between making and publishing: older than some revocations
	 */
	if (publish_last(d, &none, &refused) != PKI_OK) {
		if (!d->last.refused) {
			*err = refused;
			return err->status;
		}
		crld_report(&refused);
	}
	PKI_TRY(pki_ledger_revocation_count(d->ledger, PKI_ISSUER_CA, &revocations, err));
	if (!force && !needed(d, revocations))
		return PKI_OK;
	/* before asking: what is revoked now has to be on the CRL that comes */
	PKI_TRY(revoked_list_read(d, PKI_ISSUER_CA, &must, err));
	PKI_TRY(ask(d, err));
	return publish_last(d, &must, err);
}

static void
warn_of_end(const struct pki_crl_row *row)
{
	static pki_time warned;
	pki_time now = pki_time_now();
	if (row->next_update > now + ROOT_WARNING || now < warned + PKI_DAY)
		return;
	char text[PKI_TIME_TEXT];
	pki_time_format(row->next_update, text);
	fprintf(stderr,
		CRLD_NAME
		": the root's CRL ends on %s; make the next one with pki-ca root-crl\n",
		text);
	warned = now;
}

enum pki_status
crld_root(struct crld *d, struct pki_err *err)
{
	static const struct revoked_list none;
	PKI_CLEANUP(row_cleanup) struct pki_crl_row row = { 0 };
	struct pki_err why = { 0 };
	enum pki_status status = pki_ledger_crl(d->ledger, PKI_ISSUER_ROOT, 0, &row, &why);
	if (status == PKI_NOTFOUND)
		return PKI_OK;
	if (status != PKI_OK) {
		*err = why;
		return status;
	}
	warn_of_end(&row);
	if (row.number == d->root_number)
		return PKI_OK;
	PKI_TRY(publish_row(d, &row, &none, err));
	if (row.published == 0)
		PKI_TRY(report_published(d, &row, err));
	d->root_number = row.number;
	return PKI_OK;
}
