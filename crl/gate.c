#include <string.h>

#include "crl/crld.h"

#define LIST_FIRST 1024

void
revoked_list_free(struct revoked_list *list)
{
	free(list->items);
	*list = (struct revoked_list){ 0 };
}

static enum pki_status
append(void *ctx, const struct pki_revoked *revoked, struct pki_err *err)
{
	struct revoked_list *list = ctx;
	if (list->count == list->cap) {
		size_t cap = list->cap != 0 ? list->cap * 2 : LIST_FIRST;
		struct pki_revoked *items = reallocarray(list->items, cap, sizeof *items);
		if (items == NULL)
			return pki_fail(err, PKI_MEMORY, "%zu revocations", cap);
		list->items = items;
		list->cap = cap;
	}
	list->items[list->count++] = *revoked;
	return PKI_OK;
}

enum pki_status
revoked_list_read(struct crld *d, int issuer, struct revoked_list *out, struct pki_err *err)
{
	const struct pki_revoked_query query = { .issuer = issuer, .from = pki_time_now() };
	return pki_ledger_each_revoked(d->ledger, &query, append, out, err);
}

/* rule 76: what the responder says from the ledger, the CRL says too. */
static enum pki_status
check_complete(
	const struct pki_crl *crl, const struct revoked_list *must, struct pki_err *err)
{
	for (size_t i = 0; i < must->count; i++) {
		const struct pki_revoked *want = &must->items[i];
		struct pki_revoked got;
		char text[PKI_SERIAL_TEXT];
		pki_serial_text(&want->serial, text);
		if (!pki_crl_find(crl, &want->serial, &got))
			return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_STATUS_AGREE,
				"certificate %s is revoked and not on the CRL", text);
		if (got.revoked_at != want->revoked_at || got.reason != want->reason)
			return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_STATUS_AGREE,
				"certificate %s has another date or reason on the CRL than "
				"in the ledger",
				text);
	}
	return PKI_OK;
}

/* rules 57, 58: may this entry of the published CRL be missing from the new one? */
static enum pki_status
check_lost(struct crld *d, int issuer, const struct pki_crl *published,
	const struct pki_revoked *entry, struct pki_err *err)
{
	char text[PKI_SERIAL_TEXT];
	struct pki_cert_row row = { 0 };
	pki_serial_text(&entry->serial, text);
	PKI_TRY(pki_ledger_certificate(d->ledger, issuer, &entry->serial, &row, err));
	pki_time end = row.not_after;
	pki_cert_row_free(&row);
	if (end >= pki_crl_this_update(published))
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_CRL_EXPIRED,
			"certificate %s is gone from the CRL before a CRL past its expiry "
			"listed it",
			text);
	return PKI_OK;
}

static enum pki_status
check_kept(struct crld *d, int issuer, const struct pki_crl *crl,
	const struct pki_crl *published, struct pki_err *err)
{
	for (size_t i = 0; i < pki_crl_count(published); i++) {
		struct pki_revoked entry, found;
		PKI_TRY(pki_crl_entry(published, i, &entry, err));
		if (!pki_crl_find(crl, &entry.serial, &found))
			PKI_TRY(check_lost(d, issuer, published, &entry, err));
	}
	return PKI_OK;
}

enum pki_status
gate(struct crld *d, int issuer, const struct pki_crl *crl, const struct pki_crl *published,
	const struct revoked_list *must, struct pki_err *err)
{
	PKI_TRY(pki_crl_verify(crl, d->issuers[issuer], err));
	if (pki_crl_next_update(crl) <= pki_time_now())
		return pki_fail_rule(err, PKI_REFUSED, PKI_RULE_CRL_FIELDS,
			"the CRL's nextUpdate has passed");
	PKI_TRY(check_complete(crl, must, err));
	if (published == NULL)
		return PKI_OK;
	if (pki_crl_number(crl) <= pki_crl_number(published))
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_CRL_FIELDS,
			"CRL %llu is published already; the ledger's last is %llu. Was an "
			"old "
			"backup restored?",
			(unsigned long long)pki_crl_number(published),
			(unsigned long long)pki_crl_number(crl));
	return check_kept(d, issuer, crl, published, err);
}
