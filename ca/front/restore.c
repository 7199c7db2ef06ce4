#include "ca/front/restore.h"

#include <stdio.h>
#include <string.h>

#include "libpki/base/file.h"
#include "libpki/state/log.h"

/* The ceremony's certificates are the ledger's first rows. */
#define CEREMONY_ROWS 1000

static enum pki_status
restore_file(
	const char *dir, const char *name, struct pki_bytes content, struct pki_err *err)
{
	char path[PATH_MAX], folder[PATH_MAX];
	PKI_TRY(pki_conf_path(dir, name, path, err));
	if (pki_file_exists(path))
		return PKI_OK;
	snprintf(folder, sizeof folder, "%s", path);
	*strrchr(folder, '/') = '\0';
	PKI_TRY(pki_file_mkdirs(folder, 0755, err));
	PKI_TRY(pki_file_publish(path, content.data, content.len, 0644, err));
	fprintf(stderr, "pki-ca: note: %s was missing and is published again\n", path);
	return PKI_OK;
}

static enum pki_status
restore_cert(const char *dir, const char *pem_name, const char *der_name,
	const struct pki_cert *cert, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf pem = { 0 };
	PKI_TRY(pki_cert_pem(cert, &pem, err));
	PKI_TRY(restore_file(dir, pem_name, pki_buf_bytes(&pem), err));
	return der_name != NULL
		       ? restore_file(dir, der_name, pki_cert_get0_der(cert), err)
		       : PKI_OK;
}

struct seal {
	const struct pki_conf *conf;
	const struct pki_policy *policy;
};

static enum pki_status
on_certificate(void *ctx, const struct pki_cert_row *row, struct pki_err *err)
{
	const struct seal *seal = ctx;
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *cert = NULL;
	const struct pki_profile *profile =
		pki_policy_profile(seal->policy, row->profile);
	if (profile == NULL || profile->kind != PKI_KIND_SEAL || row->order[0] != '\0')
		return PKI_OK;
	PKI_TRY(pki_cert_parse(pki_buf_bytes(&row->der), &cert, err));
	return restore_cert(seal->conf->publish, "seal.pem", NULL, cert, err);
}

enum pki_status
restore_certificates(const struct pki_conf *conf, const struct pki_policy *policy,
	struct pki_ledger *ledger, struct pki_err *err)
{
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *root = NULL;
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *ca = NULL;
	struct seal seal = { conf, policy };
	pki_file_sweep(conf->publish);
	PKI_TRY(pki_ledger_issuer(ledger, PKI_ISSUER_ROOT, &root, err));
	PKI_TRY(pki_ledger_issuer(ledger, PKI_ISSUER_CA, &ca, err));
	PKI_TRY(restore_cert(conf->publish, "root.pem", "root.crt", root, err));
	PKI_TRY(restore_cert(conf->publish, "ca.pem", "ca.crt", ca, err));
	return pki_ledger_each_certificate(
		ledger, 0, CEREMONY_ROWS, on_certificate, &seal, err);
}

enum pki_status
restore_vkey(const char *dir, const char *vkey, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf line = { 0 };
	if (vkey[0] == '\0')
		return PKI_OK;
	PKI_TRY(pki_buf_printf(&line, err, "%s\n", vkey));
	return restore_file(dir, "vkey", pki_buf_bytes(&line), err);
}

enum pki_status
restore_log(struct pki_ledger *ledger, const char *dir, uint64_t published,
	struct pki_err *err)
{
	uint64_t made = 0;
	PKI_TRY(pki_log_repair(ledger, dir, published, &made, err));
	if (made > 0)
		fprintf(stderr,
			"pki-ca: note: %ju files of the log were missing in %s and are published again\n",
			(uintmax_t)made, dir);
	return PKI_OK;
}
