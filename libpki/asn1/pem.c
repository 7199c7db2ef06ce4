#include "libpki/asn1/pem.h"

#include <errno.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#define BEGIN "-----BEGIN "

bool
pki_pem_looks_like(struct pki_bytes in)
{
	size_t i = 0;
	while (i < in.len && strchr(" \t\r\n", in.data[i]) != NULL && in.data[i] != '\0')
		i++;
	return in.len - i >= strlen(BEGIN) &&
	       memcmp(in.data + i, BEGIN, strlen(BEGIN)) == 0;
}

enum pki_status
pki_pem_decode(struct pki_bytes in, char label[PKI_PEM_LABEL], struct pki_buf *der,
	struct pki_err *err)
{
	if (in.len > INT_MAX)
		return pki_fail(err, PKI_LIMIT, "PEM of %zu octets", in.len);
	BIO *bio = BIO_new_mem_buf(in.data, (int)in.len);
	if (bio == NULL)
		return pki_fail_ssl(err, PKI_MEMORY, "reading PEM");
	char *name = NULL;
	char *header = NULL;
	unsigned char *data = NULL;
	long len = 0;
	int ok = PEM_read_bio(bio, &name, &header, &data, &len);
	BIO_free(bio);
	enum pki_status st;
	if (!ok)
		st = pki_fail_ssl(err, PKI_INPUT, "no PEM block that is whole");
	else if (header[0] != '\0')
		st = pki_fail(err, PKI_INPUT,
			"the PEM block \"%.60s\" is encrypted in the traditional form; convert it: openssl pkcs8 -topk8 -scrypt",
			name);
	else
		st = pki_buf_append(der, data, (size_t)len, err);
	if (st == PKI_OK)
		snprintf(label, PKI_PEM_LABEL, "%s", name);
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_clear_free(data, (size_t)len);
	return st;
}

enum pki_status
pki_pem_or_der(struct pki_bytes in, size_t max, const char *const *labels,
	struct pki_buf *der, struct pki_err *err)
{
	/* base64 and line ends make 4/3 of the DER; comments around the block are legal */
	bool pem = pki_pem_looks_like(in);
	if (in.len > (pem ? 2 * max : max))
		return pki_fail(
			err, PKI_LIMIT, "%zu octets; at most %zu are read", in.len, max);
	if (!pem)
		return pki_buf_append(der, in.data, in.len, err);
	char label[PKI_PEM_LABEL];
	PKI_TRY(pki_pem_decode(in, label, der, err));
	if (der->len > max)
		return pki_fail(err, PKI_LIMIT, "%zu octets; at most %zu are read",
			der->len, max);
	for (size_t i = 0; labels[i] != NULL; i++)
		if (strcmp(labels[i], label) == 0)
			return PKI_OK;
	return pki_fail(
		err, PKI_INPUT, "this is a \"%s\", not a \"%s\"", label, labels[0]);
}

enum pki_status
pki_pem_encode(
	const char *label, struct pki_bytes der, struct pki_buf *out, struct pki_err *err)
{
	BIO *bio = BIO_new(BIO_s_mem());
	if (bio == NULL || der.len > LONG_MAX ||
		PEM_write_bio(bio, label, "", der.data, (long)der.len) <= 0) {
		BIO_free(bio);
		return pki_fail_ssl(err, PKI_MEMORY, "writing PEM");
	}
	char *text = NULL;
	long len = BIO_get_mem_data(bio, &text);
	enum pki_status st = pki_buf_append(out, text, (size_t)len, err);
	BIO_free(bio);
	return st;
}

enum pki_status
pki_pem_write(const char *label, struct pki_bytes der, FILE *out, struct pki_err *err)
{
	errno = 0;
	if (der.len <= LONG_MAX && PEM_write(out, label, "", der.data, (long)der.len) > 0)
		return PKI_OK;
	if (ferror(out))
		return pki_fail_errno(
			err, PKI_IO, errno != 0 ? errno : EIO, "PEM cannot be written");
	return pki_fail_ssl(err, PKI_MEMORY, "writing PEM");
}
