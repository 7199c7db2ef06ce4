/* What a request says about the answer that its client has or can read. */
#include <curl/curl.h>
#include <string.h>

#include "libpki/host/http.h"

bool
pki_http_not_modified(
	const struct pki_http_request *req, const char *etag, pki_time modified)
{
	const char *known = pki_http_get_header(req, "If-None-Match");
	if (known != NULL)
		return strcmp(known, "*") == 0 || strstr(known, etag) != NULL;
	known = pki_http_get_header(req, "If-Modified-Since");
	/* -1: no date; such a header is ignored */
	pki_time since = known != NULL ? curl_getdate(known, NULL) : -1;
	return since >= 0 && since >= modified;
}

/* A client that names gzip with a quality gets the file as it is: some mean "not". */
bool
pki_http_accepts_gzip(const struct pki_http_request *req)
{
	const char *in = pki_http_get_header(req, "Accept-Encoding");
	const char *gzip = in != NULL ? strcasestr(in, "gzip") : NULL;
	return gzip != NULL && gzip[4 + strspn(gzip + 4, " \t")] != ';';
}
