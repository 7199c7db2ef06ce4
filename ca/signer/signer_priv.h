/* The signer's memory, shared by its files. */
#ifndef CA_SIGNER_SIGNER_PRIV_H
#define CA_SIGNER_SIGNER_PRIV_H

#include "ca/facts.h"
#include "ca/quorum.h"
#include "ca/signer/history.h"
#include "ca/signer/signer.h"
#include "ca/signer/transaction.h"
#include "libpki/state/decide.h"
#include "libpki/tlog/note.h"

/* An order that was decided and waits to be signed. */
struct pending {
	bool ready;
	struct pki_signed_order order;
	struct pki_decision decision;
	struct facts facts;
};

/* The last look at the clocks. */
struct signer_clock {
	pki_msec now; /* the time that was found: time does not go back */
	pki_msec wall; /* what the wall clock said */
	int64_t boot; /* what the boot clock said */
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
	struct transaction tx;
	struct history history;
	/* sent for the next CRL: revocations in any order, and expired revoked certificates */
	struct revoked_set received, expired;
	struct quorum quorum; /* kept when a transaction fails */
	bool serving; /* after IPC_SERVE: no CRL is loaded any more */
	bool ends; /* SIGNER_ENDS: makes the last CRLs only */
	struct pki_buf vkey; /* of the log */
	struct signer_clock clock;
	struct pki_buf reply;
	struct pki_bytes tail; /* sent after reply: the DER of crl */
	struct pki_crl *crl;
};

/* One type of request: reads all fields, puts the reply's fields into s->reply. */
typedef enum pki_status (*signer_op)(
	struct signer_state *s, struct pki_bytes fields, struct pki_err *err);
/* Carries out one request. The reply, or an error in its place, is in s->reply and s->tail; an
 * error returned by signer_reply() ends the process. */
enum pki_status signer_reply(struct signer_state *s, enum ipc_type type,
	struct pki_bytes fields, struct pki_err *err) PKI_MUST_CHECK;

#endif
