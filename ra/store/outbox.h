/*
 * Outbox: events for the audit log. A command records an event in the transaction of its
 * step; afterwards the outbox sends the events to pki-ca, in order, and deletes an event
 * when pki-ca has it in the log.
 */
#ifndef RA_STORE_OUTBOX_H
#define RA_STORE_OUTBOX_H

#include "libpki/base/json.h"
#include "ra/store/store.h"

/* Record an event. Takes the content or the failure of the builder detail; no personal
 * data. */
enum pki_status ra_outbox_add(struct ra_store *store, const char *type, const char *actor,
	struct pki_json *detail, struct pki_err *err) PKI_MUST_CHECK;
/* How many events are not sent. */
enum pki_status ra_outbox_count(
	struct ra_store *store, uint64_t *waiting, struct pki_err *err) PKI_MUST_CHECK;
/* Send the events; *waiting counts the rest. Returns the error of the first event refused
 * by pki-ca. OK without sending while another process sends. */
enum pki_status ra_outbox_send(struct ra_store *store, const char *socket,
	uint64_t *waiting, struct pki_err *err) PKI_MUST_CHECK;

#endif
