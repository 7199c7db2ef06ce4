/* A new root CRL (rule 54): made on the host of the root key; the running front records
 * the CRL. */
#include <stdio.h>

#include "ca/ceremony/root_crl.h"
#include "ca/commands.h"
#include "ca/custody.h"
#include "libpki/host/api.h"
#include "libpki/host/conf.h"
#include "libpki/host/conf_ca.h"
#include "libpki/state/ledger.h"

struct list {
	struct pki_revoked *revoked;
	size_t count;
};

static enum pki_status
on_revoked(void *ctx, const struct pki_revoked *revoked, struct pki_err *err)
{
	struct list *list = ctx;
	struct pki_revoked *grown =
		reallocarray(list->revoked, list->count + 1, sizeof *grown);
	if (grown == NULL)
		return pki_fail(err, PKI_MEMORY, "root CRL");
	grown[list->count++] = *revoked;
	list->revoked = grown;
	return PKI_OK;
}

static enum pki_status
build(const struct pki_conf *conf, struct pki_key *key, struct pki_crl **out,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_ledger_cleanup) struct pki_ledger *ledger = NULL;
	PKI_CLEANUP(pki_cert_cleanup) struct pki_cert *root = NULL;
	struct pki_crl_row last;
	struct list list = { NULL, 0 };
	char path[PATH_MAX];
	PKI_TRY(pki_conf_path(conf->state, "ledger.db", path, err));
	PKI_TRY(pki_ledger_open(path, PKI_LEDGER_READ, &ledger, err));
	PKI_TRY(pki_ledger_issuer(ledger, PKI_ISSUER_ROOT, &root, err));
	if (!pki_key_matches(key, pki_cert_get0_key(root)))
		return pki_fail(err, PKI_TAMPERED, "%s is not the root's key",
			conf->ca->root_key);
	PKI_TRY(pki_ledger_crl_head(ledger, PKI_ISSUER_ROOT, 0, &last, NULL, err));
	const struct pki_revoked_query query = { .issuer = PKI_ISSUER_ROOT,
		.from = last.this_update };
	enum pki_status status =
		pki_ledger_each_revoked(ledger, &query, on_revoked, &list, err);
	const struct pki_crl_spec spec = {
		.issuer = root,
		.number = last.number + 1,
		.this_update = pki_time_now(),
		.revoked = list.revoked,
		.count = list.count,
	};
	if (status == PKI_OK)
		status = root_crl_build(&spec, key, out, err);
	free(list.revoked);
	return status;
}

enum pki_status
ca_cmd_root_crl(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	PKI_CLEANUP(pki_conf_cleanup) struct pki_conf *conf = NULL;
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf secret = { 0 };
	PKI_CLEANUP(pki_key_cleanup) struct pki_key *key = NULL;
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = NULL;
	PKI_CLEANUP(pki_json_cleanup) json_t *reply = NULL;
	PKI_TRY(pki_conf_load(pki_arg(args, "config"), &conf, err));
	PKI_TRY(custody_secret(args, &secret, err));
	PKI_TRY(pki_key_open(conf->ca->root_key, pki_buf_bytes(&secret), &key, err));
	PKI_TRY(build(conf, key, &crl, err));
	PKI_TRY(pki_api_call(conf->socket, "/v1/root-crl", "application/pkix-crl",
		pki_crl_get0_der(crl), &reply, err));
	if (pki_arg_flag(args, "json"))
		return pki_cli_json(reply, stdout, err);
	char until[64];
	pki_time_format_local(pki_crl_next_update(crl), until, sizeof until);
	printf("root CRL %llu recorded, valid until %s; pki-crl publishes it\n",
		(unsigned long long)pki_crl_number(crl), until);
	return PKI_OK;
}
