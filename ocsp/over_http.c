#include "ocsp/over_http.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "ocsp/metrics.h"
#include "ocsp/response.h"
#include "ocsp/service.h"

#define TYPE_REQUEST "application/ocsp-request"

static bool
has_base(const char *path, const char *base_path)
{
	size_t len = strlen(base_path);
	return strncmp(path, base_path, len) == 0 &&
	       (path[len] == '/' || path[len] == '\0');
}

/* rule 115: the authority whose base path is the longest of the path's own; NULL: none. */
static const struct authority *
find_authority(const struct service *service, const char *path)
{
	const struct authority *found = NULL;
	for (size_t i = 0; i < service->authority_count; i++) {
		const struct authority *a = service->authorities[i];
		if (has_base(path, a->base_path) &&
			(found == NULL ||
				strlen(a->base_path) > strlen(found->base_path)))
			found = a;
	}
	return found;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* false: a percent sign without two digits */
static bool
unescape(const char *in, struct pki_buf *out)
{
	if (pki_buf_reserve(out, strlen(in), NULL) != PKI_OK)
		return false;
	uint8_t *to = out->data;
	for (; *in != '\0'; in++) {
		int c = (uint8_t)*in;
		if (c == '%') {
			int high = hex_digit(in[1]);
			int low = high >= 0 ? hex_digit(in[2]) : -1;
			if (low < 0)
				return false;
			c = high << 4 | low;
			in += 2;
		}
		*to++ = (uint8_t)c;
	}
	out->len = (size_t)(to - out->data);
	*to = '\0';
	return true;
}

/* RFC 9919 5: GET {url}/{percent-encoded base64 of the DER}. '/' and '+' come encoded or not;
 * the base64 of a SEQUENCE starts with 'M', so slashes before the 'M' belong to the path. */
unsigned
over_http_read_path(const char *path, const char *base_path, struct pki_buf *der)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	if (!has_base(path, base_path))
		return 404;
	path += strlen(base_path);
	if (!unescape(path, &text))
		return 200;
	const char *base64 = (const char *)text.data;
	size_t slashes = strspn(base64, "/");
	if (pki_base64_decode(base64 + slashes, text.len - slashes, der, NULL) != PKI_OK)
		pki_buf_reset(der);
	return 200;
}

static bool
is_request_type(const char *type)
{
	size_t len = sizeof TYPE_REQUEST - 1;
	return type != NULL && strncasecmp(type, TYPE_REQUEST, len) == 0 &&
	       strchr("; \t", type[len]) != NULL;
}

static unsigned
read_post(
	const struct pki_http_request *req, const char *base_path, struct pki_bytes *der)
{
	const char *path = pki_http_path(req);
	if (!has_base(path, base_path) ||
		strspn(path + strlen(base_path), "/") != strlen(path + strlen(base_path)))
		return 404;
	if (!is_request_type(pki_http_get_header(req, "Content-Type")))
		return 415;
	*der = pki_http_body(req);
	return 200;
}

/* The DER in a request, 200; else the HTTP status to refuse with. *der may point into room. The
 * path may be the path of any authority. */
static unsigned
form_read(const struct service *service, const struct pki_http_request *req,
	enum metrics_method method, struct pki_buf *room, struct pki_bytes *der)
{
	const char *path = pki_http_path(req);
	const struct authority *authority = find_authority(service, path);
	if (authority == NULL)
		return 404;
	if (method == METRICS_POST)
		return read_post(req, authority->base_path, der);
	unsigned code = over_http_read_path(path, authority->base_path, room);
	*der = pki_buf_bytes(room);
	return code;
}

static void
refuse(struct pki_http_request *req, unsigned code)
{
	static const struct pki_http_header headers[] = {
		{ "Cache-Control", "no-store" },
		{ "Allow", "GET, HEAD, POST" },
	};
	/* Allow is for 405 alone (RFC 9110 15.5.6) */
	pki_http_reply(req, code, headers, code == 405 ? 2 : 1, (struct pki_bytes){ 0 });
}

/* RFC 6960 2.3 */
static enum metrics_outcome
kind_of(const struct pki_err *err)
{
	if (err->rule == PKI_RULE_OCSP_UNAUTHORIZED)
		return METRICS_UNAUTHORIZED;
	if (err->status == PKI_INPUT || err->status == PKI_LIMIT)
		return METRICS_MALFORMED;
	if (err->status == PKI_UNAVAILABLE)
		return METRICS_TRY_LATER;
	return METRICS_INTERNAL;
}

/* Unsigned, in a plain 200 (RFC 6960 A.2). */
static enum metrics_outcome
reply_error(struct pki_http_request *req, const struct pki_err *err)
{
	static const struct pki_http_header headers[] = {
		{ "Content-Type", "application/ocsp-response" },
		{ "Cache-Control", "no-store" },
	};
	static const enum pki_ocsp_error errors[] = {
		[METRICS_UNAUTHORIZED] = PKI_OCSP_UNAUTHORIZED,
		[METRICS_MALFORMED] = PKI_OCSP_MALFORMED,
		[METRICS_TRY_LATER] = PKI_OCSP_TRY_LATER,
		[METRICS_INTERNAL] = PKI_OCSP_INTERNAL,
	};
	enum metrics_outcome kind = kind_of(err);
	pki_http_reply(req, 200, headers, PKI_COUNT(headers),
		pki_ocsp_error_response(errors[kind]));
	return kind;
}

/* RFC 9110 13.1.2: 304 is for GET and HEAD; 15.4.5: with the headers of the 200 */
static void
reply_ready(struct pki_http_request *req, const struct ready *ready,
	enum metrics_method method)
{
	const char *known =
		method == METRICS_GET ? pki_http_get_header(req, "If-None-Match") : NULL;
	bool same = known != NULL &&
		    (strcmp(known, "*") == 0 || strstr(known, ready->etag) != NULL);
	pki_http_reply_ready(req, same ? 304 : 200, ready->http);
}

static enum metrics_outcome
reply_response(struct pki_http_request *req, const struct response *response,
	enum metrics_method method)
{
	static const struct pki_http_header headers[] = {
		{ "Content-Type", "application/ocsp-response" },
		{ "Cache-Control", "no-store" }, /* rule 69 */
	};
	static const enum metrics_outcome kinds[] = {
		[PKI_OCSP_GOOD] = METRICS_GOOD,
		[PKI_OCSP_REVOKED] = METRICS_REVOKED,
		[PKI_OCSP_UNISSUED] = METRICS_UNISSUED,
		[PKI_OCSP_UNKNOWN] = METRICS_UNISSUED,
	};
	if (response->ready != NULL)
		reply_ready(req, response->ready, method);
	else
		pki_http_reply(req, 200, headers, PKI_COUNT(headers),
			pki_buf_bytes(&response->body));
	return kinds[response->status];
}

static enum metrics_outcome
reply(struct thread *thread, struct pki_http_request *req, enum metrics_method method)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf room = { 0 };
	PKI_CLEANUP(response_free) struct response response = { 0 };
	struct pki_bytes der = { 0 };
	struct pki_err err = { 0 };
	unsigned code = form_read(thread->service, req, method, &room, &der);
	if (code != 200) {
		refuse(req, code);
		return METRICS_HTTP_REFUSED;
	}
	if (response_make(thread, der, &response, &err) == PKI_OK)
		return reply_response(req, &response, method);
	if (err.status == PKI_UNAVAILABLE)
		pki_report_trouble(&thread->service->trouble, &err);
	return reply_error(req, &err);
}

static int64_t
monotonic_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

void
over_http_handle(struct thread *thread, struct pki_http_request *req)
{
	int64_t start = monotonic_ns();
	const char *name = pki_http_method(req);
	enum metrics_outcome outcome = METRICS_HTTP_REFUSED;
	enum metrics_method method = strcmp(name, "POST") == 0 ? METRICS_POST
							       : METRICS_GET;
	if (method == METRICS_POST || strcmp(name, "GET") == 0 ||
		strcmp(name, "HEAD") == 0)
		outcome = reply(thread, req, method);
	else
		refuse(req, 405);
	metrics_request(thread->cells, method, outcome, monotonic_ns() - start);
}
