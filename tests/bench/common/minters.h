/* Threads that mint holders with their pair of certificates, ahead of the one that writes. */
#ifndef TESTS_BENCH_MINTERS_H
#define TESTS_BENCH_MINTERS_H

#include "tests/bench/common/mint.h"
#include "tests/bench/common/office.h"

#define MINTERS_MAX 32
#define HOLDERS_PER_CHUNK 64
#define CERTS_PER_HOLDER 2

extern const char *const minted_profiles[CERTS_PER_HOLDER];

struct minted_holder {
	char id[PKI_ID_TEXT];
	uint8_t name_hash[PKI_SHA256];
	char identifier[PKI_IDENTIFIER_TEXT];
	uint8_t name_key[PKI_SHA256];
	pki_time not_before;
	pki_time not_after; /* of both; the identity document ends then */
	struct minted certs[CERTS_PER_HOLDER];
	char digests[CERTS_PER_HOLDER][PKI_SHA256_HEX];
};

struct minted_chunk {
	struct minted_holder holders[HOLDERS_PER_CHUNK];
	size_t count;
	struct minted_chunk *next;
};

/* As many threads as count says mint this number of holders in all. */
void minters_start(const struct office *office, size_t threads, uint64_t holders);
/* The next chunk, NULL after the last; given back when it is written. */
struct minted_chunk *minters_take(void);
void minters_give_back(struct minted_chunk *chunk);
void minters_end(void);

#endif
