/* Revocations and the CRLs over them. */
#include <stdio.h>
#include <string.h>

#include "libpki/file.h"
#include "tools/audit.h"

/* A CRL of the largest installation that one signer serves. */
#define CRL_FILE_MAX ((size_t)128 << 20)

static enum pki_status
on_revocation(void *ctx, const struct pki_revocation_row *row, struct pki_err *err)
{
	struct audit *a = ctx;
	struct pki_err own = { 0 };
	char serial[PKI_SERIAL_TEXT], object[64];
	PKI_CLEANUP(pki_order_row_free) struct pki_order_row order = { 0 };
	(void)err;
	a->revocations++;
	pki_serial_text(&row->serial, serial);
	snprintf(object, sizeof object, "revocation of %s", serial);
	if (pki_ledger_order(a->ledger, row->order, &order, &own) != PKI_OK) {
		finding_add(a, object, &own);
		return PKI_OK;
	}
	PKI_CLEANUP(pki_json_cleanup) json_t *entry = entry_read(a, order.log_index);
	const json_t *detail = json_object_get(entry, "detail");
	const char *reason = pki_reason_name(row->reason);
	if (order.action != PKI_ACTION_REVOKE || order.committed != row->committed)
		finding_rule(a, object, PKI_RULE_REVOCATION,
			"the order %s is not one to revoke, or of another time",
			row->order);
	if (!list_holds(json_object_get(detail, "serials"), serial) || reason == NULL ||
		strcmp(entry_text(detail, "reason"), reason) != 0)
		finding_rule(a, object, PKI_RULE_REVOCATION,
			"the log entry of the order %s has not this serial and reason",
			row->order);
	if (row->reported > row->committed + 1000)
		finding_rule(
			a, object, PKI_RULE_REVOCATION, "reported after it was committed");
	return PKI_OK;
}

/* One CRL against the revocations that it was built over. */
struct coverage {
	struct audit *a;
	const struct pki_crl_row *row;
	const struct pki_crl *crl;
	const char *object;
	pki_time unexpired_at;
	uint64_t position;
	size_t found;
};

static enum pki_status
on_covered(void *ctx, const struct pki_revocation_row *row, struct pki_err *err)
{
	struct coverage *c = ctx;
	struct pki_revoked entry;
	char serial[PKI_SERIAL_TEXT];
	bool listed = pki_crl_find(c->crl, &row->serial, &entry);
	pki_serial_text(&row->serial, serial);
	if (++c->position > c->row->revocations) {
		if (listed)
			finding_rule(c->a, c->object, PKI_RULE_STATUS_AGREE,
				"lists %s, which was revoked later", serial);
		c->found += listed;
		return PKI_OK;
	}
	if (listed) {
		c->found++;
		if (entry.revoked_at != row->committed / 1000 ||
			entry.reason != row->reason)
			finding_rule(c->a, c->object, PKI_RULE_STATUS_AGREE,
				"gives another date or reason for %s", serial);
		return PKI_OK;
	}
	PKI_CLEANUP(pki_cert_row_free) struct pki_cert_row cert = { 0 };
	PKI_TRY(pki_ledger_certificate(
		c->a->ledger, row->issuer, &row->serial, &cert, err));
	if (cert.not_after >= c->unexpired_at)
		finding_rule(c->a, c->object, PKI_RULE_CRL_EXPIRED,
			"lacks %s, which was revoked before and had not expired", serial);
	return PKI_OK;
}

static enum pki_status
check_crl(struct audit *a, const struct pki_crl_row *row, const char *object,
	pki_time unexpired_at, struct pki_err *err)
{
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = NULL;
	PKI_TRY(pki_crl_parse(pki_buf_bytes(&row->der), &crl, err));
	PKI_TRY(pki_crl_verify(crl, a->issuers[row->issuer], err));
	if (pki_crl_number(crl) != row->number ||
		pki_crl_this_update(crl) != row->this_update ||
		pki_crl_next_update(crl) != row->next_update)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_CRL_FIELDS,
			"number or dates in the ledger are not the CRL's");
	struct coverage c = { .a = a, .row = row, .crl = crl, .object = object };
	c.unexpired_at = unexpired_at;
	PKI_TRY(pki_ledger_each_revocation(a->ledger, row->issuer, on_covered, &c, err));
	if (c.position < row->revocations || c.found != pki_crl_count(crl))
		finding_rule(a, object, PKI_RULE_STATUS_AGREE,
			"%zu entries, of which the ledger knows %zu; it was built over %ju "
			"revocations, the ledger has %ju",
			pki_crl_count(crl), c.found, (uintmax_t)row->revocations,
			(uintmax_t)c.position);
	return PKI_OK;
}

/* A CRL made since the audit began is newer than its view of a ledger in use; in a copy
 * there is none. */
static bool
made_since(const struct audit *a, int issuer, const struct pki_buf *file, uint64_t last)
{
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = NULL;
	struct pki_err err = { 0 };
	return a->issuers[issuer] != NULL &&
	       pki_crl_parse(pki_buf_bytes(file), &crl, &err) == PKI_OK &&
	       pki_crl_verify(crl, a->issuers[issuer], &err) == PKI_OK &&
	       pki_crl_number(crl) > last && pki_crl_this_update(crl) >= a->started;
}

/* What relying parties fetch must be the last published one, or newer. */
static enum pki_status
check_published(
	struct audit *a, int issuer, uint64_t published, uint64_t last, struct pki_err *err)
{
	char path[PATH_MAX];
	PKI_CLEANUP(pki_buf_free) struct pki_buf file = { 0 };
	const char *name = issuer == PKI_ISSUER_ROOT ? "root.crl" : "ca.crl";
	if (published == 0)
		return PKI_OK;
	PKI_TRY(pki_conf_path(a->place->publish, name, path, err));
	PKI_TRY(pki_file_read(path, CRL_FILE_MAX, &file, err));
	for (uint64_t n = last; n >= published; n--) {
		PKI_CLEANUP(pki_crl_row_free) struct pki_crl_row row = { 0 };
		PKI_TRY(pki_ledger_crl(a->ledger, issuer, n, &row, err));
		if (pki_bytes_equal(file.data, file.len, row.der.data, row.der.len))
			return PKI_OK;
	}
	if (made_since(a, issuer, &file, last))
		return PKI_OK;
	return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_STATUS_AGREE,
		"is not the CRL number %ju that was published last; publish again",
		(uintmax_t)published);
}

static enum pki_status
audit_issuer(struct audit *a, int issuer, struct pki_err *err)
{
	uint64_t published = 0, n = 1;
	pki_time before = 0;
	PKI_TRY(pki_ledger_each_revocation(a->ledger, issuer, on_revocation, a, err));
	for (;; n++) {
		PKI_CLEANUP(pki_crl_row_free) struct pki_crl_row row = { 0 };
		struct pki_err own = { 0 };
		char object[64];
		enum pki_status status = pki_ledger_crl(a->ledger, issuer, n, &row, &own);
		if (status == PKI_NOTFOUND)
			break;
		snprintf(object, sizeof object, "CRL %ju of issuer %d", (uintmax_t)n,
			issuer);
		if (status == PKI_OK)
			status = check_crl(
				a, &row, object, n > 1 ? before : row.this_update, &own);
		if (status != PKI_OK)
			finding_add(a, object, &own);
		published = row.published != 0 ? n : published;
		before = row.this_update;
		a->crls++;
		pki_progress("CRLs", a->crls, 0);
	}
	struct pki_err own = { 0 };
	if (check_published(a, issuer, published, n - 1, &own) != PKI_OK)
		finding_add(a, issuer == PKI_ISSUER_ROOT ? "root.crl" : "ca.crl", &own);
	return PKI_OK;
}

enum pki_status
audit_crls(struct audit *a, struct pki_err *err)
{
	for (int issuer = PKI_ISSUER_ROOT; issuer <= PKI_ISSUER_CA; issuer++)
		PKI_TRY(audit_issuer(a, issuer, err));
	if (a->crls != a->crl_entries)
		finding_rule(a, "CRLs", PKI_RULE_LOG_EVENT,
			"the ledger has %ju CRLs, the log records %ju", (uintmax_t)a->crls,
			(uintmax_t)a->crl_entries);
	if (a->revocations != a->figures.revocations)
		finding_rule(a, "revocations", PKI_RULE_APPEND_ONLY,
			"%ju of %ju can be read", (uintmax_t)a->revocations,
			(uintmax_t)a->figures.revocations);
	return PKI_OK;
}
