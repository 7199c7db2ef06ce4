#include "crl/web.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "crl/gzip.h"
#include "libpki/base/file.h"
#include "libpki/host/conf_crl.h"
#include "libpki/host/http.h"

#define CONNECTIONS_MAX 1024
#define IDLE_SECONDS 30
/* Requests have no body. */
#define BODY_MAX 0
#define NAME_TEXT 256
#define HTTP_DATE_TEXT 32
/* C2SP tlog-tiles: a tile never changes; its entry bundles are compressed by HTTP. */
#define TILES "/log/tile/"
#define BUNDLES TILES "entries/"
/* Larger bundles of log entries are sent as they are. */
#define GZIP_MAX ((off_t)4 << 20)

struct web {
	struct pki_http_server *server;
	int dir;
};

static bool
ends_with(const char *path, const char *end)
{
	size_t len = strlen(path), end_len = strlen(end);
	return len >= end_len && strcmp(path + len - end_len, end) == 0;
}

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
	for (size_t i = 0; i < PKI_COUNT(types); i++)
		if (ends_with(path, types[i].end))
			return types[i].type;
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
		/* a second name of the file may be a file of anybody, linked here */
		if (last && fstat(at, &st) == 0 && S_ISREG(st.st_mode) &&
			st.st_nlink == 1) {
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

const char *
web_cache_control(const char *path)
{
	if (ends_with(path, "/checkpoint"))
		return "no-cache";
	if (strncmp(path, TILES, strlen(TILES)) == 0)
		return "public, max-age=31536000, immutable";
	/* half of the minute in which a revocation reaches whoever reads CRLs */
	return "public, max-age=30";
}

/*
 * The first second in which every answer has this content: a client whose date is the second of
 * the change itself may have the content before.
 */
static time_t
changed_before(const struct stat *st)
{
	return st->st_mtim.tv_sec + (st->st_mtim.tv_nsec > 0 ? 1 : 0);
}

/* RFC 9110 8.8.2.1: not later than Date. */
static void
last_modified(const struct stat *st, char out[HTTP_DATE_TEXT])
{
	time_t now = time(NULL), t = changed_before(st);
	http_date(t < now ? t : now, out);
}

/* False: the file cannot be read. */
static bool
compress_file(int fd, uint64_t size, struct pki_buf *out)
{
	PKI_CLEANUP(pki_buf_free) struct pki_buf plain = { 0 };
	if (pki_buf_reserve(&plain, size, NULL) != PKI_OK ||
		pki_fd_read(fd, plain.data, size, NULL) != PKI_OK)
		return false;
	return gzip_compress((struct pki_bytes){ plain.data, size }, out, NULL) == PKI_OK;
}

/* Files are replaced by rename: an inode's time and size stand for the content. */
static bool
send_file(struct pki_http_request *req, int *fd)
{
	struct stat st;
	char etag[64], modified[HTTP_DATE_TEXT];
	PKI_CLEANUP(pki_buf_free) struct pki_buf body = { 0 };
	const char *path = pki_http_path(req);
	bool bundle = strncmp(path, BUNDLES, strlen(BUNDLES)) == 0;
	if (fstat(*fd, &st) != 0)
		return false;
	bool gzip = bundle && st.st_size <= GZIP_MAX && pki_http_accepts_gzip(req);
	snprintf(etag, sizeof etag, "\"%llx-%llx-%llx%s\"", (unsigned long long)st.st_ino,
		(unsigned long long)st.st_mtim.tv_sec * 1000000000u +
			(unsigned long long)st.st_mtim.tv_nsec,
		(unsigned long long)st.st_size, gzip ? "-gzip" : "");
	last_modified(&st, modified);
	const struct pki_http_header headers[] = {
		{ "Content-Type", web_type(path) },
		{ "Cache-Control", web_cache_control(path) },
		{ "ETag", etag },
		{ "Last-Modified", modified },
		{ "Vary", "Accept-Encoding" }, /* bundles */
		{ "Content-Encoding", "gzip" },
	};
	size_t count = PKI_COUNT(headers) - (gzip ? 0 : bundle ? 1 : 2);
	if (pki_http_not_modified(req, etag, changed_before(&st))) {
		pki_http_reply(req, 304, headers, count, (struct pki_bytes){ 0 });
	} else if (gzip) {
		if (!compress_file(*fd, (uint64_t)st.st_size, &body))
			return false;
		pki_http_reply(req, 200, headers, count, pki_buf_bytes(&body));
	} else {
		pki_http_reply_file(req, headers, count, *fd, (uint64_t)st.st_size);
		*fd = -1;
	}
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
