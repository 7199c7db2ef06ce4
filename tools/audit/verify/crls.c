/* Revocations and CRLs. */
#include <stdio.h>
#include <string.h>

#include "libpki/base/file.h"
#include "tools/audit/verify/crls.h"
#include "libpki/host/conf.h"
#include "tools/audit/verify/revoked.h"

/* A CRL of the largest installation that one signer serves. */
#define CRL_FILE_MAX ((size_t)128 << 20)

/* One CRL of the issuer, full or of a partition, up to the current number. */
struct followed {
	uint64_t number, published;
	pki_time this_update, next_update;
	struct expected expected;
};

struct issuer {
	struct audit *a;
	int number;
	struct revoked revoked;
	struct followed *lists; /* the full CRL, then the partitions */
	unsigned partitions;
	uint64_t last; /* number, of all lists' CRLs */
	pki_time cutoff; /* of the last CRL */
};

static enum pki_status
on_revocation(void *ctx, const struct pki_revocation_row *row, struct pki_err *err)
{
	struct issuer *issuer = ctx;
	struct audit *a = issuer->a;
	struct pki_err own = { 0 };
	const struct revocation one = { row->serial, row->committed / 1000,
		row->not_after, row->reason, row->partition };
	PKI_TRY(revoked_add(&issuer->revoked, &one, err));
	if (row->committed <= a->since.at)
		return PKI_OK;
	char serial[PKI_SERIAL_TEXT], object[64], reported[PKI_MSEC_TEXT];
	PKI_CLEANUP(pki_order_row_free) struct pki_order_row order = { 0 };
	a->counts.revocations++;
	pki_serial_text(&row->serial, serial);
	snprintf(object, sizeof object, "revocation of %s", serial);
	if (pki_ledger_order(a->ledger, row->order, &order, NULL, &own) != PKI_OK) {
		audit_add_finding(a, object, &own);
		return PKI_OK;
	}
	PKI_CLEANUP(pki_json_cleanup)
	json_t *logged = entry_read(a->ledger, order.log_index);
	const json_t *detail = json_object_get(logged, "detail");
	const char *reason = pki_reason_name(row->reason);
	/* an officer's renewal revokes the certificate that it replaces */
	bool replaces = order.action == PKI_ACTION_RENEW && order.holder[0] == '\0' &&
			row->reason == PKI_REASON_SUPERSEDED;
	if ((order.action != PKI_ACTION_REVOKE && !replaces) ||
		order.committed != row->committed)
		audit_add_breach(a, object, PKI_RULE_REVOCATION,
			"the order %s does not revoke, or was committed at another time",
			row->order);
	if (!entry_list_has(json_object_get(detail, "serials"), serial) ||
		reason == NULL || strcmp(entry_text(detail, "reason"), reason) != 0)
		audit_add_breach(a, object, PKI_RULE_REVOCATION,
			"the log entry of the order %s lacks this serial number and reason",
			row->order);
	pki_msec_format(row->reported, reported);
	if (strcmp(entry_text(detail, "reported"), reported) != 0)
		audit_add_breach(a, object, PKI_RULE_REVOCATION,
			"the log entry of the order %s gives another time of the report",
			row->order);
	/* the client's clock may have leapt with pki-ca's */
	pki_msec known = row->committed, wall = 0;
	if (pki_msec_parse(entry_text(logged, "clock"), &wall, NULL) == PKI_OK &&
		wall > known)
		known = wall;
	if (row->reported > known + 1000)
		audit_add_breach(a, object, PKI_RULE_REVOCATION,
			"was reported after the commit of the revocation");
	return PKI_OK;
}

/* One CRL against the revocations before it. */
struct coverage {
	struct issuer *issuer;
	const struct pki_crl_row *row;
	const char *object;
	size_t found;
};

/* The CRL lists a certificate without need. */
static void
check_surplus(struct coverage *c, const struct pki_revoked *is)
{
	struct revoked *revoked = &c->issuer->revoked;
	const struct revocation *one = revoked_find(revoked, &is->serial);
	char serial[PKI_SERIAL_TEXT];
	if (one == NULL ||
		(c->row->partition != 0 && one->partition != c->row->partition))
		return; /* the count tells */
	c->found++;
	pki_serial_text(&is->serial, serial);
	if ((uint64_t)(one - revoked->all) + 1 > c->row->revocations)
		audit_add_breach(c->issuer->a, c->object, PKI_RULE_STATUS_AGREE,
			"lists %s, which was revoked later", serial);
	else
		audit_add_breach(c->issuer->a, c->object, PKI_RULE_CRL_EXPIRED,
			"lists %s, which expired long before", serial);
}

static void
check_named(
	struct coverage *c, const struct revocation *want, const struct pki_revoked *is)
{
	char serial[PKI_SERIAL_TEXT];
	c->found++;
	pki_serial_text(&want->serial, serial);
	if (is->revoked_at != want->revoked_at || is->reason != want->reason)
		audit_add_breach(c->issuer->a, c->object, PKI_RULE_STATUS_AGREE,
			"gives another date or reason for %s", serial);
}

static void
check_missing(struct coverage *c, const struct revocation *want)
{
	char serial[PKI_SERIAL_TEXT];
	pki_serial_text(&want->serial, serial);
	audit_add_breach(c->issuer->a, c->object, PKI_RULE_CRL_EXPIRED,
		"lacks %s, which was revoked before and had not expired", serial);
}

/* Both are sorted by serial. */
static enum pki_status
check_entries(struct coverage *c, const struct pki_crl *crl, struct pki_err *err)
{
	const struct revoked *revoked = &c->issuer->revoked;
	struct expected *want = &c->issuer->lists[c->row->partition].expected;
	PKI_TRY(expected_forward(want, revoked, c->row->partition, c->row->revocations,
		c->row->cutoff, err));
	size_t i = 0;
	for (size_t at = 0; at < pki_crl_count(crl); at++) {
		struct pki_revoked is;
		int order = 1;
		PKI_TRY(pki_crl_entry(crl, at, &is, err));
		for (; i < want->count; i++) {
			const struct revocation *one = &revoked->all[want->live[i]];
			order = pki_serial_compare(&one->serial, &is.serial);
			if (order >= 0)
				break;
			check_missing(c, one);
		}
		if (i < want->count && order == 0)
			check_named(c, &revoked->all[want->live[i++]], &is);
		else
			check_surplus(c, &is);
	}
	for (; i < want->count; i++)
		check_missing(c, &revoked->all[want->live[i]]);
	return PKI_OK;
}

/* rule 52 */
static bool
names_list(const struct issuer *issuer, unsigned partition, const struct pki_crl *crl)
{
	char url[PKI_URL_TEXT];
	const char *is = pki_crl_distribution_point(crl);
	if (partition == 0 || is == NULL)
		return partition == 0 && is == NULL;
	pki_crl_url(&issuer->a->urls, partition, url);
	return strcmp(is, url) == 0;
}

/* rules 52, 56: the distribution point and expiredCertsOnCRL in the CRL */
static void
check_scope(const struct issuer *issuer, const char *object,
	const struct pki_crl_row *row, const struct pki_crl *crl)
{
	const char *is = pki_crl_distribution_point(crl);
	if (!names_list(issuer, row->partition, crl))
		audit_add_breach(issuer->a, object, PKI_RULE_CRL_PARTITION,
			"is for %.200s, which is not the CRL named by the certificates",
			is != NULL ? is : "all");
	pki_time keeps = row->cutoff == 0
				 ? pki_cert_not_before(issuer->a->issuers[issuer->number])
				 : 0;
	if (pki_crl_expired_since(crl) != keeps)
		audit_add_breach(issuer->a, object, PKI_RULE_CRL_KEEPS_EXPIRED,
			"expiredCertsOnCRL is wrong: the CRL must say whether it keeps expired certificates");
}

/* rule 55 */
static enum pki_status
check_last(const struct issuer *issuer, const char *object, const struct pki_crl_row *row,
	struct pki_err *err)
{
	struct pki_ledger_alive alive;
	if (row->next_update != PKI_CRL_LAST)
		return PKI_OK;
	if (issuer->revoked.count > row->revocations)
		audit_add_breach(issuer->a, object, PKI_RULE_CRL_LAST,
			"is the last CRL, but a certificate was revoked later");
	PKI_TRY(pki_ledger_alive(
		issuer->a->ledger, issuer->number, row->this_update, &alive, err));
	if (alive.count != 0)
		audit_add_breach(issuer->a, object, PKI_RULE_CRL_LAST,
			"is the last CRL, but %ju certificates had neither expired nor been revoked",
			(uintmax_t)alive.count);
	return PKI_OK;
}

/* rules 55, 57: against the CRLs before */
static void
check_sequence(
	const struct issuer *issuer, const char *object, const struct pki_crl_row *row)
{
	pki_time oldest = INT64_MAX;
	for (unsigned k = 0; k <= issuer->partitions; k++)
		if (issuer->lists[k].number != 0 && issuer->lists[k].this_update < oldest)
			oldest = issuer->lists[k].this_update;
	if (oldest == INT64_MAX)
		oldest = row->this_update;
	if (row->cutoff > oldest && row->cutoff > issuer->cutoff)
		audit_add_breach(issuer->a, object, PKI_RULE_CRL_EXPIRED,
			"drops expired certificates before a CRL made after their end listed them");
	if (row->cutoff != 0 &&
		(row->cutoff < issuer->cutoff ||
			(issuer->partitions == 0 && row->cutoff != oldest)))
		audit_add_breach(issuer->a, object, PKI_RULE_CRL_EXPIRED,
			"drops expired certificates from another time than the CRLs before allow");
	if (issuer->lists[row->partition].next_update == PKI_CRL_LAST)
		audit_add_breach(issuer->a, object, PKI_RULE_CRL_LAST,
			"follows the last CRL of the partition");
}

/* rules 49, 53, 54: thisUpdate lies between thisUpdate and nextUpdate of the CRL before */
static void
check_dates(
	const struct issuer *issuer, const char *object, const struct pki_crl_row *row)
{
	const struct followed *list = &issuer->lists[row->partition];
	char end[PKI_TIME_TEXT];
	if (list->number == 0)
		return;
	if (row->this_update < list->this_update)
		audit_add_breach(issuer->a, object, PKI_RULE_CRL_FIELDS,
			"has an earlier thisUpdate than the CRL before, number %ju",
			(uintmax_t)list->number);
	pki_time_format(list->next_update, end);
	if (row->this_update > list->next_update)
		audit_add_breach(issuer->a, object,
			issuer->number == PKI_ISSUER_ROOT ? PKI_RULE_CARL_YEARLY
							  : PKI_RULE_CRL_DAILY,
			"came late: the CRL before, number %ju, ended at %s",
			(uintmax_t)list->number, end);
}

static enum pki_status
check_crl(struct issuer *issuer, const struct pki_crl_row *row, const char *object,
	struct pki_err *err)
{
	struct audit *a = issuer->a;
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = NULL;
	PKI_TRY(pki_crl_parse(pki_buf_bytes(&row->der), &crl, err));
	PKI_TRY(pki_crl_verify(crl, a->issuers[row->issuer], err));
	if (pki_crl_number(crl) != row->number ||
		pki_crl_this_update(crl) != row->this_update ||
		pki_crl_next_update(crl) != row->next_update)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_CRL_FIELDS,
			"number or dates in the ledger are not the CRL's");
	check_scope(issuer, object, row, crl);
	struct coverage c = { .issuer = issuer, .row = row, .object = object };
	PKI_TRY(check_entries(&c, crl, err));
	if (issuer->revoked.count < row->revocations || c.found != pki_crl_count(crl))
		audit_add_breach(a, object, PKI_RULE_STATUS_AGREE,
			"has %zu entries, of which the ledger knows %zu; the CRL was built over %ju revocations, the ledger has %zu",
			pki_crl_count(crl), c.found, (uintmax_t)row->revocations,
			issuer->revoked.count);
	return PKI_OK;
}

/* A CRL published after the start of the audit is newer than the audit's view of a ledger
 * in use. */
static bool
made_since(const struct issuer *issuer, unsigned partition, const char *path,
	const struct pki_buf *file)
{
	const struct audit *a = issuer->a;
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = NULL;
	struct pki_err own = { 0 };
	return a->issuers[issuer->number] != NULL && audit_file_is_newer(a, path) &&
	       pki_crl_parse(pki_buf_bytes(file), &crl, &own) == PKI_OK &&
	       pki_crl_verify(crl, a->issuers[issuer->number], &own) == PKI_OK &&
	       names_list(issuer, partition, crl) && pki_crl_number(crl) > issuer->last;
}

/* An earlier CRL of the same partition: the file is behind, not changed. */
static bool
made_before(const struct issuer *issuer, unsigned partition, const struct pki_buf *file)
{
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = NULL;
	PKI_CLEANUP(pki_crl_row_free) struct pki_crl_row row = { 0 };
	struct pki_err own = { 0 };
	return pki_crl_parse(pki_buf_bytes(file), &crl, &own) == PKI_OK &&
	       pki_crl_number(crl) != 0 &&
	       pki_ledger_crl(issuer->a->ledger, issuer->number, pki_crl_number(crl),
		       &row, NULL, &own) == PKI_OK &&
	       row.partition == partition &&
	       pki_bytes_equal(file->data, file->len, row.der.data, row.der.len);
}

/* Where a list is published. */
static void
list_file(int issuer, unsigned partition, char out[PKI_CRL_FILE])
{
	if (issuer == PKI_ISSUER_ROOT)
		snprintf(out, PKI_CRL_FILE, "root.crl");
	else
		pki_crl_file(partition, out);
}

/* The file for relying parties must be the last published CRL, or a newer CRL. */
static enum pki_status
check_published(const struct issuer *issuer, unsigned partition, const char *name,
	struct pki_err *err)
{
	const struct audit *a = issuer->a;
	const struct followed *list = &issuer->lists[partition];
	char path[PATH_MAX];
	PKI_CLEANUP(pki_buf_free) struct pki_buf file = { 0 };
	if (list->published == 0)
		return PKI_OK;
	PKI_TRY(pki_conf_path(a->sources->publish, name, path, err));
	PKI_TRY(pki_file_read(path, CRL_FILE_MAX, &file, err));
	for (uint64_t n = list->number; n >= list->published; n--) {
		PKI_CLEANUP(pki_crl_row_free) struct pki_crl_row row = { 0 };
		PKI_TRY(pki_ledger_crl_head(
			a->ledger, issuer->number, n, &row, NULL, err));
		if (row.partition != partition)
			continue;
		PKI_TRY(pki_ledger_crl(a->ledger, issuer->number, n, &row, NULL, err));
		if (pki_bytes_equal(file.data, file.len, row.der.data, row.der.len))
			return PKI_OK;
	}
	if (made_since(issuer, partition, path, &file))
		return PKI_OK;
	bool behind = made_before(issuer, partition, &file);
	return pki_fail_rule(err, behind ? PKI_STATE : PKI_TAMPERED,
		PKI_RULE_STATUS_AGREE,
		"is %s, not the CRL published last, number %ju; publish again",
		behind ? "an earlier CRL" : "no CRL of this partition",
		(uintmax_t)list->published);
}

static void
remember(struct issuer *issuer, const struct pki_crl_row *row)
{
	struct followed *list = &issuer->lists[row->partition];
	list->number = row->number;
	list->this_update = row->this_update;
	list->next_update = row->next_update;
	if (row->published != 0)
		list->published = row->number;
	issuer->last = row->number;
	issuer->cutoff = row->cutoff;
}

/* --since: the CRL was verified before. */
static bool
looked_at_before(struct issuer *issuer, uint64_t n, struct pki_crl_row *head)
{
	const struct audit *a = issuer->a;
	struct pki_err own = { 0 };
	uint64_t first = a->log.crl_first[issuer->number];
	return a->since.size != 0 && (first == 0 || n < first) &&
	       pki_ledger_crl_head(a->ledger, issuer->number, n, head, NULL, &own) ==
		       PKI_OK &&
	       head->committed <= a->since.at && head->partition <= issuer->partitions;
}

/* false: no CRL has this number */
static bool
follow(struct issuer *issuer, uint64_t n)
{
	struct audit *a = issuer->a;
	PKI_CLEANUP(pki_crl_row_free) struct pki_crl_row row = { 0 };
	struct pki_err own = { 0 };
	char object[64];
	if (looked_at_before(issuer, n, &row)) {
		remember(issuer, &row);
		return true;
	}
	bool found = false;
	enum pki_status status =
		pki_ledger_crl(a->ledger, issuer->number, n, &row, &found, &own);
	if (status == PKI_OK && !found)
		return false;
	snprintf(object, sizeof object, "CRL %ju of issuer %d", (uintmax_t)n,
		issuer->number);
	if (status == PKI_OK && row.partition > issuer->partitions)
		status = pki_fail_rule(&own, PKI_TAMPERED, PKI_RULE_CRL_PARTITION,
			"is of a partition which does not exist");
	if (status == PKI_OK) {
		check_sequence(issuer, object, &row);
		check_dates(issuer, object, &row);
		status = check_last(issuer, object, &row, &own);
		if (status == PKI_OK)
			status = check_crl(issuer, &row, object, &own);
		remember(issuer, &row);
		a->counts.published += row.published != 0;
	}
	if (status != PKI_OK)
		audit_add_finding(a, object, &own);
	a->counts.crls++;
	pki_progress("CRLs", a->counts.crls, 0);
	return true;
}

static void
issuer_free(struct issuer *issuer)
{
	for (unsigned k = 0; issuer->lists != NULL && k <= issuer->partitions; k++)
		expected_free(&issuer->lists[k].expected);
	revoked_free(&issuer->revoked);
	free(issuer->lists);
}

static enum pki_status
audit_issuer(struct audit *a, int number, struct pki_err *err)
{
	PKI_CLEANUP(issuer_free)
	struct issuer issuer = { .a = a,
		.number = number,
		.partitions = number == PKI_ISSUER_CA ? a->urls.partitions : 0 };
	issuer.lists = calloc(issuer.partitions + (size_t)1, sizeof *issuer.lists);
	if (issuer.lists == NULL)
		return pki_fail(err, PKI_MEMORY, "%u lists", issuer.partitions);
	PKI_TRY(pki_ledger_each_revocation(
		a->ledger, number, on_revocation, &issuer, err));
	PKI_TRY(revoked_ready(&issuer.revoked, issuer.partitions, err));
	for (uint64_t n = 1; follow(&issuer, n); n++)
		;
	for (unsigned k = 0; k <= issuer.partitions; k++) {
		struct pki_err own = { 0 };
		char name[PKI_CRL_FILE];
		list_file(number, k, name);
		if (check_published(&issuer, k, name, &own) != PKI_OK)
			audit_add_finding(a, name, &own);
	}
	return PKI_OK;
}

enum pki_status
crls_verify(struct audit *a, struct pki_err *err)
{
	for (int issuer = PKI_ISSUER_ROOT; issuer <= PKI_ISSUER_CA; issuer++)
		PKI_TRY(audit_issuer(a, issuer, err));
	if (a->counts.crls != a->counts.crl_entries)
		audit_add_breach(a, "CRLs", PKI_RULE_LOG_EVENT,
			"the ledger has %ju CRLs, the log records %ju",
			(uintmax_t)a->counts.crls, (uintmax_t)a->counts.crl_entries);
	/* an older list may be published, and a certificate revoked, since */
	if (a->since.size != 0)
		return PKI_OK;
	if (a->counts.published != a->counts.publications)
		audit_add_breach(a, "CRLs", PKI_RULE_LOG_EVENT,
			"the ledger says %ju were published, the log %ju",
			(uintmax_t)a->counts.published,
			(uintmax_t)a->counts.publications);
	if (a->counts.revocations != a->figures.revocations)
		audit_add_breach(a, "revocations", PKI_RULE_APPEND_ONLY,
			"%ju of %ju can be read", (uintmax_t)a->counts.revocations,
			(uintmax_t)a->figures.revocations);
	return PKI_OK;
}
