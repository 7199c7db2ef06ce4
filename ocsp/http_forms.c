#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "ocsp/ocspd.h"

#define HTTP_DATE_TEXT 32
#define TYPE_REQUEST "application/ocsp-request"

static bool
has_base(const char *path, const char *base_path)
{
	size_t len = strlen(base_path);
	return strncmp(path, base_path, len) == 0 &&
	       (path[len] == '/' || path[len] == '\0');
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* false: a percent sign that two digits do not follow */
static bool
unescape(const char *in, struct pki_buf *out, struct pki_err *err)
{
	for (; *in != '\0'; in++) {
		char c = *in;
		if (c == '%') {
			int high = hex_digit(in[1]);
			int low = high >= 0 ? hex_digit(in[2]) : -1;
			if (low < 0)
				return false;
			c = (char)(high << 4 | low);
			in += 2;
		}
		if (pki_buf_append(out, &c, 1, err) != PKI_OK)
			return false;
	}
	return true;
}

/* RFC 9919 5: GET {url}/{percent-encoded base64 of the DER}. '/' and '+' come encoded or
 * not; the base64 of a SEQUENCE starts with 'M', so slashes before it are the path's. */
unsigned
form_read_path(const char *path, const char *base_path, struct pki_buf *der)
{
	struct pki_err err = { 0 };
	PKI_CLEANUP(pki_buf_free) struct pki_buf text = { 0 };
	if (!has_base(path, base_path))
		return 404;
	path += strlen(base_path);
	if (!unescape(path, &text, &err))
		return 200;
	const char *base64 = text.data != NULL ? (const char *)text.data : "";
	size_t slashes = strspn(base64, "/");
	if (pki_base64_decode(base64 + slashes, text.len - slashes, der, &err) != PKI_OK)
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
read_post(const struct pki_http_request *req, const char *base_path, struct pki_buf *der)
{
	const char *path = pki_http_path(req);
	struct pki_bytes body = pki_http_body(req);
	struct pki_err err = { 0 };
	if (!has_base(path, base_path) ||
		strspn(path + strlen(base_path), "/") != strlen(path + strlen(base_path)))
		return 404;
	if (!is_request_type(pki_http_get_header(req, "Content-Type")))
		return 415;
	return pki_buf_append(der, body.data, body.len, &err) == PKI_OK ? 200 : 500;
}

unsigned
form_read(const struct pki_http_request *req, const char *base_path, struct pki_buf *der)
{
	const char *method = pki_http_method(req);
	if (strcmp(method, "POST") == 0)
		return read_post(req, base_path, der);
	if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
		return form_read_path(pki_http_path(req), base_path, der);
	return 405;
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

static enum pki_ocsp_error
error_of(const struct pki_err *err)
{
	if (err->rule == PKI_RULE_OCSP_UNAUTHORIZED)
		return PKI_OCSP_UNAUTHORIZED;
	if (err->status == PKI_INPUT || err->status == PKI_LIMIT)
		return PKI_OCSP_MALFORMED;
	if (err->status == PKI_UNAVAILABLE)
		return PKI_OCSP_TRY_LATER;
	return PKI_OCSP_INTERNAL;
}

/* RFC 6960 2.3: unsigned, in a plain 200 (RFC 6960 A.2) */
static void
reply_error(struct pki_http_request *req, const struct pki_err *err)
{
	static const struct pki_http_header headers[] = {
		{ "Content-Type", "application/ocsp-response" },
		{ "Cache-Control", "no-store" },
	};
	pki_http_reply(req, 200, headers, PKI_COUNT(headers),
		pki_ocsp_error_response(error_of(err)));
}

static void
http_date(pki_time t, char out[HTTP_DATE_TEXT])
{
	struct tm tm;
	time_t seconds = (time_t)t;
	gmtime_r(&seconds, &tm);
	strftime(out, HTTP_DATE_TEXT, "%a, %d %b %Y %H:%M:%S GMT", &tm);
}

/* rule 68. Caches keep an answer a minute at most, though it holds until nextUpdate: what a
 * proxy knows of a revocation must not lag behind the CRL. */
static void
reply_cacheable(struct pki_http_request *req, const struct answer *answer)
{
	char etag[PKI_SHA256_HEX + 2], hash[PKI_SHA256_HEX], control[80];
	char modified[HTTP_DATE_TEXT], expires[HTTP_DATE_TEXT];
	struct pki_err err = { 0 };
	if (pki_sha256_hex(answer->body.data, answer->body.len, hash, &err) != PKI_OK) {
		reply_error(req, &err);
		return;
	}
	snprintf(etag, sizeof etag, "\"%s\"", hash);
	pki_time left = answer->next_update - pki_time_now() - 1;
	pki_time age = left < OCSPD_CACHE_SECONDS ? left : OCSPD_CACHE_SECONDS;
	snprintf(control, sizeof control,
		"max-age=%lld, public, no-transform, must-revalidate",
		(long long)(age > 0 ? age : 0));
	http_date(answer->this_update, modified);
	http_date(answer->next_update, expires);
	const struct pki_http_header headers[] = {
		{ "Content-Type", "application/ocsp-response" },
		{ "Cache-Control", control },
		{ "ETag", etag },
		{ "Last-Modified", modified },
		{ "Expires", expires },
	};
	const char *known = pki_http_get_header(req, "If-None-Match");
	/* RFC 9110 13.1.2: 304 is for GET and HEAD */
	bool same = known != NULL && strcmp(pki_http_method(req), "POST") != 0 &&
		    (strcmp(known, "*") == 0 || strstr(known, etag) != NULL);
	struct pki_bytes body = { 0 };
	if (!same)
		body = pki_buf_bytes(&answer->body);
	pki_http_reply(req, same ? 304 : 200, headers, PKI_COUNT(headers), body);
}

void
ocsp_over_http(struct worker *worker, struct pki_http_request *req)
{
	static const struct pki_http_header private[] = {
		{ "Content-Type", "application/ocsp-response" },
		{ "Cache-Control", "no-store" }, /* rule 69 */
	};
	PKI_CLEANUP(pki_buf_free) struct pki_buf der = { 0 };
	PKI_CLEANUP(answer_free) struct answer answer = { 0 };
	struct pki_err err = { 0 };
	unsigned code = form_read(req, worker->daemon->base_path, &der);
	if (code != 200)
		refuse(req, code);
	else if (answer_make(worker, pki_buf_bytes(&der), &answer, &err) != PKI_OK) {
		reply_error(req, &err);
		ocspd_trouble(worker->daemon, &err);
	} else if (answer.cacheable)
		reply_cacheable(req, &answer);
	else
		pki_http_reply(
			req, 200, private, PKI_COUNT(private), pki_buf_bytes(&answer.body));
}
