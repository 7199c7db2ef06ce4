/* pki_cms_open() and pki_cms_peek() over any octets; the issuer is the one of the corpus. What
 * opens peeks too. */
#include "libpki/cms/order.h"
#include "tests/fuzz/cms_issuer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Within the dates of the issuer and of those who signed the corpus. */
#define AT ((pki_time)1795312000)

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct pki_cert *issuer;
	static struct pki_cms_cache *cache;
	struct pki_err err = { 0 };
	struct pki_bytes pem = { (const uint8_t *)cms_issuer, sizeof cms_issuer - 1 };
	if (issuer == NULL && (pki_cert_parse(pem, &issuer, &err) != PKI_OK ||
				      pki_cms_cache_new(&cache, &err) != PKI_OK))
		abort();
	struct pki_signed_order order;
	struct pki_bytes der = { data, size };
	if (pki_order_open(der, issuer, AT, cache, &order, &err) == PKI_OK)
		pki_order_close(&order);
	struct pki_cms cms;
	err = (struct pki_err){ 0 };
	struct pki_cms_claim claim;
	bool peeks = pki_cms_peek(der, issuer, &claim, NULL) == PKI_OK;
	pki_cms_claim_free(&claim);
	if (pki_cms_open(der, issuer, AT, cache, &cms, &err) == PKI_OK) {
		pki_cms_close(&cms);
		if (!peeks)
			abort();
	}
	return 0;
}
