/*
 * Merkle trees of RFC 9162 2.1 (rule 80). Nothing is read or written here: a callback gives the
 * root of the complete subtree `index` at `level` (level 0: leaves).
 */
#ifndef LIBPKI_TLOG_MERKLE_H
#define LIBPKI_TLOG_MERKLE_H

#include "libpki/base/hex.h"

#define PKI_PROOF_MAX 64

struct pki_hash {
	uint8_t octets[PKI_SHA256];
};

struct pki_merkle_source {
	enum pki_status (*read)(void *ctx, unsigned level, uint64_t index,
		struct pki_hash *out, struct pki_err *err);
	void *ctx;
};

struct pki_proof {
	struct pki_hash hashes[PKI_PROOF_MAX];
	size_t count;
};

enum pki_status pki_merkle_leaf(
	struct pki_bytes entry, struct pki_hash *out, struct pki_err *err) PKI_MUST_CHECK;
enum pki_status pki_merkle_node(const struct pki_hash *left, const struct pki_hash *right,
	struct pki_hash *out, struct pki_err *err) PKI_MUST_CHECK;
/*
 * A growing tree: its complete subtrees, from which the root follows. {0}: no leaves.
 */
struct pki_merkle_peaks {
	uint64_t size;
	struct pki_hash hashes[PKI_PROOF_MAX]; /* by level; set where `size` has a bit */
};
/* Receives the hash of each subtree that a leaf completes, the leaf's own first. */
struct pki_merkle_sink {
	enum pki_status (*write)(void *ctx, unsigned level, uint64_t index,
		const struct pki_hash *hash, struct pki_err *err);
	void *ctx;
};
/* The peaks of the tree of the first `size` leaves. */
enum pki_status pki_merkle_peaks(uint64_t size, const struct pki_merkle_source *src,
	struct pki_merkle_peaks *out, struct pki_err *err) PKI_MUST_CHECK;
/* Adds a leaf; sink may be NULL. */
enum pki_status pki_merkle_grow(struct pki_merkle_peaks *peaks,
	const struct pki_hash *leaf, const struct pki_merkle_sink *sink,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status pki_merkle_peaks_root(const struct pki_merkle_peaks *peaks,
	struct pki_hash *out, struct pki_err *err) PKI_MUST_CHECK;

enum pki_status pki_merkle_root(uint64_t size, const struct pki_merkle_source *src,
	struct pki_hash *out, struct pki_err *err) PKI_MUST_CHECK;

/* index < size; 0 < old <= size */
enum pki_status pki_merkle_inclusion(uint64_t index, uint64_t size,
	const struct pki_merkle_source *src, struct pki_proof *out,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status pki_merkle_consistency(uint64_t old, uint64_t size,
	const struct pki_merkle_source *src, struct pki_proof *out,
	struct pki_err *err) PKI_MUST_CHECK;

/* TAMPERED (rule 80) if the proof does not hold. old 0 is consistent with everything. */
enum pki_status pki_merkle_check_inclusion(const struct pki_hash *leaf, uint64_t index,
	uint64_t size, const struct pki_hash *root, const struct pki_proof *proof,
	struct pki_err *err) PKI_MUST_CHECK;
enum pki_status pki_merkle_check_consistency(uint64_t old,
	const struct pki_hash *old_root, uint64_t size, const struct pki_hash *root,
	const struct pki_proof *proof, struct pki_err *err) PKI_MUST_CHECK;

#endif
