#include "ra/statement.h"

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/x509.h>
#include <string.h>

static enum pki_status
describe(const struct ra_issued *issued, struct pki_json *list, struct pki_err *err)
{
	for (size_t i = 0; i < issued->count; i++) {
		PKI_CLEANUP(pki_json_free) struct pki_json one = pki_json_object();
		char digest[PKI_SHA256_HEX];
		const struct pki_cert *cert = issued->certs[i].cert;
		struct pki_bytes der = pki_cert_get0_der(cert);
		PKI_TRY(pki_sha256_hex(der.data, der.len, digest, err));
		pki_json_text(&one, "profile", issued->certs[i].profile);
		pki_json_serial(&one, "serial", pki_cert_get0_serial(cert));
		pki_json_text(&one, "digest", digest);
		pki_json_append(list, &one);
	}
	return PKI_OK;
}

enum pki_status
ra_statement_text(struct ra *ra, const struct ra_application *application,
	const struct ra_issued *issued, const struct ra_record *record,
	struct pki_buf *json, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_free) struct pki_json statement = pki_json_object();
	PKI_CLEANUP(pki_json_free) struct pki_json list = pki_json_array();
	PKI_TRY(describe(issued, &list, err));
	pki_json_text(&statement, "type", "acceptance");
	pki_json_number(&statement, "version", 1);
	pki_json_text(&statement, "authority", ra->conf->authority);
	pki_json_text(&statement, "application", application->id);
	pki_json_text(&statement, "holder", application->holder);
	pki_json_text(&statement, "order", application->order);
	pki_json_text(&statement, "terms", record->form.terms_version);
	pki_json_text(&statement, "text",
		"I have received these certificates, their content is right, and I accept them under the terms of use.");
	pki_json_nest(&statement, "certificates", &list);
	return pki_json_write(&statement, json, err);
}

/* The signature must be of cert's key; the certificates within the CMS do not matter. */
static bool
verify(CMS_ContentInfo *cms, const struct pki_cert *cert, BIO *content)
{
	STACK_OF(X509) *certs = sk_X509_new_null();
	bool ok = certs != NULL && sk_X509_push(certs, pki_cert_get0_x509(cert)) > 0 &&
		  CMS_verify(cms, certs, NULL, NULL, content,
			  CMS_NO_SIGNER_CERT_VERIFY | CMS_NOINTERN | CMS_BINARY) == 1;
	sk_X509_free(certs);
	return ok;
}

/* Compared as JSON, because openssl cms without -binary changes line ends to CRLF. */
static bool
same_json(struct pki_bytes a, struct pki_bytes b)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *x = NULL;
	PKI_CLEANUP(pki_json_cleanup) json_t *y = NULL;
	return pki_json_parse(a, &x, NULL) == PKI_OK &&
	       pki_json_parse(b, &y, NULL) == PKI_OK && json_equal(x, y) == 1;
}

static enum pki_status
verify_parsed(CMS_ContentInfo *cms, BIO *content, struct pki_bytes text,
	const struct pki_cert *cert, struct pki_err *err)
{
	char *data = NULL;
	if (!verify(cms, cert, content)) {
		struct pki_err own = { 0 };
		pki_fail_ssl(&own, PKI_REFUSED,
			"the statement is not signed with the holder's signature key; sign it with sign.pem and its key, content attached (openssl cms -sign -nodetach)");
		own.rule = PKI_RULE_ACCEPTANCE;
		return pki_err_move(err, &own);
	}
	long len = BIO_get_mem_data(content, &data);
	if (!same_json((struct pki_bytes){ (const uint8_t *)data, (size_t)len }, text))
		return pki_refuse(err, PKI_RULE_ACCEPTANCE,
			"the statement differs from the text of pki-ra accept --print; have the holder sign the printed text");
	return PKI_OK;
}

enum pki_status
ra_statement_verify(struct pki_bytes in, struct pki_bytes text,
	const struct pki_cert *cert, struct pki_err *err)
{
	const uint8_t *p = in.data;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, (long)in.len);
	if (cms == NULL)
		return pki_fail_ssl(err, PKI_INPUT,
			"the statement is not a CMS structure in DER (openssl cms -outform DER)");
	BIO *content = BIO_new(BIO_s_mem());
	enum pki_status status = content != NULL
					 ? verify_parsed(cms, content, text, cert, err)
					 : pki_fail(err, PKI_MEMORY, "the statement");
	BIO_free(content);
	CMS_ContentInfo_free(cms);
	return status;
}
