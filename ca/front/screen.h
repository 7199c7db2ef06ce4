/*
 * The look at an order before the queue. Whoever may write to the socket can send what looks
 * like an order; such requests must neither keep the signer busy nor fill the log. What is
 * refused here is counted (metrics.h), not logged.
 *
 * 1. Form: CMS SignedData with an order (rule 210).
 * 2. Peers: orders other than revocations only from the users who may send them (rule 122).
 * 3. Signers: the ledger knows each named certificate as an officer's or a service's, not
 *    expired (rules 201, 205). Of a certificate that is revoked, an order a minute goes on, so
 *    that the log names who uses a revoked key.
 * 4. Replay: the very octets of a used order are refused (rule 203); again, one a minute goes
 *    on to the log.
 * 5. An order to revoke: its signatures are verified here, by the thread that reads the
 *    requests. So a forged revocation takes no place in the queue, and no rate keeps a
 *    genuine revocation out.
 * 6. Any other order: the rate of each signer. The signer verifies the signatures.
 *
 * Nothing here replaces a check of the signer, which treats the front as an attacker.
 */
#ifndef CA_FRONT_SCREEN_H
#define CA_FRONT_SCREEN_H

#include "ca/front/metrics.h"
#include "ca/front/rate.h"
#include "libpki/state/ledger.h"
#include "libpki/state/policy.h"

/* For the HTTP thread alone. Nothing but the rates depends on a clock: the signer judges
 * dates. */
struct screen {
	const struct pki_policy *policy;
	struct pki_ledger *ledger;
	struct pki_monitor *metrics;
	struct pki_cert *ca;
	struct pki_cms_cache *cache;
	struct rate orders; /* per signer */
	struct rate
		evidence; /* per signer: orders that cannot be carried out, for the log */
};

/* policy, ledger and metrics are borrowed. rate: orders of a signer per second. */
enum pki_status screen_open(
	struct screen *screen, long rate, struct pki_err *err) PKI_MUST_CHECK;
void screen_close(struct screen *screen);

/* Refused: INPUT, LIMIT, OFFICER, REFUSED; above the rate: BUSY. stranger: why the sender's
 * orders may only revoke; OK: they may do more. *revokes: an order to revoke, whose
 * signatures verify. */
enum pki_status screen_order(struct screen *screen, struct pki_bytes cms,
	const struct pki_err *stranger, bool *revokes,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
