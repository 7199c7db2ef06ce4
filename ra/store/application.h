/* Applications and states of applications. A state moves forwards only; the schema
 * refuses a move backwards. */
#ifndef RA_STORE_APPLICATION_H
#define RA_STORE_APPLICATION_H

#include "libpki/cms/order.h"
#include "ra/store/store.h"

/* States of an application, in their order; name. */
#define RA_STATES(X) \
	X(SUBMITTED, "submitted") \
	X(VERIFIED, "verified") \
	X(APPROVED, "approved") \
	X(ISSUED, "issued") \
	X(ACCEPTED, "accepted") \
	X(REJECTED, "rejected")

enum ra_state {
#define X(id, name) RA_##id,
	RA_STATES(X)
#undef X
};

const char *ra_state_name(enum ra_state state);
bool ra_state_by_name(const char *name, enum ra_state *out);

struct ra_application {
	char id[PKI_ID_TEXT];
	bool renewal;
	enum ra_state state;
	char holder[PKI_ID_TEXT];
	char invitation[PKI_ID_TEXT]; /* "" for renewals */
	char order[PKI_ID_TEXT]; /* "" until verified */
	char verified_by[PKI_SERIAL_TEXT]; /* serial numbers of officers' certificates */
	char approved_by[PKI_SERIAL_TEXT];
	pki_msec created;
	pki_msec changed;
};

enum pki_status ra_application_add(struct ra_store *store,
	const struct ra_application *application, struct pki_err *err) PKI_MUST_CHECK;
/* NOTFOUND */
enum pki_status ra_application_get(struct ra_store *store, const char *id,
	struct ra_application *out, struct pki_err *err) PKI_MUST_CHECK;
/*
 * Write state, order and officers of the application; sets changed. from is the state
 * that the caller read: STATE if another process has moved the application since.
 */
enum pki_status ra_application_move(struct ra_store *store,
	struct ra_application *application, enum ra_state from,
	struct pki_err *err) PKI_MUST_CHECK;

typedef enum pki_status (*ra_application_fn)(
	void *ctx, const struct ra_application *application, struct pki_err *err);
/* Which applications a list has; newest first. */
struct ra_filter {
	int state; /* enum ra_state, -1: all */
	const char *holder; /* NULL: all */
	const char *text; /* words to search for, NULL: all */
	long offset, limit; /* limit -1: all */
};
/* Call fn for each application of the page; *total (may be NULL) counts all that
 * match. */
enum pki_status ra_application_each(struct ra_store *store,
	const struct ra_filter *filter, ra_application_fn fn, void *ctx, uint64_t *total,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
