#include "libpki/der.h"

#include <string.h>
#include <time.h>

/* "YYYYMMDDHHMMSSZ" and the NUL */
#define TIME_TEXT 16

void
pki_der_put(struct pki_der *w, const void *data, size_t len)
{
	if (len > w->at) {
		w->full = true;
		return;
	}
	w->at -= len;
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

void
pki_der_put_time(struct pki_der *w, pki_time t)
{
	char text[TIME_TEXT];
	struct tm tm;
	time_t seconds = (time_t)t;
	gmtime_r(&seconds, &tm);
	strftime(text, sizeof text, "%Y%m%d%H%M%SZ", &tm);
	pki_der_put_tagged(w, PKI_DER_TIME, text, TIME_TEXT - 1);
}
