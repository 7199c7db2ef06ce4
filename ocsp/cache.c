#include <pthread.h>
#include <string.h>

#include "ocsp/ocspd.h"

/* Neighbouring slots share a lock; more locks than threads ever ask at once. */
#define LOCKS 64u

struct slot {
	struct ready *ready;
	struct pki_ledger_view view;
};

/* Direct-mapped: a newcomer takes the place of who stands there. */
struct answer_cache {
	pthread_mutex_t locks[LOCKS];
	size_t count;
	struct slot slots[];
};

struct ready *
ready_new(struct pki_bytes key, struct pki_err *err)
{
	struct ready *ready = calloc(1, sizeof *ready + key.len);
	if (ready == NULL) {
		(void)!pki_fail(err, PKI_MEMORY, "an answer");
		return NULL;
	}
	atomic_store(&ready->owners, 1);
	ready->key_len = key.len;
	memcpy(ready->key, key.data, key.len);
	return ready;
}

void
ready_free(struct ready *ready)
{
	if (ready == NULL || atomic_fetch_sub(&ready->owners, 1) != 1)
		return;
	pki_http_ready_free(ready->http);
	free(ready);
}

void
ready_cleanup(struct ready **ready)
{
	ready_free(*ready);
}

enum pki_status
cache_new(size_t slots, struct answer_cache **out, struct pki_err *err)
{
	struct answer_cache *cache = calloc(1, sizeof *cache + slots * sizeof(struct slot));
	if (cache == NULL)
		return pki_fail(err, PKI_MEMORY, "a cache of %zu answers", slots);
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_init(&cache->locks[i], NULL);
	cache->count = slots;
	*out = cache;
	return PKI_OK;
}

void
cache_free(struct answer_cache *cache)
{
	if (cache == NULL)
		return;
	for (size_t i = 0; i < cache->count; i++)
		ready_free(cache->slots[i].ready);
	for (size_t i = 0; i < LOCKS; i++)
		pthread_mutex_destroy(&cache->locks[i]);
	free(cache);
}

/* FNV-1a: who chooses requests so that they collide only has them signed anew each time, as
 * with nonces. */
static size_t
place_of(const struct answer_cache *cache, const uint8_t *key, size_t len)
{
	uint64_t hash = 0xcbf29ce484222325u;
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ key[i]) * 0x100000001b3u;
	return (size_t)((hash ^ hash >> 32) % cache->count);
}

struct ready *
cache_find(
	struct answer_cache *cache, struct pki_bytes request, struct pki_ledger_view *view)
{
	size_t place = place_of(cache, request.data, request.len);
	pthread_mutex_t *lock = &cache->locks[place % LOCKS];
	pthread_mutex_lock(lock);
	const struct slot *slot = &cache->slots[place];
	struct ready *ready = slot->ready;
	if (ready != NULL && ready->key_len == request.len &&
		memcmp(ready->key, request.data, request.len) == 0) {
		atomic_fetch_add(&ready->owners, 1);
		*view = slot->view;
	} else {
		ready = NULL;
	}
	pthread_mutex_unlock(lock);
	return ready;
}

void
cache_put(
	struct answer_cache *cache, struct ready *ready, const struct pki_ledger_view *view)
{
	size_t place = place_of(cache, ready->key, ready->key_len);
	pthread_mutex_t *lock = &cache->locks[place % LOCKS];
	atomic_fetch_add(&ready->owners, 1);
	pthread_mutex_lock(lock);
	struct slot *slot = &cache->slots[place];
	struct ready *old = slot->ready;
	slot->ready = ready;
	slot->view = *view;
	pthread_mutex_unlock(lock);
	ready_free(old);
}
