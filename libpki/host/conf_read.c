#include "libpki/host/conf_read.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libpki/host/conf_priv.h"

const char *
pki_conf_find(const char *named, const char *usual)
{
	const char *set = getenv("PKI_CONFIG");
	if (named != NULL)
		return named;
	return set != NULL && set[0] != '\0' ? set : usual;
}

enum pki_status
pki_conf_folder(const char *path, char out[PATH_MAX], struct pki_err *err)
{
	const char *slash = strrchr(path, '/');
	char dir[PATH_MAX] = ".";
	if (slash != NULL)
		snprintf(dir, sizeof dir, "%.*s", (int)(slash - path + 1), path);
	if (realpath(dir, out) == NULL)
		return pki_fail_errno(
			err, PKI_IO, errno, "folder %s cannot be found", dir);
	return PKI_OK;
}

enum pki_status
pki_conf_text(struct pki_yaml *map, const char *key, char *out, size_t size,
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
pki_conf_path_in(struct pki_yaml *map, const char *key, const char *dir,
	char out[PATH_MAX], struct pki_err *err)
{
	char name[PATH_MAX];
	PKI_TRY(pki_conf_text(map, key, name, sizeof name, err));
	return conf_set_path(pki_yaml_get(map, key), dir, name, out, err);
}

enum pki_status
conf_keep(
	struct conf_whole *whole, const char *text, const char **out, struct pki_err *err)
{
	size_t size = strlen(text) + 1;
	struct conf_text *kept = malloc(sizeof *kept + size);
	if (kept == NULL)
		return pki_fail(err, PKI_MEMORY, "the configuration");
	memcpy(kept->text, text, size);
	kept->next = whole->texts;
	whole->texts = kept;
	*out = kept->text;
	return PKI_OK;
}

enum pki_status
conf_need_path(struct conf_whole *whole, struct pki_yaml *map, const char *key,
	const char **out, struct pki_err *err)
{
	char path[PATH_MAX];
	PKI_TRY(pki_conf_path_in(map, key, whole->conf.dir, path, err));
	return conf_keep(whole, path, out, err);
}

enum pki_status
conf_get_file(struct conf_whole *whole, struct pki_yaml *map, const char *key,
	const char **out, struct pki_err *err)
{
	char name[PATH_MAX], path[PATH_MAX];
	*out = "";
	if (pki_yaml_get(map, key) == NULL)
		return PKI_OK;
	PKI_TRY(pki_conf_text(map, key, name, sizeof name, err));
	size_t skip = strncmp(name, "file:", 5) == 0 ? 5 : 0;
	PKI_TRY(conf_set_path(
		pki_yaml_get(map, key), whole->conf.dir, name + skip, path, err));
	return conf_keep(whole, path, out, err);
}

enum pki_status
conf_fail_rule(
	struct pki_yaml *node, enum pki_rule rule, const char *msg, struct pki_err *err)
{
	return pki_yaml_fail_rule(node, err, rule, "%s", msg);
}

enum pki_status
conf_need_name(
	struct pki_yaml *root, const char *key, struct pki_name *out, struct pki_err *err)
{
	struct pki_yaml *names, *map;
	PKI_TRY(pki_yaml_need(root, "names", &names, err));
	PKI_TRY(pki_yaml_need(names, key, &map, err));
	PKI_TRY(pki_conf_text(map, "country", out->country, sizeof out->country, err));
	PKI_TRY(pki_conf_text(
		map, "organization", out->organization, sizeof out->organization, err));
	PKI_TRY(pki_yaml_string(pki_yaml_get(map, "organizational_unit"),
		out->organizational_unit, sizeof out->organizational_unit, err));
	PKI_TRY(pki_conf_text(
		map, "common_name", out->common_name, sizeof out->common_name, err));
	struct pki_err own = { 0 };
	if (pki_name_check(out, false, &own) != PKI_OK)
		return conf_fail_rule(map, own.rule, own.msg, err);
	return PKI_OK;
}

static bool
has_part(CURLU *url, CURLUPart part)
{
	char *text = NULL;
	bool there = curl_url_get(url, part, &text, 0) == CURLUE_OK;
	curl_free(text);
	return there;
}

/* Hosts in ASCII: rule 19. */
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

/* http: relying parties fetch CRLs and query OCSP without TLS; otherwise the certificates of
 * TLS would have to be checked first (RFC 5280 8). */
enum pki_status
conf_need_http(struct pki_yaml *map, const char *key, char *out, size_t size,
	struct pki_err *err)
{
	PKI_TRY(pki_conf_text(map, key, out, size, err));
	if (!conf_is_base_url(out, "http://"))
		return conf_fail_rule(pki_yaml_get(map, key), PKI_RULE_ACCESS_POINTS,
			"a URL of the form http://HOST[:PORT][/PATH] in ASCII is needed",
			err);
	for (size_t len = strlen(out); out[len - 1] == '/'; len--)
		out[len - 1] = '\0';
	return PKI_OK;
}

enum pki_status
conf_get_listen(struct pki_yaml *map, const char *key, char out[PKI_LISTEN_TEXT],
	struct pki_err *err)
{
	struct pki_yaml *node = pki_yaml_get(map, key);
	PKI_TRY(pki_yaml_string(node, out, PKI_LISTEN_TEXT, err));
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
