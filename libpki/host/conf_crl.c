#include "libpki/host/conf_crl.h"

#include <string.h>

#include "libpki/host/conf_priv.h"

#define INTERVAL_DEFAULT PKI_DAY
#define FULL_WITHIN_DEFAULT 3600

/* A URL alone, or { url, credentials, ca }. */
static enum pki_status
load_mirror(struct conf_whole *whole, struct pki_yaml *node, struct pki_mirror *out,
	struct pki_err *err)
{
	struct pki_yaml *url = node;
	out->credentials = out->ca = "";
	if (pki_yaml_text(node) == NULL) {
		PKI_TRY(pki_yaml_need(node, "url", &url, err));
		PKI_TRY(conf_get_file(
			whole, node, "credentials", &out->credentials, err));
		PKI_TRY(conf_get_file(whole, node, "ca", &out->ca, err));
	}
	/* a byte less: room for the slash */
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
load_put(struct pki_yaml *put, struct conf_whole *whole, struct pki_err *err)
{
	struct pki_conf_crl *out = &whole->crl;
	PKI_TRY(pki_yaml_expect_list(put, err));
	if (pki_yaml_count(put) > PKI_MIRRORS_MAX)
		return pki_yaml_fail(
			put, err, "put: at most %d mirrors", PKI_MIRRORS_MAX);
	for (size_t i = 0; i < pki_yaml_count(put); i++) {
		struct pki_yaml *node = pki_yaml_item(put, i);
		struct pki_mirror *mirror = &out->mirrors[out->mirror_count++];
		PKI_TRY(load_mirror(whole, node, mirror, err));
		for (size_t j = 0; j < i; j++)
			if (strcmp(mirror->url, out->mirrors[j].url) == 0)
				return pki_yaml_fail(
					node, err, "put: %s is there twice", mirror->url);
	}
	return PKI_OK;
}

/* rule 76: by default the responder in certificates; a list replaces the default, an empty list
 * means none. */
static enum pki_status
load_responders(struct pki_yaml *list, struct conf_whole *whole, struct pki_err *err)
{
	struct pki_conf_crl *out = &whole->crl;
	if (list == NULL) {
		memcpy(out->responders[0], whole->conf.ca_urls.ocsp, PKI_URL_TEXT);
		out->responder_count = 1;
		return PKI_OK;
	}
	PKI_TRY(pki_yaml_expect_list(list, err));
	if (pki_yaml_count(list) > PKI_RESPONDERS_MAX)
		return pki_yaml_fail(
			list, err, "ocsp: at most %d responders", PKI_RESPONDERS_MAX);
	for (size_t i = 0; i < pki_yaml_count(list); i++) {
		struct pki_yaml *node = pki_yaml_item(list, i);
		char *url = out->responders[out->responder_count++];
		PKI_TRY(pki_yaml_string(node, url, PKI_URL_TEXT, err));
		if (!conf_is_base_url(url, "http://") &&
			!conf_is_base_url(url, "https://"))
			return pki_yaml_fail(node, err,
				"ocsp: a URL of the form http://HOST[:PORT][/PATH] in ASCII is needed, or https");
	}
	return PKI_OK;
}

enum pki_status
conf_load_crl(struct pki_yaml *root, struct conf_whole *whole, struct pki_err *err)
{
	struct pki_conf_crl *out = &whole->crl;
	struct pki_yaml *crl = pki_yaml_get(root, "crl");
	struct pki_yaml *interval = pki_yaml_get(crl, "interval");
	whole->conf.crl = out;
	out->interval = INTERVAL_DEFAULT;
	out->full_within = FULL_WITHIN_DEFAULT;
	PKI_TRY(pki_yaml_duration(interval, &out->interval, err));
	PKI_TRY(conf_get_listen(crl, "listen", out->listen, err));
	PKI_TRY(conf_get_listen(crl, "monitor", out->monitor, err));
	PKI_TRY(load_put(pki_yaml_get(crl, "put"), whole, err));
	PKI_TRY(load_responders(pki_yaml_get(crl, "ocsp"), whole, err));
	PKI_TRY(pki_yaml_duration(
		pki_yaml_get(crl, "full_within"), &out->full_within, err));
	if (out->interval > PKI_DAY)
		return conf_fail_rule(interval, PKI_RULE_CRL_DAILY,
			"interval: a CRL is due every 24 h; write 24h or less", err);
	if (whole->conf.crl_lifetime <= out->interval)
		return pki_yaml_fail(crl, err,
			"lifetime must be longer than interval, or a CRL ends before the next; 26h and 24h leave two hours");
	return PKI_OK;
}
