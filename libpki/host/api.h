/*
 * Calls of pki-ca's API over its Unix socket (pki-ca(8) lists the calls). A refusal comes back
 * as the struct pki_err of pki-ca, by JSON
 * {"error":{"status":"refused","rule":"order-used","object":"...","message":"..."}}.
 */
#ifndef LIBPKI_HOST_API_H
#define LIBPKI_HOST_API_H

#include "libpki/base/json.h"
#include "libpki/host/http.h"

#define PKI_API_MAX \
	((size_t)96 << 20) /* an answer: a CRL of a million entries in base64 */

/* err -> the body and the HTTP code of an answer; and back. */
enum pki_status pki_api_error_body(const struct pki_err *err, struct pki_buf *json,
	unsigned *code, struct pki_err *fail) PKI_MUST_CHECK;

/* POST (body not empty) or GET; *reply is the JSON answer, owned by the caller. */
enum pki_status pki_api_call(const char *socket, const char *path,
	const char *content_type, struct pki_bytes body, json_t **reply,
	struct pki_err *err) PKI_MUST_CHECK;

/*
 * POST /v1/orders: the signed order of this identifier. If the answer is lost, or says UNKNOWN,
 * the call asks GET /v1/orders/ID; a pki-ca that does not know the order gets the order again,
 * which counts once (rule 203). *reply: of the one or the other. UNKNOWN if pki-ca does not come
 * back within PKI_API_ASK_MSEC.
 */
#define PKI_API_ASK_MSEC 10000
enum pki_status pki_api_order(const char *socket, const char *id, struct pki_bytes cms,
	json_t **reply, struct pki_err *err) PKI_MUST_CHECK;

/* POST /v1/events: have an event logged. detail is borrowed and may be NULL. */
enum pki_status pki_api_event(const char *socket, const char *source, const char *type,
	const char *actor, json_t *detail, struct pki_err *err) PKI_MUST_CHECK;

#endif
