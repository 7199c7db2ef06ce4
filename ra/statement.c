#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/x509.h>
#include <string.h>

#include "ra/ra.h"

static enum pki_status
describe(const struct ra_answer *answer, json_t *list, struct pki_err *err)
{
	for (size_t i = 0; i < answer->count; i++) {
		char serial[PKI_SERIAL_TEXT], digest[PKI_SHA256_HEX];
		const struct pki_cert *cert = answer->certs[i].cert;
		struct pki_bytes der = pki_cert_get0_der(cert);
		pki_serial_text(pki_cert_get0_serial(cert), serial);
		PKI_TRY(pki_sha256_hex(der.data, der.len, digest, err));
		json_array_append_new(list,
			json_pack("{s:s, s:s, s:s}", "profile", answer->certs[i].profile,
				"serial", serial, "digest", digest));
	}
	return PKI_OK;
}

enum pki_status
ra_statement_text(struct ra *ra, const struct ra_application *application,
	const struct ra_answer *answer, const struct ra_record *record,
	struct pki_buf *json, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *list = json_array();
	PKI_TRY(describe(answer, list, err));
	PKI_CLEANUP(pki_json_cleanup)
	json_t *statement = json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:s, s:O}",
		"type", "acceptance", "version", 1, "authority", ra->conf->authority,
		"application", application->id, "holder", application->holder, "order",
		application->order, "terms", record->form.terms_version, "text",
		"I have received these certificates, their content is right, and I accept them under the terms of use.",
		"certificates", list);
	if (statement == NULL)
		return pki_fail(err, PKI_MEMORY, "the statement");
	return pki_json_dump(statement, json, err);
}

/* The signature must be that key's; which certificates came along does not matter. */
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

/* As JSON, because openssl cms turns line ends into CRLF unless it is told -binary. */
static bool
same_json(struct pki_bytes a, struct pki_bytes b)
{
	struct pki_err unheard = { 0 };
	PKI_CLEANUP(pki_json_cleanup) json_t *x = NULL;
	PKI_CLEANUP(pki_json_cleanup) json_t *y = NULL;
	return pki_json_parse(a, &x, &unheard) == PKI_OK &&
	       pki_json_parse(b, &y, &unheard) == PKI_OK && json_equal(x, y) == 1;
}

static enum pki_status
verify_parsed(CMS_ContentInfo *cms, BIO *content, struct pki_bytes text,
	const struct pki_cert *cert, struct pki_err *err)
{
	char *data = NULL;
	if (!verify(cms, cert, content)) {
		pki_fail_ssl(err, PKI_REFUSED,
			"the statement is not signed with the holder's signature key; sign it with sign.pem and its key, content attached (openssl cms -sign -nodetach)");
		err->rule = PKI_RULE_ACCEPTANCE;
		return err->status;
	}
	long len = BIO_get_mem_data(content, &data);
	if (!same_json((struct pki_bytes){ (const uint8_t *)data, (size_t)len }, text))
		return pki_refuse(err, PKI_RULE_ACCEPTANCE,
			"the statement says something else than what is to be accepted; sign what pki-ra accept --print writes");
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
			"not a CMS structure in DER (openssl cms -outform DER)");
	BIO *content = BIO_new(BIO_s_mem());
	enum pki_status st = content != NULL
				     ? verify_parsed(cms, content, text, cert, err)
				     : pki_fail(err, PKI_MEMORY, "the statement");
	BIO_free(content);
	CMS_ContentInfo_free(cms);
	return st;
}
