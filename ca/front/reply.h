/* Replies of pki-ca over HTTP. */
#ifndef CA_FRONT_REPLY_H
#define CA_FRONT_REPLY_H

#include "libpki/base/json.h"
#include "libpki/host/http.h"

/* With an error: replies with the error. Without: replies with 200 and json; json is
 * empty afterwards. */
void reply_send(
	struct pki_http_request *req, struct pki_json *json, const struct pki_err *err);

/* In two steps, for several requests with the same reply. */
struct reply {
	struct pki_buf body;
	unsigned code;
};
void reply_make(struct pki_json *json, const struct pki_err *err, struct reply *out);
void reply_give(struct pki_http_request *req, const struct reply *reply);
void reply_free(struct reply *reply);

#endif
