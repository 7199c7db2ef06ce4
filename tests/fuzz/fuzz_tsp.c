/* An authority's response is any octets; what it would be taken for is never right. */
#include "libpki/cms/tsp.h"
#include "tests/fuzz/cms_issuer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct pki_bytes trust = { (const uint8_t *)cms_issuer,
		sizeof cms_issuer - 1 };
	struct pki_err err = { 0 };
	struct pki_tsp_query query;
	pki_time at = 0;
	if (pki_tsp_query_of(trust, &query, &err) != PKI_OK ||
		pki_tsp_verify((struct pki_bytes){ data, size }, &query, trust, &at,
			&err) == PKI_OK)
		abort();
	return 0;
}
