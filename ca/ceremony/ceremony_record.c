#include <string.h>

#include "ca/ceremony/ceremony.h"
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
log_event(struct pki_ledger *ledger, const char *type, json_t *detail, pki_msec at,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *owned = detail;
	struct pki_event event = {
		.type = type, .source = "pki-ca", .actor = "", .at = at, .detail = owned
	};
	if (owned == NULL)
		return pki_fail(err, PKI_MEMORY, "event %s", type);
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
	char digest[PKI_SHA256_HEX], published[PKI_MSEC_TEXT];
	PKI_TRY(pki_sha256_hex(der.data, der.len, digest, err));
	PKI_TRY(pki_buf_append(&row.der, der.data, der.len, err));
	enum pki_status status = pki_ledger_add_crl(ledger, &row, err);
	pki_crl_row_free(&row);
	PKI_TRY(status);
	PKI_TRY(log_event(ledger, "crl-issued",
		json_pack("{s:i, s:i, s:i, s:s, s:i}", "issuer", issuer, "number", 1,
			"partition", 0, "digest", digest, "entries", 0),
		at, err));
	PKI_TRY(pki_ledger_add_publication(ledger, issuer, 1, at, err));
	pki_msec_format(at, published);
	return log_event(ledger, "crl-published",
		json_pack("{s:i, s:i, s:s}", "issuer", issuer, "number", 1, "published",
			published),
		at, err);
}

static json_t *
serial_json(const struct pki_cert *cert)
{
	char text[PKI_SERIAL_TEXT];
	pki_serial_text(pki_cert_get0_serial(cert), text);
	return json_string(text);
}

/* What the serial numbers stand for. */
static enum pki_status
add_made(json_t *detail, const struct pki_profile *profile, const struct pki_cert *cert,
	struct pki_err *err)
{
	char digest[PKI_SHA256_HEX];
	struct pki_bytes der = pki_cert_get0_der(cert);
	PKI_TRY(pki_sha256_hex(der.data, der.len, digest, err));
	json_array_append_new(json_object_get(detail, "digests"), json_string(digest));
	json_array_append_new(
		json_object_get(detail, "profiles"), json_string(profile->name));
	return PKI_OK;
}

static enum pki_status
add_all_made(const struct ceremony *c, json_t *detail, struct pki_err *err)
{
	PKI_TRY(add_made(detail, c->root.profile, c->root.cert, err));
	PKI_TRY(add_made(detail, c->ca.profile, c->ca.cert, err));
	PKI_TRY(add_made(detail, c->seal.profile, c->seal.cert, err));
	for (size_t i = 0; i < c->officer_count; i++)
		PKI_TRY(add_made(
			detail, c->officers[i].profile, c->officers[i].cert, err));
	return PKI_OK;
}

static enum pki_status
log_ceremony(const struct ceremony *c, struct pki_ledger *ledger, struct pki_err *err)
{
	json_t *officers = json_array();
	for (size_t i = 0; i < c->officer_count; i++)
		json_array_append_new(officers, serial_json(c->officers[i].cert));
	PKI_CLEANUP(pki_json_cleanup)
	json_t *detail = json_pack("{s:o, s:o, s:o, s:o, s:[], s:[]}", "root",
		serial_json(c->root.cert), "ca", serial_json(c->ca.cert), "seal",
		serial_json(c->seal.cert), "officers", officers, "digests", "profiles");
	PKI_TRY(add_all_made(c, detail, err));
	return log_event(ledger, "ceremony-completed", json_incref(detail), c->at, err);
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
	PKI_TRY(log_event(ledger, "policy-loaded",
		json_pack("{s:s}", "digest", c->policy->digest), c->at, err));
	PKI_TRY(log_ceremony(c, ledger, err));
	if (partitions > 0)
		PKI_TRY(log_event(ledger, "crl-partitioned",
			json_pack("{s:i, s:i}", "issuer", PKI_ISSUER_CA, "partitions",
				(int)partitions),
			c->at, err));
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
