#include "ca/signer/signer_quorum_priv.h"

#include <string.h>

#include "libpki/host/conf_log.h"

/* A front may send any checkpoint, any number of times. A checkpoint counts if this log's key signed
 * it, the present log contains it, and a configured witness cosigned it. */
enum pki_status
signer_cosigned(struct signer_state *s, struct pki_bytes fields, struct pki_err *err)
{
	struct pki_checkpoint cp;
	const struct pki_checkpoint *last = &s->tx.last.checkpoint;
	struct pki_bytes note;
	struct pki_proof proof;
	PKI_TRY(ipc_get(&fields, IPC_BYTES, &note, err));
	PKI_TRY(ipc_get_proof(&fields, &proof, err));
	PKI_TRY(ipc_end(fields, err));
	PKI_TRY(pki_checkpoint_open(note, (const char *)s->vkey.data, &cp, err));
	if (cp.size > last->size)
		return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_QUORUM,
			"a cosigned checkpoint is larger than the log");
	PKI_TRY(pki_merkle_check_consistency(
		cp.size, &cp.root, last->size, &last->root, &proof, err));
	for (size_t i = 0; i < s->conf->log->witness_count; i++) {
		pki_time at;
		if (cp.size > s->quorum.cosigned[i] &&
			pki_checkpoint_cosigned(note, s->conf->log->witnesses[i].vkey,
				&at, NULL, NULL) == PKI_OK)
			s->quorum.cosigned[i] = cp.size;
	}
	return ipc_put(&s->reply, IPC_STRUCT, s->quorum.cosigned,
		sizeof s->quorum.cosigned, err);
}

void
signer_covered(struct signer_state *s, uint64_t size)
{
	if (!s->quorum.issuing)
		return;
	s->quorum.issuing = false;
	s->quorum.issued = size;
}

/* A witness sees only published entries, and published entries are committed. Signed certificates
 * count although their transaction failed: the log must grow and be cosigned before the signer
 * signs more. */
enum pki_status
signer_uncovered(struct signer_state *s, uint64_t size, struct pki_err *err)
{
	for (size_t i = 0; i < s->conf->log->witness_count; i++)
		if (s->quorum.cosigned[i] > size)
			return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_QUORUM,
				"%s cosigned more than the log shall go back to",
				s->conf->log->witnesses[i].name);
	if (s->quorum.issued > size) {
		s->quorum.issued = size;
		s->quorum.issuing = true;
	}
	return PKI_OK;
}
