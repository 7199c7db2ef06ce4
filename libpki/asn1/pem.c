#include "libpki/asn1/pem.h"

#include <errno.h>
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#include "libpki/asn1/der.h"

#define BEGIN "-----BEGIN "

static const uint8_t utf8_mark[] = { 0xef, 0xbb, 0xbf };

static bool
starts_with(struct pki_bytes in, const void *with, size_t len)
{
	return in.len >= len && memcmp(in.data, with, len) == 0;
}

/* More than 127 octets of DER: no text in UTF-8 starts so. */
static bool
is_der(struct pki_bytes in)
{
	return in.len > 1 && in.data[0] == PKI_DER_SEQUENCE && in.data[1] > 0x7f;
}

/* RFC 7468 3: eol is CRLF, CR or LF. */
static bool
ends_line(uint8_t c)
{
	return c == '\n' || c == '\r';
}

/* Move `in` to the next line that begins a block: false if there is none. */
static bool
next_block(struct pki_bytes *in)
{
	size_t i = starts_with(*in, utf8_mark, sizeof utf8_mark) ? sizeof utf8_mark : 0;
	while (i < in->len) {
		while (i < in->len && (in->data[i] == ' ' || in->data[i] == '\t'))
			i++;
		struct pki_bytes rest = { in->data + i, in->len - i };
		if (starts_with(rest, BEGIN, strlen(BEGIN))) {
			*in = rest;
			return true;
		}
		while (i < in->len && !ends_line(in->data[i]))
			i++;
		while (i < in->len && ends_line(in->data[i]))
			i++;
	}
	return false;
}

bool
pki_pem_looks_like(struct pki_bytes in)
{
	return !is_der(in) && next_block(&in);
}

bool
pki_pem_next_label(struct pki_bytes *in, char label[PKI_PEM_LABEL])
{
	if (!next_block(in))
		return false;
	in->data += strlen(BEGIN);
	in->len -= strlen(BEGIN);
	size_t len = 0;
	while (len < in->len && len + 1 < PKI_PEM_LABEL && !ends_line(in->data[len]) &&
		in->data[len] != '-')
		len++;
	memcpy(label, in->data, len);
	label[len] = '\0';
	return true;
}

/* OpenSSL's reader does not know a CR alone as the end of a line. */
static enum pki_status
with_line_feeds(struct pki_bytes in, struct pki_buf *out, struct pki_err *err)
{
	PKI_TRY(pki_buf_append(out, in.data, in.len, err));
	for (size_t i = 0; i < out->len; i++)
		if (out->data[i] == '\r' && out->data[i + 1] != '\n')
			out->data[i] = '\n';
	return PKI_OK;
}

/* RFC 7468 2 has no header lines; RFC 1421 4.6.1.1 writes encrypted private keys with some. */
static enum pki_status
fail_header(const char *label, const char *header, struct pki_err *err)
{
	if (strstr(label, "PRIVATE KEY") != NULL && strstr(header, "ENCRYPTED") != NULL)
		return pki_fail(err, PKI_INPUT,
			"the PEM block \"%.60s\" is encrypted in the traditional form; convert it: openssl pkcs8 -topk8 -scrypt",
			label);
	return pki_fail(err, PKI_INPUT,
		"RFC 7468 2: the PEM block \"%.60s\" has header lines (\"%.*s\"); remove them",
		label, (int)strcspn(header, ":\r\n"), header);
}

enum pki_status
pki_pem_decode(struct pki_bytes in, char label[PKI_PEM_LABEL], struct pki_buf *der,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_buf_cleanse) struct pki_buf text = { 0 };
	if (in.len > INT_MAX)
		return pki_fail(err, PKI_LIMIT, "PEM of %zu octets", in.len);
	if (!next_block(&in))
		return pki_fail(err, PKI_INPUT, "no PEM block");
	PKI_TRY(with_line_feeds(in, &text, err));
	BIO *bio = BIO_new_mem_buf(text.data, (int)text.len);
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
		st = fail_header(name, header, err);
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
	bool pem = pki_pem_looks_like(in);
	size_t limit = pem ? PKI_PEM_TEXT_MAX(max) : max;
	if (in.len > limit)
		return pki_fail(err, PKI_LIMIT, "%zu octets; at most %zu are read",
			in.len, limit);
	if (starts_with(in, "\xff\xfe", 2) || starts_with(in, "\xfe\xff", 2))
		return pki_fail(err, PKI_INPUT,
			"RFC 7468 2: the file is text in UTF-16; save it as ASCII or UTF-8");
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
