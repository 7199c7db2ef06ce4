/* Certificates: the parser, the getters, verification and the lint. */
#include "libpki/x509/lint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct pki_profile profile = {
	.name = "fuzz",
	.kind = PKI_KIND_HOLDER_SIGN,
	.key_algs = PKI_ALG_P256 | PKI_ALG_RSA3072,
	.validity_years = 3,
	.key_usage = PKI_KU_NON_REPUDIATION,
	.eku = PKI_EKU_DOCUMENT_SIGNING,
	.path_len = -1,
	.natural_person = true,
	.issuer_urls = true,
	.ocsp_url = true,
	.policies = { "2.999.492.1.1.1.1.6.1" },
};

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *cert = NULL;
	PKI_CLEANUP(pki_buf_free) struct pki_buf pem = { 0 };
	struct pki_name name;
	struct pki_err errs[4] = { 0 };
	if (pki_cert_parse((struct pki_bytes){ data, size }, &cert, &errs[0]) != PKI_OK)
		return 0;
	(void)!pki_cert_subject(cert, &name, &errs[0]);
	char oids[3][PKI_OID_TEXT];
	(void)pki_cert_policies(cert, oids, 3);
	(void)!pki_cert_pem(cert, &pem, &errs[1]);
	pki_time at = pki_cert_not_before(cert);
	(void)!pki_cert_verify(cert, cert, at, &errs[2]);
	char url[PKI_URL_TEXT];
	(void)pki_cert_crl_url(cert, url);
	static const struct pki_urls urls = { .crl_base = "http://a/", .partitions = 4 };
	(void)!pki_lint_cert(cert, NULL, &profile, &urls, 0, &errs[3]);
	return 0;
}
