/* What parses is sorted, found again, keeps its bytes, and is what OpenSSL reads from them.
 */
#include "tests/fuzz/crl_peer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_crl_cleanup) struct pki_crl *crl = NULL;
	if (pki_crl_parse((struct pki_bytes){ data, size }, &crl, &err) != PKI_OK)
		return 0;
	struct pki_bytes der = pki_crl_get0_der(crl);
	if (der.len != size || memcmp(der.data, data, size) != 0 ||
		pki_crl_next_update(crl) <= pki_crl_this_update(crl) || !peer_agrees(crl))
		abort();
	struct pki_revoked before = { 0 };
	for (size_t i = 0; i < pki_crl_count(crl); i++) {
		struct pki_revoked entry, found;
		if (pki_crl_entry(crl, i, &entry, &err) != PKI_OK ||
			pki_serial_compare(&before.serial, &entry.serial) >= 0 ||
			!pki_crl_find(crl, &entry.serial, &found) ||
			entry.revoked_at != found.revoked_at ||
			pki_reason_name(entry.reason) == NULL)
			abort();
		before = entry;
	}
	return 0;
}
