#include "libpki/conf.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "libpki/yaml.h"

#define DEFAULT_PATH "/etc/pki/pki.yaml"
/* Requests that a full second of signing can answer; more only wait in vain. */
#define QUEUE_DEFAULT 256
#define QUEUE_MAX 65536
#define THREADS_MAX 64
#define CRL_INTERVAL_DEFAULT PKI_DAY
#define CRL_LIFETIME_DEFAULT (PKI_DAY + 7200)
#define CRL_FULL_WITHIN_DEFAULT 3600
#define OCSP_LIFETIME_MAX (10 * PKI_DAY)
/* About 13 MB when full. */
#define OCSP_CACHE_DEFAULT 8192
#define OCSP_CACHE_MAX 16777216

/* A text that is not empty. */
static enum pki_status
need_text(
	struct pki_yaml *map, const char *key, char *out, size_t size, struct pki_err *err)
{
	struct pki_yaml *node;
	PKI_TRY(pki_yaml_need(map, key, &node, err));
	PKI_TRY(pki_yaml_string(node, out, size, err));
	if (out[0] == '\0')
		return pki_yaml_fail(node, err, "%s: must not be empty", key);
	return PKI_OK;
}

static enum pki_status
set_path(struct pki_yaml *node, const char *dir, const char *name, char out[PATH_MAX],
	struct pki_err *err)
{
	const char *base = name[0] == '/' ? "" : dir;
	const char *slash = name[0] == '/' ? "" : "/";
	int n = snprintf(out, PATH_MAX, "%s%s%s", base, slash, name);
	if (n < 0 || n >= PATH_MAX)
		return pki_yaml_fail(
			node, err, "the path is longer than %d octets", PATH_MAX - 1);
	return PKI_OK;
}

static enum pki_status
need_path(struct pki_yaml *map, const char *key, const char *dir, char out[PATH_MAX],
	struct pki_err *err)
{
	char name[PATH_MAX];
	PKI_TRY(need_text(map, key, name, sizeof name, err));
	return set_path(pki_yaml_get(map, key), dir, name, out, err);
}

/* "file:PATH" or a bare path turn absolute; other schemes stay for key.c to judge. */
static enum pki_status
need_key_uri(struct pki_yaml *map, const char *key, const char *dir, char out[PATH_MAX],
	struct pki_err *err)
{
	char uri[PATH_MAX];
	PKI_TRY(need_text(map, key, uri, sizeof uri, err));
	struct pki_yaml *node = pki_yaml_get(map, key);
	bool file = strncmp(uri, "file:", 5) == 0;
	if (!file && uri[strcspn(uri, ":/")] == ':') {
		memcpy(out, uri, sizeof uri);
		return PKI_OK;
	}
	char path[PATH_MAX];
	PKI_TRY(set_path(node, dir, file ? uri + 5 : uri, path, err));
	int n = snprintf(out, PATH_MAX, "file:%s", path);
	if (n < 0 || n >= PATH_MAX)
		return pki_yaml_fail(
			node, err, "the path is longer than %d octets", PATH_MAX - 1);
	return PKI_OK;
}

/* The rule stays in the error; the status is that of a configuration. */
static enum pki_status
fail_rule(struct pki_yaml *node, enum pki_rule rule, const char *msg, struct pki_err *err)
{
	enum pki_status status = pki_yaml_fail(node, err, "%s", msg);
	err->rule = rule;
	return status;
}

static enum pki_status
load_name(
	struct pki_yaml *names, const char *key, struct pki_name *out, struct pki_err *err)
{
	struct pki_yaml *map;
	PKI_TRY(pki_yaml_need(names, key, &map, err));
	PKI_TRY(need_text(map, "country", out->country, sizeof out->country, err));
	PKI_TRY(need_text(
		map, "organization", out->organization, sizeof out->organization, err));
	PKI_TRY(pki_yaml_string(pki_yaml_get(map, "organizational_unit"),
		out->organizational_unit, sizeof out->organizational_unit, err));
	PKI_TRY(need_text(
		map, "common_name", out->common_name, sizeof out->common_name, err));
	struct pki_err why = { 0 };
	if (pki_name_check(out, false, &why) != PKI_OK)
		return fail_rule(map, why.rule, why.msg, err);
	return PKI_OK;
}

static enum pki_status
load_names(struct pki_yaml *root, struct pki_conf *out, struct pki_err *err)
{
	struct pki_yaml *names;
	PKI_TRY(pki_yaml_need(root, "names", &names, err));
	PKI_TRY(load_name(names, "root", &out->root_name, err));
	PKI_TRY(load_name(names, "ca", &out->ca_name, err));
	PKI_TRY(load_name(names, "seal", &out->seal_name, err));
	PKI_TRY(load_name(names, "ocsp", &out->ocsp_name, err));
	return need_text(root, "authority", out->authority, sizeof out->authority, err);
}

static enum pki_status
load_algorithm(
	struct pki_yaml *keys, const char *key, enum pki_key_alg *out, struct pki_err *err)
{
	struct pki_yaml *node = pki_yaml_get(keys, key);
	char name[32] = "";
	PKI_TRY(pki_yaml_string(node, name, sizeof name, err));
	if (node == NULL)
		return PKI_OK;
	*out = pki_key_alg_by_name(name);
	if (*out == 0)
		return pki_yaml_fail(node, err,
			"%s: no algorithm \"%s\"; P-256, P-384, P-521, Ed25519, RSA-3072 "
			"or "
			"RSA-4096",
			key, name);
	return PKI_OK;
}

static enum pki_status
load_keys(struct pki_yaml *root, struct pki_conf *out, struct pki_err *err)
{
	struct pki_yaml *keys;
	PKI_TRY(pki_yaml_need(root, "keys", &keys, err));
	PKI_TRY(need_key_uri(keys, "root", out->dir, out->root_key, err));
	PKI_TRY(need_key_uri(keys, "ca", out->dir, out->ca_key, err));
	PKI_TRY(need_key_uri(keys, "seal", out->dir, out->seal_key, err));
	PKI_TRY(need_key_uri(keys, "log", out->dir, out->log_key, err));
	out->root_alg = PKI_ALG_P384;
	out->ca_alg = PKI_ALG_P256;
	PKI_TRY(load_algorithm(keys, "root_algorithm", &out->root_alg, err));
	return load_algorithm(keys, "ca_algorithm", &out->ca_alg, err);
}

static bool
has_part(CURLU *url, CURLUPart part)
{
	char *text = NULL;
	bool there = curl_url_get(url, part, &text, 0) == CURLUE_OK;
	curl_free(text);
	return there;
}

/* SCHEME://HOST[:PORT][/PATH]. Hosts in ASCII: rule 19. */
static bool
is_base_url(const char *text, const char *scheme)
{
	size_t len = strlen(scheme);
	if (strncmp(text, scheme, len) != 0 || text[len] == '/')
		return false;
	for (const char *p = text; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~' || strchr("\"<>\\^`{|}", *p) != NULL)
			return false;
	CURLU *url = curl_url();
	bool good = url != NULL && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
		    has_part(url, CURLUPART_HOST) && !has_part(url, CURLUPART_USER) &&
		    !has_part(url, CURLUPART_PASSWORD) && !has_part(url, CURLUPART_QUERY) &&
		    !has_part(url, CURLUPART_FRAGMENT);
	curl_url_cleanup(url);
	return good;
}

/* http: relying parties fetch CRLs and ask OCSP without TLS, whose own certificates would
 * have to be checked first (RFC 5280 8). */
static enum pki_status
need_url(struct pki_yaml *map, const char *key, char *out, size_t size, struct pki_err *err)
{
	PKI_TRY(need_text(map, key, out, size, err));
	if (!is_base_url(out, "http://"))
		return fail_rule(pki_yaml_get(map, key), PKI_RULE_ACCESS_POINTS,
			"a URL of the form http://HOST[:PORT][/PATH] in ASCII is needed",
			err);
	for (size_t len = strlen(out); out[len - 1] == '/'; len--)
		out[len - 1] = '\0';
	return PKI_OK;
}

static enum pki_status
load_urls(struct pki_yaml *root, struct pki_conf *out, struct pki_err *err)
{
	struct pki_yaml *urls;
	char base[PKI_URL_TEXT - sizeof "/root.crt" + 1];
	struct pki_urls *of_root = &out->root_urls;
	struct pki_urls *of_ca = &out->ca_urls;
	PKI_TRY(pki_yaml_need(root, "urls", &urls, err));
	PKI_TRY(need_url(urls, "repository", base, sizeof base, err));
	snprintf(of_root->ca_issuers, sizeof of_root->ca_issuers, "%s/root.crt", base);
	snprintf(of_root->crl, sizeof of_root->crl, "%s/root.crl", base);
	snprintf(of_ca->ca_issuers, sizeof of_ca->ca_issuers, "%s/ca.crt", base);
	snprintf(of_ca->crl, sizeof of_ca->crl, "%s/ca.crl", base);
	snprintf(of_ca->crl_base, sizeof of_ca->crl_base, "%s/crl/", base);
	return need_url(urls, "ocsp", of_ca->ocsp, sizeof of_ca->ocsp, err);
}

/* C2SP signed-note: a key's name, which the origin is, holds neither space nor "+". */
static enum pki_status
load_log(struct pki_yaml *root, struct pki_conf *out, struct pki_err *err)
{
	struct pki_yaml *log;
	PKI_TRY(pki_yaml_need(root, "log", &log, err));
	PKI_TRY(need_text(log, "origin", out->log_origin, sizeof out->log_origin, err));
	for (const char *p = out->log_origin; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~' || *p == '+')
			return fail_rule(pki_yaml_get(log, "origin"), PKI_RULE_LOG_NOTE,
				"origin: letters, digits and marks of ASCII, without space "
				"or +",
				err);
	return PKI_OK;
}

/* ADDRESS:PORT or [ADDRESS]:PORT; whether the address is one, the listener finds out. An
 * absent key or an empty text: none. */
static enum pki_status
load_listen(
	struct pki_yaml *map, const char *key, char *out, size_t size, struct pki_err *err)
{
	struct pki_yaml *node = pki_yaml_get(map, key);
	PKI_TRY(pki_yaml_string(node, out, size, err));
	if (out[0] == '\0')
		return PKI_OK;
	const char *colon = strrchr(out, ':');
	const char *port = colon != NULL ? colon + 1 : "";
	size_t digits = strspn(port, "0123456789");
	bool good = colon != NULL && colon != out && digits > 0 && digits <= 5 &&
		    port[digits] == '\0' && port[0] != '0' &&
		    strtol(port, NULL, 10) <= 65535;
	if (!good)
		return pki_yaml_fail(node, err,
			"%s: \"%s\" is not of the form 127.0.0.1:8880", key, out);
	return PKI_OK;
}

/* PATH or file:PATH; absent: none */
static enum pki_status
load_file(struct pki_yaml *map, const char *key, const char *dir, char out[PATH_MAX],
	struct pki_err *err)
{
	char name[PATH_MAX];
	if (pki_yaml_get(map, key) == NULL)
		return PKI_OK;
	PKI_TRY(need_text(map, key, name, sizeof name, err));
	size_t skip = strncmp(name, "file:", 5) == 0 ? 5 : 0;
	return set_path(pki_yaml_get(map, key), dir, name + skip, out, err);
}

/* A URL alone, or { url, credentials, ca }. */
static enum pki_status
load_place(
	struct pki_yaml *node, const char *dir, struct pki_place *out, struct pki_err *err)
{
	struct pki_yaml *url = node;
	if (pki_yaml_text(node) == NULL) {
		PKI_TRY(pki_yaml_need(node, "url", &url, err));
		PKI_TRY(load_file(node, "credentials", dir, out->credentials, err));
		PKI_TRY(load_file(node, "ca", dir, out->ca, err));
	}
	/* one octet less: room for the slash */
	PKI_TRY(pki_yaml_string(url, out->url, sizeof out->url - 1, err));
	bool tls = is_base_url(out->url, "https://");
	if (!tls && !is_base_url(out->url, "http://"))
		return pki_yaml_fail(url, err,
			"put: a URL of the form http://HOST[:PORT][/PATH] in ASCII is "
			"needed, or "
			"https");
	if (!tls && (out->credentials[0] != '\0' || out->ca[0] != '\0'))
		return pki_yaml_fail(url, err,
			"put: credentials and ca are for https; http would show them to "
			"all");
	size_t len = strlen(out->url);
	if (out->url[len - 1] != '/')
		memcpy(out->url + len, "/", 2);
	return PKI_OK;
}

static enum pki_status
load_put(struct pki_yaml *put, struct pki_conf *out, struct pki_err *err)
{
	PKI_TRY(pki_yaml_expect_list(put, err));
	if (pki_yaml_count(put) > PKI_PLACES_MAX)
		return pki_yaml_fail(put, err, "put: at most %d places", PKI_PLACES_MAX);
	for (size_t i = 0; i < pki_yaml_count(put); i++) {
		struct pki_yaml *node = pki_yaml_item(put, i);
		struct pki_place *place = &out->crl_put[out->crl_put_count++];
		PKI_TRY(load_place(node, out->dir, place, err));
		for (size_t j = 0; j < i; j++)
			if (strcmp(place->url, out->crl_put[j].url) == 0)
				return pki_yaml_fail(
					node, err, "put: %s is there twice", place->url);
	}
	return PKI_OK;
}

/* rules 52, 56, 57 */
static enum pki_status
load_lists(struct pki_yaml *crl, struct pki_conf *out, struct pki_err *err)
{
	struct pki_yaml *partitions = pki_yaml_get(crl, "partitions");
	struct pki_yaml *expired = pki_yaml_get(crl, "expired");
	struct pki_urls *urls = &out->ca_urls;
	char name[8] = "drop";
	long count = 0;
	PKI_TRY(pki_yaml_int(partitions, 0, PKI_PARTITIONS_MAX, &count, err));
	urls->partitions = (unsigned)count;
	if (count > 0 && strlen(urls->crl_base) + strlen("4096.crl") >= PKI_URL_TEXT)
		return pki_yaml_fail(partitions, err,
			"partitions: urls.repository is too long for the lists' URLs");
	PKI_TRY(pki_yaml_string(expired, name, sizeof name, err));
	out->crl_keep = strcmp(name, "keep") == 0;
	if (!out->crl_keep && strcmp(name, "drop") != 0)
		return pki_yaml_fail(
			expired, err, "expired: \"%s\" is neither drop nor keep", name);
	out->crl_full_within = CRL_FULL_WITHIN_DEFAULT;
	return pki_yaml_duration(
		pki_yaml_get(crl, "full_within"), &out->crl_full_within, err);
}

static enum pki_status
load_crl(struct pki_yaml *root, struct pki_conf *out, struct pki_err *err)
{
	struct pki_yaml *crl = pki_yaml_get(root, "crl");
	struct pki_yaml *interval = pki_yaml_get(crl, "interval");
	out->crl_lifetime = CRL_LIFETIME_DEFAULT;
	out->crl_interval = CRL_INTERVAL_DEFAULT;
	PKI_TRY(pki_yaml_expect_map(crl, err));
	PKI_TRY(pki_yaml_duration(pki_yaml_get(crl, "lifetime"), &out->crl_lifetime, err));
	PKI_TRY(pki_yaml_duration(interval, &out->crl_interval, err));
	PKI_TRY(load_listen(crl, "listen", out->crl_listen, sizeof out->crl_listen, err));
	PKI_TRY(load_listen(
		crl, "monitor", out->crl_monitor, sizeof out->crl_monitor, err));
	PKI_TRY(load_put(pki_yaml_get(crl, "put"), out, err));
	PKI_TRY(load_lists(crl, out, err));
	if (out->crl_interval > PKI_DAY)
		return fail_rule(interval, PKI_RULE_CRL_DAILY,
			"interval: a CRL is due every 24 h; write 24h or less", err);
	if (out->crl_lifetime <= out->crl_interval)
		return pki_yaml_fail(crl, err,
			"lifetime must be longer than interval, or a CRL ends before the "
			"next; "
			"26h and 24h leave two hours");
	return PKI_OK;
}

static enum pki_status
load_ocsp_algorithms(struct pki_yaml *list, struct pki_conf *out, struct pki_err *err)
{
	out->ocsp_algs[0] = PKI_ALG_P256;
	out->ocsp_alg_count = 1;
	if (list == NULL)
		return PKI_OK;
	PKI_TRY(pki_yaml_expect_list(list, err));
	out->ocsp_alg_count = pki_yaml_count(list);
	if (out->ocsp_alg_count < 1 || out->ocsp_alg_count > PKI_OCSP_ALGS_MAX)
		return pki_yaml_fail(
			list, err, "algorithms: 1 to %d of them", PKI_OCSP_ALGS_MAX);
	for (size_t i = 0; i < out->ocsp_alg_count; i++) {
		struct pki_yaml *node = pki_yaml_item(list, i);
		char name[32] = "";
		PKI_TRY(pki_yaml_string(node, name, sizeof name, err));
		out->ocsp_algs[i] = pki_key_alg_by_name(name);
		if (out->ocsp_algs[i] == 0)
			return pki_yaml_fail(node, err,
				"algorithms: no algorithm \"%s\"; P-256, P-384 or RSA-3072",
				name);
		for (size_t j = 0; j < i; j++)
			if (out->ocsp_algs[j] == out->ocsp_algs[i])
				return pki_yaml_fail(
					node, err, "algorithms: %s is there twice", name);
	}
	return PKI_OK;
}

/* What is said, and what is kept. */
static enum pki_status
load_ocsp_answers(struct pki_yaml *ocsp, struct pki_conf *out, struct pki_err *err)
{
	struct pki_yaml *unissued = pki_yaml_get(ocsp, "unissued");
	char word[16] = "revoked";
	PKI_TRY(pki_yaml_string(unissued, word, sizeof word, err));
	out->ocsp_unknown = strcmp(word, "unknown") == 0;
	if (!out->ocsp_unknown && strcmp(word, "revoked") != 0)
		return pki_yaml_fail(
			unissued, err, "unissued: \"%s\"; revoked or unknown", word);
	out->ocsp_cache = OCSP_CACHE_DEFAULT;
	PKI_TRY(pki_yaml_int(
		pki_yaml_get(ocsp, "cache"), 1, OCSP_CACHE_MAX, &out->ocsp_cache, err));
	if (pki_yaml_get(ocsp, "export") != NULL)
		PKI_TRY(need_path(ocsp, "export", out->dir, out->ocsp_export, err));
	return load_ocsp_algorithms(pki_yaml_get(ocsp, "algorithms"), out, err);
}

static enum pki_status
load_ocsp(struct pki_yaml *root, struct pki_conf *out, struct pki_err *err)
{
	struct pki_yaml *ocsp;
	struct pki_yaml *node;
	PKI_TRY(pki_yaml_need(root, "ocsp", &ocsp, err));
	PKI_TRY(need_text(ocsp, "listen", out->ocsp_listen, sizeof out->ocsp_listen, err));
	PKI_TRY(load_listen(
		ocsp, "listen", out->ocsp_listen, sizeof out->ocsp_listen, err));
	PKI_TRY(load_listen(
		ocsp, "monitor", out->ocsp_monitor, sizeof out->ocsp_monitor, err));
	PKI_TRY(pki_yaml_need(ocsp, "threads", &node, err));
	PKI_TRY(pki_yaml_int(node, 1, THREADS_MAX, &out->ocsp_threads, err));
	PKI_TRY(pki_yaml_need(ocsp, "lifetime", &node, err));
	PKI_TRY(pki_yaml_duration(node, &out->ocsp_lifetime, err));
	if (out->ocsp_lifetime > OCSP_LIFETIME_MAX)
		return fail_rule(node, PKI_RULE_OCSP_NEXT_UPDATE,
			"lifetime: an OCSP answer counts at most ten days; write 10d or "
			"less",
			err);
	PKI_TRY(load_ocsp_answers(ocsp, out, err));
	PKI_TRY(need_path(ocsp, "identity", out->dir, out->ocsp_identity, err));
	return need_path(ocsp, "state", out->dir, out->ocsp_state, err);
}

static enum pki_status
load_socket(struct pki_yaml *root, struct pki_conf *out, struct pki_err *err)
{
	struct pki_yaml *node = pki_yaml_get(root, "socket");
	if (node != NULL)
		PKI_TRY(need_path(root, "socket", out->dir, out->socket, err));
	else
		PKI_TRY(pki_conf_path(out->state, "ca.sock", out->socket, err));
	size_t max = sizeof((struct sockaddr_un *)NULL)->sun_path - 1;
	if (strlen(out->socket) > max)
		return pki_yaml_fail(node != NULL ? node : root, err,
			"socket: the path has %zu octets and a Unix socket's at most %zu; "
			"set socket to a shorter one",
			strlen(out->socket), max);
	return PKI_OK;
}

static enum pki_status
load_places(struct pki_yaml *root, struct pki_conf *out, struct pki_err *err)
{
	PKI_TRY(need_path(root, "state", out->dir, out->state, err));
	PKI_TRY(need_path(root, "policy", out->dir, out->policy, err));
	PKI_TRY(need_path(root, "publish", out->dir, out->publish, err));
	PKI_TRY(load_socket(root, out, err));
	struct pki_yaml *ca = pki_yaml_get(root, "ca");
	PKI_TRY(pki_yaml_expect_map(ca, err));
	out->queue = QUEUE_DEFAULT;
	PKI_TRY(pki_yaml_int(pki_yaml_get(ca, "queue"), 1, QUEUE_MAX, &out->queue, err));
	struct pki_yaml *ra;
	PKI_TRY(pki_yaml_need(root, "ra", &ra, err));
	return need_path(ra, "store", out->dir, out->ra_store, err);
}

static enum pki_status
load_folder(const char *path, struct pki_conf *out, struct pki_err *err)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX] = ".";
	if (slash != NULL)
		snprintf(dir, sizeof dir, "%.*s", (int)(slash - path + 1), path);
	if (realpath(dir, out->dir) == NULL)
		return pki_fail_errno(err, PKI_IO, errno, "folder %s cannot be found", dir);
	return PKI_OK;
}

static enum pki_status
load(const char *path, struct pki_conf *out, struct pki_err *err)
{
	PKI_CLEANUP(pki_yaml_cleanup) struct pki_yaml *root = NULL;
	struct pki_err why = { 0 };
	enum pki_status status = pki_yaml_read(path, &root, &why);
	if (status == PKI_IO) {
		pki_err_object(err, "%s", why.object);
		return pki_fail(err, PKI_IO,
			"%s; name the configuration by --config FILE or $PKI_CONFIG",
			why.msg);
	}
	if (status != PKI_OK) {
		*err = why;
		return status;
	}
	PKI_TRY(load_folder(path, out, err));
	PKI_TRY(pki_yaml_expect_map(root, err));
	PKI_TRY(load_places(root, out, err));
	PKI_TRY(load_names(root, out, err));
	PKI_TRY(load_keys(root, out, err));
	PKI_TRY(load_urls(root, out, err));
	PKI_TRY(load_log(root, out, err));
	PKI_TRY(load_crl(root, out, err));
	PKI_TRY(load_ocsp(root, out, err));
	return pki_yaml_done(root, err);
}

enum pki_status
pki_conf_load(const char *path, struct pki_conf *out, struct pki_err *err)
{
	const char *named = getenv("PKI_CONFIG");
	if (path == NULL)
		path = named != NULL && named[0] != '\0' ? named : DEFAULT_PATH;
	*out = (struct pki_conf){ 0 };
	return load(path, out, err);
}

enum pki_status
pki_conf_path(const char *dir, const char *name, char out[PATH_MAX], struct pki_err *err)
{
	int n = snprintf(out, PATH_MAX, "%s/%s", dir, name);
	if (n < 0 || n >= PATH_MAX)
		return pki_fail(err, PKI_CONFIG, "the path of %s in %.80s... is too long",
			name, dir);
	return PKI_OK;
}
