/* From a request's DER to the response's. */
#ifndef OCSP_RESPONSE_H
#define OCSP_RESPONSE_H

#include "ocsp/lookup.h"
#include "ocsp/ready.h"

struct thread;

struct response {
	struct ready *ready; /* shared; NULL: body has the response */
	struct pki_buf body; /* with a nonce, or for several certificates */
	enum pki_ocsp_status status; /* of the first certificate */
};

/* INPUT or LIMIT: the request is malformed. Rule 62: the request is about a foreign CA.
 * UNAVAILABLE. */
enum pki_status response_make(struct thread *thread, struct pki_bytes der,
	struct response *out, struct pki_err *err) PKI_MUST_CHECK;
void response_free(struct response *response);

struct response_signed {
	struct pki_buf body;
	pki_time this_update, next_update;
	const struct identity_share *signer;
};
/* One element of singles for each of the request's certificates. */
enum pki_status response_sign(struct lookup *lookup, const struct pki_ocsp_request *req,
	const struct pki_ocsp_single *singles, struct response_signed *out,
	struct pki_err *err) PKI_MUST_CHECK;
void response_signed_free(struct response_signed *made);

#endif
