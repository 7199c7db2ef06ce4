/* Replies of pki-ca over HTTP. */
#ifndef CA_FRONT_REPLY_H
#define CA_FRONT_REPLY_H

#include "libpki/base/json.h"
#include "libpki/host/http.h"

/* Reply with 200 and json, which is empty then, or with the error if there is one. */
void reply_send(
	struct pki_http_request *req, struct pki_json *json, const struct pki_err *err);

#endif
