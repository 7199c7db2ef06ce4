#include "crl/gate.h"

#include <string.h>

#include "crl/sample.h"

/* rules 52, 56: the scope and the expired entries that certificates and configuration
 * promise. */
static enum pki_status
check_place(const struct gate *gate, struct pki_err *err)
{
	const char *is = pki_crl_distribution_point(gate->crl), *want = gate->url;
	if (want == NULL ? is != NULL : is == NULL || strcmp(is, want) != 0)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_CRL_PARTITION,
			"the CRL is for %.200s, but certificates name another URL",
			is != NULL ? is : "the full CRL's URL");
	pki_time since = pki_crl_expired_since(gate->crl);
	if (since != (gate->keeps ? pki_cert_not_before(gate->ca) : 0))
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_CRL_KEEPS_EXPIRED,
			"expiredCertsOnCRL does not match the setting crl.expired");
	if (pki_crl_next_update(gate->crl) <= pki_time_now())
		return pki_fail_rule(err, PKI_REFUSED, PKI_RULE_CRL_FIELDS,
			"the CRL's nextUpdate has passed");
	if (gate->published != NULL &&
		pki_crl_number(gate->crl) <= pki_crl_number(gate->published))
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_CRL_FIELDS,
			"CRL %llu is published already; the ledger's last is %llu. Was an old backup restored?",
			(unsigned long long)pki_crl_number(gate->published),
			(unsigned long long)pki_crl_number(gate->crl));
	return PKI_OK;
}

/* rules 57, 58: may the new CRL lack this entry of the published CRL? */
static enum pki_status
check_lost(const struct gate *gate, const struct pki_revoked *entry, struct pki_err *err)
{
	char text[PKI_SERIAL_TEXT];
	struct pki_cert_row row = { 0 };
	pki_serial_text(&entry->serial, text);
	PKI_TRY(pki_ledger_certificate(
		gate->ledger, gate->issuer, &entry->serial, &row, NULL, err));
	pki_time end = row.not_after;
	pki_cert_row_free(&row);
	if (gate->keeps || end >= pki_crl_this_update(gate->published))
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_CRL_EXPIRED,
			"certificate %s is gone from the CRL before a CRL past its expiry listed it",
			text);
	return PKI_OK;
}

static enum pki_status
check_same(const struct pki_revoked *want, const struct pki_revoked *got,
	const char *where, struct pki_err *err)
{
	char text[PKI_SERIAL_TEXT];
	if (got->revoked_at == want->revoked_at && got->reason == want->reason)
		return PKI_OK;
	pki_serial_text(&want->serial, text);
	return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_STATUS_AGREE,
		"certificate %s has another date or reason on the CRL than in %s", text,
		where);
}

/* Nearly all entries are also in the CRL before, octet for octet. */
static bool
unchanged(const struct gate *gate, size_t i, size_t at)
{
	struct pki_bytes was = pki_crl_get0_entry(gate->published, i);
	struct pki_bytes is = pki_crl_get0_entry(gate->crl, at);
	return was.len == is.len && was.len != 0 &&
	       memcmp(was.data, is.data, was.len) == 0;
}

/* Passes the new CRL's entries from *at on which sort before `was`, or all: the published CRL
 * lacks all of these. *found: the entry at *at is about the certificate of `was`. */
static enum pki_status
pass_fresh(struct gate *gate, size_t *at, const struct pki_revoked *was,
	struct pki_revoked *is, bool *found, struct pki_err *err)
{
	*found = false;
	for (; *at < pki_crl_count(gate->crl); ++*at) {
		PKI_TRY(pki_crl_entry(gate->crl, *at, is, err));
		int order = was != NULL ? pki_serial_compare(&is->serial, &was->serial)
					: -1;
		*found = order == 0;
		if (order >= 0)
			return PKI_OK;
		if (gate->fresh != NULL)
			sample_add(gate->fresh, is);
	}
	return PKI_OK;
}

/* Both are sorted by serial; of a first list all is fresh. */
static enum pki_status
check_kept(struct gate *gate, struct pki_err *err)
{
	struct pki_revoked was, is;
	size_t at = 0;
	bool found;
	size_t count = gate->published != NULL ? pki_crl_count(gate->published) : 0;
	for (size_t i = 0; i < count; i++) {
		if (unchanged(gate, i, at)) {
			at++;
			gate->kept++;
			continue;
		}
		PKI_TRY(pki_crl_entry(gate->published, i, &was, err));
		PKI_TRY(pass_fresh(gate, &at, &was, &is, &found, err));
		if (!found) {
			PKI_TRY(check_lost(gate, &was, err));
			continue;
		}
		PKI_TRY(check_same(&was, &is, "the published one", err));
		at++;
		gate->kept++;
	}
	return pass_fresh(gate, &at, NULL, &is, &found, err);
}

enum pki_status
gate_open(struct gate *gate, struct pki_err *err)
{
	PKI_TRY(pki_crl_verify(gate->crl, gate->ca, err));
	PKI_TRY(check_place(gate, err));
	return check_kept(gate, err);
}

/* rule 76: the responder answers from the ledger, so the CRL must agree with the ledger. */
enum pki_status
gate_must(void *ctx, const struct pki_revoked *want, struct pki_err *err)
{
	struct gate *gate = ctx;
	struct pki_revoked got;
	if (!pki_crl_find(gate->crl, &want->serial, &got)) {
		char text[PKI_SERIAL_TEXT];
		pki_serial_text(&want->serial, text);
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_STATUS_AGREE,
			"certificate %s is revoked and not on the CRL", text);
	}
	PKI_TRY(check_same(want, &got, "the ledger", err));
	if (!gate->resumes || !pki_crl_find(gate->published, &want->serial, &got))
		gate->found++;
	return PKI_OK;
}

enum pki_status
gate_close(struct gate *gate, struct pki_err *err)
{
	size_t known = gate->found + (gate->resumes ? gate->kept : 0);
	if (pki_crl_count(gate->crl) == known)
		return PKI_OK;
	return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_STATUS_AGREE,
		"the CRL has %zu entries; the ledger knows %zu of them",
		pki_crl_count(gate->crl), known);
}
