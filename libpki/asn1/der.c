#include "libpki/asn1/der.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <string.h>

/* "YYYYMMDDHHMMSSZ", "YYMMDDHHMMSSZ" */
#define TIME_LEN (PKI_TIME_DIGITS + 1)
#define UTC_TIME_LEN (TIME_LEN - 2)

/* ASN1_get_object()'s bits: an error, or an indefinite length. */
#define BAD_HEADER 0x81

/* 1950-01-01T00:00:00Z, 2050-01-01T00:00:00Z */
#define UTC_TIME_START ((pki_time)-631152000)
#define UTC_TIME_END ((pki_time)2524608000)

void
pki_der_put(struct pki_der *w, const void *data, size_t len)
{
	if (len > w->at) {
		w->full = true;
		return;
	}
	w->at -= len;
	if (len != 0) /* data may be NULL then */
		memcpy(w->data + w->at, data, len);
}

void
pki_der_wrap(struct pki_der *w, int tag, size_t end)
{
	uint8_t head[1 + 1 + sizeof(size_t)];
	size_t len = end - w->at, i = sizeof head;
	if (len < 0x80) {
		head[--i] = (uint8_t)len;
	} else {
		size_t first = i;
		for (; len != 0; len >>= 8)
			head[--i] = (uint8_t)len;
		uint8_t count = (uint8_t)(first - i);
		head[--i] = 0x80 | count;
	}
	head[--i] = (uint8_t)tag;
	pki_der_put(w, head + i, sizeof head - i);
}

void
pki_der_put_tagged(struct pki_der *w, int tag, const void *data, size_t len)
{
	size_t end = w->at;
	pki_der_put(w, data, len);
	pki_der_wrap(w, tag, end);
}

/* The RFC 3339 form, digits and Z alone */
static void
time_text(pki_time t, char out[TIME_LEN])
{
	char text[PKI_TIME_TEXT];
	pki_time_format(t, text);
	for (const char *p = text; *p != '\0'; p++)
		if ((*p >= '0' && *p <= '9') || *p == 'Z')
			*out++ = *p;
}

void
pki_der_put_time(struct pki_der *w, pki_time t)
{
	char text[TIME_LEN];
	time_text(t, text);
	pki_der_put_tagged(w, PKI_DER_TIME, text, sizeof text);
}

void
pki_der_put_x509_time(struct pki_der *w, pki_time t)
{
	char text[TIME_LEN];
	time_text(t, text);
	if (t >= UTC_TIME_START && t < UTC_TIME_END)
		pki_der_put_tagged(w, PKI_DER_UTC_TIME, text + 2, UTC_TIME_LEN);
	else
		pki_der_put_tagged(w, PKI_DER_TIME, text, sizeof text);
}

bool
pki_der_get_whole(struct pki_bytes *in, int tag, struct pki_bytes *value)
{
	struct pki_bytes content;
	const uint8_t *start = in->data;
	if (!pki_der_get(in, tag, &content))
		return false;
	*value = (struct pki_bytes){ start, (size_t)(in->data - start) };
	return true;
}

bool
pki_der_get(struct pki_bytes *in, int tag, struct pki_bytes *content)
{
	const uint8_t *p = in->data;
	long len = 0;
	int number = 0, class = 0;
	/* one identifier octet: class, constructed bit and tag number */
	if (!pki_der_is_next(in, tag) || in->len > INT_MAX)
		return false;
	if ((ASN1_get_object(&p, &len, &number, &class, (long)in->len) & BAD_HEADER) !=
		0) {
		ERR_clear_error();
		return false;
	}
	size_t whole = (size_t)(p - in->data) + (size_t)len;
	/* X.690 10.1: the shortest form of the length */
	if (ASN1_object_size(1, (int)len, number) != (int)whole)
		return false;
	*content = (struct pki_bytes){ p, (size_t)len };
	*in = (struct pki_bytes){ in->data + whole, in->len - whole };
	return true;
}

bool
pki_der_get_any(struct pki_bytes *in, int *tag, struct pki_bytes *content)
{
	/* a tag number above 30 goes on in the next octet; X.509, CMS and OCSP have none */
	if (in->len == 0 || (in->data[0] & V_ASN1_PRIMITIVE_TAG) == V_ASN1_PRIMITIVE_TAG)
		return false;
	*tag = in->data[0];
	return pki_der_get(in, *tag, content);
}

enum pki_status
pki_der_get_x509_time(struct pki_bytes *in, pki_time *out, struct pki_err *err)
{
	char text[TIME_LEN];
	struct pki_bytes value;
	bool utc = pki_der_get(in, PKI_DER_UTC_TIME, &value);
	size_t skip = utc ? TIME_LEN - UTC_TIME_LEN : 0;
	if ((!utc && !pki_der_get(in, PKI_DER_TIME, &value)) ||
		value.len != sizeof text - skip || value.data[value.len - 1] != 'Z')
		return pki_fail(err, PKI_INPUT, "malformed time (RFC 5280 4.1.2.5)");
	text[0] = value.data[0] < '5' ? '2' : '1'; /* 50 to 99: of the last century */
	text[1] = value.data[0] < '5' ? '0' : '9';
	memcpy(text + skip, value.data, value.len);
	if (!pki_time_from_digits(text, out))
		return pki_fail(err, PKI_INPUT, "malformed time (RFC 5280 4.1.2.5)");
	if (!utc && *out < UTC_TIME_END)
		return pki_refuse(
			err, PKI_RULE_DATES, "a date before 2050 as GeneralizedTime");
	return PKI_OK;
}
