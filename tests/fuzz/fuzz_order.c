/* pki_order_decode() over any octets; what it reads, it writes and reads again the same. */
#include <string.h>

#include "libpki/cms/order.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pki_err err = { 0 };
	struct pki_order order, again;
	PKI_CLEANUP(pki_buf_free) struct pki_buf first = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf second = { 0 };
	struct pki_bytes json = { data, size };
	if (pki_order_decode(json, &order, &err) != PKI_OK)
		return 0;
	if (pki_order_encode(&order, &first, &err) != PKI_OK ||
		pki_order_decode(pki_buf_bytes(&first), &again, &err) != PKI_OK ||
		pki_order_encode(&again, &second, &err) != PKI_OK ||
		!pki_bytes_equal(first.data, first.len, second.data, second.len))
		abort();
	pki_order_free(&order);
	pki_order_free(&again);
	return 0;
}
