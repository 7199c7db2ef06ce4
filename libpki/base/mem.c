#include "libpki/base/mem.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The first allocation: most buffers hold a certificate or a line of JSON. */
#define BUF_FIRST 256

enum pki_status
pki_buf_reserve(struct pki_buf *buf, size_t len, struct pki_err *err)
{
	if (len > SIZE_MAX / 2 - buf->len - 1)
		return pki_fail(err, PKI_MEMORY, "a buffer of %zu more octets", len);
	size_t need = buf->len + len + 1;
	if (need <= buf->cap)
		return PKI_OK;
	size_t cap = buf->cap != 0 ? buf->cap : BUF_FIRST;
	while (cap < need)
		cap *= 2;
	/* not realloc: a secret must not stay behind in freed memory */
	uint8_t *data = malloc(cap);
	if (data == NULL)
		return pki_fail(err, PKI_MEMORY, "a buffer of %zu octets", cap);
	if (buf->data != NULL) {
		memcpy(data, buf->data, buf->len);
		OPENSSL_cleanse(buf->data, buf->len);
		free(buf->data);
	}
	data[buf->len] = '\0';
	buf->data = data;
	buf->cap = cap;
	return PKI_OK;
}

enum pki_status
pki_buf_append(struct pki_buf *buf, const void *data, size_t len, struct pki_err *err)
{
	PKI_TRY(pki_buf_reserve(buf, len, err));
	if (len != 0)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
	return PKI_OK;
}

enum pki_status
pki_buf_printf(struct pki_buf *buf, struct pki_err *err, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	int need = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (need < 0)
		return pki_fail(err, PKI_INTERNAL, "format \"%s\"", fmt);
	PKI_TRY(pki_buf_reserve(buf, (size_t)need, err));
	va_start(ap, fmt);
	vsnprintf((char *)buf->data + buf->len, (size_t)need + 1, fmt, ap);
	va_end(ap);
	buf->len += (size_t)need;
	return PKI_OK;
}

void
pki_buf_reset(struct pki_buf *buf)
{
	buf->len = 0;
	if (buf->data != NULL)
		buf->data[0] = '\0';
}

void
pki_buf_free(struct pki_buf *buf)
{
	free(buf->data);
	*buf = (struct pki_buf){ 0 };
}

void
pki_buf_cleanse(struct pki_buf *buf)
{
	if (buf->data != NULL)
		OPENSSL_cleanse(buf->data, buf->cap);
	pki_buf_free(buf);
}

struct pki_bytes
pki_buf_bytes(const struct pki_buf *buf)
{
	return (struct pki_bytes){ buf->data, buf->len };
}

void
pki_free_ptr(void *pointer_to_pointer)
{
	free(*(void **)pointer_to_pointer);
}

void
pki_close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

void
pki_close_file(void *pointer_to_file)
{
	FILE *f = *(FILE **)pointer_to_file;
	if (f != NULL)
		fclose(f);
}

bool
pki_bytes_equal(const void *a, size_t alen, const void *b, size_t blen)
{
	return alen == blen && (alen == 0 || CRYPTO_memcmp(a, b, alen) == 0);
}
