#include "ca/ceremony/ceremony_record.h"

#include <string.h>

#include "libpki/host/conf_log.h"
#include "libpki/state/log.h"

static enum pki_status
add_certificate(struct pki_ledger *ledger, int issuer, const struct pki_profile *profile,
	const struct pki_cert *cert, unsigned partitions, pki_msec at,
	struct pki_err *err)
{
	struct pki_cert_row row = {
		.issuer = issuer,
		.serial = *pki_cert_get0_serial(cert),
		.not_before = pki_cert_not_before(cert),
		.not_after = pki_cert_not_after(cert),
		.issued = at,
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
	PKI_TRY(pki_key_hash(pki_cert_get0_key(cert), row.key_hash, err));
	PKI_TRY(pki_buf_append(&row.der, der.data, der.len, err));
	enum pki_status status = pki_ledger_add_certificate(ledger, &row, err);
	pki_cert_row_free(&row);
	return status;
}

static enum pki_status
log_event(struct pki_ledger *ledger, const char *type, struct pki_json *detail,
	pki_msec at, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *taken = NULL;
	PKI_TRY(pki_json_take(detail, &taken, err));
	struct pki_event event = {
		.type = type, .source = "pki-ca", .actor = "", .at = at, .detail = taken
	};
	return pki_log_append(ledger, &event, NULL, err);
}

static enum pki_status
add_crl(struct pki_ledger *ledger, int issuer, const struct pki_crl *crl, pki_msec at,
	struct pki_err *err)
{
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
	enum pki_status status = pki_ledger_add_crl(ledger, &row, err);
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
	status = log_event(ledger, "crl-issued", &detail, at, err);
	if (status == PKI_OK)
		status = pki_ledger_add_publication(ledger, issuer, 1, at, err);
	if (status == PKI_OK)
		return log_event(ledger, "crl-published", &publication, at, err);
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
log_ceremony(const struct ceremony *c, struct pki_ledger *ledger, struct pki_err *err)
{
	struct made made = { pki_json_object(), pki_json_array(), pki_json_array(),
		pki_json_array() };
	enum pki_status status = add_all_made(c, &made, err);
	pki_json_nest(&made.detail, "officers", &made.officers);
	pki_json_nest(&made.detail, "digests", &made.digests);
	pki_json_nest(&made.detail, "profiles", &made.profiles);
	if (status == PKI_OK)
		return log_event(ledger, "ceremony-completed", &made.detail, c->at, err);
	pki_json_free(&made.detail);
	return status;
}

static enum pki_status
log_partitions(const struct ceremony *c, unsigned partitions, struct pki_ledger *ledger,
	struct pki_err *err)
{
	if (partitions == 0)
		return PKI_OK;
	struct pki_json detail = pki_json_object();
	pki_json_number(&detail, "issuer", PKI_ISSUER_CA);
	pki_json_number(&detail, "partitions", partitions);
	return log_event(ledger, "crl-partitioned", &detail, c->at, err);
}

static enum pki_status
add_checkpoint(const struct ceremony *c, const struct pki_conf *conf,
	struct pki_ledger *ledger, struct pki_err *err)
{
	struct pki_checkpoint cp = { .size = 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf note = { 0 };
	memcpy(cp.origin, conf->log->origin, sizeof cp.origin);
	PKI_TRY(pki_ledger_entry_count(ledger, &cp.size, err));
	PKI_TRY(pki_log_root(ledger, cp.size, &cp.root, err));
	PKI_TRY(pki_checkpoint_sign(&cp, c->log_key, &note, err));
	return pki_ledger_add_checkpoint(ledger, cp.size, pki_buf_bytes(&note), err);
}

static enum pki_status
add_all(const struct ceremony *c, const struct pki_conf *conf, struct pki_ledger *ledger,
	struct pki_err *err)
{
	PKI_TRY(pki_ledger_add_issuer(ledger, PKI_ISSUER_ROOT, c->root.cert, err));
	PKI_TRY(pki_ledger_add_issuer(ledger, PKI_ISSUER_CA, c->ca.cert, err));
	unsigned partitions = conf->ca_urls.partitions;
	if (partitions > 0)
		PKI_TRY(pki_ledger_add_partitions(
			ledger, PKI_ISSUER_CA, &conf->ca_urls, err));
	PKI_TRY(add_certificate(
		ledger, PKI_ISSUER_ROOT, c->root.profile, c->root.cert, 0, c->at, err));
	PKI_TRY(add_certificate(
		ledger, PKI_ISSUER_ROOT, c->ca.profile, c->ca.cert, 0, c->at, err));
	PKI_TRY(add_certificate(ledger, PKI_ISSUER_CA, c->seal.profile, c->seal.cert,
		partitions, c->at, err));
	for (size_t i = 0; i < c->officer_count; i++)
		PKI_TRY(add_certificate(ledger, PKI_ISSUER_CA, c->officers[i].profile,
			c->officers[i].cert, partitions, c->at, err));
	struct pki_json policy = pki_json_object();
	pki_json_text(&policy, "digest", c->policy->digest);
	PKI_TRY(log_event(ledger, "policy-loaded", &policy, c->at, err));
	PKI_TRY(log_ceremony(c, ledger, err));
	PKI_TRY(log_partitions(c, partitions, ledger, err));
	PKI_TRY(add_crl(ledger, PKI_ISSUER_ROOT, c->root.crl, c->at, err));
	PKI_TRY(add_crl(ledger, PKI_ISSUER_CA, c->ca.crl, c->at, err));
	return add_checkpoint(c, conf, ledger, err);
}

enum pki_status
ceremony_record(struct ceremony *c, const struct pki_conf *conf,
	struct pki_ledger *ledger, struct pki_err *err)
{
	PKI_TRY(pki_ledger_begin(ledger, err));
	enum pki_status status = add_all(c, conf, ledger, err);
	if (status != PKI_OK) {
		pki_ledger_rollback(ledger);
		return status;
	}
	return pki_ledger_commit(ledger, err);
}
