#include "libpki/cms/cms_priv.h"

#include <string.h>

struct pki_cms_cache {
	struct cache_slot {
		struct pki_cert *cert; /* NULL: free */
		struct pki_cert *issuer;
	} slots[PKI_CMS_CACHE_SLOTS];
	size_t next;
};

enum pki_status
pki_cms_cache_new(struct pki_cms_cache **out, struct pki_err *err)
{
	*out = calloc(1, sizeof **out);
	return *out != NULL ? PKI_OK : pki_fail(err, PKI_MEMORY, "the signers' cache");
}

void
pki_cms_cache_free(struct pki_cms_cache *cache)
{
	if (cache == NULL)
		return;
	for (size_t i = 0; i < PKI_CMS_CACHE_SLOTS; i++) {
		pki_cert_free(cache->slots[i].cert);
		pki_cert_free(cache->slots[i].issuer);
	}
	free(cache);
}

/* Nothing is secret here: two certificates differ in their first octets, by the serial. */
static bool
is_of(const struct pki_cert *cert, struct pki_bytes der)
{
	struct pki_bytes own = pki_cert_get0_der(cert);
	return own.len == der.len && memcmp(own.data, der.data, der.len) == 0;
}

struct pki_cert *
pki_cms_cache_find(const struct pki_cms_cache *cache, struct pki_bytes der,
	const struct pki_cert *issuer)
{
	for (size_t i = 0; i < PKI_CMS_CACHE_SLOTS && cache->slots[i].cert != NULL; i++)
		if (is_of(cache->slots[i].cert, der) &&
			is_of(cache->slots[i].issuer, pki_cert_get0_der(issuer)))
			return cache->slots[i].cert;
	return NULL;
}

void
pki_cms_cache_add(struct pki_cms_cache *cache, const struct pki_cert *cert,
	const struct pki_cert *issuer)
{
	struct cache_slot *slot = &cache->slots[cache->next++ % PKI_CMS_CACHE_SLOTS];
	pki_cert_free(slot->cert);
	pki_cert_free(slot->issuer);
	slot->cert = pki_cert_share(cert);
	slot->issuer = pki_cert_share(issuer);
}
