/* pki-audit proof: JSON to be checked by anybody, without the ledger (log(5)). */
#include <string.h>

#include "libpki/base/file.h"
#include "libpki/state/log.h"
#include "tools/audit/commands.h"
#include "tools/audit/options.h"
#include "tools/audit/sources.h"

const struct pki_option audit_options_proof[] = {
	OPTION_LEDGER,
	{ "out", "FILE", "where to write the proof; default: standard output", 0 },
	{ 0 },
};

/* "12" is an index: a serial number has more digits than any index. */
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
		PKI_TRY(pki_serial_read(what, &serial, err));
		PKI_TRY(pki_ledger_issued(ledger, &serial, &cert, NULL, err));
		id = cert.order;
		if (id[0] == '\0')
			return pki_fail(err, PKI_NOTFOUND,
				"the certificate is from the ceremony; give the index of the ceremony's log entry");
	}
	PKI_TRY(pki_ledger_order(ledger, id, &order, NULL, err));
	*index = order.log_index;
	return PKI_OK;
}

static enum pki_status
make_proof(struct pki_ledger *ledger, uint64_t index, json_t **out, struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf entry = { 0 }, note = { 0 };
	PKI_CLEANUP(pki_json_free) struct pki_json json = pki_json_object();
	PKI_CLEANUP(pki_json_free) struct pki_json hashes = pki_json_array();
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
		pki_json_append_text(&hashes, hex);
	}
	pki_json_text(&json, "type", "log-proof");
	pki_json_number(&json, "index", (int64_t)index);
	pki_json_text(&json, "entry", (const char *)entry.data);
	pki_json_text(&json, "checkpoint", (const char *)note.data);
	pki_json_nest(&json, "proof", &hashes);
	if (pki_json_take(&json, out, NULL) != PKI_OK)
		return pki_fail(err, PKI_TAMPERED, "the log entry %ju is not UTF-8",
			(uintmax_t)index);
	return PKI_OK;
}

enum pki_status
audit_cmd_proof(const struct pki_args *args, void *ctx, struct pki_err *err)
{
	PKI_CLEANUP(pki_ledger_cleanup) struct pki_ledger *ledger = NULL;
	PKI_CLEANUP(pki_json_cleanup) json_t *proof = NULL;
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	const char *file = pki_arg(args, "out");
	uint64_t index = 0;
	(void)ctx;
	PKI_TRY(sources_open_ledger(args, &ledger, err));
	PKI_TRY(pki_ledger_snapshot(ledger, err));
	PKI_TRY(find_entry(ledger, args->operands[0], &index, err));
	PKI_TRY(make_proof(ledger, index, &proof, err));
	if (file == NULL)
		return pki_cli_json(proof, stdout, err);
	PKI_TRY(pki_json_dump(proof, &text, err));
	return pki_file_publish(file, text.data, text.len, 0644, err);
}
