/* Merkle proofs from published tiles alone. */
#include <string.h>

#include "libpki/state/log.h"

#define TILE_BITS 8u

/* The root of the complete subtree over 2^height hashes. */
static enum pki_status
fold(struct pki_hash *hashes, unsigned height, struct pki_hash *out, struct pki_err *err)
{
	for (unsigned h = height; h > 0; h--)
		for (unsigned i = 0; i < 1u << (h - 1); i++)
			PKI_TRY(pki_merkle_node(&hashes[(size_t)i * 2],
				&hashes[(size_t)i * 2 + 1], &hashes[i], err));
	*out = hashes[0];
	return PKI_OK;
}

static enum pki_status
read_hash(void *ctx, unsigned level, uint64_t index, struct pki_hash *out,
	struct pki_err *err)
{
	const struct pki_log_tiles *tiles = ctx;
	struct pki_hash hashes[PKI_TILE_WIDTH];
	PKI_CLEANUP(pki_buf_free) struct pki_buf tile = { 0 };
	unsigned tile_level = level / TILE_BITS, height = level % TILE_BITS;
	uint64_t first = index << height, at = first % PKI_TILE_WIDTH;
	uint64_t left = (tiles->size >> (tile_level * TILE_BITS)) - (first - at);
	unsigned width = left < PKI_TILE_WIDTH ? (unsigned)left : PKI_TILE_WIDTH;
	PKI_TRY(pki_log_read_tile(
		tiles->dir, tile_level, first / PKI_TILE_WIDTH, width, &tile, err));
	memcpy(hashes, tile.data + at * PKI_SHA256, (size_t)PKI_SHA256 << height);
	return fold(hashes, height, out, err);
}

struct pki_merkle_source
pki_log_tiles_source(struct pki_log_tiles *tiles)
{
	return (struct pki_merkle_source){ read_hash, tiles };
}
