/*
 * DER by hand, where OpenSSL's way (an object for each value) costs more than all the rest.
 * Internal to the crypto layer.
 */
#ifndef LIBPKI_ASN1_DER_H
#define LIBPKI_ASN1_DER_H

#include "libpki/base/mem.h"
#include "libpki/base/time.h"

enum pki_der_tag {
	PKI_DER_BOOLEAN = 0x01,
	PKI_DER_INTEGER = 0x02,
	PKI_DER_BITS = 0x03,
	PKI_DER_OCTETS = 0x04,
	PKI_DER_OID = 0x06,
	PKI_DER_ENUMERATED = 0x0a,
	PKI_DER_UTF8 = 0x0c,
	PKI_DER_PRINTABLE = 0x13,
	PKI_DER_UTC_TIME = 0x17,
	PKI_DER_TIME = 0x18, /* GeneralizedTime */
	PKI_DER_SEQUENCE = 0x30,
	PKI_DER_SET = 0x31,
	PKI_DER_CONTEXT = 0x80, /* [0], primitive; + n */
	PKI_DER_CONSTRUCTED = 0xa0, /* [0], constructed; + n */
};

/*
 * Writing goes from the end of the room towards its start: the last value is put first, so each
 * length is known before its octets are written. Starts as { room, size of room, false }.
 */
struct pki_der {
	uint8_t *data;
	size_t at; /* the first octet written */
	bool full; /* a value did not fit: the result is useless */
};

void pki_der_put(struct pki_der *w, const void *data, size_t len);
/* Tag and length in front of the octets from w->at to end. */
void pki_der_wrap(struct pki_der *w, int tag, size_t end);
void pki_der_put_tagged(struct pki_der *w, int tag, const void *data, size_t len);
/* GeneralizedTime */
void pki_der_put_time(struct pki_der *w, pki_time t);
/* rule 3: UTCTime from 1950 to 2049, else GeneralizedTime. */
void pki_der_put_x509_time(struct pki_der *w, pki_time t);

/*
 * Reading takes the next value off the front of `in`: false, and nothing taken, if there is none
 * of this tag in DER. Nothing is copied.
 */
bool pki_der_get(struct pki_bytes *in, int tag, struct pki_bytes *content);
/* Of any tag. */
bool pki_der_get_any(struct pki_bytes *in, int *tag, struct pki_bytes *content);
/* With its tag and length. */
bool pki_der_get_whole(struct pki_bytes *in, int tag, struct pki_bytes *value);
static inline bool
pki_der_is_next(const struct pki_bytes *in, int tag)
{
	return in->len != 0 && in->data[0] == tag;
}
/* REFUSED by rule 3; INPUT: no time in DER's form (RFC 5280 4.1.2.5). */
enum pki_status pki_der_get_x509_time(
	struct pki_bytes *in, pki_time *out, struct pki_err *err) PKI_MUST_CHECK;

#endif
