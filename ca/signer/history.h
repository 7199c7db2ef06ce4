/* The signer's memory of the orders that it signed for; signer_history_priv.h works with it. */
#ifndef CA_SIGNER_HISTORY_H
#define CA_SIGNER_HISTORY_H

#include "ca/facts.h"
#include "ca/signer/used_ids.h"
#include "libpki/tlog/merkle.h"

/* Limit of the orders whose certificates are kept. */
#define HISTORY_KEPT_MAX 1024

enum kept_state {
	KEPT_SIGNED, /* since the last checkpoint */
	KEPT_COVERED, /* the last checkpoint covers the order */
	KEPT_LOST, /* the front's commit failed */
};

struct kept {
	enum kept_state state;
	struct facts facts; /* with the certificates */
};

/* All zeros: nothing is known. */
struct history {
	struct used_ids used; /* committed orders and invitations */
	struct kept *kept[HISTORY_KEPT_MAX]; /* the last transaction's and lost orders */
	size_t kept_count;
	pki_msec since; /* orders made at this time or before are not taken */
	bool loading; /* IPC_HISTORY_FROM came */
	uint64_t from; /* index of the first read entry */
	struct pki_merkle_peaks log; /* of the entries up to the last read one */
};

#endif
