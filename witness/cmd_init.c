#include <stdio.h>

#include "libpki/base/file.h"
#include "libpki/base/secret.h"
#include "witness/cmd.h"
#include "witness/state.h"

enum pki_status
witness_cmd_init(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	(void)ctx;
	PKI_CLEANUP(pki_free_ptr) struct witness_conf *conf = calloc(1, sizeof *conf);
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf pass = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf vkey = { 0 };
	const char *source = pki_arg(args, "passphrase");
	if (conf == NULL)
		return pki_fail(err, PKI_MEMORY, "configuration");
	PKI_TRY(witness_conf_load(pki_arg(args, "config"), conf, err));
	PKI_TRY(pki_secret_read(source != NULL ? source : "prompt",
		"passphrase of the witness's key", &pass, err));
	PKI_TRY(state_create(conf, pki_buf_bytes(&pass), &vkey, err));
	if (!pki_arg_flag(args, "json")) {
		puts((const char *)vkey.data);
		return PKI_OK;
	}
	PKI_CLEANUP(pki_json_free) struct pki_json json = pki_json_object();
	pki_json_text(&json, "vkey", (const char *)vkey.data);
	return pki_json_print(&json, stdout, err);
}
