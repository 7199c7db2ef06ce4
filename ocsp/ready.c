#include "ocsp/ready.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define HTTP_DATE_TEXT 32
/* Caches keep a response for a minute at most. */
#define CACHE_SECONDS ((pki_time)60)

enum pki_status
ready_new(struct pki_bytes key, struct ready **out, struct pki_err *err)
{
	struct ready *ready = calloc(1, sizeof *ready + key.len);
	if (ready == NULL)
		return pki_fail(err, PKI_MEMORY, "a response");
	atomic_store(&ready->owners, 1);
	ready->key_len = key.len;
	memcpy(ready->key, key.data, key.len);
	*out = ready;
	return PKI_OK;
}

void
ready_free(struct ready *ready)
{
	if (ready == NULL || atomic_fetch_sub(&ready->owners, 1) != 1)
		return;
	pki_http_ready_free(ready->http);
	free(ready);
}

void
ready_cleanup(struct ready **ready)
{
	ready_free(*ready);
}

static void
http_date(pki_time t, char out[HTTP_DATE_TEXT])
{
	struct tm tm;
	time_t seconds = (time_t)t;
	gmtime_r(&seconds, &tm);
	strftime(out, HTTP_DATE_TEXT, "%a, %d %b %Y %H:%M:%S GMT", &tm);
}

/* Caches keep a response a minute at most, long before nextUpdate: a proxy must not know of a
 * revocation later than the CRL does. */
enum pki_status
ready_set_body(struct ready *ready, struct pki_bytes body, struct pki_err *err)
{
	char hash[PKI_SHA256_HEX], control[80];
	char modified[HTTP_DATE_TEXT], expires[HTTP_DATE_TEXT];
	PKI_TRY(pki_sha256_hex(body.data, body.len, hash, err));
	snprintf(ready->etag, sizeof ready->etag, "\"%s\"", hash);
	pki_time left = ready->next_update - ready->keep_until - 1;
	pki_time age = left < CACHE_SECONDS ? left : CACHE_SECONDS;
	ready->max_age = age > 0 ? age : 0;
	snprintf(control, sizeof control,
		"max-age=%lld, public, no-transform, must-revalidate",
		(long long)ready->max_age);
	http_date(ready->this_update, modified);
	http_date(ready->next_update, expires);
	const struct pki_http_header headers[] = {
		{ "Content-Type", "application/ocsp-response" },
		{ "Cache-Control", control },
		{ "ETag", ready->etag },
		{ "Last-Modified", modified },
		{ "Expires", expires },
	};
	return pki_http_ready_new(headers, PKI_COUNT(headers), body, &ready->http, err);
}
