#include "libpki/base/serial.h"

#include <string.h>

#include "libpki/base/hex.h"

/* pki_serial_random()'s first octet is 0x40 to 0x7f: three octets hold 22 random bits. */
#define FIRST 0x400000u
#define SPREAD_BITS 22

enum pki_status
pki_serial_random(struct pki_serial *out, struct pki_err *err)
{
	PKI_TRY(pki_random(out->octets, PKI_SERIAL_MAX, err));
	/* positive, and always of 20 octets: 158 random bits */
	out->octets[0] = (out->octets[0] & 0x3f) | 0x40;
	out->len = PKI_SERIAL_MAX;
	return PKI_OK;
}

enum pki_status
pki_serial_make(struct pki_bytes magnitude, struct pki_serial *out, struct pki_err *err)
{
	if (magnitude.len == 0 || magnitude.len > PKI_SERIAL_MAX ||
		magnitude.data[0] == 0)
		return pki_fail(err, PKI_INPUT,
			"a serial of %zu octets; it has 1 to %d, the first of them not 0",
			magnitude.len, PKI_SERIAL_MAX);
	*out = (struct pki_serial){ .len = (uint8_t)magnitude.len };
	memcpy(out->octets, magnitude.data, magnitude.len);
	return PKI_OK;
}

/* The struct may have been read from a damaged file. */
static size_t
length(const struct pki_serial *serial)
{
	return serial->len <= PKI_SERIAL_MAX ? serial->len : PKI_SERIAL_MAX;
}

void
pki_serial_text(const struct pki_serial *serial, char out[PKI_SERIAL_TEXT])
{
	pki_hex_encode(serial->octets, length(serial), out);
}

enum pki_status
pki_serial_parse(const char *hex, struct pki_serial *out, struct pki_err *err)
{
	uint8_t octets[PKI_SERIAL_MAX];
	size_t len, zeros = 0;
	enum pki_status status = pki_hex_decode(hex, octets, sizeof octets, &len, err);
	if (status != PKI_OK) {
		pki_err_object(err, "serial \"%.48s\"", hex);
		return status;
	}
	while (zeros < len && octets[zeros] == 0)
		zeros++;
	if (zeros == len)
		return pki_fail(err, PKI_INPUT, "serial \"%.48s\": zero or empty", hex);
	*out = (struct pki_serial){ .len = (uint8_t)(len - zeros) };
	memcpy(out->octets, octets + zeros, out->len);
	return PKI_OK;
}

enum pki_status
pki_serial_read(const char *text, struct pki_serial *out, struct pki_err *err)
{
	char hex[1 + PKI_SERIAL_TEXT] = "0"; /* makes the number of digits even */
	size_t len = 1;
	const char *in = text + strspn(text, " \t");
	if (in[0] == '0' && (in[1] == 'x' || in[1] == 'X'))
		in += 2;
	in += strspn(in, "0: \t");
	for (; *in != '\0'; in++)
		if (strchr(": \t\r\n", *in) == NULL) {
			if (len + 1 >= sizeof hex)
				return pki_fail(err, PKI_INPUT,
					"serial \"%.60s\": more than %d octets (RFC 5280 4.1.2.2)",
					text, PKI_SERIAL_MAX);
			hex[len++] = *in;
		}
	return pki_serial_parse(len % 2 == 0 ? hex : hex + 1, out, err);
}

int
pki_serial_compare(const struct pki_serial *a, const struct pki_serial *b)
{
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return memcmp(a->octets, b->octets, length(a));
}

unsigned
pki_serial_partition(const struct pki_serial *serial, unsigned partitions)
{
	const uint8_t *p = serial->octets;
	uint64_t head = (uint64_t)p[0] << 16 | (uint64_t)p[1] << 8 | p[2];
	if (partitions == 0)
		return 0;
	/* none of ours, or damaged: still in the order of serials */
	if (serial->len < PKI_SERIAL_MAX || head < FIRST)
		return 1;
	if (head >= FIRST + FIRST)
		return partitions;
	return 1 + (unsigned)((head - FIRST) * partitions >> SPREAD_BITS);
}
