/* What the signer signs besides certificates: CRLs, checkpoints, receipts. */
#include <string.h>

#include "ca/signer_state.h"
#include "libpki/json.h"

/* Memory, before anything else: 40 octets each. */
#define REVOKED_MAX ((size_t)2 << 20)

enum pki_status
signer_entries(struct signer_state *s, struct pki_bytes fields, struct pki_err *err)
{
	struct pki_bytes in;
	PKI_TRY(ipc_get(&fields, IPC_STRUCT, &in, err));
	PKI_TRY(ipc_end(fields, err));
	size_t count = in.len / sizeof *s->revoked;
	if (in.len % sizeof *s->revoked != 0 || count == 0 || count > IPC_ENTRIES_MAX)
		return pki_fail(err, PKI_INPUT, "CRL entries of %zu octets", in.len);
	if (s->revoked_count + count > REVOKED_MAX)
		return pki_fail(err, PKI_LIMIT, "more than %zu revocations in one CRL",
			REVOKED_MAX);
	struct pki_revoked *grown =
		reallocarray(s->revoked, s->revoked_count + count, sizeof *grown);
	if (grown == NULL)
		return pki_fail(
			err, PKI_MEMORY, "%zu CRL entries", s->revoked_count + count);
	s->revoked = grown;
	memcpy(grown + s->revoked_count, in.data, in.len);
	for (size_t i = s->revoked_count; i < s->revoked_count + count; i++)
		if (grown[i].serial.len == 0 || grown[i].serial.len > PKI_SERIAL_MAX ||
			pki_reason_name(grown[i].reason) == NULL)
			return pki_fail(err, PKI_INPUT, "CRL entry %zu is malformed", i);
	s->revoked_count += count;
	return PKI_OK;
}

static enum pki_status
build_crl(struct signer_state *s, struct pki_bytes fields, struct pki_err *err)
{
	uint64_t number, this_update, next_update;
	PKI_TRY(ipc_get_number(&fields, &number, err));
	PKI_TRY(ipc_get_number(&fields, &this_update, err));
	PKI_TRY(ipc_get_number(&fields, &next_update, err));
	PKI_TRY(ipc_end(fields, err));
	if (number <= s->crl_number)
		return pki_refuse(err, PKI_RULE_CRL_FIELDS,
			"CRL number %llu after %llu; numbers only grow",
			(unsigned long long)number, (unsigned long long)s->crl_number);
	struct pki_crl_spec spec = {
		.issuer = s->ca,
		.number = number,
		.this_update = (pki_time)this_update,
		.next_update = (pki_time)next_update,
		.revoked = s->revoked,
		.count = s->revoked_count,
	};
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = NULL;
	PKI_TRY(pki_crl_build(&spec, s->ca_key, &crl, err));
	s->crl_number = number;
	struct pki_bytes der = pki_crl_get0_der(crl);
	return ipc_put(&s->reply, IPC_BYTES, der.data, der.len, err);
}

enum pki_status
signer_crl(struct signer_state *s, struct pki_bytes fields, struct pki_err *err)
{
	enum pki_status status = build_crl(s, fields, err);
	free(s->revoked);
	s->revoked = NULL;
	s->revoked_count = 0;
	return status;
}

/* rule 81: never one that does not contain the last one. */
enum pki_status
signer_checkpoint(struct signer_state *s, struct pki_bytes fields, struct pki_err *err)
{
	struct pki_checkpoint next = { 0 };
	struct pki_bytes root;
	struct pki_proof proof;
	PKI_TRY(ipc_get_number(&fields, &next.size, err));
	PKI_TRY(ipc_get(&fields, IPC_BYTES, &root, err));
	PKI_TRY(ipc_get_struct(&fields, &proof, sizeof proof, err));
	PKI_TRY(ipc_end(fields, err));
	if (root.len != sizeof next.root || proof.count > PKI_PROOF_MAX)
		return pki_fail(err, PKI_INPUT, "malformed checkpoint request");
	memcpy(&next.root, root.data, sizeof next.root);
	memcpy(next.origin, s->conf->log_origin, sizeof next.origin);
	PKI_TRY(pki_merkle_check_consistency(s->last.checkpoint.size,
		&s->last.checkpoint.root, next.size, &next.root, &proof, err));
	PKI_CLEANUP(pki_buf_free) struct pki_buf note = { 0 };
	PKI_TRY(pki_checkpoint_sign(&next, s->log_key, &note, err));
	s->before = s->last;
	s->last = (struct signed_state){ next, s->crl_number };
	return ipc_put(&s->reply, IPC_BYTES, note.data, note.len, err);
}

/*
 * A transaction did not commit (disk full): its CRLs, and its checkpoint if it got so far,
 * go nowhere; numbers and log go on from before. A front that lies here makes a fork that
 * anyone who keeps checkpoints or CRLs can show.
 */
enum pki_status
signer_forget(struct signer_state *s, struct pki_bytes fields, struct pki_err *err)
{
	uint64_t noted;
	PKI_TRY(ipc_get_number(&fields, &noted, err));
	PKI_TRY(ipc_end(fields, err));
	if (noted != 0)
		s->last = s->before;
	s->crl_number = s->last.crl_number;
	return PKI_OK;
}

/* The seal stands under receipts and nothing else that the front could want. */
enum pki_status
signer_seal(struct signer_state *s, struct pki_bytes fields, struct pki_err *err)
{
	struct pki_bytes content;
	PKI_TRY(ipc_get(&fields, IPC_BYTES, &content, err));
	PKI_TRY(ipc_end(fields, err));
	PKI_CLEANUP(pki_json_cleanup) json_t *json = NULL;
	PKI_TRY(pki_json_parse(content, &json, err));
	const char *type = json_string_value(json_object_get(json, "type"));
	if (type == NULL || strcmp(type, "receipt") != 0)
		return pki_fail(err, PKI_INPUT, "only receipts are sealed");
	PKI_CLEANUP(pki_buf_free) struct pki_buf cms = { 0 };
	PKI_TRY(pki_cms_seal(content, s->seal_key, s->seal, s->ca, &cms, err));
	return ipc_put(&s->reply, IPC_BYTES, cms.data, cms.len, err);
}
