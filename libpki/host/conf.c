#include "libpki/host/conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "libpki/host/conf_priv.h"

#define DEFAULT_PATH "/etc/pki/pki.yaml"
#define CRL_LIFETIME_DEFAULT (PKI_DAY + 7200)

static enum pki_status
load_socket(struct pki_yaml *root, struct conf_whole *whole, struct pki_err *err)
{
	char path[PATH_MAX];
	struct pki_yaml *node = pki_yaml_get(root, "socket");
	if (node != NULL)
		PKI_TRY(pki_conf_path_in(root, "socket", whole->conf.dir, path, err));
	else
		PKI_TRY(pki_conf_path(whole->conf.state, "ca.sock", path, err));
	size_t max = sizeof((struct sockaddr_un *)NULL)->sun_path - 1;
	if (strlen(path) > max)
		return pki_yaml_fail(node != NULL ? node : root, err,
			"socket: the path has %zu octets and a Unix socket's at most %zu; set socket to a shorter one",
			strlen(path), max);
	return conf_keep(whole, path, &whole->conf.socket, err);
}

static enum pki_status
load_urls(struct pki_yaml *root, struct pki_urls *out, struct pki_err *err)
{
	struct pki_yaml *urls;
	char base[PKI_URL_TEXT - sizeof "/root.crt" + 1];
	PKI_TRY(pki_yaml_need(root, "urls", &urls, err));
	PKI_TRY(conf_need_http(urls, "repository", base, sizeof base, err));
	snprintf(out->ca_issuers, sizeof out->ca_issuers, "%s/ca.crt", base);
	snprintf(out->crl, sizeof out->crl, "%s/ca.crl", base);
	snprintf(out->crl_base, sizeof out->crl_base, "%s/crl/", base);
	return conf_need_http(urls, "ocsp", out->ocsp, sizeof out->ocsp, err);
}

/* rules 52, 56, 57: settings of CRLs, for pki-ca too */
static enum pki_status
load_crls(struct pki_yaml *root, struct pki_conf *out, struct pki_err *err)
{
	struct pki_yaml *crl = pki_yaml_get(root, "crl");
	struct pki_yaml *partitions = pki_yaml_get(crl, "partitions");
	struct pki_yaml *expired = pki_yaml_get(crl, "expired");
	struct pki_urls *urls = &out->ca_urls;
	char name[8] = "drop";
	long count = 0;
	PKI_TRY(pki_yaml_expect_map(crl, err));
	out->crl_lifetime = CRL_LIFETIME_DEFAULT;
	PKI_TRY(pki_yaml_duration(
		pki_yaml_get(crl, "lifetime"), &out->crl_lifetime, err));
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
	return PKI_OK;
}

static enum pki_status
load_common(struct pki_yaml *root, struct conf_whole *whole, struct pki_err *err)
{
	char authority[128];
	struct pki_conf *out = &whole->conf;
	PKI_TRY(conf_need_path(whole, root, "state", &out->state, err));
	PKI_TRY(conf_need_path(whole, root, "policy", &out->policy, err));
	PKI_TRY(conf_need_path(whole, root, "publish", &out->publish, err));
	PKI_TRY(load_socket(root, whole, err));
	PKI_TRY(pki_conf_text(root, "authority", authority, sizeof authority, err));
	PKI_TRY(conf_keep(whole, authority, &out->authority, err));
	PKI_TRY(load_urls(root, &out->ca_urls, err));
	return load_crls(root, out, err);
}

static enum pki_status
read_file(const char *path, struct pki_yaml **out, struct pki_err *err)
{
	struct pki_err own = { 0 };
	enum pki_status status = pki_yaml_read(path, out, &own);
	if (status != PKI_IO)
		return pki_err_move(err, &own);
	status = pki_fail(err, PKI_IO,
		"%s; name the configuration by --config FILE or $PKI_CONFIG", own.msg);
	pki_err_object(err, "%s", own.object);
	return status;
}

static enum pki_status
load(const char *path, struct conf_whole *whole, struct pki_err *err)
{
	PKI_CLEANUP(pki_yaml_cleanup) struct pki_yaml *root = NULL;
	char dir[PATH_MAX];
	PKI_TRY(read_file(path, &root, err));
	PKI_TRY(pki_conf_folder(path, dir, err));
	PKI_TRY(conf_keep(whole, dir, &whole->conf.dir, err));
	PKI_TRY(pki_yaml_expect_map(root, err));
	PKI_TRY(load_common(root, whole, err));
	PKI_TRY(conf_load_ca(root, whole, err));
	PKI_TRY(conf_load_log(root, whole, err));
	PKI_TRY(conf_load_crl(root, whole, err));
	PKI_TRY(conf_load_ocsp(root, whole, err));
	PKI_TRY(conf_load_ra(root, whole, err));
	return pki_yaml_done(root, err);
}

static void
free_whole(struct conf_whole *whole)
{
	for (struct conf_text *text = whole->texts, *next; text != NULL; text = next) {
		next = text->next;
		free(text);
	}
	free(whole);
}

enum pki_status
pki_conf_load(const char *path, struct pki_conf **out, struct pki_err *err)
{
	struct conf_whole *whole = calloc(1, sizeof *whole);
	if (whole == NULL)
		return pki_fail(err, PKI_MEMORY, "the configuration");
	enum pki_status status = load(pki_conf_find(path, DEFAULT_PATH), whole, err);
	if (status != PKI_OK) {
		free_whole(whole);
		return status;
	}
	whole->conf.whole = whole;
	*out = &whole->conf;
	return PKI_OK;
}

void
pki_conf_free(struct pki_conf *conf)
{
	if (conf != NULL)
		free_whole(conf->whole);
}

void
pki_conf_cleanup(struct pki_conf **conf)
{
	pki_conf_free(*conf);
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
