#include "tools/audit/sources.h"

#include <stdio.h>
#include <string.h>

#include "libpki/base/file.h"

static enum pki_status
copy_path(const char *from, char out[PATH_MAX], struct pki_err *err)
{
	if (snprintf(out, PATH_MAX, "%s", from) >= PATH_MAX)
		return pki_fail(err, PKI_USAGE, "the path is too long");
	return PKI_OK;
}

static enum pki_status
add_witness(struct audit_sources *sources, const char *vkey, struct pki_err *err)
{
	char name[PKI_ORIGIN_TEXT];
	char *out = sources->witnesses[sources->witness_count];
	if (snprintf(out, PKI_VKEY_TEXT, "%s", vkey) >= PKI_VKEY_TEXT)
		return pki_fail(err, PKI_CONFIG, "a witness's key is too long");
	PKI_TRY(pki_note_vkey_name(PKI_NOTE_WITNESS, out, name, err));
	sources->witness_count++;
	return PKI_OK;
}

static enum pki_status
find_witnesses(
	const struct pki_args *args, struct audit_sources *sources, struct pki_err *err)
{
	for (int i = 0; i < pki_arg_count(args, "witness"); i++) {
		PKI_CLEANUP(pki_buf_free) struct pki_buf vkey = { 0 };
		PKI_TRY(sources_read_vkey(pki_arg_at(args, "witness", i), &vkey, err));
		PKI_TRY(add_witness(sources, (const char *)vkey.data, err));
	}
	return PKI_OK;
}

static enum pki_status
from_config(const struct pki_conf *conf, struct audit_sources *out, struct pki_err *err)
{
	PKI_TRY(pki_conf_path(conf->state, "ledger.db", out->ledger, err));
	PKI_TRY(copy_path(conf->publish, out->publish, err));
	PKI_TRY(copy_path(conf->policy, out->policy, err));
	PKI_TRY(copy_path(conf->log->timestamp.certificates, out->tsa, err));
	out->stamp_every = conf->log->timestamp.every;
	for (size_t i = 0; i < conf->log->witness_count; i++)
		PKI_TRY(add_witness(out, conf->log->witnesses[i].vkey, err));
	return PKI_OK;
}

enum pki_status
sources_find(const struct pki_args *args, struct audit_sources *out, struct pki_err *err)
{
	const char *ledger = pki_arg(args, "ledger"), *publish = pki_arg(args, "publish");
	const char *tsa = pki_arg(args, "tsa");
	bool policy = pki_arg_count(args, "policy") > 0;
	PKI_CLEANUP(pki_conf_cleanup) struct pki_conf *conf = NULL;
	if (ledger == NULL || publish == NULL || !policy) {
		PKI_TRY(pki_conf_load(pki_arg(args, "config"), &conf, err));
		PKI_TRY(from_config(conf, out, err));
	}
	if (ledger != NULL)
		PKI_TRY(copy_path(ledger, out->ledger, err));
	if (publish != NULL)
		PKI_TRY(copy_path(publish, out->publish, err));
	if (policy)
		out->policy[0] = '\0';
	if (tsa != NULL)
		PKI_TRY(copy_path(tsa, out->tsa, err));
	return find_witnesses(args, out, err);
}

enum pki_status
sources_open_ledger(
	const struct pki_args *args, struct pki_ledger **out, struct pki_err *err)
{
	const char *path = pki_arg(args, "ledger");
	PKI_CLEANUP(pki_conf_cleanup) struct pki_conf *conf = NULL;
	char configured[PATH_MAX];
	if (path == NULL) {
		PKI_TRY(pki_conf_load(pki_arg(args, "config"), &conf, err));
		PKI_TRY(pki_conf_path(conf->state, "ledger.db", configured, err));
		path = configured;
	}
	return pki_ledger_open(path, PKI_LEDGER_READ, out, err);
}

enum pki_status
sources_read_vkey(const char *arg, struct pki_buf *out, struct pki_err *err)
{
	if (strchr(arg, '+') != NULL && !pki_file_exists(arg))
		return pki_buf_printf(out, err, "%s", arg);
	return pki_file_read(arg, PKI_FILE_MAX, out, err);
}
