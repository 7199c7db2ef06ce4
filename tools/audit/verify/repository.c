/* Published certificates and the log's key against the ledger; terms of use against the
 * policies. */
#include <stdio.h>
#include <string.h>

#include "libpki/base/file.h"
#include "tools/audit/verify/repository.h"
#include "libpki/host/conf.h"

/* A certificate, PEM or DER. */
#define CERT_FILE_MAX ((size_t)64 << 10)

static const struct {
	const char *file;
	int issuer; /* the file is the issuer's certificate, DER */
	enum pki_kind
		kind; /* else the file is a certificate of this kind by the issuing CA, PEM */
} certificates[] = {
	{ .file = "root.crt", .issuer = PKI_ISSUER_ROOT },
	{ .file = "ca.crt", .issuer = PKI_ISSUER_CA },
	{ .file = "root.pem", .issuer = PKI_ISSUER_ROOT },
	{ .file = "ca.pem", .issuer = PKI_ISSUER_CA },
	{ .file = "seal.pem", .kind = PKI_KIND_SEAL },
};

static enum pki_status
check_issuer(struct audit *a, const char *path, int issuer, struct pki_err *err)
{
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *cert = NULL;
	PKI_CLEANUP(pki_buf_free) struct pki_buf file = { 0 };
	PKI_TRY(pki_file_read(path, CERT_FILE_MAX, &file, err));
	struct pki_bytes want = pki_cert_get0_der(a->issuers[issuer]);
	struct pki_bytes is = pki_buf_bytes(&file);
	size_t len = strlen(path);
	if (strcmp(path + len - 4, ".pem") == 0) {
		PKI_TRY(pki_cert_read(path, &cert, err));
		is = pki_cert_get0_der(cert);
	}
	if (!pki_bytes_equal(is.data, is.len, want.data, want.len))
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_VALIDATION,
			"is not the certificate of the ledger's issuer %d", issuer);
	return PKI_OK;
}

static enum pki_status
check_issued(struct audit *a, const struct pki_cert *cert, enum pki_kind kind,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_cert_row_free) struct pki_cert_row row = { 0 };
	struct pki_bytes der = pki_cert_get0_der(cert);
	PKI_TRY(pki_ledger_certificate(
		a->ledger, PKI_ISSUER_CA, pki_cert_get0_serial(cert), &row, NULL, err));
	const struct pki_profile *profile = NULL;
	for (size_t i = 0; i < a->policies.count && profile == NULL; i++)
		profile = pki_policy_profile(a->policies.given[i], row.profile);
	if (!pki_bytes_equal(der.data, der.len, row.der.data, row.der.len) ||
		(profile != NULL && profile->kind != kind))
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_RECORD,
			"is not a certificate of the kind %s of the ledger",
			pki_kind_name(kind));
	return PKI_OK;
}

/* Readers of the log fetch its key from this file. */
static enum pki_status
check_vkey(struct audit *a, const char *file, struct pki_err *err)
{
	char path[PATH_MAX];
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	PKI_TRY(pki_conf_path(a->sources->publish, file, path, err));
	PKI_TRY(pki_file_read(path, PKI_VKEY_TEXT, &text, err));
	size_t len = strcspn(a->vkey, "\n");
	if (strcspn((const char *)text.data, "\n") != len ||
		memcmp(text.data, a->vkey, len) != 0)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_LOG_NOTE,
			"is not the verifier key trusted by this audit");
	return PKI_OK;
}

/* The terms of use accepted by applicants, if their text is kept beside rules.yaml, which
 * gives the digest. */
static void
check_terms(struct audit *a, const char *dir, const struct pki_policy *policy)
{
	char path[PATH_MAX], name[64], digest[PKI_SHA256_HEX];
	struct pki_err own = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	snprintf(name, sizeof name, "terms-%s.txt", policy->terms_version);
	if (strchr(name, '/') != NULL || pki_conf_path(dir, name, path, &own) != PKI_OK ||
		!pki_file_exists(path))
		return;
	if (pki_file_read(path, PKI_FILE_MAX, &text, &own) != PKI_OK ||
		pki_sha256_hex(text.data, text.len, digest, &own) != PKI_OK)
		audit_add_finding(a, path, &own);
	else if (strcmp(digest, policy->terms_digest) != 0)
		audit_add_breach(a, path, PKI_RULE_TERMS,
			"is not the text whose digest rules.yaml gives");
}

static enum pki_status
check_file(struct audit *a, size_t i, struct pki_err *err)
{
	char path[PATH_MAX];
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *cert = NULL;
	PKI_TRY(pki_conf_path(a->sources->publish, certificates[i].file, path, err));
	if (certificates[i].issuer != 0)
		return check_issuer(a, path, certificates[i].issuer, err);
	PKI_TRY(pki_cert_read(path, &cert, err));
	return check_issued(a, cert, certificates[i].kind, err);
}

/* The responder's certificate changes each month. */
static enum pki_status
check_responder(struct audit *a, struct pki_err *err)
{
	char path[PATH_MAX];
	struct pki_bytes file;
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *cert = NULL;
	PKI_TRY(early_get(&a->early, EARLY_RESPONDER, path, &file, err));
	PKI_TRY(pki_cert_parse(file, &cert, err));
	return check_issued(a, cert, PKI_KIND_RESPONDER, err);
}

enum pki_status
repository_verify(struct audit *a, struct pki_err *err)
{
	struct pki_err own = { 0 };
	(void)err;
	for (size_t i = 0; i < PKI_COUNT(certificates); i++)
		if (check_file(a, i, &own) != PKI_OK)
			audit_add_finding(a, certificates[i].file, &own);
	/* before the first start of a responder the file is missing */
	if (early_exists(&a->early, EARLY_RESPONDER) &&
		check_responder(a, &own) != PKI_OK)
		audit_add_finding(a, "ocsp.pem", &own);
	for (size_t i = 0; i < a->policies.count; i++)
		check_terms(a, a->policies.folders[i], a->policies.given[i]);
	if (check_vkey(a, "log/vkey", &own) != PKI_OK)
		audit_add_finding(a, "log/vkey", &own);
	return PKI_OK;
}
