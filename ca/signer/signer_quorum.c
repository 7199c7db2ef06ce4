/* What witnesses cosigned, as the signer itself sees it (rule 214). */
#include <string.h>

#include "ca/signer/signer_state.h"
#include "libpki/host/conf_log.h"

/* A front shows what it likes, as often as it likes: what counts is a checkpoint that this
 * log signed, that the log has grown out of, and that a witness of the configuration
 * cosigned. */
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

/* What a witness has seen was published, so it was committed. Certificates that were signed
 * count as signed: the log must grow and be cosigned before more are. */
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
