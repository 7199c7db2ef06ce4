/*
 * Signers' certificates that were verified, so that a busy officer's costs no second parsing
 * and no second signature check. Dates and revocation are not remembered. Internal to cms.c.
 */
#ifndef LIBPKI_CMS_CMS_CACHE_H
#define LIBPKI_CMS_CMS_CACHE_H

#include "libpki/cms/cms.h"

/* Officers in a day; the oldest leaves when one more comes. */
#define PKI_CMS_CACHE_SLOTS 64

/* The certificate of these octets if it was verified as issuer's, else NULL; borrowed. */
struct pki_cert *pki_cms_cache_find(const struct pki_cms_cache *cache,
	struct pki_bytes der, const struct pki_cert *issuer);
/* cert was verified as issuer's. Both are shared. */
void pki_cms_cache_add(struct pki_cms_cache *cache, const struct pki_cert *cert,
	const struct pki_cert *issuer);

#endif
