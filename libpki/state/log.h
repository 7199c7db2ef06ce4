/*
 * The audit log. Events are canonical JSON and the leaves of a Merkle tree; the ledger
 * stores the tree; files publish the tree as C2SP tlog-tiles. log(5) gives the form, event.h
 * checks the form.
 * Entries never hold personal data: identifiers are the suite's own, all further values
 * are digests over salted data.
 */
#ifndef LIBPKI_STATE_LOG_H
#define LIBPKI_STATE_LOG_H

#include "libpki/state/event.h"
#include "libpki/state/ledger.h"
#include "libpki/tlog/note.h"

/* An entry, as JSON; C2SP entry bundles hold 65535 octets at most. */
#define PKI_ENTRY_MAX ((size_t)8 << 10)

/* Appends the event, within a ledger transaction; writes the entry's index to *index (may
 * be NULL). INPUT, as pki_event_check(), for an event of another form. CLOCK if the event is older than the youngest entry (rule 209). */
enum pki_status pki_log_append(struct pki_ledger *ledger, const struct pki_event *event,
	uint64_t *index, struct pki_err *err) PKI_MUST_CHECK;

/* The root over the first `size` entries; the ledger's hashes as a source for the proofs
 * of merkle.h. */
enum pki_status pki_log_root(struct pki_ledger *ledger, uint64_t size,
	struct pki_hash *out, struct pki_err *err) PKI_MUST_CHECK;
struct pki_merkle_source pki_log_source(struct pki_ledger *ledger);

/*
 * Publishes below dir the entries from `from` to the last checkpoint's size: entry
 * bundles, full and partial tiles, and at last the checkpoint. from 0 publishes all
 * entries. After a kill, `from` may be any size that was published before. *size: number
 * of entries published, 0 without a checkpoint. STATE if `from` is above the last
 * checkpoint's size.
 */
enum pki_status pki_log_publish(struct pki_ledger *ledger, const char *dir, uint64_t from,
	uint64_t *size, struct pki_err *err) PKI_MUST_CHECK;

/* Publishes the full tiles, entry bundles and the last partial ones of the first `size`
 * entries again that are missing below dir, or are not as long as they must be. *made
 * counts the files. */
enum pki_status pki_log_repair(struct pki_ledger *ledger, const char *dir, uint64_t size,
	uint64_t *made, struct pki_err *err) PKI_MUST_CHECK;

/*
 * For verifiers: read a log from the published files, without trust in the files. Appends
 * the file tile/LEVEL/INDEX (hashes of 32 octets) or tile/entries/INDEX to out. width
 * below 256: the partial tile, or the first `width` items of the full tile that replaced
 * the partial tile. NOTFOUND if neither tile exists; TAMPERED (rule 83) if a tile has the
 * wrong number of items.
 */
#define PKI_TILE_WIDTH 256
enum pki_status pki_log_read_entries(const char *dir, uint64_t bundle, unsigned width,
	struct pki_buf *out, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status pki_log_read_tile(const char *dir, unsigned level, uint64_t index,
	unsigned width, struct pki_buf *out, struct pki_err *err) PKI_MUST_CHECK;
/* Sets widths[w] if a partial tile of width w exists, also of older checkpoints. level
 * PKI_LOG_ENTRIES: partial entry bundles. */
#define PKI_LOG_ENTRIES (-1)
void pki_log_partials(
	const char *dir, int level, uint64_t index, bool widths[static PKI_TILE_WIDTH]);
/* A source for the proofs of merkle.h: the published tiles of a log of at least `size`
 * entries. */
struct pki_log_tiles {
	const char *dir;
	uint64_t size;
};
struct pki_merkle_source pki_log_tiles_source(struct pki_log_tiles *tiles);
/* Takes the first entry off the bundle: *entry borrows the entry's octets, *bundle keeps
 * the rest. false if the bundle does not begin with a whole entry. */
bool pki_log_next_entry(struct pki_bytes *bundle, struct pki_bytes *entry);

#endif
