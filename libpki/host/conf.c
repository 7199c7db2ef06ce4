#include "libpki/host/conf_priv.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#define DEFAULT_PATH "/etc/pki/pki.yaml"
/* Requests that a full second of signing can answer; more only wait in vain. */
#define QUEUE_DEFAULT 256
#define QUEUE_MAX 65536

/* A text that is not empty. */
enum pki_status
conf_need_text(struct pki_yaml *map, const char *key, char *out, size_t size,
	struct pki_err *err)
{
	struct pki_yaml *node;
	PKI_TRY(pki_yaml_need(map, key, &node, err));
	PKI_TRY(pki_yaml_string(node, out, size, err));
	if (out[0] == '\0')
		return pki_yaml_fail(node, err, "%s: must not be empty", key);
	return PKI_OK;
}

enum pki_status
conf_set_path(struct pki_yaml *node, const char *dir, const char *name,
	char out[PATH_MAX], struct pki_err *err)
{
	const char *base = name[0] == '/' ? "" : dir;
	const char *slash = name[0] == '/' ? "" : "/";
	int n = snprintf(out, PATH_MAX, "%s%s%s", base, slash, name);
	if (n < 0 || n >= PATH_MAX)
		return pki_yaml_fail(
			node, err, "the path is longer than %d octets", PATH_MAX - 1);
	return PKI_OK;
}

enum pki_status
conf_need_path(struct pki_yaml *map, const char *key, const char *dir, char out[PATH_MAX],
	struct pki_err *err)
{
	char name[PATH_MAX];
	PKI_TRY(conf_need_text(map, key, name, sizeof name, err));
	return conf_set_path(pki_yaml_get(map, key), dir, name, out, err);
}

/* "file:PATH" or a bare path turn absolute; other schemes stay for key.c to judge. */
static enum pki_status
need_key_uri(struct pki_yaml *map, const char *key, const char *dir, char out[PATH_MAX],
	struct pki_err *err)
{
	char uri[PATH_MAX];
	PKI_TRY(conf_need_text(map, key, uri, sizeof uri, err));
	struct pki_yaml *node = pki_yaml_get(map, key);
	bool file = strncmp(uri, "file:", 5) == 0;
	if (!file && uri[strcspn(uri, ":/")] == ':') {
		memcpy(out, uri, sizeof uri);
		return PKI_OK;
	}
	char path[PATH_MAX];
	PKI_TRY(conf_set_path(node, dir, file ? uri + 5 : uri, path, err));
	int n = snprintf(out, PATH_MAX, "file:%s", path);
	if (n < 0 || n >= PATH_MAX)
		return pki_yaml_fail(
			node, err, "the path is longer than %d octets", PATH_MAX - 1);
	return PKI_OK;
}

/* The rule stays in the error; the status is that of a configuration. */
enum pki_status
conf_fail_rule(
	struct pki_yaml *node, enum pki_rule rule, const char *msg, struct pki_err *err)
{
	enum pki_status status = pki_yaml_fail(node, err, "%s", msg);
	err->rule = rule;
	return status;
}

static enum pki_status
load_name(struct pki_yaml *names, const char *key, struct pki_name *out,
	struct pki_err *err)
{
	struct pki_yaml *map;
	PKI_TRY(pki_yaml_need(names, key, &map, err));
	PKI_TRY(conf_need_text(map, "country", out->country, sizeof out->country, err));
	PKI_TRY(conf_need_text(
		map, "organization", out->organization, sizeof out->organization, err));
	PKI_TRY(pki_yaml_string(pki_yaml_get(map, "organizational_unit"),
		out->organizational_unit, sizeof out->organizational_unit, err));
	PKI_TRY(conf_need_text(
		map, "common_name", out->common_name, sizeof out->common_name, err));
	struct pki_err why = { 0 };
	if (pki_name_check(out, false, &why) != PKI_OK)
		return conf_fail_rule(map, why.rule, why.msg, err);
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
	return conf_need_text(
		root, "authority", out->authority, sizeof out->authority, err);
}

static enum pki_status
load_algorithm(struct pki_yaml *keys, const char *key, enum pki_key_alg *out,
	struct pki_err *err)
{
	struct pki_yaml *node = pki_yaml_get(keys, key);
	char name[32] = "";
	PKI_TRY(pki_yaml_string(node, name, sizeof name, err));
	if (node == NULL)
		return PKI_OK;
	*out = pki_key_alg_by_name(name);
	if (*out == 0)
		return pki_yaml_fail(node, err,
			"%s: no algorithm \"%s\"; P-256, P-384, P-521, Ed25519, RSA-3072 or RSA-4096",
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
bool
conf_is_base_url(const char *text, const char *scheme)
{
	size_t len = strlen(scheme);
	if (strncmp(text, scheme, len) != 0 || text[len] == '/')
		return false;
	for (const char *p = text; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~' || strchr("\"<>\\^`{|}", *p) != NULL)
			return false;
	CURLU *url = curl_url();
	bool good = url != NULL &&
		    curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK &&
		    has_part(url, CURLUPART_HOST) && !has_part(url, CURLUPART_USER) &&
		    !has_part(url, CURLUPART_PASSWORD) &&
		    !has_part(url, CURLUPART_QUERY) && !has_part(url, CURLUPART_FRAGMENT);
	curl_url_cleanup(url);
	return good;
}

/* http: relying parties fetch CRLs and ask OCSP without TLS, whose own certificates would
 * have to be checked first (RFC 5280 8). */
static enum pki_status
need_url(struct pki_yaml *map, const char *key, char *out, size_t size,
	struct pki_err *err)
{
	PKI_TRY(conf_need_text(map, key, out, size, err));
	if (!conf_is_base_url(out, "http://"))
		return conf_fail_rule(pki_yaml_get(map, key), PKI_RULE_ACCESS_POINTS,
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

/* Whom the log's side asks; TLS or not. */
static enum pki_status
need_server(struct pki_yaml *map, char out[PKI_URL_TEXT], struct pki_err *err)
{
	struct pki_yaml *url;
	PKI_TRY(pki_yaml_need(map, "url", &url, err));
	PKI_TRY(pki_yaml_string(url, out, PKI_URL_TEXT, err));
	if (conf_is_base_url(out, "http://") || conf_is_base_url(out, "https://"))
		return PKI_OK;
	return pki_yaml_fail(url, err,
		"url: a URL of the form http://HOST[:PORT][/PATH] in ASCII is needed, or https");
}

static enum pki_status
load_timestamp(struct pki_yaml *map, const char *dir, struct pki_timestamp *out,
	struct pki_err *err)
{
	struct pki_yaml *every = pki_yaml_get(map, "every");
	if (map == NULL)
		return PKI_OK;
	PKI_TRY(pki_yaml_expect_map(map, err));
	PKI_TRY(need_server(map, out->url, err));
	PKI_TRY(conf_need_path(map, "certificates", dir, out->certificates, err));
	out->every = PKI_STAMP_EVERY;
	return pki_yaml_duration(every, &out->every, err);
}

static enum pki_status
load_witness(struct pki_yaml *node, struct pki_witness *out, struct pki_err *err)
{
	struct pki_yaml *vkey;
	struct pki_err why = { 0 };
	PKI_TRY(need_server(node, out->url, err));
	for (size_t len = strlen(out->url); out->url[len - 1] == '/'; len--)
		out->url[len - 1] = '\0';
	PKI_TRY(pki_yaml_need(node, "vkey", &vkey, err));
	PKI_TRY(pki_yaml_string(vkey, out->vkey, sizeof out->vkey, err));
	if (pki_note_vkey_name(PKI_NOTE_WITNESS, out->vkey, out->name, &why) != PKI_OK)
		return pki_yaml_fail(vkey, err, "%s", why.msg);
	return PKI_OK;
}

/* Behind NAME+HASH+ */
static const char *
witness_key(const struct pki_witness *witness)
{
	return witness->vkey + strlen(witness->name) + sizeof "+01234567+" - 1;
}

static enum pki_status
load_witnesses(struct pki_yaml *list, struct pki_conf *out, struct pki_err *err)
{
	PKI_TRY(pki_yaml_expect_list(list, err));
	if (pki_yaml_count(list) > PKI_WITNESSES_MAX)
		return pki_yaml_fail(
			list, err, "witnesses: at most %d", PKI_WITNESSES_MAX);
	for (size_t i = 0; i < pki_yaml_count(list); i++) {
		struct pki_yaml *node = pki_yaml_item(list, i);
		PKI_TRY(load_witness(node, &out->witnesses[i], err));
		for (size_t j = 0; j < i; j++)
			if (strcmp(witness_key(&out->witnesses[j]),
				    witness_key(&out->witnesses[i])) == 0)
				return pki_yaml_fail(node, err,
					"witnesses: the key of %s is there twice",
					out->witnesses[i].name);
		out->witness_count++;
	}
	return PKI_OK;
}

/* C2SP signed-note: a key's name, which the origin is, holds neither space nor "+". */
static enum pki_status
load_log(struct pki_yaml *root, struct pki_conf *out, struct pki_err *err)
{
	struct pki_yaml *log;
	PKI_TRY(pki_yaml_need(root, "log", &log, err));
	PKI_TRY(conf_need_text(
		log, "origin", out->log_origin, sizeof out->log_origin, err));
	for (const char *p = out->log_origin; *p != '\0'; p++)
		if (*p <= ' ' || *p > '~' || *p == '+')
			return conf_fail_rule(pki_yaml_get(log, "origin"),
				PKI_RULE_LOG_NOTE,
				"origin: letters, digits and marks of ASCII, without space or +",
				err);
	PKI_TRY(load_timestamp(
		pki_yaml_get(log, "timestamp"), out->dir, &out->timestamp, err));
	return load_witnesses(pki_yaml_get(log, "witnesses"), out, err);
}

static enum pki_status
load_socket(struct pki_yaml *root, struct pki_conf *out, struct pki_err *err)
{
	struct pki_yaml *node = pki_yaml_get(root, "socket");
	if (node != NULL)
		PKI_TRY(conf_need_path(root, "socket", out->dir, out->socket, err));
	else
		PKI_TRY(pki_conf_path(out->state, "ca.sock", out->socket, err));
	size_t max = sizeof((struct sockaddr_un *)NULL)->sun_path - 1;
	if (strlen(out->socket) > max)
		return pki_yaml_fail(node != NULL ? node : root, err,
			"socket: the path has %zu octets and a Unix socket's at most %zu; set socket to a shorter one",
			strlen(out->socket), max);
	return PKI_OK;
}

static enum pki_status
load_places(struct pki_yaml *root, struct pki_conf *out, struct pki_err *err)
{
	PKI_TRY(conf_need_path(root, "state", out->dir, out->state, err));
	PKI_TRY(conf_need_path(root, "policy", out->dir, out->policy, err));
	PKI_TRY(conf_need_path(root, "publish", out->dir, out->publish, err));
	PKI_TRY(load_socket(root, out, err));
	struct pki_yaml *ca = pki_yaml_get(root, "ca");
	PKI_TRY(pki_yaml_expect_map(ca, err));
	out->queue = QUEUE_DEFAULT;
	PKI_TRY(pki_yaml_int(pki_yaml_get(ca, "queue"), 1, QUEUE_MAX, &out->queue, err));
	struct pki_yaml *ra;
	PKI_TRY(pki_yaml_need(root, "ra", &ra, err));
	return conf_need_path(ra, "store", out->dir, out->ra_store, err);
}

static enum pki_status
load_folder(const char *path, struct pki_conf *out, struct pki_err *err)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX] = ".";
	if (slash != NULL)
		snprintf(dir, sizeof dir, "%.*s", (int)(slash - path + 1), path);
	if (realpath(dir, out->dir) == NULL)
		return pki_fail_errno(
			err, PKI_IO, errno, "folder %s cannot be found", dir);
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
	PKI_TRY(conf_load_crl(root, out, err));
	PKI_TRY(conf_load_ocsp(root, out, err));
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

/* By the key's identifier: names hold anything. */
enum pki_status
pki_conf_witness_path(const struct pki_conf *conf, size_t witness, char out[PATH_MAX],
	struct pki_err *err)
{
	char name[sizeof "witness/01234567"];
	const struct pki_witness *w = &conf->witnesses[witness];
	snprintf(name, sizeof name, "witness/%.8s", w->vkey + strlen(w->name) + 1);
	return pki_conf_path(conf->publish, name, out, err);
}
