/*
 * The ledger is the record of issuers, orders, certificates, revocations, CRLs and the
 * log. ledger(5) describes the tables. The ledger is append-only: triggers and
 * constraints of the schema refuse every change that this header has no function for. The
 * ledger has one writer (pki-ca) and any number of readers in further processes. This
 * header hides SQLite.
 *
 * A walk (pki_ledger_each_..., by_..., ..._after) calls fn for each row. A walk reads
 * rows in batches and calls fn between reads; fn may therefore use the walk's handle for
 * look-ups and further walks. All rows of a reader's walk belong to one state of the
 * ledger. If fn returns a status that is not OK, the walk ends and returns the status.
 *
 * A struct pki_ledger is used by one thread at a time. Every function may also return
 * LOCKED, FULL, TAMPERED (corrupt database), VERSION (made by a newer suite), and REFUSED
 * with the rule of a broken constraint.
 */
#ifndef LIBPKI_STATE_LEDGER_H
#define LIBPKI_STATE_LEDGER_H

#include "libpki/cms/order.h"
#include "libpki/tlog/merkle.h"
#include "libpki/x509/person.h"

struct pki_ledger;

enum pki_ledger_mode { PKI_LEDGER_READ, PKI_LEDGER_WRITE, PKI_LEDGER_CREATE };

/* READ: never writes, never blocks the writer. WRITE: the only writer; LOCKED if another
 * process is the writer. CREATE: as WRITE, but the file must not exist yet (STATE). */
enum pki_status pki_ledger_open(const char *path, enum pki_ledger_mode mode,
	struct pki_ledger **out, struct pki_err *err) PKI_MUST_CHECK;
/* Opens a further reader, for another thread. Readers opened beside each other share the
 * youngest state that any of the readers saw; a reader refuses an older file at the
 * ledger's path (TAMPERED). After files of the ledger were replaced, a reader returns
 * STATE until all readers of the process have closed the old files. Each reader closes
 * old files at the reader's next read. */
enum pki_status pki_ledger_open_beside(const struct pki_ledger *reader,
	struct pki_ledger **out, struct pki_err *err) PKI_MUST_CHECK;
void pki_ledger_close(struct pki_ledger *ledger);
void pki_ledger_cleanup(struct pki_ledger **ledger);

/*
 * begin, commit, rollback: a durable transaction. begin takes the write lock; commit
 * returns after fsync, and after a look that database and WAL are still the files at the
 * ledger's path. UNKNOWN: the next start decides whether the transaction is in the ledger. mark, keep, undo: a savepoint within the transaction, so that a
 * refused order of a batch is undone alone. snapshot, release: a consistent view for
 * several reads (READ mode too).
 */
enum pki_status pki_ledger_begin(
	struct pki_ledger *ledger, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status pki_ledger_commit(
	struct pki_ledger *ledger, struct pki_err *err) PKI_MUST_CHECK;
void pki_ledger_rollback(struct pki_ledger *ledger);
/* true after a write to the disk failed, or the files were replaced: this process must end
 * and begin again from the disk. What the kernel's cache holds proves nothing any more. */
bool pki_ledger_failed(const struct pki_ledger *writer);
enum pki_status pki_ledger_mark(
	struct pki_ledger *ledger, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status pki_ledger_keep(
	struct pki_ledger *ledger, struct pki_err *err) PKI_MUST_CHECK;
void pki_ledger_undo(struct pki_ledger *ledger); /* back to the mark */
enum pki_status pki_ledger_snapshot(
	struct pki_ledger *ledger, struct pki_err *err) PKI_MUST_CHECK;
void pki_ledger_release(struct pki_ledger *ledger);

/*
 * A view identifies the state that a reader would read now. Between two equal views
 * nothing was committed, even if two readers of the file took the views. No view of a
 * ledger equals {0}. Taking a view costs no allocation and no system call. A commit shows
 * in the next view of every reader; a replaced ledger file shows within
 * PKI_LEDGER_LOOK_MSEC.
 */
#define PKI_LEDGER_LOOK_MSEC 10
struct pki_ledger_view {
	uint64_t entries; /* of the log */
	pki_msec last_event; /* 0: none; not compared */
	uint64_t state[12]; /* for pki_ledger_view_equal() alone */
};
/* INTERNAL for a writer, and within a snapshot. */
enum pki_status pki_ledger_view(struct pki_ledger *reader, struct pki_ledger_view *out,
	struct pki_err *err) PKI_MUST_CHECK;
bool pki_ledger_view_equal(
	const struct pki_ledger_view *a, const struct pki_ledger_view *b);

/* The time of the youngest event; 0 in an empty ledger (rule 209). */
enum pki_status pki_ledger_last_event(
	struct pki_ledger *ledger, pki_msec *out, struct pki_err *err) PKI_MUST_CHECK;

/* Issuers: small integers from 1. root: issuer 1, issuing CA: issuer 2. */
#define PKI_ISSUER_ROOT 1
#define PKI_ISSUER_CA 2
enum pki_status pki_ledger_add_issuer(struct pki_ledger *ledger, int issuer,
	const struct pki_cert *cert, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status pki_ledger_issuer(struct pki_ledger *ledger, int issuer,
	struct pki_cert **out, struct pki_err *err) PKI_MUST_CHECK;

/*
 * rule 52: from now on and for ever, the issuer's certificates are spread over partitions
 * of the issuer's CRL, by crl_base and partitions of urls. A second call for the issuer
 * is refused. Certificates issued before the call name the full CRL.
 */
enum pki_status pki_ledger_add_partitions(struct pki_ledger *ledger, int issuer,
	const struct pki_urls *urls, struct pki_err *err) PKI_MUST_CHECK;
/* Sets crl_base and partitions of out; "" and 0 if the issuer has no partitions. */
enum pki_status pki_ledger_partitions(struct pki_ledger *ledger, int issuer,
	struct pki_urls *out, struct pki_err *err) PKI_MUST_CHECK;

/* Orders. An order whose id or digest is in the ledger already is refused (rule 203). */
struct pki_order_row {
	char id[PKI_ID_TEXT];
	enum pki_action action;
	char holder[PKI_ID_TEXT]; /* "" : none */
	uint8_t digest[PKI_SHA256];
	pki_msec committed;
	uint64_t log_index; /* of the entry that records the order */
	struct pki_buf cms; /* owned by the row */
	int64_t row; /* ascending; read only */
};
enum pki_status pki_ledger_add_order(struct pki_ledger *ledger,
	const struct pki_order_row *row, struct pki_err *err) PKI_MUST_CHECK;
/* found as in err.h */
enum pki_status pki_ledger_order(struct pki_ledger *ledger, const char *id,
	struct pki_order_row *out, bool *found, struct pki_err *err) PKI_MUST_CHECK;
void pki_order_row_free(struct pki_order_row *row);
typedef enum pki_status (*pki_order_fn)(
	void *ctx, const struct pki_order_row *row, struct pki_err *err);
/* All orders, in the sequence of the commits. */
enum pki_status pki_ledger_each_order(struct pki_ledger *ledger, pki_order_fn fn,
	void *ctx, struct pki_err *err) PKI_MUST_CHECK;
/* Orders with row > after, at most limit; 0: no limit. */
enum pki_status pki_ledger_orders_after(struct pki_ledger *ledger, int64_t after,
	uint64_t limit, pki_order_fn fn, void *ctx, struct pki_err *err) PKI_MUST_CHECK;

/* Certificates. */
struct pki_cert_row {
	int64_t id; /* set by the ledger, ascending */
	int issuer;
	struct pki_serial serial;
	char holder[PKI_ID_TEXT];
	char profile[PKI_PROFILE_NAME];
	char order[PKI_ID_TEXT]; /* "" : made at the ceremony */
	uint8_t name_hash[PKI_SHA256];
	uint8_t name_key[PKI_SHA256]; /* to be added; not read back */
	uint8_t key_hash[PKI_SHA256];
	/* pki_name_identifier() of the subject; to be added, not read back */
	char identifier[PKI_IDENTIFIER_TEXT];
	pki_time not_before;
	pki_time not_after;
	pki_time document_end; /* 0: none */
	pki_msec issued;
	unsigned partition; /* CRL partition that the CDP names; 0: full CRL, or no CDP */
	struct pki_buf der; /* owned by the row */
	bool revoked; /* revoked to revoked_by: read only */
	pki_msec revoked_at;
	enum pki_reason reason;
	char revoked_by[PKI_ID_TEXT]; /* order */
};
/*
 * Adds a certificate and sets row->id. Refused by:
 * - rules 1, 3, 4: CHECK constraints; the three years do not bind certificates of the
 *   root;
 * - rule 15: the name belongs to another holder; officers and services count as one
 *   holder;
 * - rule 31: the key is blocked;
 * - rule 35: the order is missing or is no issue or renew order for this holder; only
 *   before the first order may a certificate without a holder lack an order;
 * - rule 36: the key was certified before;
 * - rule 52: the issuer does not have the partition;
 * - rule 55: the issuer's last CRL was made;
 * - rule 109: the identifier belongs to another holder, too.
 */
enum pki_status pki_ledger_add_certificate(struct pki_ledger *ledger,
	struct pki_cert_row *row, struct pki_err *err) PKI_MUST_CHECK;
/* found as in err.h */
enum pki_status pki_ledger_certificate(struct pki_ledger *ledger, int issuer,
	const struct pki_serial *serial, struct pki_cert_row *out, bool *found,
	struct pki_err *err) PKI_MUST_CHECK;
/* Finds a certificate of any issuer by the serial; the issuing CA is searched first. */
enum pki_status pki_ledger_issued(struct pki_ledger *ledger,
	const struct pki_serial *serial, struct pki_cert_row *out, bool *found,
	struct pki_err *err) PKI_MUST_CHECK;
void pki_cert_row_free(struct pki_cert_row *row);

typedef enum pki_status (*pki_cert_fn)(
	void *ctx, const struct pki_cert_row *row, struct pki_err *err);
/* Certificates by holder, by order, or all (id > after, at most limit; 0: no limit),
 * oldest first. */
enum pki_status pki_ledger_by_holder(struct pki_ledger *ledger, const char *holder,
	pki_cert_fn fn, void *ctx, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status pki_ledger_by_order(struct pki_ledger *ledger, const char *order,
	pki_cert_fn fn, void *ctx, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status pki_ledger_each_certificate(struct pki_ledger *ledger, int64_t after,
	uint64_t limit, pki_cert_fn fn, void *ctx, struct pki_err *err) PKI_MUST_CHECK;

/* Certificates of officers, services and the CA (those without a holder) that end at
 * `at` or later, oldest first; the revoked too. */
enum pki_status pki_ledger_each_staff(struct pki_ledger *ledger, pki_time at,
	pki_cert_fn fn, void *ctx, struct pki_err *err) PKI_MUST_CHECK;
/* The same, of those not revoked: the number by profile, and the first end. */
struct pki_staff_count {
	char profile[PKI_PROFILE_NAME];
	uint64_t count;
	pki_time first_end;
};
typedef void pki_staff_fn(void *ctx, const struct pki_staff_count *count);
enum pki_status pki_ledger_count_staff(struct pki_ledger *ledger, pki_time at,
	pki_staff_fn *fn, void *ctx, struct pki_err *err) PKI_MUST_CHECK;

/* rule 121: the person whom an officer's certificate (row->id) identifies, in the only
 * spelling (person.h). Refused while the person has another valid certificate. A
 * certificate that replaces another one is added, the other one is revoked, then the
 * person is added. */
enum pki_status pki_ledger_add_officer(struct pki_ledger *ledger, int64_t certificate,
	const char *person, struct pki_err *err) PKI_MUST_CHECK;
/* "" if the certificate identifies no person. */
enum pki_status pki_ledger_officer(struct pki_ledger *ledger, int64_t certificate,
	char person[PKI_PERSON_TEXT], struct pki_err *err) PKI_MUST_CHECK;

/* The status of a certificate, for the OCSP responder: a single indexed read. */
struct pki_cert_status {
	bool issued;
	bool revoked;
	pki_time revoked_at;
	enum pki_reason reason;
};
enum pki_status pki_ledger_status(struct pki_ledger *ledger, int issuer,
	const struct pki_serial *serial, struct pki_cert_status *out,
	struct pki_err *err) PKI_MUST_CHECK;

/* rule 55: the number of the issuer's unrevoked certificates that end at `at` or later,
 * and the last of these certificates to end. */
struct pki_ledger_alive {
	uint64_t count;
	struct pki_serial
		serial; /* serial, profile and not_after: of the last, if count > 0 */
	char profile[PKI_PROFILE_NAME];
	pki_time not_after;
};
enum pki_status pki_ledger_alive(struct pki_ledger *ledger, int issuer, pki_time at,
	struct pki_ledger_alive *out, struct pki_err *err) PKI_MUST_CHECK;

/* Look-ups for the ledger rules, before a certificate is signed. */
enum pki_status pki_ledger_key_known(struct pki_ledger *ledger,
	const uint8_t hash[PKI_SHA256], bool *certified, bool *blocked,
	struct pki_err *err) PKI_MUST_CHECK;
/* rule 15: who has the name of this pki_name_key()? holder: "" for an officer, a service or
 * the CA, who count as one holder. A reader may have a ledger of an earlier version, which
 * has no keys: own is true then, and other "". */
#define PKI_HOLDER_SERVICE "service"
struct pki_name_use {
	bool own; /* a certificate of this holder has the name */
	char other[PKI_ID_TEXT]; /* another holder, or PKI_HOLDER_SERVICE; "": none */
	bool shared; /* an earlier version gave the name to several holders */
};
enum pki_status pki_ledger_name_use(struct pki_ledger *ledger,
	const uint8_t key[PKI_SHA256], const char *holder, struct pki_name_use *out,
	struct pki_err *err) PKI_MUST_CHECK;
/* The number of names of which several holders have certificates that are neither revoked
 * nor expired: earlier versions compared names less strictly. */
enum pki_status pki_ledger_names_shared(struct pki_ledger *ledger, pki_time now,
	uint64_t *out, struct pki_err *err) PKI_MUST_CHECK;

/* rule 109: who has this identifier (pki_name_identifier())? Officers and services have no
 * identifier here. A reader may have a ledger of an earlier version, which does not know: own
 * is true then, and other "". */
struct pki_identifier_use {
	bool own; /* a certificate of this holder has the identifier, or the key is "" */
	char other[PKI_ID_TEXT]; /* another holder who has the identifier; "": none */
};
enum pki_status pki_ledger_identifier_use(struct pki_ledger *ledger, const char *key,
	const char *holder, struct pki_identifier_use *out,
	struct pki_err *err) PKI_MUST_CHECK;
/* The number of identifiers of which several holders have certificates that are neither
 * revoked nor expired: earlier versions did not compare identifiers. */
enum pki_status pki_ledger_identifiers_shared(struct pki_ledger *ledger, pki_time now,
	uint64_t *out, struct pki_err *err) PKI_MUST_CHECK;

/* Revocations. A revocation is final (rule 58), needs an order to revoke, or to renew the
 * officer's or service's certificate (rule 47; reason superseded), and
 * must come before the issuer's last CRL (rule 55). NOTFOUND if the certificate is not in
 * the ledger; STATE if the certificate is revoked already. OCSP status and CRL entry give
 * committed / 1000 as the revocation date. A revocation also blocks the certificate's
 * key. */
struct pki_revocation_row {
	int issuer;
	struct pki_serial serial;
	enum pki_reason reason;
	char order[PKI_ID_TEXT];
	pki_msec reported;
	pki_msec committed;
	pki_time not_after; /* not_after and partition: the certificate's; read only */
	unsigned partition;
};
enum pki_status pki_ledger_add_revocation(struct pki_ledger *ledger,
	const struct pki_revocation_row *row, struct pki_err *err) PKI_MUST_CHECK;

typedef enum pki_status (*pki_revocation_fn)(
	void *ctx, const struct pki_revocation_row *row, struct pki_err *err);
/* All revocations of the issuer, in the sequence of the commits. TAMPERED if serial,
 * not_after or partition of a revocation row, from which CRLs are made, differ from the
 * certificate's row. */
enum pki_status pki_ledger_each_revocation(struct pki_ledger *ledger, int issuer,
	pki_revocation_fn fn, void *ctx, struct pki_err *err) PKI_MUST_CHECK;

/* The entries of CRLs: certificates revoked at a position above `after` and up to `to`
 * (0: no end) that expire at `from` or later (rule 57), oldest first. partition 0: of all
 * partitions. */
struct pki_revoked_query {
	int issuer;
	unsigned partition;
	uint64_t after, to;
	pki_time from;
};
typedef enum pki_status (*pki_revoked_fn)(
	void *ctx, const struct pki_revoked *revoked, struct pki_err *err);
enum pki_status pki_ledger_each_revoked(struct pki_ledger *ledger,
	const struct pki_revoked_query *query, pki_revoked_fn fn, void *ctx,
	struct pki_err *err) PKI_MUST_CHECK;
/* Revoked certificates that expire at `from` or later and before `until`, unsorted. */
struct pki_ending_query {
	int issuer;
	pki_time from, until;
};
enum pki_status pki_ledger_each_ending(struct pki_ledger *ledger,
	const struct pki_ending_query *query, pki_revoked_fn fn, void *ctx,
	struct pki_err *err) PKI_MUST_CHECK;
/* The number of revocation rows of the issuer: each revocation adds 1. */
enum pki_status pki_ledger_revocation_count(struct pki_ledger *ledger, int issuer,
	uint64_t *out, struct pki_err *err) PKI_MUST_CHECK;

/*
 * CRLs: the full CRL, which is partition 0, and the CRLs of the partitions. All CRLs of
 * an issuer share a sequence of CRL numbers; a number that does not grow by 1 is refused
 * (rule 49). The last CRL of a partition has the nextUpdate PKI_CRL_LAST: no CRL follows,
 * and each certificate of the issuer must have expired or have been revoked before (rule
 * 55).
 */
struct pki_crl_row {
	int issuer;
	uint64_t number;
	unsigned partition;
	pki_time this_update;
	pki_time next_update;
	pki_msec committed;
	pki_msec published; /* 0: not yet */
	uint64_t revocations; /* the issuer's revocation rows when the CRL was built */
	pki_time cutoff; /* certificates listed expire at the cutoff or later (rule 57) */
	struct pki_buf der; /* owned by the row */
};
enum pki_status pki_ledger_add_crl(struct pki_ledger *ledger,
	const struct pki_crl_row *row, struct pki_err *err) PKI_MUST_CHECK;
/* number 0: the last full CRL. found as in err.h, also in the next three functions. */
enum pki_status pki_ledger_crl(struct pki_ledger *ledger, int issuer, uint64_t number,
	struct pki_crl_row *out, bool *found, struct pki_err *err) PKI_MUST_CHECK;
void pki_crl_row_free(struct pki_crl_row *row);
/* As pki_ledger_crl(), without the DER, which may be large. */
enum pki_status pki_ledger_crl_head(struct pki_ledger *ledger, int issuer,
	uint64_t number, struct pki_crl_row *out, bool *found,
	struct pki_err *err) PKI_MUST_CHECK;
/* The last CRL of a partition, or of all partitions, without the DER. */
#define PKI_LIST_ANY (-1)
enum pki_status pki_ledger_last_crl(struct pki_ledger *ledger, int issuer, int partition,
	struct pki_crl_row *out, bool *found, struct pki_err *err) PKI_MUST_CHECK;
/* The first CRL of the certificate's partition that was built after the certificate's
 * revocation, without the DER. */
enum pki_status pki_ledger_crl_covering(struct pki_ledger *ledger, int issuer,
	const struct pki_serial *serial, struct pki_crl_row *out, bool *found,
	struct pki_err *err) PKI_MUST_CHECK;
/* Records the publication of a CRL; STATE if the publication is recorded already. */
enum pki_status pki_ledger_add_publication(struct pki_ledger *ledger, int issuer,
	uint64_t number, pki_msec published, struct pki_err *err) PKI_MUST_CHECK;

/* Log storage, for log.c: entries, the hashes of complete subtrees, checkpoints. */
enum pki_status pki_ledger_add_entry(struct pki_ledger *ledger, uint64_t index,
	pki_msec at, struct pki_bytes entry, struct pki_err *err) PKI_MUST_CHECK;
/* Appends to out. NOTFOUND from entry_count on. */
enum pki_status pki_ledger_entry(struct pki_ledger *ledger, uint64_t index,
	struct pki_buf *out, struct pki_err *err) PKI_MUST_CHECK;
/* The entry's time. NOTFOUND from entry_count on. */
enum pki_status pki_ledger_entry_time(struct pki_ledger *ledger, uint64_t index,
	pki_msec *out, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status pki_ledger_entry_count(
	struct pki_ledger *ledger, uint64_t *out, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status pki_ledger_add_hash(struct pki_ledger *ledger, unsigned level,
	uint64_t index, const struct pki_hash *hash, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status pki_ledger_hash(struct pki_ledger *ledger, unsigned level, uint64_t index,
	struct pki_hash *out, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status pki_ledger_add_checkpoint(struct pki_ledger *ledger, uint64_t size,
	struct pki_bytes note, struct pki_err *err) PKI_MUST_CHECK;
/* size 0: the last checkpoint. Appends to note; found as in err.h */
enum pki_status pki_ledger_checkpoint(struct pki_ledger *ledger, uint64_t size,
	struct pki_buf *note, bool *found, struct pki_err *err) PKI_MUST_CHECK;
typedef enum pki_status (*pki_checkpoint_fn)(
	void *ctx, uint64_t size, struct pki_bytes note, struct pki_err *err);
/* All checkpoints, smallest first. */
enum pki_status pki_ledger_each_checkpoint(struct pki_ledger *ledger,
	pki_checkpoint_fn fn, void *ctx, struct pki_err *err) PKI_MUST_CHECK;

/* Figures for status pages. */
struct pki_ledger_figures {
	uint64_t certificates;
	uint64_t revocations;
	uint64_t orders;
	uint64_t entries;
};
enum pki_status pki_ledger_count(struct pki_ledger *ledger,
	struct pki_ledger_figures *out, struct pki_err *err) PKI_MUST_CHECK;

/* For the start of a writer: runs SQLite's quick check; TAMPERED with SQLite's message.
 * The check reads the whole file. Above PKI_LEDGER_QUICK_MAX octets only the newest rows of
 * each table are read, with their index entries: a write that was torn or lost is there. */
#define PKI_LEDGER_QUICK_MAX ((int64_t)512 << 20)
enum pki_status pki_ledger_quick_check(
	struct pki_ledger *ledger, struct pki_err *err) PKI_MUST_CHECK;
/* Runs SQLite's integrity check; TAMPERED with SQLite's message. */
enum pki_status pki_ledger_check(
	struct pki_ledger *ledger, struct pki_err *err) PKI_MUST_CHECK;
/*
 * For auditors: checks that the schema is this suite's, with all triggers and
 * constraints, and that the tables, log entries included, agree on each object. Calls fn
 * for each object that fails, with the error, which fn may move.
 */
typedef void pki_ledger_finding_fn(void *ctx, const char *object, struct pki_err *err);
enum pki_status pki_ledger_reconcile(struct pki_ledger *ledger, pki_ledger_finding_fn *fn,
	void *ctx, struct pki_err *err) PKI_MUST_CHECK;

#endif
