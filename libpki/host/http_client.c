#include "libpki/host/http.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define CONNECT_SECONDS 5L
/* Long enough to build and sign a CRL of a million entries. */
#define TOTAL_SECONDS 120L
#define URL_MAX 2048

struct sink {
	struct pki_buf *body;
	size_t max;
	struct pki_err *err;
};

static void
global_init(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

static size_t
on_data(char *data, size_t size, size_t count, void *ctx)
{
	struct sink *sink = ctx;
	size_t len = size * count;
	if (len > sink->max - sink->body->len) {
		(void)pki_fail(sink->err, PKI_LIMIT,
			"the answer has more than %zu octets", sink->max);
		return 0;
	}
	if (pki_buf_append(sink->body, data, len, sink->err) != PKI_OK)
		return 0;
	return len;
}

static void
curl_cleanup(CURL **curl)
{
	curl_easy_cleanup(*curl);
}

static void
list_cleanup(struct curl_slist **list)
{
	curl_slist_free_all(*list);
}

static enum pki_status
set_target(CURL *curl, const char *base, const char *path, struct pki_err *err)
{
	char url[URL_MAX];
	bool local = strncmp(base, "unix:", 5) == 0;
	int len = snprintf(
		url, sizeof url, "%s%s", local ? "http://localhost" : base, path);
	if (len < 0 || (size_t)len >= sizeof url)
		return pki_fail(
			err, PKI_LIMIT, "a URL has at most %d octets", URL_MAX - 1);
	CURLcode rc = curl_easy_setopt(curl, CURLOPT_URL, url);
	if (rc == CURLE_OK && local)
		rc = curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, base + 5);
	if (rc != CURLE_OK)
		return pki_fail(err, PKI_MEMORY, "%s", curl_easy_strerror(rc));
	return PKI_OK;
}

static int
on_progress(void *ctx, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
	curl_off_t up)
{
	(void)down_total;
	(void)down;
	(void)up_total;
	(void)up;
	const atomic_bool *const *stop = ctx;
	return atomic_load(*stop);
}

/* Only the named host: no redirects, no proxies, no netrc. */
static void
set_limits(CURL *curl, const struct pki_http_outgoing *call, struct sink *sink)
{
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, TOTAL_SECONDS);
	curl_easy_setopt(
		curl, CURLOPT_LOW_SPEED_LIMIT, call->stall_seconds > 0 ? 1L : 0L);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)call->stall_seconds);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_data);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, sink);
	if (call->stop == NULL)
		return;
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &call->stop);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
}

/* Client credentials, and the server's trusted CAs. */
static enum pki_status
set_trust(CURL *curl, const struct pki_http_outgoing *call, struct pki_err *err)
{
	/* curl's interface lacks a const */
	union {
		const uint8_t *in;
		void *out;
	} ca = { .in = call->ca.data };
	struct curl_blob blob = { ca.out, call->ca.len, CURL_BLOB_NOCOPY };
	CURLcode rc = CURLE_OK;
	if (call->ca.data != NULL)
		rc = curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &blob);
	if (rc == CURLE_OK && call->credentials != NULL)
		rc = curl_easy_setopt(curl, CURLOPT_USERPWD, call->credentials);
	return rc == CURLE_OK ? PKI_OK
			      : pki_fail(err, PKI_MEMORY, "%s", curl_easy_strerror(rc));
}

static enum pki_status
set_request(CURL *curl, const struct pki_http_outgoing *call, struct curl_slist **headers,
	struct pki_err *err)
{
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, call->method);
	if (call->body.data == NULL)
		return PKI_OK;
	char type[128];
	snprintf(type, sizeof type, "Content-Type: %s",
		call->content_type != NULL ? call->content_type
					   : "application/octet-stream");
	*headers = curl_slist_append(NULL, type);
	/* otherwise large bodies wait for "100 Continue" */
	if (*headers == NULL || curl_slist_append(*headers, "Expect:") == NULL)
		return pki_fail(err, PKI_MEMORY, "HTTP headers");
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, *headers);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, (const char *)call->body.data);
	return PKI_OK;
}

static void
read_headers(CURL *curl, struct pki_http_response *out)
{
	const char *type = NULL;
	struct curl_header *date = NULL;
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &out->code);
	curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
	snprintf(out->content_type, sizeof out->content_type, "%s",
		type != NULL ? type : "");
	if (curl_easy_header(curl, "Date", 0, CURLH_HEADER, -1, &date) != CURLHE_OK)
		return;
	time_t t = curl_getdate(date->value, NULL);
	out->date = t > 0 ? t : 0;
}

/* Without a connection nothing was sent. */
static bool
was_sent(CURL *curl)
{
	curl_off_t connected = 0;
	return curl_easy_getinfo(curl, CURLINFO_PRETRANSFER_TIME_T, &connected) ==
		       CURLE_OK &&
	       connected > 0;
}

static enum pki_status
perform(CURL *curl, const char *base, bool lasting, struct pki_http_response *out,
	struct pki_err *err)
{
	char text[CURL_ERROR_SIZE] = "";
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, text);
	CURLcode rc = curl_easy_perform(curl);
	if (rc == CURLE_OUT_OF_MEMORY)
		return pki_fail(err, PKI_MEMORY, "HTTP request to %s", base);
	if (rc != CURLE_OK && lasting && was_sent(curl))
		return pki_fail(err, PKI_UNKNOWN,
			"%s took the request and did not answer: %s; whether it was carried out is not known",
			base, text[0] != '\0' ? text : curl_easy_strerror(rc));
	if (rc != CURLE_OK)
		return pki_fail(err, PKI_UNAVAILABLE,
			"%s does not answer: %s; is the service running?", base,
			text[0] != '\0' ? text : curl_easy_strerror(rc));
	read_headers(curl, out);
	return PKI_OK;
}

static enum pki_status
send_once(CURL *curl, const struct pki_http_outgoing *call, struct pki_http_response *out,
	struct pki_err *err)
{
	PKI_CLEANUP(list_cleanup) struct curl_slist *headers = NULL;
	struct sink sink = { &out->body, call->max, err };
	set_limits(curl, call, &sink);
	PKI_TRY(set_target(curl, call->url_base, call->path, err));
	PKI_TRY(set_trust(curl, call, err));
	PKI_TRY(set_request(curl, call, &headers, err));
	return perform(curl, call->url_base, call->lasting, out, err);
}

enum pki_status
pki_http_send(const struct pki_http_outgoing *call, struct pki_http_response *out,
	struct pki_err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct pki_err own = { 0 };
	pthread_once(&once, global_init);
	*out = (struct pki_http_response){ 0 };
	PKI_CLEANUP(curl_cleanup) CURL *curl = curl_easy_init();
	if (curl == NULL)
		return pki_fail(err, PKI_MEMORY, "HTTP client");
	if (send_once(curl, call, out, &own) != PKI_OK)
		pki_http_response_free(out);
	return pki_err_move(err, &own);
}

enum pki_status
pki_http_get(const char *url_base, const char *path, size_t max,
	struct pki_http_response *out, struct pki_err *err)
{
	const struct pki_http_outgoing call = {
		.url_base = url_base, .method = "GET", .path = path, .max = max
	};
	return pki_http_send(&call, out, err);
}

void
pki_http_response_free(struct pki_http_response *response)
{
	pki_buf_free(&response->body);
	*response = (struct pki_http_response){ 0 };
}
