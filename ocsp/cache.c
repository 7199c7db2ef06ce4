#include <pthread.h>
#include <string.h>

#include "ocsp/ocspd.h"

/* Direct-mapped; about 1 MB when full, small beside the ledger's own page cache. */
#define SLOTS 1024u

struct answer_cache {
	pthread_mutex_t lock;
	struct cached_answer slots[SLOTS];
};

enum pki_status
cache_new(struct answer_cache **out, struct pki_err *err)
{
	*out = calloc(1, sizeof **out);
	if (*out == NULL)
		return pki_fail(err, PKI_MEMORY, "the cache of answers");
	pthread_mutex_init(&(*out)->lock, NULL);
	return PKI_OK;
}

void
cache_free(struct answer_cache *cache)
{
	if (cache == NULL)
		return;
	for (size_t i = 0; i < SLOTS; i++)
		pki_buf_free(&cache->slots[i].body);
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}

/* The key is a hash: its first octets spread as well as any. */
static struct cached_answer *
slot_of(struct answer_cache *cache, const uint8_t key[PKI_SHA256])
{
	return &cache->slots[(key[0] | (unsigned)key[1] << 8) % SLOTS];
}

static bool
fresh(const struct cached_answer *slot, const struct cached_answer *entry, pki_time now)
{
	return slot->body.len != 0 &&
	       memcmp(slot->key, entry->key, sizeof slot->key) == 0 &&
	       slot->status.status == entry->status.status &&
	       slot->status.revoked_at == entry->status.revoked_at &&
	       slot->status.reason == entry->status.reason && slot->this_update <= now &&
	       now < slot->this_update + OCSPD_CACHE_SECONDS && now < slot->next_update;
}

bool
cache_get(struct answer_cache *cache, struct cached_answer *entry, pki_time now)
{
	struct pki_err err = { 0 };
	pthread_mutex_lock(&cache->lock);
	const struct cached_answer *slot = slot_of(cache, entry->key);
	bool hit = fresh(slot, entry, now) && pki_buf_append(&entry->body, slot->body.data,
						      slot->body.len, &err) == PKI_OK;
	if (hit) {
		entry->this_update = slot->this_update;
		entry->next_update = slot->next_update;
	}
	pthread_mutex_unlock(&cache->lock);
	return hit;
}

void
cache_put(struct answer_cache *cache, const struct cached_answer *entry)
{
	struct pki_err err = { 0 };
	pthread_mutex_lock(&cache->lock);
	struct cached_answer *slot = slot_of(cache, entry->key);
	struct pki_buf body = slot->body;
	pki_buf_reset(&body);
	if (pki_buf_append(&body, entry->body.data, entry->body.len, &err) != PKI_OK)
		pki_buf_reset(&body);
	*slot = *entry;
	slot->body = body;
	pthread_mutex_unlock(&cache->lock);
}
