#include "libpki/host/conf_ca.h"

#include <stdio.h>
#include <string.h>

#include "libpki/host/conf_priv.h"

/* Requests for a full second of signing; more would wait in vain. */
#define QUEUE_DEFAULT 256
#define QUEUE_MAX 65536
/* More than a person or a program for officers sends; the signer decides 2500 orders a second. */
#define RATE_DEFAULT 100
#define RATE_MAX 100000

/* "file:PATH" or a bare path turns absolute; key.c judges further schemes. */
static enum pki_status
need_key_uri(struct conf_whole *whole, struct pki_yaml *map, const char *key,
	const char **out, struct pki_err *err)
{
	char uri[PATH_MAX], path[PATH_MAX];
	PKI_TRY(pki_conf_text(map, key, uri, sizeof uri, err));
	struct pki_yaml *node = pki_yaml_get(map, key);
	bool file = strncmp(uri, "file:", 5) == 0;
	if (!file && uri[strcspn(uri, ":/")] == ':')
		return conf_keep(whole, uri, out, err);
	PKI_TRY(conf_set_path(node, whole->conf.dir, file ? uri + 5 : uri, path, err));
	int n = snprintf(uri, sizeof uri, "file:%s", path);
	if (n < 0 || n >= PATH_MAX)
		return pki_yaml_fail(
			node, err, "the path is longer than %d octets", PATH_MAX - 1);
	return conf_keep(whole, uri, out, err);
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
load_keys(struct pki_yaml *root, struct conf_whole *whole, struct pki_err *err)
{
	struct pki_yaml *keys;
	struct pki_conf_ca *out = &whole->ca;
	PKI_TRY(pki_yaml_need(root, "keys", &keys, err));
	PKI_TRY(need_key_uri(whole, keys, "root", &out->root_key, err));
	PKI_TRY(need_key_uri(whole, keys, "ca", &out->ca_key, err));
	PKI_TRY(need_key_uri(whole, keys, "seal", &out->seal_key, err));
	PKI_TRY(need_key_uri(whole, keys, "log", &out->log_key, err));
	out->root_alg = PKI_ALG_P384;
	out->ca_alg = PKI_ALG_P256;
	PKI_TRY(load_algorithm(keys, "root_algorithm", &out->root_alg, err));
	return load_algorithm(keys, "ca_algorithm", &out->ca_alg, err);
}

static enum pki_status
load_peer(struct pki_yaml *peers, const char *key, enum pki_peer peer,
	struct conf_whole *whole, struct pki_err *err)
{
	struct pki_conf_ca *out = &whole->ca;
	struct pki_yaml *list = pki_yaml_get(peers, key);
	PKI_TRY(pki_yaml_expect_list(list, err));
	for (size_t i = 0; i < pki_yaml_count(list); i++) {
		struct pki_yaml *item = pki_yaml_item(list, i);
		const char *name = pki_yaml_text(item);
		if (name == NULL || name[0] == '\0')
			return pki_yaml_fail(
				item, err, "peers: %s is a list of users", key);
		if (out->peer_user_count == PKI_PEER_USERS_MAX)
			return pki_yaml_fail(
				item, err, "peers: at most %d users", PKI_PEER_USERS_MAX);
		struct pki_peer_user *user = &out->peer_users[out->peer_user_count++];
		user->peer = peer;
		PKI_TRY(conf_keep(whole, name, &user->name, err));
	}
	return PKI_OK;
}

static enum pki_status
load_peers(struct pki_yaml *ca, struct conf_whole *whole, struct pki_err *err)
{
	struct pki_yaml *peers = pki_yaml_get(ca, "peers");
	PKI_TRY(pki_yaml_expect_map(peers, err));
	whole->ca.peers = peers != NULL;
	PKI_TRY(load_peer(peers, "ra", PKI_PEER_RA, whole, err));
	PKI_TRY(load_peer(peers, "crl", PKI_PEER_CRL, whole, err));
	return load_peer(peers, "ocsp", PKI_PEER_OCSP, whole, err);
}

/* Checked already, with the common part. */
static enum pki_status
load_root_urls(struct pki_yaml *root, struct pki_urls *out, struct pki_err *err)
{
	struct pki_yaml *urls;
	char base[PKI_URL_TEXT - sizeof "/root.crt" + 1];
	PKI_TRY(pki_yaml_need(root, "urls", &urls, err));
	PKI_TRY(conf_need_http(urls, "repository", base, sizeof base, err));
	snprintf(out->ca_issuers, sizeof out->ca_issuers, "%s/root.crt", base);
	snprintf(out->crl, sizeof out->crl, "%s/root.crl", base);
	return PKI_OK;
}

enum pki_status
conf_load_ca(struct pki_yaml *root, struct conf_whole *whole, struct pki_err *err)
{
	struct pki_conf_ca *out = &whole->ca;
	struct pki_yaml *ca = pki_yaml_get(root, "ca");
	whole->conf.ca = out;
	PKI_TRY(pki_yaml_expect_map(ca, err));
	out->queue = QUEUE_DEFAULT;
	PKI_TRY(pki_yaml_int(pki_yaml_get(ca, "queue"), 1, QUEUE_MAX, &out->queue, err));
	PKI_TRY(load_peers(ca, whole, err));
	out->rate = RATE_DEFAULT;
	PKI_TRY(pki_yaml_int(pki_yaml_get(ca, "rate"), 1, RATE_MAX, &out->rate, err));
	PKI_TRY(conf_need_name(root, "root", &out->root_name, err));
	PKI_TRY(conf_need_name(root, "ca", &out->ca_name, err));
	PKI_TRY(conf_need_name(root, "seal", &out->seal_name, err));
	PKI_TRY(load_keys(root, whole, err));
	return load_root_urls(root, &out->root_urls, err);
}
