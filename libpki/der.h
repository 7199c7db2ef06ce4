/*
 * DER written by hand, where OpenSSL's way (an object for each value) costs more than all the
 * rest. It is written from its end towards its start, so that each length is known when its turn
 * comes: what stands last is put first. Internal to the crypto layer.
 */
#ifndef LIBPKI_DER_H
#define LIBPKI_DER_H

#include "libpki/mem.h"
#include "libpki/time.h"

enum pki_der_tag {
	PKI_DER_BITS = 0x03,
	PKI_DER_OCTETS = 0x04,
	PKI_DER_ENUMERATED = 0x0a,
	PKI_DER_TIME = 0x18,
	PKI_DER_SEQUENCE = 0x30,
	PKI_DER_CONTEXT = 0x80,     /* [0], primitive; + n */
	PKI_DER_CONSTRUCTED = 0xa0, /* [0], constructed; + n */
};

/* Starts as { room, its size, false }. */
struct pki_der {
	uint8_t *data;
	size_t at; /* the first octet written */
	bool full; /* something did not fit: what was written is of no use */
};

void pki_der_put(struct pki_der *w, const void *data, size_t len);
/* Tag and length in front of what stands between w->at and end. */
void pki_der_wrap(struct pki_der *w, int tag, size_t end);
void pki_der_put_tagged(struct pki_der *w, int tag, const void *data, size_t len);
/* GeneralizedTime */
void pki_der_put_time(struct pki_der *w, pki_time t);

#endif
