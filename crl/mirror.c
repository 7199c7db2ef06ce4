#include "crl/mirror.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "crl/monitor.h"
#include "crl/service.h"
#include "crl/web.h"
#include "libpki/base/file.h"
#include "libpki/base/secret.h"
#include "libpki/host/conf_crl.h"
#include "libpki/host/http.h"
#include "libpki/host/report.h"
#include "libpki/host/worker.h"

/* Pauses between attempts at a mirror that fails, at first and at most. */
#define BACKOFF_MSEC 1000
#define BACKOFF_MAX_MSEC 30000
/* Files of another process are found within this time. */
#define LOOK_MSEC 60000
/* A mirror's files are compared this often even if nothing was published. */
#define COMPARE_MSEC 600000
/* Nothing moves for so long: the mirror hangs. */
#define STALL_SECONDS 15
#define ITEM_NAME 64
#define CA_MAX ((size_t)1 << 20)

/* A published file, and its state on a mirror. */
struct item {
	char name[ITEM_NAME];
	bool published;
	struct stat file; /* as last seen */
	bool there;
	struct stat sent; /* the version on the mirror */
	int64_t compared; /* on the monotonic clock */
};

struct mirror {
	struct mirrors *mirrors;
	const struct pki_mirror *conf;
	struct pki_buf credentials;
	struct pki_buf ca;
	struct pki_cells *cells;
	size_t index;
	struct pki_buf items; /* of struct item */
	pki_time since; /* failing since then; 0: not failing */
	struct pki_report report;
	struct pki_worker worker;
};

struct mirrors {
	const char *folder;
	struct mirror *all[PKI_MIRRORS_MAX];
	size_t count;
};

/* In this order: relying parties need CRLs first. */
static const char *const names[] = { "ca.crl", "root.crl", "ca.crt", "root.crt" };
/* The folder of partitions, *.crl */
#define PARTS "crl"

/* NULL: no more */
static struct item *
item_at(const struct mirror *mirror, size_t i)
{
	void *items = mirror->items.data;
	return i < mirror->items.len / sizeof(struct item) ? (struct item *)items + i
							   : NULL;
}

static enum pki_status
add_item(struct mirror *mirror, const char *folder, const char *name, struct pki_err *err)
{
	struct item item = { 0 };
	const struct item *other;
	int len = snprintf(item.name, sizeof item.name, "%s%s", folder, name);
	if (len < 0 || (size_t)len >= sizeof item.name)
		return PKI_OK; /* none of ours */
	for (size_t i = 0; (other = item_at(mirror, i)) != NULL; i++)
		if (strcmp(other->name, item.name) == 0)
			return PKI_OK;
	return pki_buf_append(&mirror->items, &item, sizeof item, err);
}

static void
close_folder(DIR **dir)
{
	if (*dir != NULL)
		closedir(*dir);
}

static enum pki_status
add_parts(struct mirror *mirror, struct pki_err *err)
{
	char path[PATH_MAX];
	PKI_TRY(pki_conf_path(mirror->mirrors->folder, PARTS, path, err));
	PKI_CLEANUP(close_folder) DIR *dir = opendir(path);
	const struct dirent *entry;
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		const char *end = strrchr(entry->d_name, '.');
		if (entry->d_name[0] != '.' && end != NULL && strcmp(end, ".crl") == 0)
			PKI_TRY(add_item(mirror, PARTS "/", entry->d_name, err));
	}
	return PKI_OK;
}

static enum pki_status
look(struct mirror *mirror, struct pki_err *err)
{
	char path[PATH_MAX];
	struct item *item;
	for (size_t i = 0; i < PKI_COUNT(names); i++)
		PKI_TRY(add_item(mirror, "", names[i], err));
	PKI_TRY(add_parts(mirror, err));
	for (size_t i = 0; (item = item_at(mirror, i)) != NULL; i++) {
		PKI_TRY(pki_conf_path(mirror->mirrors->folder, item->name, path, err));
		item->published = stat(path, &item->file) == 0;
	}
	return PKI_OK;
}

/* method, body and max are the caller's. */
static struct pki_http_outgoing
request_for(const struct mirror *mirror, const char *name)
{
	return (struct pki_http_outgoing){
		.url_base = mirror->conf->url,
		.path = name,
		.content_type = web_type(name),
		.credentials = mirror->credentials.len > 0
				       ? (const char *)mirror->credentials.data
				       : NULL,
		.ca = pki_buf_bytes(&mirror->ca),
		.stall_seconds = STALL_SECONDS,
		.stop = &mirror->worker.stop,
	};
}

/* *same: the mirror serves just these bytes. */
static enum pki_status
compare(const struct mirror *mirror, const char *name, struct pki_bytes der, bool *same,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_http_response_free) struct pki_http_response response = { 0 };
	struct pki_http_outgoing get = request_for(mirror, name);
	struct pki_err own = { 0 };
	get.method = "GET";
	get.max = der.len;
	enum pki_status status = pki_http_send(&get, &response, &own);
	*same = status == PKI_OK && response.code == 200 &&
		pki_bytes_equal(response.body.data, response.body.len, der.data, der.len);
	return status == PKI_LIMIT ? PKI_OK : pki_err_move(err, &own);
}

static enum pki_status
put_bytes(const struct mirror *mirror, const char *name, struct pki_bytes der,
	struct pki_err *err)
{
	PKI_CLEANUP(pki_http_response_free) struct pki_http_response response = { 0 };
	struct pki_http_outgoing put = request_for(mirror, name);
	put.method = "PUT";
	put.body = der;
	put.max = PKI_FILE_MAX;
	PKI_TRY(pki_http_send(&put, &response, err));
	if (response.code < 200 || response.code > 299)
		return pki_fail(err, response.code >= 500 ? PKI_UNAVAILABLE : PKI_STATE,
			"PUT is answered with HTTP %ld", response.code);
	return PKI_OK;
}

static void
report(struct mirror *mirror, const struct item *item, struct pki_err *err)
{
	pki_cells_add(mirror->cells, CRL_PUTS, mirror->index * 2 + 1, 1);
	pki_err_object(err, "%s%s", mirror->conf->url, item->name);
	pki_report_trouble(&mirror->report, err);
}

static enum pki_status
replace(struct mirror *mirror, const struct item *item, struct pki_bytes der,
	struct pki_err *err)
{
	bool same = false;
	PKI_TRY(put_bytes(mirror, item->name, der, err));
	PKI_TRY(compare(mirror, item->name, der, &same, err));
	return same ? PKI_OK
		    : pki_fail(err, PKI_TAMPERED, "GET does not return the bytes of PUT");
}

/* changed: replaced since the mirror got the file. Otherwise compare before sending: after a
 * start, and to find changes on the mirror. */
static enum pki_status
deliver(struct mirror *mirror, const struct item *item, bool changed, struct pki_err *err)
{
	char path[PATH_MAX];
	bool same = false;
	PKI_CLEANUP(pki_buf_free) struct pki_buf file = { 0 };
	PKI_TRY(pki_conf_path(mirror->mirrors->folder, item->name, path, err));
	PKI_TRY(pki_file_read(path, CRL_MAX, &file, err));
	struct pki_bytes der = pki_buf_bytes(&file);
	if (!changed)
		PKI_TRY(compare(mirror, item->name, der, &same, err));
	if (same)
		return PKI_OK;
	if (item->there && !changed) {
		struct pki_err own = { 0 };
		(void)pki_fail(&own, PKI_TAMPERED,
			"the file on the mirror has changed; it is sent again");
		report(mirror, item, &own);
	}
	PKI_TRY(replace(mirror, item, der, err));
	pki_cells_add(mirror->cells, CRL_PUTS, mirror->index * 2, 1);
	return PKI_OK;
}

/* Published after the mirror's version. */
static bool
is_newer(const struct item *item)
{
	const struct stat *a = &item->file, *b = &item->sent;
	return a->st_ino != b->st_ino || a->st_size != b->st_size ||
	       a->st_mtim.tv_sec != b->st_mtim.tv_sec ||
	       a->st_mtim.tv_nsec != b->st_mtim.tv_nsec;
}

static bool
is_missing(const struct item *item)
{
	return item->published && (!item->there || is_newer(item));
}

static enum pki_status
bring_up(struct mirror *mirror, struct item *item, struct pki_err *err)
{
	if (!item->published ||
		(!is_missing(item) &&
			pki_monotonic_msec() < item->compared + COMPARE_MSEC))
		return PKI_OK;
	enum pki_status status =
		deliver(mirror, item, item->there && is_newer(item), err);
	item->there = status == PKI_OK;
	item->sent = item->file;
	item->compared = pki_monotonic_msec();
	return status;
}

static bool
stopping(const struct mirror *mirror)
{
	return atomic_load(&mirror->worker.stop);
}

static void
note(struct mirror *mirror, bool done)
{
	int64_t pending = 0;
	const struct item *item;
	for (size_t i = 0; (item = item_at(mirror, i)) != NULL; i++)
		pending += is_missing(item);
	pki_cells_set(mirror->cells, CRL_PUT_PENDING, mirror->index, pending);
	if (done) {
		pki_cells_set(mirror->cells, CRL_PUT_DONE, mirror->index, pki_time_now());
		mirror->since = 0;
	} else if (mirror->since == 0) {
		mirror->since = pki_time_now();
	}
	pki_cells_set(mirror->cells, CRL_PUT_FAILING, mirror->index, mirror->since);
}

/* Send each missing file once; failures are reported here. UNAVAILABLE if a file is still
 * missing. */
static enum pki_status
pass(void *ctx, long *wait_msec, struct pki_err *err)
{
	struct mirror *mirror = ctx;
	struct item *item;
	*wait_msec = LOOK_MSEC;
	struct pki_err own = { 0 };
	bool done = look(mirror, &own) == PKI_OK;
	if (!done)
		pki_report_trouble(&mirror->report, &own);
	for (size_t i = 0; (item = item_at(mirror, i)) != NULL && !stopping(mirror);
		i++) {
		own = (struct pki_err){ 0 };
		enum pki_status status = bring_up(mirror, item, &own);
		if (status == PKI_OK || stopping(mirror))
			continue;
		done = false;
		report(mirror, item, &own);
		if (status == PKI_UNAVAILABLE)
			break; /* the mirror would not answer for more files either */
	}
	if (!stopping(mirror))
		note(mirror, done);
	if (!done)
		return pki_fail(err, PKI_UNAVAILABLE, "published, but not at %s",
			mirror->conf->url);
	pki_report_end(&mirror->report);
	return PKI_OK;
}

static enum pki_status
open_mirror(struct mirror *mirror, struct pki_err *err)
{
	const struct pki_worker_config config = {
		.name = "a mirror",
		.job = pass,
		.ctx = mirror,
		.backoff = { BACKOFF_MSEC, BACKOFF_MAX_MSEC, 0 },
	};
	char source[PATH_MAX + sizeof "file:"];
	snprintf(source, sizeof source, "file:%s", mirror->conf->credentials);
	if (mirror->conf->credentials[0] != '\0')
		PKI_TRY(pki_secret_read(
			source, "credentials of a mirror", &mirror->credentials, err));
	if (mirror->conf->ca[0] != '\0')
		PKI_TRY(pki_file_read(mirror->conf->ca, CA_MAX, &mirror->ca, err));
	return pki_worker_init(&mirror->worker, &config, err);
}

enum pki_status
mirrors_open(struct service *s, struct pki_err *err)
{
	if (s->conf->crl->mirror_count == 0)
		return PKI_OK;
	struct mirrors *mirrors = s->mirrors = calloc(1, sizeof *mirrors);
	if (mirrors == NULL)
		return pki_fail(err, PKI_MEMORY, "mirrors");
	mirrors->folder = s->conf->publish;
	for (size_t i = 0; i < s->conf->crl->mirror_count; i++) {
		struct mirror *mirror = calloc(1, sizeof *mirror);
		if (mirror == NULL)
			return pki_fail(err, PKI_MEMORY, "a mirror");
		mirrors->all[mirrors->count++] = mirror;
		mirror->mirrors = mirrors;
		mirror->conf = &s->conf->crl->mirrors[i];
		mirror->cells = pki_monitor_cells(s->monitor, 1 + i);
		mirror->index = i;
		pki_report_init(&mirror->report, CRL_PROGRAM, NULL);
		PKI_TRY(open_mirror(mirror, err));
	}
	return PKI_OK;
}

enum pki_status
mirrors_begin(struct mirrors *mirrors, struct pki_err *err)
{
	for (size_t i = 0; mirrors != NULL && i < mirrors->count; i++)
		PKI_TRY(pki_worker_start(&mirrors->all[i]->worker, err));
	return PKI_OK;
}

void
mirrors_wake(struct mirrors *mirrors)
{
	for (size_t i = 0; mirrors != NULL && i < mirrors->count; i++)
		pki_worker_wake(&mirrors->all[i]->worker);
}

enum pki_status
mirrors_once(struct mirrors *mirrors, struct pki_err *err)
{
	enum pki_status status = PKI_OK;
	for (size_t i = 0; mirrors != NULL && i < mirrors->count; i++) {
		long unused;
		if (pass(mirrors->all[i], &unused, err) != PKI_OK)
			status = PKI_UNAVAILABLE;
	}
	return status;
}

static void
close_mirror(struct mirror *mirror)
{
	pki_worker_free(&mirror->worker);
	pki_buf_cleanse(&mirror->credentials);
	pki_buf_free(&mirror->ca);
	pki_buf_free(&mirror->items);
	free(mirror);
}

void
mirrors_stop(struct mirrors *mirrors)
{
	if (mirrors == NULL)
		return;
	for (size_t i = 0; i < mirrors->count; i++)
		pki_worker_stop(&mirrors->all[i]->worker);
	for (size_t i = 0; i < mirrors->count; i++)
		close_mirror(mirrors->all[i]);
	free(mirrors);
}
