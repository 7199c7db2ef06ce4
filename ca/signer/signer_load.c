#include "ca/signer/signer_load_priv.h"

#include <string.h>

#include "ca/signer/signer_history_priv.h"

/* A CRL's URL is in certificates, and cannot change. */
static enum pki_status
check_scope(const struct signer_state *s, unsigned partition, const struct pki_crl *crl,
	struct pki_err *err)
{
	char url[PKI_URL_TEXT];
	const char *is = pki_crl_distribution_point(crl);
	pki_crl_url(&s->conf->ca_urls, partition, url);
	if (partition == 0 ? is == NULL : is != NULL && strcmp(is, url) == 0)
		return PKI_OK;
	return pki_fail_rule(err, PKI_CONFIG, PKI_RULE_CRL_PARTITION,
		"its certificates name %.200s; set urls.repository in pki.yaml to it",
		is != NULL ? is : "the full CRL");
}

/* Add the partition to known entries of the revoked set; append unknown entries to more. */
static enum pki_status
add_entries(struct signer_state *s, unsigned partition, const struct pki_crl *crl,
	struct revoked_set *more, struct pki_err *err)
{
	size_t at = 0;
	for (size_t i = 0; i < pki_crl_count(crl); i++) {
		struct pki_revoked entry;
		PKI_TRY(pki_crl_entry(crl, i, &entry, err));
		entry.partition = (uint16_t)partition;
		at = revoked_set_seek(&s->tx.revoked, at, &entry.serial);
		if (at < s->tx.revoked.count &&
			pki_serial_compare(
				&s->tx.revoked.items[at].serial, &entry.serial) == 0)
			s->tx.revoked.items[at].partition = entry.partition;
		else
			PKI_TRY(revoked_set_append(more, &entry, 1, err));
	}
	return PKI_OK;
}

enum pki_status
signer_load_crl(struct signer_state *s, unsigned partition, struct pki_bytes der,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = NULL;
	struct revoked_set more = { 0 };
	PKI_TRY(pki_crl_parse(der, &crl, err));
	PKI_TRY(pki_crl_verify(crl, s->ca, err));
	PKI_TRY(check_scope(s, partition, crl, err));
	enum pki_status status = add_entries(s, partition, crl, &more, err);
	if (status == PKI_OK)
		status = revoked_set_add(&s->tx.revoked, &more, err);
	revoked_set_free(&more);
	bool last = pki_crl_next_update(crl) == PKI_CRL_LAST;
	s->tx.last.made[partition] = last ? PKI_CRL_LAST : pki_crl_this_update(crl);
	if (pki_crl_number(crl) > s->tx.last.crl_number)
		s->tx.last.crl_number = pki_crl_number(crl);
	if (pki_crl_this_update(crl) > s->tx.last.crl_made)
		s->tx.last.crl_made = pki_crl_this_update(crl);
	return status;
}

enum pki_status
signer_last_crl(struct signer_state *s, struct pki_bytes fields, struct pki_err *err)
{
	uint64_t partition = 0;
	struct pki_bytes der;
	PKI_TRY(ipc_get_number(&fields, &partition, err));
	PKI_TRY(ipc_get(&fields, IPC_BYTES, &der, err));
	PKI_TRY(ipc_end(fields, err));
	if (partition > s->conf->ca_urls.partitions)
		return pki_fail(err, PKI_INPUT, "a CRL of no partition");
	return signer_load_crl(s, (unsigned)partition, der, err);
}

enum pki_status
signer_serve(struct signer_state *s, struct pki_bytes fields, struct pki_err *err)
{
	PKI_TRY(ipc_end(fields, err));
	PKI_TRY(history_check(s, err));
	s->tx.before = s->tx.last;
	s->serving = true;
	return PKI_OK;
}
