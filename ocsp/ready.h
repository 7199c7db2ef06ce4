/* A response, ready to be sent, shared by threads and the cache. */
#ifndef OCSP_READY_H
#define OCSP_READY_H

#include <stdatomic.h>

#include "libpki/host/http.h"
#include "libpki/ocsp/ocsp.h"

struct identity;

/* The answer was true at a view of the ledger; the response is sent while the ledger is still
 * at this view. */
struct ready {
	atomic_uint owners;
	size_t authority; /* the authority's index */
	struct pki_ocsp_single single;
	pki_time this_update;
	pki_time next_update;
	pki_time keep_until; /* afterwards a new response is made */
	pki_time max_age; /* for HTTP caches, in seconds */
	const struct identity *signer;
	unsigned generation; /* of the signer's certificate */
	char etag[PKI_SHA256_HEX + 2];
	struct pki_http_ready *http;
	size_t key_len;
	uint8_t key[]; /* the request's DER */
};

/* The caller is the owner. */
enum pki_status ready_new(
	struct pki_bytes key, struct ready **out, struct pki_err *err) PKI_MUST_CHECK;
/* Removes an owner; the last owner frees. NULL: nothing. */
void ready_free(struct ready *ready);
void ready_cleanup(struct ready **ready);
/* Body and HTTP headers (rule 68); times and keep_until are set. */
enum pki_status ready_set_body(
	struct ready *ready, struct pki_bytes body, struct pki_err *err) PKI_MUST_CHECK;

#endif
