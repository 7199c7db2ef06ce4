/*
 * The public facts of the ledger: everything in the published log, the CRLs and the CA
 * certificates, and the dates of all certificates. Orders, name hashes and ends of
 * documents are left out, because they allow guesses about a person. Certificates with
 * people's names are left out unless --with-names is given.
 */
#include "tools/audit/export/tables.h"

#include "libpki/x509/cert.h"

static enum pki_status
certificate_pem(struct export_job *e, const struct pki_cert_row *row, const char *serial,
	struct pki_err *err)
{
	bool ca = false;
	if (!e->names && row->holder[0] == '\0') {
		PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *cert = NULL;
		enum pki_status status =
			pki_cert_parse(pki_buf_bytes(&row->der), &cert, err);
		if (status != PKI_OK) {
			pki_err_object(err, "serial %s", serial);
			return status;
		}
		ca = pki_cert_is_ca(cert);
	}
	if (!e->names && !ca)
		return PKI_OK;
	return write_pem(e, "CERTIFICATE", pki_buf_bytes(&row->der), err);
}

static enum pki_status
on_certificate(void *ctx, const struct pki_cert_row *row, struct pki_err *err)
{
	struct export_job *e = ctx;
	char serial[PKI_SERIAL_TEXT], digest[PKI_SHA256_HEX];
	PKI_CLEANUP(pki_json_free) struct pki_json json = pki_json_object();
	pki_serial_text(&row->serial, serial);
	PKI_TRY(pki_sha256_hex(row->der.data, row->der.len, digest, err));
	pki_json_number(&json, "issuer", row->issuer);
	pki_json_text(&json, "serial", serial);
	pki_json_text(&json, "profile", row->profile);
	pki_json_text(&json, "holder", row->holder);
	pki_json_text(&json, "order", row->order);
	pki_json_time(&json, "not_before", row->not_before);
	pki_json_time(&json, "not_after", row->not_after);
	pki_json_msec(&json, "issued", row->issued);
	pki_json_number(&json, "partition", row->partition);
	pki_json_text(&json, "digest", digest);
	PKI_TRY(write_row(e, &json, e->figures.certificates, err));
	return certificate_pem(e, row, serial, err);
}

static enum pki_status
certificates(struct export_job *e, struct pki_err *err)
{
	return pki_ledger_each_certificate(e->ledger, 0, 0, on_certificate, e, err);
}

/* NULL: a number without a name */
static void
put_name(struct pki_json *json, const char *member, const char *name)
{
	if (name != NULL)
		pki_json_text(json, member, name);
	else
		pki_json_null(json, member);
}

static enum pki_status
on_revocation(void *ctx, const struct pki_revocation_row *row, struct pki_err *err)
{
	struct export_job *e = ctx;
	PKI_CLEANUP(pki_json_free) struct pki_json json = pki_json_object();
	pki_json_number(&json, "issuer", row->issuer);
	pki_json_serial(&json, "serial", &row->serial);
	put_name(&json, "reason", pki_reason_name(row->reason));
	pki_json_text(&json, "order", row->order);
	pki_json_msec(&json, "reported", row->reported);
	pki_json_msec(&json, "committed", row->committed);
	pki_json_number(&json, "partition", row->partition);
	return write_row(e, &json, e->figures.revocations, err);
}

static enum pki_status
revocations(struct export_job *e, struct pki_err *err)
{
	for (int issuer = PKI_ISSUER_ROOT; issuer <= PKI_ISSUER_CA; issuer++)
		PKI_TRY(pki_ledger_each_revocation(
			e->ledger, issuer, on_revocation, e, err));
	return PKI_OK;
}

static enum pki_status
on_order(void *ctx, const struct pki_order_row *row, struct pki_err *err)
{
	struct export_job *e = ctx;
	char digest[PKI_SHA256_HEX];
	PKI_CLEANUP(pki_json_free) struct pki_json json = pki_json_object();
	pki_hex_encode(row->digest, sizeof row->digest, digest);
	pki_json_text(&json, "order", row->id);
	put_name(&json, "action", pki_action_name(row->action));
	pki_json_text(&json, "holder", row->holder);
	pki_json_text(&json, "digest", digest);
	pki_json_msec(&json, "committed", row->committed);
	pki_json_number(&json, "log_index", (int64_t)row->log_index);
	return write_row(e, &json, e->figures.orders, err);
}

static enum pki_status
orders(struct export_job *e, struct pki_err *err)
{
	return pki_ledger_each_order(e->ledger, on_order, e, err);
}

static enum pki_status
one_crl(struct export_job *e, int issuer, uint64_t number, uint64_t last,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_crl_row_free) struct pki_crl_row row = { 0 };
	PKI_CLEANUP(pki_json_free) struct pki_json json = pki_json_object();
	char digest[PKI_SHA256_HEX];
	PKI_TRY(pki_ledger_crl(e->ledger, issuer, number, &row, NULL, err));
	PKI_TRY(pki_sha256_hex(row.der.data, row.der.len, digest, err));
	pki_json_number(&json, "issuer", row.issuer);
	pki_json_number(&json, "number", (int64_t)row.number);
	pki_json_number(&json, "partition", row.partition);
	pki_json_time(&json, "this_update", row.this_update);
	pki_json_time(&json, "next_update", row.next_update);
	pki_json_msec(&json, "committed", row.committed);
	if (row.published != 0)
		pki_json_msec(&json, "published", row.published);
	else
		pki_json_null(&json, "published");
	pki_json_number(&json, "revocations", (int64_t)row.revocations);
	pki_json_time(&json, "cutoff", row.cutoff);
	pki_json_number(&json, "size", (int64_t)row.der.len);
	pki_json_text(&json, "digest", digest);
	PKI_TRY(write_row(e, &json, last, err));
	return write_pem(e, "X509 CRL", pki_buf_bytes(&row.der), err);
}

static enum pki_status
crls(struct export_job *e, struct pki_err *err)
{
	for (int issuer = PKI_ISSUER_ROOT; issuer <= PKI_ISSUER_CA; issuer++) {
		PKI_CLEANUP(pki_crl_row_free) struct pki_crl_row last = { 0 };
		bool found = false;
		PKI_TRY(pki_ledger_last_crl(
			e->ledger, issuer, PKI_LIST_ANY, &last, &found, err));
		for (uint64_t n = 1; n <= last.number; n++)
			PKI_TRY(one_crl(e, issuer, n, last.number, err));
	}
	return PKI_OK;
}

static enum pki_status
one_entry(struct export_job *e, uint64_t index, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	PKI_CLEANUP(pki_json_cleanup) json_t *entry = NULL;
	PKI_CLEANUP(pki_json_free) struct pki_json json = pki_json_object();
	const char *name;
	json_t *member;
	PKI_TRY(pki_ledger_entry(e->ledger, index, &text, err));
	PKI_TRY(pki_json_parse(pki_buf_bytes(&text), &entry, err));
	json_object_foreach (entry, name, member) {
		pki_json_value(&json, name, json_incref(member));
	}
	pki_json_number(&json, "index", (int64_t)index);
	return write_row(e, &json, e->figures.entries, err);
}

static enum pki_status
log_entries(struct export_job *e, struct pki_err *err)
{
	for (uint64_t i = 0; i < e->figures.entries; i++) {
		enum pki_status status = one_entry(e, i, err);
		if (status != PKI_OK) {
			pki_err_object(err, "log entry %ju", (uintmax_t)i);
			return status;
		}
	}
	return PKI_OK;
}

const struct export_table export_tables[] = {
	{ "certificates",
		{ "issuer", "serial", "profile", "holder", "order", "not_before",
			"not_after", "issued", "partition", "digest" },
		true, certificates },
	{ "revocations",
		{ "issuer", "serial", "reason", "order", "reported", "committed",
			"partition" },
		false, revocations },
	{ "orders", { "order", "action", "holder", "digest", "committed", "log_index" },
		false, orders },
	{ "crls",
		{ "issuer", "number", "partition", "this_update", "next_update",
			"committed", "published", "revocations", "cutoff", "size",
			"digest" },
		true, crls },
	{ "log", { "index", "at", "type", "source", "actor", "detail" }, false,
		log_entries },
	{ 0 },
};
