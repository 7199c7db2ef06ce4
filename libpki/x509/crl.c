#include <string.h>

#include "libpki/asn1/der.h"
#include "libpki/x509/crl_priv.h"
#include "libpki/x509/signature.h"

static const struct {
	enum pki_reason reason;
	const char *name;
} reasons[] = {
	{ PKI_REASON_UNSPECIFIED, "unspecified" },
	{ PKI_REASON_KEY_COMPROMISE, "keyCompromise" },
	{ PKI_REASON_CA_COMPROMISE, "cACompromise" },
	{ PKI_REASON_AFFILIATION_CHANGED, "affiliationChanged" },
	{ PKI_REASON_SUPERSEDED, "superseded" },
	{ PKI_REASON_CESSATION_OF_OPERATION, "cessationOfOperation" },
	{ PKI_REASON_PRIVILEGE_WITHDRAWN, "privilegeWithdrawn" },
};

bool
pki_reason_by_name(const char *name, enum pki_reason *out)
{
	for (size_t i = 0; i < PKI_COUNT(reasons); i++)
		if (strcmp(reasons[i].name, name) == 0) {
			*out = reasons[i].reason;
			return true;
		}
	return false;
}

const char *
pki_reason_name(enum pki_reason reason)
{
	for (size_t i = 0; i < PKI_COUNT(reasons); i++)
		if (reasons[i].reason == reason)
			return reasons[i].name;
	return NULL;
}

void
pki_crl_free(struct pki_crl *crl)
{
	if (crl == NULL)
		return;
	pki_buf_free(&crl->room);
	pki_buf_free(&crl->authority_key_id);
	pki_buf_free(&crl->distribution_point);
	pki_crl_index_free(&crl->index);
	free(crl);
}

void
pki_crl_cleanup(struct pki_crl **crl)
{
	pki_crl_free(*crl);
}

/* rule 94: the signature is of the algorithm in which the issuer's key signs. */
static enum pki_status
check_algorithm(const struct pki_crl *crl, const struct pki_key *key, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf want = { 0 };
	PKI_TRY(pki_signature_algorithm(key, &want, err));
	if (!pki_bytes_equal(
		    want.data, want.len, crl->algorithm.data, crl->algorithm.len))
		return pki_fail_rule(err, PKI_INPUT, PKI_RULE_ALGORITHM,
			"the CRL's signature algorithm does not fit the issuer's key");
	return PKI_OK;
}

enum pki_status
pki_crl_verify(
	const struct pki_crl *crl, const struct pki_cert *issuer, struct pki_err *err)
{
	struct pki_bytes subject = pki_cert_get0_subject_der(issuer);
	if (!pki_bytes_equal(
		    crl->issuer.data, crl->issuer.len, subject.data, subject.len))
		return pki_fail(err, PKI_INPUT, "the CRL names another issuer");
	uint8_t id[PKI_KEY_ID];
	if (!pki_cert_subject_key_id(issuer, id) ||
		!pki_bytes_equal(crl->authority_key_id.data, crl->authority_key_id.len,
			id, sizeof id))
		return pki_fail(err, PKI_INPUT,
			"the CRL's authorityKeyIdentifier is not the issuer's key");
	if (!(pki_cert_key_usage(issuer) & PKI_KU_CRL_SIGN))
		return pki_fail(err, PKI_INPUT, "the issuer's certificate lacks cRLSign");
	const struct pki_key *key = pki_cert_get0_key(issuer);
	PKI_TRY(check_algorithm(crl, key, err));
	return pki_key_verify(key, crl->tbs.data, crl->tbs.len, crl->signature, err);
}

struct pki_bytes
pki_crl_get0_der(const struct pki_crl *crl)
{
	return crl->der;
}

uint64_t
pki_crl_number(const struct pki_crl *crl)
{
	return crl->number;
}

pki_time
pki_crl_this_update(const struct pki_crl *crl)
{
	return crl->this_update;
}

pki_time
pki_crl_next_update(const struct pki_crl *crl)
{
	return crl->next_update;
}

const char *
pki_crl_distribution_point(const struct pki_crl *crl)
{
	return (const char *)crl->distribution_point.data;
}

pki_time
pki_crl_expired_since(const struct pki_crl *crl)
{
	return crl->expired_since;
}

size_t
pki_crl_count(const struct pki_crl *crl)
{
	return crl->index.count;
}

static struct pki_bytes
octets_from(const struct pki_crl *crl, uint32_t place)
{
	return (struct pki_bytes){ crl->der.data + place, crl->der.len - place };
}

static enum pki_status
entry_at(const struct pki_crl *crl, uint32_t place, struct pki_revoked *out,
	struct pki_err *err)
{
	struct pki_bytes rest = octets_from(crl, place);
	return pki_crl_read_entry(&rest, out, err);
}

enum pki_status
pki_crl_entry(
	const struct pki_crl *crl, size_t i, struct pki_revoked *out, struct pki_err *err)
{
	if (i >= crl->index.count)
		return pki_fail(err, PKI_NOTFOUND, "entry %zu of a CRL of %zu", i,
			crl->index.count);
	return entry_at(crl, pki_crl_index_place(&crl->index, i), out, err);
}

struct pki_bytes
pki_crl_get0_entry(const struct pki_crl *crl, size_t i)
{
	struct pki_bytes entry = { 0 };
	if (i < crl->index.count) {
		struct pki_bytes rest =
			octets_from(crl, pki_crl_index_place(&crl->index, i));
		(void)pki_der_get_whole(
			&rest, PKI_DER_SEQUENCE, &entry); /* parsed before */
	}
	return entry;
}

bool
pki_crl_find(const struct pki_crl *crl, const struct pki_serial *serial,
	struct pki_revoked *out)
{
	uint32_t place;
	return pki_crl_index_find(&crl->index,
		       (struct pki_bytes){ serial->octets, serial->len }, &place) &&
	       entry_at(crl, place, out, NULL) == PKI_OK;
}
