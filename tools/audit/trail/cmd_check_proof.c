/* pki-audit check-proof */
#include <string.h>

#include "libpki/base/file.h"
#include "libpki/state/log.h"
#include "tools/audit/commands.h"
#include "tools/audit/sources.h"

const struct pki_option audit_options_check_proof[] = {
	{ "vkey", "KEY", "the log's verifier key, or its file", 0 },
	{ 0 },
};

static enum pki_status
read_proof(const json_t *json, struct pki_proof *out, struct pki_err *err)
{
	out->count = json_array_size(json);
	if (out->count > PKI_PROOF_MAX)
		return pki_fail(
			err, PKI_INPUT, "a proof of more than %d hashes", PKI_PROOF_MAX);
	for (size_t i = 0; i < out->count; i++) {
		const char *hex = json_string_value(json_array_get(json, i));
		size_t len = 0;
		if (hex == NULL)
			return pki_fail(
				err, PKI_INPUT, "a hash of the proof is no string");
		PKI_TRY(pki_hex_decode(
			hex, out->hashes[i].octets, PKI_SHA256, &len, err));
		if (len != PKI_SHA256)
			return pki_fail(
				err, PKI_INPUT, "a hash of the proof is too short");
	}
	return PKI_OK;
}

/* The members of a proof file. */
struct claim {
	json_t *json; /* owns the texts below */
	json_int_t index;
	const char *entry, *note;
	struct pki_proof proof;
};

static void
claim_free(struct claim *claim)
{
	json_decref(claim->json);
}

static enum pki_status
read_claim(const char *path, struct claim *out, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf file = { 0 };
	const char *type;
	json_t *hashes;
	PKI_TRY(pki_file_read(path, PKI_FILE_MAX, &file, err));
	PKI_TRY(pki_json_parse(pki_buf_bytes(&file), &out->json, err));
	if (json_unpack(out->json, "{s:s, s:I, s:s, s:s, s:o !}", "type", &type, "index",
		    &out->index, "entry", &out->entry, "checkpoint", &out->note, "proof",
		    &hashes) != 0 ||
		strcmp(type, "log-proof") != 0 || out->index < 0)
		return pki_fail(err, PKI_INPUT, "not a proof by pki-audit");
	return read_proof(hashes, &out->proof, err);
}

static enum pki_status
check_claim(const struct claim *claim, const char *vkey, struct pki_checkpoint *cp,
	struct pki_err *err)
{
	struct pki_bytes note = { (const uint8_t *)claim->note, strlen(claim->note) };
	struct pki_bytes entry = { (const uint8_t *)claim->entry, strlen(claim->entry) };
	struct pki_hash leaf;
	PKI_TRY(pki_checkpoint_open(note, vkey, cp, err));
	PKI_TRY(pki_merkle_leaf(entry, &leaf, err));
	return pki_merkle_check_inclusion(
		&leaf, (uint64_t)claim->index, cp->size, &cp->root, &claim->proof, err);
}

enum pki_status
audit_cmd_check_proof(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	PKI_CLEANUP(claim_free) struct claim claim = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf vkey = { 0 };
	struct pki_checkpoint cp;
	(void)ctx;
	pki_err_object(err, "%s", args->operands[0]);
	const char *trusted = pki_arg(args, "vkey");
	if (trusted == NULL)
		return pki_fail(err, PKI_USAGE,
			"--vkey is missing: the trusted key of the log, or its file");
	PKI_TRY(sources_read_vkey(trusted, &vkey, err));
	PKI_TRY(read_claim(args->operands[0], &claim, err));
	PKI_TRY(check_claim(&claim, (const char *)vkey.data, &cp, err));
	if (pki_arg_flag(args, "json")) {
		PKI_CLEANUP(pki_json_free) struct pki_json json = pki_json_object();
		pki_json_bool(&json, "ok", true);
		pki_json_text(&json, "origin", cp.origin);
		pki_json_number(&json, "size", (int64_t)cp.size);
		pki_json_number(&json, "index", claim.index);
		pki_json_text(&json, "entry", claim.entry);
		return pki_json_print(&json, stdout, err);
	}
	char clean[PKI_ENTRY_MAX + 1];
	pki_cli_clean(claim.entry, clean, sizeof clean);
	printf("entry %jd is in the log %s of %ju entries:\n%s\n", (intmax_t)claim.index,
		cp.origin, (uintmax_t)cp.size, clean);
	return PKI_OK;
}
