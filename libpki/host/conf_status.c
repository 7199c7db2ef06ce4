/* The parts of a configuration that tell of status: crl and ocsp. */
#include <stdlib.h>
#include <string.h>

#include "libpki/host/conf_priv.h"

#define THREADS_MAX 64
#define CRL_INTERVAL_DEFAULT PKI_DAY
#define CRL_LIFETIME_DEFAULT (PKI_DAY + 7200)
#define CRL_FULL_WITHIN_DEFAULT 3600
#define OCSP_LIFETIME_MAX (10 * PKI_DAY)
/* About 13 MB when full: 3.2 kB each. */
#define OCSP_CACHE_DEFAULT 4096
#define OCSP_CACHE_MAX 16777216

/* ADDRESS:PORT or [ADDRESS]:PORT; whether the address is one, the listener finds out. An
 * absent key or an empty text: none. */
static enum pki_status
load_listen(struct pki_yaml *map, const char *key, char *out, size_t size,
	struct pki_err *err)
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
	PKI_TRY(conf_need_text(map, key, name, sizeof name, err));
	size_t skip = strncmp(name, "file:", 5) == 0 ? 5 : 0;
	return conf_set_path(pki_yaml_get(map, key), dir, name + skip, out, err);
}

/* A URL alone, or { url, credentials, ca }. */
static enum pki_status
load_place(struct pki_yaml *node, const char *dir, struct pki_place *out,
	struct pki_err *err)
{
	struct pki_yaml *url = node;
	if (pki_yaml_text(node) == NULL) {
		PKI_TRY(pki_yaml_need(node, "url", &url, err));
		PKI_TRY(load_file(node, "credentials", dir, out->credentials, err));
		PKI_TRY(load_file(node, "ca", dir, out->ca, err));
	}
	/* one octet less: room for the slash */
	PKI_TRY(pki_yaml_string(url, out->url, sizeof out->url - 1, err));
	bool tls = conf_is_base_url(out->url, "https://");
	if (!tls && !conf_is_base_url(out->url, "http://"))
		return pki_yaml_fail(url, err,
			"put: a URL of the form http://HOST[:PORT][/PATH] in ASCII is needed, or https");
	if (!tls && (out->credentials[0] != '\0' || out->ca[0] != '\0'))
		return pki_yaml_fail(url, err,
			"put: credentials and ca are for https; http would show them to all");
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

/* rule 76: whom certificates name, unless others are listed, or none. */
static enum pki_status
load_responders(struct pki_yaml *list, struct pki_conf *out, struct pki_err *err)
{
	if (list == NULL) {
		memcpy(out->crl_ocsp[0], out->ca_urls.ocsp, PKI_URL_TEXT);
		out->crl_ocsp_count = 1;
		return PKI_OK;
	}
	PKI_TRY(pki_yaml_expect_list(list, err));
	if (pki_yaml_count(list) > PKI_RESPONDERS_MAX)
		return pki_yaml_fail(
			list, err, "ocsp: at most %d responders", PKI_RESPONDERS_MAX);
	for (size_t i = 0; i < pki_yaml_count(list); i++) {
		struct pki_yaml *node = pki_yaml_item(list, i);
		char *url = out->crl_ocsp[out->crl_ocsp_count++];
		PKI_TRY(pki_yaml_string(node, url, PKI_URL_TEXT, err));
		if (!conf_is_base_url(url, "http://") &&
			!conf_is_base_url(url, "https://"))
			return pki_yaml_fail(node, err,
				"ocsp: a URL of the form http://HOST[:PORT][/PATH] in ASCII is needed, or https");
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

enum pki_status
conf_load_crl(struct pki_yaml *root, struct pki_conf *out, struct pki_err *err)
{
	struct pki_yaml *crl = pki_yaml_get(root, "crl");
	struct pki_yaml *interval = pki_yaml_get(crl, "interval");
	out->crl_lifetime = CRL_LIFETIME_DEFAULT;
	out->crl_interval = CRL_INTERVAL_DEFAULT;
	PKI_TRY(pki_yaml_expect_map(crl, err));
	PKI_TRY(pki_yaml_duration(
		pki_yaml_get(crl, "lifetime"), &out->crl_lifetime, err));
	PKI_TRY(pki_yaml_duration(interval, &out->crl_interval, err));
	PKI_TRY(load_listen(crl, "listen", out->crl_listen, sizeof out->crl_listen, err));
	PKI_TRY(load_listen(
		crl, "monitor", out->crl_monitor, sizeof out->crl_monitor, err));
	PKI_TRY(load_put(pki_yaml_get(crl, "put"), out, err));
	PKI_TRY(load_responders(pki_yaml_get(crl, "ocsp"), out, err));
	PKI_TRY(load_lists(crl, out, err));
	if (out->crl_interval > PKI_DAY)
		return conf_fail_rule(interval, PKI_RULE_CRL_DAILY,
			"interval: a CRL is due every 24 h; write 24h or less", err);
	if (out->crl_lifetime <= out->crl_interval)
		return pki_yaml_fail(crl, err,
			"lifetime must be longer than interval, or a CRL ends before the next; 26h and 24h leave two hours");
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
		PKI_TRY(conf_need_path(ocsp, "export", out->dir, out->ocsp_export, err));
	return load_ocsp_algorithms(pki_yaml_get(ocsp, "algorithms"), out, err);
}

enum pki_status
conf_load_ocsp(struct pki_yaml *root, struct pki_conf *out, struct pki_err *err)
{
	struct pki_yaml *ocsp;
	struct pki_yaml *node;
	PKI_TRY(pki_yaml_need(root, "ocsp", &ocsp, err));
	PKI_TRY(conf_need_text(
		ocsp, "listen", out->ocsp_listen, sizeof out->ocsp_listen, err));
	PKI_TRY(load_listen(
		ocsp, "listen", out->ocsp_listen, sizeof out->ocsp_listen, err));
	PKI_TRY(load_listen(
		ocsp, "monitor", out->ocsp_monitor, sizeof out->ocsp_monitor, err));
	PKI_TRY(pki_yaml_need(ocsp, "threads", &node, err));
	PKI_TRY(pki_yaml_int(node, 1, THREADS_MAX, &out->ocsp_threads, err));
	PKI_TRY(pki_yaml_need(ocsp, "lifetime", &node, err));
	PKI_TRY(pki_yaml_duration(node, &out->ocsp_lifetime, err));
	if (out->ocsp_lifetime > OCSP_LIFETIME_MAX)
		return conf_fail_rule(node, PKI_RULE_OCSP_NEXT_UPDATE,
			"lifetime: an OCSP answer counts at most ten days; write 10d or less",
			err);
	PKI_TRY(load_ocsp_answers(ocsp, out, err));
	PKI_TRY(conf_need_path(ocsp, "identity", out->dir, out->ocsp_identity, err));
	return conf_need_path(ocsp, "state", out->dir, out->ocsp_state, err);
}
