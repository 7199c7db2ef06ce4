/* Certification requests, and the checks of the key in them. */
#include "libpki/x509/csr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ALGS \
	(PKI_ALG_P256 | PKI_ALG_P384 | PKI_ALG_P521 | PKI_ALG_ED25519 | PKI_ALG_RSA3072)

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	PKI_CLEANUP(pki_csr_cleanup) struct pki_csr *csr = NULL;
	PKI_CLEANUP(pki_key_cleanup) struct pki_key *key = NULL;
	struct pki_err err = { 0 };
	struct pki_bytes in = { data, size };
	if (pki_csr_parse(in, &csr, &err) == PKI_OK)
		(void)!pki_csr_check(csr, ALGS, &err);
	/* a changed request has no good signature: its key's decoder is reached by itself
	 */
	struct pki_err err2 = { 0 };
	if (pki_key_from_spki(in, &key, &err2) == PKI_OK)
		(void)!pki_key_check(key, ALGS, &err2);
	return 0;
}
