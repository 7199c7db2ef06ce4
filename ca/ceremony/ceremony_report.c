#include "ca/ceremony/ceremony_report.h"

#include "libpki/base/json.h"

static enum pki_status
add_certificate(struct pki_json *list, struct pki_buf *text, const char *what,
	const struct pki_cert *cert, struct pki_err *err)
{
	struct pki_name name;
	char subject[512], serial[PKI_SERIAL_TEXT], until[PKI_TIME_TEXT];
	char print[PKI_SHA256_HEX], key[PKI_SHA256_HEX];
	uint8_t hash[PKI_SHA256];
	struct pki_bytes der = pki_cert_get0_der(cert);
	const char *alg = pki_key_alg_name(pki_key_get_alg(pki_cert_get0_key(cert)));
	PKI_TRY(pki_cert_subject(cert, &name, err));
	PKI_TRY(pki_sha256_hex(der.data, der.len, print, err));
	PKI_TRY(pki_key_hash(pki_cert_get0_key(cert), hash, err));
	pki_hex_encode(hash, sizeof hash, key);
	pki_name_text(&name, subject, sizeof subject);
	pki_serial_text(pki_cert_get0_serial(cert), serial);
	pki_time_format(pki_cert_not_after(cert), until);
	struct pki_json item = pki_json_object();
	pki_json_text(&item, "what", what);
	pki_json_text(&item, "subject", subject);
	pki_json_text(&item, "serial", serial);
	pki_json_text(&item, "algorithm", alg);
	pki_json_text(&item, "not_after", until);
	pki_json_text(&item, "fingerprint", print);
	pki_json_text(&item, "key", key);
	pki_json_append(list, &item);
	return pki_buf_printf(text, err,
		"%s\n  subject      %s\n  serial       %s\n  key          %s, SHA-256 %s\n"
		"  certificate  SHA-256 %s\n  valid until  %s\n",
		what, subject, serial, alg, key, print, until);
}

static enum pki_status
add_head(const struct ceremony *c, const char *at, struct pki_buf *text,
	struct pki_err *err)
{
	return pki_buf_printf(text, err,
		"%s\n\nheld at      %s\ntime         %s\ncustodians   %s; %s\nwitness      %s\n"
		"log key      %s\n\nThe root key is sealed; its use ended with this ceremony.\n"
		"Each key opens with both custodians' passphrases only.\n\n",
		c->title, c->place, at, c->custodians[0], c->custodians[1], c->witness,
		(const char *)c->vkey.data);
}

static enum pki_status
add_certificates(const struct ceremony *c, struct pki_json *list, struct pki_buf *text,
	struct pki_err *err)
{
	PKI_TRY(add_certificate(list, text, "root", c->root.cert, err));
	PKI_TRY(add_certificate(list, text, "issuing CA", c->ca.cert, err));
	PKI_TRY(add_certificate(list, text, "records seal", c->seal.cert, err));
	for (size_t i = 0; i < c->officer_count; i++)
		PKI_TRY(add_certificate(list, text, c->officers[i].profile->name,
			c->officers[i].cert, err));
	return PKI_OK;
}

enum pki_status
ceremony_report(const struct ceremony *c, const struct pki_conf *conf,
	struct pki_buf *json, struct pki_buf *text, struct pki_err *err)
{
	char at[PKI_MSEC_TEXT];
	pki_msec_format(c->at, at);
	PKI_CLEANUP(pki_json_free) struct pki_json report = pki_json_object();
	PKI_CLEANUP(pki_json_free) struct pki_json list = pki_json_array();
	struct pki_json custodians = pki_json_array();
	for (size_t i = 0; i < PKI_COUNT(c->custodians); i++)
		pki_json_append_text(&custodians, c->custodians[i]);
	pki_json_text(&report, "type", "ceremony");
	pki_json_text(&report, "title", c->title);
	pki_json_text(&report, "place", c->place);
	pki_json_text(&report, "held", at);
	pki_json_nest(&report, "custodians", &custodians);
	pki_json_text(&report, "witness", c->witness);
	pki_json_text(&report, "authority", conf->authority);
	pki_json_text(&report, "log_key", (const char *)c->vkey.data);
	pki_json_text(&report, "suite", PKI_SUITE_VERSION);
	PKI_TRY(add_head(c, at, text, err));
	PKI_TRY(add_certificates(c, &list, text, err));
	pki_json_nest(&report, "certificates", &list);
	return pki_json_write(&report, json, err);
}
