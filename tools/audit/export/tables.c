/*
 * What is public of the ledger: what the published log, CRLs and CA certificates say, and
 * when certificates are valid. Not: orders, name hashes and document ends, which tell
 * something of a person to one who guesses, nor certificates with people's names, unless
 * they are asked for.
 */
#include "tools/audit/export/tables.h"

static enum pki_status
certificate_pem(struct export *e, const struct pki_cert_row *row, const char *serial,
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
	return export_pem(e, "CERTIFICATE", pki_buf_bytes(&row->der), err);
}

static enum pki_status
on_certificate(void *ctx, const struct pki_cert_row *row, struct pki_err *err)
{
	struct export *e = ctx;
	char serial[PKI_SERIAL_TEXT], digest[PKI_SHA256_HEX], issued[PKI_MSEC_TEXT];
	char not_before[PKI_TIME_TEXT], not_after[PKI_TIME_TEXT];
	pki_serial_text(&row->serial, serial);
	PKI_TRY(pki_sha256_hex(row->der.data, row->der.len, digest, err));
	pki_time_format(row->not_before, not_before);
	pki_time_format(row->not_after, not_after);
	pki_msec_format(row->issued, issued);
	PKI_TRY(export_row(e,
		json_pack("{s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i, s:s}", "issuer",
			row->issuer, "serial", serial, "profile", row->profile, "holder",
			row->holder, "order", row->order, "not_before", not_before,
			"not_after", not_after, "issued", issued, "partition",
			(int)row->partition, "digest", digest),
		e->figures.certificates, err));
	return certificate_pem(e, row, serial, err);
}

static enum pki_status
certificates(struct export *e, struct pki_err *err)
{
	return pki_ledger_each_certificate(e->ledger, 0, 0, on_certificate, e, err);
}

static enum pki_status
on_revocation(void *ctx, const struct pki_revocation_row *row, struct pki_err *err)
{
	struct export *e = ctx;
	char serial[PKI_SERIAL_TEXT], reported[PKI_MSEC_TEXT], committed[PKI_MSEC_TEXT];
	pki_serial_text(&row->serial, serial);
	pki_msec_format(row->reported, reported);
	pki_msec_format(row->committed, committed);
	return export_row(e,
		json_pack("{s:i, s:s, s:s?, s:s, s:s, s:s, s:i}", "issuer", row->issuer,
			"serial", serial, "reason", pki_reason_name(row->reason), "order",
			row->order, "reported", reported, "committed", committed,
			"partition", (int)row->partition),
		e->figures.revocations, err);
}

static enum pki_status
revocations(struct export *e, struct pki_err *err)
{
	for (int issuer = PKI_ISSUER_ROOT; issuer <= PKI_ISSUER_CA; issuer++)
		PKI_TRY(pki_ledger_each_revocation(
			e->ledger, issuer, on_revocation, e, err));
	return PKI_OK;
}

static enum pki_status
on_order(void *ctx, const struct pki_order_row *row, struct pki_err *err)
{
	struct export *e = ctx;
	char digest[PKI_SHA256_HEX], committed[PKI_MSEC_TEXT];
	pki_hex_encode(row->digest, sizeof row->digest, digest);
	pki_msec_format(row->committed, committed);
	return export_row(e,
		json_pack("{s:s, s:s?, s:s, s:s, s:s, s:I}", "order", row->id, "action",
			pki_action_name(row->action), "holder", row->holder, "digest",
			digest, "committed", committed, "log_index",
			(json_int_t)row->log_index),
		e->figures.orders, err);
}

static enum pki_status
orders(struct export *e, struct pki_err *err)
{
	return pki_ledger_each_order(e->ledger, on_order, e, err);
}

static enum pki_status
one_crl(struct export *e, int issuer, uint64_t number, uint64_t last, struct pki_err *err)
{
	PKI_CLEANUP(pki_crl_row_free) struct pki_crl_row row = { 0 };
	char digest[PKI_SHA256_HEX], this_update[PKI_TIME_TEXT],
		next_update[PKI_TIME_TEXT];
	char cutoff[PKI_TIME_TEXT], committed[PKI_MSEC_TEXT], published[PKI_MSEC_TEXT];
	PKI_TRY(pki_ledger_crl(e->ledger, issuer, number, &row, NULL, err));
	PKI_TRY(pki_sha256_hex(row.der.data, row.der.len, digest, err));
	pki_time_format(row.this_update, this_update);
	pki_time_format(row.next_update, next_update);
	pki_time_format(row.cutoff, cutoff);
	pki_msec_format(row.committed, committed);
	pki_msec_format(row.published, published);
	PKI_TRY(export_row(e,
		json_pack("{s:i, s:I, s:i, s:s, s:s, s:s, s:s?, s:I, s:s, s:I, s:s}",
			"issuer", row.issuer, "number", (json_int_t)row.number,
			"partition", (int)row.partition, "this_update", this_update,
			"next_update", next_update, "committed", committed, "published",
			row.published != 0 ? published : NULL, "revocations",
			(json_int_t)row.revocations, "cutoff", cutoff, "size",
			(json_int_t)row.der.len, "digest", digest),
		last, err));
	return export_pem(e, "X509 CRL", pki_buf_bytes(&row.der), err);
}

static enum pki_status
crls(struct export *e, struct pki_err *err)
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
one_entry(struct export *e, uint64_t index, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	PKI_CLEANUP(pki_json_cleanup) json_t *entry = NULL;
	PKI_TRY(pki_ledger_entry(e->ledger, index, &text, err));
	PKI_TRY(pki_json_parse(pki_buf_bytes(&text), &entry, err));
	json_object_set_new(entry, "index", json_integer((json_int_t)index));
	return export_row(e, json_incref(entry), e->figures.entries, err);
}

static enum pki_status
log_entries(struct export *e, struct pki_err *err)
{
	for (uint64_t i = 0; i < e->figures.entries; i++)
		if (one_entry(e, i, err) != PKI_OK) {
			pki_err_object(err, "log entry %ju", (uintmax_t)i);
			return err->status;
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
