#include "ocsp/cache.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* Neighbouring slots share a lock; more locks than threads ever need at once. */
#define LOCKS 64u

/* Responses whose hashes choose the same set; further responses replace each of them in
 * turn. */
#define WAYS 8u

struct slot {
	struct ready *ready;
	uint64_t hash;
	uint64_t at;
};

struct set {
	size_t next; /* the response to replace next */
	struct slot slots[WAYS];
};

struct cache {
	pthread_mutex_t locks[LOCKS];
	size_t count;
	struct set sets[];
};

enum pki_status
cache_new(size_t slots, struct cache **out, struct pki_err *err)
{
	size_t count = (slots + WAYS - 1) / WAYS;
	struct cache *cache = calloc(1, sizeof *cache + count * sizeof(struct set));
	if (cache == NULL)
		return pki_fail(err, PKI_MEMORY, "a cache of %zu answers", slots);
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_init(&cache->locks[i], NULL);
	cache->count = count;
	*out = cache;
	return PKI_OK;
}

void
cache_free(struct cache *cache)
{
	if (cache == NULL)
		return;
	for (size_t i = 0; i < cache->count * WAYS; i++)
		ready_free(cache->sets[i / WAYS].slots[i % WAYS].ready);
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_destroy(&cache->locks[i]);
	free(cache);
}

/* FNV-1a, eight octets at a time. A client that makes requests collide gains nothing but new
 * signatures, as with nonces. */
static uint64_t
hash_of(const uint8_t *key, size_t len)
{
	uint64_t hash = 0xcbf29ce484222325u;
	for (size_t i = 0; i < len; i += sizeof hash) {
		uint64_t word = 0;
		memcpy(&word, key + i, len - i < sizeof word ? len - i : sizeof word);
		hash = (hash ^ word) * 0x100000001b3u;
		hash ^= hash >> 32;
	}
	return hash;
}

/* NULL: none. */
static struct slot *
find(struct set *set, uint64_t hash, const uint8_t *key, size_t len)
{
	for (size_t i = 0; i < WAYS; i++) {
		struct slot *slot = &set->slots[i];
		if (slot->ready != NULL && slot->hash == hash &&
			slot->ready->key_len == len &&
			memcmp(slot->ready->key, key, len) == 0)
			return slot;
	}
	return NULL;
}

struct ready *
cache_find(struct cache *cache, struct pki_bytes request, uint64_t *at)
{
	uint64_t hash = hash_of(request.data, request.len);
	size_t which = (size_t)(hash % cache->count);
	pthread_mutex_t *lock = &cache->locks[which % LOCKS];
	struct ready *ready = NULL;
	pthread_mutex_lock(lock);
	const struct slot *slot =
		find(&cache->sets[which], hash, request.data, request.len);
	if (slot != NULL) {
		ready = slot->ready;
		atomic_fetch_add(&ready->owners, 1);
		*at = slot->at;
	}
	pthread_mutex_unlock(lock);
	return ready;
}

void
cache_put(struct cache *cache, struct ready *ready, uint64_t at)
{
	uint64_t hash = hash_of(ready->key, ready->key_len);
	size_t which = (size_t)(hash % cache->count);
	pthread_mutex_t *lock = &cache->locks[which % LOCKS];
	struct set *set = &cache->sets[which];
	atomic_fetch_add(&ready->owners, 1);
	pthread_mutex_lock(lock);
	struct slot *slot = find(set, hash, ready->key, ready->key_len);
	if (slot == NULL)
		slot = &set->slots[set->next++ % WAYS];
	struct ready *old = slot->ready;
	*slot = (struct slot){ ready, hash, at };
	pthread_mutex_unlock(lock);
	ready_free(old);
}
