/*
 * The applications store: a folder (0700) with applications.db (SQLite), store.key and the
 * sealed evidence files. What names or describes a person is only there sealed (vault.h) or as
 * tokens of the blind index. States move forwards only; the schema refuses anything else.
 *
 * Errors beyond the documented: LOCKED (another process writes), FULL, TAMPERED (corrupt),
 * VERSION (made by a newer suite).
 */
#ifndef RA_STORE_STORE_H
#define RA_STORE_STORE_H

#include "libpki/base/json.h"
#include "libpki/cms/order.h"

struct ra_store;

/* Makes the folder and its files at first use. */
enum pki_status ra_store_open(
	const char *dir, struct ra_store **out, struct pki_err *err) PKI_MUST_CHECK;
void ra_store_close(struct ra_store *store);
void ra_store_cleanup(struct ra_store **store);
const char *ra_store_dir(const struct ra_store *store);

/* begin takes the write lock; commit returns after fsync. rollback without begin: nothing. */
enum pki_status ra_store_begin(
	struct ra_store *store, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ra_store_commit(
	struct ra_store *store, struct pki_err *err) PKI_MUST_CHECK;
void ra_store_rollback(struct ra_store *store);

/* States of an application, in the order in which they come; name. */
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

/* Holders: each has a key in the vault. The holder may be there already. */
enum pki_status ra_store_add_holder(
	struct ra_store *store, const char *holder, struct pki_err *err) PKI_MUST_CHECK;
/* NOTFOUND; STATE once the holder's data was erased */
enum pki_status ra_store_need_holder(
	struct ra_store *store, const char *holder, struct pki_err *err) PKI_MUST_CHECK;

/* Invitations: known by the SHA-256 of the code; used by one application at most. */
struct ra_invitation {
	char id[PKI_ID_TEXT];
	uint8_t code[PKI_SHA256];
	char department[128];
	pki_msec created;
	pki_time expires;
	char application[PKI_ID_TEXT]; /* "": not used */
	struct pki_buf cms; /* owned by the row */
};
void ra_invitation_free(struct ra_invitation *invitation);
enum pki_status ra_store_add_invitation(struct ra_store *store,
	const struct ra_invitation *invitation, struct pki_err *err) PKI_MUST_CHECK;
/* By code or id (the other NULL); NOTFOUND. Codes are compared in constant time. */
enum pki_status ra_store_invitation(struct ra_store *store,
	const uint8_t code[PKI_SHA256], const char *id, struct ra_invitation *out,
	struct pki_err *err) PKI_MUST_CHECK;
/* REFUSED (rule 206) if it is used by now. */
enum pki_status ra_store_use_invitation(struct ra_store *store, const char *id,
	const char *application, struct pki_err *err) PKI_MUST_CHECK;

/* Applications. */
struct ra_application {
	char id[PKI_ID_TEXT];
	bool renewal;
	enum ra_state state;
	char holder[PKI_ID_TEXT];
	char invitation[PKI_ID_TEXT]; /* "" for renewals */
	char order[PKI_ID_TEXT]; /* "" until verified */
	char verified_by[PKI_SERIAL_TEXT]; /* officers' certificates */
	char approved_by[PKI_SERIAL_TEXT];
	pki_msec created;
	pki_msec changed;
};
enum pki_status ra_store_add(struct ra_store *store,
	const struct ra_application *application, struct pki_err *err) PKI_MUST_CHECK;
/* NOTFOUND */
enum pki_status ra_store_get(struct ra_store *store, const char *id,
	struct ra_application *out, struct pki_err *err) PKI_MUST_CHECK;
/*
 * Writes state, order and officers back; from is the state that the caller saw: STATE if
 * another process was faster. changed is set here.
 */
enum pki_status ra_store_move(struct ra_store *store, struct ra_application *application,
	enum ra_state from, struct pki_err *err) PKI_MUST_CHECK;

typedef enum pki_status (*ra_application_fn)(
	void *ctx, const struct ra_application *application, struct pki_err *err);
/* What a list shows; newest first. */
struct ra_filter {
	int state; /* enum ra_state, -1: all */
	const char *holder; /* NULL: all */
	const char *text; /* words to search for, NULL: all */
	long offset, limit; /* limit -1: all */
};
/* Calls fn for the page; *total (may be NULL) counts all that match. */
enum pki_status ra_store_each(struct ra_store *store, const struct ra_filter *filter,
	ra_application_fn fn, void *ctx, uint64_t *total,
	struct pki_err *err) PKI_MUST_CHECK;

/*
 * Sealed parts of an application: "record" (record.h), "order" (CMS), "answer" (pki-ca's
 * JSON), "statement" and "rejection" (CMS). put replaces; get appends, NOTFOUND. STATE once the
 * holder's data was erased.
 */
enum pki_status ra_store_put(struct ra_store *store,
	const struct ra_application *application, const char *part,
	struct pki_bytes plain, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ra_store_part(struct ra_store *store,
	const struct ra_application *application, const char *part, struct pki_buf *out,
	struct pki_err *err) PKI_MUST_CHECK;
/* The same for what is kept in files: seal, unseal under the application's holder's key. */
enum pki_status ra_store_seal(struct ra_store *store, const char *application,
	const char *holder, const char *part, struct pki_bytes plain, struct pki_buf *out,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ra_store_unseal(struct ra_store *store, const char *application,
	const char *holder, const char *part, struct pki_bytes sealed,
	struct pki_buf *out, struct pki_err *err) PKI_MUST_CHECK;

/* Blind index: the words of text find the application. `whole`: text as one word besides. */
enum pki_status ra_store_index(struct ra_store *store, const char *application,
	const char *text, bool whole, struct pki_err *err) PKI_MUST_CHECK;
/* The holder of the application that `word` (exactly as indexed) finds; "" if none does. */
enum pki_status ra_store_find_holder(struct ra_store *store, const char *word,
	char holder[PKI_ID_TEXT], struct pki_err *err) PKI_MUST_CHECK;
/* A word that is indexed as it stands. */
enum pki_status ra_store_index_word(struct ra_store *store, const char *application,
	const char *word, struct pki_err *err) PKI_MUST_CHECK;

/* Erasure (rule 79): of a holder, for ever, by an order that two officers signed. */
struct ra_erasure {
	char holder[PKI_ID_TEXT];
	char order[PKI_ID_TEXT];
	struct pki_buf cms; /* the order; owned */
	pki_msec erased; /* 0: not yet, the second officer's signature is missing */
};
void ra_erasure_free(struct ra_erasure *erasure);
/* *found false: nobody has ordered it. */
enum pki_status ra_store_erasure(struct ra_store *store, const char *holder,
	struct ra_erasure *out, bool *found, struct pki_err *err) PKI_MUST_CHECK;
/* The order with its first signature; takes an earlier one's place. */
enum pki_status ra_store_order_erasure(struct ra_store *store,
	const struct ra_erasure *erasure, struct pki_err *err) PKI_MUST_CHECK;
/*
 * Within a transaction: records the order, destroys the holder's key, all sealed parts and
 * words; applications that were open end (events application-rejected, by actor). With the
 * commit the data is unreadable; ra_store_sweep() then takes its octets out of the files.
 */
enum pki_status ra_store_erase(struct ra_store *store, const struct ra_erasure *erasure,
	const char *actor, struct pki_err *err) PKI_MUST_CHECK;
/* Removes the evidence files of who was erased, and writes the database anew without what was
 * deleted; does nothing if there is nothing to do. Not within a transaction. */
enum pki_status ra_store_sweep(
	struct ra_store *store, struct pki_err *err) PKI_MUST_CHECK;

struct ra_holder {
	char id[PKI_ID_TEXT];
	uint64_t applications;
	pki_msec changed; /* the last step of any of them; 0: none */
};
enum pki_status ra_store_holder(struct ra_store *store, const char *holder,
	struct ra_holder *out, struct pki_err *err) PKI_MUST_CHECK;
typedef enum pki_status (*ra_holder_fn)(
	void *ctx, const struct ra_holder *holder, struct pki_err *err);
/* Who was not erased and has had no step since `before`. fn may not write to the store. */
enum pki_status ra_store_each_idle(struct ra_store *store, pki_msec before,
	ra_holder_fn fn, void *ctx, struct pki_err *err) PKI_MUST_CHECK;

/*
 * Outbox: events for the audit log, recorded in the caller's transaction, sent to pki-ca
 * afterwards, in order, kept until it has taken them. detail is borrowed; no personal data.
 */
enum pki_status ra_store_event(struct ra_store *store, const char *type,
	const char *actor, const json_t *detail, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ra_store_waiting(
	struct ra_store *store, uint64_t *waiting, struct pki_err *err) PKI_MUST_CHECK;
/* Sends what waits; *waiting: what is left. An error is the first refusal's. */
enum pki_status ra_store_send_events(struct ra_store *store, const char *socket,
	uint64_t *waiting, struct pki_err *err) PKI_MUST_CHECK;

#endif
