/* OCSP over HTTP: RFC 6960 A, RFC 9919 5 and 7. */
#ifndef OCSP_OVER_HTTP_H
#define OCSP_OVER_HTTP_H

#include "libpki/host/http.h"

struct thread;

/* Answers and counts any request. */
void over_http_handle(struct thread *thread, struct pki_http_request *req);
/* The DER in a GET's path: appended to der, 200; else the HTTP status to refuse with. Text
 * outside base64 gives an empty der. */
unsigned over_http_read_path(
	const char *path, const char *base_path, struct pki_buf *der);

#endif
