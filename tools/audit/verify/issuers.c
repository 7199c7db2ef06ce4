#include "tools/audit/verify/issuers.h"

#include "libpki/host/conf.h"
#include "tools/audit/workers.h"

enum pki_status
issuers_verify(struct audit *a, const char *root, struct pki_err *err)
{
	static const char *const files[] = { NULL, "root.pem", "ca.pem" };
	for (int i = PKI_ISSUER_ROOT; i <= PKI_ISSUER_CA; i++) {
		char path[PATH_MAX];
		PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *trusted = NULL;
		struct pki_err own = { 0 };
		PKI_TRY(pki_ledger_issuer(a->ledger, i, &a->issuers[i], err));
		PKI_TRY(pki_conf_path(a->sources->publish, files[i], path, err));
		const char *from = i == PKI_ISSUER_ROOT && root != NULL ? root : path;
		PKI_TRY(pki_cert_read(from, &trusted, err));
		struct pki_bytes x = pki_cert_get0_der(trusted);
		struct pki_bytes y = pki_cert_get0_der(a->issuers[i]);
		if (!pki_bytes_equal(x.data, x.len, y.data, y.len))
			audit_add_breach(a, from, PKI_RULE_VALIDATION,
				"is not the certificate of the ledger's issuer %d", i);
		if (pki_cert_verify(a->issuers[i], a->issuers[PKI_ISSUER_ROOT],
			    pki_cert_not_before(a->issuers[i]), &own) != PKI_OK)
			audit_add_finding(a, from, &own);
	}
	return PKI_OK;
}
