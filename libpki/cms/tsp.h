/* Time-stamps of an authority: RFC 3161, with ESSCertIDv2 of RFC 5816 (rule 86). */
#ifndef LIBPKI_CMS_TSP_H
#define LIBPKI_CMS_TSP_H

#include "libpki/base/hex.h"
#include "libpki/base/time.h"

/* A response with the certificates of a chain has a few kB. */
#define PKI_TSP_MAX ((size_t)64 << 10)
#define PKI_TSP_NONCE 8

#define PKI_TSP_QUERY_TYPE "application/timestamp-query"

struct pki_tsp_query {
	uint8_t digest[PKI_SHA256]; /* of the stamped data */
	uint8_t nonce[PKI_TSP_NONCE]; /* unpredictable; all zeros: none was asked for */
};

/* TimeStampReq about data: SHA-256, a nonce, the authority's certificate asked for. */
enum pki_status pki_tsp_request(struct pki_bytes data, struct pki_tsp_query *query,
	struct pki_buf *der, struct pki_err *err) PKI_MUST_CHECK;
/* The query of an old stamp, whose nonce was not kept: without nonce. */
enum pki_status pki_tsp_query_of(struct pki_bytes data, struct pki_tsp_query *out,
	struct pki_err *err) PKI_MUST_CHECK;

/*
 * Verify a TimeStampResp: granted, over this digest, with this nonce, signed with an authority's
 * certificate. The certificate has a critical extendedKeyUsage of timeStamping alone, was valid
 * at the stamp's time, and chains up to a certificate of trust (PEM). *at: the stamp's time, as
 * the authority claims. INPUT if response is no TimeStampResp, TAMPERED (rule 86) if it does not
 * verify, CONFIG if trust holds no certificate.
 */
enum pki_status pki_tsp_verify(struct pki_bytes response,
	const struct pki_tsp_query *query, struct pki_bytes trust, pki_time *at,
	struct pki_err *err) PKI_MUST_CHECK;

#endif
