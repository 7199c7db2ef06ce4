#include <string.h>

#include "libpki/cert.h"

enum pki_status
pki_serial_random(struct pki_serial *out, struct pki_err *err)
{
	PKI_TRY(pki_random(out->octets, PKI_SERIAL_MAX, err));
	/* positive, and always of 20 octets: 158 random bits */
	out->octets[0] = (out->octets[0] & 0x3f) | 0x40;
	out->len = PKI_SERIAL_MAX;
	return PKI_OK;
}

void
pki_serial_text(const struct pki_serial *serial, char out[PKI_SERIAL_TEXT])
{
	pki_hex_encode(serial->octets, serial->len, out);
}

enum pki_status
pki_serial_parse(const char *hex, struct pki_serial *out, struct pki_err *err)
{
	struct pki_serial serial = { 0 };
	if (pki_hex_decode(hex, serial.octets, sizeof serial.octets, &serial.len, err) !=
		PKI_OK) {
		pki_err_object(err, "serial \"%.48s\"", hex);
		return err->status;
	}
	size_t zeros = 0;
	while (zeros < serial.len && serial.octets[zeros] == 0)
		zeros++;
	if (zeros == serial.len)
		return pki_fail(err, PKI_INPUT, "serial \"%.48s\": zero or empty", hex);
	memmove(serial.octets, serial.octets + zeros, serial.len - zeros);
	memset(serial.octets + serial.len - zeros, 0, zeros);
	serial.len -= zeros;
	*out = serial;
	return PKI_OK;
}

int
pki_serial_compare(const struct pki_serial *a, const struct pki_serial *b)
{
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return memcmp(a->octets, b->octets, a->len);
}
