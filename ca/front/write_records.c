#include "ca/front/write_records.h"

#include <string.h>
#include <sys/stat.h>

#include "libpki/base/file.h"

enum pki_status
write_log(struct writer *w, struct job *job, struct pki_event event,
	struct pki_json *detail, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *taken = NULL;
	PKI_TRY(pki_json_take(detail, &taken, err));
	event.source = "pki-ca";
	event.at = w->now;
	event.clock = w->clock;
	event.detail = taken;
	PKI_TRY(pki_log_append(w->ledger, &event, &job->index, err));
	job->logged = true;
	return PKI_OK;
}

static enum pki_status
write_event_of(struct writer *w, struct job *job, const char *type,
	struct pki_json *detail, struct pki_err *err)
{
	return write_log(
		w, job, (struct pki_event){ .type = type, .actor = "" }, detail, err);
}

static void
reply_index(struct job *job)
{
	job->reply = pki_json_object();
	pki_json_number(&job->reply, "index", (int64_t)job->index);
}

/* rule 122: a word of a client is one of the policy's words, so that no name can be written
 * in a word's place. */
static enum pki_status
check_method(const struct pki_policy *policy, const json_t *detail, struct pki_err *err)
{
	const char *method = json_string_value(json_object_get(detail, "method"));
	if (method == NULL || pki_policy_method(policy, method))
		return PKI_OK;
	return pki_fail_rule(err, PKI_INPUT, PKI_RULE_EVENT_FORM,
		"the method of identification \"%.40s\" is not in rules.yaml (identity_methods)",
		method);
}

enum pki_status
write_event(struct writer *w, struct job *job, struct pki_err *err)
{
	struct pki_event event = { .at = w->now };
	if (json_unpack(job->input, "{s:s, s:s, s:s, s?o !}", "source", &event.source,
		    "type", &event.type, "actor", &event.actor, "detail",
		    &event.detail) != 0)
		return pki_fail(err, PKI_INPUT,
			"an event is {\"source\", \"type\", \"actor\", \"detail\": {}}");
	const char *source = pki_event_source(event.type);
	/* no client may log an event of pki-ca */
	if (job->req != NULL && source != NULL && strcmp(source, "pki-ca") == 0)
		return pki_refuse(err, PKI_RULE_EVENT_FORM, "%s is pki-ca's own to say",
			event.type);
	PKI_TRY(check_method(w->policy, event.detail, err));
	PKI_TRY(pki_log_append(w->ledger, &event, &job->index, err));
	job->logged = true;
	reply_index(job);
	return PKI_OK;
}

/* rule 52 */
enum pki_status
write_partitions(struct writer *w, struct job *job, struct pki_err *err)
{
	const struct pki_urls *urls = &w->conf->ca_urls;
	PKI_TRY(pki_ledger_add_partitions(w->ledger, PKI_ISSUER_CA, urls, err));
	struct pki_json detail = pki_json_object();
	pki_json_number(&detail, "issuer", PKI_ISSUER_CA);
	pki_json_number(&detail, "partitions", urls->partitions);
	return write_event_of(w, job, "crl-partitioned", &detail, err);
}

enum pki_status
write_crl_row(struct writer *w, struct job *job, const struct pki_crl_row *row,
	size_t entries, const char *type, struct pki_err *err)
{
	char digest[PKI_SHA256_HEX];
	PKI_TRY(pki_ledger_add_crl(w->ledger, row, err));
	PKI_TRY(pki_sha256_hex(row->der.data, row->der.len, digest, err));
	struct pki_json detail = pki_json_object();
	pki_json_number(&detail, "issuer", row->issuer);
	pki_json_number(&detail, "number", (int64_t)row->number);
	pki_json_number(&detail, "partition", row->partition);
	pki_json_text(&detail, "digest", digest);
	pki_json_number(&detail, "entries", (int64_t)entries);
	return write_event_of(w, job, type, &detail, err);
}

/* A time that cannot be right: before the CRL was committed, before the file was there, or to
 * come. Nobody but root sets the time of a file's last change; a file that is younger than
 * pki-ca's clock tells nothing. */
static enum pki_status
check_time(const struct writer *w, const struct pki_crl_row *row, pki_msec changed,
	pki_msec published, struct pki_err *err)
{
	char at[PKI_MSEC_TEXT], other[PKI_MSEC_TEXT];
	pki_msec_format(published, at);
	if (published > w->now) {
		pki_msec_format(w->now, other);
		return pki_fail(err, PKI_INPUT,
			"published in the future: %s; pki-ca's clock says %s", at, other);
	}
	pki_msec since = changed <= w->now && changed > row->committed ? changed
								       : row->committed;
	if (published >= since)
		return PKI_OK;
	pki_msec_format(since, other);
	return pki_fail(err, PKI_INPUT,
		"published at %s, before the CRL was %s at %s; report the time of publication",
		at, since == changed ? "put into its place" : "committed", other);
}

/* The receipts state this publication: the front looks itself. */
static enum pki_status
find_published(const struct writer *w, const struct pki_crl_row *row, pki_msec *changed,
	struct pki_err *err)
{
	char name[PKI_CRL_FILE] = "root.crl", path[PATH_MAX];
	struct stat st;
	if (row->issuer == PKI_ISSUER_CA)
		pki_crl_file(row->partition, name);
	PKI_TRY(pki_conf_path(w->conf->publish, name, path, err));
	if (stat(path, &st) != 0 || !pki_file_holds(path, pki_buf_bytes(&row->der)))
		return pki_refuse(err, PKI_RULE_STATUS_AGREE,
			"%s does not hold CRL %ju of issuer %d; publish the CRL, then report",
			name, (uintmax_t)row->number, row->issuer);
	*changed = (pki_msec)st.st_ctim.tv_sec * 1000 + st.st_ctim.tv_nsec / 1000000;
	return PKI_OK;
}

static enum pki_status
check_published(const struct writer *w, int issuer, uint64_t number, pki_msec published,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_crl_row_free) struct pki_crl_row row = { 0 };
	pki_msec changed = 0;
	PKI_TRY(pki_ledger_crl(w->ledger, issuer, number, &row, NULL, err));
	if (row.published != 0) /* also if a later CRL has taken its place */
		return pki_fail(err, PKI_STATE, "the CRL was published already");
	PKI_TRY(find_published(w, &row, &changed, err));
	return check_time(w, &row, changed, published, err);
}

enum pki_status
write_published(struct writer *w, struct job *job, struct pki_err *err)
{
	int issuer = 0;
	json_int_t number = 0;
	const char *text = NULL;
	pki_msec published;
	if (json_unpack(job->input, "{s:i, s:I, s:s !}", "issuer", &issuer, "number",
		    &number, "published", &text) != 0 ||
		number < 1)
		return pki_fail(err, PKI_INPUT,
			"a publication is {\"issuer\", \"number\", \"published\"}");
	PKI_TRY(pki_msec_parse(text, &published, err));
	if (w->clock != 0) /* the client has the same clock */
		published = w->now;
	PKI_TRY(check_published(w, issuer, (uint64_t)number, published, err));
	PKI_TRY(pki_ledger_add_publication(
		w->ledger, issuer, (uint64_t)number, published, err));
	struct pki_json detail = pki_json_object();
	pki_json_number(&detail, "issuer", issuer);
	pki_json_number(&detail, "number", number);
	pki_json_msec(&detail, "published", published);
	PKI_TRY(write_event_of(w, job, "crl-published", &detail, err));
	reply_index(job);
	return PKI_OK;
}

static enum pki_status
must_list(void *ctx, const struct pki_revoked *revoked, struct pki_err *err)
{
	const struct pki_crl *crl = ctx;
	struct pki_revoked listed;
	char text[PKI_SERIAL_TEXT];
	pki_serial_text(&revoked->serial, text);
	if (!pki_crl_find(crl, &revoked->serial, &listed) ||
		listed.revoked_at != revoked->revoked_at ||
		listed.reason != revoked->reason)
		return pki_refuse(err, PKI_RULE_STATUS_AGREE,
			"%s is revoked and not so on the root's CRL; make it from this ledger",
			text);
	return PKI_OK;
}

/* rule 54: made offline by `pki-ca root-crl`. */
enum pki_status
write_root_crl(struct writer *w, struct job *job, struct pki_err *err)
{
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = NULL;
	PKI_TRY(pki_crl_parse(job->body, &crl, err));
	PKI_TRY(pki_crl_verify(crl, w->root, err));
	struct pki_crl_row row = {
		.issuer = PKI_ISSUER_ROOT,
		.number = pki_crl_number(crl),
		.this_update = pki_crl_this_update(crl),
		.next_update = pki_crl_next_update(crl),
		.committed = w->now,
	};
	if (row.this_update > w->now / 1000 || row.next_update <= w->now / 1000)
		return pki_refuse(err, PKI_RULE_CRL_FIELDS,
			"the root CRL is not of now: check the offline machine's clock");
	if (pki_crl_distribution_point(crl) != NULL || pki_crl_expired_since(crl) != 0)
		return pki_refuse(err, PKI_RULE_CRL_PARTITION,
			"the root's CRL is neither partitioned nor does it keep expired certificates");
	struct pki_crl_row last;
	PKI_TRY(pki_ledger_crl_head(w->ledger, PKI_ISSUER_ROOT, 0, &last, NULL, err));
	row.cutoff = last.this_update;
	const struct pki_revoked_query all = { .issuer = PKI_ISSUER_ROOT,
		.from = row.cutoff };
	PKI_TRY(pki_ledger_each_revoked(w->ledger, &all, must_list, crl, err));
	PKI_TRY(pki_ledger_revocation_count(
		w->ledger, PKI_ISSUER_ROOT, &row.revocations, err));
	PKI_TRY(pki_buf_append(&row.der, job->body.data, job->body.len, err));
	enum pki_status status =
		write_crl_row(w, job, &row, pki_crl_count(crl), "root-crl-recorded", err);
	pki_crl_row_free(&row);
	job->reply = pki_json_object();
	pki_json_number(&job->reply, "number", (int64_t)pki_crl_number(crl));
	pki_json_number(&job->reply, "index", (int64_t)job->index);
	return status;
}
