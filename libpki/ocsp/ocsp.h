/* OCSP messages: RFC 6960, RFC 9919 (formerly 5019), RFC 9654. No HTTP and no ledger here. */
#ifndef LIBPKI_OCSP_OCSP_H
#define LIBPKI_OCSP_OCSP_H

#include <limits.h>

#include "libpki/x509/crl.h"

/* A request with 16 SHA-512 CertIDs, a nonce and a signer's chain. */
#define PKI_OCSP_REQUEST_MAX ((size_t)16 << 10)
/* CertIDs in one request: most clients send 1, validators of chains a few. */
#define PKI_OCSP_CERTIDS_MAX 16
#define PKI_OCSP_NONCE_MAX 128

struct pki_ocsp_request;
struct pki_ocsp_responder;

/* INPUT: malformedRequest (rules 63, 64); LIMIT: more than PKI_OCSP_CERTIDS_MAX. */
enum pki_status pki_ocsp_request_parse(struct pki_bytes der,
	struct pki_ocsp_request **out, struct pki_err *err) PKI_MUST_CHECK;
void pki_ocsp_request_free(struct pki_ocsp_request *req);
void pki_ocsp_request_cleanup(struct pki_ocsp_request **req);
size_t pki_ocsp_request_count(const struct pki_ocsp_request *req);
/* length 0: no nonce */
struct pki_bytes pki_ocsp_request_nonce(const struct pki_ocsp_request *req);
/* NULL: the serial is negative or has more than 20 octets. RFC 6960 4.1.1 allows every INTEGER,
 * RFC 5280 4.1.2.2 no such serial in a certificate: unissued. */
const struct pki_serial *pki_ocsp_request_serial(
	const struct pki_ocsp_request *req, size_t i);

/*
 * issuer: the CA of the certificates. cert: the delegate, issued directly by issuer (rules 70, 71
 * checked; REFUSED). All are borrowed and outlive the responder. One thread at a time.
 */
enum pki_status pki_ocsp_responder_new(const struct pki_cert *issuer,
	const struct pki_cert *cert, struct pki_key *key, struct pki_ocsp_responder **out,
	struct pki_err *err) PKI_MUST_CHECK;
void pki_ocsp_responder_free(struct pki_ocsp_responder *responder);

/*
 * rule 74: choose among several responders of one issuer with different algorithms. The first of
 * the request's preferred signature algorithms (RFC 6960 4.4.7.1) with a responder decides;
 * without such an algorithm, the first responder. Returns the index of the responder.
 */
size_t pki_ocsp_choose(const struct pki_ocsp_request *req,
	struct pki_ocsp_responder *const *responders, size_t count);

/* Is CertID i about a certificate of the responder's issuer (name and key hash; SHA-1, -256,
 * -384, -512)? rules 62, 65 */
bool pki_ocsp_is_ours(const struct pki_ocsp_responder *responder,
	const struct pki_ocsp_request *req, size_t i);

enum pki_ocsp_status {
	PKI_OCSP_GOOD,
	PKI_OCSP_REVOKED,
	PKI_OCSP_UNISSUED, /* revoked, certificateHold, 1970, extended-revoke (rule 61) */
	PKI_OCSP_UNKNOWN,
};

struct pki_ocsp_single { /* the SingleResponse to CertID i of the request */
	enum pki_ocsp_status status;
	pki_time revoked_at;
	enum pki_reason reason;
};

/* The statuses and times of a response. Borrowed. */
struct pki_ocsp_content {
	const struct pki_ocsp_single *singles; /* pki_ocsp_request_count() of them */
	pki_time this_update; /* producedAt too */
	pki_time next_update;
};

/*
 * A signed response: one SingleResponse per CertID in the request's order (rule 67), nonce
 * echoed, byKey, delegate included, archiveCutoff the issuer's notBefore; rules 61, 64, 66,
 * 67, 73. Appends DER.
 */
enum pki_status pki_ocsp_respond(struct pki_ocsp_responder *responder,
	const struct pki_ocsp_request *req, const struct pki_ocsp_content *content,
	struct pki_buf *der, struct pki_err *err) PKI_MUST_CHECK;

/* OCSPResponseStatus other than successful; unsigned. Static bytes, never fails. */
enum pki_ocsp_error {
	PKI_OCSP_MALFORMED = 1,
	PKI_OCSP_INTERNAL = 2,
	PKI_OCSP_TRY_LATER = 3,
	PKI_OCSP_UNAUTHORIZED = 6,
};
struct pki_bytes pki_ocsp_error_response(enum pki_ocsp_error error);

/* The path of the exported response to a request: DIR/BASE64, with the path of the GET, where
 * slashes make folders. After a slash at the end follows "index.html", as in web servers. */
enum pki_status pki_ocsp_file(const char *dir, struct pki_bytes request,
	char out[PATH_MAX], struct pki_err *err) PKI_MUST_CHECK;

/* For `check` commands, the auditor and tests: build a request (hash: "SHA1" or "SHA256"); verify
 * a response against request and issuer and give the first status. at 0: as of producedAt. */
enum pki_status pki_ocsp_request_build(const struct pki_cert *issuer,
	const struct pki_serial *serial, const char *hash, struct pki_bytes nonce,
	struct pki_buf *der, struct pki_err *err) PKI_MUST_CHECK;
struct pki_ocsp_result {
	enum pki_ocsp_status status; /* UNISSUED: revoked on hold since 1970 */
	pki_time produced_at;
	pki_time this_update;
	pki_time next_update;
	pki_time revoked_at;
	enum pki_reason reason;
};
enum pki_status pki_ocsp_response_verify(struct pki_bytes response,
	struct pki_bytes request, const struct pki_cert *issuer, pki_time at,
	struct pki_ocsp_result *out, struct pki_err *err) PKI_MUST_CHECK;

#endif
