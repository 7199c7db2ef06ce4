#include "ca/ceremony/ceremony_record.h"

#include <string.h>

#include "libpki/host/conf_log.h"
#include "libpki/state/log.h"

/* What every record is made of. */
struct record {
	const struct ceremony *c;
	const struct pki_conf *conf;
	struct pki_ledger *ledger;
};

static enum pki_status
add_certificate(const struct record *r, int issuer, const struct pki_profile *profile,
	const struct pki_cert *cert, struct pki_err *err)
{
	/* the root's CRL has no partitions */
	unsigned partitions = issuer == PKI_ISSUER_CA ? r->conf->ca_urls.partitions : 0;
	struct pki_cert_row row = {
		.issuer = issuer,
		.serial = *pki_cert_get0_serial(cert),
		.not_before = pki_cert_not_before(cert),
		.not_after = pki_cert_not_after(cert),
		.issued = r->c->at,
		.partition = profile->issuer_urls
				     ? pki_serial_partition(
					       pki_cert_get0_serial(cert), partitions)
				     : 0,
	};
	struct pki_name name;
	struct pki_bytes der = pki_cert_get0_der(cert);
	memcpy(row.profile, profile->name, sizeof row.profile);
	PKI_TRY(pki_cert_subject(cert, &name, err));
	PKI_TRY(pki_name_hash(&name, row.name_hash, err));
	PKI_TRY(pki_name_key(&name, row.name_key, err));
	PKI_TRY(pki_key_hash(pki_cert_get0_key(cert), row.key_hash, err));
	PKI_TRY(pki_buf_append(&row.der, der.data, der.len, err));
	enum pki_status status = pki_ledger_add_certificate(r->ledger, &row, err);
	char person[PKI_PERSON_TEXT];
	pki_person_of(&name, person);
	if (status == PKI_OK && issuer == PKI_ISSUER_CA && person[0] != '\0')
		status = pki_ledger_add_officer(r->ledger, row.id, person, err);
	pki_cert_row_free(&row);
	return status;
}

static enum pki_status
log_event(const struct record *r, const char *type, struct pki_json *detail,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *taken = NULL;
	PKI_TRY(pki_json_take(detail, &taken, err));
	struct pki_event event = { .type = type,
		.source = "pki-ca",
		.actor = "",
		.at = r->c->at,
		.detail = taken };
	return pki_log_append(r->ledger, &event, NULL, err);
}

static enum pki_status
add_crl(const struct record *r, int issuer, const struct pki_crl *crl,
	struct pki_err *err)
{
	pki_msec at = r->c->at;
	struct pki_bytes der = pki_crl_get0_der(crl);
	struct pki_crl_row row = {
		.issuer = issuer,
		.number = pki_crl_number(crl),
		.this_update = pki_crl_this_update(crl),
		.next_update = pki_crl_next_update(crl),
		.committed = at,
		.cutoff = pki_crl_this_update(crl),
	};
	char digest[PKI_SHA256_HEX];
	PKI_TRY(pki_sha256_hex(der.data, der.len, digest, err));
	PKI_TRY(pki_buf_append(&row.der, der.data, der.len, err));
	enum pki_status status = pki_ledger_add_crl(r->ledger, &row, err);
	pki_crl_row_free(&row);
	PKI_TRY(status);
	struct pki_json detail = pki_json_object(), publication = pki_json_object();
	pki_json_number(&detail, "issuer", issuer);
	pki_json_number(&detail, "number", 1);
	pki_json_number(&detail, "partition", 0);
	pki_json_text(&detail, "digest", digest);
	pki_json_number(&detail, "entries", 0);
	pki_json_number(&publication, "issuer", issuer);
	pki_json_number(&publication, "number", 1);
	pki_json_msec(&publication, "published", at);
	status = log_event(r, "crl-issued", &detail, err);
	if (status == PKI_OK)
		status = pki_ledger_add_publication(r->ledger, issuer, 1, at, err);
	if (status == PKI_OK)
		return log_event(r, "crl-published", &publication, err);
	pki_json_free(&publication);
	return status;
}

/* The certificates of the ceremony: serials by role, then the digests and profiles of all
 * certificates in one sequence. */
struct made {
	struct pki_json detail, officers, digests, profiles;
};

static enum pki_status
add_made(struct made *made, const struct pki_profile *profile,
	const struct pki_cert *cert, struct pki_err *err)
{
	char digest[PKI_SHA256_HEX];
	struct pki_bytes der = pki_cert_get0_der(cert);
	PKI_TRY(pki_sha256_hex(der.data, der.len, digest, err));
	pki_json_append_text(&made->digests, digest);
	pki_json_append_text(&made->profiles, profile->name);
	return PKI_OK;
}

static enum pki_status
add_part(struct made *made, const char *name, const struct ceremony_part *part,
	struct pki_err *err)
{
	pki_json_serial(&made->detail, name, pki_cert_get0_serial(part->cert));
	return add_made(made, part->profile, part->cert, err);
}

static enum pki_status
add_all_made(const struct ceremony *c, struct made *made, struct pki_err *err)
{
	PKI_TRY(add_part(made, "root", &c->root, err));
	PKI_TRY(add_part(made, "ca", &c->ca, err));
	PKI_TRY(add_part(made, "seal", &c->seal, err));
	for (size_t i = 0; i < c->officer_count; i++) {
		const struct ceremony_officer *officer = &c->officers[i];
		pki_json_append_serial(
			&made->officers, pki_cert_get0_serial(officer->cert));
		PKI_TRY(add_made(made, officer->profile, officer->cert, err));
	}
	return PKI_OK;
}

static enum pki_status
log_ceremony(const struct record *r, struct pki_err *err)
{
	struct made made = { pki_json_object(), pki_json_array(), pki_json_array(),
		pki_json_array() };
	enum pki_status status = add_all_made(r->c, &made, err);
	pki_json_nest(&made.detail, "officers", &made.officers);
	pki_json_nest(&made.detail, "digests", &made.digests);
	pki_json_nest(&made.detail, "profiles", &made.profiles);
	if (status == PKI_OK)
		return log_event(r, "ceremony-completed", &made.detail, err);
	pki_json_free(&made.detail);
	return status;
}

static enum pki_status
log_partitions(const struct record *r, struct pki_err *err)
{
	unsigned partitions = r->conf->ca_urls.partitions;
	if (partitions == 0)
		return PKI_OK;
	struct pki_json detail = pki_json_object();
	pki_json_number(&detail, "issuer", PKI_ISSUER_CA);
	pki_json_number(&detail, "partitions", partitions);
	return log_event(r, "crl-partitioned", &detail, err);
}

static enum pki_status
add_checkpoint(const struct record *r, struct pki_err *err)
{
	struct pki_checkpoint cp = { .size = 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf note = { 0 };
	memcpy(cp.origin, r->conf->log->origin, sizeof cp.origin);
	PKI_TRY(pki_ledger_entry_count(r->ledger, &cp.size, err));
	PKI_TRY(pki_log_root(r->ledger, cp.size, &cp.root, err));
	PKI_TRY(pki_checkpoint_sign(&cp, r->c->log_key, &note, err));
	return pki_ledger_add_checkpoint(r->ledger, cp.size, pki_buf_bytes(&note), err);
}

static enum pki_status
add_certificates(const struct record *r, struct pki_err *err)
{
	const struct ceremony *c = r->c;
	PKI_TRY(add_certificate(r, PKI_ISSUER_ROOT, c->root.profile, c->root.cert, err));
	PKI_TRY(add_certificate(r, PKI_ISSUER_ROOT, c->ca.profile, c->ca.cert, err));
	PKI_TRY(add_certificate(r, PKI_ISSUER_CA, c->seal.profile, c->seal.cert, err));
	for (size_t i = 0; i < c->officer_count; i++)
		PKI_TRY(add_certificate(r, PKI_ISSUER_CA, c->officers[i].profile,
			c->officers[i].cert, err));
	return PKI_OK;
}

static enum pki_status
add_all(const struct record *r, struct pki_err *err)
{
	const struct ceremony *c = r->c;
	const struct pki_urls *urls = &r->conf->ca_urls;
	PKI_TRY(pki_ledger_add_issuer(r->ledger, PKI_ISSUER_ROOT, c->root.cert, err));
	PKI_TRY(pki_ledger_add_issuer(r->ledger, PKI_ISSUER_CA, c->ca.cert, err));
	if (urls->partitions > 0)
		PKI_TRY(pki_ledger_add_partitions(r->ledger, PKI_ISSUER_CA, urls, err));
	PKI_TRY(add_certificates(r, err));
	struct pki_json policy = pki_json_object();
	pki_json_text(&policy, "digest", c->policy->digest);
	PKI_TRY(log_event(r, "policy-loaded", &policy, err));
	PKI_TRY(log_ceremony(r, err));
	PKI_TRY(log_partitions(r, err));
	PKI_TRY(add_crl(r, PKI_ISSUER_ROOT, c->root.crl, err));
	PKI_TRY(add_crl(r, PKI_ISSUER_CA, c->ca.crl, err));
	return add_checkpoint(r, err);
}

enum pki_status
ceremony_record(struct ceremony *c, const struct pki_conf *conf,
	struct pki_ledger *ledger, struct pki_err *err)
{
	const struct record record = { c, conf, ledger };
	PKI_TRY(pki_ledger_begin(ledger, err));
	enum pki_status status = add_all(&record, err);
	if (status != PKI_OK) {
		pki_ledger_rollback(ledger);
		return status;
	}
	return pki_ledger_commit(ledger, err);
}
