/* What the signer's own files share. */
#ifndef CA_SIGNER_STATE_H
#define CA_SIGNER_STATE_H

#include "ca/signer.h"
#include "libpki/crl.h"
#include "libpki/csr.h"
#include "libpki/note.h"

/* An order that was decided and waits to be signed. */
struct pending {
	bool ready;
	struct pki_signed_order order;
	struct pki_decision decision;
	struct facts facts;
};

/* The entries of a CRL, by serial. */
struct listed {
	size_t count;
	struct pki_revoked entries[];
};

/* What the signer vouched for last: what comes next must go on from there. */
struct vouched {
	struct pki_checkpoint checkpoint; /* size 0: none */
	uint64_t crl_number;
	pki_time crl_made;
	struct listed *listed;
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
	struct vouched last;
	struct vouched before; /* before the transaction that is under way or the last one */
	bool under_way;	       /* something was signed, not yet the checkpoint over it */
	struct pki_buf vkey;   /* of the log */
	pki_msec clock;	       /* the latest that was seen: time does not go back */
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
enum pki_status signer_expired(struct signer_state *s, struct pki_bytes fields,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status signer_crl(struct signer_state *s, struct pki_bytes fields,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status signer_checkpoint(struct signer_state *s, struct pki_bytes fields,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status signer_forget(struct signer_state *s, struct pki_bytes fields,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status signer_seal(struct signer_state *s, struct pki_bytes fields,
	struct pki_err *err) PKI_MUST_CHECK;

/* rule 209: CLOCK if the clock went back. */
enum pki_status signer_now(struct signer_state *s, pki_msec *out, struct pki_err *err)
	PKI_MUST_CHECK;
/* The last CRL, from the ledger, at the start. */
enum pki_status signer_load_crl(struct signer_state *s, struct pki_bytes der,
	struct pki_err *err) PKI_MUST_CHECK;
/* Was it on the last CRL? */
bool signer_has_listed(const struct signer_state *s, const struct pki_serial *serial);
/* Before a signature that a transaction needs, so that IPC_FORGET can take it back. */
void signer_begin(struct signer_state *s);

#endif
