/* What the signer's own files share. */
#ifndef CA_SIGNER_STATE_H
#define CA_SIGNER_STATE_H

#include "ca/signer.h"
#include "libpki/csr.h"
#include "libpki/note.h"

/* An order that was decided and waits to be signed. */
struct pending {
	bool ready;
	struct pki_signed_order order;
	struct pki_decision decision;
	struct facts facts;
};

/* How far the log and the CRL numbers had come at a checkpoint. */
struct signed_state {
	struct pki_checkpoint checkpoint; /* size 0: none */
	uint64_t crl_number;
};

struct signer_state {
	const struct pki_conf *conf;
	const struct pki_policy *policy;
	struct pki_cert *ca;
	struct pki_cert *seal;
	struct pki_key *ca_key;
	struct pki_key *seal_key;
	struct pki_key *log_key;
	struct pki_cms_cache *cache;
	struct pending pending[IPC_BATCH_MAX];
	size_t pending_count;
	struct pki_revoked *revoked; /* for the next CRL */
	size_t revoked_count;
	uint64_t crl_number;         /* the last one signed */
	struct signed_state last, before;
	struct pki_buf reply;
};

/* One request type; fields are read to their end, answers put into s->reply. */
typedef enum pki_status (*signer_op)(struct signer_state *s, struct pki_bytes fields,
	struct pki_err *err);
enum pki_status signer_decide(struct signer_state *s, struct pki_bytes fields,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status signer_sign(struct signer_state *s, struct pki_bytes fields,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status signer_entries(struct signer_state *s, struct pki_bytes fields,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status signer_crl(struct signer_state *s, struct pki_bytes fields,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status signer_checkpoint(struct signer_state *s, struct pki_bytes fields,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status signer_forget(struct signer_state *s, struct pki_bytes fields,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status signer_seal(struct signer_state *s, struct pki_bytes fields,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
