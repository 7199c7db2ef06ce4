#include "ca/signer/signer_records_priv.h"

#include <string.h>

#include "ca/signer/signer_history_priv.h"
#include "ca/signer/signer_quorum_priv.h"
#include "libpki/base/json.h"
#include "libpki/host/conf_log.h"

/* type, order, holder, reason, reported, committed, serials, published, crl_number, log */
#define RECEIPT_MEMBERS 10

/* rule 81: each checkpoint contains the last checkpoint. */
enum pki_status
signer_checkpoint(struct signer_state *s, struct pki_bytes fields, struct pki_err *err)
{
	struct pki_checkpoint next = { 0 };
	struct pki_proof proof;
	PKI_TRY(ipc_get_number(&fields, &next.size, err));
	PKI_TRY(ipc_get_hash(&fields, &next.root, err));
	PKI_TRY(ipc_get_proof(&fields, &proof, err));
	PKI_TRY(ipc_end(fields, err));
	memcpy(next.origin, s->conf->log->origin, sizeof next.origin);
	PKI_TRY(pki_merkle_check_consistency(s->tx.last.checkpoint.size,
		&s->tx.last.checkpoint.root, next.size, &next.root, &proof, err));
	PKI_CLEANUP(pki_buf_free) struct pki_buf note = { 0 };
	PKI_TRY(pki_checkpoint_sign(&next, s->log_key, &note, err));
	PKI_TRY(history_covered(s, err));
	transaction_begin(&s->tx);
	s->tx.last.checkpoint = next;
	transaction_end(&s->tx);
	signer_covered(s, next.size);
	return ipc_put(&s->reply, IPC_BYTES, note.data, note.len, err);
}

/*
 * The last transaction did not commit (disk full). The signer forgets its signatures and continues
 * from the checkpoint of `size`. A front that lies here gets a fork of the log, or two CRLs of one
 * number, and anyone who keeps both can prove the fraud.
 */
enum pki_status
signer_forget(struct signer_state *s, struct pki_bytes fields, struct pki_err *err)
{
	uint64_t size;
	PKI_TRY(ipc_get_number(&fields, &size, err));
	PKI_TRY(ipc_end(fields, err));
	history_uncovered(s);
	if (!s->tx.under_way && s->tx.last.checkpoint.size == size)
		return PKI_OK;
	if (s->tx.before.checkpoint.size != size)
		return pki_fail(err, PKI_STATE, "only the last transaction is forgotten");
	PKI_TRY(signer_uncovered(s, size, err));
	transaction_undo(&s->tx);
	return PKI_OK;
}

/* Each of these members is equal in the receipt and in the log entry. */
static bool
says_the_same(const json_t *receipt, const json_t *entry)
{
	static const char *const members[] = { "order", "holder", "reason", "reported",
		"serials" };
	const json_t *detail = json_object_get(entry, "detail");
	for (size_t i = 0; i < PKI_COUNT(members); i++)
		if (!json_equal(json_object_get(receipt, members[i]),
			    json_object_get(detail, members[i])))
			return false;
	return json_equal(
		json_object_get(receipt, "committed"), json_object_get(entry, "at"));
}

static enum pki_status
read_proof(const json_t *list, struct pki_proof *out, struct pki_err *err)
{
	size_t len = 0;
	if (json_array_size(list) > PKI_PROOF_MAX)
		return pki_fail(err, PKI_INPUT, "a receipt's proof is too long");
	for (out->count = 0; out->count < json_array_size(list); out->count++) {
		const char *hex = json_string_value(json_array_get(list, out->count));
		PKI_TRY(pki_hex_decode(hex != NULL ? hex : "",
			out->hashes[out->count].octets, PKI_SHA256, &len, err));
		if (len != PKI_SHA256)
			return pki_fail(err, PKI_INPUT, "a receipt's proof is malformed");
	}
	return PKI_OK;
}

/* The entry has the receipt's index, under a checkpoint that this log's key signed. */
static enum pki_status
check_logged(const struct signer_state *s, const json_t *log, struct pki_bytes entry,
	struct pki_err *err)
{
	const char *hex = json_string_value(json_object_get(log, "entry_hash"));
	const char *note = json_string_value(json_object_get(log, "checkpoint"));
	const json_t *position = json_object_get(log, "index");
	json_int_t index = json_is_integer(position) ? json_integer_value(position) : -1;
	struct pki_checkpoint cp;
	struct pki_proof proof = { .count = 0 };
	struct pki_hash leaf;
	char want[PKI_SHA256_HEX];
	if (hex == NULL || note == NULL || index < 0)
		return pki_fail(err, PKI_INPUT, "a receipt without its place in the log");
	PKI_TRY(pki_checkpoint_open(
		(struct pki_bytes){ (const uint8_t *)note, strlen(note) },
		(const char *)s->vkey.data, &cp, err));
	PKI_TRY(read_proof(json_object_get(log, "proof"), &proof, err));
	PKI_TRY(pki_merkle_leaf(entry, &leaf, err));
	pki_hex_encode(leaf.octets, PKI_SHA256, want);
	if (strcmp(want, hex) != 0)
		return pki_fail(
			err, PKI_TAMPERED, "the receipt's hash is not its entry's");
	return pki_merkle_check_inclusion(
		&leaf, (uint64_t)index, cp.size, &cp.root, &proof, err);
}

/* The seal signs receipts of revocations only, and only if they agree with the log. */
static enum pki_status
check_receipt(const struct signer_state *s, struct pki_bytes content,
	struct pki_bytes entry_text, struct pki_err *err)
{
	PKI_CLEANUP(pki_json_cleanup) json_t *receipt = NULL;
	PKI_CLEANUP(pki_json_cleanup) json_t *entry = NULL;
	PKI_TRY(pki_json_parse(content, &receipt, err));
	PKI_TRY(pki_json_parse(entry_text, &entry, err));
	const char *type = json_string_value(json_object_get(receipt, "type"));
	const char *of = json_string_value(json_object_get(entry, "type"));
	if (type == NULL || strcmp(type, "receipt") != 0 || of == NULL ||
		strcmp(of, "certificate-revoked") != 0)
		return pki_fail(
			err, PKI_INPUT, "only receipts of revocations are sealed");
	if (json_object_size(receipt) != RECEIPT_MEMBERS ||
		!says_the_same(receipt, entry))
		return pki_fail(err, PKI_TAMPERED,
			"the receipt says something else than its log entry");
	return check_logged(s, json_object_get(receipt, "log"), entry_text, err);
}

enum pki_status
signer_seal(struct signer_state *s, struct pki_bytes fields, struct pki_err *err)
{
	struct pki_bytes content, entry;
	PKI_TRY(ipc_get(&fields, IPC_BYTES, &content, err));
	PKI_TRY(ipc_get(&fields, IPC_BYTES, &entry, err));
	PKI_TRY(ipc_end(fields, err));
	PKI_TRY(check_receipt(s, content, entry, err));
	PKI_CLEANUP(pki_buf_free) struct pki_buf cms = { 0 };
	PKI_TRY(pki_cms_seal(content, s->seal_key, s->seal, s->ca, &cms, err));
	return ipc_put(&s->reply, IPC_BYTES, cms.data, cms.len, err);
}
