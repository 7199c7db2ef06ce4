/* Serial numbers of certificates (RFC 5280 4.1.2.2). */
#ifndef LIBPKI_BASE_SERIAL_H
#define LIBPKI_BASE_SERIAL_H

#include "libpki/base/mem.h"

#define PKI_SERIAL_MAX 20
#define PKI_SERIAL_TEXT (PKI_SERIAL_MAX * 2 + 1)

/* Big-endian, no leading zero octet: the INTEGER's magnitude. No function reads more than
 * PKI_SERIAL_MAX octets, whatever len says. */
struct pki_serial {
	uint8_t octets[PKI_SERIAL_MAX];
	uint8_t len; /* lists of a million are kept in memory */
};

/* rule 2: 20 octets, top bit clear, at least 127 random bits. */
enum pki_status pki_serial_random(
	struct pki_serial *out, struct pki_err *err) PKI_MUST_CHECK;
/* Copy octets from outside. INPUT unless 1 to 20 octets, the first not 0. */
enum pki_status pki_serial_make(struct pki_bytes magnitude, struct pki_serial *out,
	struct pki_err *err) PKI_MUST_CHECK;
void pki_serial_text(const struct pki_serial *serial, char out[PKI_SERIAL_TEXT]);
enum pki_status pki_serial_parse(
	const char *hex, struct pki_serial *out, struct pki_err *err) PKI_MUST_CHECK;
/* As people copy a serial number from other programs: 0x in front, colons or blanks between the
 * digits, leading zeros, upper case. */
enum pki_status pki_serial_read(
	const char *text, struct pki_serial *out, struct pki_err *err) PKI_MUST_CHECK;
int pki_serial_compare(const struct pki_serial *a, const struct pki_serial *b);
/*
 * The CRL partition of this serial, 1 to `partitions`; 0 without partitions. The serial alone
 * decides, and a larger serial never has a lower partition: in a list sorted by serial, each
 * partition is one piece.
 */
unsigned pki_serial_partition(const struct pki_serial *serial, unsigned partitions);

#endif
