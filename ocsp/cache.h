/* Ready responses by request, so that equal requests cost one signature. */
#ifndef OCSP_CACHE_H
#define OCSP_CACHE_H

#include "ocsp/ready.h"

struct cache;

enum pki_status cache_new(
	size_t slots, struct cache **out, struct pki_err *err) PKI_MUST_CHECK;
void cache_free(struct cache *cache);
/* The response to a request, and the number of the view at which it was last true. The caller
 * becomes one more owner. NULL: none. */
struct ready *cache_find(struct cache *cache, struct pki_bytes request, uint64_t *at);
/* A new response, or one that is true at a later view, too. The cache becomes one more owner. */
void cache_put(struct cache *cache, struct ready *ready, uint64_t at);

#endif
