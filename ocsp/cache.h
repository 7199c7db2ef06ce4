/* Ready responses by request: equal requests cost a single signature. */
#ifndef OCSP_CACHE_H
#define OCSP_CACHE_H

#include "ocsp/ready.h"

struct cache;

enum pki_status cache_new(
	size_t slots, struct cache **out, struct pki_err *err) PKI_MUST_CHECK;
void cache_free(struct cache *cache);
/* The response to a request; *at is the number of the last view at which the response was true.
 * The caller becomes an owner. NULL: none. */
struct ready *cache_find(struct cache *cache, struct pki_bytes request, uint64_t *at);
/* A new response, or a response that is true at a later view, too. The cache becomes an
 * owner. */
void cache_put(struct cache *cache, struct ready *ready, uint64_t at);

#endif
