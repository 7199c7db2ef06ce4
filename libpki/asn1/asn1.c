#include "libpki/asn1/asn1.h"

#include <openssl/asn1.h>
#include <string.h>
#include <time.h>

enum pki_status
pki_asn1_time_get(const ASN1_TIME *in, pki_time *out, struct pki_err *err)
{
	/* YYMMDDHHMMSSZ, YYYYMMDDHHMMSSZ; ASN1_TIME_to_tm() also takes BER's other forms */
	int want_len = ASN1_STRING_type(in) == V_ASN1_UTCTIME ? 13 : 15;
	int len = ASN1_STRING_length(in);
	struct tm tm;
	if (len != want_len || ASN1_STRING_get0_data(in)[len - 1] != 'Z' ||
		ASN1_TIME_to_tm(in, &tm) != 1)
		return pki_fail_ssl(err, PKI_INPUT, "malformed time (RFC 5280 4.1.2.5)");
	*out = timegm(&tm);
	return PKI_OK;
}

enum pki_status
pki_asn1_serial_get(const ASN1_INTEGER *in, struct pki_serial *out, struct pki_err *err)
{
	int len = ASN1_STRING_length(in);
	if (ASN1_STRING_type(in) != V_ASN1_INTEGER || len < 1 || len > PKI_SERIAL_MAX)
		return pki_fail(err, PKI_INPUT,
			"serialNumber is negative or above %d octets (RFC 5280 4.1.2.2)",
			PKI_SERIAL_MAX);
	memcpy(out->octets, ASN1_STRING_get0_data(in), (size_t)len);
	out->len = (uint8_t)len;
	return PKI_OK;
}

enum pki_status
pki_asn1_serial_new(const struct pki_serial *in, ASN1_INTEGER **out, struct pki_err *err)
{
	ASN1_INTEGER *serial = ASN1_INTEGER_new();
	if (serial == NULL || ASN1_STRING_set(serial, in->octets, (int)in->len) != 1) {
		ASN1_INTEGER_free(serial);
		return pki_fail_ssl(err, PKI_MEMORY, "serialNumber");
	}
	*out = serial;
	return PKI_OK;
}
