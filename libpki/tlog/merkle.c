#include "libpki/tlog/merkle.h"

#include <openssl/evp.h>
#include <string.h>

#define LEAF_PREFIX 0x00
#define NODE_PREFIX 0x01

enum pki_status
pki_merkle_leaf(struct pki_bytes entry, struct pki_hash *out, struct pki_err *err)
{
	static const uint8_t prefix = LEAF_PREFIX;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
		  EVP_DigestUpdate(ctx, &prefix, 1) == 1 &&
		  EVP_DigestUpdate(ctx, entry.data, entry.len) == 1 &&
		  EVP_DigestFinal_ex(ctx, out->octets, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	return ok ? PKI_OK : pki_fail_ssl(err, PKI_INTERNAL, "hash of a log entry");
}

enum pki_status
pki_merkle_node(const struct pki_hash *left, const struct pki_hash *right,
	struct pki_hash *out, struct pki_err *err)
{
	uint8_t node[1 + 2 * PKI_SHA256] = { NODE_PREFIX };
	memcpy(node + 1, left->octets, PKI_SHA256);
	memcpy(node + 1 + PKI_SHA256, right->octets, PKI_SHA256);
	return pki_sha256(node, sizeof node, out->octets, err);
}

/* RFC 9162 2.1.1: the exponent of the largest power of two below n, n > 1. */
static unsigned
split_level(uint64_t n)
{
	unsigned level = 0;
	while (level < 63 && ((uint64_t)2 << level) < n)
		level++;
	return level;
}

/* MTH(D[lo:hi]), lo < hi, lo a multiple of the largest power of two in hi - lo. */
static enum pki_status
range_root(uint64_t lo, uint64_t hi, const struct pki_merkle_source *src,
	struct pki_hash *out, struct pki_err *err)
{
	uint64_t n = hi - lo;
	if ((n & (n - 1)) == 0) {
		unsigned level = n == 1 ? 0 : split_level(n) + 1;
		return src->read(src->ctx, level, lo >> level, out, err);
	}
	unsigned level = split_level(n);
	struct pki_hash left, right;
	PKI_TRY(src->read(src->ctx, level, lo >> level, &left, err));
	PKI_TRY(range_root(lo + ((uint64_t)1 << level), hi, src, &right, err));
	return pki_merkle_node(&left, &right, out, err);
}

enum pki_status
pki_merkle_root(uint64_t size, const struct pki_merkle_source *src, struct pki_hash *out,
	struct pki_err *err)
{
	if (size == 0)
		return pki_sha256("", 0, out->octets, err);
	return range_root(0, size, src, out, err);
}

enum pki_status
pki_merkle_peaks(uint64_t size, const struct pki_merkle_source *src,
	struct pki_merkle_peaks *out, struct pki_err *err)
{
	*out = (struct pki_merkle_peaks){ .size = size };
	for (unsigned level = 0; level < PKI_PROOF_MAX && size >> level != 0; level++)
		if ((size >> level & 1) != 0)
			PKI_TRY(src->read(src->ctx, level, (size >> level) - 1,
				&out->hashes[level], err));
	return PKI_OK;
}

enum pki_status
pki_merkle_grow(struct pki_merkle_peaks *peaks, const struct pki_hash *leaf,
	const struct pki_merkle_sink *sink, struct pki_err *err)
{
	struct pki_hash hash = *leaf;
	uint64_t index = peaks->size;
	unsigned level = 0;
	if (index == UINT64_MAX)
		return pki_fail(err, PKI_LIMIT, "a tree of 2^64 leaves");
	for (;; level++) {
		if (sink != NULL)
			PKI_TRY(sink->write(
				sink->ctx, level, index >> level, &hash, err));
		if ((index >> level & 1) == 0)
			break;
		PKI_TRY(pki_merkle_node(&peaks->hashes[level], &hash, &hash, err));
	}
	peaks->hashes[level] = hash;
	peaks->size++;
	return PKI_OK;
}

/* The peaks are joined from the right. */
enum pki_status
pki_merkle_peaks_root(
	const struct pki_merkle_peaks *peaks, struct pki_hash *out, struct pki_err *err)
{
	bool any = false;
	for (unsigned level = 0; level < PKI_PROOF_MAX && peaks->size >> level != 0;
		level++) {
		if ((peaks->size >> level & 1) == 0)
			continue;
		if (any)
			PKI_TRY(pki_merkle_node(&peaks->hashes[level], out, out, err));
		else
			*out = peaks->hashes[level];
		any = true;
	}
	return any ? PKI_OK : pki_sha256("", 0, out->octets, err);
}

static void
reverse(struct pki_proof *proof)
{
	for (size_t i = 0, j = proof->count; i + 1 < j; i++) {
		struct pki_hash swap = proof->hashes[i];
		proof->hashes[i] = proof->hashes[--j];
		proof->hashes[j] = swap;
	}
}

/* The leaves from lo to hi - 1. */
struct range {
	uint64_t lo, hi;
};

/*
 * From the root down to a subtree: the sibling at each step is the next hash of the proof,
 * which lists the hashes from the leaf up (RFC 9162 2.1.3.1, 2.1.4.1). The walk begins with
 * all leaves in *at. It ends at the leaf `index`, or, with whole, at the subtree whose last
 * leaf is `index`; *at is then that subtree.
 */
static enum pki_status
descend(uint64_t index, bool whole, struct range *at, const struct pki_merkle_source *src,
	struct pki_proof *out, struct pki_err *err)
{
	out->count = 0;
	while (at->hi - at->lo > 1 && !(whole && index + 1 == at->hi)) {
		if (out->count == PKI_PROOF_MAX)
			return pki_fail(
				err, PKI_INTERNAL, "a proof of more than 64 hashes");
		struct pki_hash *sibling = &out->hashes[out->count++];
		uint64_t middle = at->lo + ((uint64_t)1 << split_level(at->hi - at->lo));
		if (index < middle) {
			PKI_TRY(range_root(middle, at->hi, src, sibling, err));
			at->hi = middle;
		} else {
			PKI_TRY(range_root(at->lo, middle, src, sibling, err));
			at->lo = middle;
		}
	}
	return PKI_OK;
}

enum pki_status
pki_merkle_inclusion(uint64_t index, uint64_t size, const struct pki_merkle_source *src,
	struct pki_proof *out, struct pki_err *err)
{
	if (index >= size)
		return pki_fail(err, PKI_INPUT, "entry %ju of a log of %ju",
			(uintmax_t)index, (uintmax_t)size);
	struct range at = { 0, size };
	PKI_TRY(descend(index, false, &at, src, out, err));
	reverse(out);
	return PKI_OK;
}

enum pki_status
pki_merkle_consistency(uint64_t old, uint64_t size, const struct pki_merkle_source *src,
	struct pki_proof *out, struct pki_err *err)
{
	if (old == 0 || old > size)
		return pki_fail(err, PKI_INPUT, "consistency of size %ju with size %ju",
			(uintmax_t)old, (uintmax_t)size);
	struct range at = { 0, size };
	PKI_TRY(descend(old - 1, true, &at, src, out, err));
	if (at.lo != 0) {
		if (out->count == PKI_PROOF_MAX)
			return pki_fail(
				err, PKI_INTERNAL, "a proof of more than 64 hashes");
		PKI_TRY(range_root(at.lo, at.hi, src, &out->hashes[out->count++], err));
	}
	reverse(out);
	return PKI_OK;
}

static enum pki_status
broken(struct pki_err *err, const char *what)
{
	return pki_fail_rule(err, PKI_TAMPERED, PKI_RULE_LOG_HASH,
		"%s; the log or the proof was changed: keep both and compare with other copies of the log",
		what);
}

static bool
same(const struct pki_hash *a, const struct pki_hash *b)
{
	return memcmp(a->octets, b->octets, PKI_SHA256) == 0;
}

/* RFC 9162 2.1.3.2 */
enum pki_status
pki_merkle_check_inclusion(const struct pki_hash *leaf, uint64_t index, uint64_t size,
	const struct pki_hash *root, const struct pki_proof *proof, struct pki_err *err)
{
	if (index >= size || proof->count > PKI_PROOF_MAX)
		return broken(err, "the entry's index is beyond the log's size");
	uint64_t fn = index, sn = size - 1;
	struct pki_hash r = *leaf;
	for (size_t i = 0; i < proof->count; i++) {
		if (sn == 0)
			return broken(err, "the inclusion proof is too long");
		if ((fn & 1) != 0 || fn == sn) {
			PKI_TRY(pki_merkle_node(&proof->hashes[i], &r, &r, err));
			while ((fn & 1) == 0 && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			PKI_TRY(pki_merkle_node(&r, &proof->hashes[i], &r, err));
		}
		fn >>= 1;
		sn >>= 1;
	}
	if (sn != 0)
		return broken(err, "the inclusion proof is too short");
	if (!same(&r, root))
		return broken(err, "the inclusion proof does not lead to the root");
	return PKI_OK;
}

/* RFC 9162 2.1.4.2 from step 4 on */
struct path {
	/* The root of the old tree's last complete subtree, then the proof's hashes. */
	struct pki_hash hashes[PKI_PROOF_MAX + 1];
	size_t count;
	uint64_t fn, sn;
};

/* The path's two roots: *fr of the old tree, *sr of the new tree. */
static enum pki_status
follow_path(const struct path *p, struct pki_hash *fr, struct pki_hash *sr,
	struct pki_err *err)
{
	uint64_t fn = p->fn, sn = p->sn;
	const struct pki_hash *path = p->hashes;
	while ((fn & 1) != 0) {
		fn >>= 1;
		sn >>= 1;
	}
	*fr = *sr = path[0];
	for (size_t i = 1; i < p->count; i++) {
		if (sn == 0)
			return broken(err, "the consistency proof is too long");
		if ((fn & 1) != 0 || fn == sn) {
			PKI_TRY(pki_merkle_node(&path[i], fr, fr, err));
			PKI_TRY(pki_merkle_node(&path[i], sr, sr, err));
			while ((fn & 1) == 0 && fn != 0) {
				fn >>= 1;
				sn >>= 1;
			}
		} else {
			PKI_TRY(pki_merkle_node(sr, &path[i], sr, err));
		}
		fn >>= 1;
		sn >>= 1;
	}
	if (sn != 0)
		return broken(err, "the consistency proof is too short");
	return PKI_OK;
}

enum pki_status
pki_merkle_check_consistency(uint64_t old, const struct pki_hash *old_root, uint64_t size,
	const struct pki_hash *root, const struct pki_proof *proof, struct pki_err *err)
{
	if (old > size || proof->count > PKI_PROOF_MAX)
		return broken(err, "the log is smaller than before");
	if (old == 0 || old == size) {
		if (proof->count != 0)
			return broken(err, "the consistency proof is too long");
		if (old == size && !same(old_root, root))
			return broken(err, "two roots of one size");
		return PKI_OK;
	}
	struct path path = { .fn = old - 1, .sn = size - 1 };
	if ((old & (old - 1)) == 0)
		path.hashes[path.count++] = *old_root;
	memcpy(path.hashes + path.count, proof->hashes,
		proof->count * sizeof path.hashes[0]);
	path.count += proof->count;
	if (path.count < 2)
		return broken(err, "the consistency proof is too short");
	struct pki_hash fr, sr;
	PKI_TRY(follow_path(&path, &fr, &sr, err));
	if (!same(&fr, old_root))
		return broken(err, "the consistency proof does not lead to the old root");
	if (!same(&sr, root))
		return broken(err, "the consistency proof does not lead to the new root");
	return PKI_OK;
}
