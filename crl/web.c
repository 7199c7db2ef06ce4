#include "crl/web.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libpki/base/file.h"
#include "libpki/host/conf_crl.h"
#include "libpki/host/http.h"

#define CONNECTIONS_MAX 1024
#define IDLE_SECONDS 30
/* Requests have no body. */
#define BODY_MAX 0
#define NAME_TEXT 256
#define HTTP_DATE_TEXT 32
/* Half of the minute in which a revocation reaches whoever reads CRLs. */
#define CACHE_CONTROL "public, max-age=30"

struct web {
	struct pki_http_server *server;
	int dir;
};

const char *
web_type(const char *path)
{
	static const struct {
		const char *end;
		const char *type;
	} types[] = {
		{ ".crl", "application/pkix-crl" }, /* rule 59 */
		{ ".crt", "application/pkix-cert" },
		{ ".pem", "application/x-pem-file" },
		{ "/checkpoint", "text/plain; charset=utf-8" },
		{ "/vkey", "text/plain; charset=utf-8" },
	};
	size_t len = strlen(path);
	for (size_t i = 0; i < PKI_COUNT(types); i++) {
		size_t end = strlen(types[i].end);
		if (len >= end && strcmp(path + len - end, types[i].end) == 0)
			return types[i].type;
	}
	return "application/octet-stream";
}

/* The next component of *path to name; false: none, too long, or starting with a dot, as
 * temporary files and ways upwards do. */
static bool
next_name(const char **path, char name[NAME_TEXT])
{
	while (**path == '/')
		(*path)++;
	size_t len = strcspn(*path, "/");
	if (len == 0 || len >= NAME_TEXT || **path == '.')
		return false;
	memcpy(name, *path, len);
	name[len] = '\0';
	*path += len;
	return true;
}

bool
web_open(int dir, const char *path, int *fd)
{
	char name[NAME_TEXT];
	PKI_CLEANUP(pki_close_fd) int at = -1;
	while (next_name(&path, name)) {
		bool last = *path == '\0';
		int kind = last ? O_RDONLY | O_NONBLOCK : O_PATH | O_DIRECTORY;
		int next =
			openat(at >= 0 ? at : dir, name, kind | O_NOFOLLOW | O_CLOEXEC);
		pki_close_fd(&at);
		at = next;
		if (at < 0)
			return false;
		struct stat st;
		if (last && fstat(at, &st) == 0 && S_ISREG(st.st_mode)) {
			*fd = at;
			at = -1;
			return true;
		}
	}
	return false;
}

static void
http_date(time_t t, char out[HTTP_DATE_TEXT])
{
	struct tm tm;
	gmtime_r(&t, &tm);
	strftime(out, HTTP_DATE_TEXT, "%a, %d %b %Y %H:%M:%S GMT", &tm);
}

static bool
not_modified(const struct pki_http_request *req, const char *etag, const char *modified)
{
	const char *known = pki_http_get_header(req, "If-None-Match");
	if (known != NULL)
		return strcmp(known, "*") == 0 || strstr(known, etag) != NULL;
	known = pki_http_get_header(req, "If-Modified-Since");
	return known != NULL && strcmp(known, modified) == 0;
}

/* Files are replaced by rename: an inode's time and size stand for the content. */
static bool
send_file(struct pki_http_request *req, int *fd)
{
	struct stat st;
	char etag[64], modified[HTTP_DATE_TEXT];
	if (fstat(*fd, &st) != 0)
		return false;
	snprintf(etag, sizeof etag, "\"%llx-%llx-%llx\"", (unsigned long long)st.st_ino,
		(unsigned long long)st.st_mtim.tv_sec * 1000000000u +
			(unsigned long long)st.st_mtim.tv_nsec,
		(unsigned long long)st.st_size);
	http_date(st.st_mtim.tv_sec, modified);
	const struct pki_http_header headers[] = {
		{ "Content-Type", web_type(pki_http_path(req)) },
		{ "Cache-Control", CACHE_CONTROL },
		{ "ETag", etag },
		{ "Last-Modified", modified },
	};
	if (not_modified(req, etag, modified)) {
		pki_http_reply(
			req, 304, headers, PKI_COUNT(headers), (struct pki_bytes){ 0 });
		return true;
	}
	pki_http_reply_file(req, headers, PKI_COUNT(headers), *fd, (uint64_t)st.st_size);
	*fd = -1;
	return true;
}

static void
handle(void *ctx, struct pki_http_request *req)
{
	static const struct pki_http_header allow[] = { { "Allow", "GET, HEAD" } };
	const struct web *web = ctx;
	const char *method = pki_http_method(req);
	PKI_CLEANUP(pki_close_fd) int fd = -1;
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		pki_http_reply(req, 405, allow, 1, (struct pki_bytes){ 0 });
	else if (!web_open(web->dir, pki_http_path(req), &fd))
		pki_http_reply(req, 404, NULL, 0, (struct pki_bytes){ 0 });
	else if (!send_file(req, &fd))
		pki_http_reply(req, 500, NULL, 0, (struct pki_bytes){ 0 });
}

static enum pki_status
listen_at(struct web *web, const struct pki_conf *conf, struct pki_err *err)
{
	const struct pki_http_config config = {
		.listen = conf->crl->listen,
		.threads = 1,
		.body_max = BODY_MAX,
		.connections_max = CONNECTIONS_MAX,
		.idle_seconds = IDLE_SECONDS,
		.handler = handle,
		.ctx = web,
	};
	PKI_TRY(pki_file_mkdirs(conf->publish, 0755, err));
	web->dir = open(conf->publish, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (web->dir < 0)
		return pki_fail_errno(err, PKI_IO, errno, "%s", conf->publish);
	return pki_http_listen(&config, &web->server, err);
}

enum pki_status
web_listen(const struct pki_conf *conf, struct web **out, struct pki_err *err)
{
	struct web *web = calloc(1, sizeof *web);
	if (web == NULL)
		return pki_fail(err, PKI_MEMORY, "the web server");
	web->dir = -1;
	enum pki_status status = listen_at(web, conf, err);
	if (status != PKI_OK) {
		web_stop(web);
		return status;
	}
	*out = web;
	return PKI_OK;
}

enum pki_status
web_begin(struct web *web, struct pki_err *err)
{
	return pki_http_begin(web->server, err);
}

void
web_stop(struct web *web)
{
	if (web == NULL)
		return;
	pki_http_stop(web->server);
	pki_close_fd(&web->dir);
	free(web);
}
