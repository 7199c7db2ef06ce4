/* The HTTP routes of `pki-ca serve`. pki-ca(8) lists the calls. */
#ifndef CA_FRONT_FRONT_H
#define CA_FRONT_FRONT_H

#include "ca/channel.h"
#include "ca/front/peers.h"
#include "ca/front/queue.h"
#include "ca/front/screen.h"
#include "libpki/host/api.h"
#include "libpki/state/staff.h"

struct front {
	const struct pki_conf *conf;
	const struct pki_policy *policy;
	struct pki_ledger *ledger; /* of the HTTP thread alone; reads */
	struct queue *queue;
	const struct channel *signer;
	const struct peers *peers;
	struct writer *writer; /* only functions that any thread may call */
	struct pki_monitor *metrics;
	struct screen screen;
};

/* A pki_http_handler; ctx is a struct front. */
void front_handle(void *ctx, struct pki_http_request *req);

#endif
