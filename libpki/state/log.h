/*
 * The audit log: events as canonical JSON, leaves of a Merkle tree kept in the ledger,
 * published as C2SP tlog-tiles. log(5) gives the form. Entries never hold personal data:
 * identifiers are the suite's own, everything else a digest over something salted.
 */
#ifndef LIBPKI_STATE_LOG_H
#define LIBPKI_STATE_LOG_H

#include "libpki/base/json.h"
#include "libpki/state/ledger.h"
#include "libpki/tlog/note.h"

/* An entry, as JSON; C2SP entry bundles hold 65535 octets at most. */
#define PKI_ENTRY_MAX ((size_t)8 << 10)

struct pki_event {
	const char *type; /* "certificate-issued"; one table in log.c, log(5) */
	const char *source; /* "pki-ca": the program */
	const char *actor; /* officer's serial, or "" */
	pki_msec at;
	json_t *detail; /* object of words, integers, lists and objects, three deep; borrowed;
	                 * may be NULL */
};
/* Longest text in a detail and its end. */
#define PKI_EVENT_WORD 129
/* Is it in the table of event types? Which program says it: NULL if none. */
const char *pki_event_source(const char *type);
bool pki_event_known(const char *type);

/* Within a ledger transaction: append; the entry's index to *index (may be NULL). CLOCK if
 * the event is older than the youngest entry (rule 209). */
enum pki_status pki_log_append(struct pki_ledger *ledger, const struct pki_event *event,
	uint64_t *index, struct pki_err *err) PKI_MUST_CHECK;

/* Root over the first `size` entries; a source for merkle.h's proofs. */
enum pki_status pki_log_root(struct pki_ledger *ledger, uint64_t size,
	struct pki_hash *out, struct pki_err *err) PKI_MUST_CHECK;
struct pki_merkle_source pki_log_source(struct pki_ledger *ledger);

/*
 * Publish below dir what the last checkpoint covers and `from` entries did not: entry bundles,
 * full and partial tiles, and last the checkpoint. from 0 publishes all; after a kill, any
 * size that was published before is right. *size: entries published, 0 without a checkpoint.
 */
enum pki_status pki_log_publish(struct pki_ledger *ledger, const char *dir, uint64_t from,
	uint64_t *size, struct pki_err *err) PKI_MUST_CHECK;

/*
 * For verifiers: a log read back from its published files, nothing trusted. Appends the file
 * tile/LEVEL/INDEX (hashes of 32 octets) or tile/entries/INDEX; width below 256: the partial
 * one, or as much of the full one that took its place. NOTFOUND if neither is there, TAMPERED
 * (rule 83) if it is not of that width.
 */
#define PKI_TILE_WIDTH 256
enum pki_status pki_log_read_entries(const char *dir, uint64_t bundle, unsigned width,
	struct pki_buf *out, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status pki_log_read_tile(const char *dir, unsigned level, uint64_t index,
	unsigned width, struct pki_buf *out, struct pki_err *err) PKI_MUST_CHECK;
/* Of which widths the tile has a partial one, of older checkpoints too; level PKI_LOG_ENTRIES:
 * the bundle. */
#define PKI_LOG_ENTRIES (-1)
void pki_log_partials(
	const char *dir, int level, uint64_t index, bool widths[static PKI_TILE_WIDTH]);
/* What merkle.h's proofs read, from the tiles of a log of `size` entries at least. */
struct pki_log_tiles {
	const char *dir;
	uint64_t size;
};
struct pki_merkle_source pki_log_tiles_source(struct pki_log_tiles *tiles);
/* The entry at the head of what is left of a bundle, which shrinks by it; false if there is
 * no whole one. */
bool pki_log_next_entry(struct pki_bytes *bundle, struct pki_bytes *entry);

#endif
