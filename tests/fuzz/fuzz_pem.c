/* PEM, and PEM or DER, from people's files. A block that was read is written and read again. */
#include <string.h>

#include "libpki/asn1/pem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MAX ((size_t)4 << 10)

static void
check_again(const char *label, const struct pki_buf *der)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 }, again = { 0 };
	struct pki_err err = { 0 };
	char name[PKI_PEM_LABEL];
	if (pki_pem_encode(label, pki_buf_bytes(der), &text, &err) != PKI_OK ||
		!pki_pem_looks_like(pki_buf_bytes(&text)) ||
		pki_pem_decode(pki_buf_bytes(&text), name, &again, &err) != PKI_OK ||
		strcmp(name, label) != 0 ||
		!pki_bytes_equal(der->data, der->len, again.data, again.len))
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const labels[] = { "CERTIFICATE REQUEST", "CMS", NULL };
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 }, either = { 0 };
	struct pki_bytes in = { data, size };
	struct pki_err err = { 0 }, other = { 0 };
	char label[PKI_PEM_LABEL] = "";
	enum pki_status status = pki_pem_decode(in, label, &der, &err);
	if (status == PKI_OK && strlen(label) + 1 < PKI_PEM_LABEL && der.len != 0)
		check_again(label, &der);
	if (status != PKI_OK && (status != err.status || der.len != 0))
		abort();
	if (pki_pem_or_der(in, MAX, labels, &either, &other) != PKI_OK)
		return 0;
	if (either.len > MAX)
		abort();
	if (pki_pem_looks_like(in)
			? status != PKI_OK || !pki_bytes_equal(der.data, der.len,
						      either.data, either.len)
			: !pki_bytes_equal(data, size, either.data, either.len))
		abort();
	return 0;
}
