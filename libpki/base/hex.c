#include "libpki/base/hex.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <string.h>

static const char digits[] = "0123456789abcdef";
static const char alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
pki_hex_encode(const void *data, size_t len, char *out)
{
	const uint8_t *p = data;
	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[p[i] >> 4];
		out[2 * i + 1] = digits[p[i] & 15];
	}
	out[2 * len] = '\0';
}

/* -1 for anything but a digit */
static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

enum pki_status
pki_hex_decode(
	const char *text, uint8_t *out, size_t max, size_t *len, struct pki_err *err)
{
	size_t chars = strlen(text);
	if (chars % 2 != 0)
		return pki_fail(err, PKI_INPUT,
			"%zu hexadecimal digits; two make an octet", chars);
	if (chars / 2 > max)
		return pki_fail(err, PKI_LIMIT, "%zu octets in hexadecimal; at most %zu",
			chars / 2, max);
	for (size_t i = 0; i < chars; i += 2) {
		int high = hex_value(text[i]);
		int low = hex_value(text[i + 1]);
		if (high < 0 || low < 0)
			return pki_fail(err, PKI_INPUT,
				"character %zu is not a hexadecimal digit",
				i + (high < 0 ? 1 : 2));
		out[i / 2] = (uint8_t)(high << 4 | low);
	}
	*len = chars / 2;
	return PKI_OK;
}

enum pki_status
pki_base64_encode(const void *data, size_t len, struct pki_buf *out, struct pki_err *err)
{
	if (len > INT_MAX / 2)
		return pki_fail(
			err, PKI_LIMIT, "%zu octets are too many for base64", len);
	PKI_TRY(pki_buf_reserve(out, (len + 2) / 3 * 4, err));
	out->len += (size_t)EVP_EncodeBlock(out->data + out->len, data, (int)len);
	return PKI_OK;
}

/* A character's place in the alphabet, counted from 1; 0: not in the alphabet. */
static uint8_t places[UCHAR_MAX + 1];
static pthread_once_t places_once = PTHREAD_ONCE_INIT;

static void
fill_places(void)
{
	for (size_t i = 0; i < sizeof alphabet - 1; i++)
		places[(uint8_t)alphabet[i]] = (uint8_t)(i + 1);
}

/* -1 for anything but a character of the alphabet */
static int
base64_value(char c)
{
	return places[(uint8_t)c] - 1;
}

/* EVP_DecodeBlock() passes over white space, inner padding and leftover bits. */
static enum pki_status
base64_check(const char *text, size_t len, size_t *pad, struct pki_err *err)
{
	if (len % 4 != 0 || len > INT_MAX)
		return pki_fail(err, PKI_INPUT,
			"base64 of %zu characters; a multiple of 4 is needed", len);
	pthread_once(&places_once, fill_places);
	*pad = 0;
	while (*pad < 2 && *pad < len && text[len - 1 - *pad] == '=')
		++*pad;
	for (size_t i = 0; i < len - *pad; i++)
		if (base64_value(text[i]) < 0)
			return pki_fail(
				err, PKI_INPUT, "character %zu is not of base64", i + 1);
	int left = *pad == 0 ? 0 : *pad == 1 ? 3 : 15;
	if (left != 0 && (base64_value(text[len - 1 - *pad]) & left) != 0)
		return pki_fail(
			err, PKI_INPUT, "bits are left over at the end of base64");
	return PKI_OK;
}

enum pki_status
pki_base64_decode(const char *text, size_t len, struct pki_buf *out, struct pki_err *err)
{
	size_t pad = 0;
	PKI_TRY(base64_check(text, len, &pad, err));
	PKI_TRY(pki_buf_reserve(out, len / 4 * 3, err));
	if (len == 0)
		return PKI_OK;
	int n = EVP_DecodeBlock(out->data + out->len, (const uint8_t *)text, (int)len);
	if (n < (int)pad)
		return pki_fail_ssl(err, PKI_INPUT, "base64 is malformed");
	out->len += (size_t)n - pad;
	out->data[out->len] = '\0';
	return PKI_OK;
}

/* Fetched once: fetching takes as long as hashing a line. */
static EVP_MD *sha256;
static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;

static void
fetch_sha256(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

enum pki_status
pki_sha256(const void *data, size_t len, uint8_t out[PKI_SHA256], struct pki_err *err)
{
	pthread_once(&sha256_once, fetch_sha256);
	if (sha256 == NULL || EVP_Digest(data, len, out, NULL, sha256, NULL) != 1)
		return pki_fail_ssl(err, PKI_INTERNAL, "SHA-256 failed");
	return PKI_OK;
}

enum pki_status
pki_sha256_hex(
	const void *data, size_t len, char out[PKI_SHA256_HEX], struct pki_err *err)
{
	uint8_t digest[PKI_SHA256];
	PKI_TRY(pki_sha256(data, len, digest, err));
	pki_hex_encode(digest, sizeof digest, out);
	return PKI_OK;
}

enum pki_status
pki_random(void *out, size_t len, struct pki_err *err)
{
	if (len > INT_MAX || RAND_bytes(out, (int)len) != 1)
		return pki_fail_ssl(err, PKI_INTERNAL, "no random octets");
	return PKI_OK;
}
