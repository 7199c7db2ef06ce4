#include "ra/issued.h"

#include <stdio.h>
#include <string.h>

#include "libpki/base/file.h"
#include "libpki/x509/csr.h"

void
ra_issued_free(struct ra_issued *issued)
{
	for (size_t i = 0; i < issued->count; i++)
		pki_cert_free(issued->certs[i].cert);
	*issued = (struct ra_issued){ 0 };
}

static enum pki_status
check_key(const struct pki_cert *cert, const struct pki_buf *csr_der, struct pki_err *err)
{
	PKI_CLEANUP(pki_csr_cleanup) struct pki_csr *csr = NULL;
	PKI_TRY(pki_csr_parse(pki_buf_bytes(csr_der), &csr, err));
	if (!pki_key_matches(pki_cert_get0_key(cert), pki_csr_get0_key(csr)))
		return pki_fail(err, PKI_TAMPERED,
			"pki-ca's reply has a certificate for another key than the application's; do not hand the certificate over, and tell the security officer");
	return PKI_OK;
}

static enum pki_status
read_cert(struct ra *ra, const struct ra_record *record, const json_t *reply,
	struct ra_issued *out, struct pki_err *err)
{
	const char *profile = json_string_value(json_object_get(reply, "profile"));
	const char *pem = json_string_value(json_object_get(reply, "pem"));
	if (profile == NULL || pem == NULL || out->count == PKI_ORDER_CERTS_MAX)
		return pki_fail(err, PKI_INPUT, "pki-ca's reply lacks its certificates");
	struct ra_issued_cert *c = &out->certs[out->count];
	PKI_TRY(pki_cert_parse(
		(struct pki_bytes){ (const uint8_t *)pem, strlen(pem) }, &c->cert, err));
	out->count++;
	snprintf(c->profile, sizeof c->profile, "%s", profile);
	PKI_TRY(pki_cert_verify(c->cert, ra->ca, pki_cert_not_before(c->cert), err));
	const struct pki_profile *p = pki_policy_profile(ra->policy, profile);
	if (p == NULL)
		return pki_fail(err, PKI_CONFIG, "the policy has no profile %s", profile);
	return check_key(c->cert,
		p->kind == PKI_KIND_HOLDER_AUTH ? &record->auth_csr : &record->sign_csr,
		err);
}

enum pki_status
ra_issued_read(struct ra *ra, const struct ra_record *record, const json_t *reply,
	struct ra_issued *out, struct pki_err *err)
{
	const json_t *list = json_object_get(reply, "certificates");
	*out = (struct ra_issued){ 0 };
	PKI_TRY(ra_need_ca(ra, err));
	if (json_array_size(list) == 0)
		return pki_fail(err, PKI_INPUT, "pki-ca's reply lacks its certificates");
	for (size_t i = 0; i < json_array_size(list); i++)
		PKI_TRY(read_cert(ra, record, json_array_get(list, i), out, err));
	return PKI_OK;
}

enum pki_status
ra_issued_load(struct ra *ra, const struct ra_application *application,
	struct ra_issued *out, json_t **reply, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf text = { 0 };
	PKI_CLEANUP(ra_record_free) struct ra_record record = { 0 };
	*out = (struct ra_issued){ 0 };
	PKI_TRY(ra_record_load(ra->store, application, &record, err));
	PKI_TRY(ra_part_get(ra->store, application, "answer", &text, err));
	PKI_TRY(pki_json_parse(pki_buf_bytes(&text), reply, err));
	return ra_issued_read(ra, &record, *reply, out, err);
}

enum pki_status
ra_issued_write(const struct ra *ra, const struct ra_issued *issued, const char *dir,
	struct pki_err *err)
{
	PKI_TRY(pki_file_mkdirs(dir, 0755, err));
	for (size_t i = 0; i < issued->count; i++) {
		const struct pki_profile *p =
			pki_policy_profile(ra->policy, issued->certs[i].profile);
		PKI_CLEANUP(pki_buf_free) struct pki_buf pem = { 0 };
		char path[PATH_MAX];
		PKI_TRY(pki_conf_path(dir,
			p != NULL && p->kind == PKI_KIND_HOLDER_AUTH ? "auth.pem"
								     : "sign.pem",
			path, err));
		PKI_TRY(pki_cert_pem(issued->certs[i].cert, &pem, err));
		PKI_TRY(pki_file_publish(path, pem.data, pem.len, 0644, err));
	}
	return PKI_OK;
}
