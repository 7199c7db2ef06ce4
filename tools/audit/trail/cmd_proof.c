/* Proofs that the log holds an entry: JSON that a stranger can check (log(5)). */
#include <string.h>

#include "libpki/base/file.h"
#include "tools/audit/audit.h"

/* "12": an index; a serial has more digits than any index */
static bool
is_index(const char *text, uint64_t *out)
{
	size_t len = strspn(text, "0123456789");
	if (len == 0 || len > 18 || text[len] != '\0')
		return false;
	*out = strtoull(text, NULL, 10);
	return true;
}

static enum pki_status
find_entry(
	struct pki_ledger *ledger, const char *what, uint64_t *index, struct pki_err *err)
{
	PKI_CLEANUP(pki_order_row_free) struct pki_order_row order = { 0 };
	PKI_CLEANUP(pki_cert_row_free) struct pki_cert_row cert = { 0 };
	struct pki_serial serial;
	const char *id = what;
	if (is_index(what, index))
		return PKI_OK;
	if (strchr(what, '-') == NULL) {
		PKI_TRY(pki_serial_parse(what, &serial, err));
		PKI_TRY(pki_ledger_issued(ledger, &serial, &cert, NULL, err));
		id = cert.order;
		if (id[0] == '\0')
			return pki_fail(err, PKI_NOTFOUND,
				"the certificate is the ceremony's; ask for its entry's index");
	}
	PKI_TRY(pki_ledger_order(ledger, id, &order, NULL, err));
	*index = order.log_index;
	return PKI_OK;
}

static enum pki_status
make_proof(struct pki_ledger *ledger, uint64_t index, json_t **out, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf entry = { 0 }, note = { 0 };
	PKI_CLEANUP(pki_json_cleanup) json_t *hashes = json_array();
	struct pki_merkle_source src = pki_log_source(ledger);
	struct pki_checkpoint cp;
	struct pki_proof proof;
	PKI_TRY(pki_ledger_entry(ledger, index, &entry, err));
	PKI_TRY(pki_ledger_checkpoint(ledger, 0, &note, NULL, err));
	PKI_TRY(pki_checkpoint_parse(pki_buf_bytes(&note), &cp, err));
	PKI_TRY(pki_merkle_inclusion(index, cp.size, &src, &proof, err));
	for (size_t i = 0; i < proof.count; i++) {
		char hex[PKI_SHA256_HEX];
		pki_hex_encode(proof.hashes[i].octets, PKI_SHA256, hex);
		json_array_append_new(hashes, json_string(hex));
	}
	*out = json_pack("{s:s, s:I, s:s, s:s, s:O}", "type", "log-proof", "index",
		(json_int_t)index, "entry", (const char *)entry.data, "checkpoint",
		(const char *)note.data, "proof", hashes);
	return *out != NULL ? PKI_OK : pki_fail(err, PKI_TAMPERED, "entry is not UTF-8");
}

enum pki_status
proof_run(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	PKI_CLEANUP(pki_ledger_cleanup) struct pki_ledger *ledger = NULL;
	PKI_CLEANUP(pki_json_cleanup) json_t *proof = NULL;
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	const char *file = pki_arg(args, "out");
	uint64_t index = 0;
	(void)ctx;
	PKI_TRY(ledger_open(args, &ledger, err));
	PKI_TRY(pki_ledger_snapshot(ledger, err));
	PKI_TRY(find_entry(ledger, args->operands[0], &index, err));
	PKI_TRY(make_proof(ledger, index, &proof, err));
	if (file == NULL) {
		pki_cli_json(proof, stdout);
		return PKI_OK;
	}
	PKI_TRY(pki_json_dump(proof, &text, err));
	return pki_file_publish(file, text.data, text.len, 0644, err);
}

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

/* A proof file's members. */
struct claim {
	json_t *json; /* owns them */
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
		return pki_fail(err, PKI_INPUT, "not a proof that pki-audit made");
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
check_proof_run(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	PKI_CLEANUP(claim_free) struct claim claim = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf vkey = { 0 };
	struct pki_checkpoint cp;
	(void)ctx;
	pki_err_object(err, "%s", args->operands[0]);
	const char *trusted = pki_arg(args, "vkey");
	if (trusted == NULL)
		return pki_fail(err, PKI_USAGE,
			"--vkey is missing: the key of the log that you trust, or its file");
	PKI_TRY(vkey_read(trusted, &vkey, err));
	PKI_TRY(read_claim(args->operands[0], &claim, err));
	PKI_TRY(check_claim(&claim, (const char *)vkey.data, &cp, err));
	if (pki_arg_flag(args, "json")) {
		PKI_CLEANUP(pki_json_cleanup)
		json_t *json = json_pack("{s:b, s:s, s:I, s:I, s:s}", "ok", true,
			"origin", cp.origin, "size", (json_int_t)cp.size, "index",
			claim.index, "entry", claim.entry);
		pki_cli_json(json, stdout);
		return PKI_OK;
	}
	char clean[PKI_ENTRY_MAX + 1];
	pki_cli_clean(claim.entry, clean, sizeof clean);
	printf("entry %jd is in the log %s of %ju entries:\n%s\n", (intmax_t)claim.index,
		cp.origin, (uintmax_t)cp.size, clean);
	return PKI_OK;
}
