/*
 * The applications store: a folder (0700) with applications.db (SQLite), store.key and
 * the sealed evidence files. Personal data is in the store only sealed (vault.h) or as
 * tokens of the blind index (index.h).
 *
 *	holder.h       holders, with a key for each holder
 *	invitation.h   invitations of the departments
 *	application.h  applications and their states
 *	part.h         the sealed parts of an application
 *	record.h       the part "record"; form.h, evidence.h: its content
 *	index.h        the search
 *	erasure.h      erasure of a holder's personal data
 *	outbox.h       events for the audit log
 *
 * Every function of these modules may return, besides the errors that its header names:
 * LOCKED (another process writes), FULL, TAMPERED (the database is corrupt), IO, MEMORY.
 */
#ifndef RA_STORE_STORE_H
#define RA_STORE_STORE_H

#include <stdbool.h>

#include "libpki/base/err.h"

struct ra_store;

/* KNOWN: NOTFOUND if the folder has no database, or an empty one. NEW: makes folder,
 * key and database if they are missing. CONFIG if another user can read folder or files,
 * TAMPERED if store.key is not the key of this database, VERSION if a newer suite made
 * the database. */
enum ra_store_mode { RA_STORE_KNOWN, RA_STORE_NEW };
enum pki_status ra_store_open(const char *dir, enum ra_store_mode mode,
	struct ra_store **out, struct pki_err *err) PKI_MUST_CHECK;
/* The folder has evidence: there was a database. */
bool ra_store_was_used(const char *dir);
void ra_store_close(struct ra_store *store);
void ra_store_cleanup(struct ra_store **store);
const char *ra_store_dir(const struct ra_store *store);

/* begin takes the write lock; commit returns after fsync. rollback does nothing
 * outside of a transaction. */
enum pki_status ra_store_begin(
	struct ra_store *store, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status ra_store_commit(
	struct ra_store *store, struct pki_err *err) PKI_MUST_CHECK;
void ra_store_rollback(struct ra_store *store);

#endif
